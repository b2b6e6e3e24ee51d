"""Mutants of the guard: each operator of each expression turned round, each word and rule dropped.

They are made from the rendered expressions, so a new rule is mutated without being listed here.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice

from tests.chart.rendering import Json
from tests.guard.cases import HARDENED, KNOWN, MAPPED, RANGES, compatible
from tests.guard.judged import guard_of

BASES = [HARDENED, compatible(), MAPPED, KNOWN, RANGES]
"""Values whose guards have every form that an expression has."""

OPERATORS = [
    (r" && ", " || "),
    (r" \|\| ", " && "),
    (r"!(?!=)", ""),
    (r" == ", " != "),
    (r" != ", " == "),
    (r"\.all\(", ".exists("),
    (r"\.exists\(", ".all("),
    (r" <= 16", " <= 15"),
]
"""What is found in an expression, and what takes its place."""
LIST = r'\[("[^"]*"(?:, ?"[^"]*")+)\]'
"""A list of words; each of them is dropped."""


Change = Callable[[str], str | None]
"""Makes another expression of one; None where there is nothing to change."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of a template's expression: its place (a list of the policy's and a name there), and the change.

    A template renders several expressions, by the values, and what is wrong with it is wrong with all of them.
    """

    place: tuple[str, str]
    name: str
    change: Change

    def of(self, policy: Json) -> Json | None:
        """Return a policy with the expression changed; None if it has none that can be changed so."""
        changed = copy.deepcopy(policy)
        for each in changed["spec"][self.place[0]]:
            if key_of(each) == self.place[1]:
                new = self.change(each["expression"])
                each["expression"] = new
                return None if new is None else changed
        return None


def key_of(each: Json) -> str:
    """Return what tells an entry of a policy from the others of its list."""
    return str(each.get("name") or each.get("message") or each["messageExpression"])


def every() -> list[Mutant]:
    """Return all mutants, each once."""
    found = [mutant for values in BASES for mutant in _of(guard_of(values)[0])]
    return list({mutant.name: mutant for mutant in found}.values())


def _of(policy: Json) -> Iterator[Mutant]:
    for part in ("matchConditions", "variables", "validations"):
        for each in policy["spec"][part]:
            yield from _of_expression((part, key_of(each)), each["expression"])


def _of_expression(place: tuple[str, str], text: str) -> Iterator[Mutant]:
    where = f"{place[0]} {place[1]}"
    if place[0] != "variables":
        yield Mutant(place, f"{where}: always true", lambda _: "true")
        yield Mutant(place, f"{where}: always false", lambda _: "false")
    for pattern, new in OPERATORS:
        for number, found in enumerate(re.finditer(pattern, text)):
            what = f"{found[0].strip()} -> {new.strip() or 'nothing'}"
            yield Mutant(place, f"{where}: {what} ({number})", partial(_turned, pattern, new, number))
    for found in re.finditer(LIST, text):
        for word in re.findall(r'"[^"]*"', found[1]):
            yield Mutant(place, f"{where}: without {word}", partial(_without, word))


def _turned(pattern: str, new: str, number: int, text: str) -> str | None:
    """Put `new` in the place of the match of that number."""
    found = next(islice(re.finditer(pattern, text), number, None), None)
    return text[: found.start()] + new + text[found.end() :] if found else None


def _without(word: str, text: str) -> str | None:
    """Leave a word out of every list that has it and another one."""

    def shorter(found: re.Match[str]) -> str:
        return "[" + ", ".join(each for each in re.findall(r'"[^"]*"', found[1]) if each != word) + "]"

    changed = re.sub(LIST, shorter, text)
    return changed if changed.replace(" ", "") != text.replace(" ", "") else None
