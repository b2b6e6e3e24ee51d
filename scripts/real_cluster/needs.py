"""What a machine has to have before a cluster can be started on it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from vcluster_isolation.tools import PROJECT

PROGRAMS: Final = ("etcd", "kube-apiserver", "kubectl", "kube-router")
"""What `scripts/cluster build` builds."""

_PACKAGES: Final[Mapping[str, str]] = {
    "ip": "iproute2",
    "iptables": "iptables",
    "ip6tables": "iptables",
    "ipset": "ipset",
    "nft": "nftables",
    "unshare": "util-linux",
    "nsenter": "util-linux",
    "busybox": "busybox",
    "nc.openbsd": "netcat-openbsd",
}
"""Programs of the machine, and the packages of Debian that have them."""


def missing_from_machine() -> str:
    """Return a sentence that says what this machine lacks; nothing if a cluster can be started on it."""
    if not sys.platform.startswith("linux"):
        return "a real cluster needs Linux: its nodes and pods are network namespaces"
    lacking = [program for program in _PACKAGES if not shutil.which(program)]
    root = [] if os.geteuid() == 0 else ["root"]
    if not lacking and not root:
        return ""
    packages = sorted({_PACKAGES[program] for program in lacking})
    how = f" (Debian: apt-get install {' '.join(packages)})" if packages else ""
    return f"a real cluster needs {', '.join([*root, *lacking])}{how}"


def missing_programs(programs: Path = PROJECT / ".tools" / "built") -> str:
    """Return a sentence that says which programs are not built, and what builds them; nothing if all are."""
    lacking = [name for name in PROGRAMS if not (programs / name).exists()]
    return f"{', '.join(lacking)} not built: run scripts/cluster build" if lacking else ""
