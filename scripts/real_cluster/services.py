"""Stands in for kube-proxy: on each node, a connection to a Service's address goes to the first of its endpoints.

The agent is not asked to do it: its service proxy needs IPVS. Rules are of nftables, in a table of their own.
"""

from __future__ import annotations

import http.client
import subprocess
import threading
import time
from collections.abc import Iterable, Iterator
from typing import Final

from real_cluster import network
from real_cluster.client import Client, Json, Refused
from vcluster_isolation.errors import ToolFailed

_EVERY: Final = 0.3
_TABLE: Final = """
table inet services
delete table inet services
table inet services {{
  chain pods {{ type nat hook prerouting priority -100; {rules} }}
  chain node {{ type nat hook output priority -100; {rules} }}
}}
"""
_SERVICES: Final = "/api/v1/services"
_SLICES: Final = "/apis/discovery.k8s.io/v1/endpointslices"


class ServiceProxy:
    """Looks at the Services again and again, and writes rules when something has changed."""

    def __init__(self, client: Client) -> None:
        """Take the client that lists Services and EndpointSlices."""
        self._client = client
        self._written: dict[str, str] = {}

    def start(self) -> None:
        """Work from now on in a thread."""
        threading.Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        while True:
            try:
                slices = self._client.get(_SLICES)["items"]
                rules = " ".join(rules_of(self._client.get(_SERVICES)["items"], slices))
                for node in network.NODES:
                    self._write(node.name, rules)
            except (OSError, http.client.HTTPException, ValueError, Refused, ToolFailed):
                self._written.clear()  # the API server is away, or a node is being rebuilt: all of it again
            time.sleep(_EVERY)

    def _write(self, node: str, rules: str) -> None:
        if self._written.get(node, "") == rules:
            return
        command = ["ip", "netns", "exec", node, "nft", "-f", "-"]
        text = _TABLE.format(rules=rules)
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ToolFailed(command, done.stderr + text, "see whether nft is installed")
        self._written[node] = rules


def rules_of(services: Iterable[Json], slices: Iterable[Json]) -> Iterator[str]:
    """Yield an nftables rule for each port of each Service with an address and an endpoint of that family."""
    ends: dict[tuple[str, str], list[Json]] = {}
    for found in slices:
        name = found["metadata"].get("labels", {}).get("kubernetes.io/service-name", "")
        ends.setdefault((found["metadata"]["namespace"], name), []).append(found)
    for service in services:
        key = (service["metadata"]["namespace"], service["metadata"]["name"])
        for address in service["spec"].get("clusterIPs", []):
            family = ("ip", "IPv4") if ":" not in address else ("ip6", "IPv6")
            fitting = [found for found in ends.get(key, []) if found["addressType"] == family[1]]
            for port in service["spec"]["ports"] if address != "None" else []:
                for target in _targets(fitting, port):
                    protocol = port.get("protocol", "TCP").lower()
                    yield f"{family[0]} daddr {address} {protocol} dport {port['port']} dnat {family[0]} to {target};"
                    break


def _targets(slices: Iterable[Json], port: Json) -> Iterator[str]:
    """Yield the endpoints of a Service's port as `address:port`."""
    wanted = (port.get("name", ""), port.get("protocol", "TCP"))
    for found in slices:
        for open_port in found.get("ports") or []:
            if (open_port.get("name", ""), open_port.get("protocol", "TCP")) != wanted:
                continue
            for endpoint in found.get("endpoints") or []:
                for address in endpoint["addresses"]:
                    yield f"[{address}]:{open_port['port']}" if ":" in address else f"{address}:{open_port['port']}"
