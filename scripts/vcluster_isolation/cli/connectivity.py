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
from vcluster_isolation.json_forms import help_of
from vcluster_isolation.subject.inputs import print_notes, read_input

JSON_FORM = help_of("connectivity")


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
@options.output(_FORMS, help="html writes one self-contained file.")
@click.pass_context
def command(
    ctx: click.Context, files: tuple[Path, ...], *, name: str, namespace: str | None, chart: Path, output: str
) -> None:
    """List the allowed flows from and to a vCluster, one sorted line each.

    FILEs are values files (layers of one release, as for helm), objects that hold values (an Argo CD Application, a
    Flux HelmRelease, a VirtualClusterTemplate), manifests, or values and manifests, which are then one cluster. A
    folder stands for the files in it, `-` for standard input. If the manifests have pods of a vCluster, the flows are
    those of these pods. Otherwise they are those of a cast: the pods of a vCluster with their usual labels, a
    `neighbour` with the same chart in the same namespace, an `other` vCluster in another namespace, pods of the host
    cluster, all addresses, and the pods that the policies name.

    `prove` judges every possible pod, whatever its labels.

    Exit code 0: done. 2: the command could not run. 4: done, but policies of other APIs, which are listed below the
    flows and not evaluated, could change some of them.
    """
    given = read_input(files, name=name, namespace=namespace, chart=chart)
    print_notes(given)
    matrix = fleet.matrix_of(given, reasons=output not in {"text", "mermaid"})
    click.echo(_FORMS[output](matrix))
    ctx.exit(EXIT_UNDECIDED if matrix.undecided else EXIT_OK)
