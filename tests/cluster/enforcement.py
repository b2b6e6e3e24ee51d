"""What gets through on the wire, beside what the evaluator says of the same pods and addresses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from real_cluster import network, probes
from real_cluster.probes import Probe
from tests.on_cluster import OnCluster
from vcluster_isolation.netpol.engine.evaluate import Evaluator
from vcluster_isolation.netpol.objects.model import Endpoint, External, Pod
from vcluster_isolation.netpol.objects.verdict import Mode
from vcluster_isolation.netpol.parse.parse import Cluster
from vcluster_isolation.netpol.sets.addresses import FAMILIES, address_set
from vcluster_isolation.netpol.sets.ports import PortSet

Json = dict[str, Any]


@dataclass(frozen=True)
class End:
    """An end of a flow: its name, its network namespace and addresses; the pod, or a node, or neither."""

    name: str
    space: Path
    addresses: tuple[str, ...]
    pod: Pod | None = None
    node: str = ""

    def address(self, family: int) -> str:
        return next((address for address in self.addresses if (":" in address) == (family == 6)), "")

    def endpoint(self, family: int) -> Endpoint:
        addresses = address_set(self.address(family))
        if self.pod:
            return replace(self.pod, addresses=addresses)
        return External(self.name, addresses, node=bool(self.node))


@dataclass(frozen=True)
class Difference:
    """A flow that gets through and must not, or does not and must."""

    source: End
    destination: End
    family: int
    protocol: str
    port: int
    is_open: bool

    def __str__(self) -> str:
        got = "OPEN, and has to be closed" if self.is_open else "CLOSED, and has to be open"
        return f"{self.source.name} => {self.destination.name} IPv{self.family} {self.protocol} {self.port}: {got}"


@dataclass(frozen=True)
class Compared:
    """What was asked: how often what the wire said was what had to be, and every difference."""

    counted: Counter[str]
    differences: tuple[Difference, ...]


def ends_of(cluster: OnCluster, read: Cluster) -> dict[str, End]:
    """Return every pod of the cluster as an end, by `namespace/name`, and the two nodes by their names."""
    spaces = cluster.cluster.spaces()
    found = {}
    for pod in read.pods:
        name = f"{pod.namespace.name}/{pod.name}"
        if name in spaces:
            addresses = tuple(cidr.partition("/")[0] for cidr in pod.addresses.cidrs())
            found[name] = End(name, spaces[name], addresses, pod)
    for node in network.NODES:
        found[node.name] = End(node.name, cluster.cluster.space(node.name), node.addresses, node=node.name)
    return found


def outside(cluster: OnCluster, address: str) -> End:
    return End(address, cluster.cluster.space(network.OUTSIDE), (address,))


@dataclass(frozen=True)
class Asked:
    """What a probe asks: which flow, and whether it may, and must, be open."""

    source: End
    destination: End
    family: int
    may: bool
    must: bool


Questions = dict[Probe, Asked]


def questions(
    evaluator: Evaluator, pairs: Iterable[tuple[End, End]], ports: Sequence[tuple[str, int]], nodes: Mapping[str, str]
) -> Questions:
    """Return a question for each port of each pair, with what the evaluator says. `nodes` are those of the pods.

    Of ends with addresses of both families, each port is asked over one of them, in turn: over IPv4 at one pair, over
    IPv6 at the next.
    """
    asked: Questions = {}
    for nth, (source, destination) in enumerate(pairs):
        families = [family for family in FAMILIES if source.address(family) and destination.address(family)]
        for at, family in enumerate(families):
            may, must = _verdicts(evaluator, source, destination, family, nodes)
            for protocol, port in ports[(nth + nth // 2 + at) % len(families) :: len(families)]:
                probe = Probe(source.space, source.address(family), destination.address(family), protocol, port)
                asked[probe] = Asked(source, destination, family, (protocol, port) in may, (protocol, port) in must)
    return asked


def compare(asked: Questions) -> Compared:
    """Ask the network, and return where it says something else than the evaluator."""
    counted: Counter[str] = Counter()
    differences = []
    for probe, is_open in probes.ask(asked).items():
        about = asked[probe]
        if (is_open and not about.may) or (about.must and not is_open):
            ends = about.source, about.destination, about.family
            differences.append(Difference(*ends, probe.protocol, probe.port, is_open))
        elif about.may != about.must:
            counted["left to the plugin"] += 1
        else:
            counted["open" if is_open else "closed"] += 1
    return Compared(counted, tuple(differences))


def _verdicts(
    evaluator: Evaluator, source: End, destination: End, family: int, nodes: Mapping[str, str]
) -> tuple[PortSet, PortSet]:
    """Return the ports that may, and that must, get through."""
    ends = source.endpoint(family), destination.endpoint(family)
    own_node = bool(source.node) != bool(destination.node) and (
        nodes.get(source.name, source.node) == nodes.get(destination.name, destination.node)
    )
    may = evaluator.flow(*ends, Mode.MAY, same_node=own_node).allowed
    return may, evaluator.flow(*ends, Mode.MUST).allowed
