"""What pods reach outside of their cluster, and what reaches them from there.

That depends on nothing but the ipBlocks and ports of the policies that isolate a pod, and on the families of its
addresses, so it is found out once for all pods that have the same ones.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence

from vcluster_isolation.connectivity import fold
from vcluster_isolation.connectivity.fold import Line
from vcluster_isolation.connectivity.matrix import Cell, MatrixActor, Reason
from vcluster_isolation.connectivity.reasons import Judge
from vcluster_isolation.netpol.engine.evaluate import Evaluator
from vcluster_isolation.netpol.objects.model import EGRESS, INGRESS, Endpoint, External, Pod
from vcluster_isolation.netpol.objects.tiers import TierRule
from vcluster_isolation.netpol.objects.verdict import Mode
from vcluster_isolation.netpol.sets.addresses import AddressSet
from vcluster_isolation.netpol.sets.ports import PortSet


class Outside:
    """Knows what was found out so far."""

    def __init__(self, evaluator: Evaluator, places: Sequence[MatrixActor], why: Judge | None) -> None:
        """Take the policies, all addresses in parts, and who says why (None: nobody needs to)."""
        self._evaluator = evaluator
        self._places = {one.name: one for one in places}
        self._tree = fold.tree_of(places)
        self._known: dict[Hashable, list[Line]] = {}
        self._inside: dict[AddressSet, list[MatrixActor]] = {}
        self._why = why

    def cells(self, name: str, pod: Pod) -> Iterator[Cell]:
        """Yield the flows between the actor called `name`, of which a pod is given, and addresses, folded."""
        for way in (EGRESS, INGRESS):
            for line in self._lines(pod, way):
                pair = (name, line.actor.name) if way == EGRESS else (line.actor.name, name)
                yield Cell(*pair, line.ports, tuple(self._reasons(pod, line, way)))

    def actors(self) -> Iterator[MatrixActor]:
        """Yield the addresses that were spoken of."""
        yield from (line.actor for lines in self._known.values() for line in lines)

    def _lines(self, pod: Pod, way: str) -> list[Line]:
        """Return the flows of a pod, from memory if a pod that looks alike was asked about."""
        key = self._sight(pod, way)
        if key not in self._known:
            found = {name: self._ports(pod, place, way) for name, place in self._places.items()}
            cells = {name: Cell("", name, ports, ()) for name, ports in found.items() if ports}
            self._known[key] = [line for part in self._tree.parts for line in fold.lines(part, cells)]
        return self._known[key]

    def _sight(self, pod: Pod, way: str) -> Hashable:
        """Return all that makes the verdicts between a pod and addresses; of cluster-scoped policies in their order."""
        policies = self._evaluator.isolating(pod, way)
        rules = frozenset(
            (
                frozenset((peer.block.addresses, peer.block.certain) for peer in rule.peers if peer.block),
                not rule.peers,
                rule.ports,
                rule.named,
            )
            for policy in policies
            for rule in policy.rules(way)
        )
        tiers = tuple(
            (tier.tier, tier.priority, tier.manner, tuple(_content(rule) for rule in tier.rules(way)))
            for tier in self._evaluator.governing(pod, way)
        )
        named = any(rule[-1] for rule in rules) or bool(tiers)
        ports = frozenset(pod.ports or ()) if way == INGRESS and named else None
        return way, bool(policies), rules, tiers, ports, pod.addresses.families(), pod.host_network

    def _ports(self, pod: Pod, place: MatrixActor, way: str) -> PortSet:
        return self._evaluator.allowed(*_ends(pod, place, way), Mode.MAY)

    def _parts(self, addresses: AddressSet) -> list[MatrixActor]:
        """Return the parts of addresses."""
        if addresses not in self._inside:
            self._inside[addresses] = [one for one in self._places.values() if one.addresses <= addresses]
        return self._inside[addresses]

    def _reasons(self, pod: Pod, line: Line, way: str) -> Iterator[Reason]:
        """Yield why a pod's flow is there, each reason once."""
        if self._why:
            found = (
                reason
                for place in self._parts(line.actor.addresses)
                for reason in self._why.flow(*_ends(pod, place, way)).reasons
            )
            yield from dict.fromkeys(found)


def _content(rule: TierRule) -> Hashable:
    """Return what a rule says of addresses that are no node's."""
    blocks = tuple((peer.block.addresses, peer.block.certain) for peer in rule.peers if peer.block)
    return rule.action, blocks, rule.ports, rule.named


def _ends(pod: Pod, place: MatrixActor, way: str) -> tuple[Endpoint, Endpoint]:
    """Return source and destination."""
    outside = External(place.name, place.addresses)
    return (pod, outside) if way == EGRESS else (outside, pod)
