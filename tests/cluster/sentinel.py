"""Tells when the agents have acted on everything that the API server was told before.

An agent hears of policies, namespaces and pods by three streams, each in its order. Two pods, one on each node, admit
pods of this round only, by a label of the pod and one of its namespace: when the policy's round has changed they are
closed, when the labels have changed too they are open again. Then whatever came before on each stream has been seen.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from real_cluster import network, probes
from real_cluster.listeners import TCP
from real_cluster.probes import Probe
from tests.on_cluster import Json, OnCluster, pod

SPACE, PORT = "sentinel", 7000
_PATIENCE = 120


@dataclass
class Sentinel:
    """The two pods and those that ask them."""

    cluster: OnCluster
    questions: list[Probe]
    round: int = field(default=0)

    def manifests(self) -> list[Json]:
        """Return the policy that is there now."""
        return [policy(self.round)]

    def settle(self, patience: float = _PATIENCE) -> float:
        """Return when the agents have acted on all that was, and how many seconds that took."""
        begun = time.monotonic()
        self.round += 1
        self.cluster.apply(policy(self.round))
        self._until(patience, is_open=False)
        mark = {"metadata": {"labels": {"round": str(self.round)}}}
        self.cluster.client.patch(self.cluster.namespace(SPACE), mark)
        for node in network.NODES:
            self.cluster.client.patch(pod(SPACE, f"asker-{node.name}"), mark)
        self._until(patience, is_open=True)
        return time.monotonic() - begun

    def _complaints(self) -> list[str]:
        """Return what the agents have to say for themselves."""
        logs = [self.cluster.cluster.log(f"agent-{node.name}").splitlines() for node in network.NODES]
        return [line[:400] for log in logs for line in log if line.startswith(("E", "W", "F"))][-6:]

    def _until(self, patience: float, *, is_open: bool) -> None:
        deadline = time.monotonic() + patience
        while set(probes.ask(self.questions, attempts=1).values()) != {is_open}:
            assert time.monotonic() < deadline, f"the agents do nothing for {patience} s: {self._complaints()}"
            time.sleep(0.05)


def policy(number: int) -> Json:
    """Return the policy of a round."""
    mark = {"matchLabels": {"round": str(number)}}
    spec = {
        "podSelector": {"matchLabels": {"target": "yes"}},
        "policyTypes": ["Ingress"],
        "ingress": [{"from": [{"podSelector": mark, "namespaceSelector": mark}]}],
    }
    metadata = {"name": "sentinel", "namespace": SPACE}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}


@contextmanager
def watching(cluster: OnCluster) -> Iterator[Sentinel]:
    """Put the sentinel into the cluster for as long as it is needed."""
    cluster.apply(cluster.namespace(SPACE, round="0"))
    names = [node.name for node in network.NODES]
    targets = [pod(SPACE, f"target-{node}", {"target": "yes"}, node=node) for node in names]
    askers = [pod(SPACE, f"asker-{node}", {"round": "0"}, node=node) for node in names]
    running = cluster.run_pods([*targets, *askers])
    spaces = cluster.cluster.spaces()
    questions = []
    for asker, target in zip(names, reversed(names), strict=True):
        source, destination = (
            running[f"{SPACE}/{name}"]["status"]["podIPs"] for name in (f"asker-{asker}", f"target-{target}")
        )
        space = spaces[f"{SPACE}/asker-{asker}"]
        questions += [
            Probe(space, own["ip"], other["ip"], TCP, PORT) for own, other in zip(source, destination, strict=True)
        ]
    with probes.listening({spaces[f"{SPACE}/target-{node}"]: [(TCP, PORT)] for node in names}):
        yield Sentinel(cluster, questions)
    cluster.client.delete_namespaces([SPACE])
