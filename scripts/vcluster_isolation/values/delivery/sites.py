"""Where an object of a delivery tool holds a Helm release: its chart, name, namespace and values, by their paths."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vcluster_isolation.values.delivery.expressions import Engine
from vcluster_isolation.values.paths import at_path

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Something that adds to values and is not in the object: its path, what it is, and what a user can do."""

    path: Path
    what: str
    next_step: str


@dataclass(frozen=True, slots=True)
class Site:
    """One Helm release in an object.

    `title` names the object and which of its releases it is. `chart` is the chart's name as far as it can be told.
    `values` are the paths of texts or mappings, each laid over those before it, and `parameters` that of a list of
    single values above them. `elsewhere` is what the tool adds from other places. `engine` fills in expressions before
    Helm sees the values; without one they are the chart's own references. `notes` say what is there and not used.
    `item` is the object in which the paths are, if it is another one. `over` is what other objects lay over the values.
    """

    title: str
    path: Path
    chart: str | None
    name: str | None = None
    namespace: str | None = None
    values: Sequence[Path] = ()
    parameters: Path | None = None
    elsewhere: Sequence[Elsewhere] = ()
    engine: Engine | None = None
    notes: Sequence[str] = ()
    item: Mapping[str, Any] | None = None
    over: Sequence[Site] = ()


def text_at(value: Any, path: Sequence[str | int]) -> str | None:
    """Return the text at a path; None for nothing and for what is not a string."""
    found = at_path(value, path)
    return found if isinstance(found, str) and found else None


def each(value: Any, path: Path) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Yield the mappings of the list at a path, each with its own path."""
    found = at_path(value, path)
    for index, item in enumerate(found if isinstance(found, list) else ()):
        if isinstance(item, Mapping):
            yield (*path, index), item


def present(item: Any, *paths: Path) -> tuple[Path, ...]:
    """Return those of some paths at which there is something that is not empty."""
    return tuple(path for path in paths if at_path(item, path))


def name_of(item: Mapping[str, Any]) -> str:
    """Return `Kind/name` of an object."""
    return f"{item.get('kind', 'object')}/{text_at(item, ('metadata', 'name')) or '?'}"


def chart_of(reference: str | None) -> str | None:
    """Return the name of a chart in a reference: its last part, without a version; `vcluster` of `oci://x/y/vcluster:1`."""
    if not reference:
        return None
    last = reference.rstrip("/").rpartition("/")[2].partition("@")[0].partition(":")[0]
    return last.removesuffix(".tgz") or None
