"""Two objects of one name in one stream: of the two, the one that is applied last counts, and the other is lost.

Helm prints and installs both without a word, and so does `kubectl apply`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Key = tuple[str, str, str, str]


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
