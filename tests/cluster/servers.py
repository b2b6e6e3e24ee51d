"""Servers in network namespaces of the cluster, and the Services that lead to them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from tests.on_cluster import Json
from vcluster_isolation.tools import PROJECT

_FAR_ENDS = PROJECT / "tests" / "live" / "far_ends.py"
_DNS = PROJECT / "tests" / "verify" / "listeners.py"


def listening(space: Path, *ends: str) -> AbstractContextManager[None]:
    """Listen in a network namespace, any number of times: `tcp:ADDRESS:PORT`, and `dns:ADDRESS:PORT` over UDP."""
    return _running(space, str(_FAR_ENDS), *ends)


def serving_dns(space: Path, address: str, port: int) -> AbstractContextManager[None]:
    """Answer queries in a network namespace, one over UDP and one over TCP."""
    return _running(space, str(_DNS), address, f"dns:{port}")


@contextmanager
def _running(space: Path, *words: str) -> Iterator[None]:
    command = ["nsenter", f"--net={space}", sys.executable, *words]
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
