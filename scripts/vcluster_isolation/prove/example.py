"""A flow that breaks a claim: what `prove` and `audit` keep of it, and its one form in JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vcluster_isolation.netpol.objects.model import Endpoint, External, Origin, Pod
from vcluster_isolation.netpol.objects.verdict import Grant, Verdict
from vcluster_isolation.netpol.sets.ports import PortSet
from vcluster_isolation.subject.said_rule import SaidRule
from vcluster_isolation.vcluster.actor_ref import ActorRef


@dataclass(frozen=True, slots=True)
class Example:
    """Two ends, and the ports that get through (of availability: that do not).

    `rules` let it through, the source's first; a side that is not isolated has none. `open_sides` are the sides,
    `egress` of the source or `ingress` of the destination, that no policy isolates and no cluster-scoped one decides.
    `denials` are the rules of cluster-scoped ones that close what does not get through. `size` says how complicated it
    is, and `addresses` has an address of each end that is addresses, of a pod nothing.
    """

    source: ActorRef
    destination: ActorRef
    ends: tuple[Endpoint, Endpoint]
    ports: PortSet
    rules: tuple[Origin, ...]
    open_sides: tuple[str, ...]
    denials: tuple[Origin, ...]
    size: tuple[int, int]
    addresses: tuple[str, str]

    def as_dict(self, said: Callable[[Origin], SaidRule], rules: tuple[Origin, ...] | None = None) -> Mapping[str, Any]:
        """Return it JSON-ready; `said` names rules, and of `rules`, if they are given, only these are shown."""
        source, destination = (
            _end(who, end, address)
            for who, end, address in zip((self.source, self.destination), self.ends, self.addresses, strict=True)
        )
        return {
            "source": source,
            "destination": destination,
            "ports": str(self.ports),
            "rules": [said(origin).as_dict() for origin in (self.rules if rules is None else rules)],
            "not_isolated": list(self.open_sides),
            "denied_by": [said(origin).as_dict() for origin in self.denials],
        }


@dataclass(frozen=True, slots=True)
class Counterexample:
    """A flow that breaks a claim, with its verdict: an `Example` that has not been worked out.

    For availability the ports are those that do not get through, and `rules` is empty.
    """

    source: ActorRef
    destination: ActorRef
    ends: tuple[Endpoint, Endpoint]
    ports: PortSet
    verdict: Verdict

    @property
    def rules(self) -> tuple[Origin, ...]:
        """The rules that let it through."""
        sides = (self.verdict.egress, self.verdict.ingress)
        found = [grant.origin for side in sides for grant in side.granting(self.ports & self.verdict.allowed)]
        return tuple(dict.fromkeys(found))

    def size(self) -> tuple[int, int]:
        """Return how complicated it is: by the number of labels, an address being simpler than a pod."""
        labels = sum(len(end.labels) for end in self.ends if isinstance(end, Pod))
        return labels, sum(isinstance(end, Pod) for end in self.ends)

    def example(self) -> Example:
        """Return what there is to show of it."""
        sides = {"egress": self.verdict.egress, "ingress": self.verdict.ingress}
        grants = [grant for side in sides.values() for grant in side.granting(self.ports)]
        rules = dict.fromkeys(grant.origin for grant in grants) if self.ports & self.verdict.allowed else ()
        opened = tuple(name for name, side in sides.items() if side.governed and side.by_default & self.ports)
        closed = (deny.origin for side in sides.values() for deny in side.denying(self.ports - self.verdict.allowed))
        return Example(
            self.source,
            self.destination,
            self.ends,
            self.ports,
            tuple(rules),
            opened,
            tuple(dict.fromkeys(closed)),
            self.size(),
            (_address(self.ends[0], grants), _address(self.ends[1], grants)),
        )


def _address(end: Endpoint, grants: Sequence[Grant]) -> str:
    """Return an address that is let through, as far as the rules name any; of a pod nothing."""
    if isinstance(end, Pod):
        return ""
    named = (grant.addresses & end.addresses for grant in grants)
    return next((one for one in named if one), end.addresses).example()


def _end(who: ActorRef, end: Endpoint, address: str) -> Mapping[str, Any]:
    """Return one end, JSON-ready."""
    if isinstance(end, External):
        return {"actor": str(who), "addresses": str(end.addresses), "address": address}
    labels = dict(sorted(end.labels))
    return {"actor": str(who), "namespace": end.namespace.name, "pod": end.name or None, "labels": labels}
