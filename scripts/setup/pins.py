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

ASK_VERSION = {"helm": ("version", "--short"), "kubeconform": ("-v",), "kubectl": ("version", "--client")}
"""How each program is asked for its version, where `--version` is not how."""


@dataclass(frozen=True, slots=True)
class Pinned:
    """A program that can be built: `tools/<name>/go.mod` pins it, or that of another `folder`.

    `program` is what Go calls it, `module` where it comes from, `variable` the string in its code that holds its
    version, if that has to be told. `kubernetes` are packages with the Kubernetes version that is assumed where no
    cluster is asked; without setting it, Helm 3 takes 1.20 (its Makefile sets it in the same way). `numbers` is the
    package with the strings that hold the program's own version, whole and in parts. `package` is what to build, where
    the go.mod has more than one. With `linked` False it stays in `.tools/built`, where nothing finds it that was not
    told: for `audit` and `verify`, the kubectl on a user's PATH counts.
    """

    name: str
    program: str
    module: str
    variable: str = ""
    kubernetes: tuple[str, ...] = ()
    numbers: str = ""
    package: str = "tool"
    folder: str = ""
    linked: bool = True

    @property
    def home(self) -> str:
        """The folder of `tools/` with its go.mod."""
        return self.folder or self.name

    @property
    def called(self) -> str:
        """What people call it: of helm3 and helm4, both are helm."""
        return self.program if self.linked else self.name


_ETCD = "go.etcd.io/etcd/server/v3"
_AGENT = "github.com/cloudnativelabs/kube-router/v2"
_KUBERNETES = "k8s.io/kubernetes"
_VERSION_OF_KUBERNETES = "k8s.io/component-base/version"


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
        Pinned("etcd", "server", _ETCD, package=_ETCD, folder="cluster", linked=False),
        Pinned(
            "kube-router",
            "kube-router",
            _AGENT,
            f"{_AGENT}/pkg/version.Version",
            package=f"{_AGENT}/cmd/kube-router",
            folder="cluster",
            linked=False,
        ),
        *(
            Pinned(
                name,
                name,
                _KUBERNETES,
                numbers=_VERSION_OF_KUBERNETES,
                package=f"{_KUBERNETES}/cmd/{name}",
                folder="cluster",
                linked=False,
            )
            for name in ("kubectl", "kube-apiserver")
        ),
    )
}
CLUSTER = tuple(name for name, pinned in PINNED.items() if not pinned.linked)
"""What `scripts/cluster` runs: built only when that asks for it, for it takes minutes."""

NEWEST = {"helm": "helm4", "kubeconform": "kubeconform"}
"""Which pinned program takes the place of one that is not on PATH."""


def folder(root: Path, pinned: Pinned) -> Path:
    """Return the folder with the go.mod and go.sum of a pinned program."""
    return root / "tools" / (pinned.home)


def ask_version(pinned: Pinned) -> tuple[str, ...]:
    """Return the arguments with which a pinned program says its version."""
    return ASK_VERSION.get(pinned.called, ("--version",))


def version_of(root: Path, pinned: Pinned) -> str:
    """Return the pinned version, such as `v4.3.1`, from its go.mod. Raises LookupError when that does not name it."""
    return _required(root, pinned, pinned.module)


def linker_flags(root: Path, pinned: Pinned) -> str:
    """Return what Go's linker is told: leave out what debuggers need, and set the versions in the code."""
    version = version_of(root, pinned)
    settings = {pinned.variable: version} if pinned.variable else {}
    if pinned.numbers:
        major, minor, _ = parse(version) or (0, 0, 0)
        settings |= {
            f"{pinned.numbers}.gitVersion": version,
            f"{pinned.numbers}.gitMajor": str(major),
            f"{pinned.numbers}.gitMinor": str(minor),
        }
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
        raise LookupError(f"tools/{pinned.home}/go.mod does not require {module}")
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
