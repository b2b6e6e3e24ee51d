"""Judging the claims about a subject: what holds, what fails, what the user granted or closed on purpose.

Policies that are not evaluated (`Subject.not_evaluated`) are never believed: such a policy may break a claim, and it
mends none. So a claim that does not fail is *undecided* when such a policy could make it fail: an isolation claim when
it may open a flow, an availability claim when it may close one. A claim that fails by the policies that are evaluated
keeps failing, with its example, even where such a policy may close (or open) that very flow.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from vcluster_isolation.claims.claims import ISOLATION, Claim, claims_of
from vcluster_isolation.claims.platform import LEFT_OPEN as LEFT_OPEN_BY_PLATFORM
from vcluster_isolation.netpol.objects.model import External
from vcluster_isolation.netpol.objects.tiers import PolicySet
from vcluster_isolation.netpol.unevaluated import UnevaluatedPolicy, closed, opened
from vcluster_isolation.prove.assumptions import Assumption, assumptions_of, dependent
from vcluster_isolation.prove.example import Counterexample, Example
from vcluster_isolation.subject.granting import CLOSING
from vcluster_isolation.subject.subject import PLATFORM, Subject
from vcluster_isolation.vcluster.actor_ref import DESTINATION, SOURCE
from vcluster_isolation.vcluster.cast import ORDINARY, WORKLOAD
from vcluster_isolation.worlds.world import World

HOLDS: Final = "holds"
FAILS: Final = "FAILS"
GRANTED: Final = "granted"
CLOSED: Final = "closed"
KNOWN_GAP: Final = "known-gap"
UNDECIDED: Final = "undecided"
NO_SUBJECT: Final = "n/a"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a claim.

    `status`: holds; FAILS; granted (only what the user's own values opened breaks it); closed (only what the user's
    values closed breaks it); known-gap (only what the chart had to leave open breaks it, as no value says where the
    host API server is, or because no policy can say it); n/a (what it speaks of is not in the host cluster); undecided
    (it does not fail, and a policy that is not evaluated could make it fail: one of `undecided_by`).
    `keys` are the paths of those values, or what was left open.
    `labels` and `addresses` count the classes of label sets and of addresses that were gone through, `pairs` those of
    sources and destinations. `counterexample` is the smallest, None when the claim holds. `assumes` says what a claim
    that holds takes for granted about addresses that no value gives.
    """

    claim: Claim
    status: str
    labels: int = 0
    addresses: int = 0
    pairs: int = 0
    counterexample: Example | None = None
    keys: tuple[str, ...] = ()
    undecided_by: tuple[UnevaluatedPolicy, ...] = ()
    assumes: tuple[Assumption, ...] = ()


def prove(subject: Subject, claims: Iterable[Claim] | None = None) -> list[Outcome]:
    """Judge claims about a subject, all that there are if none are given, in their order."""
    found = _by_evaluated_policies(subject, claims_of(subject) if claims is None else claims)
    return _with_undecided(subject, found) if subject.not_evaluated else found


def _by_evaluated_policies(subject: Subject, claims: Iterable[Claim]) -> list[Outcome]:
    """Judge claims as if nothing but the policies that are evaluated had a say."""
    judge = _Judge(subject)
    return [Outcome(claim, FAILS) if claim.impossible else judge.outcome(claim) for claim in claims]


