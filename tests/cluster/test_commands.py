"""The commands that read a cluster, on a real one: what they say is what the API server has and the network does."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from real_cluster import network, probes
from real_cluster.listeners import TCP, UDP
from real_cluster.probes import Probe
from tests.cluster import sentinel
from tests.cluster.releases import NAME, Release, values
from tests.cluster.servers import endpoints, listening, serving_dns
from tests.on_cluster import Finished, Json, OnCluster, pod
from vcluster_isolation.explain.explain import explain, parse_port
from vcluster_isolation.explain.resolver import EndpointResolver, find, resolver_of
from vcluster_isolation.helm.template import CHART
from vcluster_isolation.netpol.objects.model import Pod
from vcluster_isolation.subject.inputs import read_input
from vcluster_isolation.vcluster.cast import MANAGED_BY, VIRTUAL_NAMESPACE

pytestmark = pytest.mark.cluster

HOME, NEIGHBOUR, HOST, PLATFORM = "commands-a", "commands-b", "commands-host", "vcluster-platform"
API_SERVER = "172.29.0.7"
OUTSIDE = (API_SERVER, "198.18.7.7", "8.8.4.4", "169.254.169.254")
PORTS = [(TCP, 8443), (TCP, 443), (TCP, 1053), (UDP, 1053), (UDP, 53), (TCP, 7777), (UDP, 7777)]
PLATFORM_PORTS = (8443, 9443, 9444, 10443, 8080)
EVERY = "0.0.0.0"  # noqa: S104 # in a network namespace of its own
PAIRS = 200
SEED = 200


@dataclass(frozen=True)
class Scene:
    """Two tenants and the host's pods: their addresses and network namespaces by `namespace/name`."""

    cluster: OnCluster
    agents: sentinel.Sentinel
    address: dict[str, str]
    space: dict[str, Path]

    def listed(self) -> str:
        """Return what the command that `audit --help` names prints."""
        done = self.cluster.kubectl("get", "namespaces,pods,networkpolicies", "-A", "-o", "json")
        assert done.returncode == 0, done.stderr
        return done.stdout

    def inside(self, space: Path, *words: str) -> Finished:
        """Run our command in the network namespace of a pod or node."""
        return self.cluster.run("nsenter", f"--net={space}", sys.executable, "-m", "vcluster_isolation", *words)

    def probe(self, source: str, destination: str, protocol: str, port: int) -> Probe:
        """Return the question whether a port of a pod, or of an address outside, answers a pod."""
        target = self.address.get(destination, destination)
        return Probe(self.space[source], self.address[source], target, protocol, port)


def synced(name: str, **labels: str) -> dict[str, str]:
    return {MANAGED_BY: name, VIRTUAL_NAMESPACE: "default", **labels}


def tenant_pods(space: str, name: str) -> list[Json]:
    """Return the pods of a vCluster, and some whose labels say that they are something else."""
    return [
        pod(space, f"{name}-0", {"app": "vcluster", "release": name}, node="n1"),
        pod(space, "coredns", {**synced(name, **{"k8s-app": "vcluster-kube-dns"}), VIRTUAL_NAMESPACE: "kube-system"}),
        pod(space, "web", synced(name, app="web"), node="n1"),
        pod(space, "as-snapshot", synced(name, app="vcluster-snapshot"), node="n2"),
        pod(space, "as-platform", synced(name, app="loft"), node="n1"),
        pod(space, "snapshot", {"app": "vcluster-snapshot"}, node="n2"),
        pod(space, "bare", {}, node="n2"),
    ]


@pytest.fixture(scope="module")
def scene(cluster: OnCluster) -> Iterator[Scene]:
    """Install two vClusters' policies, and run everybody's pods."""
    spaces = [HOME, NEIGHBOUR, HOST, PLATFORM]
    cluster.apply(*map(cluster.namespace, spaces))
    given = values(profile="hardened", hostApiServer={"cidrs": [f"{API_SERVER}/32"]})
    Release(cluster, HOME).upgrade(given)
    Release(cluster, NEIGHBOUR, name="other").upgrade({**given, "vcluster": {"name": "team-b"}})
    running = cluster.run_pods(
        [
            *tenant_pods(HOME, NAME),
            *tenant_pods(NEIGHBOUR, "team-b"),
            pod("kube-system", "commands-dns", {"k8s-app": "kube-dns"}, node="n2"),
            pod(HOST, "web", {"app": "web"}, node="n1"),
            pod(PLATFORM, "loft", {"app": "loft"}, node="n2"),
        ]
    )
    cluster.cluster.ask("outside", *OUTSIDE)
    address = {name: item["status"]["podIP"] for name, item in running.items()}
    found = cluster.cluster.spaces()
    with sentinel.watching(cluster) as agents:
        agents.settle()
        yield Scene(cluster, agents, address, {name: found[name] for name in address})
    cluster.client.delete_namespaces(spaces)
    cluster.client.delete(pod("kube-system", "commands-dns"))


