"""Flux, Fleet, the HelmChart of K3s and RKE2, Crossplane, and Cluster API: objects with one Helm release each.

Sources: Flux' API `helm.toolkit.fluxcd.io` (a release without a name is called [targetNamespace-]name), Fleet's
reference of fleet.yaml and Bundle, K3s' documentation "Helm" (the values of a HelmChartConfig win over those of the
HelmChart), Crossplane's provider-helm, and the Cluster API provider of vCluster
(`infrastructure.cluster.x-k8s.io`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from vcluster_isolation.values.delivery.sites import (
    Elsewhere,
    Path,
    Site,
    chart_of,
    name_of,
    present,
    text_at,
)
from vcluster_isolation.values.paths import at_path

_BESIDE: Final = "give the values there by themselves, as a file of their own"

_K3S_VALUES: Final[Sequence[Path]] = (("spec", "valuesContent"), ("spec", "values"))
_K3S_SECRETS: Final[Mapping[Path, str]] = {
    ("spec", "valuesSecrets"): "values of Secrets, which are not in this object",
}


def flux(item: Mapping[str, Any], others: Sequence[Mapping[str, Any]]) -> Iterator[Site]:
    """Yield the release of a HelmRelease; `others` are the objects among which its chartRef may be."""
    name, home = text_at(item, ("metadata", "name")), text_at(item, ("metadata", "namespace"))
    target = text_at(item, ("spec", "targetNamespace"))
    chart = text_at(item, ("spec", "chart", "spec", "chart")) or _referred(item, others)
    more: dict[Path, str] = {
        ("spec", "valuesFrom"): "values of ConfigMaps or Secrets, which are not in this object",
        ("spec", "chart", "spec", "valuesFiles"): "values files of the chart's own source",
        ("spec", "chart", "spec", "valuesFile"): "a values file of the chart's own source",
        ("spec", "postRenderers"): "patches of what is rendered, which may change policies",
    }
    yield Site(
        name_of(item),
        ("spec",),
        chart_of(chart),
        text_at(item, ("spec", "releaseName")) or (f"{target}-{name}" if target and name else name),
        target or home,
        present(item, ("spec", "values")),
        elsewhere=tuple(_elsewhere(item, more)),
    )


def _referred(item: Mapping[str, Any], others: Sequence[Mapping[str, Any]]) -> str | None:
    """Return the chart that a HelmRelease's chartRef leads to; the reference's own name if its object is not there."""
    kind, name = at_path(item, ("spec", "chartRef", "kind")), text_at(item, ("spec", "chartRef", "name"))
    for other in others:
        if other.get("kind") == kind and text_at(other, ("metadata", "name")) == name:
            return text_at(other, ("spec", "url")) or text_at(other, ("spec", "chart"))
    return name


def bundle(item: Mapping[str, Any]) -> Iterator[Site]:
    """Yield the release of Fleet's Bundle, or of a fleet.yaml, which has no kind."""
    inside: Path = ("spec",) if item.get("kind") == "Bundle" else ()
    helm = (*inside, "helm")
    more = {
        (*helm, "valuesFiles"): "values files beside it",
        (*helm, "valuesFrom"): "values of ConfigMaps or Secrets, which are not in this object",
        (*inside, "targetCustomizations"): "other values for some clusters",
        (*inside, "targets"): "other values for some clusters",
        (*inside, "overrideTargets"): "other values for some clusters",
    }
    spaces = (text_at(item, (*inside, key)) for key in ("namespace", "defaultNamespace"))
    yield Site(
        name_of(item) if inside else "fleet.yaml",
        helm,
        chart_of(text_at(item, (*helm, "chart"))),
        text_at(item, (*helm, "releaseName")) or text_at(item, ("metadata", "name")),
        next(filter(None, spaces), None),
        present(item, (*helm, "values")),
        elsewhere=tuple(_elsewhere(item, more)),
    )


def helm_chart(item: Mapping[str, Any], others: Sequence[Mapping[str, Any]]) -> Iterator[Site]:
    """Yield the release of a HelmChart of K3s or RKE2, with the HelmChartConfig of its name and namespace over it."""
    more: dict[Path, str] = {("spec", "set"): "values given one by one", **_K3S_SECRETS}
    yield Site(
        name_of(item),
        ("spec",),
        chart_of(text_at(item, ("spec", "chart"))),
        text_at(item, ("metadata", "name")),
        text_at(item, ("spec", "targetNamespace")) or text_at(item, ("metadata", "namespace")),
        present(item, *_K3S_VALUES),
        elsewhere=tuple(_elsewhere(item, more)),
        over=[_config(one) for one in others if one.get("kind") == "HelmChartConfig" and _same_place(one, item)],
    )


def helm_chart_config(item: Mapping[str, Any], others: Sequence[Mapping[str, Any]]) -> Iterator[Site]:
    """Yield what a HelmChartConfig sets if its HelmChart is not among `others`: values of a chart that is not known."""
    if not any(one.get("kind") == "HelmChart" and _same_place(one, item) for one in others):
        yield _config(item)


def _config(item: Mapping[str, Any]) -> Site:
    """Return the values of a HelmChartConfig."""
    elsewhere = tuple(_elsewhere(item, _K3S_SECRETS))
    return Site(name_of(item), ("spec",), None, values=present(item, *_K3S_VALUES), elsewhere=elsewhere, item=item)


def _same_place(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Return whether two objects have the same name, and are in the same namespace."""
    places = [
        (text_at(item, ("metadata", "name")), text_at(item, ("metadata", "namespace")) or "default")
        for item in (one, other)
    ]
    return places[0] == places[1]


def crossplane(item: Mapping[str, Any]) -> Iterator[Site]:
    """Yield the release of a Release of Crossplane's provider-helm."""
    inside: Path = ("spec", "forProvider")
    more = {
        (*inside, "valuesFrom"): "values of ConfigMaps or Secrets, which are not in this object",
        (*inside, "set"): "values given one by one",
        (*inside, "patchesFrom"): "patches of what is rendered, which may change policies",
    }
    external = text_at(item, ("metadata", "annotations", "crossplane.io/external-name"))
    chart = text_at(item, (*inside, "chart", "name")) or text_at(item, (*inside, "chart", "url"))
    yield Site(
        name_of(item),
        inside,
        chart_of(chart),
        external or text_at(item, ("metadata", "name")),
        text_at(item, (*inside, "namespace")),
        present(item, (*inside, "values")),
        elsewhere=tuple(_elsewhere(item, more)),
    )


def cluster_api(item: Mapping[str, Any]) -> Iterator[Site]:
    """Yield the release of a VCluster of Cluster API."""
    helm: Path = ("spec", "helmRelease")
    yield Site(
        name_of(item),
        helm,
        chart_of(text_at(item, (*helm, "chart", "name")) or "vcluster"),
        text_at(item, ("metadata", "name")),
        text_at(item, ("metadata", "namespace")),
        present(item, (*helm, "valuesObject")) or present(item, (*helm, "values")),
    )


def _elsewhere(item: Mapping[str, Any], more: Mapping[Path, str]) -> Iterator[Elsewhere]:
    """Yield what adds to a release from other places, if it is there."""
    yield from (Elsewhere(path, what, _BESIDE) for path, what in more.items() if at_path(item, path))
