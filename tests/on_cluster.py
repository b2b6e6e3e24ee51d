"""What tests do with the real cluster: run kubectl, helm and our own command on it, and make pods."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml

from real_cluster.client import Client
from real_cluster.handle import Cluster
from vcluster_isolation.tools import PROJECT

Json = dict[str, Any]
BUILT = PROJECT / ".tools" / "built"
CHART = PROJECT / "chart"
Finished = subprocess.CompletedProcess[str]
_PATIENCE = 60
T = TypeVar("T")


@dataclass(frozen=True)
class OnCluster:
    """A cluster that runs, and a client of it."""

    cluster: Cluster
    client: Client = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "client", self.cluster.client())

    def environment(self) -> dict[str, str]:
        """The environment of a program that is to find this cluster, and its kubectl."""
        path = f"{self.cluster.path}:{os.environ['PATH']}"
        return {**os.environ, "KUBECONFIG": str(self.cluster.kubeconfig), "PATH": path}

    def run(self, *words: str | Path, stdin: str = "") -> Finished:
        """Run a program on this cluster, and return how it ended."""
        command = list(map(str, words))
        return subprocess.run(command, input=stdin, env=self.environment(), capture_output=True, text=True, check=False)

    def kubectl(self, *words: str, stdin: str = "") -> Finished:
        return self.run(BUILT / "kubectl", *words, stdin=stdin)

    def helm(self, *words: str, which: str = "helm4", stdin: str = "") -> Finished:
        return self.run(BUILT / which, *words, stdin=stdin)

    def ours(self, *words: str) -> Finished:
        """Run `vcluster-isolation`."""
        return self.run(sys.executable, "-m", "vcluster_isolation", *words)

    def apply(self, *items: Json) -> None:
        """Create or replace objects."""
        self.client.put_all(items)

    def policies(self, space: str) -> dict[str, Json]:
        """Return the NetworkPolicies of a namespace by their names."""
        path = f"/apis/networking.k8s.io/v1/namespaces/{space}/networkpolicies"
        return {item["metadata"]["name"]: item for item in self.client.get(path)["items"]}

    def namespace(self, name: str, **labels: str) -> Json:
        return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}

    def run_pods(self, pods: Iterable[Json]) -> dict[str, Json]:
        """Create pods, wait until all have their network, and return them by `namespace/name`."""
        made = list(pods)
        self.apply(*made)
        names = {f"{pod['metadata']['namespace']}/{pod['metadata']['name']}" for pod in made}

        def there() -> dict[str, Json]:
            items = self.client.get("/api/v1/pods")["items"]
            found = {f"{item['metadata']['namespace']}/{item['metadata']['name']}": item for item in items}
            running = {name: item for name, item in found.items() if item["status"].get("podIP")}
            return running if names <= running.keys() else {}

        running = until(there, f"{len(names)} pods run: {self.cluster.log('supervisor')[-2000:]}")
        return {name: running[name] for name in names}


def pod(space: str, name: str, labels: Mapping[str, str] | None = None, *, node: str = "", **spec: Any) -> Json:
    """Return a pod without a command: it has a network, and nothing in it."""
    metadata = {"name": name, "namespace": space, "labels": dict(labels or {})}
    chosen = {"nodeName": node} if node else {}
    containers = {"containers": [{"name": "main", "image": "none"}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {**containers, **chosen, **spec}}


def until(ask: Callable[[], T], what: str, patience: float = _PATIENCE) -> T:
    """Ask again and again until the answer is true, and return it; fail when that takes too long."""
    deadline = time.monotonic() + patience
    while not (answer := ask()):
        assert time.monotonic() < deadline, f"not within {patience} s: {what}"
        time.sleep(0.05)
    return answer


def documents(text: str) -> list[Json]:
    """Return the objects of a text in YAML."""
    return [document for document in yaml.load_all(text, yaml.CSafeLoader) if document]


def printed(done: Finished) -> Any:
    """Return the JSON that a program printed; it has to have succeeded."""
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
