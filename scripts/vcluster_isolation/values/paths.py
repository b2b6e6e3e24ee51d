"""What stands at a path of values or of an object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def at(values: Any, path: str) -> Any:
    """Return what stands at a dotted path, None for nothing."""
    return at_path(values, path.split("."))


def at_path(value: Any, path: Sequence[str | int]) -> Any:
    """Return what stands at a path, None for nothing."""
    for step in path:
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value


def merge_defaults(defaults: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return values over defaults at every depth; a null is as good as nothing, as it is to the chart."""
    found = dict(defaults)
    for key, value in given.items():
        below = defaults.get(key)
        both = isinstance(value, Mapping) and isinstance(below, Mapping)
        found[key] = merge_defaults(below, value) if both else below if value is None else value  # type: ignore[arg-type]
    return found
