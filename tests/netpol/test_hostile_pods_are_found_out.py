"""Quantifying over a tenant's labels finds what vCluster 0.31's policies let its pods do, with the fewest labels."""

from __future__ import annotations

from tests.netpol.fleet import MANAGED, VIRTUAL, fleet
from vcluster_isolation.netpol.engine.evaluate import Evaluator
from vcluster_isolation.netpol.engine.labels import ABSENT, FREE, Domain, label_classes, one_of
from vcluster_isolation.netpol.objects.model import Endpoint, External, Namespace, Pod, namespace
from vcluster_isolation.netpol.objects.verdict import Mode
from vcluster_isolation.netpol.parse.parse import parse_cluster
from vcluster_isolation.netpol.sets.addresses import address_set
from vcluster_isolation.netpol.sets.ports import ALL, NONE, PortSet, parse_ports

READ = parse_cluster(fleet(2))
PODS = {pod.name: pod for pod in READ.pods}
JUDGE = Evaluator(READ.policies)
REWRITTEN = {
    MANAGED: one_of("tenant-0"),
    VIRTUAL: one_of("default"),
    "release": ABSENT,
    "vcluster.loft.sh/controlled-by": ABSENT,
}
"""The labels that vCluster sets itself; every other label is the tenant's choice."""


def hostile(space: Namespace, fixed: dict[str, Domain], to: Endpoint, besides: PortSet) -> tuple[dict[str, str], str]:
    """The smallest label set with which a pod reaches more than `besides`, without what is fixed; and the ports."""
    for kind in label_classes(JUDGE.pod_selectors(space), fixed, FREE):
        ports = JUDGE.allowed(Pod(space, kind.labels, ports=None), to, Mode.MAY) - besides
        if ports:
            return {key: value for key, value in kind.labels if key not in fixed}, str(ports)
    return {}, str(NONE)


def usual(to: Endpoint) -> PortSet:
    """What an ordinary workload of the tenant reaches."""
    return JUDGE.allowed(PODS["web-x-tenant-0"], to, Mode.MAY)


HOME = PODS["tenant-0-0"].namespace
PRIVATE = External("private", address_set("10.96.0.1"))


def test_a_snapshot_label_opens_the_api_ports_of_every_address() -> None:
    assert not usual(PRIVATE)
    found = hostile(HOME, REWRITTEN, PRIVATE, usual(PRIVATE))
    assert found == ({"app": "vcluster-snapshot"}, "TCP 443, TCP 6443, TCP 8443")


def test_a_snapshot_label_opens_every_port_of_the_control_plane() -> None:
    labels, ports = hostile(HOME, REWRITTEN, PODS["tenant-0-0"], usual(PODS["tenant-0-0"]))
    assert labels == {"app": "vcluster-snapshot"}
    assert parse_ports(ports) | usual(PODS["tenant-0-0"]) == ALL


def test_a_dns_label_opens_the_host_dns() -> None:
    labels, ports = hostile(HOME, REWRITTEN | {"app": ABSENT}, PODS["coredns"], usual(PODS["coredns"]))
    assert (labels, ports) == ({"k8s-app": "vcluster-kube-dns"}, "all ports")


def test_a_platform_label_elsewhere_opens_every_control_plane() -> None:
    found = hostile(namespace("attacker"), {}, PODS["tenant-1-0"], NONE)
    assert found == ({"app": "loft"}, "all ports")


def test_no_labels_open_the_workloads_of_another_tenant() -> None:
    for space, fixed in ((HOME, REWRITTEN), (namespace("attacker"), {})):
        assert hostile(space, fixed, PODS["web-x-tenant-1"], NONE) == ({}, "no ports")
