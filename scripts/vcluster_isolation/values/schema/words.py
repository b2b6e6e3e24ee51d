"""One sentence for each keyword of JSON Schema (draft 7): what is wrong with a value, and what to do."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from vcluster_isolation.kubernetes.names import KEY_RULE
from vcluster_isolation.kubernetes.shapes import Path, ShapeProblem
from vcluster_isolation.wording import mistyped, printable, quoted

_FEW = 12  # keys that a message lists when none is close


@dataclass(frozen=True, slots=True)
class Case:
    """One error: the value at `path` breaks a keyword, whose own value is `limit`, of the schema `node`.

    `hint` is the description nearest to it, `beside` the key that makes the rule hold, `known` the dotted paths
    of every key of the whole schema.
    """

    path: Path
    value: Any
    limit: Any
    node: Mapping[str, Any]
    hint: str
    beside: str
    known: Mapping[str, list[str]]


def unknown_keys(case: Case) -> Iterator[ShapeProblem]:
    """Name every key that the schema does not know, with the closest one that it does."""
    properties, patterns = case.node.get("properties", {}), case.node.get("patternProperties", {})
    for key in case.value:
        if key in properties or any(re.search(pattern, key) for pattern in patterns):
            continue
        path = (*case.path, key)
        if patterns:
            yield path, f"{quoted(key)} is not a key", KEY_RULE
        else:
            yield path, "unknown key", _instead(key, case)


def _instead(key: str, case: Case) -> str:
    """Return what to do about an unknown key: one like it that is known here, or its place near here."""
    keys = list(case.node.get("properties", {}))
    if close := closest(key, keys):
        return f"did you mean {close}?"
    places = [] if key in _OF_ANYTHING else case.known.get(key, [])
    if len(places) == 1 and _is_near(case.path, tuple(places[0].split(".")[:-1])):
        return f"did you mean {places[0]}?"
    return f"use one of {', '.join(keys)}" if 0 < len(keys) <= _FEW else "remove it"


def _is_near(here: Path, there: Path) -> bool:
    """Whether a key that stands at one path may be meant for another: a few levels above it, or below.

    One in another branch of the values is another key.
    """
    shorter = min(len(here), len(there))
    return here[:shorter] == there[:shorter]


_OF_ANYTHING = frozenset({"annotations", "enabled", "from", "image", "labels", "name", "namespace", "ports", "to"})
"""Keys that may stand anywhere: where this chart has its one says nothing about what somebody meant."""


def closest(word: str, words: Iterable[str]) -> str:
    """Return the one of `words` that is nearest to `word`, whatever its case; nothing when none is a typing error off.

    That is one edit in a word of three characters, two in one of six, three in one of twelve.
    """
    near = [(_edits(word.lower(), candidate.lower()), candidate) for candidate in words]
    edits, best = min(near, default=(0, ""))
    allowed = [length <= min(len(word), len(best)) for length in _LONG_ENOUGH].count(True)
    return best if edits <= allowed else ""


_LONG_ENOUGH = (3, 6, 12)
"""How long a word is for one, two and three typing errors in it."""


def _edits(one: str, other: str) -> int:
    """Return how many characters to add, remove, change or swap with the next (Damerau and Levenshtein)."""
    before, last = list(range(len(other) + 1)), list[int]()
    for row, left in enumerate(one, start=1):
        now = [row]
        for column, right in enumerate(other, start=1):
            cost = min(before[column] + 1, now[column - 1] + 1, before[column - 1] + (left != right))
            if last and column > 1 and left == other[column - 2] and right == one[row - 2]:
                cost = min(cost, last[column - 2] + 1)
            now.append(cost)
        last, before = before, now
    return before[-1]


def _type(case: Case) -> Iterator[ShapeProblem]:
    yield case.path, *_with(case, *mistyped(case.value, [case.limit] if isinstance(case.limit, str) else case.limit))


def _enum(case: Case) -> Iterator[ShapeProblem]:
    allowed = [word if isinstance(word, str) else quoted(word) for word in case.limit]
    close = closest(case.value, allowed) if isinstance(case.value, str) else ""
    what = f"{quoted(case.value)} is none of {', '.join(allowed)}"
    yield case.path, *_with(case, what, f"did you mean {close}?" if close else "use one of them")


def _required(case: Case) -> Iterator[ShapeProblem]:
    for key in case.limit:
        if key not in case.value:
            yield (*case.path, key), "is missing", f"add it, {case.beside} needs it" if case.beside else "add it"


def _dependencies(case: Case) -> Iterator[ShapeProblem]:
    for key, wanted in case.limit.items():
        if key in case.value and isinstance(wanted, list):
            for missing in (name for name in wanted if name not in case.value):
                yield (*case.path, missing), "is missing", f"add it, {key} needs it"


def _pattern(case: Case) -> Iterator[ShapeProblem]:
    first, _, _ = case.hint.partition(". ")
    hint = first[:1].lower() + first[1:].rstrip(".")
    yield (
        case.path,
        *_with(
            case, f"{quoted(case.value)} does not fit", f"expected: {printable(hint)}" if hint else "see the schema"
        ),
    )


def _longest(case: Case) -> Iterator[ShapeProblem]:
    yield case.path, *_with(case, f"has {len(case.value)} characters, more than {case.limit}", "shorten it")


def _shortest(case: Case) -> Iterator[ShapeProblem]:
    yield case.path, *_with(case, f"has {len(case.value)} characters, fewer than {case.limit}", "write more")


def _minimum(case: Case) -> Iterator[ShapeProblem]:
    yield case.path, *_with(case, f"{quoted(case.value)} is below {case.limit}", f"use {case.limit} or more")


def _maximum(case: Case) -> Iterator[ShapeProblem]:
    yield case.path, *_with(case, f"{quoted(case.value)} is above {case.limit}", f"use {case.limit} or less")


def _fewest(case: Case) -> Iterator[ShapeProblem]:
    keys = case.node.get("properties", {})
    what = f"has {len(case.value)} entries, fewer than {case.limit}" if case.value else "is empty"
    yield case.path, *_with(case, what, f"set one of {', '.join(keys)}" if 0 < len(keys) <= _FEW else "add an entry")


def _most(case: Case) -> Iterator[ShapeProblem]:
    if case.limit == 1 and case.beside in case.value:
        others = " and ".join(quoted(key).strip('"') for key in case.value if key != case.beside)
        yield case.path, f"has {case.beside} together with {others}", "make them entries of their own"
    else:
        what = f"has {len(case.value)} entries, more than {case.limit}"
        yield case.path, *_with(case, what, "remove some" if case.limit else "remove it")


def _never(case: Case) -> Iterator[ShapeProblem]:
    yield case.path, *_with(case, "is not allowed here", "remove it")


def _not(case: Case) -> Iterator[ShapeProblem]:
    if case.limit:
        yield case.path, *_with(case, f"{quoted(case.value)} is not allowed here", "change it")
    else:
        yield from _never(case)


def _with(case: Case, what: str, next_step: str) -> tuple[str, str]:
    """Add the key that makes the rule hold, if there is one."""
    return (f"{what}, beside {case.beside}" if case.beside else what), next_step


WORDS: Mapping[str | None, Callable[[Case], Iterator[ShapeProblem]]] = {
    None: _never,
    "additionalProperties": unknown_keys,
    "dependencies": _dependencies,
    "enum": _enum,
    "maximum": _maximum,
    "maxItems": _most,
    "maxLength": _longest,
    "maxProperties": _most,
    "minimum": _minimum,
    "minItems": _fewest,
    "minLength": _shortest,
    "minProperties": _fewest,
    "not": _not,
    "pattern": _pattern,
    "required": _required,
    "type": _type,
}
"""The sentence of each keyword; None is a schema that is `false`."""
