"""What files become, case by case: `files/CASE.before.yaml` and `CASE.after.yaml`."""

from __future__ import annotations

from pathlib import Path

import pytest

from vcluster_isolation.migration.manifest import migrate_any

FOLDER = Path(__file__).with_name("files")
CASES = sorted(path.name.removesuffix(".before.yaml") for path in FOLDER.glob("*.before.yaml"))


def read(case: str, when: str) -> str:
    return (FOLDER / f"{case}.{when}.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("case", CASES)
def test_a_file_becomes_what_stands_beside_it(case: str) -> None:
    result = migrate_any(read(case, "before"), "values.yaml")
    assert (result.problems, result.text) == ((), read(case, "after"))


@pytest.mark.parametrize("case", CASES)
def test_line_ends_of_windows_stay(case: str) -> None:
    result = migrate_any(read(case, "before").replace("\n", "\r\n"), "values.yaml")
    assert result.text == read(case, "after").replace("\n", "\r\n")


@pytest.mark.parametrize("case", CASES)
def test_a_missing_line_end_at_the_end_stays_missing(case: str) -> None:
    result = migrate_any(read(case, "before").removesuffix("\n"), "values.yaml")
    assert result.text == read(case, "after").removesuffix("\n")


@pytest.mark.parametrize("case", CASES)
def test_what_was_migrated_has_nothing_to_migrate(case: str) -> None:
    result = migrate_any(read(case, "after"), "values.yaml")
    assert (result.done, result.text) == ((), read(case, "after"))
