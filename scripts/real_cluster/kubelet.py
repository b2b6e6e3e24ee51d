"""Stands in for scheduler and kubelets: gives each Pod a node, a network namespace, addresses and a status.

A pod whose container has a command is run: the command is a process in the pod's namespace, with the environment that a
kubelet gives, and how it ends is how the pod ends. There is no image: the programs are the machine's. A pod without a
command has the network and nothing in it.
"""

from __future__ import annotations

import http.client
import itertools
import sys
import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from real_cluster import containers, network
from real_cluster.client import Client, Json, Refused
from real_cluster.network import Node, PodCable
from vcluster_isolation.errors import IsolationError

_PODS: Final = "/api/v1/pods"
_AGAIN: Final = 0.3  # seconds until the API server is asked again that is away
_OVER: Final = ("Succeeded", "Failed")
_PARALLEL: Final = 8
_GATHER: Final = 0.02  # seconds in which changes come together: many pods at once are laid faster than one by one


@dataclass(slots=True)
class _Kept:
    """A pod that has its network: the object, its cable, and its command if it has one."""

    item: Json
    cable: PodCable
    command: containers.Running | None = None


@dataclass(slots=True)
class Kubelet:
    """The pods of both nodes. `folder` is where what commands print is kept."""

    client: Client
    folder: Path
    tools: Path
    _pods: dict[str, _Kept] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _numbers: dict[Node, Any] = field(default_factory=lambda: {node: itertools.count(1) for node in network.NODES})
    _free: dict[Node, list[int]] = field(default_factory=lambda: {node: [] for node in network.NODES})
    _next: Any = field(default_factory=lambda: itertools.cycle(network.NODES))

    def start(self) -> None:
        """Register the nodes, and follow the pods from now on in a thread. Raises Refused or OSError."""
        for node in network.NODES:
            self._register(node)
        threading.Thread(target=self._follow, daemon=True).start()

    def spaces(self) -> dict[str, str]:
        """Return the network namespace of each pod by `namespace/name`."""
        with self._lock:
            return {_key(kept.item): kept.cable.space for kept in self._pods.values()}

    def connect_again(self, node: Node) -> None:
        """Lay the cables of a node that was rebuilt."""
        with self._lock:
            network.connect_pods(kept.cable for kept in self._pods.values() if kept.cable.node == node)

    def _register(self, node: Node) -> None:
        """Create the Node object with its addresses."""
        item: Json = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": node.name}}
        item["metadata"]["labels"] = {"kubernetes.io/hostname": node.name}
        item["spec"] = {"podCIDR": node.ranges[0], "podCIDRs": list(node.ranges)}
        self.client.put(item)
        addresses = [{"type": "InternalIP", "address": address} for address in node.addresses]
        ready = [{"type": "Ready", "status": "True", "reason": "KubeletReady"}]
        status = {"addresses": [*addresses, {"type": "Hostname", "address": node.name}], "conditions": ready}
        self.client.patch(item, {"status": status}, "/status")

    def _follow(self) -> None:
        """List the pods, then take each change; begin anew when the API server was away."""
        while True:
            try:
                listed = self.client.get(_PODS)
                self._take(listed["items"], whole=True)
                self._take_changes(listed["metadata"]["resourceVersion"])
            except (OSError, http.client.HTTPException, ValueError, IsolationError) as error:
                sys.stderr.write(f"pods: {type(error).__name__}: {error}\n")
                sys.stderr.flush()
                time.sleep(_AGAIN)

    def _take_changes(self, version: str) -> None:
        """Take changes until the watch ends, those that come within a moment together."""
        waiting: list[Json] = []
        more = threading.Condition()
        over = threading.Event()

        def watch() -> None:
            try:
                for change in self.client.watch(_PODS, version):
                    with more:
                        waiting.append(change)
                        more.notify()
            except (OSError, http.client.HTTPException, ValueError, Refused):
                pass  # the list that is asked for next says what was missed
            with more:
                over.set()
                more.notify()

        threading.Thread(target=watch, daemon=True).start()
        while True:
            with more:
                more.wait_for(lambda: waiting or over.is_set())
                if not waiting:
                    return
            time.sleep(_GATHER)
            with more:
                changes, waiting[:] = list(waiting), []
            if any(change["type"] == "ERROR" for change in changes):
                return
            gone = [change["object"] for change in changes if change["type"] == "DELETED"]
            self._remove(gone)
            dead = {item["metadata"]["uid"] for item in gone}
            self._take([change["object"] for change in changes if change["object"]["metadata"]["uid"] not in dead])

    def _take(self, items: Iterable[Json], *, whole: bool = False) -> None:
        """Give what pods lack: a node, a network, a status. `whole`: pods that are not among these are gone."""
        latest = {item["metadata"]["uid"]: item for item in items}
        if whole:
            self._remove([kept.item for uid, kept in list(self._pods.items()) if uid not in latest])
        new = []
        for uid, item in latest.items():
            if item["metadata"].get("deletionTimestamp"):
                self.client.delete({"apiVersion": "v1", "kind": "Pod", **item})
            elif uid in self._pods:
                self._pods[uid].item = item
            elif item.get("status", {}).get("phase") in _OVER:
                continue
            elif "nodeName" not in item["spec"]:
                self._schedule(item)
            else:
                new.append(item)
        if new:
            self._begin(new)

    def _begin(self, items: list[Json]) -> None:
        """Lay the network of new pods, run their commands, and say so."""
        nodes = {node.name: node for node in network.NODES}
        kept = [
            _Kept(item, self._cable(nodes[item["spec"]["nodeName"]]))
            for item in items
            if item["spec"]["nodeName"] in nodes
        ]
        with self._lock:
            network.lay_pods(pod.cable for pod in kept)
            self._pods.update({pod.item["metadata"]["uid"]: pod for pod in kept})
        with ThreadPoolExecutor(_PARALLEL) as pool:
            list(pool.map(lambda pod: self._report(pod, "Running"), kept))
        for pod in kept:
            if containers.has_command(pod.item):
                threading.Thread(target=self._run, args=(pod,), daemon=True).start()

    def _run(self, pod: _Kept) -> None:
        """Run a pod's command, and say how it ended."""
        services = containers.services_of(self.client, pod.item["metadata"]["namespace"])
        log = self.folder / f"{_key(pod.item).replace('/', '_')}.log"
        pod.command = containers.start(pod.item, pod.cable.space, services, self.tools, log)
        code = pod.command.process.wait()
        message = log.read_text(encoding="utf-8", errors="replace")[-4096:]
        ended = {"terminated": {"exitCode": code, "reason": "Error" if code else "Completed", "message": message}}
        self._report(pod, "Failed" if code else "Succeeded", ended)

    def _report(self, pod: _Kept, phase: str, state: Json | None = None) -> None:
        """Write a pod's status; one that was deleted meanwhile has none."""
        ready = phase == "Running"
        status: Json = {"phase": phase, "podIP": pod.cable.addresses[0]}
        status["podIPs"] = [{"ip": address} for address in pod.cable.addresses]
        status["hostIP"] = pod.cable.node.addresses[0]
        status["conditions"] = [
            {"type": kind, "status": "True" if ready else "False"} for kind in ("Ready", "ContainersReady")
        ]
        status["containerStatuses"] = [
            {
                "name": container["name"],
                "ready": ready,
                "restartCount": 0,
                "image": container.get("image", ""),
                "imageID": "",
                "state": state or {"running": {}},
            }
            for container in pod.item["spec"]["containers"]
        ]
        try:
            self.client.patch({"apiVersion": "v1", "kind": "Pod", **pod.item}, {"status": status}, "/status")
        except (Refused, OSError, http.client.HTTPException):
            return  # deleted, or the API server is away: the pod is taken anew from the next list

    def _schedule(self, item: Json) -> None:
        """Bind a pod to the next node, in turn."""
        metadata = item["metadata"]
        target = {"apiVersion": "v1", "kind": "Node", "name": next(self._next).name}
        path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}/binding"
        binding = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": metadata["name"]}, "target": target}
        self.client.request("POST", path, binding)

    def _cable(self, node: Node) -> PodCable:
        """Return a cable with a number that no pod of the node has."""
        with self._lock:
            free = self._free[node]
            return PodCable(node, free.pop(0) if len(free) > _RESERVE else next(self._numbers[node]))

    def _remove(self, items: Iterable[Json]) -> None:
        """Take the network of pods that are gone away, and end their commands."""
        for item in items:
            kept = self._pods.pop(item["metadata"]["uid"], None)
            if kept is None:
                continue
            if kept.command:
                kept.command.process.kill()
            with self._lock:
                network.cut_pod(kept.cable)
                self._free[kept.cable.node].append(kept.cable.index)


_RESERVE: Final = 300
"""A pod's addresses are given away again only after so many others: an agent may still know whose they were."""


def _key(item: Json) -> str:
    return f"{item['metadata']['namespace']}/{item['metadata']['name']}"
