"""A machine that cannot run a real cluster is told in a sentence what is missing, and a command fails without a traceback."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from real_cluster import handle, main, needs


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """A Linux machine with root and all programs but those that a test puts into the set."""
    lacking: set[str] = set()
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "which", lambda program: None if program in lacking else f"/bin/{program}")
    return lacking


def test_nothing_is_missing_where_all_is_there(machine: set[str]) -> None:
    del machine
    assert needs.missing_from_machine() == ""


def test_each_program_is_named_with_its_package(machine: set[str]) -> None:
    machine |= {"ip6tables", "iptables", "ipset"}
    assert needs.missing_from_machine() == (
        "a real cluster needs iptables, ip6tables, ipset (Debian: apt-get install ipset iptables)"
    )


def test_who_is_not_root_is_told(machine: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    del machine
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert needs.missing_from_machine() == "a real cluster needs root"


def test_another_system_is_told(machine: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    del machine
    monkeypatch.setattr(sys, "platform", "darwin")
    assert needs.missing_from_machine() == "a real cluster needs Linux: its nodes and pods are network namespaces"


def test_programs_that_are_not_built_are_named_with_the_command_that_builds_them(tmp_path: Path) -> None:
    (tmp_path / "etcd").touch()
    (tmp_path / "kubectl").touch()
    assert needs.missing_programs(tmp_path) == "kube-apiserver, kube-router not built: run scripts/cluster build"


def test_a_command_fails_with_the_sentence(
    machine: set[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.add("ipset")
    monkeypatch.setattr(handle, "CLUSTERS", tmp_path / "clusters")
    assert main.main(["up"]) == 2
    assert capsys.readouterr().err == "error: a real cluster needs ipset (Debian: apt-get install ipset)\n"


@pytest.mark.parametrize("command", ["down", "status"])
def test_without_a_cluster_there_is_nothing_to_end_or_to_tell(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    monkeypatch.setattr(handle, "CLUSTERS", tmp_path / "clusters")
    assert main.main([command]) == 0
    assert capsys.readouterr().out == "no cluster runs\n"


def test_what_a_killed_cluster_left_is_removed_and_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(handle, "CLUSTERS", tmp_path / "clusters")
    left = tmp_path / "clusters" / "abc"
    (left / "etcd").mkdir(parents=True)
    (left / "lock").touch()
    assert main.main(["down"]) == 0
    assert capsys.readouterr().out == f"removed what a killed cluster left in {left}\nno cluster runs\n"
    assert not left.exists()


def test_a_cluster_that_somebody_holds_is_not_swept_away(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import fcntl  # noqa: PLC0415 # there is none on every system

    monkeypatch.setattr(handle, "CLUSTERS", tmp_path / "clusters")
    (tmp_path / "clusters" / "abc").mkdir(parents=True)
    with (tmp_path / "clusters" / "abc" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert handle.sweep() == []
        assert [one.folder.name for one in handle.all_running()] == ["abc"]
    assert [folder.name for folder in handle.sweep()] == ["abc"]
