"""`vcluster-isolation prove`: which claims hold, for every pod that a hostile tenant could create."""

from __future__ import annotations

from pathlib import Path

import click

from vcluster_isolation.cli import options
from vcluster_isolation.json_forms import help_of
from vcluster_isolation.prove import report
from vcluster_isolation.prove.prove import prove
from vcluster_isolation.subject.inputs import print_notes, read_input

_OUTPUTS = ("text", "json", "junit")


@click.command(epilog=help_of("prove"))
@options.FILES
@options.release_of_chart
@options.output(_OUTPUTS)
@click.option(
    "--strict", is_flag=True, help="Exit with 1 also when a claim is a known-gap, or other tenants can use a grant."
)
@click.option(
    "--verbose", is_flag=True, help="In text, also show how many classes of labels and addresses were checked."
)
@click.pass_context
def command(
    ctx: click.Context,
    files: tuple[Path, ...],
    *,
    name: str,
    namespace: str | None,
    chart: Path,
    output: str,
    strict: bool,
    verbose: bool,
) -> None:
    """Prove or refute each claim for every possible pod, whatever its labels.

    FILEs are values files (layers of one release, as for helm), objects that hold values (an Argo CD Application, a
    Flux HelmRelease, a VirtualClusterTemplate: each release by itself), manifests, or values and manifests, which are
    then one cluster; `-` is standard input. Isolation claims are checked for every label set that a tenant can choose
    and for every address; availability claims for everything that must stay reachable.

    A claim `holds` or `FAILS`. It is `granted` if only what your own values opened breaks it, and `closed` if only what
    your own values closed breaks it. It is a `known-gap` if only what the chart had to leave open breaks it; the report
    then shows what is open and which value closes it. Rendered manifests do not record which rules come from your
    values, so every violation counts as a failure. A claim is `undecided` if it does not fail, but a policy that is not
    evaluated (of Cilium, of Calico, of an unknown kind) could break it; the report names the policy.

    Below the claims, the report lists each grant of yours that a pod of another tenant can match, with a selector that
    is safe. A claim that holds only while nodes and pods have private addresses states this assumption, and the value
    that replaces it.

    Exit code 0: nothing fails. 1: a claim fails; with --strict also if a claim is a known-gap, or other tenants can use
    a grant. 2: the command could not run. 4: no claim fails, and at least one is undecided.
    """
    given = read_input(files, name=name, namespace=namespace, chart=chart)
    print_notes(given)
    proofs = [(subject, prove(subject)) for subject in given.subjects]
    if output == "text":
        click.echo(report.text(proofs, verbose=verbose))
    else:
        click.echo(report.as_json(proofs) if output == "json" else report.junit(proofs))
    ctx.exit(report.exit_code(proofs, strict=strict))
