"""vCluster Platform: VirtualClusterTemplate, VirtualClusterInstance, VirtualCluster.

Source: the API types of `management.loft.sh/v1` and `storage.loft.sh/v1`: a vcluster.yaml is the text in
`helmRelease.values`, of a template, of each of its versions, and of an instance that carries its own. Expressions in
it are filled in from `parameters`: a template declares them with defaults, an instance gives them as YAML.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from vcluster_isolation.errors import InputError
from vcluster_isolation.values.delivery.expressions import Engine
from vcluster_isolation.values.delivery.sites import (
    Elsewhere,
    Path,
    Site,
    chart_of,
    each,
    name_of,
    present,
    text_at,
)
from vcluster_isolation.values.paths import at_path
from vcluster_isolation.values.strict_yaml import parse_mapping

_HELM: Final = ("helmRelease",)
_ADVICE: Final = "give the parameter a defaultValue in spec.parameters, or write the value into the template"
_WITH_TEMPLATE: Final = "give that template as well, and name one of its versions exactly if it has any"


def sites(item: Mapping[str, Any], others: Sequence[Mapping[str, Any]]) -> Iterator[Site]:
    """Yield the releases of an object of the platform; `others` are the objects among which its template may be."""
    kind = item.get("kind")
    if kind == "VirtualClusterTemplate":
        yield from _of_template(item)
    elif kind == "VirtualClusterInstance":
        yield from _of_instance(item, others)
    elif kind == "VirtualCluster":
        yield _release(item, ("spec",), name_of(item), Engine(advice=_ADVICE))


def _of_template(item: Mapping[str, Any]) -> Iterator[Site]:
    """Yield a release for a template itself, and one for each of its versions."""
    places: list[tuple[Path, str, Path]] = [(("spec", "template"), name_of(item), ("spec", "parameters"))]
    for path, version in each(item, ("spec", "versions")):
        title = f"{name_of(item)} version {version.get('version', path[-1])}"
        places.append(((*path, "template"), title, (*path, "parameters")))
    for path, title, parameters in places:
        if isinstance(at_path(item, path), Mapping) and (path[1] != "template" or at_path(item, (*path, *_HELM))):
            yield _release(item, path, title, Engine(dict(_defaults(item, parameters)), _ADVICE), named=False)


def _of_instance(item: Mapping[str, Any], others: Sequence[Mapping[str, Any]]) -> Iterator[Site]:
    """Yield the release of an instance: of its own template, or of one that it refers to."""
    given = _given(item)
    if isinstance(at_path(item, ("spec", "template")), Mapping):
        engine = Engine({**dict(_defaults(item, ("spec", "parameters"))), **given}, _ADVICE)
        yield _release(item, ("spec", "template"), name_of(item), engine)
    elif at_path(item, ("spec", "templateRef")):
        yield _referring(item, given, others)


def _referring(item: Mapping[str, Any], given: Mapping[str, Any], others: Sequence[Mapping[str, Any]]) -> Site:
    """Return the release of an instance that refers to a template, with the template's values if it is there."""
    name, version = (text_at(item, ("spec", "templateRef", key)) for key in ("name", "version"))
    title = f"{name_of(item)} by VirtualClusterTemplate/{name or '?'}"
    whereabouts = _whereabouts(item)
    for template in others:
        if template.get("kind") == "VirtualClusterTemplate" and _named(template) == name:
            path = _version(template, version)
            if path is not None:
                parameters = (*path[:-1], "parameters")
                engine = Engine({**dict(_defaults(template, parameters)), **given}, _ADVICE)
                found = _release(template, path, title, engine)
                return replace(found, name=whereabouts[0], namespace=whereabouts[1], item=template)
    what = f"the values of VirtualClusterTemplate/{name or '?'}" + (f" {version}" if version else "")
    elsewhere = (Elsewhere(("spec", "templateRef"), what, _WITH_TEMPLATE),)
    return Site(title, ("spec",), "vcluster", *whereabouts, elsewhere=elsewhere)


def _version(template: Mapping[str, Any], version: str | None) -> Path | None:
    """Return where a version of a template is; None if it is not there, or the platform has to choose one."""
    versions = list(each(template, ("spec", "versions")))
    if not version:
        return None if versions else ("spec", "template")
    return next(((*path, "template") for path, one in versions if one.get("version") == version), None)


def _release(item: Mapping[str, Any], path: Path, title: str, engine: Engine, *, named: bool = True) -> Site:
    """Return the release whose helmRelease is below a path. A template has no name for it, and no namespace."""
    name, namespace = _whereabouts(item) if named else (None, None)
    helm = (*path, *_HELM)
    chart = chart_of(text_at(item, (*helm, "chart", "name"))) or "vcluster"
    return Site(title, helm, chart, name, namespace, present(item, (*helm, "values")), engine=engine)


def _whereabouts(item: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return the name of an instance's release and its namespace in the host cluster; None for what is not said."""
    reference: Path = ("spec", "clusterRef")
    own = text_at(item, ("metadata", "namespace")) if item.get("kind") == "VirtualCluster" else None
    return text_at(item, (*reference, "virtualCluster")) or _named(item), text_at(
        item, (*reference, "namespace")
    ) or own


def _named(item: Mapping[str, Any]) -> str | None:
    return text_at(item, ("metadata", "name"))


def _defaults(item: Mapping[str, Any], parameters: Path) -> Iterator[tuple[str, Any]]:
    """Yield the parameters that have a default, by the path that an expression has."""
    for _, parameter in each(item, parameters):
        name, value = parameter.get("variable"), parameter.get("defaultValue")
        if isinstance(name, str) and value is not None and value != "":
            yield f".Values.{name}", value


def _given(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters that an instance gives, by the path that an expression has."""
    text = text_at(item, ("spec", "parameters"))
    try:
        values = parse_mapping(text, "spec.parameters") if text else {}
    except InputError:  # then none of them is known, and each expression that needs one is a problem
        return {}
    return dict(_flat(values, ".Values"))


def _flat(values: Mapping[str, Any], above: str) -> Iterator[tuple[str, Any]]:
    """Yield scalars by their path."""
    for key, value in values.items():
        path = f"{above}.{key}"
        if isinstance(value, Mapping):
            yield from _flat(value, path)
        else:
            yield path, value