def reopening(space: str, name: str) -> Json:
    """Return a tenant's policy as vCluster syncs it: for the tenant's own pods, and to everywhere."""
    metadata = {"name": f"open-x-default-x-{name}", "namespace": space, "labels": {MANAGED_BY: name}}
    spec = {"podSelector": {"matchLabels": synced(name)}, "policyTypes": ["Egress"], "egress": [{}]}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}


def audit(scene: Scene) -> tuple[int, Json]:
    """Run `audit` on what kubectl prints, and return its exit code and what it says of the vCluster at home."""
    words = (sys.executable, "-m", "vcluster_isolation", "audit", "-", "--output", "json")
    done = scene.cluster.run(*words, stdin=scene.listed())
    assert done.returncode in (0, 1), done.stderr
    found = json.loads(done.stdout)
    return done.returncode, found


def failing(found: Json, space: str) -> dict[str, tuple[str, str]]:
    """Return the claims that fail for the vCluster in a namespace: for pods that are there, and for possible ones."""
    (vcluster,) = (one for one in found["vclusters"] if one["namespace"] == space)
    (group,) = (one for one in found["groups"] if one["group"] == vcluster["group"])
    claims = ((one["name"], (one["there"], one["possible"])) for one in group["claims"])
    return {name: verdicts for name, verdicts in claims if "FAILS" in verdicts}


def test_audit_of_a_real_cluster_notices_that_a_tenant_reopens_something(scene: Scene) -> None:
    _, before = audit(scene)
    assert {(one["namespace"], one["name"]) for one in before["vclusters"]} >= {(HOME, NAME), (NEIGHBOUR, "team-b")}
    assert before["problems"] == []
    assert (failing(before, HOME), failing(before, NEIGHBOUR)) == ({}, {})
    question = scene.probe(f"{HOME}/web", f"{HOST}/web", TCP, 7777)
    opened = reopening(HOME, NAME)
    with probes.listening({scene.space[f"{HOST}/web"]: [(TCP, 7777)]}):
        assert not probes.ask([question])[question]
        scene.cluster.apply(opened)
        scene.agents.settle()
        reopened = probes.ask([question])[question]
        code, after = audit(scene)
        scene.cluster.client.delete(opened)
        scene.agents.settle()
        assert reopened
        assert not probes.ask([question])[question]
    assert code == 1
    found = failing(after, HOME)
    assert found
    assert all(there == "FAILS" for there, _ in found.values())
    assert failing(after, NEIGHBOUR) == {}
    assert failing(audit(scene)[1], HOME) == {}


def test_explain_agrees_with_a_probe_for_200_random_pairs(scene: Scene, tmp_path: Path) -> None:
    file = tmp_path / "cluster.json"
    file.write_text(scene.listed(), encoding="utf-8")
    resolver = resolver_of(read_input([file], name=None, namespace=None, chart=CHART), ())
    named = real_ends(resolver, scene)
    chance = random.Random(SEED)  # noqa: S311 # no secret
    sources, destinations = list(named), [*named, *OUTSIDE]
    asked: dict[Probe, tuple[str, str, str]] = {}
    while len(asked) < PAIRS:
        source, destination = chance.choice(sources), chance.choice(destinations)
        protocol, port = chance.choice(PORTS)
        if source != destination:
            question = scene.probe(named[source], named.get(destination, destination), protocol, port)
            asked[question] = (source, destination, f"{port}/{protocol}")
    places = dict.fromkeys(scene.space.values(), PORTS) | {scene.cluster.cluster.space("outside"): PORTS}
    with probes.listening(places):
        answers = probes.ask(asked)
    said = {question: allowed(resolver, *words) for question, words in asked.items()}
    assert {asked[question]: answer for question, answer in answers.items() if answer != said[question]} == {}
    assert PAIRS / 8 < sum(answers.values()) < PAIRS * 7 / 8, "too few of one kind to compare"

    # The command says the same as what it is made of.
    for is_open in (True, False):
        words = next(words for question, words in asked.items() if answers[question] is is_open)
        done = scene.cluster.ours("explain", *words, "--file", str(file), "--output", "json")
        assert done.returncode == (0 if is_open else 1), done.stderr
        assert json.loads(done.stdout)["allowed"] is is_open


