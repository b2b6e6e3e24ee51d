"""What meets whom in a host cluster: vClusters by shape, and their ends as others see them."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, replace

from vcluster_isolation.audit.cluster_index import ClusterIndex
from vcluster_isolation.audit.ends import EndpointClass
from vcluster_isolation.audit.find import DiscoveredVCluster
from vcluster_isolation.audit.judge import ClaimResults
from vcluster_isolation.netpol.engine.canonical import renamed_labels
from vcluster_isolation.netpol.objects.model import Endpoint, Namespace, Pod, namespace
from vcluster_isolation.vcluster.actor_ref import NEIGHBOUR, OTHER
from vcluster_isolation.vcluster.pod_roles import SNAPSHOT


@dataclass(frozen=True, slots=True, eq=False)
class SecondMember:
    """Another vCluster of the shape of a `first`; `pods` are those in its namespaces."""

    first: DiscoveredVCluster
    found: DiscoveredVCluster
    pods: tuple[Pod, ...]
    spaces: Mapping[str, Namespace]

    def end(self, end: EndpointClass) -> Endpoint:
        """Return the end that it has where the first one has `end`."""
        if not isinstance(end.at, Pod):
            return end.at
        old, new = ((one.tenant.name, *one.spaces) for one in (self.first, self.found))
        names = dict(zip(old, new, strict=True))
        labels, space = renamed_labels(end.at.labels, names), self._space(end.at.namespace, names)
        called = (pod.name for pod in self.pods if pod.labels == labels and pod.namespace.name == space.name)
        return replace(end.at, namespace=space, labels=labels, name=next(called, "") if end.real else "")

    def _space(self, first: Namespace, names: Mapping[str, str]) -> Namespace:
        """Return the namespace that it has where the first one has `first`: its own, or one that is not there yet."""
        if first.name in names:
            return self.spaces.get(names[first.name]) or namespace(names[first.name])
        return replace(first, labels=renamed_labels(first.labels, names))


@dataclass(frozen=True, slots=True, eq=False)
class EquivalenceGroup:
    """vClusters of one shape, by the first of them. `site` is equal for those that share a namespace."""

    results: ClaimResults
    site: str
    second: SecondMember | None = None

    @property
    def found(self) -> DiscoveredVCluster:
        """The first of them."""
        return self.results.scope.found


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """An end as others see it: `whose` it is to them, and which actors of the cast (`tags`).

    Nodes meet if they are of different `places`. `group` is None for a pod of the host.
    """

    end: EndpointClass
    tags: frozenset[str]
    whose: str
    place: Hashable
    group: EquivalenceGroup | None = None


def seen_from_elsewhere(group: EquivalenceGroup) -> Iterator[Node]:
    """Yield the ends of a group as tenants of other namespaces see them: to them a stray is a pod of the host."""
    place = group.results.scope
    yield from (Node(end, end.tags, OTHER, group.site, group) for end in place.own)
    for end in place.beside:
        if SNAPSHOT in end.tags:
            yield Node(end, end.tags, OTHER, group.site, group)
        elif end.real:
            yield Node(end, _ANYBODY, HOST, group.site, group)


def nearby(group: EquivalenceGroup) -> Iterator[Node]:
    """Yield the ends of a group as its neighbours see them; the snapshot pods of a namespace are everybody's."""
    place = group.results.scope
    yield from (Node(end, end.tags, NEIGHBOUR, group, group) for end in place.own)
    yield from (Node(end, end.tags, NEIGHBOUR, group, group) for end in place.beside if SNAPSHOT in end.tags)


def of_host(index: ClusterIndex) -> Iterator[Node]:
    """Yield the real pods of the host."""
    yield from (Node(EndpointClass(tags, (pod, pod), real=True), tags, HOST, HOST) for tags, pod in index.host)


HOST = "host"
"""The host, as whose pods are and as a place."""

_ANYBODY = frozenset({"anybody", "elsewhere"})
