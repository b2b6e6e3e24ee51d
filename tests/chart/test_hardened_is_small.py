"""What hardened policies cost a host cluster with hundreds of tenants: their size, and the pods that a CNI must watch."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.chart.rendering import Json, isolating, policies, text
from vcluster_isolation.netpol.engine.evaluate import peers
from vcluster_isolation.netpol.objects.model import Peer, namespace
from vcluster_isolation.netpol.parse.parse import parse_cluster

KIB = 1024
SERVER = {"cidrs": ["10.0.0.1/32"]}


def of_every_namespace(values: Json) -> Iterator[Peer]:
    """Yield the peers with selectors that match namespaces by whatever name, without any label of their own."""
    cluster = parse_cluster(list(policies(values).values()), home="ns")
    assert not cluster.problems
    for policy in cluster.policies:
        for peer in peers(policy):
            if peer.namespaces is not None and peer.namespaces.matches(namespace("any").labels):
                yield peer


@pytest.mark.parametrize("policy", [{}, {"hostApiServer": SERVER}], ids=["by itself", "with the API server known"])
def test_policies_of_a_hardened_tenant_are_below_12_kib(policy: Json) -> None:
    assert len(text(isolating(profile="hardened", **policy)).encode()) < 12 * KIB


def test_no_hardened_selector_makes_a_cni_watch_the_pods_of_every_namespace() -> None:
    assert list(of_every_namespace(isolating(profile="hardened", hostApiServer=SERVER))) == []
    assert list(of_every_namespace(isolating(profile="hardened", project={"name": "p"}))) == []


def test_compatible_policies_have_two_such_selectors() -> None:
    assert len(list(of_every_namespace(isolating()))) == 2  # vCluster Platform, in both directions
