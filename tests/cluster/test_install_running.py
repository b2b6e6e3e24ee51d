"""The profile of a running tenant is changed there and back: what both profiles close stays closed meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from real_cluster import probes
from real_cluster.listeners import TCP
from real_cluster.probes import Probe
from tests.cluster import sentinel
from tests.cluster.releases import NAME, Release, live, rendered, values, versions
from tests.on_cluster import OnCluster, pod
from vcluster_isolation.vcluster.cast import MANAGED_BY, VIRTUAL_NAMESPACE

pytestmark = pytest.mark.cluster

COMPATIBLE, HARDENED = values(), values(profile="hardened")
HOST = "running-host"
API, HOST_API, OTHER = 8443, 6443, 7777


@dataclass(frozen=True)
class Tenant:
    """What is asked of a running tenant."""

    to_api: Probe
    """A workload asks its control plane: open in both profiles."""

    forged: Probe
    """A workload that calls itself a snapshot asks the host's API server: open only in the compatible profile."""

    closed: Probe
    """A workload asks a pod of the host: closed in both profiles."""


@pytest.fixture
def tenant(cluster: OnCluster, space: str) -> Iterator[Tenant]:
    synced = {MANAGED_BY: NAME, VIRTUAL_NAMESPACE: "default"}
    cluster.apply(cluster.namespace(HOST))
    running = cluster.run_pods(
        [
            pod(space, "control-plane", {"app": "vcluster", "release": NAME}, node="n1"),
            pod(space, "web", synced, node="n2"),
            pod(space, "as-snapshot", {**synced, "app": "vcluster-snapshot"}, node="n2"),
            pod(HOST, "api-server", {}, node="n1"),
        ]
    )
    address = {name: item["status"]["podIP"] for name, item in running.items()}
    spaces = cluster.cluster.spaces()

    def probe(source: str, destination: str, port: int) -> Probe:
        return Probe(spaces[f"{space}/{source}"], address[f"{space}/{source}"], address[destination], TCP, port)

    places = {spaces[name]: [(TCP, port) for port in (API, HOST_API, OTHER)] for name in address}
    with probes.listening(places):
        yield Tenant(
            probe("web", f"{space}/control-plane", API),
            probe("as-snapshot", f"{HOST}/api-server", HOST_API),
            probe("web", f"{HOST}/api-server", OTHER),
        )
    cluster.client.delete_namespaces([HOST])


@contextmanager
def never_open(question: Probe) -> Iterator[None]:
    """Ask all the time; afterwards, no answer came, and it was asked often."""
    over = threading.Event()
    answers: list[bool] = []

    def ask() -> None:
        while not over.wait(0.02):
            answers.extend(probes.ask([question], attempts=1).values())

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        yield
    finally:
        over.set()
        asking.join()
    assert len(answers) > 5
    assert not any(answers)


def test_compatible_to_hardened_and_back_on_a_running_tenant(cluster: OnCluster, space: str, tenant: Tenant) -> None:
    release = Release(cluster, space)
    both = [tenant.to_api, tenant.forged, tenant.closed]
    assert set(probes.ask(both).values()) == {True}  # no policy yet
    with sentinel.watching(cluster) as agents:
        release.upgrade(COMPATIBLE)
        agents.settle()
        assert probes.ask(both) == {tenant.to_api: True, tenant.forged: True, tenant.closed: False}
        uids = {uid for uid, _ in versions(cluster, space).values()}
        with never_open(tenant.closed):
            release.upgrade(HARDENED)
            agents.settle()
            assert live(cluster, space) == rendered(space, HARDENED)
            assert probes.ask(both) == {tenant.to_api: True, tenant.forged: False, tenant.closed: False}
            release.upgrade(COMPATIBLE)
            agents.settle()
            assert live(cluster, space) == rendered(space, COMPATIBLE)
            assert probes.ask(both) == {tenant.to_api: True, tenant.forged: True, tenant.closed: False}
        assert {uid for uid, _ in versions(cluster, space).values()} == uids
