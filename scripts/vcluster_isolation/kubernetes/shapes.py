"""The JSON types that an API object's fields must have, and what is left of the object without the wrong ones."""

from __future__ import annotations

from typing import Any

from vcluster_isolation.wording import mistyped

Path = tuple[str | int, ...]
ShapeProblem = tuple[Path, str, str]
"""Where something is wrong inside an object, what, and what to do next."""

Shape = Any
"""A type, a tuple of types, `[shape of each entry]`, or `{key: shape}`, with `*` for any key."""

_TYPES = {str: ("string",), int: ("integer",), (int, str): ("integer", "string")}
_ZERO = {str: "", int: 0}


def fit(value: Any, shape: Shape) -> tuple[Any, list[ShapeProblem]]:
    """Return `value` with only the fields that `shape` knows and that have its types, and what was left out.

    As in the API server (encoding/json into Go structs): null is an absent field, and an empty entry of a list.
    Fields that the shape does not know are dropped without a finding: schemas tell those.
    """
    found: list[ShapeProblem] = []
    return _fit(value, shape, (), found), found


def _fit(value: Any, shape: Shape, at: Path, found: list[ShapeProblem]) -> Any:
    """Fit one value; a mistyped one becomes the empty value of its shape."""
    if isinstance(shape, dict):
        return _fit_mapping(value, shape, at, found)
    if isinstance(shape, list):
        return _fit_list(value, shape[0], at, found)
    if isinstance(value, shape) and not isinstance(value, bool):
        return value
    found.append((at, *mistyped(value, _TYPES[shape])))
    return _ZERO.get(shape, 0)


def _fit_mapping(value: Any, shape: dict[str, Shape], at: Path, found: list[ShapeProblem]) -> dict[str, Any]:
    """Fit a mapping; null fields are absent, except in a map of strings, where null is the empty string."""
    if not isinstance(value, dict):
        found.append((at, *mistyped(value, ("object",))))
        return {}
    if "*" in shape:
        return {key: _entry(inner, shape["*"], (*at, key), found) for key, inner in value.items()}
    known = {key: inner for key, inner in value.items() if key in shape and inner is not None}
    return {key: _fit(inner, shape[key], (*at, key), found) for key, inner in known.items()}


def _fit_list(value: Any, shape: Shape, at: Path, found: list[ShapeProblem]) -> list[Any]:
    """Fit a list, entry by entry."""
    if not isinstance(value, list):
        found.append((at, *mistyped(value, ("array",))))
        return []
    return [_entry(inner, shape, (*at, index), found) for index, inner in enumerate(value)]


def _entry(value: Any, shape: Shape, at: Path, found: list[ShapeProblem]) -> Any:
    """Fit an entry of a list or of a map of strings, where null is the empty value."""
    if value is None:
        return {} if isinstance(shape, dict) else _ZERO.get(shape, 0)
    return _fit(value, shape, at, found)
