"""Servers and agents go away and come back: what was closed stays closed, or for how long it is open is measured."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any

import pytest

from real_cluster import network, probes
from real_cluster.listeners import TCP
from real_cluster.probes import Probe
from tests.cluster import cast_on_nodes, sentinel
from tests.cluster.deviations import explained
from tests.cluster.enforcement import Questions, compare
from tests.cluster.sentinel import Sentinel
from tests.cluster.stage import Stage, staged
from tests.on_cluster import OnCluster, pod, until
from vcluster_isolation.netpol.engine.evaluate import Evaluator

pytestmark = pytest.mark.cluster
Json = dict[str, Any]

OUTSIDE = "203.0.113.77"
"""An address that is no pod's, where a listener is."""

FLOOD = 500


@pytest.fixture(scope="module")
def watch(cluster: OnCluster) -> Iterator[Sentinel]:
    with sentinel.watching(cluster) as there:
        yield there


@pytest.fixture(scope="module")
def stage(cluster: OnCluster, watch: Sentinel) -> Iterator[Stage]:
    with staged(cluster, watch, [cast_on_nodes.copy_of("hardened", "faulty")]) as there:
        yield there


@pytest.fixture(scope="module")
def asked(stage: Stage) -> Questions:
    """Every seventh question of the situation whose answer is certain, but for those that the agent answers oddly."""
    evaluator = Evaluator(stage.read.policies)
    (situation,) = stage.situations
    every = stage.questions(situation, evaluator)
    certain = {probe: about for probe, about in every.items() if about.may == about.must}
    some = dict(list(certain.items())[::7])
    odd = {(one.source, one.destination) for _, one in explained(evaluator, compare(some).differences)}
    return {probe: about for probe, about in some.items() if (about.source, about.destination) not in odd}


@contextmanager
def nothing_opens(asked: Questions) -> Iterator[None]:
    """Ask what is closed, again and again; fail if any of it is open while the body runs."""
    closed = [probe for probe, about in asked.items() if not about.may]
    opened: list[Probe] = []
    rounds = 0
    over = threading.Event()

    def ask() -> None:
        nonlocal rounds
        while not over.is_set() or not rounds:
            opened.extend(probe for probe, is_open in probes.ask(closed, attempts=1).items() if is_open)
            rounds += 1

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    assert len(closed) > 300
    assert opened == []


def as_before(asked: Questions) -> None:
    assert compare(asked).differences == ()


def test_all_is_as_it_was_while_the_api_server_is_away_and_after(
    cluster: OnCluster, stage: Stage, asked: Questions
) -> None:
    with nothing_opens(asked):
        cluster.cluster.ask("stop", "kube-apiserver")
        as_before(asked)
        cluster.cluster.ask("start_again", "kube-apiserver")
        stage.sentinel.settle()
    as_before(asked)


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_all_is_as_it_was_while_an_agent_is_away_and_after(
    cluster: OnCluster, stage: Stage, asked: Questions, how: str
) -> None:
    with nothing_opens(asked):
        cluster.cluster.ask(how, "agent-n1")
        as_before(asked)
        cluster.cluster.ask("start_again", "agent-n1")
        stage.sentinel.settle()
    as_before(asked)


def test_a_flood_of_policies_is_acted_on_and_opens_nothing(
    cluster: OnCluster, stage: Stage, asked: Questions, space: str
) -> None:
    flood = [closed_policy(space, f"flood-{number}", {"number": str(number)}) for number in range(FLOOD)]
    with nothing_opens(asked):
        begun = time.monotonic()
        cluster.apply(*flood)
        applied = time.monotonic() - begun
        acted = stage.sentinel.settle()
        as_before(asked)
    report(f"{FLOOD} policies, applied in {applied:.1f} s, are acted on after", [acted])
    cluster.client.delete_all(flood)
    stage.sentinel.settle()
    as_before(asked)
    assert acted < 20


def test_how_long_a_new_pod_is_open_is_measured(cluster: OnCluster, watch: Sentinel, space: str) -> None:
    """The pod's policy is there before the pod: it is open until the agent has heard of the pod, and closed then."""
    cluster.apply(closed_policy(space, "closed", {}))
    cluster.cluster.ask("outside", OUTSIDE)
    watch.settle()
    windows = []
    with probes.listening({cluster.cluster.space(network.OUTSIDE): [(TCP, sentinel.PORT)]}):
        for number in range(6):
            name = f"new-{number}"
            running = cluster.run_pods([pod(space, name, node=network.NODES[number % 2].name)])
            begun = time.monotonic()
            address = running[f"{space}/{name}"]["status"]["podIP"]
            probe = Probe(cluster.cluster.spaces()[f"{space}/{name}"], address, OUTSIDE, TCP, sentinel.PORT)
            until(lambda probe=probe: not any(probes.ask([probe], attempts=1).values()), "the pod is closed")  # type: ignore[misc]
            windows.append(time.monotonic() - begun)
    report("a new pod is open for", windows)
    assert max(windows) < 10


def test_a_node_that_is_rebuilt_closes_again_what_was_closed(
    cluster: OnCluster, stage: Stage, asked: Questions
) -> None:
    begun = time.monotonic()
    cluster.cluster.ask("rebuild", "n1")
    to_the_node = {
        probe: about
        for probe, about in asked.items()
        if stage.nodes.get(about.destination.name) == "n1" and stage.nodes.get(about.source.name) == "n1"
    }
    assert len(to_the_node) > 20
    until(lambda: not compare(to_the_node).differences, "the agent closes all again")
    window = time.monotonic() - begun
    stage.sentinel.settle()
    # The listeners of the node are in the namespace that has gone, so this test is the last one.
    as_before({probe: about for probe, about in asked.items() if not about.source.node and not about.destination.node})
    report("a rebuilt node is closed again after", [window])
    assert window < 15


def closed_policy(space: str, name: str, labels: dict[str, str]) -> Json:
    """Return a policy that closes pods with these labels."""
    spec = {"podSelector": {"matchLabels": labels}, "policyTypes": ["Ingress", "Egress"]}
    metadata = {"name": name, "namespace": space}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}


def report(what: str, seconds: list[float]) -> None:
    """Print a figure of docs/cluster.md; shown with -s."""
    print(f"{what} {min(seconds):.2f} to {max(seconds):.2f} s, median {median(seconds):.2f} s")  # noqa: T201
