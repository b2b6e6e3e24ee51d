"""Which objects hold Helm releases, by API group and kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from vcluster_isolation.netpol.parse.parse import list_items
from vcluster_isolation.values.delivery import argocd, platform, tools
from vcluster_isolation.values.delivery.kinds import ROOT_KEYS
from vcluster_isolation.values.delivery.sites import (
    Path,
    Site,
)
from vcluster_isolation.values.paths import at_path

Object = Mapping[str, Any]
_Reader = Callable[[Object, Sequence[Object]], Iterator[Site]]


def _alone(reader: Callable[[Object], Iterator[Site]]) -> _Reader:
    """Return a reader that needs no other objects."""
    return lambda item, _: reader(item)


_READERS: Final[Mapping[tuple[str, str], _Reader]] = {
    ("argoproj.io", "Application"): _alone(argocd.sites),
    ("argoproj.io", "ApplicationSet"): _alone(argocd.sites),
    ("helm.toolkit.fluxcd.io", "HelmRelease"): tools.flux,
    ("management.loft.sh", "VirtualClusterTemplate"): platform.sites,
    ("management.loft.sh", "VirtualClusterInstance"): platform.sites,
    ("storage.loft.sh", "VirtualClusterTemplate"): platform.sites,
    ("storage.loft.sh", "VirtualClusterInstance"): platform.sites,
    ("storage.loft.sh", "VirtualCluster"): platform.sites,
    ("fleet.cattle.io", "Bundle"): _alone(tools.bundle),
    ("helm.cattle.io", "HelmChart"): tools.helm_chart,
    ("helm.cattle.io", "HelmChartConfig"): tools.helm_chart_config,
    ("helm.crossplane.io", "Release"): _alone(tools.crossplane),
    ("infrastructure.cluster.x-k8s.io", "VCluster"): _alone(tools.cluster_api),
}
"""Who reads the releases of an object; every version of a group is read alike."""


def _reader(item: Object) -> _Reader | None:
    """Return who reads an object; None for one that holds no releases."""
    version, kind = item.get("apiVersion"), item.get("kind")
    if version is None and kind is None:
        return _alone(tools.bundle) if _is_fleet(item) else None
    if not isinstance(version, str) or not isinstance(kind, str):
        return None
    return _READERS.get((version.partition("/")[0], kind))


def _is_fleet(item: Object) -> bool:
    """Return whether a mapping without a kind is a fleet.yaml: it names a chart, as no vcluster.yaml does."""
    return isinstance(at_path(item, ("helm", "chart")), str) and ROOT_KEYS.isdisjoint(item)


def holds_releases(item: Any) -> bool:
    """Return whether an object is one that holds Helm releases, be they vClusters' or not."""
    return isinstance(item, Mapping) and _reader(item) is not None


def sites_of(item: Object, others: Sequence[Object]) -> list[Site]:
    """Return the releases that an object holds; `others` are the objects that it may refer to."""
    reader = _reader(item)
    return [] if reader is None else list(reader(item, others))


def flattened(document: Any) -> Iterator[tuple[Path, Any]]:
    """Yield each object of a document with its path: those in Lists, and in lists of one kind, as `HelmReleaseList`.

    An item of a list of one kind that names no kind is of that. Items that aliases repeat are there once. Source:
    `reach.parse.flatten`, which manifests are read with.
    """
    waiting: list[tuple[Path, Any]] = [((), document)]
    seen: set[int] = set()
    while waiting:
        above, item = waiting.pop()
        listed = list_items(item)
        if not listed:
            yield above, item
        elif id(item["items"]) not in seen:
            seen.add(id(item["items"]))
            waiting += reversed([((*above, "items", index), one) for index, one in enumerate(listed)])
