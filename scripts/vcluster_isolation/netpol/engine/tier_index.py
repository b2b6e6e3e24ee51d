"""Finding the cluster-scoped policies whose subject is a pod, without asking each of them."""

from __future__ import annotations

from collections.abc import Iterable

from vcluster_isolation.netpol.engine.index import SelectorIndex
from vcluster_isolation.netpol.engine.match import selects
from vcluster_isolation.netpol.objects.model import EVERYTHING, Labels, Namespace, Pod
from vcluster_isolation.netpol.objects.tiers import TierPolicy, rank


class TierIndex:
    """Policies filed by what their subjects ask of namespaces, and then of pods."""

    def __init__(self, policies: Iterable[TierPolicy]) -> None:
        """File the policies."""
        groups: dict[object, list[TierPolicy]] = {}
        for policy in policies:
            groups.setdefault(policy.subject.namespaces, []).append(policy)
        named = ((group[0].subject.namespaces or EVERYTHING, group) for group in groups.values())
        self._spaces = SelectorIndex((selector, _by_pods(group)) for selector, group in named)
        self._found: dict[tuple[str, Namespace, Labels], tuple[TierPolicy, ...]] = {}

    def of(self, pod: Pod, direction: str) -> tuple[TierPolicy, ...]:
        """Return the policies with rules for a pod in a direction, the first to be asked first.

        "Host-networked pods are not included in subject selection" (AdminNetworkPolicySpec,
        ClusterNetworkPolicySubject).
        """
        if pod.host_network:
            return ()
        key = (direction, pod.namespace, pod.labels)
        if key not in self._found:
            groups = self._spaces.candidates(pod.namespace.labels)
            near = (one for index in groups for one in index.candidates(pod.labels))
            mine = (one for one in near if one.rules(direction) and selects(one.subject, "", pod))
            self._found[key] = tuple(sorted(mine, key=rank))
        return self._found[key]


def _by_pods(policies: Iterable[TierPolicy]) -> SelectorIndex[TierPolicy]:
    """File policies by what their subjects ask of pods."""
    return SelectorIndex((policy.subject.pods or EVERYTHING, policy) for policy in policies)
