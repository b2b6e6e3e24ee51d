"""The environment of every program that set-up starts: its caches and settings stay in the project's folder.

What the user configured for reaching package indexes is kept: PIP_INDEX_URL, PIP_FIND_LINKS, PIP_CERT, GOPROXY,
HTTPS_PROXY and so on.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

from setup.project import Project

# Would load code from elsewhere into our Python, or write its bytecode elsewhere.
_PYTHON = (
    "PYTHONHOME",
    "PYTHONPATH",
    "PYTHONPYCACHEPREFIX",
    "PYTHONUSERBASE",
    "VIRTUAL_ENV",
    "__PYVENV_LAUNCHER__",
)
# Would make pip install something else, or to another place.
_PIP = ("TARGET", "PREFIX", "ROOT", "PYTHON", "REQUIREMENT", "CONSTRAINT", "EDITABLE", "DRY_RUN", "LOG")
# Would make Go build for another machine, or something else.
_GO = ("GOOS", "GOARCH", "GOROOT", "GOEXPERIMENT", "GO_EXTLINK_ENABLED", "GOFIPS140")

GO_NETWORK = ("GOPROXY", "GONOPROXY", "GOPRIVATE", "GOINSECURE", "GOSUMDB", "GONOSUMDB", "GOAUTH", "GOVCS")
"""How this user reaches Go modules: read from `go env`, so that `go env -w` counts too."""


def exports(project: Project) -> dict[str, str]:
    """Return the settings that also the commands run after set-up need, to stay in the project's folder."""
    homes = project.tools / "home"
    return {
        "TMPDIR": str(project.temporary),
        "HELM_CACHE_HOME": str(homes / "helm-cache"),
        "HELM_CONFIG_HOME": str(homes / "helm-config"),
        "HELM_DATA_HOME": str(homes / "helm-data"),
        "KUBECACHEDIR": str(homes / "kube-cache"),  # client-go's, where helm keeps what it learns of a cluster
    }


def as_shell(project: Project) -> str:
    """Return `exports` as lines for a shell's `eval`, whatever characters the project's path has."""
    lines = [f"export {name}={shlex.quote(value)}" for name, value in exports(project).items()]
    return "\n".join([*lines, f"unset {' '.join(_PYTHON)}", ""])


def for_programs(project: Project, base: Mapping[str, str]) -> dict[str, str]:
    """Return `base` with our settings, and without what would bend our Python."""
    kept = {name: value for name, value in base.items() if name not in _PYTHON}
    return kept | exports(project) | {"TMPDIR": str(project.scratch)}


def for_pip(project: Project, base: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for pip: `base`'s index settings, our cache, and no other place to install to."""
    dropped = {f"PIP_{name}" for name in _PIP}
    kept = {name: value for name, value in for_programs(project, base).items() if name not in dropped}
    return kept | {
        "PIP_CACHE_DIR": str(project.build / "pip"),
        "PIP_USER": "0",  # also overrules a `user = true` in pip.conf
        "PIP_NO_INPUT": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_PROGRESS_BAR": "off",
        "RUSTUP_HOME": str(project.build / "rustup"),  # pip asks a `rustc` for its version, and rustup then writes here
        "PYTHONNOUSERSITE": "1",
    }


def for_go(project: Project, base: Mapping[str, str], network: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for Go: caches in the project, no other toolchain, `network` as in GO_NETWORK.

    GOFLAGS is set whole, because a user's `-mod=mod` would let go.mod change and `-mod=vendor` would not build.
    """
    build = project.build
    kept = {name: value for name, value in for_programs(project, base).items() if name not in _GO}
    return (
        kept
        | dict(network)
        | {
            "GOENV": "off",
            "GOTOOLCHAIN": "local",  # never download another Go by itself
            "GOWORK": "off",
            "GO111MODULE": "on",
            "GOFLAGS": "-mod=readonly -modcacherw -buildvcs=false",  # a folder that `rm -rf` can remove
            "CGO_ENABLED": "0",  # no C compiler needed
            "GOPATH": str(build / "gopath"),
            "GOMODCACHE": str(build / "gomod"),
            "GOCACHE": str(build / "gobuild"),
            "GOTMPDIR": str(project.scratch),
            "XDG_CONFIG_HOME": str(build / "config"),  # Go's telemetry counters
            "XDG_CACHE_HOME": str(build / "cache"),
        }
    )


def go_settings_file(base: Mapping[str, str]) -> str:
    """Return where `go env -w` of this user writes (https://pkg.go.dev/cmd/go, Environment variables)."""
    if chosen := base.get("GOENV"):
        return chosen
    home = Path(base.get("HOME", "/"))
    return str(Path(base.get("XDG_CONFIG_HOME") or home / ".config") / "go" / "env")
