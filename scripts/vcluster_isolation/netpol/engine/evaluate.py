"""The evaluator of the NetworkPolicy v1 API: which ports of a destination a source reaches.

Source: the networking.k8s.io/v1 API reference (NetworkPolicySpec and below), "Network Policies" and "Labels and
Selectors" of the Kubernetes documentation.

The rules, each in one function:

- Policies are namespaced: one applies to the pods of its own namespace that its podSelector selects.
- A pod is isolated in a direction iff a policy with that direction among its policyTypes applies to it. A pod
  that is not isolated lets everything through; an isolated one lets through what any rule of any such policy
  allows (policies add up, there is no order and no deny).
- A rule allows what matches any of its peers *and* any of its ports. No peers: everyone. No ports: all.
- A peer with only a podSelector means pods of the policy's namespace; with only a namespaceSelector, all pods
  of the matching namespaces; with both, the matching pods of the matching namespaces. ipBlock is addresses.
- A named port is what the *destination* pod calls so, by name and protocol; a name may stand for several ports.
- A flow needs both sides: the source's egress and the destination's ingress, over one address family.

What NetworkPolicy leaves open, and how it is read here. `Mode.MAY` (for isolation) counts whatever could get
through; `Mode.MUST` (for availability) counts only what gets through everywhere:

- *ipBlock and pods.* "These should be cluster-external IPs": whether an ipBlock also matches a pod by its address
  depends on the plugin. MAY: it does, if it covers any address that the pod has or may have, and then a named
  port resolves at that pod. MUST: it does not.
- *Host-network pods.* A plugin either treats them like pods, or cannot tell them from their node: then no policy
  applies to them and no selector matches them, only an ipBlock on the node's address. MAY: either. MUST: both.
- *A pod's own node* (and with it the kubelet's probes): "traffic to and from the node where a Pod is running is
  always allowed". Which node a pod is on is not known here; `same_node=True` says that it may be the one at
  hand, and MAY then allows everything between a pod and a node or host-network pod. Without it the answer is
  about other nodes, and carries the caveat `own-node`. An isolation claim about nodes has to pass it, or to say
  that it speaks of other nodes. MUST never counts it.
- *Loopback.* A pod cannot block access to itself: one and the same concrete pod reaches itself on all ports.
- *Translated addresses.* Whether an ipBlock sees an address before or after NAT is not defined. Give an
  `External` every address under which it can appear (a client behind a NodePort also has the node's).
- *Named ports of pods that do not exist yet* (`Pod.ports` None), and of init containers. MAY: any number, or
  the container's. MUST: none.
- *A range of addresses* (`External`). MAY: from or to some address in it. MUST: from or to every one.
- *Established connections.* Whether they outlive a change of policies is not defined; verdicts are about new ones.
  Replies to an allowed connection are allowed and are not flows of their own.
- *Other protocols than TCP, UDP and SCTP* are not defined, and not answered here.
- *ApplicationNetworkPolicy* of AWS is a namespaced policy like NetworkPolicy: together they isolate, and add up.
- *Domain names* stand for addresses that no manifest tells. MAY: any. MUST: none.
- *Cluster-scoped policies* (AdminNetworkPolicy, BaselineAdminNetworkPolicy, ClusterNetworkPolicy) stand above and
  below all this: `tier_sides.py` says how they are asked, `tier_match.py` what they match. Of two with one tier and
  one priority either may count: MAY takes the more open, MUST the more closed reading. A `nodes` selector that asks
  for labels matches a node or not: the same. Kinds of all versions and groups side by side are one tier, by priority.
  Whether the order of rules counts in AWS' kind is open: MAY and MUST are those of either order. Not seen is that its
  agent keeps 24 entries of ports for an address, and drops the rest. A policy of which a plugin is known, or says, to
  enforce nothing (`parse_tiers.py`): MAY and MUST are those of either.
- Whether a plugin enforces policies at all, and policies of other APIs (Cilium, Calico), are not seen: what these could
  change is for `netpol/unevaluated.py` to say.

What is filed and kept changes none of this. A `RuleBook` leaves out of a rule's peers those that cannot match, and
`match.py` says of the others whether they do. `Sides` works out a side once for all that it depends on: the policies
and tiers of its end, the other end without its name, the named ports of the destination where rules name any, and how
it is asked about. Tests hold an evaluator that was asked before equal to one that was not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import chain

from vcluster_isolation.netpol.engine.index import SelectorIndex
from vcluster_isolation.netpol.engine.match import applies, as_node
from vcluster_isolation.netpol.engine.rulebook import RuleBook
from vcluster_isolation.netpol.engine.sides import Ruling, Sides, caveats_of_ends, caveats_of_grants, shortcut_of
from vcluster_isolation.netpol.engine.tier_index import TierIndex
from vcluster_isolation.netpol.objects.model import (
    EGRESS,
    EVERYTHING,
    INGRESS,
    Endpoint,
    IPBlock,
    Labels,
    Namespace,
    Peer,
    Pod,
    Policy,
    Rule,
    Selector,
)
from vcluster_isolation.netpol.objects.tiers import TierPolicy, tier_peers
from vcluster_isolation.netpol.objects.verdict import HOST_NETWORK, OWN_NODE, Asked, Mode, Verdict
from vcluster_isolation.netpol.sets.addresses import FAMILIES, AddressIndex, AddressSet
from vcluster_isolation.netpol.sets.ports import PortSet


class Evaluator:
    """All policies of a cluster, indexed by namespace; answers about any two ends, in the cluster or imagined."""

    def __init__(self, policies: Iterable[Policy], tiers: Iterable[TierPolicy] = ()) -> None:
        """Take all policies that exist, `tiers` are the cluster-scoped ones; an end's namespace comes with the end."""
        self.tiers = tuple(tiers)
        self._governing = TierIndex(self.tiers)
        self._policies: dict[str, list[Policy]] = {}
        for policy in policies:
            self._policies.setdefault(policy.namespace, []).append(policy)
        self._index = {
            name: SelectorIndex((policy.selector, policy) for policy in here) for name, here in self._policies.items()
        }
        wide = {peer: None for policy in self.policies() for peer in peers(policy) if peer.namespaces is not None}
        wide |= {peer: None for peer in self._tier_peers() if peer.namespaces is not None}
        self._wide = SelectorIndex((_selector(peer), peer) for peer in wide)
        self._isolating: dict[tuple[str, str, Labels], tuple[Policy, ...]] = {}
        self._books: dict[tuple[str, tuple[int, ...]], RuleBook] = {}
        self._sides = Sides()

    def policies(self, namespace: str | None = None) -> Iterator[Policy]:
        """Yield the policies of one namespace, or all."""
        if namespace is not None:
            return iter(self._policies.get(namespace, ()))
        return chain.from_iterable(self._policies.values())

    def isolating(self, end: Endpoint, direction: str) -> tuple[Policy, ...]:
        """Return the policies that isolate an end in a direction, `Ingress` or `Egress`; none: it is open."""
        if not isinstance(end, Pod):
            return ()
        key = (direction, end.namespace.name, end.labels)
        if key not in self._isolating:
            index = self._index.get(end.namespace.name)
            near = index.candidates(end.labels) if index else ()
            self._isolating[key] = tuple(one for one in near if applies(one, end, direction))
        return self._isolating[key]

    def governing(self, end: Endpoint, direction: str) -> tuple[TierPolicy, ...]:
        """Return the cluster-scoped policies with rules for an end in a direction, the first to be asked first."""
        return self._governing.of(end, direction) if self.tiers and isinstance(end, Pod) else ()

    def allowed(self, source: Endpoint, destination: Endpoint, mode: Mode) -> PortSet:
        """Return the ports that may (or must) get from the source to the destination; see `flow`."""
        return self.flow(source, destination, mode).allowed

    def flow(
        self,
        source: Endpoint,
        destination: Endpoint,
        mode: Mode,
        *,
        same_node: bool = False,
        each_address: bool = False,
    ) -> Verdict:
        """Return which ports may (or must) get from the source to the destination, and why.

        `same_node` says that an end that is a node or a host-network pod may be on the other end's own node.
        `each_address` asks MAY which ports may get through whichever address of one family either end has, and MUST
        always does; for a host-network pod that is each address in one of its two readings.
        The module's docstring says what the modes count. Never raises.
        """
        ends = (source, destination)
        asked = Asked(mode, each_address or mode is Mode.MUST)
        caveats = caveats_of_ends(ends)
        readings = [self._sides.read("pods", self._rulings(ends), ends, ends, asked)]
        if HOST_NETWORK in caveats:
            seen = (as_node(source), as_node(destination))
            readings.append(self._sides.read("nodes", self._rulings(seen), seen, ends, asked))
        allowed, shortcut = shortcut_of(ends, mode, same_node=same_node and OWN_NODE in caveats)
        if not shortcut:
            first, last = readings[0].allowed, readings[-1].allowed
            allowed = first | last if mode is Mode.MAY else first & last
            caveats |= caveats_of_grants(readings, allowed)
        return Verdict(mode, allowed, tuple(readings), shortcut, caveats)

    def _isolated(self, ends: tuple[Endpoint, Endpoint]) -> tuple[RuleBook, RuleBook]:
        """Return the rules of what isolates the source in egress, and the destination in ingress."""
        return self._book(ends[0], EGRESS), self._book(ends[1], INGRESS)

    def _book(self, end: Endpoint, direction: str) -> RuleBook:
        """Return the rules of the policies that isolate an end; one book for all ends that the same ones isolate."""
        policies = self.isolating(end, direction)
        key = (direction, tuple(map(id, policies)))
        book = self._books.get(key)
        if book is None:
            book = self._books[key] = RuleBook(policies, direction)
        return book

    def _rulings(self, ends: tuple[Endpoint, Endpoint]) -> tuple[Ruling, Ruling]:
        """Return what decides on the source's side, and on the destination's."""
        out, into = self._isolated(ends)
        return (out, self.governing(ends[0], EGRESS)), (into, self.governing(ends[1], INGRESS))

    def _tier_peers(self) -> Iterator[Peer]:
        """Yield what cluster-scoped policies look at: their subjects, and the peers of their rules."""
        return chain((tier.subject for tier in self.tiers), tier_peers(self.tiers))

    def pod_selectors(self, namespace: Namespace | None = None) -> tuple[Selector, ...]:
        """Return each distinct selector that can see the labels of a pod in `namespace` (None: in any).

        With `label_classes` these quantify over every pod that could be there: two pods of a namespace that the
        same ones match get the same verdicts, named ports and addresses being equal.
        """
        found: dict[Selector, None] = {}
        for policy in self.policies(namespace.name if namespace else None):
            found[policy.selector] = None
            found |= {peer.pods: None for peer in peers(policy) if peer.pods is not None and peer.namespaces is None}
        for peer in self._wide.candidates(namespace.labels) if namespace else self._wide.all():
            if peer.pods is not None and (namespace is None or _selector(peer).matches(namespace.labels)):
                found[peer.pods] = None
        return tuple(one for one in found if one != EVERYTHING)

    def role_selectors(self, namespace: Namespace, direction: str) -> tuple[Selector, ...]:
        """Return each distinct selector that sees the labels of a pod of a namespace in one role.

        With `Egress` the pod is the source: what selects pods for their egress counts, and the peers of ingress rules.
        With `Ingress` it is the destination, and the other way round.
        """
        found: dict[Selector, None] = {}
        for home, peer in self._in_role(direction):
            near = home == namespace.name if peer.namespaces is None else peer.namespaces.matches(namespace.labels)
            if near and peer.pods is not None:
                found[peer.pods] = None
        return tuple(one for one in found if one != EVERYTHING)

    def adding_selectors(self, namespace: Namespace, *directions: str) -> frozenset[Selector]:
        """Return the selectors of pods of a namespace, in some roles, that only peers of NetworkPolicy rules have.

        Such a selector can let through, and cannot isolate or deny: see `labels.py` for what follows from that.
        """
        isolating: set[Selector | None] = {peer.pods for peer in self._tier_peers()}
        adding: set[Selector | None] = set()
        for policy in self.policies():
            if policy.namespace == namespace.name and policy.types & {*directions}:
                isolating.add(policy.selector)
            for facing in (INGRESS if direction == EGRESS else EGRESS for direction in directions):
                if facing in policy.types:
                    adding.update(peer.pods for rule in policy.rules(facing) for peer in rule.peers)
        return frozenset(one for one in adding - isolating if one is not None)

    def _in_role(self, direction: str) -> Iterator[tuple[str, Peer]]:
        """Yield what selects pods in a role, with the namespace of its policy (none if it is cluster-scoped)."""
        facing = INGRESS if direction == EGRESS else EGRESS
        for policy in self.policies():
            if direction in policy.types:
                yield policy.namespace, Peer(policy.selector)
            if facing in policy.types:
                yield from ((policy.namespace, peer) for rule in policy.rules(facing) for peer in rule.peers)
        for tier in self.tiers:
            if tier.rules(direction):
                yield "", tier.subject
            yield from (("", peer) for peer in tier_peers([tier], facing))

    def namespace_selectors(self) -> tuple[Selector, ...]:
        """Return each distinct selector that sees the labels of namespaces."""
        found = {peer.namespaces: None for policy in self.policies() for peer in peers(policy)}
        found |= {peer.namespaces: None for peer in self._tier_peers()}
        return tuple(one for one in found if one is not None and one != EVERYTHING)

    def blocks(self) -> tuple[IPBlock, ...]:
        """Return each distinct ipBlock, and each list of `networks`; with `AddressIndex` they quantify addresses."""
        return self._distinct_blocks

    def parts(self, addresses: AddressSet) -> Iterator[AddressSet]:
        """Yield the parts of some addresses that no ipBlock tells apart, each of one family, the lowest first."""
        return (part for family in FAMILIES for part in self._edges.classes(addresses, family).values())

    @cached_property
    def _distinct_blocks(self) -> tuple[IPBlock, ...]:
        found = {peer.block: None for policy in self.policies() for peer in peers(policy)}
        found |= {peer.block: None for peer in self._tier_peers()}
        return tuple(one for one in found if one is not None)

    @cached_property
    def _edges(self) -> AddressIndex:
        return AddressIndex(block.addresses for block in self._distinct_blocks)


def rules(policy: Policy) -> Iterator[Rule]:
    """Yield the rules of a policy that have an effect: those of a direction among its policyTypes."""
    for direction in (INGRESS, EGRESS):
        if direction in policy.types:
            yield from policy.rules(direction)


def peers(policy: Policy) -> Iterator[Peer]:
    """Yield the peers of all rules that have an effect."""
    return (peer for rule in rules(policy) for peer in rule.peers)


def _selector(peer: Peer) -> Selector:
    """Return the namespaceSelector of a peer that has one."""
    return peer.namespaces or EVERYTHING
