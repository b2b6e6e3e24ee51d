"""Pods that no selector tells apart are one: endpoints folded into classes with the same verdicts.

Two pods are in one class when the same policies isolate them, the same peers of all policies select them, the
named ports that any policy mentions are the same numbers, and the same ipBlocks cover addresses of theirs. The
evaluator asks nothing else about a pod, so a class's verdicts are those of any of its members. Cluster-scoped policies
count like the others; their networks can make a difference between single addresses of one pod, so pods that have
more than one of a family are in one class only if these are the same. Names and
namespaces do not count by themselves: pods of two namespaces are one where no policy makes a difference.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Final

from vcluster_isolation.netpol.engine.evaluate import Evaluator, peers, rules
from vcluster_isolation.netpol.engine.index import SelectorIndex
from vcluster_isolation.netpol.engine.match import selects
from vcluster_isolation.netpol.objects.model import (
    EGRESS,
    EVERYTHING,
    INGRESS,
    Endpoint,
    Labels,
    Namespace,
    Peer,
    Pod,
    Policy,
)
from vcluster_isolation.netpol.objects.tiers import tier_peers, tier_rules
from vcluster_isolation.netpol.objects.verdict import Mode
from vcluster_isolation.netpol.sets.addresses import FAMILIES, AddressSet
from vcluster_isolation.netpol.sets.intervals import Intervals, contains, intersection

_CLUSTER: Final = ""

Scoped = tuple[str, Peer]
"""A peer with selectors, and the namespace whose policy it is in; of peers that name namespaces, none."""


@dataclass(frozen=True, slots=True)
class EndClass:
    """Endpoints with the same verdicts: `members` in the order in which they were given, at least one."""

    members: tuple[Endpoint, ...]

    @property
    def example(self) -> Endpoint:
        """The first member, which stands for all."""
        return self.members[0]

    def pair(self) -> tuple[Endpoint, Endpoint] | None:
        """Return two members to ask about traffic within the class; None for a single pod: only loopback."""
        first, last = self.members[0], self.members[-1]
        single = first is last and isinstance(first, Pod) and bool(first.name)
        return None if single else (first, last)


@dataclass(frozen=True, slots=True)
class Profile:
    """What the policies see of an endpoint: the peers that select it, and the ipBlocks that cover a part of it."""

    peers: frozenset[Scoped]
    blocks: frozenset[AddressSet]


def scoped(peer: Peer, policy: Policy) -> Scoped:
    """Return a peer in a form that is equal wherever it means the same pods."""
    return (policy.namespace if peer.namespaces is None else _CLUSTER, peer)


def cluster_wide(peer: Peer) -> Scoped:
    """Return a peer of a cluster-scoped policy in that form; a host-network pod counts as selected here."""
    return (_CLUSTER, peer)


class Profiler:
    """Finds the profile of an endpoint among all policies of an evaluator, by index."""

    def __init__(self, evaluator: Evaluator) -> None:
        """File every peer and every ipBlock of the evaluator's policies."""
        self._evaluator = evaluator
        spaces: dict[Peer, None] = {}
        homes: dict[str, dict[Peer, None]] = {}
        blocks: dict[AddressSet, None] = {}
        names: set[str] = set()
        for rule in tier_rules(evaluator.tiers):
            names.update(name for _, name in rule.named)
            spaces |= {peer: None for peer in rule.peers if peer.namespaces is not None}
        networks = {peer.block.addresses: None for peer in tier_peers(evaluator.tiers) if peer.block is not None}
        blocks |= networks
        for policy in evaluator.policies():
            names.update(name for rule in rules(policy) for _, name in rule.named)
            for peer in peers(policy):
                if peer.block is not None:
                    blocks[peer.block.addresses] = None
                elif peer.namespaces is not None:
                    spaces[peer] = None
                else:
                    homes.setdefault(policy.namespace, {})[peer] = None
        self._names = frozenset(names)
        self._blocks = _BlockIndex(blocks)
        self._networks = _BlockIndex(networks) if networks else None
        self._homes = {name: _by_pods(found) for name, found in homes.items()}
        self._spaces = _by_namespaces(spaces)
        self._near: dict[Namespace, list[SelectorIndex[Peer]]] = {}
        self._found: dict[tuple[Namespace, Labels], frozenset[Scoped]] = {}

    def profile(self, end: Endpoint) -> Profile:
        """Return the profile of an endpoint."""
        selected = self._selected(end) if isinstance(end, Pod) else frozenset()
        return Profile(selected, frozenset().union(*self._blocks.covering(end.addresses)))

    def fold(self, ends: Iterable[Endpoint], mode: Mode) -> list[EndClass]:
        """Return the classes of endpoints, in the order of their first members; an `External` stays by itself."""
        found: dict[Hashable, list[Endpoint]] = {}
        for end in ends:
            found.setdefault(self._key(end, mode), []).append(end)
        return [EndClass(tuple(members)) for members in found.values()]

    def _key(self, end: Endpoint, mode: Mode) -> Hashable:
        """Return what makes the verdicts of an endpoint: equal keys, equal verdicts."""
        if not isinstance(end, Pod):
            return end
        isolated = tuple(tuple(map(id, self._evaluator.isolating(end, way))) for way in (EGRESS, INGRESS))
        if self._evaluator.tiers:
            isolated += tuple(tuple(map(id, self._evaluator.governing(end, way))) for way in (EGRESS, INGRESS))
        ports = None if end.ports is None else frozenset(port for port in end.ports if port.name in self._names)
        selected = self._selected(end)
        if end.host_network:
            return isolated, selected, ports, end.addresses
        if self._networks and not single(end.addresses):
            return isolated, selected, ports, end.addresses
        seen = self._blocks if mode is Mode.MAY else self._networks
        blocks = seen.covering(end.addresses) if seen else ()
        return isolated, selected, ports, end.addresses.families(), blocks

    def _selected(self, pod: Pod) -> frozenset[Scoped]:
        """Return the peers that select a pod."""
        key = (pod.namespace, pod.labels)
        if key not in self._found:
            home = pod.namespace.name
            here = self._homes.get(home)
            local = [(home, one) for one in here.candidates(pod.labels)] if here else []
            wide = [
                (_CLUSTER, one) for index in self._looking_into(pod.namespace) for one in index.candidates(pod.labels)
            ]
            self._found[key] = frozenset(pair for pair in (*local, *wide) if selects(pair[1], home, pod))
        return self._found[key]

    def _looking_into(self, space: Namespace) -> list[SelectorIndex[Peer]]:
        """Return the peers that may look into a namespace from anywhere, filed by their podSelectors."""
        if space not in self._near:
            self._near[space] = list(self._spaces.candidates(space.labels))
        return self._near[space]


