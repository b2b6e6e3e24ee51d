"""Argo CD: Applications and ApplicationSets.

Source: Argo CD's API (`Application.spec.source(s).helm`) and its guide "Helm": parameters go before valuesObject, that
before values, these before valueFiles; valuesObject replaces values as a whole. The release is called like the
Application unless `helm.releaseName` says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

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

_RENDER: Final = "read what `argocd app manifests` prints as well, or give that file's values by themselves"
_ADVICE: Final = "write the value into the template, or read what `argocd appset generate` prints"
_ADDED: Final[Mapping[str, str]] = {
    "valueFiles": "values files that are not in this object",
    "fileParameters": "values out of files that are not in this object",
}


def sites(item: Mapping[str, Any]) -> Iterator[Site]:
    """Yield the releases of an Application or ApplicationSet."""
    if item.get("kind") == "Application":
        yield from _of_spec(item, ("spec",), name_of(item), text_at(item, ("metadata", "name")), None)
    elif item.get("kind") == "ApplicationSet":
        yield from _of_set(item)


def _of_set(item: Mapping[str, Any]) -> Iterator[Site]:
    """Yield the releases of an ApplicationSet: one for each element where one list of them is all that generates."""
    path: Path = ("spec", "template", "spec")
    elements = _elements(item)
    patched = [
        Elsewhere(("spec", "templatePatch"), "a patch of the Application, which may change its values", _ADVICE)
    ] * bool(at_path(item, ("spec", "templatePatch")))
    for number, element in enumerate(elements if elements is not None else [{}]):
        which = f" element {number}" if elements is not None else ""
        engine = Engine(dict(_variables(element)), _ADVICE)
        name = text_at(item, ("spec", "template", "metadata", "name"))
        for site in _of_spec(item, path, f"{name_of(item)}{which}", name, engine):
            yield replace(site, elsewhere=(*site.elsewhere, *patched))


def _elements(item: Mapping[str, Any]) -> list[Mapping[str, Any]] | None:
    """Return the elements of the only generator, a list; None for other generators, which ask a cluster or git."""
    generators = at_path(item, ("spec", "generators"))
    if not isinstance(generators, list) or len(generators) != 1 or not isinstance(generators[0], Mapping):
        return None
    if set(generators[0]) != {"list"}:
        return None
    elements = at_path(generators[0], ("list", "elements"))
    plain = isinstance(elements, list) and all(isinstance(one, Mapping) for one in elements)
    simple = not at_path(generators[0], ("list", "template")) and not at_path(generators[0], ("list", "elementsYaml"))
    return list(elements) if plain and simple else None


def _variables(element: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Yield what an element says, by path: `name` for the plain engine, `.name` for Go templates."""
    for key, value in element.items():
        path = f"{above}{key}"
        if isinstance(value, Mapping):
            yield from _variables(value, f"{path}.")
        else:
            yield from ((path, value), (f".{path}", value))


def _of_spec(
    item: Mapping[str, Any], spec: Path, title: str, name: str | None, engine: Engine | None
) -> Iterator[Site]:
    """Yield the releases of an Application's spec."""
    found = [((*spec, "source"), at_path(item, (*spec, "source")))] if at_path(item, (*spec, "source")) else []
    found += each(item, (*spec, "sources"))
    namespace = text_at(item, (*spec, "destination", "namespace"))
    for path, source in found:
        if not isinstance(source, Mapping) or ("ref" in source and not {"chart", "path"} & set(source)):
            continue
        helm = (*path, "helm")
        whole = present(item, (*helm, "valuesObject"))
        text = present(item, (*helm, "values"))
        hidden = f"{title}: values is not used, because valuesObject is there" if whole and text else ""
        yield Site(
            title if len(found) == 1 else f"{title} source {path[-1]}",
            helm,
            chart_of(text_at(source, ("chart",)) or text_at(source, ("path",)) or _of_oci(source)),
            text_at(item, (*helm, "releaseName")) or name,
            text_at(item, (*helm, "namespace")) or namespace,
            whole or text,
            (*helm, "parameters") if at_path(item, (*helm, "parameters")) else None,
            tuple(_elsewhere(item, path)),
            engine,
            (hidden,) if hidden else (),
        )


def _of_oci(source: Mapping[str, Any]) -> str | None:
    """Return the URL of a chart that is the repository itself."""
    url = text_at(source, ("repoURL",))
    return url if url and url.startswith("oci://") else None


def _elsewhere(item: Mapping[str, Any], source: Path) -> Iterator[Elsewhere]:
    """Yield what a source takes from other places."""
    for key, what in _ADDED.items():
        if at_path(item, (*source, "helm", key)):
            yield Elsewhere((*source, "helm", key), what, _RENDER)
    if at_path(item, (*source, "plugin")):
        yield Elsewhere((*source, "plugin"), "a plugin, which may render something else", _RENDER)
