"""`vcluster-isolation diff`: which flows a change opens and closes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from vcluster_isolation.errors import EXIT_OK, EXIT_PROBLEMS, EXIT_UNDECIDED
from vcluster_isolation.isolate import EXAMPLE_NAME
from vcluster_isolation.proof import diff_report
from vcluster_isolation.proof.changes import MIXED, WIDENS, changes
from vcluster_isolation.proof.diff_inputs import Options, pairs, read_side

_OUTPUTS = {"text": diff_report.text, "markdown": diff_report.markdown, "json": diff_report.as_json}


@click.command
@click.argument("before")
@click.argument("after", required=False)
@click.option(
    "--profile",
    type=click.Choice(["compatible", "hardened"]),
    help="Instead of AFTER: the values of BEFORE in this profile.",
)
@click.option("--name", default=EXAMPLE_NAME, show_default=True, help="The vCluster's name, for values files.")
@click.option("--namespace", help="Where the vCluster runs, for values files. Default: vcluster-NAME.")
@click.option(
    "-f",
    "--values",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Values for sides that are charts; repeatable.",
)
@click.option("--allow-widening", is_flag=True, help="Exit with 0 also when flows were opened.")
@click.option("--output", type=click.Choice(list(_OUTPUTS)), default="text", show_default=True)
@click.pass_context
def command(
    ctx: click.Context,
    before: str,
    after: str | None,
    *,
    profile: str | None,
    name: str,
    namespace: str | None,
    values: tuple[Path, ...],
    allow_widening: bool,
    output: str,
) -> None:
    """Say which flows the change from BEFORE to AFTER opens and closes, and which rules do it.

    Each side is a values file, manifests, a folder of manifests, a chart (a folder or .tgz, rendered with --values), or
    any of these at a git revision: REV:PATH. What counts are flows, of every pod that anybody could create: a change
    of text that changes no flow is neutral.

    With --profile hardened and without AFTER: what changes for the tenant of a values file when it is hardened.

    Exit code 0: nothing was opened, or --allow-widening. 1: the change widens, or is mixed. 2: cannot run. 4: neither,
    but a policy of another API, which is not evaluated and is named, may make it another change.
    """
    if (after is None) == (profile is None):
        raise click.UsageError("Give AFTER, or --profile instead of it.")
    options = Options(name, namespace or f"vcluster-{name}", values)
    sides = read_side(before, options), read_side(after or before, replace(options, profile=profile))
    found = [diff_report.difference(old, new, changes(old, new)) for old, new in pairs(*sides)]
    click.echo(_OUTPUTS[output](found))
    wider = any(one.kind in {WIDENS, MIXED} for one in found)
    undecided = any(one.undecided for one in found)
    ctx.exit(EXIT_PROBLEMS if wider and not allow_widening else EXIT_UNDECIDED if undecided else EXIT_OK)
