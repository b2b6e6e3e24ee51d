"""The rules of the guard, by the CEL that is rendered: what each refuses, and the nearest that it allows."""

from __future__ import annotations

import pytest

from tests.guard.cases import CASES, SAID
from tests.guard.judged import refusals


@pytest.mark.parametrize("name", CASES)
def test_request_is_refused_or_allowed(name: str) -> None:
    values, request, said = CASES[name]
    assert refusals(values, request) == said


def test_every_refusal_is_among_the_cases() -> None:
    assert {name for _, _, said in CASES.values() for name in said.split(", ") if name} == set(SAID)
