"""The CustomResourceDefinitions that a real cluster needs, out of the published modules that `tools/` pins."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

from setup import environment, golang
from setup.project import Project, digest, write
from setup.work import Step, StepContext, run
from vcluster_isolation.errors import SetupFailed

SETS: Final = ("admin-network-policy", "cluster-network-policy")
"""Folders of `tools/`: the last release of network-policy-api with the first API of the tiers, and one with the second.

What is made of each is `.tools/built/<name>.yaml`.
"""

_MODULE: Final = "sigs.k8s.io/network-policy-api"
_CHANNEL: Final = "config/crd/experimental"  # a superset of the standard channel


def steps(project: Project, names: Sequence[str]) -> list[Step]:
    """Return what has to be fetched."""
    return [
        Step(name, f"fetching the CustomResourceDefinitions of {name}", partial(_fetch, name), "see the log")
        for name in names
        if not _is_there(project, name)
    ]


def _is_there(project: Project, name: str) -> bool:
    stamp = project.built / f"{name}.made-from"
    there = (project.built / f"{name}.yaml").is_file() and stamp.is_file()
    return there and stamp.read_text() == _key(project, name)


def _key(project: Project, name: str) -> str:
    return digest(project.root / "tools" / name / file for file in ("go.mod", "go.sum"))


def _fetch(name: str, shop: StepContext, step: Step) -> None:
    """Have Go download and verify the module, and join its definitions into one file."""
    project = shop.project
    go = golang.find(project, shop.environment, [])
    if not go:
        raise SetupFailed(step.label, ["there is no Go that works here"], step.otherwise)
    env = environment.for_go(project, shop.environment, go.network)
    said = run(shop, step, [go.program, "mod", "download", "-json", _MODULE], env, project.root / "tools" / name)
    folder = Path(json.loads(said[said.index("{") :])["Dir"]) / _CHANNEL
    definitions = [file.read_text(encoding="utf-8") for file in sorted(folder.glob("policy.*.yaml"))]
    if not definitions:
        raise SetupFailed(step.label, [f"{_MODULE} has no {_CHANNEL}"], "see which version tools/ pins")
    project.built.mkdir(parents=True, exist_ok=True)
    write(project.built / f"{name}.yaml", "---\n".join(definitions))
    write(project.built / f"{name}.made-from", _key(project, name))
