"""Names that look like something else, and the longest ones, stay what they are in the guard's expressions."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.chart.rendering import policies
from tests.guard.admission import Judge
from tests.guard.cases import HARDENED
from tests.guard.host_objects import MARK, account, create, pod

NAMES = ["123", "0x1f", "1e3", "true", "null", "no", "1.10", "a.b-c", 53 * "a"]


@pytest.mark.parametrize("name", NAMES)
def test_a_release_of_any_name_is_told_from_others(name: str) -> None:
    space = name.replace(".", "-")
    found = policies(HARDENED, name=name, namespace=space)
    whole = f"vc-guard.{space}.{name}"
    judge = Judge(found[whole], found[f"{whole} (binding)"])
    own, other = (pod({MARK: label}) for label in (name, f"{name}x"))
    syncer = account(space, f"vc-{name}")
    assert judge.refusals(replace(create(own, syncer), namespace=space)) == []
    assert len(judge.refusals(replace(create(other, syncer), namespace=space))) == 2
    assert len(whole) <= 253
