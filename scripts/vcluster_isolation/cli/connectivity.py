"""`vcluster-isolation connectivity`: who reaches whom, on which ports, and because of which rules."""

from __future__ import annotations

import importlib
from pathlib import Path

import click

from vcluster_isolation.cli import options
from vcluster_isolation.connectivity import fleet
from vcluster_isolation.connectivity import report as render_text
from vcluster_isolation.connectivity.matrix import Matrix
from vcluster_isolation.errors import EXIT_OK, EXIT_UNDECIDED
from vcluster_isolation.subject.inputs import print_notes, read_input

JSON_FORM = """\b
--output json prints one object:
  title   what it is about
  undecided
          whether a policy of another API could open or close a flow
  not_evaluated
          list of {api_version, kind, namespace, name, effect, meaning}: policies
          of other APIs, and what they may do
  actors  list of {name, about, own, addresses}; addresses are CIDRs, none for
          pods; own says that it is a pod of a vCluster
  flows   list of {source, destination, ports, text, reasons}; source and
          destination are names of actors; text has the names of ports, where
          ports has every number that the destination may call so; reasons is a
          list of {side, policy, rule, ports, flow, value}: the rules that allow
          it on the side of the source (egress) and of the destination
          (ingress); policy is null where nothing isolates a side; flow is the
          chart's comment on the rule, value the value of yours that put it there
"""


def _html(matrix: Matrix) -> str:
    """Return the page. Its template engine is imported for it only: the other forms start faster without."""
    page: str = importlib.import_module("vcluster_isolation.connectivity.report_html").html(matrix)
    return page


_FORMS = {
    "text": render_text.text,
    "markdown": render_text.markdown,
    "json": render_text.as_json,
    "mermaid": render_text.mermaid,
    "html": _html,
}


@click.command(epilog=JSON_FORM)
@options.FILES
@options.release_of_chart
@options.output(_FORMS, help="html is one file that needs nothing else.")
@click.pass_context
def command(
    ctx: click.Context, files: tuple[Path, ...], *, name: str, namespace: str | None, chart: Path, output: str
) -> None:
    """Say who reaches whom: one sorted line for each allowed flow from or to a vCluster.

    FILEs are values files (layers of one release, as for helm), objects that hold values (an Argo CD Application, a
    Flux HelmRelease, a VirtualClusterTemplate), manifests, or both, which are one cluster then; a folder stands for the
    files in it, `-` for standard input. Manifests with pods of a vCluster are about the
    pods in them. Without such pods, the flows are those of a
    cast: the pods of a vCluster with their usual labels, a `neighbour` with the same chart in the same namespace, an
    `other` vCluster elsewhere, pods of the host cluster, all addresses, and the pods that the policies name.

    `prove` judges every possible pod, whatever its labels.

    Exit code 0: done. 2: cannot run. 4: done, and policies of other APIs, which are not evaluated and are named below
    the flows, could change some.
    """
    given = read_input(files, name=name, namespace=namespace, chart=chart)
    print_notes(given)
    matrix = fleet.matrix_of(given, reasons=output not in {"text", "mermaid"})
    click.echo(_FORMS[output](matrix))
    ctx.exit(EXIT_UNDECIDED if matrix.undecided else EXIT_OK)
