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
(`audit/abroad.py`): beyond reading the cluster it is some milliseconds for each shape, and some hundred microseconds
for each vCluster. vClusters that share a namespace are judged one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from vcluster_isolation.audit.abroad import meet_abroad, meet_neighbours
from vcluster_isolation.audit.cover import Uncovered, cover, selected_policies, unselected
from vcluster_isolation.audit.ends import End, is_hosted, place_of
from vcluster_isolation.audit.find import Fleet, Found, RolePod, find
from vcluster_isolation.audit.judge import Finding, judge
from vcluster_isolation.audit.land import Land
from vcluster_isolation.audit.promises import Promise
from vcluster_isolation.audit.shape import shape
from vcluster_isolation.audit.undecided import Findings, doubts_of, undecided
from vcluster_isolation.audit.units import Twin, Unit
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

    first: Found
    findings: tuple[Finding, ...] = ()
    unjudged: str = ""


@dataclass(frozen=True, slots=True)
class Audited:
    """One vCluster. `unselected` are the names of policies in its namespaces that select no pod that is there.

    It is not `isolated` when no policy selects any of its pods, or when there are neither pods nor policies.
    `not_evaluated` are the policies of other APIs that may be about its pods.
    """

    found: Found
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
        return not self.fails and not any(found.undecided for found in self._findings())

    @property
    def fails(self) -> bool:
        """Whether a claim fails, something was not judged, or a policy is not there that should be."""
        unjudged = self.cluster.problems or self.broken or any(one.verdicts.unjudged for one in self.vclusters)
        return bool(unjudged) or any(found.fails for found in self._findings())

    def _findings(self) -> Iterator[Finding]:
        """Yield the findings about all vClusters, what several share once."""
        for verdicts in {id(one.verdicts): one.verdicts for one in self.vclusters}.values():
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
    land = Land(cluster, fleet)
    tell = tell or _quiet

    def again(other: Cluster) -> Findings:
        judged = _verdicts(fleet, Land(other, fleet, land.platforms), tell, kinds)
        return {key: one.findings for key, one in judged.items()}

    judged = _verdicts(fleet, land, tell, kinds)
    findings = {key: one.findings for key, one in judged.items()}
    verdicts = _with(undecided(cluster, fleet.found, findings, again), judged)
    selected, doubts = selected_policies(fleet, land), doubts_of(cluster)
    audited = (
        replace(_audited(one, verdicts[id(one)], fleet, land, selected), not_evaluated=doubts.about(one))
        for one in fleet.found
    )
    return Audit(cluster, tuple(audited))


def _verdicts(fleet: Fleet, land: Land, tell: Tell, kinds: Collection[str]) -> dict[int, Verdicts]:
    """Return what becomes of the claims of some kinds about each vCluster, by its id."""
    verdicts: dict[int, Verdicts] = {}
    for listed, judged in _judged(fleet, land, tell):
        findings = tuple(one for one in judged.findings if one.claim.kind in kinds)
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


def _judged(fleet: Fleet, land: Land, tell: Tell) -> Iterator[tuple[list[Found], Verdicts]]:
    """Yield all vClusters, those of one shape together, with what became of the claims about them."""
    host = [End(tags, (pod, pod), real=True) for tags, pod in land.host if "anybody" not in tags]
    units: list[tuple[list[Found], Unit]] = []
    groups = _groups(fleet, land)
    for at, listed in enumerate(groups):
        tell("judging kinds of vClusters", at, len(groups))
        try:
            units.append((listed, _unit(listed, fleet, land, host)))
        except TooManyClasses as error:
            yield listed, Verdicts(listed[0], unjudged=str(error))
    tell("judging kinds of vClusters", len(groups), len(groups))
    meet_abroad([unit for _, unit in units], land)
    for shared in _shared(units):
        meet_neighbours(shared, land)
    for listed, unit in units:
        yield listed, Verdicts(listed[0], unit.board.findings())


def _unit(listed: Sequence[Found], fleet: Fleet, land: Land, host: Iterable[End]) -> Unit:
    """Judge the first of some vClusters of one shape by itself."""
    first = listed[0]
    platform = any("platform" in tags for tags, _ in land.host)
    board = judge(place_of(first, _beside(first, fleet), land), host, platform=platform)
    board.place = replace(board.place, host=())
    twin = None
    if len(listed) > 1:
        pods = tuple(pod for _, pod in (*listed[1].pods, *_beside(listed[1], fleet)))
        twin = Twin(first, listed[1], pods, land.spaces)
    return Unit(board, land.sites[first.tenant.namespace], twin)


def _beside(found: Found, fleet: Fleet) -> list[RolePod]:
    """Return the pods in a vCluster's namespaces that are no vCluster's own."""
    return [one for space in found.spaces for one in fleet.beside.get(space, ())]


def _groups(fleet: Fleet, land: Land) -> list[list[Found]]:
    """Return the vClusters, those of one shape together; one that shares a site is by itself."""
    count: dict[str, int] = {}
    for found in fleet.found:
        site = land.sites[found.tenant.namespace]
        count[site] = count.get(site, 0) + 1
    groups: dict[object, list[Found]] = {}
    for found in fleet.found:
        alone = count[land.sites[found.tenant.namespace]] == 1
        groups.setdefault(shape(found, _beside(found, fleet), land) if alone else found.tenant, []).append(found)
    return list(groups.values())


def _shared(units: Iterable[tuple[list[Found], Unit]]) -> list[list[Unit]]:
    """Return the units that share a site."""
    found: dict[str, list[Unit]] = {}
    for _, unit in units:
        found.setdefault(unit.site, []).append(unit)
    return [listed for listed in found.values() if len(listed) > 1]


def _audited(found: Found, verdicts: Verdicts, fleet: Fleet, land: Land, selected: frozenset[int]) -> Audited:
    """Return what there is to say of one vCluster."""
    policies = list(land.policies(found.spaces))
    own = cover(found.pods, land)
    bare = len(own) == len(found.pods) and not any(one.ingress or one.egress for one in own)
    return Audited(
        found,
        verdicts,
        is_hosted(found, policies),
        not bare if found.pods else bool(policies),
        (*own, *cover(_beside(found, fleet), land)),
        unselected(found, policies, selected),
    )
