"""Which checks to make."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vcluster_isolation.vcluster.ports import Port
from vcluster_isolation.verify.cluster import APIServiceStatus, PlatformCluster, Pod
from vcluster_isolation.verify.model import Answer, Check, ProbeKind, ProbeOutcome, Target, skipped
from vcluster_isolation.verify.names import service_name

_SAID = {
    "i/o timeout": ProbeOutcome.TIMED_OUT,  # Go's words for the errors of a network, which the API server repeats
    "deadline exceeded": ProbeOutcome.TIMED_OUT,
    "connection refused": ProbeOutcome.REFUSED,
    "no route to host": ProbeOutcome.UNREACHABLE,
    "network is unreachable": ProbeOutcome.UNREACHABLE,
}


def firewall_command(row: Port, provider: str = "", *, agent_only: bool = False) -> str:
    """Return the command that prints the firewall rules of a row, empty where no firewall of nodes is concerned."""
    purpose = ""
    if row.is_dialled_by("kube-apiserver"):
        purpose = "agent" if agent_only else "platform"
    for end in ("prometheus", "dns"):
        purpose = end if row.is_served_by(end) else purpose
    return f"vcluster-isolation firewall --provider {provider or 'PROVIDER'} --for {purpose}" if purpose else ""


def of_tcp(rows: Sequence[Port], host: str, ports: Sequence[int]) -> list[Check]:
    """Return the checks of `verify tcp`; one that holds says what `nc -zv` says."""
    commands = {row.port: firewall_command(row) for row in rows}
    return [
        Check(
            f"{host} accepts connections on TCP {port}",
            Target(host, port),
            success=f"Connection to {host} {port} port [tcp/{service_name(port)}] succeeded!",
            opens=commands.get(port, ""),
        )
        for port in dict.fromkeys(ports)
    ]


def of_dns(rows: Sequence[Port], host: str, port: int) -> list[Check]:
    """Return the checks of `verify dns`."""
    opens = next((firewall_command(row) for row in rows if row.is_served_by("dns") and row.port == port), "")
    return [
        Check(f"{host} answers DNS on {target.protocol} {port}", target, opens=opens)
        for target in (Target(host, port, ProbeKind.DNS_UDP), Target(host, port, ProbeKind.DNS_TCP))
    ]


def of_platform(rows: Sequence[Port], found: PlatformCluster, *, agent_only: bool, dial_pods: bool) -> list[Check]:
    """Return the checks of `verify platform`: for each row what the API server says, each pod, each load balancer."""
    checks: list[Check] = []
    for row in rows:
        opens = firewall_command(row, found.nodes.provider, agent_only=agent_only)
        need = row.agent_cluster if agent_only else row.platform_cluster
        if need == "unused" and row.is_served_by("platform"):
            checks += [skipped(_claim(row, kind), "an agent-only cluster does not need it") for kind in _kinds(row)]
            continue
        checks += _from_the_api_server(row, found, opens)
        for kind in _kinds(row):
            optional = need == "optional" and row.is_served_by("agent")
            checks += _from_here(row, kind, found, opens, optional=optional, dial_pods=dial_pods)
        checks += _through_load_balancers(row, found)
    return checks


def _kinds(row: Port) -> list[ProbeKind]:
    """Return how to try a row, once for each protocol."""
    if row.is_served_by("dns"):
        return [ProbeKind.DNS_UDP if protocol == "UDP" else ProbeKind.DNS_TCP for protocol in row.protocols]
    return [ProbeKind.TCP for _ in row.protocols]


def _claim(row: Port, kind: ProbeKind, who: str = "a pod") -> str:
    return f"{who} answers on {Target('', row.port, kind).protocol} {row.port} ({row.serves})"


def _from_the_api_server(row: Port, found: PlatformCluster, opens: str) -> Iterator[Check]:
    """Yield what the API server says of the API services behind a row: it dials them itself, all the time."""
    between = f"between the API server and the nodes, or a NetworkPolicy of namespace {found.namespace}"
    for word in found.words:
        if row.service and word.service == row.service:
            claim = f"the API server reaches {word.name} on TCP {row.port}"
            yield Check(claim, answer=_said(word), opens=opens, between=between)


def _said(word: APIServiceStatus) -> Answer:
    """Return what the API server's message amounts to."""
    if word.available:
        return Answer(ProbeOutcome.OPEN, "as the API server says")
    outcome = next((kind for mark, kind in _SAID.items() if mark in word.message), ProbeOutcome.REPORTED)
    return Answer(outcome, f"the API server says: {word.message}")


def _from_here(  # noqa: PLR0913 # a row, how, where, and three facts about it
    row: Port, kind: ProbeKind, found: PlatformCluster, opens: str, *, optional: bool, dial_pods: bool
) -> Iterator[Check]:
    """Yield a check for each pod that serves a row, or why there is none."""
    serving = _serving(row, found)
    if not serving:
        yield skipped(_claim(row, kind), _nobody(row, found))
    elif not dial_pods:
        reason = f"{serving[0].address} and other pods are reached from inside the cluster only"
        yield skipped(_claim(row, kind), f"{reason}; run this in a pod or on a node, or give --pod-network")
    else:
        for pod in serving:
            claim = _claim(row, kind, f"{pod.namespace}/{pod.name}")
            between = f"between here and its node, or a NetworkPolicy of namespace {pod.namespace}"
            yield Check(claim, Target(pod.address, row.port, kind), opens=opens, between=between, optional=optional)


def _serving(row: Port, found: PlatformCluster) -> tuple[Pod, ...]:
    if row.is_served_by("prometheus"):
        return found.prometheus
    return found.dns if row.is_served_by("dns") else found.platform


def _nobody(row: Port, found: PlatformCluster) -> str:
    """Return why no pod of Prometheus or of a vCluster's DNS is known; those of the platform always are."""
    prometheus = row.is_served_by("prometheus")
    if failure := found.failures.get("prometheus" if prometheus else "dns"):
        return f"kubectl cannot list pods: {failure}"
    if prometheus:
        return "no pod of Prometheus runs; name yours with --prometheus-selector"
    return "no vCluster has a CoreDNS of its own; for an embedded one give its address to verify dns"


def _through_load_balancers(row: Port, found: PlatformCluster) -> Iterator[Check]:
    """Yield a check for each load balancer that leads to a row."""
    for door in found.doors:
        if door.target == row.port and row.is_served_by("platform"):
            claim = f"the load balancer of {found.namespace}/{door.service} answers on TCP {door.port} ({row.serves})"
            between = f"before {door.host}, or the load balancer has no healthy pod"
            yield Check(claim, Target(door.host, door.port), between=between)
