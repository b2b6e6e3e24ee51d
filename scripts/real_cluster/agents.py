"""The agents that enforce NetworkPolicies: kube-router, a process in each node's network namespace.

Of two families, v2.1.0 enforces policies over IPv4 only: its rules for IPv6 name the sets of addresses without the
`inet6:` that the sets' names begin with, and ip6tables-restore refuses them all ("Set KUBE-SRC-… doesn't exist",
cloudnativelabs/kube-router#1653). A program of that name, first on the agent's PATH, puts it there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from real_cluster import linux
from real_cluster.control_plane import start
from real_cluster.network import Node
from real_cluster.relay import Relay

_FLAGS: Final = (
    "--run-firewall=true",
    "--run-router=false",
    "--run-service-proxy=false",
    "--run-loadbalancer=false",
    "--enable-cni=false",
    "--enable-ipv4=true",
    "--enable-ipv6=true",
    "--health-port=0",
    "--service-cluster-ip-range=10.196.0.0/16",
    "--service-cluster-ip-range=fd00:10:196::/112",
)


_RESTORE: Final = "ip6tables-restore"
_MENDED: Final = """#!/bin/sh
sed 's/--match-set KUBE-/--match-set inet6:KUBE-/g' | {program} "$@"
"""


@dataclass(slots=True)
class Agents:
    """The agent of each node, and how it reaches the API server."""

    folder: Path
    program: Path
    kubeconfig: Path
    port: int
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _relays: dict[str, Relay] = field(default_factory=dict)

    def connect(self, node: Node) -> None:
        """Let a node's namespace reach the API server at the address that the kubeconfig names. Raises OSError."""
        if node.name in self._relays:
            self._relays.pop(node.name).close()
        self._relays[node.name] = Relay(linux.NAMES / node.name, self.port)

    def start(self, node: Node) -> None:
        """Start a node's agent."""
        command = [str(self.program), *_FLAGS, f"--kubeconfig={self.kubeconfig}", f"--hostname-override={node.name}"]
        prefix = ("nsenter", f"--net={linux.NAMES / node.name}", "env", f"PATH={self._mended()}:{os.environ['PATH']}")
        self.processes[node.name] = start(command, self.folder / f"agent-{node.name}.log", prefix)

    def _mended(self) -> Path:
        """Return a folder with the program that mends what the agent says of IPv6."""
        place = self.folder / "mended"
        place.mkdir(exist_ok=True)
        script = place / _RESTORE
        script.write_text(_MENDED.format(program=shutil.which(_RESTORE)), encoding="utf-8")
        script.chmod(0o755)
        return place

    def stop(self, *names: str) -> None:
        """End agents, all unless some are named. What they wrote into their node's tables stays."""
        linux.stop(self.processes.pop(name) for name in names or tuple(self.processes) if name in self.processes)
