"""A pytest plugin: says at the end how many mutants were noticed, and among how many claims.

With `--learn` it writes down which check noticed which mutant; see `chart/noticing.py`, which reads it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import pytest

from vcluster_isolation.claims.claims import AVAILABILITY, CLAIMS, ISOLATION

LEARNED = Path(__file__).parent / "chart" / "noticed_by.json"
"""The names of the checks that noticed mutants, by the names of the mutants."""


class MutantScores:
    """What became of the mutants in one run, whichever worker met them."""

    def __init__(self, *, learn: bool) -> None:
        """None was met so far."""
        self.learn, self.met = learn, 0
        self.noticed: dict[str, set[str]] = defaultdict(set)
        self.survivors: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Called by pytest after each step of a test."""
        found = dict(report.user_properties)
        if report.when != "call" or "mutant" not in found:
            return
        self.met += 1
        if report.passed:
            self.noticed[str(found["mutant"])].add(str(found["noticed_by"]))
        else:
            self.survivors.append(report.nodeid)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Called by pytest at the end."""
        if not self.met:
            return
        kinds = {kind: sum(claim.kind == kind for claim in CLAIMS) for kind in (ISOLATION, AVAILABILITY)}
        counted = " and ".join(f"{number} of {kind}" for kind, number in kinds.items())
        said = f"{self.met - len(self.survivors)} of {self.met} mutants of the chart noticed"
        terminalreporter.write_line(f"{said}; every vCluster has {counted} claims")
        if self.learn:
            text = json.dumps({key: sorted(names) for key, names in self.noticed.items()}, indent=0, sort_keys=True)
            LEARNED.write_text(f"{text}\n", encoding="utf-8")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.addoption("--learn", action="store_true", help="write down which check notices which mutant")


def pytest_configure(config: pytest.Config) -> None:
    """Count in the process that reports, which is the only one without xdist."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(MutantScores(learn=config.getoption("--learn")))
