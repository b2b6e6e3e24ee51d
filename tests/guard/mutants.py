"""Mutants of the guard: each operator of each expression turned round, each word and rule dropped.

They are made from the rendered expressions, so a new rule is mutated without being listed here.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Mutant:
    """One changed expression: its place (a list of the policy's and a name there), its text, and the new one."""

    place: tuple[str, str]
    text: str
    new: str
    name: str

    def of(self, policy: Json) -> Json | None:
        """Return a policy with the expression changed; None if it does not have it."""
        changed = copy.deepcopy(policy)
        for each in changed["spec"][self.place[0]]:
            if each["expression"] == self.text and key_of(each) == self.place[1]:
                each["expression"] = self.new
                return changed
        return None


def key_of(each: Json) -> str:
    """Return what tells an entry of a policy from the others of its list."""
    return str(each.get("name") or each.get("message") or each["messageExpression"])


def every() -> list[Mutant]:
    """Return all mutants, each once."""
    found = {(mutant.place, mutant.new): mutant for values in BASES for mutant in _of(guard_of(values)[0])}
    return list(found.values())


def _of(policy: Json) -> Iterator[Mutant]:
    for part in ("matchConditions", "variables", "validations"):
        for each in policy["spec"][part]:
            yield from _of_expression((part, key_of(each)), each["expression"])


def _of_expression(place: tuple[str, str], text: str) -> Iterator[Mutant]:
    where = f"{place[0]} {place[1][:40]}"
    if place[0] != "variables":
        yield Mutant(place, text, "true", f"{where}: always true")
        yield Mutant(place, text, "false", f"{where}: always false")
    for pattern, new in OPERATORS:
        for number, found in enumerate(re.finditer(pattern, text)):
            changed = text[: found.start()] + new + text[found.end() :]
            what = f"{found[0].strip()} -> {new.strip() or 'nothing'}"
            yield Mutant(place, text, changed, f"{where}: {what} ({number}, at {found.start()})")
    for found in re.finditer(LIST, text):
        words = re.findall(r'"[^"]*"', found[1])
        for word in words:
            rest = ", ".join(each for each in words if each != word)
            changed = text[: found.start(1)] + rest + text[found.end(1) :]
            yield Mutant(place, text, changed, f"{where}: without {word} (at {found.start()})")
