"""`vcluster-isolation isolate`: the NetworkPolicies that isolate a vCluster, printed or installed."""

from __future__ import annotations

import json
from pathlib import Path

import click

from vcluster_isolation.errors import IsolationError
from vcluster_isolation.helm import CHART, RenderFailed, Request
from vcluster_isolation.isolate import EXAMPLE_NAME, Target, name_in, target
from vcluster_isolation.notes import Rendered, template_with_notes
from vcluster_isolation.tools import find, stream
from vcluster_isolation.values.releases import Release
from vcluster_isolation.values.requests import one_release, readable
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
    """Print the NetworkPolicies that isolate the vCluster of the vcluster.yaml in FILE (`-` is standard input).

    FILE may also be an object that holds one, such as an Argo CD Application, a Flux HelmRelease or a
    VirtualClusterTemplate; of several releases --name chooses one.

    Standard output has the manifests, standard error a summary of what they allow and leave open. With
    --install, helm installs them instead, or upgrades what is installed.

    Exit code 0: done, also when the values ask for no isolation; the summary says so then. 2: the files cannot
    be read, the values are refused, or helm failed.
    """
    if not (files or more):
        raise IsolationError("no values were given", "name a vcluster.yaml, such as examples/vcluster.yaml")
    given = one_release((*files, *more), name)
    chosen = _chosen_name(given, name, install=install)
    found = target(chosen or EXAMPLE_NAME, namespace=namespace or given.namespace, release=release)
    inline = json.dumps({"vcluster": {"name": found.name}})
    request = Request(readable(given), found.release, found.namespace, CHART, inline)
    if install:
        _install(request)
        return
    rendered = _render(request)
    click.echo(rendered.manifests, nl=False)
    click.echo(_summary(rendered, found, guessed=not chosen), err=True)


def _chosen_name(given: Release, name: str | None, *, install: bool) -> str | None:
    """Return the name that the user gave as an option, in the values, or in the object that holds them.

    Raises IsolationError for a name that is no text, and where there is no name to install for.
    """
    chosen = name if name is not None else name_in([layer.values for layer in given.layers]) or given.name
    if install and not chosen:
        raise IsolationError(
            "--install needs the vCluster's name, because the policies select its pods by it",
            "give --name, or vcluster.name in the values",
        )
    return chosen


def _render(request: Request) -> Rendered:
    """Render; say in a few words when the chart refuses the values, and in helm's words when helm fails."""
    try:
        return template_with_notes(request)
    except RenderFailed as error:
        if not error.refusals:
            raise
        listed = "\n".join(f"  - {printable(refusal)}" for refusal in error.refusals)
        raise IsolationError(f"the chart refuses these values:\n{listed}") from error


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
