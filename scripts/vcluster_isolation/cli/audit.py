"""`vcluster-isolation audit`: what holds for each vCluster of a real host cluster."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TextIO

import click

from vcluster_isolation.audit.audit import Tell, audit
from vcluster_isolation.audit.json import as_json
from vcluster_isolation.audit.promises import Promises
from vcluster_isolation.audit.read import KUBECTL, read_cluster
from vcluster_isolation.audit.report import text
from vcluster_isolation.claims.claims import AVAILABILITY, ISOLATION
from vcluster_isolation.cli import options
from vcluster_isolation.errors import EXIT_OK, EXIT_PROBLEMS, EXIT_UNDECIDED, IsolationError
from vcluster_isolation.json_forms import help_of

_MILLION = 1_000_000
_SOON, _LATER = 0.2, 5.0

JSON_FORM = help_of("audit")


@click.command(epilog=JSON_FORM)
@click.argument("file", metavar="CLUSTER.json", type=click.Path(path_type=Path))
@options.output(["text", "json"])
@click.option(
    "--claims",
    type=click.Choice(["all", ISOLATION, AVAILABILITY]),
    default="all",
    show_default=True,
    help="Which claims to judge.",
)
@click.option("--all", "everything", is_flag=True, help="List every name, and not only the first ones.")
@click.option("--progress/--no-progress", default=None, help="Show progress on standard error. Default: on a tty.")
@click.pass_context
def command(
    ctx: click.Context, file: Path, *, output: str, claims: str, everything: bool, progress: bool | None
) -> None:
    """Find the vClusters in a host cluster, and report which claims hold for each of them.

    CLUSTER.json is the output of `kubectl get namespaces,pods,networkpolicies -A -o json`; `-` is standard input. If
    the cluster has cluster-scoped policies, add their resources: `,adminnetworkpolicies`,
    `,baselineadminnetworkpolicies`, `,clusternetworkpolicies`, but only those that `kubectl api-resources` lists,
    because kubectl refuses others. Add the policies of other APIs (Cilium, Calico, Istio, ...) in the same way: they
    are not evaluated, and a claim that one of them could break is undecided. `docs/policy-kinds.md` has the command
    that requests all of them.

    Each claim is judged for the pods that exist, and for every pod that a tenant could create. The report also lists
    pods that no policy covers, and policies that select no pod. All policies count, those of tenants and the
    cluster-scoped ones included. The vCluster's values are known only as far as its policies show them: claims about
    named grants are n/a. An object with errors is reported and left out.

    A vCluster can look isolated, by its values or by a deployed release, while its policies are missing. Add `,secrets`
    and, where they exist, `,helmreleases`, `,applications` and `,virtualclusterinstances`: the audit then reports the
    policies that these objects promise and that do not exist. It prints nothing of a Secret's content.

    Exit code 0: all claims hold. 1: a claim fails, an object was left out, or a promised policy is missing. 2: the
    audit could not run, or found no vCluster. 4: no claim fails, and at least one is undecided.
    """
    tty = sys.stderr.isatty()
    tell: Tell = _quiet
    if progress or (progress is None and tty):
        tell = teller(sys.stderr, time.monotonic, tty=tty)
    with _without_collector():
        promises = Promises()
        cluster, declared = read_cluster(file, sys.stdin.buffer, tell, promises)
        found = audit(cluster, declared, tell, (ISOLATION, AVAILABILITY) if claims == "all" else (claims,))
        found = replace(found, broken=promises.broken(cluster.policies))
        if not found.vclusters and not found.broken:
            what = f"no vCluster is among {len(cluster.pods)} pods and {len(cluster.policies)} policies"
            raise IsolationError("\n".join([*map(str, cluster.problems), what]), f"give the output of {KUBECTL}")
        if output == "json":
            for line in as_json(found):
                click.echo(line)
        else:
            click.echo(text(found, everything=everything))
    ctx.exit(EXIT_OK if found.ok else EXIT_PROBLEMS if found.fails else EXIT_UNDECIDED)


@contextmanager
def _without_collector() -> Iterator[None]:
    """Keep Python from looking for cycles: millions of small objects that stay, and half of the time saved."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _quiet(what: str, done: int, of: int) -> None:
    """Report no progress."""


def teller(stream: TextIO, clock: Callable[[], float], *, tty: bool) -> Tell:
    """Return what writes progress to a stream now and then: on a tty in one line, else line by line."""
    last = clock()

    def tell(what: str, done: int, of: int) -> None:
        nonlocal last
        over = bool(of) and done >= of
        if not over and clock() - last < (_SOON if tty else _LATER):
            return
        last = clock()
        line = f"{what}: {_amount(done, of)}"
        stream.write(f"\r{line}\x1b[K{chr(10) if over else ''}" if tty else f"{line}\n")
        stream.flush()

    return tell


def _amount(done: int, of: int) -> str:
    """Return how far it is; long input is counted in megabytes."""
    total = f" of {_number(of)}" if of else ""
    return f"{_number(done)}{total}"


def _number(number: int) -> str:
    return f"{number / _MILLION:.0f} MB" if number > _MILLION else f"{number:,}"
