"""The values of a vcluster.yaml that need a flow, as data: `needs.yaml` of the chart, which its notes read as well."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import yaml

from vcluster_isolation.helm.template import CHART

Path = tuple[str | int, ...]
"""A path from the root of a vcluster.yaml to one value, through lists as well."""

_OPERATORS: Final = ("!~", "!=", "~", "=")


@dataclass(frozen=True, slots=True)
class NeedRow:
    """A row of `needs.yaml`, whose head says what each field means.

    `pods` are a namespace and the labels of pods there; `until` is empty for what stands today.
    """

    name: str
    when: tuple[str, ...]
    flow: str
    sources: tuple[str, ...]
    destination: str
    at: tuple[str, ...]
    services: tuple[str, ...]
    pods: tuple[str, Mapping[str, str]] | None
    ports: tuple[int, ...]
    hosted: bool
    grants: tuple[str, ...]
    since: str
    until: str
    source: str

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts that an item of a list has to hold: an argument of the API server, with its equals sign."""
        terms = [split_term(term) for one in self.when for term in one.split(" & ")]
        return tuple(text for _, operator, texts in terms if operator == "~" for text in texts)


@cache
def need_rows() -> tuple[NeedRow, ...]:
    """Return the rows of the chart's `needs.yaml`, in its order."""
    text = (CHART / "needs.yaml").read_text(encoding="utf-8")
    return tuple(map(_row, yaml.load(text, Loader=yaml.CSafeLoader)))


def _row(row: Mapping[str, Any]) -> NeedRow:
    pods = row.get("pods")
    return NeedRow(
        name=row["id"],
        when=tuple(row["when"]),
        flow=row["flow"],
        sources=tuple(row.get("from", ())),
        destination=row.get("to", ""),
        at=tuple(row.get("at", ())),
        services=tuple(row.get("in", ())),
        pods=(pods["namespace"], pods["labels"]) if pods else None,
        ports=tuple(row.get("ports", ())),
        hosted=row.get("hosted", False),
        grants=tuple(row["grants"]),
        since=row["since"],
        until=row.get("until", ""),
        source=row["source"],
    )


def applies(row: NeedRow, values: Mapping[str, Any], *, hosted: bool) -> Path | None:
    """Return the path of the value for which a row applies to a vcluster.yaml, None if it does not."""
    if row.hosted and not hosted:
        return None
    for alternative in row.when:
        found = [_term(values, *split_term(term)) for term in alternative.split(" & ")]
        if all(one is not None for one in found):
            return found[0]
    return None


def split_term(term: str) -> tuple[str, str, tuple[str, ...]]:
    """Return the path, the operator (`!` and nothing among them) and the texts of a term of `when`."""
    if term.startswith("!"):
        return term[1:], "!", ()
    for operator in _OPERATORS:
        path, found, texts = term.partition(operator)
        if found and "." not in operator:
            return path, operator, tuple(texts.split("|"))
    return term, "", ()


def _term(values: Mapping[str, Any], path: str, operator: str, texts: Sequence[str]) -> Path | None:
    """Return where a term holds, None if it does not."""
    found = list(values_at(values, path))
    if operator == "!":
        return None if any(value for _, value in found) else ()
    if operator == "!=":
        return None if any(_text(value) in texts for _, value in found) else ()
    tests: dict[str, Callable[[Any], bool]] = {
        "": bool,
        "=": lambda value: _text(value) in texts,
        "~": lambda value: any(text in str(value) for text in texts),
        "!~": lambda value: bool(value) and not any(text in str(value) for text in texts),
    }
    return next((where for where, value in found if tests[operator](value)), None)


def _text(value: object) -> str:
    """Return a value as the templates compare it: `true` and `false`, texts as they are, capitals aside for types."""
    return str(value).lower() if isinstance(value, bool) or str(value).isupper() else str(value)


def values_at(values: Any, path: str) -> Iterator[tuple[Path, Any]]:
    """Yield each value at a dotted path in which `*` is every item of a list or map, with where it stands.

    What is missing is nothing; null is a value.
    """
    yield from _at(values, path.split("."), ())


def _at(value: Any, path: Sequence[str], where: Path) -> Iterator[tuple[Path, Any]]:
    if not path:
        yield where, value
    elif path[0] == "*":
        items = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
        for key, item in items:
            yield from _at(item, path[1:], (*where, key))
    elif isinstance(value, Mapping) and path[0] in value:
        yield from _at(value[path[0]], path[1:], (*where, path[0]))
