"""`vcluster-isolation isolate`: the NetworkPolicies that isolate a vCluster, printed or installed."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from vcluster_isolation.errors import EXIT_OK, EXIT_PROBLEMS, IsolationError
from vcluster_isolation.helm.notes import Rendered, template_with_notes
from vcluster_isolation.helm.template import CHART, Request, upgrade
from vcluster_isolation.isolate import EXAMPLE_NAME, Target, name_in, target
from vcluster_isolation.take_over import steps
from vcluster_isolation.take_over.state import plan
from vcluster_isolation.take_over.steps import Waiting
from vcluster_isolation.values.refusals import or_refused
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
    help="More values, layered over FILE. May be repeated.",
)
@click.option("--name", help="The vCluster's release name. Default: vcluster.name in the values.")
@click.option("--namespace", help="Where the vCluster runs. Default: vcluster-NAME.")
@click.option("--release", help="The helm release of the policies. Default: NAME-isolation.")
@click.option("--install", is_flag=True, help="Run `helm upgrade --install` in the current kube context.")
@click.option(
    "--take-over",
    is_flag=True,
    help="With --install: replace the policies of the vCluster's own release, with no moment without policies.",
)
@click.option(
    "--wait",
    type=click.IntRange(0, 86_400),
    metavar="SECONDS",
    default=0,
    show_default=True,
    help="With --take-over: how long to wait until the vCluster's own policies are turned off.",
)
@click.option(
    "--owner-is-gone",
    "gone",
    metavar="RELEASE",
    multiple=True,
    help="With --take-over: confirm that this release, which helm does not find, is uninstalled. May be repeated.",
)
@click.pass_context
def command(
    ctx: click.Context,
    files: tuple[Path, ...],
    more: tuple[Path, ...],
    *,
    name: str | None,
    namespace: str | None,
    release: str | None,
    install: bool,
    take_over: bool,
    wait: int,
    gone: tuple[str, ...],
) -> None:
    """Print the NetworkPolicies that isolate the vCluster of the vcluster.yaml in FILE (`-` is standard input).

    FILE may also be an object that holds a vcluster.yaml, such as an Argo CD Application, a Flux HelmRelease or a
    VirtualClusterTemplate; if it holds several releases, --name selects one.

    The manifests go to standard output; a summary of what they allow and leave open goes to standard error. With
    --install, helm installs or upgrades them instead.

    If the vCluster's own release has installed its policies, --take-over replaces them by ours in steps that can be
    repeated at any time. It needs kubectl and permission to change NetworkPolicies. It stops where the next step is
    yours: to turn the vCluster's own policies off, or to confirm that a release which helm does not find is
    uninstalled.

    Exit code 0: done, also if the values ask for no isolation, which the summary then reports. 1: --take-over stopped
    for your step, or the cluster is not in the expected state. 2: the files cannot be read, the values are refused, or
    helm or kubectl failed.
    """
    if (take_over and not install) or ((wait or gone) and not take_over):
        alone = "--wait" if wait else "--owner-is-gone"
        wrong, needed = ("--take-over", "--install") if take_over else (alone, "--take-over")
        raise IsolationError(f"{wrong} does nothing without {needed}", f"give {needed} as well")
    if not (files or more):
        raise IsolationError("no values were given", "name a vcluster.yaml, such as examples/vcluster.yaml")
    given = one_release((*files, *more), name)
    for line in given.notes:
        click.echo(f"note: {printable(line)}", err=True)
    chosen = _chosen_name(given, name, install=install)
    found = target(chosen or EXAMPLE_NAME, namespace=namespace or given.namespace, release=release)
    inline = json.dumps({"vcluster": {"name": found.name}})
    request = Request(readable(given), found.release, found.namespace, CHART, inline)
    rendered = or_refused(lambda: template_with_notes(request), given.layers, request)
    if take_over:
        finished = steps.take_over(plan(request, found.name, gone), _say, Waiting(wait))
        ctx.exit(EXIT_OK if finished else EXIT_PROBLEMS)
    if install:
        upgrade(request)
        return
    click.echo(rendered.manifests, nl=False)
    click.echo(_summary(rendered, found, guessed=not chosen), err=True)


def _chosen_name(given: Release, name: str | None, *, install: bool) -> str | None:
    """Return the name that the user gave as an option, in the values, or in the object that holds them.

    Raises IsolationError for a name that is not a string, and where there is no name to install for.
    """
    chosen = name if name is not None else name_in([layer.values for layer in given.layers]) or given.name
    if install and not chosen:
        raise IsolationError(
            "--install needs the vCluster's name, because the policies select its pods by it",
            "give --name, or vcluster.name in the values",
        )
    return chosen


def _say(line: str) -> None:
    """Print a line of a take-over, before helm's own output goes on."""
    click.echo("".join(map(printable, line)))
    sys.stdout.flush()


def _summary(rendered: Rendered, found: Target, *, guessed: bool) -> str:
    """Return the chart's notes, with nothing in them that a terminal would act upon, and a guessed name said."""
    lines = [printable(line) for line in rendered.notes.strip().splitlines()]
    if guessed:
        lines = [f"No vCluster was named, so these policies are for one called {found.name}: give --name.", "", *lines]
    return "\n".join(lines)
