"""Which rules the table of ports asks for, and which ends each of them needs.

Sources: vCluster Platform's documentation, "Networking" (API server to platform, platform to Prometheus, 1053
between nodes), and `ports.yaml` for the numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from vcluster_isolation.firewall.model import Rule
from vcluster_isolation.vcluster.ports import Port, Protocol

Strings = tuple[str, ...]

ENDS = {
    "api-server": "where the API server connects from",
    "platform": "where the platform runs",
    "agent": "where the platform's agent runs",
    "prometheus": "where Prometheus runs",
    "nodes": "the nodes that vClusters run on",
}
"""Who connects or listens, each an option of the command."""

_ON_NODES = ("platform", "agent", "prometheus")
"""Ends that are on the nodes when nothing else is said: firewalls know machines, not pods."""


@dataclass(frozen=True, slots=True)
class Purpose:
    """What rules are for: who connects where (names of ENDS), to which rows of the table.

    Unless asked for by name it applies when one of the ends `asked_by` is given.
    """

    rule: str
    about: str
    source: str
    target: str
    asked_by: tuple[str, ...]
    selects: Callable[[Port], bool]


PURPOSES = {
    "platform": Purpose(
        rule="allow-k8s-api-to-vcluster-platform",
        about="API server to vCluster Platform: API services and webhook",
        source="api-server",
        target="platform",
        asked_by=("api-server", "platform"),
        selects=lambda port: port.is_dialled_by("kube-apiserver") and port.platform_cluster == "required",
    ),
    "agent": Purpose(
        rule="allow-k8s-api-to-vcluster-agent",
        about="API server to the agent of vCluster Platform: API service and webhook",
        source="api-server",
        target="agent",
        asked_by=("api-server", "agent"),
        selects=lambda port: port.is_dialled_by("kube-apiserver") and port.agent_cluster == "required",
    ),
    "prometheus": Purpose(
        rule="allow-vcluster-platform-to-prometheus",
        about="Agent of vCluster Platform to Prometheus: cost metrics",
        source="agent",
        target="prometheus",
        asked_by=("prometheus",),
        selects=lambda port: port.is_served_by("prometheus"),
    ),
    "dns": Purpose(
        rule="allow-vcluster-dns",
        about="Node to node: DNS of vClusters",
        source="nodes",
        target="nodes",
        asked_by=("nodes",),
        selects=lambda port: port.is_served_by("dns"),
    ),
}
"""What `--for` takes."""


def applying(given: Collection[str], *, agent_only: bool) -> list[str]:
    """Return the purposes that apply when some of ENDS are given."""
    return [name for name in candidates(agent_only=agent_only) if not set(given).isdisjoint(PURPOSES[name].asked_by)]


def candidates(*, agent_only: bool) -> list[str]:
    """Return the purposes of a cluster with the platform, or with its agent only, whose ports are fewer."""
    return [name for name in PURPOSES if name != ("platform" if agent_only else "agent")]


def standing_in(end: str, given: Collection[str]) -> str:
    """Return which of ENDS says who an end is: itself if it is given, or else the nodes if it is on them."""
    return "nodes" if end in _ON_NODES and end not in given else end


def make_rules(purpose: Purpose, sources: Strings, targets: Strings, ports: Sequence[Port]) -> Iterator[Rule]:
    """Yield the rules for one purpose, one for each protocol: where that is a single one it is not in the name."""
    numbers: dict[Protocol, tuple[int, ...]] = {}
    for port in filter(purpose.selects, ports):
        for protocol in port.protocols:
            numbers[protocol] = (*numbers.get(protocol, ()), port.port)
    for protocol, opened in numbers.items():
        name = purpose.rule if len(numbers) == 1 else f"{purpose.rule}-{protocol.lower()}"
        yield Rule(name, "INGRESS", protocol, opened, sources, targets, purpose.about)
