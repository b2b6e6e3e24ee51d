"""What the workers of one test run share: the same render once, and another one anew."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.shared_renders import SharedRenders
from vcluster_isolation import tools
from vcluster_isolation.helm.template import CHART
from vcluster_isolation.tools import PROJECT, Finished

HELM = PROJECT / ".tools" / "bin" / "helm4"
Command = list[str]


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[Finished]:
    """What was really run; a failure where standard input says so."""
    seen: list[Finished] = []

    def run(command: Sequence[str | Path], *, stdin: str = "", cwd: Path | None = None) -> Finished:
        assert cwd is None or cwd.is_dir()
        code = {"fails": 1, "killed": -9}.get(stdin, 0)
        seen.append(Finished(tuple(map(str, command)), code, f"printed {len(seen)}", ""))
        return seen[-1]

    monkeypatch.setattr(tools, "run", run)
    return seen


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """A render of a chart and values of its own."""
    shutil.copytree(CHART, tmp_path / "chart")
    (tmp_path / "values.yaml").write_text("a: 1\n")
    return [str(HELM), "template", "a", str(tmp_path / "chart"), "--values", str(tmp_path / "values.yaml")]


def shared(tmp_path: Path) -> SharedRenders:
    """What one more worker of the run has."""
    folder = tmp_path / "shared"
    folder.mkdir(exist_ok=True)
    return SharedRenders(folder)


def test_the_same_is_rendered_once_for_all_workers(command: Command, runs: list[Finished], tmp_path: Path) -> None:
    first, second = (shared(tmp_path).run(command) for _ in range(2))
    assert first == second == replace(runs[0], command=tuple(command))
    assert len(runs) == 1


def test_files_of_other_names_and_the_same_content_are_the_same(
    command: Command, runs: list[Finished], tmp_path: Path
) -> None:
    shared(tmp_path).run(command)
    moved = tmp_path / "moved"
    shutil.copytree(command[3], moved / "chart")
    shutil.copy(command[5], moved / "other.yaml")
    again = [*command[:3], str(moved / "chart"), "--values", str(moved / "other.yaml")]
    assert shared(tmp_path).run(again).stdout == runs[0].stdout
    assert len(runs) == 1


def other_values(command: Command, _: pytest.MonkeyPatch) -> Command:
    Path(command[5]).write_text("a: 2\n")
    return command


def other_chart(command: Command, _: pytest.MonkeyPatch) -> Command:
    (Path(command[3]) / "templates" / "vcluster" / "workloads.yaml").write_text("")
    return command


def another_kubeconfig(command: Command, monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.setenv("KUBECONFIG", "/elsewhere")
    return command


OTHER: dict[str, Callable[[Command, pytest.MonkeyPatch], Command]] = {
    "values": other_values,
    "chart": other_chart,
    "variables": another_kubeconfig,
    "helm": lambda command, _: [str(HELM.with_name("helm3")), *command[1:]],
    "name": lambda command, _: [*command[:2], "b", *command[3:]],
    "options": lambda command, _: [*command, "--skip-tests"],
}


@pytest.mark.parametrize("what", OTHER)
def test_of_another_the_render_is_another(
    what: str, command: Command, runs: list[Finished], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared(tmp_path).run(command)
    shared(tmp_path).run(OTHER[what](command, monkeypatch))
    assert len(runs) == 2


def test_standard_input_counts(command: Command, runs: list[Finished], tmp_path: Path) -> None:
    for text in ("", "a: 1", "a: 2", "a: 1"):
        shared(tmp_path).run(command, stdin=text)
    assert len(runs) == 3


def test_a_failure_is_kept_for_its_own_files_only(command: Command, runs: list[Finished], tmp_path: Path) -> None:
    other = shutil.copy(command[5], tmp_path / "other.yaml")
    for values in (command[5], command[5], str(other)):
        done = shared(tmp_path).run([*command[:5], values], stdin="fails")
        assert (done.code, done.command[5]) == (1, values)
    assert len(runs) == 2


def test_what_a_signal_ended_is_run_again(command: Command, runs: list[Finished], tmp_path: Path) -> None:
    for _ in range(2):
        assert shared(tmp_path).run(command, stdin="killed").code == -9
    assert len(runs) == 2


@pytest.mark.parametrize(
    "change",
    [
        lambda command: ["/bin/helm4", *command[1:]],
        lambda command: [command[0], "upgrade", *command[2:]],
        lambda command: [*command[:3], "/no/chart", *command[4:]],
        lambda command: [*command[:5], "/no/values.yaml"],
    ],
    ids=["another helm", "another task", "no chart", "no values"],
)
def test_other_commands_are_always_run(change: Any, command: Command, runs: list[Finished], tmp_path: Path) -> None:
    for _ in range(2):
        shared(tmp_path).run(change(command))
    assert len(runs) == 2


def test_the_variables_of_this_process_stay_as_they_were(
    command: Command, runs: list[Finished], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LC_ALL", raising=False)
    before = dict(os.environ)
    shared(tmp_path).run(command)
    assert dict(os.environ) == before
    assert len(runs) == 1
