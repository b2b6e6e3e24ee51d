"""What meets whom in a host cluster: vClusters by shape, and their ends as others see them."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, replace

from vcluster_isolation.audit.ends import End
from vcluster_isolation.audit.find import Found
from vcluster_isolation.audit.judge import Board
from vcluster_isolation.audit.land import Land
from vcluster_isolation.netpol.engine.canonical import renamed_labels
from vcluster_isolation.netpol.objects.model import Endpoint, Namespace, Pod, namespace
from vcluster_isolation.vcluster.actor_ref import NEIGHBOUR, OTHER
from vcluster_isolation.vcluster.pod_roles import SNAPSHOT


@dataclass(frozen=True, slots=True, eq=False)
class Twin:
    """Another vCluster of the shape of a `first`; `pods` are those in its namespaces."""

    first: Found
    found: Found
    pods: tuple[Pod, ...]
    spaces: Mapping[str, Namespace]

    def end(self, end: End) -> Endpoint:
        """Return the end that it has where the first one has `end`."""
        if not isinstance(end.at, Pod):
            return end.at
        old, new = ((one.tenant.name, *one.spaces) for one in (self.first, self.found))
        names = dict(zip(old, new, strict=True))
        labels, space = renamed_labels(end.at.labels, names), self._space(end.at.namespace, names)
        called = (one.name for one in self.pods if one.labels == labels and one.namespace.name == space.name)
        return replace(end.at, namespace=space, labels=labels, name=next(called, "") if end.real else "")

    def _space(self, first: Namespace, names: Mapping[str, str]) -> Namespace:
        """Return the namespace that it has where the first one has `first`: its own, or one that is not there yet."""
        if first.name in names:
            return self.spaces.get(names[first.name]) or namespace(names[first.name])
        return replace(first, labels=renamed_labels(first.labels, names))


@dataclass(frozen=True, slots=True, eq=False)
class Unit:
    """vClusters of one shape, by the first of them. `site` is equal for those that share a namespace."""

    board: Board
    site: str
    twin: Twin | None = None

    @property
    def found(self) -> Found:
        """The first of them."""
        return self.board.place.found


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """An end as others see it: `whose` it is to them, and which actors of the cast (`tags`).

    Nodes meet if they are of different `places`. `unit` is None for a pod of the host.
    """

    end: End
    tags: frozenset[str]
    whose: str
    place: Hashable
    unit: Unit | None = None


def abroad(unit: Unit) -> Iterator[Node]:
    """Yield the ends of a unit as tenants of other namespaces see them: to them a stray is a pod of the host."""
    place = unit.board.place
    yield from (Node(end, end.tags, OTHER, unit.site, unit) for end in place.own)
    for end in place.beside:
        if SNAPSHOT in end.tags:
            yield Node(end, end.tags, OTHER, unit.site, unit)
        elif end.real:
            yield Node(end, _ANYBODY, HOST, unit.site, unit)


def nearby(unit: Unit) -> Iterator[Node]:
    """Yield the ends of a unit as its neighbours see them; the snapshot pods of a namespace are everybody's."""
    place = unit.board.place
    yield from (Node(end, end.tags, NEIGHBOUR, unit, unit) for end in place.own)
    yield from (Node(end, end.tags, NEIGHBOUR, unit, unit) for end in place.beside if SNAPSHOT in end.tags)


def of_host(land: Land) -> Iterator[Node]:
    """Yield the real pods of the host."""
    yield from (Node(End(tags, (pod, pod), real=True), tags, HOST, HOST) for tags, pod in land.host)


HOST = "host"
"""The host, as whose pods are and as a place."""

_ANYBODY = frozenset({"anybody", "elsewhere"})
