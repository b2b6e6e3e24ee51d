"""Options of the whole suite."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from real_cluster import handle
from real_cluster.needs import missing_from_machine, missing_programs
from tests.on_cluster import OnCluster

pytest_plugins = ["tests.shared_renders", "tests.mutant_scores"]

ASKED_FOR = {
    "exhaustive": "renders every combination of values, and times an admission (minutes)",
    "cluster": "needs a real cluster (minutes); scripts/test does once scripts/cluster build has built it, CI always",
    "mutants": "breaks each rule and check of the chart in turn (minutes); CI always does",
}
"""Markers of tests that run only with an option of the same name."""
CHART = Path(__file__).parent / "chart"
"""The tests of the chart."""


# Helm lives for a tenth of a second and makes little garbage: to collect it is a third of its work. What it prints does
# not depend on it. The limit is for a render that makes much.
os.environ.setdefault("GOGC", "off")
os.environ.setdefault("GOMEMLIMIT", "1GiB")


# How many examples each property is tried with: few wherever somebody waits, many in CI. All else is as Hypothesis has
# it in CI: there the examples are the same each time. `--hypothesis-profile=deep` takes minutes.
settings.register_profile("few", max_examples=20)
settings.register_profile("many", max_examples=100)
settings.register_profile("deep", max_examples=1000)
settings.load_profile("many" if os.environ.get("CI") else "few")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    for name, what in ASKED_FOR.items():
        parser.addoption(f"--{name}", action="store_true", help=f"also run what {what}")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the markers."""
    for name, what in ASKED_FOR.items():
        config.addinivalue_line("markers", f"{name}: {what}; runs with --{name}")


@pytest.hookimpl(trylast=True)  # after Hypothesis has marked its own
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests that are not asked for; pytest counts them as deselected.

    Coverage is measured by examples: the hundredth example of a property covers no further line and takes twice as
    long, and tests of the chart run little of our Python.
    """
    asked = {name for name in ASKED_FOR if config.getoption(f"--{name}")}
    left_out = [item for item in items if any(map(item.get_closest_marker, ASKED_FOR.keys() - asked))]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]
    for item in items:
        if "hypothesis" in item.keywords or item.path.is_relative_to(CHART):
            item.add_marker(pytest.mark.no_cover)


@pytest.fixture(scope="session")
def cluster() -> Iterator[OnCluster]:
    """Start a real cluster for all tests; a machine without what it needs skips them with a sentence, CI fails."""
    if problem := missing_from_machine() or missing_programs():
        if os.environ.get("CI"):
            pytest.fail(f"{problem}; CI has to have it")
        pytest.skip(problem)
    with handle.running() as running:
        on = OnCluster(running)
        yield on
        on.client.close()


@pytest.fixture
def space(cluster: OnCluster, request: pytest.FixtureRequest) -> Iterator[str]:
    """Make a namespace that is there for one test."""
    name = f"test-{zlib.crc32(request.node.nodeid.encode()):08x}"
    cluster.client.put_all([cluster.namespace(name)])
    yield name
    cluster.client.delete_namespaces([name])
