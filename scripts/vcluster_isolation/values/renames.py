"""The keys that were renamed, as data: `renames.yaml` of the chart, which its templates read as well."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from vcluster_isolation.helm.template import CHART
from vcluster_isolation.values.layers import read_chart_file

BASE = ("policies", "networkPolicy")
"""Where the paths of `renames.yaml` start."""

Keys = tuple[str, ...]
"""A path from the root of a values file."""


@dataclass(frozen=True, slots=True)
class Rename:
    """A deprecated key and its successor, both as paths from the root of a values file.

    `defaults` are the successor's default and those of the keys that belong to it, by path: if one of them
    has another value the successor is set, and the deprecated key is refused beside it.
    """

    source: Keys
    target: Keys
    since: str
    defaults: Mapping[Keys, Any]

    def below(self, keys: Keys) -> Rename:
        """Return the same for values that stand below `keys`, as those of a subchart do."""
        defaults = {(*keys, *path): value for path, value in self.defaults.items()}
        return Rename((*keys, *self.source), (*keys, *self.target), self.since, defaults)


def policy_places(values: Any, path: Keys = ()) -> Iterator[Keys]:
    """Yield the path of each mapping that has `policies.networkPolicy`, from the root (`()`) down.

    The values of a subchart stand below its name, and those of its subcharts below that (helm, "Subcharts and
    Global Values"), at any depth.
    """
    if not isinstance(values, Mapping):
        return
    policies = values.get(BASE[0])
    if isinstance(policies, Mapping) and isinstance(policies.get(BASE[1]), Mapping):
        yield path
    for key, below in values.items():
        yield from policy_places(below, (*path, key))


def read_renames(chart: Path = CHART) -> tuple[Rename, ...]:
    """Return the rows of the `renames.yaml` of a chart's folder or package, in its order; none without that file.

    Raises IsolationError for a chart that cannot be read.
    """
    text = read_chart_file(chart, "renames.yaml") or "[]"
    return tuple(map(_rename, yaml.load(text, Loader=yaml.CSafeLoader)))


def _rename(row: Mapping[str, Any]) -> Rename:
    """Return one row with its paths made absolute."""
    defaults = {row["to"]: row["default"]} | row.get("with", {})
    return Rename(
        source=_absolute(row["from"]),
        target=_absolute(row["to"]),
        since=row["since"],
        defaults={_absolute(path): value for path, value in defaults.items()},
    )


def _absolute(path: str) -> Keys:
    """Return a dotted path of `renames.yaml` as a path from the root."""
    return (*BASE, *path.split("."))
