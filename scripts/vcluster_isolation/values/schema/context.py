"""Where in a schema an error arose: the description that stands there, and the key that a rule depends on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vcluster_isolation.kubernetes.shapes import Path
from vcluster_isolation.wording import printable

Schema = Mapping[str, Any]
Step = str | int

_LONGEST = 40  # characters of a value that a rule depends on
# Keywords of a schema path that step into a value, and those of them that name the key.
_INTO_KEY = ("properties", "patternProperties")
_INTO_ITEM = ("items", "additionalProperties", "contains")


def description(schema: Schema, schema_path: Sequence[Step]) -> str:
    """Return the description nearest to the end of `schema_path`; nothing when there is none."""
    found = ""
    for node in _nodes(schema, schema_path):
        found = node.get("description", found) if isinstance(node, Mapping) else found
    return found if isinstance(found, str) else ""


@dataclass(frozen=True, slots=True)
class Condition:
    """What a rule depends on: `text` for messages (`endPort`, `operator In`), and the `paths` of those keys."""

    text: str = ""
    paths: tuple[Path, ...] = ()


def condition(schema: Schema, schema_path: Sequence[Step], value: Any, path: Path) -> Condition:
    """Return what the failed rule depends on; an empty condition when it always holds.

    A rule depends on a key under `dependencies`, and on a key's value under `then` and `else`.
    """
    steps = list(schema_path)
    for index in range(len(steps) - 1, -1, -1):
        above = path[: len(path) - _depth(steps[index:])]
        if steps[index] == "dependencies" and index + 1 < len(steps):
            key = str(steps[index + 1])
            return Condition(key, ((*above, key),))
        if steps[index] in ("then", "else"):
            return _asked(list(_nodes(schema, steps[:index]))[-1], value, above)
    return Condition()


def known_paths(schema: Schema) -> dict[str, list[str]]:
    """Return the dotted paths at which each key of the schema may stand (keys inside `$ref` left out)."""
    found: dict[str, list[str]] = {}
    for path in _paths(schema, ()):
        found.setdefault(path[-1], []).append(".".join(path))
    return found


def _paths(schema: Schema, above: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield the path of every property."""
    for key, node in schema.get("properties", {}).items():
        yield (*above, key)
        if isinstance(node, Mapping):
            yield from _paths(node, (*above, key))


def _nodes(schema: Schema, schema_path: Sequence[Step]) -> Iterator[Any]:
    """Yield the schema's node at each step of a path; references, which error paths leave out, are followed."""
    node: Any = schema
    yield node
    for step in schema_path:
        node = _referred(schema, _inside(node, step))
        yield node


def _inside(node: Any, step: Step) -> Any:
    """Take one step into a schema; nothing where there is no such step."""
    if isinstance(node, list) and isinstance(step, int):
        return node[step]
    return node.get(step, {}) if isinstance(node, Mapping) else {}


def _referred(schema: Schema, node: Any) -> Any:
    """Follow a reference inside the schema, and the reference that it leads to."""
    while isinstance(node, Mapping) and isinstance(reference := node.get("$ref"), str):
        node = schema
        for step in reference.removeprefix("#").split("/")[1:]:
            node = _inside(node, step.replace("~1", "/").replace("~0", "~"))
    return node


def _asked(node: Any, value: Any, path: Path) -> Condition:
    """Return the keys that the `if` of a schema node asks about, each with its value."""
    node = node.get("if", {}) if isinstance(node, Mapping) else {}
    for step in path:
        value = value[step]
    keys = [key for key in node.get("properties", {}) if isinstance(value, Mapping) and key in value]
    text = " and ".join(f"{key} {printable(str(value[key]))[:_LONGEST]}" for key in keys)
    return Condition(text, tuple((*path, key) for key in keys))


def _depth(schema_path: Sequence[Step]) -> int:
    """Return how many steps into the value a schema path goes."""
    depth, index = 0, 0
    while index < len(schema_path):
        step = schema_path[index]
        depth += step in _INTO_KEY or step in _INTO_ITEM
        index += 2 if step in _INTO_KEY else 1
    return depth
