"""A control plane is known by its labels and by what its StatefulSet or Deployment calls its pods."""

from __future__ import annotations

import pytest

from vcluster_isolation.reach.model import Pod, labels_of, namespace
from vcluster_isolation.vcluster.pod_roles import control_plane_of

CONTROL = {"app": "vcluster", "release": "a"}
ETCD = {"app": "vcluster-etcd", "release": "a"}


def pod(name: str, labels: dict[str, str], owner: str = "") -> Pod:
    return Pod(namespace("home"), labels_of(labels), name, owner=owner)


@pytest.mark.parametrize("name", ["a-0", "a-12", "a-7d9f8b7c6d-x2x4z", "a-5f-x2x4z"])
def test_pods_of_its_stateful_set_or_deployment(name: str) -> None:
    assert control_plane_of(pod(name, CONTROL)) == ("control-plane", "a")


def test_etcd_has_a_stateful_set_of_its_own() -> None:
    assert control_plane_of(pod("a-etcd-0", ETCD)) == ("etcd", "a")
    assert control_plane_of(pod("a-0", ETCD)) is None


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
    assert control_plane_of(pod(name, CONTROL)) is None


def test_labels_count_as_well() -> None:
    assert control_plane_of(pod("a-0", {**CONTROL, "vcluster.loft.sh/managed-by": "a"})) is None
    assert control_plane_of(pod("a-0", {"app": "prometheus", "release": "a"})) is None
    assert control_plane_of(pod("a-0", {"app": "vcluster"})) is None


def test_a_template_is_called_by_its_owner() -> None:
    assert control_plane_of(pod("", CONTROL, "StatefulSet/a")) == ("control-plane", "a")
    assert control_plane_of(pod("", CONTROL, "Deployment/proxy")) is None
