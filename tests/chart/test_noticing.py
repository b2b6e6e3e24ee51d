"""The order in which checks are asked about a mutant changes no answer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.chart import noticing
from tests.chart.mutants import Mutant

Asked = Callable[..., tuple[bool, list[str]]]


@pytest.fixture
def asked(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Asked:
    """Ask checks named a to d about a mutant, of which some notice; return the answer, and which were asked."""
    monkeypatch.setattr(noticing, "learned", lambda: {"file, a rule: dropped": ["c", "no check any more"]})

    def ask(*notice: str, name: str = "file line 7, a rule: dropped", file: str = "file") -> tuple[bool, list[str]]:
        order: list[str] = []

        def check(one: str, chart: Path) -> bool:
            order.append(one)
            return chart == tmp_path and one in notice

        checks = {one: partial(check, one) for one in "abcd"}
        found = noticing.is_noticed(Mutant(name, file, ""), tmp_path, checks, request)
        request.node.user_properties.clear()  # of a mutant that is none of the chart's
        return found, order

    return ask


@pytest.fixture(autouse=True)
def _forget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(noticing, "_recent", defaultdict(list))


def test_what_noticed_it_before_is_asked_first(asked: Asked) -> None:
    assert asked("b", "c") == (True, ["c"])


def test_what_was_learned_may_be_wrong(asked: Asked) -> None:
    assert asked("d") == (True, ["c", "a", "b", "d"])
    assert asked() == (False, ["c", "d", "a", "b"])


def test_what_noticed_a_neighbour_is_asked_before_others(asked: Asked) -> None:
    assert asked("d", name="file line 1, new: dropped") == (True, ["a", "b", "c", "d"])
    assert asked("d", name="file line 2, new: dropped") == (True, ["d"])
    assert asked("a", name="elsewhere line 2, new: dropped", file="elsewhere") == (True, ["a"])


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("vcluster/a.yaml line 38, flow: without 1", "vcluster/a.yaml, flow: without 1"),
        ("lib/_cidr.tpl 33: '(le 2)' is now ''", "lib/_cidr.tpl: '(le 2)' is now ''"),
    ],
)
def test_the_number_of_a_line_does_not_matter(name: str, key: str) -> None:
    assert noticing.key_of(name) == key
