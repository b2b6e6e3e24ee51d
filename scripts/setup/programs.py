"""The programs in `.tools/bin`: links to what PATH has in a supported version, or to what is built here."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from setup import environment, golang
from setup.pins import (
    ASK_VERSION,
    NEWEST,
    PINNED,
    SUPPORTED,
    Pinned,
    folder,
    is_supported,
    linker_flags,
    parse,
    shown,
    version_of,
)
from setup.project import Project, digest, on_path, point, runnable, write
from setup.work import Step, StepContext, run
from vcluster_isolation.errors import SetupFailed

_PATIENCE = 20  # seconds for a program on PATH to say its version


@dataclass(frozen=True, slots=True)
class Choice:
    """What `.tools/bin/<name>` is: the program at `target`, to be built first when `pinned` is given."""

    name: str
    target: Path
    version: str
    pinned: Pinned | None = None


def choose(project: Project, caller: Mapping[str, str], names: Iterable[str]) -> list[Choice]:
    """Return for each name the machine's own program when it will do, and the pinned one otherwise.

    `helm` and `kubeconform` may be the machine's own; `helm3` and `helm4` are always the pinned ones.
    """
    return [_own(project, caller, name) if name in SUPPORTED else _built(project, name, name) for name in names]


def steps(project: Project, caller: Mapping[str, str], choices: Sequence[Choice]) -> list[Step]:
    """Return what has to be built for `choices`, a Go to build it with first if that is missing."""
    wanted = {choice.pinned.name: choice.pinned for choice in choices if choice.pinned}
    missing = [pinned for pinned in wanted.values() if not _is_built(project, pinned)]
    return [*golang.steps(project, caller, missing), *(_step(project, pinned) for pinned in missing)]


def link(project: Project, choices: Sequence[Choice]) -> None:
    """Make `.tools/bin` point to `choices`; what is right already is not touched."""
    for choice in choices:
        place = project.bin / choice.name
        if not place.is_symlink() or place.readlink() != choice.target:
            point(place, choice.target)


def _own(project: Project, caller: Mapping[str, str], name: str) -> Choice:
    """Return the first program of that name on PATH whose version is supported, else the pinned one."""
    for program in on_path(name, caller):
        if program.parent.resolve() == project.bin.resolve():
            continue  # our own link
        version = parse(_say_version(project, caller, name, program))
        if version and is_supported(name, version):
            return Choice(name, program, f"v{shown(version)}")
    return _built(project, name, NEWEST[name])


def _built(project: Project, name: str, pinned_name: str) -> Choice:
    """Return the pinned program, linked to relatively."""
    pinned = PINNED[pinned_name]
    return Choice(name, Path("..") / "built" / pinned.name, version_of(project.root, pinned), pinned)


def _say_version(project: Project, caller: Mapping[str, str], name: str, program: Path) -> str:
    """Return what a program says when asked for its version; nothing when it does not work."""
    env = environment.for_programs(project, caller)
    words = [str(program), *ASK_VERSION[name]]
    try:
        return subprocess.run(words, env=env, capture_output=True, text=True, check=True, timeout=_PATIENCE).stdout
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return ""  # broken is as good as not there: the pinned one takes its place


def _is_built(project: Project, pinned: Pinned) -> bool:
    """Whether the pinned program is there, and built from what is pinned now."""
    program, stamp = project.built / pinned.name, _stamp(project, pinned)
    return runnable(program) and stamp.is_file() and stamp.read_text() == _key(project, pinned)


def _stamp(project: Project, pinned: Pinned) -> Path:
    """Return the file that says what a program was built from."""
    return project.built / f"{pinned.name}.made-from"


def _key(project: Project, pinned: Pinned) -> str:
    """Return what a built program depends on."""
    files = [folder(project.root, pinned) / name for name in ("go.mod", "go.sum")]
    return digest(files, *_go_install(project, pinned))


def _go_install(project: Project, pinned: Pinned) -> list[str]:
    """Return the arguments of `go` that build a pinned program: small, and knowing its version."""
    return ["install", "-trimpath", "-ldflags", linker_flags(project.root, pinned), "tool"]


def _step(project: Project, pinned: Pinned) -> Step:
    """Return the step that builds a pinned program."""
    label = f"building {pinned.program} {version_of(project.root, pinned)} with Go"
    ranges = "; ".join(map(str, SUPPORTED[pinned.program]))
    otherwise = f"put {pinned.program} on PATH in a supported version: {ranges}"
    return Step(pinned.name, label, partial(_build, pinned), otherwise)


def _build(pinned: Pinned, shop: StepContext, step: Step) -> None:
    """Build a pinned program, see that it runs, and only then put it into its place."""
    project = shop.project
    go = golang.find(project, shop.environment, [pinned])
    if not go:
        raise SetupFailed(step.label, ["the Go that was fetched does not work here"], step.otherwise)
    with tempfile.TemporaryDirectory(dir=project.scratch) as place:
        env = environment.for_go(project, shop.environment, go.network) | {"GOBIN": place}
        run(shop, step, [go.program, *_go_install(project, pinned)], env, folder(project.root, pinned))
        fresh = Path(place) / pinned.program
        _check_version(pinned, fresh, shop, step)
        project.built.mkdir(parents=True, exist_ok=True)
        fresh.replace(project.built / pinned.name)
    write(_stamp(project, pinned), _key(project, pinned))


def _check_version(pinned: Pinned, program: Path, shop: StepContext, step: Step) -> None:
    """Raise SetupFailed unless a fresh build runs and says the version that is pinned."""
    env = environment.for_programs(shop.project, shop.environment)
    said = run(shop, step, [program, *ASK_VERSION[pinned.program]], env)
    wanted = version_of(shop.project.root, pinned)
    if parse(said) != parse(wanted):
        what = f"the build says it is {said.strip()!r}, and not {wanted}"
        raise SetupFailed(step.label, [what], f"see that tools/{pinned.name}/go.mod and scripts/setup/pins.py agree")
