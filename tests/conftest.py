"""Options of the whole suite."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--exhaustive`."""
    parser.addoption("--exhaustive", action="store_true", help="also render every combination of values (minutes)")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the markers."""
    config.addinivalue_line("markers", "exhaustive: renders every combination of values; runs with --exhaustive only")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the exhaustive tests out unless they are asked for; pytest counts them as deselected."""
    if config.getoption("--exhaustive"):
        return
    left_out = [item for item in items if "exhaustive" in item.keywords]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]
