"""`audit`: what holds for each vCluster of a real host cluster, for the pods in it and for those that could be.

What is covered. For each vCluster every claim of `claims.py` that applies, judged

- for the pods that are there: their labels, addresses, named ports and hostNetwork, towards the real pods of every
  other vCluster and of the host, the addresses of the cast, and the nodes;
- for every pod that is possible: each label set that the vCluster's tenant can choose, in each namespace that the
  vCluster has (and, if it syncs namespaces, in a new one), and the cast's other actors; towards the same, and towards
  every pod that any other tenant can create.

In both, every policy of the cluster counts as it is, whoever made it: a tenant's own synced NetworkPolicy, which adds
up with the vCluster's, as well as the host's, and the cluster-scoped ones above and below them. Other tenants are those
that are there, each with its own policies or none, and neighbours only where another vCluster really is in the same
namespace.

What is not covered: what NetworkPolicy leaves open (`netpol/engine/evaluate.py`), the vCluster's values (what the
user opened on purpose fails like everything else, and claims about named grants are left out), what policies of other
APIs say (claims that these could break are undecided: `audit/undecided.py`), pods that a tenant puts into the host's
network, and what a tenant may do but has not begun to do: NetworkPolicies and namespaces that it could sync if its
vCluster lets it. Where host DNS, the host API server and vCluster Platform are is taken from the vCluster's policies
(`settings_of_policies`); that the platform is reachable is claimed only where there is one.

Cost. vClusters of one shape are judged once (`audit/shape.py`), and ends of all shapes meet by what they look for
(`audit/across_namespaces.py`): beyond reading the cluster it is some milliseconds for each shape, and some hundred
microseconds for each vCluster. vClusters that share a namespace are judged one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from vcluster_isolation.audit.across_namespaces import judge_across_namespaces, judge_neighbours
from vcluster_isolation.audit.cluster_index import ClusterIndex
from vcluster_isolation.audit.cover import Uncovered, cover, selected_policies, unselected
from vcluster_isolation.audit.ends import EndpointClass, is_hosted, scope_of
from vcluster_isolation.audit.find import DiscoveredVCluster, Discovery, RolePod, find
from vcluster_isolation.audit.groups import EquivalenceGroup, SecondMember
from vcluster_isolation.audit.judge import Finding, judge
from vcluster_isolation.audit.promises import Promise
from vcluster_isolation.audit.shape import shape
from vcluster_isolation.audit.undecided import Findings, doubts_of, undecided
from vcluster_isolation.claims.claims import AVAILABILITY, ISOLATION
from vcluster_isolation.netpol.engine.labels import TooManyClasses
from vcluster_isolation.netpol.parse.parse import Cluster
from vcluster_isolation.netpol.unevaluated import UnevaluatedPolicy

Tell = Callable[[str, int, int], None]
"""Is told what is being done, how much of it is, and how much there is (0: unknown)."""


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What became of the claims about all vClusters of one shape; the examples are of `first`.

    `unjudged` says why nothing could be said of them, and then there are no findings.
    """

    first: DiscoveredVCluster
    findings: tuple[Finding, ...] = ()
    unjudged: str = ""


@dataclass(frozen=True, slots=True)
class Audited:
    """One vCluster. `unselected` are the names of policies in its namespaces that select no pod that is there.

    It is not `isolated` when no policy selects any of its pods, or when there are neither pods nor policies.
    `not_evaluated` are the policies of other APIs that may be about its pods.
    """

    found: DiscoveredVCluster
    verdicts: Verdicts
    hosted: bool
    isolated: bool
    uncovered: tuple[Uncovered, ...]
    unselected: tuple[str, ...]
    not_evaluated: tuple[UnevaluatedPolicy, ...] = ()


