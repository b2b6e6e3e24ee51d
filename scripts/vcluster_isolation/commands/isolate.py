"""`vcluster-isolation isolate`: the NetworkPolicies that isolate a vCluster, printed or installed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click

from vcluster_isolation.checks.values_check import or_refused
from vcluster_isolation.errors import IsolationError
from vcluster_isolation.helm import CHART, Request
from vcluster_isolation.isolate import EXAMPLE_NAME, Target, name_in, target
from vcluster_isolation.layers import Layer, read_layers
from vcluster_isolation.notes import Rendered, template_with_notes
from vcluster_isolation.strict_yaml import STDIN
from vcluster_isolation.tools import find, stream
from vcluster_isolation.wording import printable


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "more",
    "-f",
    "--values",
    metavar="FILE",
    multiple=True,
    type=click.Path(path_type=Path),
    help="More values, laid over those before. As often as you like.",
)
@click.option("--name", help="The vCluster's release name. Default: vcluster.name in the values.")
@click.option("--namespace", help="Where the vCluster runs. Default: vcluster-NAME.")
@click.option("--release", help="The helm release of the policies. Default: NAME-isolation.")
@click.option("--install", is_flag=True, help="Run `helm upgrade --install` in the current kube context.")
def command(
    files: tuple[Path, ...],
    more: tuple[Path, ...],
    *,
    name: str | None,
    namespace: str | None,
    release: str | None,
    install: bool,
) -> None:
    """Print the NetworkPolicies that isolate the vCluster of the vcluster.yaml in FILE.

    Standard output has the manifests, standard error a summary of what they allow and leave open. With
    --install, helm installs them instead, or upgrades what is installed.

    Exit code 0: done, also when the values ask for no isolation; the summary says so then. 2: the files cannot
    be read, the values are refused, or helm failed.
    """
    values = (*files, *more)
    layers = _layers(values)
    chosen = _chosen_name(layers, name, install=install)
    found = target(chosen or EXAMPLE_NAME, namespace=namespace, release=release)
    inline = json.dumps({"vcluster": {"name": found.name}})
    request = Request(values, found.release, found.namespace, CHART, inline)
    rendered = or_refused(lambda: template_with_notes(request), layers, request)
    if install:
        _install(request)
        return
    click.echo(rendered.manifests, nl=False)
    click.echo(_summary(rendered, found, guessed=not chosen), err=True)


def _layers(values: tuple[Path, ...]) -> list[Layer]:
    """Read the values strictly.

    Raises InputError for files that cannot be read, IsolationError where there is nothing to read.
    """
    if not values:
        raise IsolationError("no values were given", "name a vcluster.yaml, such as examples/vcluster.yaml")
    if STDIN in values:
        raise IsolationError("values cannot come from standard input here", "write them to a file first")
    return read_layers(values)


def _chosen_name(layers: Sequence[Layer], name: str | None, *, install: bool) -> str | None:
    """Return the name that the user gave in the values or as an option. Raises IsolationError for none to install."""
    chosen = name if name is not None else name_in([layer.values for layer in layers])
    if install and not chosen:
        raise IsolationError(
            "--install needs the vCluster's name, because the policies select its pods by it",
            "give --name, or vcluster.name in the values",
        )
    return chosen


def _install(request: Request) -> None:
    """Install or upgrade the release, with helm's own output. Raises IsolationError when helm fails."""
    words: list[str | Path] = [find("helm"), "upgrade", "--install", *request.arguments(), "--values", "-"]
    code = stream(words, stdin=request.inline)
    if code:
        where = f"release {request.name} in namespace {request.namespace}"
        raise IsolationError(f"helm could not install {where} (exit code {code})", "see what it said above")


def _summary(rendered: Rendered, found: Target, *, guessed: bool) -> str:
    """Return the chart's notes, with nothing in them that a terminal would act upon, and a guessed name said."""
    lines = [printable(line) for line in rendered.notes.strip().splitlines()]
    if guessed:
        lines = [f"No vCluster was named, so these policies are for one called {found.name}: give --name.", "", *lines]
    return "\n".join(lines)
