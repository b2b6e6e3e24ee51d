"""What a rule of a cluster-scoped policy matches, surely and perhaps (see `tier_sides.py`).

Source: the comments on the types of policy.networking.k8s.io (see `tiers.py`):

- `namespaces` and `pods` select pods by labels, and never those in the host's network.
- `networks` are addresses, those of pods too ("cluster-internal traffic will be checked against the rule as well").
- `nodes` are the addresses of nodes. The labels of nodes are not known here: a selector that asks for any matches
  a node perhaps. So does every selector a pod in the host's network, whose address is a node's.
- `domainNames` are all addresses, perhaps: which addresses a name has is in no manifest, and some plugins ignore the
  field.
- A rule without ports is for all. A named port is what the destination pod calls so, in any protocol.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vcluster_isolation.netpol.engine.match import NOWHERE, is_node, named_ports, selects
from vcluster_isolation.netpol.objects.model import EVERYTHING, Endpoint, External, Peer, Pod
from vcluster_isolation.netpol.objects.tiers import TierPolicy, TierRule
from vcluster_isolation.netpol.objects.verdict import DOMAIN_NAMES, NETWORKS, NODES, SELECTOR, Mode
from vcluster_isolation.netpol.sets.addresses import AddressSet
from vcluster_isolation.netpol.sets.ports import NONE, PortSet


@dataclass(frozen=True, slots=True)
class Seen:
    """A peer that matches the other end: at which of its addresses surely, and at which perhaps (or surely)."""

    index: int
    via: str
    surely: AddressSet
    perhaps: AddressSet


@dataclass(frozen=True, slots=True)
class Look:
    """A rule as it looks at a flow: the peers that match the other end somewhere, and the ports.

    `guessed` if the destination could call any port by a name that the rule has.
    """

    rule: TierRule
    seen: tuple[Seen, ...]
    surely: PortSet
    perhaps: PortSet
    guessed: bool = False

    def at(self, part: AddressSet, near: Sequence[Seen], ports: PortSet) -> tuple[PortSet, PortSet]:
        """Return which of some ports the rule matches surely, and which perhaps, at addresses that it takes alike.

        `near` are the peers that match perhaps there, at least one.
        """
        sure = any(part <= one.surely for one in near)
        return self.surely & ports if sure else NONE, self.perhaps & ports


def looks(policy: TierPolicy, direction: str, other: Endpoint, destination: Endpoint) -> Iterator[Look]:
    """Yield the rules of a direction that match the other end of a flow to (or from) the `destination`'s ports."""
    for rule in policy.rules(direction):
        seen = tuple(one for index, peer in enumerate(rule.peers) if (one := _seen(index, peer, other)).perhaps)
        if not seen:
            continue
        if not rule.named:
            yield Look(rule, seen, rule.ports, rule.ports)
            continue
        surely, perhaps = (rule.ports | named_ports(rule, destination, mode) for mode in (Mode.MUST, Mode.MAY))
        yield Look(rule, seen, surely, perhaps, guessed=isinstance(destination, Pod) and destination.ports is None)


def _seen(index: int, peer: Peer, other: Endpoint) -> Seen:
    """Return where a peer matches the other end."""
    if peer.block is not None:
        inside = other.addresses & peer.block.addresses
        if peer.block.certain:
            return Seen(index, NETWORKS, inside, inside)
        return Seen(index, DOMAIN_NAMES, NOWHERE, inside)
    if peer.nodes is not None:
        sure = isinstance(other, External) and other.node and peer.nodes == EVERYTHING
        here = other.addresses if is_node(other) else NOWHERE
        return Seen(index, NODES, here if sure else NOWHERE, here)
    chosen = isinstance(other, Pod) and not other.host_network and selects(peer, "", other)
    here = other.addresses if chosen else NOWHERE
    return Seen(index, SELECTOR, here, here)
