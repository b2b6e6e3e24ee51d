"""A control plane is known by its labels and by what its StatefulSet or Deployment calls its pods."""

from __future__ import annotations

import pytest

from vcluster_isolation.netpol.objects.model import Pod, labels_of, namespace
from vcluster_isolation.vcluster.cast import MANAGED_BY, VIRTUAL_NAMESPACE
from vcluster_isolation.vcluster.pod_roles import role_of

CONTROL = {"app": "vcluster", "release": "a"}
ETCD = {"app": "vcluster-etcd", "release": "a"}


def pod(name: str, labels: dict[str, str], owner: str = "") -> Pod:
    return Pod(namespace("home"), labels_of(labels), name, owner=owner)


@pytest.mark.parametrize("name", ["a-0", "a-12", "a-7d9f8b7c6d-x2x4z", "a-5f-x2x4z"])
def test_pods_of_its_stateful_set_or_deployment(name: str) -> None:
    assert role_of(pod(name, CONTROL)) == ("control-plane", "a")


def test_etcd_has_a_stateful_set_of_its_own() -> None:
    assert role_of(pod("a-etcd-0", ETCD)) == ("etcd", "a")
    assert role_of(pod("a-0", ETCD)) is None


@pytest.mark.parametrize(
    "name",
    [
        "gateway-x-default-x-a-istio-7d9f8b7c6d-x2x4z",
        "a-x-default-x-a-istio-7d9f8b7c6d-x2x4z",
        "a-0-x-default-x-a-istio-7d9f8b7c6d-x2x4z",
        "a-gatewaygatewaygatewaygatewaygatewaygatewaygateway-0123456789-istio-7d9f8b7c6d-x2x4z",
        "a",
        "ab-0",
        "a-0-",
    ],
)
def test_a_gateways_proxy_cannot_pass_for_one(name: str) -> None:
    """Its labels are wholly the tenant's choice, its name begins with the synced Gateway's."""
    assert role_of(pod(name, CONTROL)) is None


HASH, RANDOM = "7c9d8f6b54", "x2x4z"


def generated(base: str) -> str:
    """What the API server makes of `generateName`."""
    return base[:58] + RANDOM


def long(length: int) -> str:
    return ("a" * 20 + "-" + "b" * 40)[:length]


def sees(release: str, name: str, owner: str = "") -> bool:
    labels = {"app": "vcluster", "release": release}
    found = role_of(pod(name, labels, owner))
    assert found in (None, ("control-plane", release))
    return found is not None


@pytest.mark.parametrize("length", range(1, 54))
@pytest.mark.parametrize("digits", [1, 6, 9, 10])
def test_pods_of_a_deployment_with_a_name_of_any_length(length: int, digits: int) -> None:
    """Helm takes 53 characters; the base of a generated name is cut after 58."""
    release, of_it = long(length), HASH[:digits]
    name = generated(f"{release}-{of_it}-")
    assert sees(release, name, f"ReplicaSet/{release}-{of_it}")
    if not (length == 52 and len(f"{release}-{of_it}-") > 58):
        assert sees(release, name)


@pytest.mark.parametrize("length", range(40, 54))
def test_a_gateway_with_a_long_name_cannot_pass_for_one(length: int) -> None:
    """Its name is 52 characters of the tenant's choice, `-` and 10 of a hash; its proxy's pods are cut, too."""
    release = long(length)
    for chosen in ((f"{release}-{HASH}{HASH}")[:52], (f"{release}-{HASH[:4]}-{HASH}")[:52]):
        for ending in ("", "-istio"):
            gateway = f"{chosen}-{'b4c5d6f789'}{ending}"
            name = generated(f"{gateway}-{HASH}-")
            assert not sees(release, name)
            assert not sees(release, name, f"ReplicaSet/{gateway}-{HASH}")


def test_the_replica_set_decides_whatever_the_pod_is_called() -> None:
    assert not sees("a", "a-5f-x2x4z", "ReplicaSet/a-x-default-x-a-istio-5f")
    release = long(53)
    assert not sees(release, generated(f"{release}-{HASH}-"), f"ReplicaSet/{release}-444444")


@pytest.mark.parametrize("changed", ["{}x", "{}-0", "x{}"])
def test_a_cut_name_is_as_long_as_names_can_be(changed: str) -> None:
    release = long(50)
    assert not sees(release, changed.format(generated(f"{release}-{HASH}-")))
    assert not sees(release, f"{release}-7c9daeix2x4z")


def test_labels_count_as_well() -> None:
    assert role_of(pod("a-0", {**CONTROL, MANAGED_BY: ""})) is None
    assert role_of(pod("a-0", {"app": "prometheus", "release": "a"})) is None
    assert role_of(pod("a-0", {"app": "vcluster"})) is None


@pytest.mark.parametrize(
    ("labels", "role"),
    [
        ({}, ("workload", "b")),
        (CONTROL, ("workload", "b")),
        ({"app": "vcluster-snapshot"}, ("workload", "b")),
        ({"k8s-app": "vcluster-kube-dns", VIRTUAL_NAMESPACE: "kube-system"}, ("coredns", "b")),
        ({"k8s-app": "vcluster-kube-dns", VIRTUAL_NAMESPACE: "default"}, ("workload", "b")),
    ],
)
def test_a_synced_pod_is_of_the_vcluster_that_it_names_whatever_else_it_says(
    labels: dict[str, str], role: tuple[str, str]
) -> None:
    assert role_of(pod("a-0", {**labels, MANAGED_BY: "b"})) == role


def test_a_pod_that_takes_snapshots_names_no_vcluster() -> None:
    assert role_of(pod("x", {"app": "vcluster-snapshot", "release": "a"})) == ("snapshot", "")


def test_a_template_is_called_by_its_owner() -> None:
    assert role_of(pod("", CONTROL, "StatefulSet/a")) == ("control-plane", "a")
    assert role_of(pod("", CONTROL, "Deployment/proxy")) is None
