"""The files that people call: `scripts/bootstrap`, `scripts/isolate`, `scripts/test` and `.ci/run`."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.setup.machine import REPOSITORY, program

STARTS = """
import sys
def start(root, arguments):
    print(root, arguments, sys.flags.isolated)
    return 7
"""
# Stands for set-up: prints settings as it does, and fails when told to.
BOOTSTRAP = """#!/bin/sh
[ -z "$FAIL_SETUP" ] || { echo "error: no" >&2; exit 2; }
echo "bootstrap $*" >&2
echo "export TMPDIR='the project'"
"""
TOOL = """#!/bin/sh
echo "${0##*/} $* helm=${VCLUSTER_ISOLATION_HELM##*/} tmp=$TMPDIR"
case "$FAIL_TOOL" in "${0##*/}") exit 3 ;; esac
"""
OLD = """#!/bin/sh
echo 3.9.2
exit 1
"""


@dataclass(frozen=True, slots=True)
class Checkout:
    root: Path

    def run(self, script: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        words = [str(self.root / script), *arguments]
        env = {"PATH": f"{self.root}/path:/usr/bin:/bin", "CDPATH": "/usr"} | environment
        return subprocess.run(words, env=env, cwd="/", capture_output=True, text=True, check=False)


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    root = tmp_path / "check out"
    for name in ("scripts/bootstrap", "scripts/isolate", "scripts/test", ".ci/run"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / name, root / name)
    package = root / "scripts" / "setup"
    package.mkdir(parents=True)
    (package / "main.py").write_text(STARTS)
    (root / "path").mkdir()
    return Checkout(root)


@pytest.fixture
def ready(checkout: Checkout) -> Checkout:
    """A checkout whose set-up is done."""
    program(checkout.root / "scripts" / "bootstrap", BOOTSTRAP)
    for name in (".venv/bin/ruff", ".venv/bin/mypy", ".venv/bin/python", ".tools/bin/helm3", ".tools/bin/helm4"):
        (checkout.root / name).parent.mkdir(parents=True, exist_ok=True)
        program(checkout.root / name, TOOL)
    program(checkout.root / ".venv/bin/vcluster-isolation", TOOL)
    return checkout


def real_python(path: Path) -> None:
    program(path, f'#!/bin/sh\nexec "{Path(sys.base_prefix) / "bin" / "python3"}" "$@"\n')


def test_set_up_is_started_for_the_checkout_with_all_arguments(checkout: Checkout) -> None:
    real_python(checkout.root / "path" / "python3")
    done = checkout.run("scripts/bootstrap", "--dev", "a b")
    assert (done.stdout, done.returncode) == (f"{checkout.root} ['--dev', 'a b'] 1\n", 7)


def test_an_old_python_is_passed_over_for_a_newer_one(checkout: Checkout) -> None:
    program(checkout.root / "path" / "python3", OLD)
    real_python(checkout.root / "path" / "python3.13")
    assert checkout.run("scripts/bootstrap").returncode == 7


def test_without_a_new_python_every_one_that_is_there_is_named(checkout: Checkout) -> None:
    path = checkout.root / "path"
    program(path / "python3", OLD)
    program(path / "python3.14", "#!/bin/sh\nexit 127\n")
    for name in ("sh", "dirname"):
        (path / name).symlink_to(Path("/bin") / name)
    done = checkout.run("scripts/bootstrap", PATH=str(path))
    assert done.returncode == 2
    assert done.stderr == (
        f"error: set-up needs Python 3.11 or newer; found: 3.9.2 ({path}/python3), a broken one ({path}/python3.14)\n"
        "what to do: install one (Debian, Ubuntu: apt-get install python3 python3-venv),"
        " or name it: PYTHON=/path/to/python3\n"
    )


def test_without_any_python_that_is_said(checkout: Checkout) -> None:
    path = checkout.root / "path"
    for name in ("sh", "dirname"):
        (path / name).symlink_to(Path("/bin") / name)
    done = checkout.run("scripts/bootstrap", PATH=str(path))
    assert done.stderr.startswith("error: set-up needs Python 3.11 or newer; found: none\n")


def test_the_named_python_is_used_and_no_other(checkout: Checkout, tmp_path: Path) -> None:
    real_python(checkout.root / "path" / "python3")
    chosen = program(tmp_path / "the chosen", OLD)
    done = checkout.run("scripts/bootstrap", PYTHON=str(chosen))
    assert done.stderr.startswith(f"error: set-up needs Python 3.11 or newer; found: 3.9.2 ({chosen})\n")


def test_the_oldest_python_is_the_one_of_pyproject() -> None:
    needed = re.search(r'requires-python = ">=(\d+)\.(\d+)"', (REPOSITORY / "pyproject.toml").read_text())
    asked = re.search(r">= \((\d+), (\d+)\)", (REPOSITORY / "scripts" / "bootstrap").read_text())
    assert needed
    assert asked
    assert needed.groups() == asked.groups()


def test_isolate_runs_the_command_with_the_settings_of_set_up(ready: Checkout) -> None:
    done = ready.run("scripts/isolate", "my values.yaml", "--name", "a")
    assert done.stdout == "vcluster-isolation isolate my values.yaml --name a helm= tmp=the project\n"
    assert done.stderr == "bootstrap --minimal --print-env\n"


@pytest.mark.parametrize("script", ["scripts/isolate", "scripts/test", ".ci/run"])
def test_nothing_runs_when_set_up_fails(ready: Checkout, script: str) -> None:
    done = ready.run(script, FAIL_SETUP="yes")
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "error: no\n")


def test_all_checks_run_with_the_pinned_helm(ready: Checkout) -> None:
    done = ready.run("scripts/test")
    assert done.returncode == 0
    end = "helm=helm4 tmp=the project"
    assert [line for line in done.stdout.splitlines() if not line.startswith("==")] == [
        f"ruff check {end}",
        f"ruff format --check {end}",
        f"helm3 lint --strict chart {end}",
        f"helm3 lint --strict chart --values examples/vcluster.yaml {end}",
        f"helm4 lint --strict chart {end}",
        f"helm4 lint --strict chart --values examples/vcluster.yaml {end}",
        f"python -m pytest --numprocesses=auto --maxprocesses=8 --dist=worksteal {end}",
        f"mypy  {end}",
    ]


def test_arguments_go_to_pytest(ready: Checkout) -> None:
    done = ready.run("scripts/test", "-k", "a b")
    assert "--dist=worksteal -k a b helm=helm4" in done.stdout


def test_ci_measures_coverage_and_breaks_the_chart_and_the_evaluator_as_well(ready: Checkout) -> None:
    done = ready.run("scripts/test", CI="true")
    assert "--dist=worksteal --cov --mutants helm=helm4" in done.stdout
    assert "python -m tests.netpol.kill_seeded_bugs helm=helm4" in done.stdout


@pytest.mark.parametrize("script", ["scripts/test", ".ci/run"])
@pytest.mark.parametrize("tool", ["ruff", "mypy", "helm3", "helm4", "python"])
def test_one_failing_check_fails_the_whole_and_stops_no_other(ready: Checkout, script: str, tool: str) -> None:
    done = ready.run(script, FAIL_TOOL=tool)
    assert done.returncode == 1
    assert done.stderr.partition("failed:\n")[2].split("/bin/")[1].startswith(tool)
    assert "python -m pytest" in done.stdout


@pytest.mark.parametrize("script", ["scripts/bootstrap", "scripts/isolate", "scripts/test", ".ci/run", "scripts/lock"])
def test_the_scripts_are_executable_and_parse(script: str) -> None:
    path = REPOSITORY / script
    shell = "bash" if "bash" in path.read_text().splitlines()[0] else "sh"
    assert path.stat().st_mode & 0o111
    assert subprocess.run([f"/bin/{shell}", "-n", path], check=False).returncode == 0
