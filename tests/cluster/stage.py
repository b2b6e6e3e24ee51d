"""Puts situations into the cluster, asks the network about them, and takes them away again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from real_cluster import network, probes
from tests.cluster import cast_on_nodes
from tests.cluster.cast_on_nodes import Situation
from tests.cluster.enforcement import End, Questions, ends_of, outside, questions
from tests.cluster.sentinel import Sentinel
from tests.on_cluster import OnCluster
from vcluster_isolation.netpol.engine.evaluate import Evaluator
from vcluster_isolation.netpol.parse.parse import Cluster, parse_cluster

Json = dict[str, Any]
Pairs = list[tuple[End, End]]


@dataclass(frozen=True)
class Stage:
    """Situations in the cluster: what the API server has, and each pod, node and address as an end."""

    cluster: OnCluster
    sentinel: Sentinel
    situations: Sequence[Situation]
    read: Cluster
    ends: dict[str, End]
    nodes: dict[str, str] = field(repr=False)

    def pairs(self, situation: Situation) -> Pairs:
        """Return every flow from and to the tenant's pods: among them, and with others, the host, nodes, addresses."""
        pods = [*cast_on_nodes.pods_of(situation), *cast_on_nodes.host_pods()]
        others = [pod for pod in pods if cast_on_nodes.is_of_others(pod)] + cast_on_nodes.host_pods()
        own = [self._end(pod) for pod in pods if pod not in others]
        away = [outside(self.cluster, address) for address in cast_on_nodes.addresses_of(situation)]
        rest = [*map(self._end, others), *away, *(self.ends[node.name] for node in network.NODES)]
        found = [(one, other) for one in own for other in own if one is not other]
        return found + [pair for one in own for other in rest for pair in ((one, other), (other, one))]

    def _end(self, pod: Json) -> End:
        return self.ends[f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"]

    def questions(self, situation: Situation, evaluator: Evaluator) -> Questions:
        """Return what is asked of a situation, with the answers of an evaluator of all policies."""
        return questions(evaluator, self.pairs(situation), cast_on_nodes.ports_of(situation), self.nodes)


@contextmanager
def staged(cluster: OnCluster, sentinel: Sentinel, situations: Sequence[Situation]) -> Iterator[Stage]:
    """Put situations into the cluster, with listeners everywhere; return when the agents have acted on it."""
    pods = [pod for situation in situations for pod in cast_on_nodes.pods_of(situation)] + cast_on_nodes.host_pods()
    policies = [item for situation in situations for item in situation.manifests]
    labels = cast_on_nodes.labels_of_namespaces(situations)
    names = {item["metadata"]["namespace"] for item in (*pods, *policies)}
    addresses = {address for situation in situations for address in cast_on_nodes.addresses_of(situation)}
    ports = sorted({port for situation in situations for port in cast_on_nodes.ports_of(situation)})
    try:
        cluster.apply(*(cluster.namespace(name, **labels.get(name, {})) for name in sorted(names)))
        cluster.cluster.ask("outside", *sorted(addresses))
        running = cluster.run_pods(pods)
        cluster.apply(*policies)
        sentinel.settle()
        spaces = cluster.client.get("/api/v1/namespaces")["items"]
        items = [{"apiVersion": "v1", "kind": "Namespace", **space} for space in spaces]
        items += [{"apiVersion": "v1", "kind": "Pod", **pod} for pod in running.values()]
        read = parse_cluster([*items, *policies, *sentinel.manifests()])
        assert not read.problems
        ends = ends_of(cluster, read)
        nodes = {name: pod["spec"]["nodeName"] for name, pod in running.items()}
        places = [end.space for end in ends.values()] + [cluster.cluster.space(network.OUTSIDE)]
        with probes.listening(dict.fromkeys(places, ports)):
            yield Stage(cluster, sentinel, situations, read, ends, nodes)
    finally:
        cluster.client.delete_namespaces(sorted(names))
