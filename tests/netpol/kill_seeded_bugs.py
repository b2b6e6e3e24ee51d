"""Show that the tests kill every seeded bug: `python -m tests.netpol.kill_seeded_bugs [WORD…]`.

Puts each bug of seeded_bugs.toml (those with a WORD in their name, if any is given) into a copy of the package, and
runs the tests of the evaluator against the copy: first the one that killed it before, if the bug names it as its
`test`; then examples, then Hypothesis with few examples, the same ones every time. Says which test kills which bug.
Ends with 1 if the tests pass with any bug, if they fail without one, or if a bug no longer fits the source. Two at a
time, each in a process of its own.
"""

from __future__ import annotations

import contextlib
import io
import multiprocessing
import os
import shutil
import sys
import tempfile
import tomllib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

HERE = Path(__file__).parent
PACKAGE = HERE.parent.parent / "scripts" / "vcluster_isolation"
TESTS = (
    "policies_isolate_and_add_up",
    "peers_mean_whom_they_name",
    "ports_mean_what_they_say",
    "ip_blocks",
    "verdicts_name_their_reasons",
    "reads_manifests",
    "refuses_bad_manifests",
    "labels_are_quantified",
    "flows_go_by_class",
    "tiers_stand_above_and_below",
    "tiers_match_whom_they_name",
    "tiers_name_their_reasons",
    "tiers_are_read_and_refused",
    "policies_of_aws",
    "agrees_with_naive",
    "tiers_agree_with_naive",
    "files_what_is_asked",
)
FAST = "seeded-bugs"

Bug = dict[str, str]


class FirstFailure:
    """A pytest plugin that remembers the first test that failed."""

    def __init__(self) -> None:
        """Nothing failed so far."""
        self.test = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Called by pytest after each step of a test."""
        if report.failed and not self.test:
            self.test = report.nodeid.partition("::")[2]

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Called by pytest after reading a file."""
        if report.failed and not self.test:
            self.test = f"reading {Path(report.nodeid).name}"


def misfit(bug: Bug) -> str:
    """Return why a bug cannot be put into the source, nothing if it can."""
    found = (PACKAGE / "netpol" / bug["file"]).read_text().count(bug["old"])
    if found != 1 or bug["old"] == bug["new"]:
        return f"does not fit: {bug['name']}: its old text is {found} times in {bug['file']}, and must be there once\n"
    return ""


def killer(bug: Bug | None) -> str:
    """Return the test that fails with a bug (None: without any) in the package, nothing if all pass."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "vcluster_isolation"
        copy.mkdir()
        for name in ("__init__.py", "errors.py"):
            shutil.copy2(PACKAGE / name, copy)
        shutil.copytree(PACKAGE / "netpol", copy / "netpol")
        if bug:
            path = copy / "netpol" / bug["file"]
            path.write_text(path.read_text().replace(bug["old"], bug["new"]))
        sys.path[:0] = [folder, str(HERE.parents[1])]
        os.chdir(folder)
        files = [HERE / f"test_{name}.py" for name in TESTS]
        likely = bug and bug.get("test")
        first = [f"{file}::{likely}" for file in files if likely and f"\ndef {likely}(" in file.read_text()]
        return (run(first) if first else "") or run(list(map(str, files)))


def run(tests: list[str]) -> str:
    """Run tests in this process, to the first failure; raises RuntimeError if they could not be run at all."""
    first, said = FirstFailure(), io.StringIO()
    off = [word for name in ("cacheprovider", "pytest_cov", "xdist") for word in ("-p", f"no:{name}")]
    options = ["-q", "-x", "--import-mode=importlib", *off, "--noconftest", "-c", os.devnull, "--tb=no"]
    options += ["--hypothesis-profile", FAST]
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = pytest.main([*options, *tests], plugins=[first])
    if not first.test and code != pytest.ExitCode.OK:
        raise RuntimeError(f"the tests did not run:\n{said.getvalue()}")
    return first.test


def main(words: list[str]) -> int:
    """Try every bug, say what kills it, and return the exit code."""
    bugs: list[Bug] = tomllib.loads((HERE / "seeded_bugs.toml").read_text())["bug"]
    chosen = [bug for bug in bugs if not words or any(word in bug["name"] for word in words)]
    if misfits := "".join(map(misfit, chosen)):
        sys.stderr.write(misfits)
        return 1
    settings.register_profile(
        FAST,
        max_examples=60,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    with multiprocessing.get_context("fork").Pool(2, maxtasksperchild=1) as pool:
        unharmed, *killers = pool.map(killer, [None, *chosen], chunksize=1)
    for bug, test in zip(chosen, killers, strict=True):
        sys.stdout.write(f"{bug['name']}\n    {f'killed by {test}' if test else 'SURVIVES'}\n")
    sys.stdout.write(f"{sum(map(bool, killers))} of {len(chosen)} seeded bugs killed\n")
    if unharmed:
        sys.stderr.write(f"but the tests fail without any bug: {unharmed}\n")
    return int(bool(unharmed) or not chosen or not all(killers))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
