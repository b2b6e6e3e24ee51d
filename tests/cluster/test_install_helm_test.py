"""`helm test` fails in a cluster that enforces nothing, and passes in one that does: the chart's own pod, really run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from real_cluster import network
from real_cluster.containers import CLUSTER_DNS
from tests.cluster import sentinel
from tests.cluster.releases import HELMS, NAME, Release, values
from tests.cluster.servers import endpoints, listening, service
from tests.on_cluster import OnCluster, pod
from vcluster_isolation.vcluster.cast import MANAGED_BY, VIRTUAL_NAMESPACE

pytestmark = pytest.mark.cluster

HOST = "helm-test-host"
EVERY = "0.0.0.0"  # noqa: S104 # in a network namespace of its own
METADATA = "169.254.169.254"
# The agent rejects what it closes, as docs/install.md says of kube-router.
GIVEN = {**values(profile="hardened"), "isolationTest": {"rejects": True, "timeout": 1}}
CLOSED = ("cloud metadata", "host API server", "host DNS in another namespace")
OPEN = ("DNS of the vCluster", "API of the vCluster")


@pytest.fixture
def tenant(cluster: OnCluster, space: str) -> Iterator[str]:
    """Run a vCluster's control plane and CoreDNS, the host's DNS and API server, and cloud metadata."""
    synced = {MANAGED_BY: NAME, VIRTUAL_NAMESPACE: "kube-system", "k8s-app": "vcluster-kube-dns"}
    cluster.apply(cluster.namespace(HOST))
    running = cluster.run_pods(
        [
            pod(space, "control-plane", {"app": "vcluster", "release": NAME}, node="n1"),
            pod(space, "coredns", synced, node="n2"),
            pod(HOST, "dns", {"k8s-app": "kube-dns"}, node="n1"),
            pod(HOST, "api-server", {}, node="n2"),
        ]
    )
    address = {name: item["status"]["podIP"] for name, item in running.items()}
    dns = {"UDP": (53, 1053), "TCP": (53, 1053)}
    made = [
        *service(space, NAME, "", {"TCP": (443, 8443)}, address[f"{space}/control-plane"]),
        *service(space, f"kube-dns-x-kube-system-x-{NAME}", "", dns, address[f"{space}/coredns"]),
        *service(HOST, "dns", CLUSTER_DNS, {"UDP": (53, 53), "TCP": (53, 53)}, address[f"{HOST}/dns"]),
        endpoints("default", "kubernetes", {"https": ("TCP", 6443)}, address[f"{HOST}/api-server"]),
    ]
    cluster.apply(*made)
    cluster.cluster.ask("outside", METADATA)
    spaces = cluster.cluster.spaces()
    with ExitStack() as stack:
        for name, ends in {
            f"{space}/control-plane": [f"tcp:{EVERY}:8443"],
            f"{space}/coredns": [f"tcp:{EVERY}:1053", f"dns:{EVERY}:1053"],
            f"{HOST}/dns": [f"tcp:{EVERY}:53", f"dns:{EVERY}:53"],
            f"{HOST}/api-server": [f"tcp:{EVERY}:6443"],
        }.items():
            stack.enter_context(listening(spaces[name], *ends))
        stack.enter_context(listening(cluster.cluster.space("outside"), f"tcp:{METADATA}:80"))
        yield space
    cluster.client.delete_all(made)
    cluster.client.delete_namespaces([HOST])


def said(cluster: OnCluster, space: str) -> dict[str, str]:
    """Return the status of each line that the test's pod has printed, by what it is about."""
    path = f"/api/v1/namespaces/{space}/pods/vc-test-{NAME}"
    (status,) = cluster.client.get(path)["status"]["containerStatuses"]
    lines = status["state"]["terminated"]["message"].splitlines()
    assert lines[-1].endswith("failed"), lines
    return {line[6:].split(": ", 1)[0]: line[:6].strip() for line in lines[:-1]}


@contextmanager
def without_agents(cluster: OnCluster) -> Iterator[None]:
    """Stop what enforces policies: a pod that comes now is open."""
    agents = [f"agent-{node.name}" for node in network.NODES]
    for agent in agents:
        cluster.cluster.ask("stop", agent)
    try:
        yield
    finally:
        for agent in agents:
            cluster.cluster.ask("start_again", agent)


def test_helm_test_tells_a_cluster_that_enforces_from_one_that_does_not(cluster: OnCluster, tenant: str) -> None:
    release = Release(cluster, tenant)
    with without_agents(cluster):
        release.upgrade(GIVEN)
        done = release.helm("test")
        assert done.returncode == 1
        found = said(cluster, tenant)
        for about in OPEN:
            assert {status for what, status in found.items() if about in what} == {"ok"}, found
        for about in CLOSED:
            assert {status for what, status in found.items() if about in what} == {"FAIL"}, found
    with sentinel.watching(cluster) as agents:
        agents.settle()
    for which in HELMS:
        done = Release(cluster, tenant, which).helm("test")
        assert done.returncode == 0, (done.stderr, said(cluster, tenant))
        found = said(cluster, tenant)
        assert set(found.values()) == {"ok"}
        assert all(any(about in what for what in found) for about in (*OPEN, *CLOSED))
