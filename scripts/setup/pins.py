"""The programs that set-up provides: which versions are pinned, and which of the machine's own will do."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

Version = tuple[int, int, int]

_VERSION = re.compile(r"v?(\d+)\.(\d+)\.(\d+)(-[0-9A-Za-z.-]+)?")


@dataclass(frozen=True, slots=True)
class Range:
    """Versions from `low` on, below `below`."""

    low: Version
    below: Version

    def __str__(self) -> str:
        """Return the range for a reader: `3.18.0 or newer, below 4.0.0`."""
        return f"{shown(self.low)} or newer, below {shown(self.below)}"


SUPPORTED = {
    "helm": (Range((3, 18, 0), (4, 0, 0)), Range((4, 0, 0), (5, 0, 0))),
    "kubeconform": (Range((0, 6, 7), (1, 0, 0)),),
}
"""A program on PATH is used when its version lies in one of these ranges; otherwise the pinned one is built."""

ASK_VERSION = {"helm": ("version", "--short"), "kubeconform": ("-v",)}
"""How each program is asked for its version."""


@dataclass(frozen=True, slots=True)
class Pinned:
    """A program that can be built: `tools/<name>/go.mod` pins it.

    `program` is what Go calls it, `module` where it comes from, `variable` the string in its code that holds its
    version. `kubernetes` are packages with the Kubernetes version that is assumed where no cluster is asked; without
    setting it, Helm 3 takes 1.20 (its Makefile sets it in the same way).
    """

    name: str
    program: str
    module: str
    variable: str
    kubernetes: tuple[str, ...] = ()


PINNED = {
    pinned.name: pinned
    for pinned in (
        Pinned(
            "helm3",
            "helm",
            "helm.sh/helm/v3",
            "helm.sh/helm/v3/internal/version.version",
            ("helm.sh/helm/v3/pkg/chartutil", "helm.sh/helm/v3/pkg/lint/rules"),
        ),
        Pinned("helm4", "helm", "helm.sh/helm/v4", "helm.sh/helm/v4/internal/version.version"),
        Pinned("kubeconform", "kubeconform", "github.com/yannh/kubeconform", "main.version"),
    )
}
NEWEST = {"helm": "helm4", "kubeconform": "kubeconform"}
"""Which pinned program takes the place of one that is not on PATH."""


def folder(root: Path, pinned: Pinned) -> Path:
    """Return the folder with the go.mod and go.sum of a pinned program."""
    return root / "tools" / pinned.name


def version_of(root: Path, pinned: Pinned) -> str:
    """Return the pinned version, such as `v4.3.1`, from its go.mod. Raises LookupError when that does not name it."""
    return _required(root, pinned, pinned.module)


def linker_flags(root: Path, pinned: Pinned) -> str:
    """Return what Go's linker is told: leave out what debuggers need, and set the versions in the code."""
    settings = {pinned.variable: version_of(root, pinned)}
    if pinned.kubernetes:
        major, minor, _ = parse(_required(root, pinned, "k8s.io/client-go")) or (0, 0, 0)
        for package in pinned.kubernetes:
            # client-go v0.37 is Kubernetes 1.37
            settings |= {f"{package}.k8sVersionMajor": str(major + 1), f"{package}.k8sVersionMinor": str(minor)}
    return " ".join(["-s", "-w", *(f"-X {name}={value}" for name, value in settings.items())])


def _required(root: Path, pinned: Pinned, module: str) -> str:
    """Return the version of `module` in the go.mod of `pinned`. Raises LookupError when it is not there."""
    text = (folder(root, pinned) / "go.mod").read_text()
    found = re.search(rf"^\s*(?:require )?{re.escape(module)} (v\S+)", text, re.MULTILINE)
    if not found:
        raise LookupError(f"tools/{pinned.name}/go.mod does not require {module}")
    return found[1]


def go_needed(root: Path, pinned: Pinned) -> Version:
    """Return the Go version that a pinned program's go.mod asks for."""
    text = (folder(root, pinned) / "go.mod").read_text()
    return parse(next(line for line in text.splitlines() if line.startswith("go "))) or (0, 0, 0)


def parse(text: str) -> Version | None:
    """Return the first version in `text` as numbers; None without one, or for a pre-release."""
    found = _VERSION.search(text)
    if not found or found[4]:
        return None
    return int(found[1]), int(found[2]), int(found[3])


def parse_go(text: str) -> Version | None:
    """Return the version in Go's own writing (`go1.26`, `go1.26.8`); None for pre-releases and builds from source."""
    found = re.fullmatch(r"go(\d+)\.(\d+)(?:\.(\d+))?(?:[ -]X:\S+)?", text.strip())
    return (int(found[1]), int(found[2]), int(found[3] or 0)) if found else None


def is_supported(program: str, version: Version | None) -> bool:
    """Whether a program of this version, found on PATH, may be used."""
    return version is not None and any(span.low <= version < span.below for span in SUPPORTED[program])


def shown(version: Version) -> str:
    """Return a version as people write it."""
    return ".".join(map(str, version))
