"""In which order a mutant meets what may notice it: first what noticed it the last time.

A mutant is noticed when one check of many fails, and not noticed when none does; the order decides on the time only.
`noticed_by.json` says which checks noticed which mutants when `scripts/test --mutants --learn` ran the last time. A
mutant that it does not know meets first what noticed its neighbours in the same file.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import pytest

from tests.chart.mutants import Mutant
from tests.mutant_scores import LEARNED

Checks = Mapping[str, Callable[[Path], bool]]
"""What may notice a mutant, by a name: says of a chart whether it differs from what it should be."""

_recent: dict[str, list[str]] = defaultdict(list)


def is_noticed(mutant: Mutant, chart: Path, checks: Checks, request: pytest.FixtureRequest) -> bool:
    """Return whether one of `checks` notices a mutant, which is in `chart`; the test's report says which one does."""
    key, recent = key_of(mutant.name), _recent[mutant.file]
    request.node.user_properties.append(("mutant", key))
    for name in dict.fromkeys([*learned().get(key, ()), *recent, *checks]):
        if name in checks and checks[name](chart):
            recent[:] = [name, *(other for other in recent if other != name)]
            request.node.user_properties.append(("noticed_by", name))
            return True
    return False


def key_of(name: str) -> str:
    """Return a mutant's name without the number of its line, which changes often."""
    return re.sub(r" (?:line )?\d+(?=[,:])", "", name, count=1)


@cache
def learned() -> dict[str, list[str]]:
    """Return the names of the checks that noticed mutants, by their keys."""
    known: dict[str, list[str]] = json.loads(LEARNED.read_text(encoding="utf-8")) if LEARNED.exists() else {}
    return known