def single(addresses: AddressSet) -> bool:
    """Return whether there is at most one address of each family: then a set covers all of it, or nothing."""
    return all(
        len(pairs) <= 1 and all(first == last for first, last in pairs) for pairs in (addresses.v4, addresses.v6)
    )


def _by_pods(found: Iterable[Peer]) -> SelectorIndex[Peer]:
    """File peers by their podSelectors."""
    return SelectorIndex((peer.pods or EVERYTHING, peer) for peer in found)


def _by_namespaces(found: Iterable[Peer]) -> SelectorIndex[SelectorIndex[Peer]]:
    """File peers by their namespaceSelectors, and those with the same one by their podSelectors."""
    groups: dict[object, list[Peer]] = {}
    for peer in found:
        groups.setdefault(peer.namespaces, []).append(peer)
    return SelectorIndex((group[0].namespaces or EVERYTHING, _by_pods(group)) for group in groups.values())


class _BlockIndex:
    """Which sets of addresses have a part in some endpoint; asked for single addresses mostly."""

    def __init__(self, blocks: Iterable[AddressSet]) -> None:
        """Note where the sets begin and end: between two such edges all addresses are in the same sets."""
        self._blocks = tuple(blocks)
        pairs = {family: [pair for block in self._blocks for pair in block.of_family(family)] for family in FAMILIES}
        self._edges = {
            family: sorted({edge for first, last in found for edge in (first, last + 1)})
            for family, found in pairs.items()
        }
        self._between: dict[tuple[int, int], frozenset[AddressSet]] = {}

    def covering(self, addresses: AddressSet) -> tuple[frozenset[AddressSet], ...]:
        """Return for each family the sets that have an address in common with `addresses`."""
        return tuple(self._of_family(family, addresses.of_family(family)) for family in FAMILIES)

    def _of_family(self, family: int, pairs: Intervals) -> frozenset[AddressSet]:
        """Return the sets that have an address of one family in `pairs`."""
        if not pairs:
            return frozenset()
        edges = self._edges[family]
        at = bisect_right(edges, pairs[0][0])
        if bisect_right(edges, pairs[-1][1]) != at:
            return frozenset(block for block in self._blocks if intersection(block.of_family(family), pairs))
        if (family, at) not in self._between:
            number = pairs[0][0]
            inside = frozenset(block for block in self._blocks if contains(block.of_family(family), number))
            self._between[family, at] = inside
        return self._between[family, at]
