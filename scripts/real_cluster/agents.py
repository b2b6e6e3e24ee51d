"""The agents that enforce NetworkPolicies: kube-router, a process in each node's network namespace."""

from __future__ import annotations

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
        prefix = ("nsenter", f"--net={linux.NAMES / node.name}")
        self.processes[node.name] = start(command, self.folder / f"agent-{node.name}.log", prefix)

    def stop(self, *names: str) -> None:
        """End agents, all unless some are named. What they wrote into their node's tables stays."""
        linux.stop(self.processes.pop(name) for name in names or tuple(self.processes) if name in self.processes)
