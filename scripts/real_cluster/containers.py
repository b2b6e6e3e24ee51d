"""The command of a pod as a kubelet would run it, but without a container: a process in the pod's network namespace."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from real_cluster import linux
from real_cluster.client import Client, Json

_REFERENCE: Final = re.compile(r"\$(\$|\([^)]*\))")
_MOUNT: Final = 'mount --bind "$RESOLV" /etc/resolv.conf && unset RESOLV && exec "$@"'


@dataclass(frozen=True, slots=True)
class Running:
    """A command that was started."""

    process: subprocess.Popen[bytes]


def has_command(pod: Json) -> bool:
    """Whether a pod's first container has a command of its own; what an image would run is not known here."""
    return bool(pod["spec"]["containers"][0].get("command"))


def services_of(client: Client, namespace: str) -> dict[str, str]:
    """Return the variables of the Services of a namespace, and of `default/kubernetes`, as a kubelet makes them."""
    found: dict[str, str] = {}
    kubernetes = client.get("/api/v1/namespaces/default/services/kubernetes")
    for item in (kubernetes, *client.get(f"/api/v1/namespaces/{namespace}/services")["items"]):
        spec = item["spec"]
        if spec.get("clusterIP") in (None, "", "None"):
            continue
        variable = item["metadata"]["name"].upper().replace("-", "_")
        found[f"{variable}_SERVICE_HOST"] = spec["clusterIP"]
        found[f"{variable}_SERVICE_PORT"] = str(spec["ports"][0]["port"])
        for port in spec["ports"]:
            if port.get("name"):
                name = port["name"].upper().replace("-", "_")
                found[f"{variable}_SERVICE_PORT_{name}"] = str(port["port"])
    return found


def start(pod: Json, space: str, services: Mapping[str, str], tools: Path, log: Path) -> Running:
    """Start the command of a pod's first container. `tools` is a folder of programs that stands for its image's.

    Source: API reference of Pod v1 (`command`, `args`, `env`, `dnsConfig`).
    """
    container = pod["spec"]["containers"][0]
    environment = {"PATH": f"{tools}:{os.environ['PATH']}", "HOSTNAME": pod["metadata"]["name"], **services}
    for variable in container.get("env", []):
        environment[variable["name"]] = _expanded(variable.get("value", ""), environment)
    words = [_expanded(word, environment) for word in (*container["command"], *container.get("args", []))]
    resolv = log.with_suffix(".resolv")
    resolv.write_text(_resolv_conf(pod), encoding="utf-8")
    command = ["nsenter", f"--net={linux.NAMES / space}", "unshare", "--mount", "sh", "-c", _MOUNT, "sh", *words]
    with log.open("wb") as sink:
        process = subprocess.Popen(
            command,
            env={**environment, "RESOLV": str(resolv)},
            stdin=subprocess.DEVNULL,
            stdout=sink.fileno(),
            stderr=subprocess.STDOUT,
        )
    return Running(process)


def _resolv_conf(pod: Json) -> str:
    """Return the pod's resolv.conf: what its dnsConfig says, or the cluster's DNS with the usual search list."""
    given = pod["spec"].get("dnsConfig", {})
    namespace = pod["metadata"]["namespace"]
    searches = given.get("searches") or [f"{namespace}.svc.cluster.local", "svc.cluster.local", "cluster.local"]
    servers = given.get("nameservers") or [CLUSTER_DNS]
    return "".join([f"search {' '.join(searches)}\n", *(f"nameserver {server}\n" for server in servers)])


CLUSTER_DNS: Final = "10.196.0.10"
"""The address that a Service of the host cluster's DNS has to have here for pods to ask it."""


def _expanded(text: str, known: Mapping[str, str]) -> str:
    """Put variables in the place of `$(NAME)` as Kubernetes does: `$$` is `$`, an unknown name stays as it is."""
    return _REFERENCE.sub(lambda found: "$" if found[1] == "$" else known.get(found[1][1:-1], found[0]), text)
