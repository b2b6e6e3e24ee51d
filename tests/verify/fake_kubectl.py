"""A `kubectl` on PATH that says what a test wants it to, and notes how it was called."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SERVER = "https://api.example:6443"
Json = dict[str, Any]

_SCRIPT = """#!/bin/sh
cd '{folder}' && echo "$*" >> calls
for word; do
    case $word in
        view) file=server ;;
        pods) kind=pods ;;
        nodes|services|apiservices.*) file=${{word%%.*}} ;;
        --selector=app=loft) file=platform ;;
        --selector=k8s-app=*) file=dns ;;
        --selector=*) file=prometheus ;;
    esac
done
[ -e "$file.error" ] && {{ cat "$file.error" >&2; exit 1; }}
cat "$file"
"""


@dataclass
class FakeKubectl:
    """What is in the cluster, by the names that `verify.reading.wanted` gives; `errors` are what cannot be listed."""

    folder: Path
    objects: dict[str, list[Json]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    server: str = SERVER

    def install(self) -> Path:
        """Write the program with what it says, and return its folder."""
        for name in ("platform", "prometheus", "dns", "nodes", "services", "apiservices"):
            items = self.objects.get(name, [])
            (self.folder / name).write_text(json.dumps({"kind": "List", "items": items}), encoding="utf-8")
        (self.folder / "server").write_text(self.server, encoding="utf-8")
        for name, error in self.errors.items():
            (self.folder / f"{name}.error").write_text(error, encoding="utf-8")
        program = self.folder / "kubectl"
        program.write_text(_SCRIPT.format(folder=self.folder), encoding="utf-8")
        program.chmod(0o755)
        return self.folder

    def path(self) -> str:
        """Return a PATH with this program first."""
        return f"{self.folder}{os.pathsep}{os.environ['PATH']}"

    @property
    def calls(self) -> list[str]:
        """The command lines so far, sorted."""
        return sorted((self.folder / "calls").read_text(encoding="utf-8").splitlines())


def pod(name: str, address: str, namespace: str = "vcluster-platform", phase: str = "Running") -> Json:
    ports = [{"name": "https", "containerPort": 10443}, {"name": "http", "containerPort": 8080}]
    return {
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"containers": [{"name": "manager", "ports": ports}]},
        "status": {"phase": phase, "podIP": address},
    }


def node(address: str, pod_range: str = "10.244.0.0/24", provider: str = "") -> Json:
    entries = [{"type": "Hostname", "address": "node-a"}, {"type": "InternalIP", "address": address}]
    return {
        "metadata": {"name": "node-a"},
        "spec": {"podCIDRs": [pod_range], "providerID": provider},
        "status": {"addresses": entries},
    }


def load_balancer(address: Json, target: int | str, port: int = 443) -> Json:
    return {
        "metadata": {"name": "loft"},
        "spec": {"type": "LoadBalancer", "ports": [{"port": port, "targetPort": target}]},
        "status": {"loadBalancer": {"ingress": [address]}},
    }


def api_service(name: str, service: str, message: str = "", namespace: str = "vcluster-platform") -> Json:
    """Return an API service; with a message it is not available."""
    said = {"type": "Available", "status": "False" if message else "True", "message": message}
    return {
        "metadata": {"name": name},
        "spec": {"service": {"name": service, "namespace": namespace}},
        "status": {"conditions": [said]},
    }
