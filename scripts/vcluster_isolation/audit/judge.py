"""Judging claims about one vCluster of a host cluster: within its namespaces, and towards the host and addresses.

Each claim is judged twice. `there`: for the pods that are really there, with their labels, addresses and named ports.
`possible`: for every pod that a tenant could create, and the cast's other actors. Other tenants are no business of
this module but of `audit/across_namespaces.py`, which adds what it finds to the same `ClaimResults`.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from vcluster_isolation.audit.ends import EndpointClass, VClusterScope, tag
from vcluster_isolation.claims.claims import AVAILABILITY, CLAIMS, ISOLATION, Claim
from vcluster_isolation.netpol.engine.match import selects
from vcluster_isolation.netpol.objects.model import Endpoint, External, Pod
from vcluster_isolation.netpol.objects.verdict import Mode, Verdict
from vcluster_isolation.prove.example import Counterexample, Example
from vcluster_isolation.prove.prove import FAILS, HOLDS, NO_SUBJECT, UNDECIDED
from vcluster_isolation.vcluster import cast
from vcluster_isolation.vcluster.actor_ref import OWN, ActorRef

_OWN_NAMES = frozenset(actor.name for actor in cast.OF_A_VCLUSTER) | {cast.ORDINARY.name}
_PLATFORM = frozenset({"platform", "agent"})


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of a claim about a vCluster: for pods that are `there`, and for those that are `possible`.

    Either is `holds`, `FAILS`, `undecided` (it does not fail, and a policy that is not evaluated could break it) or
    `n/a` (what the claim speaks of is not in the host cluster, or not there now), and has its smallest counterexample
    if it fails.
    """

    claim: Claim
    there: str
    possible: str
    there_example: Example | None = None
    possible_example: Example | None = None

    @property
    def fails(self) -> bool:
        """Whether it fails, one way or the other."""
        return FAILS in (self.there, self.possible)

    @property
    def undecided(self) -> bool:
        """Whether it does not fail, and could."""
        return not self.fails and UNDECIDED in (self.there, self.possible)


@dataclass(slots=True)
class ClaimResults:
    """What breaks the claims about one vCluster: by claim, and whether the pods are there, the smallest of all."""

    scope: VClusterScope
    platform: bool
    broken: dict[tuple[str, bool], Example] = field(default_factory=dict)

    def applies(self, claim: Claim) -> bool:
        """Return whether there is in the host cluster what a claim speaks of; a platform is no part of most."""
        if claim.kind == AVAILABILITY and not self.platform and _actors(claim) & _PLATFORM:
            return False
        return claim.applies(self.scope.subject)

    def add(self, claim: Claim, found: Example, *, real: bool) -> None:
        """Note what breaks a claim, unless something smaller does."""
        known = self.broken.get((claim.name, real))
        if self.applies(claim) and (known is None or found.size < known.size):
            self.broken[claim.name, real] = found

    def settled(self, claim: Claim, *, real: bool, size: tuple[int, int]) -> bool:
        """Return whether nothing of a size can tell more about a claim than is known."""
        known = self.broken.get((claim.name, real))
        return not self.applies(claim) or (known is not None and known.size <= size)

    def findings(self) -> tuple[Finding, ...]:
        """Return what became of every claim, in the order of the claims."""
        return tuple(self._finding(claim) for claim in CLAIMS)

    def _finding(self, claim: Claim) -> Finding:
        if not self.applies(claim):
            return Finding(claim, NO_SUBJECT, NO_SUBJECT)
        there, possible = (self.broken.get((claim.name, real)) for real in (True, False))
        now = FAILS if there else HOLDS if self._is_there(claim) else NO_SUBJECT
        return Finding(claim, now, FAILS if possible else HOLDS, there, possible)

    def _is_there(self, claim: Claim) -> bool:
        """Return whether there is a pod for each side of a claim that speaks of the vCluster's own pods only."""
        real = {name for end in (*self.scope.own, *self.scope.beside) if end.real for name in end.tags}
        flows = ([{tag(who) for who in side} for side in flow if all(map(_is_own, side))] for flow in claim.flows)
        return any(all(names & real for names in sides) for sides in flows)