def _with_undecided(subject: Subject, outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Return outcomes with those as undecided that a policy which is not evaluated could change for the worse."""
    causes: dict[int, tuple[UnevaluatedPolicy, ...]] = {}
    for isolation in (True, False):
        asked = [one for one in outcomes if (one.claim.kind == ISOLATION) is isolation]
        asked = [one for one in asked if one.status not in (FAILS, NO_SUBJECT)]
        policies = [policy for policy in subject.not_evaluated if (policy.opens if isolation else policy.closes)]
        near = tuple(policy for policy in policies if subject.namespace_sync or policy.concerns(subject.spaces))
        if near:
            causes |= dict.fromkeys(map(id, asked), near)
        elif policies:
            places = frozenset(policy.namespace for policy in policies)
            rest = (opened if isolation else closed)((subject.policies, subject.tiers), places)
            causes |= dict.fromkeys(_worse_with(rest, subject, asked), tuple(policies))
    return [
        replace(one, status=UNDECIDED, counterexample=None, keys=(), undecided_by=causes[id(one)])
        if id(one) in causes
        else one
        for one in outcomes
    ]


def _worse_with(rendered: PolicySet, subject: Subject, outcomes: Sequence[Outcome]) -> Iterator[int]:
    """Yield the ids of outcomes that would not be what they are with the worst policies that there could be.

    Policies confined to other namespaces change only what pods there let out and in: the worst that they can do is
    to let everything through, or nothing.
    """
    worst = replace(subject, policies=rendered[0], tiers=rendered[1])
    again = _by_evaluated_policies(worst, [one.claim for one in outcomes])
    yield from (id(one) for one, other in zip(outcomes, again, strict=True) if one.status != other.status)


class _Judge:
    """The worlds in which claims about one subject are judged, each made when it is needed."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._made: dict[tuple[str, bool, str], list[World]] = {}
        self._public: list[World] = []

    def outcome(self, claim: Claim) -> Outcome:
        """Judge one claim."""
        if not claim.applies(self._subject):
            return Outcome(claim, NO_SUBJECT)
        # Nobody may rely on what a tenant might sync, so nothing is available by it.
        whole = RENDERED if claim.kind != ISOLATION and self._subject.policy_sync else FULL
        found = list(self._broken(claim, whole))
        counts = _counts(claim, self._worlds((whole, False, ""))[0])
        if not found:
            return Outcome(claim, HOLDS, *counts, assumes=self._assumes(claim))
        smallest = min(found, key=Counterexample.size).example()
        if self._subject.changed and claim.kind == ISOLATION:
            chartly = min(self._broken(claim, UNGRANTED), key=Counterexample.size, default=None)
            if chartly is None:
                return Outcome(claim, GRANTED, *counts, smallest, self._granted(found))
            smallest = chartly.example()
        if claim.kind == ISOLATION:
            left = self._left_open(claim)
            if left:
                return Outcome(claim, KNOWN_GAP, *counts, smallest, left)
        elif not claim.advice and self._closing() and not any(self._broken(claim, USUAL)):
            return Outcome(claim, CLOSED, *counts, smallest, self._closing())
        return Outcome(claim, FAILS, *counts, smallest)

    def _assumes(self, claim: Claim) -> tuple[Assumption, ...]:
        """Return what a claim that holds takes for granted: it would break at public addresses."""
        if claim.kind != ISOLATION:
            return ()
        if not self._public:
            self._public = [world.at_public_addresses() for world in self._worlds((FULL, False, ""))]
        unsure = dependent(claim)
        pairs = ((one.source, one.destination) for world in self._public for one in broken(unsure, world))
        return assumptions_of(pairs)

    def _granted(self, found: Sequence[Counterexample]) -> tuple[str, ...]:
        """Return the values that opened what breaks a claim."""
        paths = {self._subject.granted(origin) for one in found for origin in one.rules}
        return tuple(sorted(paths - {""})) or tuple(sorted(self._subject.changed.values()))

    def _left_open(self, claim: Claim) -> tuple[str, ...]:
        """Return what the chart left open, if that alone breaks a claim; nothing if something else does."""
        if any(self._broken(claim, KNOWN_GAP)):
            return ()
        left_open = _LEFT_OPEN if self._subject.kind != PLATFORM else {LEFT_OPEN_BY_PLATFORM: ONLY_API_SERVER}
        alone = [what for what, which in left_open.items() if any(self._broken(claim, which))]
        return tuple(alone)

    def _closing(self) -> tuple[str, ...]:
        """Return the user's values that may have closed something."""
        return tuple(sorted(path for key, path in self._subject.changed.items() if key in CLOSING))

    def _broken(self, claim: Claim, which: str) -> Iterator[Counterexample]:
        """Yield what breaks a claim in any of the worlds that there can be.

        What is granted or left open to the control plane and snapshots excuses no workload, and what a claim is about
        does not excuse it.
        """
        if which in (FULL, RENDERED, USUAL):
            yield from (one for world in self._worlds((which, False, "")) for one in broken(claim, world))
            return
        for workloads in (False, True):
            worlds = self._worlds((which, workloads, claim.value))
            yield from (one for world in worlds for one in broken(claim, world, workloads=workloads))

    def _worlds(self, key: tuple[str, bool, str]) -> list[World]:
        """Return the worlds: with all policies, without what the user granted, or with the usual ones.

        There is one for each way in which selectors can see the labels of the vCluster's own namespace.
        """
        if key not in self._made:
            world = World(self._subject, self._policies(*key), few=True)
            self._made[key] = [world.at_home_in(home) for home in world.homes()]
        return self._made[key]

    def _policies(self, which: str, workloads: bool, value: str) -> PolicySet:  # noqa: FBT001 - the parts of a key
        """Return the policies of the worlds of one kind; in those of isolation, with what the tenant may sync."""
        subject = self._subject
        policies, tiers = subject.policies, subject.tiers
        if which == USUAL:
            policies, tiers = subject.at_default_values
        elif which not in (FULL, RENDERED) and subject.changed:
            policies, tiers = subject.without_user_grants(to_workloads=workloads, but=value)
        if which in (KNOWN_GAP, ONLY_SYNCED):
            policies, tiers = subject.without_known_gaps((policies, tiers), to_workloads=workloads)
        if which in (RENDERED, USUAL):
            return policies, tiers
        pods_only = subject.settings.floor and which in (KNOWN_GAP, ONLY_API_SERVER)
        return subject.with_worst_synced_policies(policies, pods_only=pods_only), tiers


FULL, RENDERED, UNGRANTED, USUAL = "full", "rendered", "ungranted", "usual"
ONLY_API_SERVER, ONLY_SYNCED = "only the API server's ports left open", "only synced ingress left open"

_LEFT_OPEN: Final = {
    "the ports of the host API server, to any address: its address is not configured; "
    "set policies.networkPolicy.hostApiServer.cidrs": ONLY_API_SERVER,
    "ingress from addresses, by NetworkPolicies that the tenant syncs: the floor's API cannot deny it; "
    "turn sync.toHost.networkPolicies off, or admit no such policies": ONLY_SYNCED,
}
"""What the chart may have to leave open, and the worlds in which that alone is open."""


def broken(claim: Claim, world: World, *, workloads: bool | None = None) -> Iterator[Counterexample]:
    """Yield every pair of classes that breaks a claim; of `workloads` as sources only, or of all others only."""
    for source, destination, ends in claim.pairs(world.ends):
        if workloads is not None and workloads != (source.actor in (WORKLOAD, ORDINARY)):
            continue
        verdict = world.evaluator.flow(*ends, claim.mode)
        if wrong := claim.broken_on(verdict.allowed, world.subject):
            yield Counterexample(source, destination, ends, wrong, verdict)


def _counts(claim: Claim, world: World) -> tuple[int, int, int]:
    """Return the number of label classes, of address classes, and of pairs that a claim goes through."""
    roles = (
        (who, role)
        for flow in claim.flows
        for role, side in zip((SOURCE, DESTINATION), flow, strict=True)
        for who in side
    )
    ends = [end for who, role in dict.fromkeys(roles) for end in world.ends(who, role)]
    external = sum(isinstance(end, External) for end in ends)
    return len(ends) - external, external, sum(1 for _ in claim.pairs(world.ends))
