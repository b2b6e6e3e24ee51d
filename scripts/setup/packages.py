"""The project's Python environment: `.venv`, with exactly the hash-pinned packages, and this package."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import re
import shlex
import sys
import sysconfig
from functools import partial
from pathlib import Path

from setup import advice, environment
from setup.project import Project, digest, remove, runnable, write
from setup.work import Running, Step, StepContext, begin, finish, run
from vcluster_isolation.errors import SetupFailed

_COMMAND = "vcluster-isolation"
_PACKAGES = "python-packages"
_DEV_PROGRAMS = ("coverage", "mypy", "pytest", "ruff")
_PIP_FOR_OTHERS = (22, 3)  # the first pip with `--python` (pip's NEWS)
_OTHERWISE = "check what pip was told (PIP_INDEX_URL, PIP_NO_INDEX), or name another Python: PYTHON=/path/to/python3"
_LAYOUT = "1"  # count up when what is made below changes, so that everybody's `.venv` is made anew


def steps(project: Project, *, dev: bool) -> tuple[list[Step], list[Step]]:
    """Return what has to be done for `.venv` to be complete: first, and when everything else is done.

    An environment that is made anew gets its packages while Go builds, which is at work with other things.
    """
    wanted = _keys(project, dev=dev)
    there = _read_stamp(project) if _is_whole(project, dev=dev) else {}
    if wanted.items() <= there.items():
        return [], []
    if dev and _keys(project, dev=False) == there:
        return [], [Step(_PACKAGES, "adding the packages for development to .venv", _add_dev, _OTHERWISE)]
    which = " and those for development" if dev else ""
    first = Step("python", "making .venv", partial(_make, dev), _OTHERWISE)
    return [first], [Step(_PACKAGES, f"installing the pinned Python packages{which}", partial(_end, dev), _OTHERWISE)]


def pip(shop: StepContext) -> list[str]:
    """Return the command that is pip for `.venv`: its own, or one of the machine that works for another Python."""
    python = shop.project.venv / "bin" / "python"
    if (shop.project.venv / "bin" / "pip").exists():
        return [str(python), "-m", "pip"]
    return [str(shop.python), "-m", "pip", "--python", str(python)]


def pip_version() -> tuple[int, ...]:
    """Return the version of the pip that this Python has; (0,) when it has none."""
    try:
        version = importlib.metadata.version("pip")
    except importlib.metadata.PackageNotFoundError:
        return (0,)
    return tuple(map(int, re.findall(r"\d+", version)[:2]))


def _make(dev: bool, shop: StepContext, step: Step) -> None:  # noqa: FBT001 - bound by name where steps are made
    """Make `.venv` anew, and begin to install the packages."""
    remove(shop.project.venv)
    _make_venv(shop, step)
    shop.background[_PACKAGES] = _install(shop, _PACKAGES, "dev" if dev else "runtime")


def _end(dev: bool, shop: StepContext, step: Step) -> None:  # noqa: FBT001 - as above
    """Wait for the packages, and finish `.venv` with this one."""
    finish(shop, step, shop.background.pop(_PACKAGES))
    _install_project(shop.project)
    _write_stamp(shop.project, dev=dev)


def _add_dev(shop: StepContext, step: Step) -> None:
    """Add the packages for development; interrupted, `.venv` counts as not made."""
    remove(_stamp(shop.project))
    finish(shop, step, _install(shop, step.name, "dev"))
    _write_stamp(shop.project, dev=True)


def _make_venv(shop: StepContext, step: Step) -> None:
    """Make an empty environment, with a pip of its own where this Python can.

    Debian and Ubuntu keep `ensurepip` in the package python3-venv; without it another pip does, if it is there.
    """
    env = environment.for_programs(shop.project, shop.environment)
    ensurepip = importlib.util.find_spec("ensurepip")
    if ensurepip and ensurepip.origin:  # an emptied folder has no origin
        run(shop, step, [shop.python, "-m", "venv", shop.project.venv], env)
    elif pip_version() >= _PIP_FOR_OTHERS:
        run(shop, step, [shop.python, "-m", "venv", "--without-pip", shop.project.venv], env)
    else:
        raise SetupFailed(
            step.label,
            [f"{shop.python} has neither ensurepip nor pip 22.3 or newer"],
            advice.for_output("ensurepip", ""),
        )


def _install(shop: StepContext, name: str, which: str) -> Running:
    """Begin to install one lock file: only what it names, only with the hashes it names.

    Only built packages: building one would fetch tools for it that no lock file pins. Python compiles what it imports.
    """
    lock = shop.project.root / "requirements" / f"{which}.txt"
    words = ["install", "--quiet", "--no-deps", "--only-binary", ":all:", "--no-compile", "--require-hashes"]
    env = environment.for_pip(shop.project, shop.environment)
    return begin(shop, name, [*pip(shop), *words, "--requirement", str(lock)], env)


def _install_project(project: Project) -> None:
    """Put this package on `.venv`'s path, and its command beside Python.

    By hand, because an editable install would fetch a build backend that no lock file pins.
    """
    scripts = project.root / "scripts"
    site = sysconfig.get_path("purelib", "venv", {"base": str(project.venv)})
    write(Path(site) / "vcluster_isolation.pth", f"{scripts}\n")
    python = shlex.quote(str(project.venv / "bin" / "python"))
    script = f'#!/bin/sh\nexec {python} -P -m vcluster_isolation "$@"\n'
    write(project.venv / "bin" / _COMMAND, script, executable=True)


def _keys(project: Project, *, dev: bool) -> dict[str, str]:
    """Return what `.venv` depends on, for each of its lock files: a moved folder or another Python changes it."""
    here = (_LAYOUT, str(project.root), sys.implementation.cache_tag, sysconfig.get_platform())
    names = ("runtime", "dev") if dev else ("runtime",)
    return {name: digest([project.root / "requirements" / f"{name}.txt"], *here) for name in names}


def _is_whole(project: Project, *, dev: bool) -> bool:
    """Whether the programs of `.venv` are really there (Python may have been removed from the machine)."""
    names = ("python", _COMMAND, *(_DEV_PROGRAMS if dev and "dev" in _read_stamp(project) else ()))
    return all(runnable(project.venv / "bin" / name) for name in names)


def _stamp(project: Project) -> Path:
    """Return the file that says what a complete `.venv` was made from."""
    return project.venv / "made-from.json"


def _read_stamp(project: Project) -> dict[str, str]:
    """Return what `.venv` was made from; nothing when it is not complete, or not ours."""
    try:
        stamp = json.loads(_stamp(project).read_text())
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def _write_stamp(project: Project, *, dev: bool) -> None:
    """Say that `.venv` is complete."""
    write(_stamp(project), json.dumps(_keys(project, dev=dev)))
