"""`vcluster-isolation verify`: are the ports open, from where it is run."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import click

from vcluster_isolation.cli import options
from vcluster_isolation.errors import EXIT_OK, EXIT_PROBLEMS, IsolationError
from vcluster_isolation.json_forms import help_of
from vcluster_isolation.kubectl import Access
from vcluster_isolation.vcluster.ports import read_ports
from vcluster_isolation.verify import plan, reading
from vcluster_isolation.verify.cluster import PlatformCluster
from vcluster_isolation.verify.model import ProbeOutcome, VerifyReport
from vcluster_isolation.verify.probes import QUERIED_NAME, question
from vcluster_isolation.verify.report import as_json, text
from vcluster_isolation.verify.run import verify

_PORT = click.IntRange(1, 65_535)
_TIMEOUT = 3  # seconds: long enough for the second SYN, which follows a lost first one after a second (RFC 6298)

JSON_FORM = help_of("verify")


def _finite(ctx: click.Context, param: click.Parameter, value: float) -> float:
    """Refuse `nan`, which no range refuses."""
    del ctx, param
    if math.isnan(value):
        raise click.BadParameter("nan is not a number of seconds")
    return value


def _host(ctx: click.Context, param: click.Parameter, value: str) -> str:
    """Refuse an empty host: an unset variable in a script, most likely."""
    del ctx, param
    if not value.strip():
        raise click.BadParameter("is empty; give a name or an address")
    return value.removeprefix("[").removesuffix("]") if ":" in value else value


def _name(ctx: click.Context, param: click.Parameter, value: str) -> str:
    """Refuse what cannot be a name in DNS."""
    del ctx, param
    try:
        question(value)
    except ValueError as error:
        raise click.BadParameter(f"cannot be a name in DNS: {error}") from error
    return value


def _common(function: Callable[..., None]) -> Callable[..., None]:
    """Add the options of all three commands."""
    for option in (
        options.output(["text", "json"]),
        click.option(
            "--timeout",
            type=click.FloatRange(0.1, 300),
            default=_TIMEOUT,
            show_default=True,
            callback=_finite,
            metavar="SECONDS",
            help="For each check; checks run in parallel.",
        ),
    ):
        function = option(function)
    return function


@click.group()
def command() -> None:
    """Check that ports are open, from where this command runs.

    Each check is one line: ok, FAIL or skip. Below a failure, the output shows its probable cause and, if a firewall
    may be the cause, the command that prints the firewall's rules. Connections go only to the named hosts, or to the
    cluster in the kubeconfig.

    Exit code 0: nothing failed. 1: a check failed. 2: the command could not run.
    """


@command.command(epilog=JSON_FORM)
@click.argument("host", callback=_host)
@click.argument("ports", metavar="PORT...", nargs=-1, required=True, type=_PORT)
@_common
@click.pass_context
def tcp(ctx: click.Context, *, host: str, ports: tuple[int, ...], output: str, timeout: float) -> None:
    """Open a TCP connection to each PORT of HOST without sending data (like `nc -zv`)."""
    _finish(ctx, verify(plan.of_tcp(read_ports(), host, ports), timeout=timeout), output)


@command.command(epilog=JSON_FORM)
@click.argument("host", callback=_host)
@click.option(
    "--port", type=_PORT, default=1053, show_default=True, help="The port that the vCluster's CoreDNS listens on."
)
@click.option("--name", default=QUERIED_NAME, show_default=True, callback=_name, help="The name to query.")
@_common
@click.pass_context
def dns(ctx: click.Context, *, host: str, port: int, name: str, output: str, timeout: float) -> None:
    """Send HOST a DNS query, over UDP and over TCP. NXDOMAIN counts as a response."""
    _finish(ctx, verify(plan.of_dns(read_ports(), host, port), timeout=timeout, name=name), output)


@command.command(epilog=JSON_FORM)
@click.option(
    "--namespace", default="vcluster-platform", show_default=True, help="The namespace of the platform or of its agent."
)
@click.option(
    "--agent-only", is_flag=True, help="The cluster is a connected one, which has an agent and not the platform."
)
@click.option("--kubeconfig", type=click.Path(path_type=Path), help="For kubectl.")
@click.option("--context", help="For kubectl.")
@click.option(
    "--prometheus-selector", help="Label selector of Prometheus' pods. Default: the labels that `ports` shows."
)
@click.option(
    "--pod-network/--no-pod-network",
    default=None,
    help="Dial pods. Default: only on a node or in a pod of the cluster.",
)
@_common
@click.pass_context
def platform(
    ctx: click.Context,
    *,
    namespace: str,
    agent_only: bool,
    kubeconfig: Path | None,
    context: str | None,
    prometheus_selector: str | None,
    pod_network: bool | None,
    output: str,
    timeout: float,
) -> None:
    """Check every port of vCluster Platform in the cluster of the current kubeconfig.

    Each port is dialled at the pods that serve it, and through load balancers. For API services, the output also shows
    what the API server, which dials them continuously, reports. Pods are dialled only from a node or a pod of the
    cluster or, with --pod-network, from where their addresses are routed. The result is valid for where the command
    runs: run it where the connections come from.
    """
    rows = read_ports()
    access = Access(str(kubeconfig or ""), context or "")
    found = reading.read(access, rows, namespace, prometheus_selector or reading.selector(rows, "prometheus"))
    dial_pods = reading.is_inside(found) if pod_network is None else pod_network
    checks = plan.of_platform(rows, found, agent_only=agent_only, dial_pods=dial_pods)
    _finish(ctx, verify(checks, timeout=timeout, about=_about(found)), output)


def _about(found: PlatformCluster) -> str:
    """Return which cluster it is, and what of it kubectl could not list."""
    pods = f"{len(found.platform)} of the platform in {found.namespace}, {len(found.prometheus)} of Prometheus"
    unread = "; ".join(f"{name} not listed: {why}" for name, why in found.failures.items())
    where = found.server or "the cluster of this pod"
    return f"{where}: pods: {pods}, {len(found.dns)} of DNS of vClusters{f'; {unread}' if unread else ''}"


def _finish(ctx: click.Context, report: VerifyReport, output: str) -> None:
    """Print the report and exit with its code.

    Raises IsolationError when every check was skipped: that nothing failed would then say nothing.
    """
    click.echo(as_json(report) if output == "json" else text(report))
    if all(result.answer.outcome is ProbeOutcome.SKIPPED for result in report.results):
        raise IsolationError("nothing could be checked from here", "each line above says why")
    ctx.exit(EXIT_OK if report.ok else EXIT_PROBLEMS)
