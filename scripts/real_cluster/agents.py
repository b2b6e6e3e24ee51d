"""The agents that enforce NetworkPolicies: kube-router, a process in each node's network namespace.

v2.1.0 enforces policies over one address family only. Programs that come first on the agent's PATH mend two flaws:

- Its rules for IPv6 name the sets of addresses without the `inet6:` that the sets' names begin with, and
  ip6tables-restore refuses them all: "Set KUBE-SRC-... doesn't exist", cloudnativelabs/kube-router#1653.
- For each family it keeps the sets of both as `ipset save` listed them after the last change, and writes all of them
  back (`Save` and `Restore` in pkg/utils/ipset.go): the family that comes last undoes the change of the other. Here
  `ipset save` lists nothing, so that each writes what it has just worked out, and destroys what no rule refers to.
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
_MENDED: Final = {
    "ip6tables-restore": """#!/bin/sh
sed 's/--match-set KUBE-/--match-set inet6:KUBE-/g' | {program} "$@"
""",
    "ipset": """#!/bin/sh
[ "$1" = save ] || exec {program} "$@"
{program} list -terse | awk '/^Name: /{{name = $2}} /^References: 0$/{{print "destroy " name}}' | {program} restore
""",
}
"""What comes first on the agent's PATH, by name; `program` is the real one."""


@dataclass(slots=True)
class Agents:
    """The agents of each node, and how they reach the API server."""

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
        path = f"PATH={self._mended()}:{os.environ['PATH']}"
        prefix = ("nsenter", f"--net={linux.NAMES / node.name}", "env", path)
        self.processes[node.name] = start(command, self.folder / f"agent-{node.name}.log", prefix)

    def stop(self, *names: str) -> None:
        """End agents, all unless some are named. What they wrote into their node's tables stays."""
        linux.stop(self.processes.pop(name) for name in names or tuple(self.processes) if name in self.processes)

    def kill(self, name: str) -> None:
        """End an agent with SIGKILL."""
        process = self.processes.pop(name)
        process.kill()
        process.wait()

    def _mended(self) -> Path:
        """Return a folder with the programs that mend what the agent does to two families."""
        place = self.folder / "mended"
        place.mkdir(exist_ok=True)
        for name, text in _MENDED.items():
            (place / name).write_text(text.format(program=shutil.which(name)), encoding="utf-8")
            (place / name).chmod(0o755)
        return place
