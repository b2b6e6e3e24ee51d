"""`diff --profile hardened`: what hardening changes for a tenant, the first step of a roll-out."""

from __future__ import annotations

import pytest
from click.testing import CliRunner, Result

from vcluster_isolation.cli.app import app
from vcluster_isolation.helm.template import CHART
from vcluster_isolation.tools import PROJECT

VALUES = PROJECT / "tests" / "situations" / "values"
EXAMPLE = PROJECT / "examples" / "vcluster.yaml"


def run(*words: object) -> Result:
    return CliRunner().invoke(app, ["diff", *map(str, words)])


def test_hardening_closes_what_a_forged_label_opened() -> None:
    lines = run(VALUES / "default.yaml", "--profile", "hardened").stdout.splitlines()
    assert any(line.startswith("  - ") and "app: vcluster-snapshot" in line for line in lines)
    assert any(line.startswith("  - ") and "169.254.0.0/16" in line for line in lines)


def test_it_opens_a_neighbours_pods_only_that_pass_for_snapshots() -> None:
    """The compatible snapshot policy selects them, and so isolates what their own tenant left open."""
    done = run(VALUES / "default.yaml", "--profile", "hardened")
    opened = [line for line in done.stdout.splitlines() if line.startswith("  + ")]
    assert opened
    assert all("neighbour's workload {app: vcluster-snapshot}" in line for line in opened)
    assert (done.exit_code, run(VALUES / "default.yaml", "--profile", "hardened", "--allow-widening").exit_code) == (
        1,
        0,
    )


def test_it_is_what_a_diff_of_two_files_says() -> None:
    one = run(VALUES / "default.yaml", "--profile", "hardened", "--name", "default", "--output", "json")
    other = run(VALUES / "default.yaml", VALUES / "hardened.yaml", "--name", "default", "--output", "json")
    assert one.stdout == other.stdout


def test_back_again_is_widening() -> None:
    assert run(VALUES / "hardened.yaml", "--profile", "compatible").exit_code == 1


def test_the_profile_that_it_has_changes_nothing() -> None:
    done = run(VALUES / "hardened.yaml", "--profile", "hardened")
    assert done.exit_code == 0
    assert done.stdout.startswith("neutral:")


def test_a_chart_is_rendered_with_its_values_in_the_profile() -> None:
    words = ["--values", VALUES / "default.yaml", "--profile", "hardened"]
    assert run(CHART, *words).stdout == run(VALUES / "default.yaml", "--profile", "hardened").stdout


@pytest.mark.parametrize("words", [[], [VALUES / "hardened.yaml", "--profile", "hardened"]])
def test_either_after_or_a_profile_is_asked_for(words: list[object]) -> None:
    done = run(VALUES / "default.yaml", *words)
    assert done.exit_code == 2
    assert "Give AFTER, or --profile instead of it." in done.output
