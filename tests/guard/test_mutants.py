"""The tests of the guard can fail: whatever is turned round or left out in its expressions, a case notices."""

from __future__ import annotations

import pytest

from tests.chart.rendering import Json
from tests.guard import mutants
from tests.guard.admission import Judge
from tests.guard.cases import CASES, Case
from tests.guard.judged import guard_of, named


def groups() -> list[tuple[Json, list[Case]]]:
    """Return the values of the cases, each with its cases."""
    found: list[tuple[Json, list[Case]]] = []
    for case in CASES.values():
        known = next((cases for values, cases in found if values == case[0]), None)
        if known is None:
            found.append((case[0], [case]))
        else:
            known.append(case)
    return found


GROUPS = groups()


def is_noticed(mutant: mutants.Mutant) -> bool:
    """Whether a case is judged otherwise with a mutant."""
    for values, cases in GROUPS:
        policy, binding = guard_of(values)
        changed = mutant.of(policy)
        if changed is not None:
            judge = Judge(changed, binding)
            if any(", ".join(map(named, judge.refusals(request))) != said for _, request, said in cases):
                return True
    return False


MUTANTS = mutants.every()


@pytest.mark.mutants
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_mutant_is_noticed(mutant: mutants.Mutant) -> None:
    assert is_noticed(mutant), mutant


def test_there_is_a_mutant_of_each_expression() -> None:
    made = MUTANTS
    policy, _ = guard_of(mutants.BASES[0])
    parts = ("matchConditions", "validations")
    assert {(part, mutants.key_of(each)) for part in parts for each in policy["spec"][part]} <= {
        each.place for each in made
    }
    assert len(made) > 300