def real_ends(resolver: EndpointResolver, scene: Scene) -> dict[str, str]:
    """Return the pods that have a name in `explain`, as `namespace/name`, by that name."""
    pods = {name: end.end for name, end in resolver.ends.items() if isinstance(end.end, Pod)}
    found = {name: f"{end.namespace.name}/{end.name}" for name, end in pods.items()}
    known = {name: full for name, full in found.items() if full in scene.address}
    assert len(known) >= 12, found
    return known


def allowed(resolver: EndpointResolver, source: str, destination: str, port: str) -> bool:
    found = explain(resolver, find(source, resolver), find(destination, resolver), parse_port(port))
    assert not found.undecided
    assert not found.partly
    return found.allowed


def test_verify_dns_says_from_where_the_dns_of_a_vcluster_answers(scene: Scene) -> None:
    words = ("verify", "dns", scene.address[f"{HOME}/coredns"], "--timeout", "1", "--output", "json")
    with serving_dns(scene.space[f"{HOME}/coredns"], EVERY, 1053):
        own = scene.inside(scene.space[f"{HOME}/web"], *words)
        neighbours = scene.inside(scene.space[f"{NEIGHBOUR}/web"], *words)
    assert (own.returncode, outcomes(own)) == (0, {("UDP", 1053): "ok", ("TCP", 1053): "ok"})
    assert (neighbours.returncode, outcomes(neighbours)) == (1, {("UDP", 1053): "fail", ("TCP", 1053): "fail"})


def test_verify_platform_dials_the_pods_that_the_api_server_lists(scene: Scene) -> None:
    node = scene.cluster.cluster.space("n1")  # the platform's pod is on the other one
    words = ("verify", "platform", "--timeout", "1", "--output", "json")
    path = f"/apis/networking.k8s.io/v1/namespaces/{PLATFORM}/networkpolicies"
    assert scene.cluster.client.get(path)["items"] == []
    with listening(scene.space[f"{PLATFORM}/loft"], *(f"tcp:{EVERY}:{port}" for port in PLATFORM_PORTS)):
        before = scene.inside(node, *words)
        closed = only_8443()
        scene.cluster.apply(closed)
        scene.agents.settle()
        after = scene.inside(node, *words)
        scene.cluster.client.delete(closed)
        scene.agents.settle()
    address = scene.address[f"{PLATFORM}/loft"]
    dialled = {key: status for key, status in outcomes(before, address).items() if key[1] in PLATFORM_PORTS}
    assert dialled == {("TCP", port): "ok" for port in PLATFORM_PORTS}, before.stdout
    assert after.returncode == 1
    assert outcomes(after, address) == dialled | {("TCP", port): "fail" for port in PLATFORM_PORTS if port != 8443}
    server = scene.cluster.client.get("/api/v1/nodes")["items"]
    assert {item["metadata"]["name"] for item in server} == {node.name for node in network.NODES}
    assert "1 of the platform in vcluster-platform" in json.loads(before.stdout)["about"]


def only_8443() -> Json:
    """Return a policy that closes all ports of the platform but one."""
    metadata = {"name": "only-8443", "namespace": PLATFORM}
    rule = {"ports": [{"port": 8443, "protocol": "TCP"}]}
    spec = {"podSelector": {"matchLabels": {"app": "loft"}}, "policyTypes": ["Ingress"], "ingress": [rule]}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}


def outcomes(done: Finished, host: str = "") -> dict[tuple[str, int], str]:
    """Return the status of each check that dialled, by protocol and port, of one host if it is named."""
    found: dict[str, Any] = json.loads(done.stdout)
    checks = [check for check in found["checks"] if not host or check["address"] == host or check["host"] == host]
    return {(check["protocol"], check["port"]): check["status"] for check in checks if check["status"] != "skip"}


def test_firewall_rules_have_the_addresses_of_the_clusters_nodes_and_api_server(scene: Scene) -> None:
    slice_ = endpoints("default", "kubernetes", {"https": ("TCP", 6443)}, API_SERVER)
    scene.cluster.apply(slice_)
    try:
        done = scene.cluster.ours(
            *("firewall", "--provider", "azure", "--resource-group", "group", "--nsg", "nsg", "--from-cluster"),
            *("--kubeconfig", str(scene.cluster.cluster.kubeconfig)),
        )
    finally:
        scene.cluster.client.delete(slice_)
    assert done.returncode == 0, done.stderr
    ranges = [*(node.ranges[0] for node in network.NODES), *(f"{node.addresses[0]}/32" for node in network.NODES)]
    assert f"--source-address-prefixes {API_SERVER}/32" in done.stdout
    assert f"--destination-address-prefixes {' '.join(ranges)}" in done.stdout
    assert "fd00:10:213:1::/64" in done.stdout
