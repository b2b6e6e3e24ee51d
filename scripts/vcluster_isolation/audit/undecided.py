"""Which claims of an audit a policy that is not evaluated leaves undecided: the rule of `prove.py`, for a whole fleet.

A policy that may be about pods of any namespace concerns every vCluster, one that is confined to a namespace of a
vCluster concerns that one: it could break each of its claims. The others are confined to namespaces elsewhere, where
they change only what the pods there let out and in. For those the fleet is judged once more as if these let everything
through (isolation), or nothing (availability): twice the work at most, and none where there are no such policies.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter

from vcluster_isolation.audit.find import DiscoveredVCluster
from vcluster_isolation.audit.judge import Finding
from vcluster_isolation.claims.claims import AVAILABILITY, ISOLATION
from vcluster_isolation.netpol.parse.parse import Cluster
from vcluster_isolation.netpol.unevaluated import UnevaluatedPolicy, closed, opened
from vcluster_isolation.prove.prove import HOLDS, UNDECIDED

Findings = Mapping[int, tuple[Finding, ...]]
"""What became of the claims about each vCluster, by its id; empty for one that could not be judged."""


@dataclass(frozen=True, slots=True)
class Doubts:
    """What policies that are not evaluated may do in a host cluster.

    `wide` may be about pods of any namespace, `confined` are those that are about one, by namespace.
    """

    wide: tuple[UnevaluatedPolicy, ...]
    confined: Mapping[str, Sequence[UnevaluatedPolicy]]

    def about(self, found: DiscoveredVCluster) -> tuple[UnevaluatedPolicy, ...]:
        """Return the policies that may be about pods of a vCluster."""
        own = [one for space in found.spaces for one in self.confined.get(space, ())]
        return (*self.wide, *own) if own else self.wide


def doubts_of(cluster: Cluster) -> Doubts:
    """Return what policies that are not evaluated may do in a cluster."""
    confined: dict[str, list[UnevaluatedPolicy]] = {}
    for policy in cluster.not_evaluated:
        if policy.changes and policy.confined:
            confined.setdefault(policy.namespace, []).append(policy)
    return Doubts(tuple(policy for policy in cluster.not_evaluated if policy.changes and not policy.confined), confined)


def undecided(
    cluster: Cluster, vclusters: Sequence[DiscoveredVCluster], findings: Findings, again: Callable[[Cluster], Findings]
) -> Findings:
    """Return the findings about each vCluster, with those as undecided that a policy could change for the worse.

    `again` judges all vClusters as if the policies of the cluster were others. VClusters of which the same is said
    keep sharing it.
    """
    doubts = doubts_of(cluster)
    if not doubts.wide and not doubts.confined:
        return findings
    for kind, breaks, worst in ((ISOLATION, _OPENS, opened), (AVAILABILITY, _CLOSES, closed)):
        near = {id(vcluster) for vcluster in vclusters if any(map(breaks, doubts.about(vcluster)))}
        spaces = frozenset(space for space, listed in doubts.confined.items() if any(map(breaks, listed)))
        others: Findings = {}
        if spaces and len(near) < len(vclusters):
            policies, tiers = worst((cluster.policies, cluster.tiers), spaces)
            others = again(replace(cluster, policies=policies, tiers=tiers))
        findings = _changed(findings, kind, near, others if spaces else findings)
    return findings


_OPENS, _CLOSES = attrgetter("opens"), attrgetter("closes")


def _changed(findings: Findings, kind: str, near: Collection[int], others: Findings) -> Findings:
    """Return findings with the claims of one kind that hold as undecided: near a policy all, else if they change.

    `others` is what would become of them with the worst policies; a vCluster that could not be judged then is near.
    """
    made: dict[tuple[int, int], tuple[object, tuple[Finding, ...]]] = {}
    changed: dict[int, tuple[Finding, ...]] = {}
    for key, listed in findings.items():
        other = None if key in near else others.get(key) or None
        pair = (id(listed), id(other))
        if pair not in made:
            made[pair] = ((listed, other), tuple(_with_undecided(listed, kind, other)))
        changed[key] = made[pair][1]
    return changed


def _with_undecided(listed: Sequence[Finding], kind: str, others: Sequence[Finding] | None) -> Iterator[Finding]:
    """Yield findings, those about claims of one kind as undecided that hold and do not among the `others`.

    None says that all of them do not.
    """
    worst = {one.claim.name: (one.there, one.possible) for one in others or ()}
    for one in listed:
        there, possible = worst.get(one.claim.name, ("", ""))
        of_kind = one.claim.kind == kind
        yield replace(one, there=_or(one.there, there), possible=_or(one.possible, possible)) if of_kind else one


def _or(status: str, worst: str) -> str:
    """Return a status, or undecided if it holds and would not."""
    return UNDECIDED if status == HOLDS and worst != HOLDS else status
