"""The paths of all nodes of values."""

from __future__ import annotations

from collections.abc import Iterator

from tests.chart.rendering import Json


def nodes(values: Json, path: str = "") -> Iterator[str]:
    """Yield the dotted path of every key, those that hold further keys among them."""
    for key, value in values.items():
        yield f"{path}{key}"
        if isinstance(value, dict):
            yield from nodes(value, f"{path}{key}.")
