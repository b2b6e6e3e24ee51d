"""Two objects of one name in one stream: of the two, the one that is applied last counts, and the other is lost.

Helm prints and installs both without a word, and so does `kubectl apply`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from vcluster_isolation.errors import Problem
from vcluster_isolation.wording import printable

_ONE_OF_TWO: Final = (
    "keep one: give each vCluster its own vcluster.name, or turn off the policies of one of the two charts"
)

_OF_TWO_FILES: Final = "keep one of them, or check files of different clusters with --each"
_LEAVE: Final = "leave one of the two out: give either the values, or what they render"

Key = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Standing:
    """An object and where it stands: what tells it from others, its name, file and line; no file when rendered."""

    key: Key | None
    name: str
    file: str | None
    line: int | None


def key_of(document: Mapping[str, Any], namespace: str) -> Key | None:
    """Return what tells an object from all others: API group, kind, namespace and name; None where one is missing.

    Versions of one group serve the same objects, so they do not count (Kubernetes API concepts, "API groups and
    versioning"). `namespace` is that of objects that name none.
    """
    metadata = document.get("metadata")
    api, kind = document.get("apiVersion"), document.get("kind")
    name = metadata.get("name") if isinstance(metadata, Mapping) else None
    if not (isinstance(metadata, Mapping) and isinstance(name, str) and name):
        return None
    if not (isinstance(api, str) and isinstance(kind, str)):
        return None
    home = metadata.get("namespace")
    group = api.rpartition("/")[0]
    return group, kind, home if isinstance(home, str) and home else namespace, name


def twins(documents: Sequence[Mapping[str, Any]], namespace: str) -> Iterator[tuple[int, int]]:
    """Yield (index of an object, index of the first one of that name) for each object that is there already."""
    first: dict[Key, int] = {}
    for index, document in enumerate(documents):
        key = key_of(document, namespace)
        if key is not None and first.setdefault(key, index) != index:
            yield index, first[key]


def rendered_twice(
    documents: Sequence[Mapping[str, Any]], names: Sequence[str], sources: Sequence[str], namespace: str
) -> Iterator[Problem]:
    """Yield a problem for each rendered object that is there already; `names` and `sources` are of each object.

    A source is the template that rendered it, empty where that is not known (see `source_of`).
    """
    for index, first in twins(documents, namespace):
        made = [printable(source) for source in (sources[first], sources[index])]
        what = "is defined twice, and only the last one counts"
        what += f" (rendered by {' and by '.join(made)})" if all(made) else ""
        yield Problem(names[index], what, _ONE_OF_TWO, "api")


def across(streams: Sequence[Sequence[Standing]]) -> Iterator[Problem]:
    """Yield a problem for each object of a stream that an earlier stream has as well, once for each stream.

    Streams are of one cluster: the files of manifests, and after them what plain values render.
    """
    first: dict[Key, Standing] = {}
    for stream in streams:
        here = {standing.key: standing for standing in reversed(stream) if standing.key is not None}
        for key, standing in here.items():
            other = first.setdefault(key, standing)
            if other is standing:
                continue
            if standing.file is None:
                what = f"is rendered by the values, and is in {other.file} too"
                yield Problem(standing.name, what, _LEAVE, "api", other.file, other.line)
            else:
                what = f"is defined twice, here and in {other.file} on line {other.line}, and only the last one counts"
                yield Problem(standing.name, what, _OF_TWO_FILES, "api", standing.file, standing.line)


def source_of(text: str, line: int) -> str:
    """Return the template that rendered the document whose content starts on a line (from 1), as helm notes above."""
    for above in reversed(text.split("\n")[: line - 1]):
        if above.startswith("# Source: "):
            return above.removeprefix("# Source: ")
        if not above.startswith("#") and above.strip():
            return ""
    return ""
