"""Servers in network namespaces of the cluster, and the Services that lead to them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from on_cluster import Json
from vcluster_isolation.tools import PROJECT

FAR_ENDS = PROJECT / "tests" / "live" / "far_ends.py"


@contextmanager
def listening(space: Path, *ends: str) -> Iterator[None]:
    """Run listeners in a network namespace, `tcp:ADDRESS:PORT` and `dns:ADDRESS:PORT`, which answers queries."""
    command = ["nsenter", f"--net={space}", sys.executable, str(FAR_ENDS), *ends]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            assert process.stdout.readline() == "listening\n"
            yield
        finally:
            process.communicate()  # its standard input ends, and so does it


def service(space: str, name: str, address: str, ports: dict[str, tuple[int, int]], target: str) -> list[Json]:
    """Return a Service and its endpoint; `ports` are (port, target port) by protocol. No address: any."""
    listed = [{"name": key.lower(), "protocol": key, "port": port} for key, (port, _) in ports.items()]
    metadata = {"name": name, "namespace": space}
    found: Json = {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"ports": listed}}
    found["spec"] |= {"clusterIP": address} if address else {}
    return [found, endpoints(space, name, {key.lower(): (key, port) for key, (_, port) in ports.items()}, target)]


def endpoints(space: str, name: str, ports: dict[str, tuple[str, int]], target: str) -> Json:
    """Return the endpoint of a Service; `ports` are (protocol, port) by name."""
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": f"{name}-1", "namespace": space, "labels": {"kubernetes.io/service-name": name}},
        "addressType": "IPv4",
        "ports": [{"name": key, "protocol": protocol, "port": port} for key, (protocol, port) in ports.items()],
        "endpoints": [{"addresses": [target]}],
    }
