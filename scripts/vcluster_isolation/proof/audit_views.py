"""What an end shows to others, and what it lets through of them: ends with equal views are one to everybody else.

As a source an end shows the peers that select it and the ipBlocks that cover it, and has its egress rules; as a
destination it shows the same and its named ports, and has its ingress rules. Seen from outside its namespaces, a
rule's peers without namespaceSelector are nobody, and a rule with no others is no rule: thus the ends of thousands of
vClusters, each with policies that name itself, come down to a few kinds.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field

from vcluster_isolation.proof.audit_land import Land
from vcluster_isolation.reach.addresses import POD_RANGES, AddressSet
from vcluster_isolation.reach.classes import Profiler, scoped
from vcluster_isolation.reach.model import INGRESS, Peer, Pod, Policy

Key = Hashable
"""What one end shows and another's rule may look for: a peer with its scope, a relevant ipBlock, or a range."""


@dataclass(frozen=True, slots=True)
class View:
    """One end in one direction. `looks` are the keys that its rules look for, None for everybody; `seen` its own.

    Ends with the same `kind` have the same verdicts towards everybody else, as far as isolation goes (Mode.MAY).
    """

    kind: Hashable
    looks: frozenset[Key] | None
    seen: frozenset[Key]


@dataclass(slots=True)
class Views:
    """The views of ends: from outside of their namespaces, or (`near`) from inside as well."""

    land: Land
    profiler: Profiler
    near: bool
    _rules: dict[tuple[str, tuple[int, ...]], tuple[Hashable, frozenset[Key] | None]] = field(default_factory=dict)

    def view(self, pod: Pod, direction: str) -> View:
        """Return the view of a pod as a source (`Egress`) or as a destination (`Ingress`)."""
        policies = self.land.evaluator.isolating(pod, direction)
        rules, looks = self._known(policies, direction)
        seen = self._seen(pod)
        ports = None if pod.ports is None else frozenset(p for p in pod.ports if p.name in self.land.named_ports)
        kind = (rules, seen, pod.host_network, pod.addresses.families(), ports if direction == INGRESS else ())
        # A plugin may take a pod in the host's network for its node, which no policy isolates.
        return View(kind, None if pod.host_network else looks, seen)

    def _seen(self, pod: Pod) -> frozenset[Key]:
        """Return what a pod shows to the rules of others."""
        found = self.profiler.profile(pod)
        blocks = (one for one in found.blocks if self.land.real.relevant(one))
        unknown = _unknown(POD_RANGES) if pod.addresses == POD_RANGES else ()
        return frozenset((*found.peers, *blocks, *unknown))

    def _known(self, policies: tuple[Policy, ...], direction: str) -> tuple[Hashable, frozenset[Key] | None]:
        """Return what `_content` does, once for each combination of policies."""
        key = (direction, tuple(map(id, policies)))
        if key not in self._rules:
            self._rules[key] = self._content(policies, direction)
        return self._rules[key]

    def _content(self, policies: tuple[Policy, ...], direction: str) -> tuple[Hashable, frozenset[Key] | None]:
        """Return the rules of policies as others are concerned, and the keys that they look for."""
        if not policies:
            return None, None
        rules: set[Hashable] = set()
        looks: set[Key] = set()
        everybody = False
        for policy in policies:
            for rule in policy.rules(direction):
                keys = frozenset(key for peer in rule.peers for key in self._keys(peer, policy))
                if keys or not rule.peers:
                    rules.add((keys, rule.ports, rule.named))
                looks |= keys
                everybody = everybody or not rule.peers
        return frozenset(rules), None if everybody else frozenset(looks)

    def _keys(self, peer: Peer, policy: Policy) -> Iterator[Key]:
        """Yield the keys that a peer looks for."""
        if peer.block is None:
            if self.near or peer.namespaces is not None:
                yield scoped(peer, policy)
            return
        if self.land.real.relevant(peer.block.addresses):
            yield peer.block.addresses
        yield from _unknown(peer.block.addresses & POD_RANGES)


def _unknown(addresses: AddressSet) -> Iterable[Key]:
    """Return the keys of pods of unknown address, for the families in which there are such addresses."""
    return [("address not known", family) for family in addresses.families()]
