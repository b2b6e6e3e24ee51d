"""Which pods no policy covers, and which policies select no pod."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from vcluster_isolation.audit.cluster_index import ClusterIndex
from vcluster_isolation.audit.find import DiscoveredVCluster, Discovery, RolePod
from vcluster_isolation.netpol.objects.model import EGRESS, INGRESS, Pod, Policy
from vcluster_isolation.netpol.objects.tiers import DENY, tier_rules
from vcluster_isolation.vcluster.policy_names import recognise


@dataclass(frozen=True, slots=True)
class Uncovered:
    """A pod that no policy isolates in one direction or both: `ingress` and `egress` say in which one does.

    A cluster-scoped policy isolates a pod if it denies anything. Policies may pass by a pod in the host's network, so
    it counts as isolated in none.
    """

    namespace: str
    name: str
    role: str
    ingress: bool
    egress: bool
    host_network: bool


def cover(pods: Iterable[RolePod], index: ClusterIndex) -> tuple[Uncovered, ...]:
    """Return the pods that are not isolated in both directions."""
    found = []
    for role, pod in pods:
        into, out = (not pod.host_network and _isolated(pod, way, index) for way in (INGRESS, EGRESS))
        if not (into and out):
            found.append(Uncovered(pod.namespace.name, pod.name, role, into, out, pod.host_network))
    return tuple(found)


def _isolated(pod: Pod, way: str, index: ClusterIndex) -> bool:
    """Return whether a policy isolates a pod in a direction, or a cluster-scoped one denies something there."""
    tiers = index.evaluator.governing(pod, way)
    return bool(index.evaluator.isolating(pod, way)) or any(rule.action == DENY for rule in tier_rules(tiers, way))


def selected_policies(fleet: Discovery, index: ClusterIndex) -> frozenset[int]:
    """Return the ids of the policies that select a pod in a namespace of a vCluster."""
    own = (pod for vcluster in fleet.found for _, pod in vcluster.pods)
    beside = (pod for pods in fleet.beside.values() for _, pod in pods)
    pods = (pod for listed in (own, beside) for pod in listed)
    return frozenset(
        id(policy) for pod in pods for way in (INGRESS, EGRESS) for policy in index.evaluator.isolating(pod, way)
    )


def unselected(found: DiscoveredVCluster, policies: Iterable[Policy], selected: frozenset[int]) -> tuple[str, ...]:
    """Return the policies of a vCluster's namespaces that select no pod, but those of its neighbours there."""
    mine = (
        policy for policy in policies if not (known := recognise(policy)) or known.vcluster in ("", found.tenant.name)
    )
    return tuple(f"{one.namespace}/{one.name}" for one in mine if id(one) not in selected)
