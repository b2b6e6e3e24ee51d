"""What a claim is: a sentence about the cast, with a body that a machine can check.

Two kinds. *Isolation*: none of the sources reaches any of the destinations on any of the ports, whatever labels the
hostile ones choose, whatever the network plugin makes of what NetworkPolicy leaves open. *Availability*: every source
surely reaches every destination on all of the ports.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Final, TypeVar

from vcluster_isolation.netpol.objects.verdict import Mode
from vcluster_isolation.netpol.sets.ports import ALL, PortSet, parse_ports
from vcluster_isolation.subject.subject import Subject
from vcluster_isolation.vcluster import cast
from vcluster_isolation.vcluster.actor_ref import DESTINATION, NEIGHBOUR, OTHER, OWN, SOURCE, ActorRef
from vcluster_isolation.vcluster.cast import Actor, AddressActor

_End = TypeVar("_End")

ISOLATION, AVAILABILITY = "isolation", "availability"

ALWAYS, HOSTED, COREDNS, EMBEDDED = "always", "hosted", "coredns", "embedded"
"""When a claim applies: always, when workloads run in the host cluster, when CoreDNS is a pod of its own, and when it
runs inside the control plane."""

Flow = tuple[tuple[ActorRef, ...], tuple[ActorRef, ...]]
"""Sources and destinations."""

API: Final = parse_ports("TCP 8443")
DNS: Final = parse_ports("TCP+UDP 1053")
ETCD: Final = parse_ports("TCP 2379-2380")
HOST_DNS: Final = parse_ports("TCP+UDP 53")


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim. `name` is its short, stable name; `needs` and `value` say when it applies.

    Its body: from each source to each destination of each of `flows`, on `ports`, everything is closed (isolation)
    or open (availability). `value` is the path of the value that has to be in effect, empty for none; without `ports`
    they are those of that value.
    """

    name: str
    kind: str
    sentence: str
    flows: tuple[Flow, ...]
    ports: PortSet | None = ALL
    needs: str = ALWAYS
    value: str = ""
    advice: str = ""

    @property
    def impossible(self) -> bool:
        """Whether a value needs what no NetworkPolicy can give."""
        return bool(self.advice and not self.flows)

    def applies(self, subject: Subject) -> bool:
        """Return whether there is in the host cluster what the claim speaks of."""
        there = {
            ALWAYS: True,
            HOSTED: subject.hosted,
            COREDNS: subject.coredns,
            EMBEDDED: subject.settings.embedded,
        }[self.needs]
        return there and (not self.value or self.value in subject.settings.named)

    @property
    def mode(self) -> Mode:
        """How its flows are judged: nothing may get through, or everything must."""
        return Mode.MAY if self.kind == ISOLATION else Mode.MUST

    def broken_on(self, allowed: PortSet, subject: Subject) -> PortSet:
        """Return the ports on which the claim is broken between two ends, if `allowed` are those that get through."""
        ports = self.ports_of(subject)
        return ports & allowed if self.kind == ISOLATION else ports - allowed

    def pairs(
        self, ends: Callable[[ActorRef, str], Iterable[_End]]
    ) -> Iterator[tuple[ActorRef, ActorRef, tuple[_End, _End]]]:
        """Yield every pair of ends that the claim speaks of; `ends` gives those of an actor in a role."""
        for sources, destinations in self.flows:
            into = [(destination, ends(destination, DESTINATION)) for destination in destinations]
            for source in sources:
                out = ends(source, SOURCE)
                for destination, last in into:
                    for pair in product(out, last):
                        yield source, destination, pair

    def ports_of(self, subject: Subject) -> PortSet:
        """Return the ports that the claim is about."""
        return subject.settings.named[self.value].ports if self.ports is None else self.ports


_ACTORS: Mapping[str, Actor] = {
    actor.name: actor for actor in (*cast.OF_A_VCLUSTER, cast.STRAY, *cast.OF_THE_HOST, cast.ANYBODY, *cast.ADDRESSES)
}
_NAMED: Mapping[str, Actor] = {actor.key: actor for actor in cast.OF_VALUES}


def own(*names: str) -> tuple[ActorRef, ...]:
    """Return actors of the vCluster itself, or of the host cluster, hostile if they can be."""
    return tuple(ActorRef(_ACTORS[name]) for name in names)


def usual(*names: str, whose: str = OWN, place: str = "") -> tuple[ActorRef, ...]:
    """Return actors with the labels that they usually have."""
    return tuple(ActorRef(_ACTORS[name], whose, labels_fixed=True, place=place) for name in names)


def named(*keys: str) -> tuple[ActorRef, ...]:
    """Return whom values name, by the paths of the values."""
    return tuple(ActorRef(_NAMED[key]) for key in keys)


def tenants(*names: str, place: str = "") -> tuple[ActorRef, ...]:
    """Return actors of both other tenants; with a `place` of the one that can be there.

    Snapshot pods carry one label, which names no vCluster, so those of two vClusters in one namespace are the same
    to every policy: they are actors of a namespace, and the neighbour has none of its own.
    """
    if place:
        return tuple(ActorRef(_ACTORS[name], OTHER, place=place) for name in names)
    pairs = [(whose, name) for whose in (NEIGHBOUR, OTHER) for name in names]
    return tuple(ActorRef(_ACTORS[name], whose) for whose, name in pairs if (whose, name) != (NEIGHBOUR, "snapshot"))


def addresses(actors: tuple[AddressActor, ...]) -> tuple[ActorRef, ...]:
    """Return addresses as actors."""
    return tuple(ActorRef(actor) for actor in actors)


def isolation_claim(
    name: str, sentence: str, *flows: Flow, ports: PortSet = ALL, needs: str = ALWAYS, value: str = ""
) -> Claim:
    """Return an isolation claim."""
    return Claim(name, ISOLATION, sentence, flows, ports, needs, value)


def availability_claim(
    name: str, sentence: str, *flows: Flow, ports: PortSet | None, needs: str = ALWAYS, value: str = ""
) -> Claim:
    """Return an availability claim."""
    return Claim(name, AVAILABILITY, sentence, flows, ports, needs, value)
