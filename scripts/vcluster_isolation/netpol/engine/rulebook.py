"""The rules of one side of a flow, filed by what they look at: of hundreds of peers those are asked that can match.

A book is of the policies that isolate one end in one direction. What it finds out about the other end is a superset:
whether a peer matches is `match.py`'s to say. The parts that ipBlocks cut out of some addresses are the same for every
end that has these addresses, so they are worked out once for them.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Final

from vcluster_isolation.netpol.engine.index import SelectorIndex
from vcluster_isolation.netpol.engine.match import grants
from vcluster_isolation.netpol.objects.model import EVERYTHING, Endpoint, Peer, Pod, Policy
from vcluster_isolation.netpol.objects.verdict import Grant, Mode
from vcluster_isolation.netpol.sets.addresses import AddressIndex

_FEW: Final = 8
"""So few peers are asked one after another: filing them would take longer."""

Placed = tuple[int, int, Peer]
"""A peer, after the place of its rule in the book and its own in the rule."""


class RuleBook:
    """The rules of some policies in one direction, in their order."""

    def __init__(self, policies: Sequence[Policy], direction: str) -> None:
        """File the peers of the rules."""
        self.policies = tuple(policies)
        self.direction = direction
        self.rules = tuple(rule for policy in policies for rule in policy.rules(direction))
        self.named = any(rule.named for rule in self.rules)
        placed = [(at, index, peer) for at, rule in enumerate(self.rules) for index, peer in enumerate(rule.peers)]
        self._open = [at for at, rule in enumerate(self.rules) if not rule.peers]
        self._blocks = [one for one in placed if one[2].block is not None]
        self._pods = [one for one in placed if one[2].block is None]
        self._addresses = AddressIndex(block[2].block.addresses for block in self._blocks if block[2].block)
        self._labels = _LabelIndex(self._pods) if len(self._pods) > _FEW else None
        self._by_address: dict[Hashable, list[tuple[int, Grant]]] = {}

    def grants(self, other: Endpoint, destination: Endpoint, mode: Mode) -> Iterator[Grant]:
        """Yield each way in which the rules admit the other end of a flow to (or from) the `destination`'s ports."""
        found = self._by_blocks(other, destination, mode)
        found = [*found, *self._granted(self._asked(other), other, destination, mode)]
        for at in self._open:
            found += ((at, grant) for grant in grants(self.rules[at], (), other, destination, mode))
        yield from (grant for _, grant in sorted(found, key=_order))

    def _by_blocks(self, other: Endpoint, destination: Endpoint, mode: Mode) -> list[tuple[int, Grant]]:
        """Return what ipBlocks admit: the same for all pods, or all other ends, with the same addresses."""
        if not self._blocks:
            return []
        ports = _ports(destination) if self.named else None
        key = (isinstance(other, Pod), other.addresses, ports, mode is Mode.MAY)
        if key in self._by_address:
            return self._by_address[key]
        near = (self._blocks[at] for at in self._addresses.touching(other.addresses))
        found = list(self._granted(near, other, destination, mode))
        if len(found) > _FEW:
            self._by_address[key] = found
        return found

    def _asked(self, other: Endpoint) -> Iterable[Placed]:
        """Return the peers with selectors that may match the other end, in their order."""
        if not isinstance(other, Pod):
            return ()
        return sorted(self._labels.candidates(other), key=itemgetter(0, 1)) if self._labels else self._pods

    def _granted(
        self, near: Iterable[Placed], other: Endpoint, destination: Endpoint, mode: Mode
    ) -> Iterator[tuple[int, Grant]]:
        """Yield the ways of some peers, each with the place of its rule."""
        for at, group in groupby(near, key=itemgetter(0)):
            asked = [(index, peer) for _, index, peer in group]
            yield from ((at, grant) for grant in grants(self.rules[at], asked, other, destination, mode))


def _order(found: tuple[int, Grant]) -> tuple[int, int]:
    """Return where a grant stands."""
    at, grant = found
    return at, grant.peer or 0


def _ports(destination: Endpoint) -> Hashable:
    """Return what the named ports of rules depend on."""
    return destination.ports if isinstance(destination, Pod) else ()


class _LabelIndex:
    """Peers with selectors, filed by what they ask of namespaces, and then of pods."""

    def __init__(self, found: Iterable[Placed]) -> None:
        """File the peers. Whether one that asks nothing of namespaces is at home there, `match.selects` says."""
        groups: dict[Hashable, list[Placed]] = {}
        for one in found:
            groups.setdefault(one[2].namespaces, []).append(one)
        named = ((group[0][2].namespaces or EVERYTHING, group) for group in groups.values())
        self._spaces = SelectorIndex((selector, _by_pods(group)) for selector, group in named)

    def candidates(self, pod: Pod) -> Iterator[Placed]:
        """Yield the peers that may select a pod."""
        groups = self._spaces.candidates(pod.namespace.labels)
        return (one for index in groups for one in index.candidates(pod.labels))


def _by_pods(found: Iterable[Placed]) -> SelectorIndex[Placed]:
    """File peers by what they ask of pods."""
    return SelectorIndex((one[2].pods or EVERYTHING, one) for one in found)
