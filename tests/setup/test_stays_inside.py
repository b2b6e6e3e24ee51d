"""Set-up changes nothing outside the checkout, and leaves the user's own settings in force."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from setup import environment
from setup.main import main
from setup.project import Project
from tests.setup.machine import Machine, new_machine


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return new_machine(tmp_path, monkeypatch)


def below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.mark.parametrize("go", ["go1.26.0", "go1.2"])
def test_the_home_folder_stays_empty(machine: Machine, go: str) -> None:
    machine.has("go", go)
    machine.has("helm", "v3.1.0")
    assert machine.set_up("--dev") == 0
    assert below(machine.home) == []


def test_the_programs_do_write_to_the_home_folder_when_nobody_stops_them(machine: Machine) -> None:
    machine.has("go", "go1.26.0")
    machine.has("helm", "v3.1.0")
    for words in (["go", "env"], ["helm", "version"], ["python3", "-m", "pip"]):
        subprocess.run([machine.bin / words[0], *words[1:]], env=machine.environment(), check=True, capture_output=True)
    assert {".cache/go-build", ".cache/helm", ".cache/pip", ".config/go/telemetry", "go"} <= set(below(machine.home))


def test_a_real_python_and_pip_leave_the_home_folder_empty(tmp_path: Path) -> None:
    project = Project(tmp_path / "checkout")
    for name in ("requirements/runtime.txt", "tools/helm4/go.mod"):
        (project.root / name).parent.mkdir(parents=True, exist_ok=True)
        (project.root / name).write_text("# nothing to install\n")
    (project.root / "scripts").symlink_to(Path(__file__).parents[2] / "scripts")
    home = tmp_path / "home"
    home.mkdir()
    helm = tmp_path / "helm"
    helm.write_text("#!/bin/sh\necho v4.3.1\n")
    helm.chmod(0o755)
    caller = os.environ | {"HOME": str(home), "PATH": f"{tmp_path}:/usr/bin:/bin", "PIP_NO_INDEX": "1"}

    assert main(["--minimal"], project, caller) == 0

    assert below(home) == []
    where = "import sys, vcluster_isolation; print(sys.prefix, vcluster_isolation.__file__)"
    said = subprocess.check_output([project.venv / "bin" / "python", "-I", "-c", where], text=True).split()
    assert said == [str(project.venv), f"{project.root}/scripts/vcluster_isolation/__init__.py"]


def test_every_place_that_is_named_to_a_program_is_inside(machine: Machine) -> None:
    machine.has("go", "go1.26.0")
    machine.set_up("--dev")
    root = str(machine.project.root)
    for program, names in {
        "pip": ["PIP_CACHE_DIR", "TMPDIR", "RUSTUP_HOME"],
        "go-install": ["GOPATH", "GOMODCACHE", "GOCACHE", "GOTMPDIR", "GOBIN", "TMPDIR", "XDG_CONFIG_HOME"],
    }.items():
        seen = machine.saw(program)
        assert [name for name in names if not seen[name].startswith(root)] == []
        assert seen["TMPDIR"].startswith(str(machine.project.build))


def test_index_settings_of_the_user_reach_pip(machine: Machine) -> None:
    machine.has("go", "go1.26.0")
    settings = {
        "PIP_INDEX_URL": "https://x/simple",
        "PIP_FIND_LINKS": "/w",
        "PIP_CERT": "/c",
        "HTTPS_PROXY": "http://p",
    }
    machine.variables.update(settings)
    machine.set_up("--minimal")
    seen = machine.saw("pip")
    assert {name: seen[name] for name in settings} == settings


def test_settings_that_would_install_elsewhere_do_not_reach_pip(machine: Machine) -> None:
    machine.has("go", "go1.26.0")
    machine.variables.update({"PIP_TARGET": "/t", "PIP_PREFIX": "/p", "PIP_USER": "1", "PIP_CONSTRAINT": "c.txt"})
    machine.set_up("--minimal")
    seen = machine.saw("pip")
    assert {name for name in seen if name.startswith("PIP_")} & {"PIP_TARGET", "PIP_PREFIX", "PIP_CONSTRAINT"} == set()
    assert seen["PIP_USER"] == "0"


def test_the_users_python_settings_do_not_reach_ours(machine: Machine) -> None:
    machine.has("go", "go1.26.0")
    machine.variables.update({"PYTHONPATH": "/p", "PYTHONHOME": "/h", "VIRTUAL_ENV": "/v"})
    machine.set_up("--minimal")
    assert {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"} & set(machine.saw("venv")) == set()


def test_go_reaches_modules_as_go_env_says(machine: Machine) -> None:
    machine.has("go", "go1.26.0")
    machine.set_up("--minimal")
    seen = machine.saw("go-install")
    assert (seen["GOPROXY"], seen["GOENV"], "GOPRIVATE" in seen) == ("https://proxy.example", "off", False)


def test_go_is_asked_with_the_users_own_settings_file(machine: Machine) -> None:
    machine.has("go", "go1.26.0")
    machine.set_up("--minimal")
    assert machine.saw("go-env")["GOENV"] == f"{machine.home}/.config/go/env"


@pytest.mark.parametrize(
    ("caller", "path"),
    [
        ({"GOENV": "/my/env", "HOME": "/h"}, "/my/env"),
        ({"XDG_CONFIG_HOME": "/x", "HOME": "/h"}, "/x/go/env"),
        ({"HOME": "/h"}, "/h/.config/go/env"),
    ],
)
def test_the_users_settings_file_of_go_is_found(caller: dict[str, str], path: str) -> None:
    assert environment.go_settings_file(caller) == path


def test_go_builds_for_this_machine_and_changes_no_go_mod(machine: Machine) -> None:
    machine.has("go", "go1.26.0")
    machine.variables.update({"GOFLAGS": "-mod=mod", "GOOS": "plan9", "GOARCH": "arm", "GOTOOLCHAIN": "auto"})
    machine.set_up("--minimal")
    seen = machine.saw("go-install")
    assert {"GOOS", "GOARCH"} & set(seen) == set()
    assert (seen["GOFLAGS"], seen["GOTOOLCHAIN"]) == ("-mod=readonly -modcacherw -buildvcs=false", "local")


def test_settings_for_a_shell_survive_an_odd_path() -> None:
    project = Project(Path("/it's $HOME `id`"))
    text = environment.as_shell(project) + 'printf %s "$TMPDIR${PYTHONPATH-}"'
    shown = subprocess.check_output(["/bin/sh", "-c", text], text=True, env={"PYTHONPATH": "/elsewhere"})
    assert shown == str(project.temporary)


def test_set_up_needs_only_the_standard_library() -> None:
    scripts = Path(__file__).parents[2] / "scripts"
    code = f"""
import sys
sys.path[:0] = [{str(scripts)!r}]
import setup.main
names = {{name.split(".")[0] for name in sys.modules}} - set(sys.stdlib_module_names) - {{"__main__"}}
print(sorted(name for name in names if not name.startswith("_")))
"""
    assert (
        subprocess.check_output([sys.executable, "-I", "-S", "-c", code], text=True)
        == "['setup', 'vcluster_isolation']\n"
    )
