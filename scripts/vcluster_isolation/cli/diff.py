"""`vcluster-isolation diff`: which flows a change opens and closes."""

from __future__ import annotations

from pathlib import Path

import click
from click.core import ParameterSource

from vcluster_isolation.cli import options
from vcluster_isolation.diff import report as diff_report
from vcluster_isolation.diff.changes import MIXED, WIDENS, changes
from vcluster_isolation.diff.inputs import Options, pairs, read_sides
from vcluster_isolation.errors import EXIT_OK, EXIT_PROBLEMS, EXIT_UNDECIDED
from vcluster_isolation.json_forms import help_of
from vcluster_isolation.subject.inputs import print_notes

_OUTPUTS = {"text": diff_report.text, "markdown": diff_report.markdown, "json": diff_report.as_json}


@click.command(epilog=help_of("diff"))
@click.argument("before")
@click.argument("after", required=False)
@click.option(
    "--profile",
    type=click.Choice(["compatible", "hardened"]),
    help="Instead of AFTER: the values of BEFORE in this profile.",
)
@options.release
@click.option(
    "-f",
    "--values",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Values for sides that are charts; repeatable.",
)
@click.option(
    "--beside",
    metavar="FILE",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Manifests that are in the cluster on both sides, such as the policies of other teams; repeatable.",
)
@click.option("--allow-widening", is_flag=True, help="Exit with 0 also when flows were opened.")
@options.output(_OUTPUTS)
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
    beside: tuple[Path, ...],
    allow_widening: bool,
    output: str,
) -> None:
    """List the flows that the change from BEFORE to AFTER opens and closes, and the rules that do it.

    Each side is a values file, an object that holds values (an Argo CD Application, a Flux HelmRelease and so on),
    manifests, a folder of these, a chart (a folder or .tgz, rendered with --values), or any of these at a git revision:
    REV:PATH. Flows are compared for every possible pod, whatever its labels: a change of text that changes no flow is
    neutral.

    If one side is a plain values file and the other the manifests of one vCluster, as for a change from vCluster's own
    policies to these, the values are rendered for that vCluster unless --name or --namespace says otherwise.

    --profile hardened, without AFTER, shows what the hardened profile changes for the tenant of a values file.

    Exit code 0: nothing was opened, or --allow-widening. 1: the change widens, or is mixed. 2: the command could not
    run. 4: the change does not widen, but a policy of another API, which is reported and not evaluated, could make it
    do so.
    """
    if (after is None) == (profile is None):
        raise click.UsageError("Give AFTER, or --profile instead of it.")
    given = ctx.get_parameter_source("name") != ParameterSource.DEFAULT or namespace is not None
    options = Options(name, namespace or f"vcluster-{name}", values, beside=beside, named=given)
    sides = read_sides(before, after or before, options, profile)
    for side in sides:
        print_notes(side)
    old_side, new_side = (side.subjects for side in sides)
    found = [diff_report.difference(old, new, changes(old, new)) for old, new in pairs(old_side, new_side)]
    click.echo(_OUTPUTS[output](found))
    wider = any(one.kind in {WIDENS, MIXED} for one in found)
    undecided = any(one.undecided for one in found)
    ctx.exit(EXIT_PROBLEMS if wider and not allow_widening else EXIT_UNDECIDED if undecided else EXIT_OK)
