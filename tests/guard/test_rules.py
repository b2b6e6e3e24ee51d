"""The rules of the guard, by the CEL that is rendered: what each refuses, and the nearest that it allows."""

from __future__ import annotations

import pytest

from tests.chart.rendering import Json, isolating, text
from tests.guard import meaning
from tests.guard.cases import (
    ANYWHERE,
    CASES,
    DUAL,
    HARDENED,
    KNOWN,
    MAPPED,
    MORE,
    OPEN,
    RANGES,
    SAID,
    compatible,
)
from tests.guard.generated import requests
from tests.guard.judged import refusals


@pytest.mark.parametrize("name", CASES)
def test_request_is_refused_or_allowed(name: str) -> None:
    values, request, said = CASES[name]
    assert refusals(values, request) == said


def test_every_refusal_is_among_the_cases() -> None:
    assert {name for _, _, said in CASES.values() for name in said.split(", ") if name} == set(SAID)


@pytest.mark.parametrize("values", [HARDENED, compatible(), MORE, RANGES, OPEN, ANYWHERE, DUAL, MAPPED, KNOWN])
def test_requests_made_at_random_are_judged_as_is_meant(values: Json) -> None:
    made = requests(len(str(values)), 60)
    assert [(refusals(values, each), each) for each in made] == [
        (meaning.refusals(values, each), each) for each in made
    ]
    assert any(meaning.refusals(values, each) for each in made)


@pytest.mark.parametrize("name", CASES)
def test_what_is_meant_is_what_the_cases_say(name: str) -> None:
    values, request, said = CASES[name]
    assert meaning.refusals(values, request) == said


def test_hardened_policies_with_floor_and_guard_are_below_30_kib() -> None:
    for api in ("AdminNetworkPolicy", "ClusterNetworkPolicy/v1beta1"):
        values = isolating(profile="hardened", guard={"enabled": True}, floor={"enabled": True, "api": api})
        assert len(text(values).encode()) < 30 * 1024


def test_workloads_on_nodes_of_their_own_need_no_guard() -> None:
    assert "ValidatingAdmissionPolicy" not in text({**HARDENED, "privateNodes": {"enabled": True}})
