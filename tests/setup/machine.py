"""A machine to set up: a small checkout, and programs that behave like Python, pip, Go and helm but do nothing.

The programs write where the real ones would by the same environment variables, and count their calls.
"""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from setup.main import main
from setup.project import Project

REPOSITORY = Path(__file__).parents[2]

# `-m venv DIR` and `-m pip install`; the copy that it puts into the environment is `.venv/bin/python`.
PYTHON = """#!/bin/sh
echo "python $*" >> "$CALLS"
env > "$CALLS.env.$2"
last= target=
for word; do [ "$last" = --target ] && target=$word; last=$word; done
case $2 in
venv)
    mkdir -p "$last/bin" && cp "$0" "$last/bin/python"
    case $* in *--without-pip*) ;; *) touch "$last/bin/pip" ;; esac ;;
pip)
    [ -z "$FAIL_PIP" ] || { printf "$FAIL_PIP"; exit 1; }
    mkdir -p "${PIP_CACHE_DIR:-$HOME/.cache/pip}/http"
    if [ -n "$target" ]; then mkdir -p "$target/go/bin"; cp "$FETCHED_GO" "$target/go/bin/go"; exit; fi
    case $last in *dev.txt)
        for name in coverage mypy pytest ruff; do cp "$0" "${0%/*}/$name"; done ;;
    esac ;;
esac
"""

# `go env -json`, `go mod download -json` and `go install`; what is built says the version that the linker was told, and
# etcd, which is told none, that of its go.mod.
GO = """#!/bin/sh
echo "go $1" >> "$CALLS"
env > "$CALLS.env.go-$1"
mkdir -p "${{XDG_CONFIG_HOME:-$HOME/.config}}/go/telemetry" "${{GOCACHE:-$HOME/.cache/go-build}}"
mkdir -p "${{GOMODCACHE:-${{GOPATH:-$HOME/go}}/mod}}"
[ "$1" != env ] || {{ echo '{{"GOVERSION": "{version}", "GOPROXY": "https://proxy.example", "GOPRIVATE": ""}}'; exit; }}
pwd > "$CALLS.pwd"
if [ "$1" = mod ]; then
    mkdir -p "$GOMODCACHE/crds/config/crd/experimental"
    echo "kind: CustomResourceDefinition" > "$GOMODCACHE/crds/config/crd/experimental/policy.a.yaml"
    echo "kind: Kustomization" > "$GOMODCACHE/crds/config/crd/experimental/kustomization.yaml"
    printf '{{"Dir": "%s/crds"}}\n' "$GOMODCACHE"
    exit
fi
[ -z "$FAIL_GO" ] || {{ printf "$FAIL_GO"; exit 1; }}
[ -z "$STUBBORN" ] || trap "" TERM
[ -z "$HANG_GO" ] || {{ echo $$ > "$HANG_GO"; sleep 60; }}
said=$(echo "$*" | grep -o 'ersion=v[0-9.]*' | head -1)
for last; do :; done
case $PWD in */kubeconform) name=kubeconform ;; */cluster) name=${{last##*/}} ;; *) name=helm ;; esac
case $last in go.etcd.io/etcd/*) name=server said=ersion=$(grep -o 'etcd/server/v3 v[0-9.]*' go.mod | cut -d' ' -f2) ;; esac
printf '#!/bin/sh\\necho %s\\n' "${{WRONG_VERSION:-${{said#ersion=}}}}" > "$GOBIN/$name"
chmod +x "$GOBIN/$name"
"""

# helm and kubeconform on PATH: they say their version, and helm leaves a trace in its cache.
SAYS_VERSION = """#!/bin/sh
echo "{name} $*" >> "$CALLS"
mkdir -p "${{HELM_CACHE_HOME:-$HOME/.cache/helm}}"
echo "{version}"
"""


@dataclass(frozen=True, slots=True)
class Machine:
    """A checkout at `root`, programs in `bin`, an empty `home`, and the environment `variables`."""

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def project(self) -> Project:
        return Project(self.folder / "check out")

    @property
    def bin(self) -> Path:
        return self.folder / "bin"

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def set_up(self, *arguments: str) -> int:
        return main(arguments, self.project, self.environment())

    def environment(self) -> dict[str, str]:
        return {
            "PATH": f"{self.bin}:/usr/bin:/bin",
            "HOME": str(self.home),
            "CALLS": str(self.folder / "calls"),
            "FETCHED_GO": str(self.folder / "fetched-go"),
            **self.variables,
        }

    def calls(self) -> list[str]:
        """Return every call of a program since the last time this was asked."""
        record = self.folder / "calls"
        lines = record.read_text().splitlines() if record.exists() else []
        record.unlink(missing_ok=True)
        return lines

    def saw(self, program: str) -> dict[str, str]:
        """Return the environment in which `venv`, `pip`, `go-env` or `go-install` was called last."""
        lines = (self.folder / f"calls.env.{program}").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)

    def has(self, name: str, version: str) -> Path:
        """Put a program on PATH."""
        text = GO.format(version=version) if name == "go" else SAYS_VERSION.format(name=name, version=version)
        return program(self.bin / name, text)


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def new_machine(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Return a machine with a checkout and a Python, and nothing else."""
    machine = Machine(folder)
    for name in ("requirements", "tools"):
        shutil.copytree(REPOSITORY / name, machine.project.root / name)
    machine.home.mkdir()
    monkeypatch.setattr(sys, "executable", str(program(machine.bin / "python3", PYTHON)))
    program(folder / "fetched-go", GO.format(version="go1.27.3"))
    return machine
