"""From a fresh checkout to a complete one, and what a second run does."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.setup.machine import Machine, new_machine


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = new_machine(tmp_path, monkeypatch)
    machine.has("go", "go1.26.0")
    return machine


def test_a_fresh_checkout_becomes_complete(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    assert machine.set_up() == 0
    out, err = capsys.readouterr()
    assert re.sub(r"\d+ s\b", "N s", err).splitlines() == [
        "set-up 1/4: making .venv ... N s",
        "set-up 2/4: building helm v4.3.1 with Go ... N s",
        "set-up 3/4: building kubeconform v0.8.0 with Go ... N s",
        "set-up 4/4: installing the pinned Python packages ... N s",
    ]
    assert [line.split()[0] for line in out.splitlines()] == ["Python", "helm", "kubeconform"]
    assert "helm         v4.3.1    .tools/bin/helm, built here" in out.splitlines()


def test_for_development_both_helms_are_built(machine: Machine) -> None:
    assert machine.set_up("--dev") == 0
    said = {
        name: subprocess.check_output([machine.project.bin / name], text=True, env=machine.environment()).strip()
        for name in ("helm", "helm3", "helm4", "kubeconform")
    }
    assert said == {"helm": "v4.3.1", "helm3": "v3.22.0", "helm4": "v4.3.1", "kubeconform": "v0.8.0"}


def test_the_least_is_helm_without_kubeconform(machine: Machine) -> None:
    assert machine.set_up("--minimal") == 0
    assert sorted(path.name for path in machine.project.bin.iterdir()) == ["helm"]


@pytest.mark.parametrize("which", [(), ("--dev",), ("--minimal",)])
def test_a_second_run_starts_no_program(machine: Machine, which: tuple[str, ...]) -> None:
    machine.set_up(*which)
    assert machine.calls() != []
    assert machine.set_up(*which) == 0
    assert machine.calls() == []


def test_the_caches_are_gone_after_success(machine: Machine) -> None:
    machine.set_up()
    assert not machine.project.build.exists()
    assert list(machine.project.temporary.iterdir()) == []


def test_development_packages_are_added_to_what_is_there(machine: Machine) -> None:
    machine.set_up()
    machine.calls()
    machine.set_up("--dev")
    assert [call for call in machine.calls() if "venv " in call] == []


def test_the_least_is_content_with_what_development_made(machine: Machine) -> None:
    machine.set_up("--dev")
    machine.calls()
    machine.set_up("--minimal")
    assert machine.calls() == []


@pytest.mark.parametrize("lock", ["runtime", "dev"])
def test_a_changed_lock_file_makes_the_environment_anew(machine: Machine, lock: str) -> None:
    machine.set_up("--dev")
    machine.calls()
    (machine.project.venv / "left-over").touch()
    with (machine.project.root / "requirements" / f"{lock}.txt").open("a") as file:
        file.write("# changed\n")
    machine.set_up("--dev")
    assert not (machine.project.venv / "left-over").exists()


@pytest.mark.parametrize("name", ["go.mod", "go.sum"])
def test_a_changed_pin_builds_that_program_and_no_other(machine: Machine, name: str) -> None:
    machine.set_up("--dev")
    machine.calls()
    with (machine.project.root / "tools" / "helm3" / name).open("a") as file:
        file.write("\n// changed\n")
    machine.set_up("--dev")
    assert machine.calls().count("go install") == 1
    assert (machine.folder / "calls.pwd").read_text().strip().endswith("tools/helm3")


@pytest.mark.parametrize("gone", [".venv/bin/python", ".venv/bin/vcluster-isolation", ".venv/bin/mypy", ".venv"])
def test_what_vanished_from_the_environment_is_made_again(machine: Machine, gone: str) -> None:
    machine.set_up("--dev")
    path = machine.project.root / gone
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert machine.set_up("--dev") == 0
    assert path.exists()


@pytest.mark.parametrize("gone", ["built/helm4", "bin/helm", "bin", "built"])
def test_what_vanished_from_the_tools_is_made_again(machine: Machine, gone: str) -> None:
    machine.set_up()
    path = machine.project.tools / gone
    shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    assert machine.set_up() == 0
    assert (machine.project.bin / "helm").is_file()


def test_a_moved_checkout_gets_a_new_environment(machine: Machine, tmp_path: Path) -> None:
    machine.set_up("--minimal")
    moved = tmp_path / "moved"
    moved.mkdir()
    shutil.copytree(tmp_path, moved, dirs_exist_ok=True, symlinks=True, ignore=shutil.ignore_patterns("moved"))
    Machine(moved).set_up("--minimal")
    assert str(moved) in (moved / "check out" / ".venv" / "bin" / "vcluster-isolation").read_text()


def test_what_somebody_made_by_hand_is_replaced(machine: Machine) -> None:
    (machine.project.venv / "bin").mkdir(parents=True)
    (machine.project.bin / "helm").mkdir(parents=True)
    assert machine.set_up() == 0
    assert (machine.project.bin / "helm").is_file()


def test_a_linked_environment_is_unlinked_and_not_emptied(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "precious").touch()
    machine.project.venv.symlink_to(tmp_path / "elsewhere")
    assert machine.set_up() == 0
    assert (tmp_path / "elsewhere" / "precious").exists()


def test_the_stamp_of_another_tool_is_not_believed(machine: Machine) -> None:
    machine.set_up()
    (machine.project.venv / "made-from.json").write_text("[]")
    machine.calls()
    assert machine.set_up() == 0
    assert any("venv" in call for call in machine.calls())


def test_the_command_works_from_any_folder_and_with_spaces(machine: Machine) -> None:
    machine.set_up()
    machine.calls()
    command = machine.project.venv / "bin" / "vcluster-isolation"
    subprocess.run([command, "check", "a b"], env=machine.environment(), cwd="/", check=True)
    assert machine.calls() == ["python -P -m vcluster_isolation check a b"]


def test_only_pinned_packages_with_their_hashes_are_installed(machine: Machine) -> None:
    machine.set_up("--minimal")
    install = next(call for call in machine.calls() if "pip install" in call)
    root = machine.project.root
    assert install == (
        "python -m pip install --quiet --no-deps --only-binary :all: --no-compile --require-hashes"
        f" --requirement {root}/requirements/runtime.txt"
    )


def test_the_settings_are_for_a_shell(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.set_up("--print-env")
    settings = capsys.readouterr().out
    shown = subprocess.check_output(["/bin/sh", "-c", f'{settings}\necho "$HELM_CACHE_HOME"'], text=True)
    assert shown == f"{machine.project.tools}/home/helm-cache\n"


CLUSTER = ["etcd", "kube-apiserver", "kube-router", "kubectl"]


def test_the_programs_of_the_real_cluster_are_built_only_when_they_are_asked_for(machine: Machine) -> None:
    machine.set_up("--dev")
    assert not any((machine.project.built / name).exists() for name in CLUSTER)
    machine.calls()
    assert machine.set_up("--dev", "--cluster") == 0
    assert machine.calls().count("go install") == len(CLUSTER)
    assert all((machine.project.built / name).exists() for name in CLUSTER)
    assert machine.set_up("--dev", "--cluster") == 0
    assert machine.calls() == []


def test_the_programs_of_the_real_cluster_are_found_by_nothing_that_was_not_told(machine: Machine) -> None:
    machine.set_up("--dev", "--cluster")
    assert not {*CLUSTER} & {path.name for path in machine.project.bin.iterdir()}


def test_the_definitions_of_the_tiers_come_from_the_pinned_modules(machine: Machine) -> None:
    machine.set_up("--dev", "--cluster")
    for name in ("admin-network-policy", "cluster-network-policy"):
        assert (machine.project.built / f"{name}.yaml").read_text() == "kind: CustomResourceDefinition\n"
    machine.calls()
    with (machine.project.root / "tools" / "cluster-network-policy" / "go.sum").open("a") as file:
        file.write("changed\n")
    machine.set_up("--dev", "--cluster")
    assert machine.calls().count("go mod") == 1