def _is_own(who: ActorRef) -> bool:
    return who.tenant == OWN and who.actor.name in _OWN_NAMES


def _actors(claim: Claim) -> set[str]:
    return {who.actor.name for flow in claim.flows for side in flow for who in side}


def judge(scope: VClusterScope, host: Iterable[EndpointClass], *, platform: bool) -> ClaimResults:
    """Judge all claims as far as they need no other tenant, nor real pods of the host for isolation.

    `host` are the real pods of the host that availability is about; `platform` says that vCluster Platform is there.
    """
    results = ClaimResults(scope, platform)
    by_tag: dict[str, list[EndpointClass]] = {}
    for end in (*scope.own, *scope.beside, *scope.host):
        for name in end.tags:
            by_tag.setdefault(name, []).append(end)
    served = dict(_served(scope, list(host)))
    verdicts: dict[tuple[Hashable, Hashable, Mode], Verdict] = {}
    kind = _kinds(scope)
    for claim in filter(results.applies, CLAIMS):
        mode, more = claim.mode, {} if claim.kind == ISOLATION else served

        def ends_of(who: ActorRef, role: str, more: Mapping[str, list[EndpointClass]] = more) -> list[EndpointClass]:
            del role  # what an end shows does not depend on it here
            return [] if who.tenant != OWN else [*by_tag.get(tag(who), ()), *more.get(tag(who), ())]

        for source, destination, ends in sorted(claim.pairs(ends_of), key=_size):
            real = ends[0].real and ends[1].real
            pair = _members(*ends)
            if pair is None or (claim.name, real) in results.broken or (mode is Mode.MUST and not _common(pair)):
                continue
            key = (kind.get(ends[0], ends[0]), kind.get(ends[1], ends[1]), mode)
            if key not in verdicts:
                verdicts[key] = scope.evaluator.flow(*pair, mode)
            verdict = verdicts[key]
            if wrong := claim.broken_on(verdict.allowed, scope.subject):
                found = Counterexample(source, destination, pair, wrong, verdict)
                results.add(claim, found.example(), real=real)
    return results


def _served(scope: VClusterScope, host: Sequence[EndpointClass]) -> Iterator[tuple[str, list[EndpointClass]]]:
    """Yield the real pods of the host that claims speak of: vCluster Platform, and whom policies name."""
    yield from ((name, [end for end in host if name in end.tags]) for name in sorted(_PLATFORM))
    for actor in cast.OF_VALUES:
        named = scope.subject.settings.named.get(actor.key)
        peers = [peer for peer in named.peers if peer.block is None] if named else []
        pods = ((end, end.at) for end in host if isinstance(end.at, Pod))
        yield tag(ActorRef(actor)), [end for end, pod in pods if any(selects(peer, "", pod) for peer in peers)]


def _kinds(scope: VClusterScope) -> dict[EndpointClass, Hashable]:
    """Return for each end that is addresses which blocks they are in: where those are the same, so are verdicts.

    Nodes are by themselves: rules of cluster-scoped policies may be about them.
    """
    blocks = [block.addresses for block in scope.evaluator.blocks()]
    return {
        end: (end.at.node, end.at.addresses.families(), tuple(bool(end.at.addresses & block) for block in blocks))
        for end in scope.host
        if isinstance(end.at, External)
    }


_Pair = tuple[ActorRef, ActorRef, tuple[EndpointClass, EndpointClass]]


def _size(pair: _Pair) -> tuple[int, int]:
    """Return how complicated a pair is (as `Counterexample.size`)."""
    (labels, pods), (more, others) = pair[2][0].size, pair[2][1].size
    return labels + more, pods + others


def _common(pair: tuple[Endpoint, Endpoint]) -> bool:
    """Return whether two ends have an address family in common: without one nobody expects them to meet."""
    return bool(set(pair[0].addresses.families()) & set(pair[1].addresses.families()))


def _members(first: EndpointClass, last: EndpointClass) -> tuple[Endpoint, Endpoint] | None:
    """Return two endpoints to ask about; None for a single pod and itself, which always reach each other."""
    if first is not last:
        return first.at, last.at
    single = first.real and first.members[0] is first.members[1]
    return None if single else first.members