@dataclass(frozen=True, slots=True)
class Audit:
    """All vClusters of a host cluster, in ascending order, and what was read; `broken`: policies that are missing."""

    cluster: Cluster
    vclusters: tuple[Audited, ...]
    broken: tuple[Promise, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every claim holds, and everything was judged."""
        return not self.fails and not any(finding.undecided for finding in self._findings())

    @property
    def fails(self) -> bool:
        """Whether a claim fails, something was not judged, or a policy is not there that should be."""
        unjudged = (
            self.cluster.problems or self.broken or any(vcluster.verdicts.unjudged for vcluster in self.vclusters)
        )
        return bool(unjudged) or any(finding.fails for finding in self._findings())

    def _findings(self) -> Iterator[Finding]:
        """Yield the findings about all vClusters, what several share once."""
        for verdicts in {id(vcluster.verdicts): vcluster.verdicts for vcluster in self.vclusters}.values():
            yield from verdicts.findings


def audit(
    cluster: Cluster,
    declared: Iterable[tuple[str, str]] = (),
    tell: Tell | None = None,
    kinds: Collection[str] = (ISOLATION, AVAILABILITY),
) -> Audit:
    """Judge the claims of some kinds about every vCluster of a host cluster.

    `declared` are the (namespace, release) of policies labelled `app: vcluster`. Raises nothing: of vClusters whose
    selectors tell too many kinds of pods apart the verdicts say so.
    """
    fleet = find(cluster, declared)
    index = ClusterIndex(cluster, fleet)
    tell = tell or _quiet

    def again(other: Cluster) -> Findings:
        judged = _verdicts(fleet, ClusterIndex(other, fleet, index.platforms), tell, kinds)
        return {key: one.findings for key, one in judged.items()}

    judged = _verdicts(fleet, index, tell, kinds)
    findings = {key: one.findings for key, one in judged.items()}
    verdicts = _with(undecided(cluster, fleet.found, findings, again), judged)
    selected, doubts = selected_policies(fleet, index), doubts_of(cluster)
    audited = (
        replace(
            _audited(vcluster, verdicts[id(vcluster)], fleet, index, selected), not_evaluated=doubts.about(vcluster)
        )
        for vcluster in fleet.found
    )
    return Audit(cluster, tuple(audited))


def _verdicts(fleet: Discovery, index: ClusterIndex, tell: Tell, kinds: Collection[str]) -> dict[int, Verdicts]:
    """Return what becomes of the claims of some kinds about each vCluster, by its id."""
    verdicts: dict[int, Verdicts] = {}
    for listed, judged in _judged(fleet, index, tell):
        findings = tuple(finding for finding in judged.findings if finding.claim.kind in kinds)
        verdicts |= dict.fromkeys(map(id, listed), replace(judged, findings=findings))
    return verdicts


def _with(findings: Findings, verdicts: Mapping[int, Verdicts]) -> dict[int, Verdicts]:
    """Return verdicts with other findings; vClusters that share both keep sharing their verdicts."""
    made: dict[tuple[int, int], Verdicts] = {}
    for key, one in verdicts.items():
        pair = (id(one), id(findings[key]))
        if pair not in made:
            made[pair] = one if one.findings is findings[key] else replace(one, findings=findings[key])
    return {key: made[id(one), id(findings[key])] for key, one in verdicts.items()}


def _quiet(what: str, done: int, of: int) -> None:
    """Tell nobody."""


def _judged(fleet: Discovery, index: ClusterIndex, tell: Tell) -> Iterator[tuple[list[DiscoveredVCluster], Verdicts]]:
    """Yield all vClusters, those of one shape together, with what became of the claims about them."""
    host = [EndpointClass(tags, (pod, pod), real=True) for tags, pod in index.host if "anybody" not in tags]
    judged: list[tuple[list[DiscoveredVCluster], EquivalenceGroup]] = []
    groups = _groups(fleet, index)
    for at, listed in enumerate(groups):
        tell("judging groups of vClusters", at, len(groups))
        try:
            judged.append((listed, _group(listed, fleet, index, host)))
        except TooManyClasses as error:
            yield listed, Verdicts(listed[0], unjudged=str(error))
    tell("judging groups of vClusters", len(groups), len(groups))
    judge_across_namespaces([group for _, group in judged], index)
    for shared in _shared(judged):
        judge_neighbours(shared, index)
    for listed, group in judged:
        yield listed, Verdicts(listed[0], group.results.findings())


def _group(
    listed: Sequence[DiscoveredVCluster], fleet: Discovery, index: ClusterIndex, host: Iterable[EndpointClass]
) -> EquivalenceGroup:
    """Judge the first of some vClusters of one shape by itself."""
    first = listed[0]
    platform = any("platform" in tags for tags, _ in index.host)
    results = judge(scope_of(first, _beside(first, fleet), index), host, platform=platform)
    results.scope = replace(results.scope, host=())
    second = None
    if len(listed) > 1:
        pods = tuple(pod for _, pod in (*listed[1].pods, *_beside(listed[1], fleet)))
        second = SecondMember(first, listed[1], pods, index.spaces)
    return EquivalenceGroup(results, index.sites[first.tenant.namespace], second)


def _beside(found: DiscoveredVCluster, fleet: Discovery) -> list[RolePod]:
    """Return the pods in a vCluster's namespaces that are no vCluster's own."""
    return [one for space in found.spaces for one in fleet.beside.get(space, ())]


def _groups(fleet: Discovery, index: ClusterIndex) -> list[list[DiscoveredVCluster]]:
    """Return the vClusters, those of one shape together; one that shares a site is by itself."""
    count: dict[str, int] = {}
    for found in fleet.found:
        site = index.sites[found.tenant.namespace]
        count[site] = count.get(site, 0) + 1
    groups: dict[object, list[DiscoveredVCluster]] = {}
    for vcluster in fleet.found:
        alone = count[index.sites[vcluster.tenant.namespace]] == 1
        groups.setdefault(shape(vcluster, _beside(vcluster, fleet), index) if alone else vcluster.tenant, []).append(
            vcluster
        )
    return list(groups.values())


def _shared(judged: Iterable[tuple[list[DiscoveredVCluster], EquivalenceGroup]]) -> list[list[EquivalenceGroup]]:
    """Return the groups that share a site."""
    found: dict[str, list[EquivalenceGroup]] = {}
    for _, group in judged:
        found.setdefault(group.site, []).append(group)
    return [listed for listed in found.values() if len(listed) > 1]


def _audited(
    found: DiscoveredVCluster, verdicts: Verdicts, fleet: Discovery, index: ClusterIndex, selected: frozenset[int]
) -> Audited:
    """Return what there is to say of one vCluster."""
    policies = list(index.policies(found.spaces))
    own = cover(found.pods, index)
    bare = len(own) == len(found.pods) and not any(one.ingress or one.egress for one in own)
    return Audited(
        found,
        verdicts,
        is_hosted(found, policies),
        not bare if found.pods else bool(policies),
        (*own, *cover(_beside(found, fleet), index)),
        unselected(found, policies, selected),
    )
