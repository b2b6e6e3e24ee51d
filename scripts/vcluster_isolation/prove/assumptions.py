"""What a claim that holds takes for granted: that nodes, pods and the API server have private addresses.

A public address can be inside of what a rule opens to the internet. So a claim that would break if they had public
addresses holds only because they are taken not to, and says so until values give the addresses.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from vcluster_isolation.claims.claim import Claim
from vcluster_isolation.vcluster.actor_ref import ActorRef
from vcluster_isolation.vcluster.cast import HOST_API_SERVER, NODE, AddressActor


@dataclass(frozen=True, slots=True)
class Assumption:
    """Who is taken to have private addresses, and the value that says which they have."""

    who: str
    value: str

    @property
    def sentence(self) -> str:
        """What is assumed: `pods have private addresses`."""
        return f"{self.who} {'has' if self is _API_SERVER else 'have'} private addresses"


_NODES: Final = Assumption("nodes", "policies.networkPolicy.nodes.cidrs")
_PODS: Final = Assumption("pods", "policies.networkPolicy.pods.cidrs")
_API_SERVER: Final = Assumption("the host API server", "policies.networkPolicy.hostApiServer.cidrs")


def dependent(claim: Claim) -> Claim:
    """Return the part of a claim that depends on the addresses of nodes, pods and the API server.

    A flow between a pod and an address that is none of theirs does not: no rule looks at the pod's own address there.
    """

    def kept(ends: Iterable[ActorRef]) -> tuple[ActorRef, ...]:
        placed = (NODE, HOST_API_SERVER)
        return tuple(who for who in ends if not isinstance(who.actor, AddressActor) or who.actor in placed)

    return replace(claim, flows=tuple((kept(sources), kept(destinations)) for sources, destinations in claim.flows))


def assumptions_of(pairs: Iterable[tuple[ActorRef, ActorRef]]) -> tuple[Assumption, ...]:
    """Return what is assumed, given the pairs that would break a claim at public addresses.

    A pair with a node or the API server in it breaks by that one's address, and a pair of two pods by those of pods.
    """
    found: set[Assumption] = set()
    for pair in pairs:
        actors = {who.actor for who in pair}
        found.add(_NODES if NODE in actors else _API_SERVER if HOST_API_SERVER in actors else _PODS)
    return tuple(one for one in (_NODES, _PODS, _API_SERVER) if one in found)


def line(assumes: Iterable[Assumption]) -> str:
    """Return assumptions as a line of a report; an empty text for none."""
    given = list(assumes)
    if not given:
        return ""
    return f"assumes that {' and '.join(one.sentence for one in given)}; set {' and '.join(one.value for one in given)}"
