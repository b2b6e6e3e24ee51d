"""What an end shows to others, and what it lets through of them: ends with equal views are one to everybody else.

As a source an end shows the peers that select it and the ipBlocks that cover it, and has its egress rules; as a
destination it shows the same and its named ports, and has its ingress rules. Seen from outside its namespaces, a
rule's peers without namespaceSelector, or with one that names these namespaces, are nobody, and a rule with no others
is no rule; and what only policies of these namespaces ask for is shown to nobody. Thus the ends of thousands of
vClusters, each with policies that name itself, come down to a few kinds.

Cluster-scoped policies that govern an end count with all their rules, in order. For whom an end looks they only say
by what they allow: what they deny or pass on makes it no more than NetworkPolicies have.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field

from vcluster_isolation.audit.blocks import by_family, layout
from vcluster_isolation.audit.cluster_index import ClusterIndex
from vcluster_isolation.netpol.engine.classes import Profiler
from vcluster_isolation.netpol.objects.model import INGRESS, Peer, Pod, Policy, Rule
from vcluster_isolation.netpol.objects.tiers import ALLOW, TierPolicy, TierRule
from vcluster_isolation.netpol.sets.addresses import AddressSet
from vcluster_isolation.subject.settings_of_policies import only_spaces

Key = Hashable
"""What one end shows and another's rule may look for: a peer with its scope, a relevant ipBlock, or a range."""


_Rules = tuple[Hashable, frozenset[Key] | None]
_Policies = tuple[Policy, ...]
_Tiers = tuple[TierPolicy, ...]

_NODE = "in the network of a node"
"""What a pod in the host's network shows, and rules for nodes look for."""


@dataclass(frozen=True, slots=True)
class View:
    """One end in one direction. `selects` are the keys that its rules look for, None for all; `selected_by` its own.

    Ends with the same `kind` have the same verdicts towards everybody else, as far as isolation goes (Mode.MAY).
    """

    kind: Hashable
    selects: frozenset[Key] | None
    selected_by: frozenset[Key]


@dataclass(slots=True)
class Views:
    """The views of ends: from outside of their namespaces, or (`near`) from inside as well."""

    index: ClusterIndex
    profiler: Profiler
    near: bool
    _rules: dict[Hashable, _Rules] = field(default_factory=dict)

    def view(self, pod: Pod, direction: str) -> View:
        """Return the view of a pod as a source (`Egress`) or as a destination (`Ingress`)."""
        policies = self.index.evaluator.isolating(pod, direction)
        tiers = self.index.evaluator.governing(pod, direction)
        rules, looks = self._known(policies, tiers, direction, self._site(pod.namespace.name))
        seen = self._seen(pod)
        ports = None if pod.ports is None else frozenset(p for p in pod.ports if p.name in self.index.named_ports)
        kind = (rules, seen, pod.host_network, pod.addresses.families(), ports if direction == INGRESS else ())
        # A plugin may take a pod in the host's network for its node, which no policy isolates.
        return View(kind, None if pod.host_network else looks, seen)

    def _site(self, space: str) -> str:
        return self.index.sites.get(space, space)

    def _seen(self, pod: Pod) -> frozenset[Key]:
        """Return what a pod shows to the rules of others."""
        found = self.profiler.profile(pod)
        parts = (part for block in found.blocks for part in by_family(block, pod.addresses))
        blocks = (part for part in parts if self.index.real.relevant(part))
        unknown = _unknown(self.index.unknown) if pod.addresses == self.index.unknown else ()
        nodes = [_NODE] if pod.host_network else []
        site = self._site(pod.namespace.name)
        peers = (peer for peer in found.peers if self.near or self.index.wide[peer[1]] != site)
        return frozenset((*peers, *blocks, *unknown, *nodes))

    def _known(self, policies: _Policies, tiers: _Tiers, direction: str, site: str) -> _Rules:
        """Return what `_content` does, once for each combination of policies."""
        key = (direction, tuple(map(id, policies)), tuple(map(id, tiers)), site)
        if key not in self._rules:
            self._rules[key] = self._content(policies, tiers, direction, site)
        return self._rules[key]

    def _content(self, policies: _Policies, tiers: _Tiers, direction: str, site: str) -> _Rules:
        """Return the rules of policies as others are concerned, and the keys that they look for."""
        blocks: dict[AddressSet, int] = {}
        above, looks = self._above(tiers, direction, site, blocks)
        rules: set[Hashable] = set()
        everybody = not policies
        for policy in policies:
            for rule in policy.rules(direction):
                keys = frozenset(key for peer in rule.peers for key in self._keys(peer, policy.namespace, site))
                if keys or not rule.peers:
                    rules.add((keys, rule.ports, rule.named, _numbered(rule, blocks) if tiers else ()))
                looks |= keys
                everybody = everybody or not rule.peers
        lie = layout((self.index.unknown, *blocks)) if blocks else ()
        return (frozenset(rules) if policies else None, above, lie), None if everybody else frozenset(looks)

    def _above(
        self, tiers: _Tiers, direction: str, site: str, blocks: dict[AddressSet, int]
    ) -> tuple[Hashable, set[Key]]:
        """Return the rules of cluster-scoped policies, in order, and the keys that those that allow look for.

        Of several blocks it matters how they lie to each other, and so it does for those of NetworkPolicies below.
        """
        found: list[Hashable] = []
        looks: set[Key] = set()
        for tier in tiers:
            rules = []
            for rule in tier.rules(direction):
                keys = frozenset(key for peer in rule.peers for key in self._keys(peer, "", site))
                rules.append((rule.action, keys, rule.ports, rule.named, _numbered(rule, blocks)))
                looks |= keys if rule.action == ALLOW else frozenset()
            kept = tuple(rule for rule in rules if rule[1] or rule[-1])
            found.append((tier.tier, tier.priority, tier.manner, kept))
        return tuple(found), looks

    def _keys(self, peer: Peer, home: str, site: str) -> Iterator[Key]:
        """Yield the keys that a peer of a policy looks for; `home` is the policy's namespace, if it has one."""
        if peer.nodes is not None:
            yield _NODE
        elif peer.block is None:
            spaces = only_spaces(peer.namespaces)
            own = bool(spaces) and all(self._site(space) == site for space in spaces)
            if self.near or (peer.namespaces is not None and not own):
                yield (home if peer.namespaces is None else "", peer)
        else:
            parts = by_family(peer.block.addresses, peer.block.addresses)
            yield from (part for part in parts if self.index.real.relevant(part))
            yield from _unknown(peer.block.addresses & self.index.unknown)


def _numbered(rule: Rule | TierRule, blocks: dict[AddressSet, int]) -> tuple[tuple[int, bool], ...]:
    """Return the numbers of a rule's blocks, given to them as they come, and whether each is certain."""
    found = (peer.block for peer in rule.peers if peer.block)
    return tuple((blocks.setdefault(one.addresses, len(blocks)), one.certain) for one in found)


def _unknown(addresses: AddressSet) -> Iterable[Key]:
    """Return the keys of pods of unknown address, for the families in which there are such addresses."""
    return [("address not known", family) for family in addresses.families()]
