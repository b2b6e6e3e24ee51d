"""`vcluster-isolation explain`: why one end reaches another, or why not."""

from __future__ import annotations

from pathlib import Path

import click

from vcluster_isolation.cli import options
from vcluster_isolation.errors import EXIT_OK, EXIT_PARTLY, EXIT_PROBLEMS, EXIT_UNDECIDED
from vcluster_isolation.explain import report as explain_text
from vcluster_isolation.explain.explain import explain, parse_port
from vcluster_isolation.explain.resolver import find, resolver_of
from vcluster_isolation.json_forms import help_of
from vcluster_isolation.subject.inputs import print_notes, read_input

ENDS = """\b
SOURCE and DESTINATION are one of
  workload                    an actor, as `connectivity` prints it
  203.0.113.7, 10.0.0.0/8     an address, or all of a CIDR
  pod:app=web,tier=db@shop    a pod with these labels in the namespace shop;
                              without @shop in the vCluster's; pod:@shop has none
  pod:app=web@shop:team=a     the same, the namespace has the label team=a
PORT is 8443 (TCP), 8443/TCP, 53/UDP or 8000-8100/TCP; without it, any port.

"""


@click.command(epilog=ENDS + help_of("explain"))
@click.argument("source")
@click.argument("destination")
@click.argument("port", required=False)
@click.option(
    "files",
    "-f",
    "--file",
    metavar="FILE",
    multiple=True,
    required=True,
    type=click.Path(path_type=Path),
    help="Values, objects that hold values, manifests, or a folder; `-` is standard input. May be repeated.",
)
@options.release_of_chart
@options.output(["text", "json"])
@click.pass_context
def command(
    ctx: click.Context,
    source: str,
    destination: str,
    port: str | None,
    *,
    files: tuple[Path, ...],
    name: str,
    namespace: str | None,
    chart: Path,
    output: str,
) -> None:
    """Explain why SOURCE reaches DESTINATION, or why not: on each side, by which policies and rules.

    Each rule is shown with the chart's comment on it and the value that put it there. For a flow that is denied, the
    output names the side that denies it and a rule that would allow it, or the rule of a cluster-scoped policy that
    prevents it. If SOURCE or DESTINATION is more than one address, or PORT more than one port, some of them may be
    allowed and others not: the flow is then partly allowed, and the output lists both parts.

    Exit code 0: it is allowed. 1: it is denied. 2: the command could not run. 4: undecided: a policy of another API,
    which is reported and not evaluated, could change the answer. 5: it is partly allowed.
    """
    asked = None if port is None else parse_port(port)
    given = read_input(files, name=name, namespace=namespace, chart=chart)
    print_notes(given)
    resolver = resolver_of(given, (source, destination))
    found = explain(resolver, find(source, resolver), find(destination, resolver), asked)
    click.echo(explain_text.as_json(found) if output == "json" else explain_text.text(found))
    decided = EXIT_OK if found.allowed else EXIT_PARTLY if found.partly else EXIT_PROBLEMS
    ctx.exit(EXIT_UNDECIDED if found.undecided else decided)
