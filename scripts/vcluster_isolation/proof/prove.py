"""Judging the claims about a subject: what holds, what fails, what the user granted or closed on purpose."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

from vcluster_isolation.proof.claims import CLAIMS, ISOLATION, Claim
from vcluster_isolation.proof.subject import Subject
from vcluster_isolation.proof.world import Who, World
from vcluster_isolation.reach.model import Endpoint, External, Origin, Pod, Policy
from vcluster_isolation.reach.ports import PortSet
from vcluster_isolation.reach.verdict import Mode, Verdict

HOLDS: Final = "holds"
FAILS: Final = "FAILS"
GRANTED: Final = "granted"
CLOSED: Final = "closed"
NO_SUBJECT: Final = "n/a"


@dataclass(frozen=True, slots=True)
class Counterexample:
    """A flow that breaks a claim: two ends, the ports in question, and the rules that let it through.

    For availability the ports are those that do not get through, and `rules` is empty.
    """

    source: Who
    destination: Who
    ends: tuple[Endpoint, Endpoint]
    ports: PortSet
    verdict: Verdict

    @property
    def rules(self) -> tuple[Origin, ...]:
        """The rules that let it through, the source's first; a side that is not isolated has none."""
        sides = (self.verdict.egress, self.verdict.ingress)
        found = [grant.origin for side in sides for grant in side.granting(self.ports & self.verdict.allowed)]
        return tuple(dict.fromkeys(found))

    def size(self) -> tuple[int, int]:
        """Return how complicated it is: by the number of labels, an address being simpler than a pod."""
        labels = sum(len(end.labels) for end in self.ends if isinstance(end, Pod))
        return labels, sum(isinstance(end, Pod) for end in self.ends)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a claim.

    `status`: holds; FAILS; granted (only what the user's own values opened breaks it); closed (only what the user's
    values closed breaks it); n/a (what it speaks of is not in the host cluster). `keys` are the paths of those values.
    `labels` and `addresses` count the classes of label sets and of addresses that were gone through, `pairs` those of
    sources and destinations. `counterexample` is the smallest, None when the claim holds.
    """

    claim: Claim
    status: str
    labels: int = 0
    addresses: int = 0
    pairs: int = 0
    counterexample: Counterexample | None = None
    keys: tuple[str, ...] = ()


def prove(subject: Subject, claims: Iterable[Claim] = CLAIMS) -> list[Outcome]:
    """Judge every claim about a subject, in the order of the claims."""
    judge = _Judge(subject)
    return [judge.outcome(claim) for claim in claims]


class _Judge:
    """The worlds in which claims about one subject are judged, each made when it is needed."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._full = World(subject, subject.policies)
        self._others: dict[str, World] = {}

    def outcome(self, claim: Claim) -> Outcome:
        """Judge one claim."""
        if not claim.applies(self._subject):
            return Outcome(claim, NO_SUBJECT)
        found = list(broken(claim, self._full))
        counts = _counts(claim, self._full)
        if not found:
            return Outcome(claim, HOLDS, *counts)
        smallest = min(found, key=Counterexample.size)
        if self._subject.changed:
            by_user = self._granted(claim, found) if claim.kind == ISOLATION else self._closed(claim)
            if by_user:
                status = GRANTED if claim.kind == ISOLATION else CLOSED
                return Outcome(claim, status, *counts, smallest, by_user)
            if claim.kind == ISOLATION:
                smallest = min(broken(claim, self._world("ungranted")), key=Counterexample.size)
        return Outcome(claim, FAILS, *counts, smallest)

    def _granted(self, claim: Claim, found: Sequence[Counterexample]) -> tuple[str, ...]:
        """Return the values that opened what breaks a claim; none when it breaks without them as well."""
        if any(broken(claim, self._world("ungranted"))):
            return ()
        paths = {self._subject.granted(origin) for one in found for origin in one.rules}
        return tuple(sorted(paths - {""})) or tuple(sorted(self._subject.changed.values()))

    def _closed(self, claim: Claim) -> tuple[str, ...]:
        """Return the values that closed what a claim wants open; none when it is closed without them as well."""
        if any(broken(claim, self._world("usual"))):
            return ()
        return tuple(sorted(self._subject.changed.values()))

    def _world(self, name: str) -> World:
        """Return the world without what the user granted, or with the usual policies."""
        if name not in self._others:
            policies: Sequence[Policy] = self._subject.ungranted() if name == "ungranted" else self._subject.usual
            self._others[name] = World(self._subject, policies)
        return self._others[name]


def broken(claim: Claim, world: World) -> Iterator[Counterexample]:
    """Yield every pair of classes that breaks a claim."""
    mode = Mode.MAY if claim.kind == ISOLATION else Mode.MUST
    for source, destination, ends in _pairs(claim, world):
        verdict = world.evaluator.flow(*ends, mode)
        wrong = claim.ports & verdict.allowed if claim.kind == ISOLATION else claim.ports - verdict.allowed
        if wrong:
            yield Counterexample(source, destination, ends, wrong, verdict)


def _pairs(claim: Claim, world: World) -> Iterator[tuple[Who, Who, tuple[Endpoint, Endpoint]]]:
    """Yield every pair of classes that a claim speaks of."""
    for sources, destinations in claim.flows:
        for source, destination in product(sources, destinations):
            for ends in product(world.ends(source), world.ends(destination)):
                yield source, destination, ends


def _counts(claim: Claim, world: World) -> tuple[int, int, int]:
    """Return the number of label classes, of address classes, and of pairs that a claim goes through."""
    actors = {who for flow in claim.flows for side in flow for who in side}
    ends = [end for who in actors for end in world.ends(who)]
    external = sum(isinstance(end, External) for end in ends)
    return len(ends) - external, external, sum(1 for _ in _pairs(claim, world))
