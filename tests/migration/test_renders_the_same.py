"""The chart renders the same policies from a file and from what `migrate` makes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from vcluster_isolation.helm.template import Request, template

FOLDER = Path(__file__).with_name("files")


@pytest.mark.parametrize("case", ["seed", "whole", "flow", "beside-successors", "nothing-set", "anchors"])
def test_renders_the_same_before_and_after(case: str) -> None:
    before, after = (template(Request(values=(FOLDER / f"{case}.{when}.yaml",))) for when in ("before", "after"))
    assert before == after
    assert before.count("kind: NetworkPolicy") == 4
