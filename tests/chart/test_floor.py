"""The floor where the pairs of settings do not come: many addresses, few addresses, and addresses only."""

from __future__ import annotations

from typing import Any

import pytest

from tests.chart import oracle
from tests.chart.rendering import Json, isolating, policies

APIS = pytest.mark.parametrize("api", ["AdminNetworkPolicy", "ClusterNetworkPolicy", "ClusterNetworkPolicy/v1beta1"])
PROFILES = pytest.mark.parametrize("profile", ["compatible", "hardened"])


def floored(api: str, **policy: Any) -> Json:
    return isolating(floor={"enabled": True, "api": api}, **policy)


@APIS
@PROFILES
def test_more_exceptions_than_a_peer_holds_are_all_denied(api: str, profile: str) -> None:
    many = [f"34.{number}.0.0/16" for number in range(60)]
    values = floored(api, profile=profile, workload={"publicEgress": {"extraExcept": many}})
    assert oracle.agrees(policies(values), values)


@pytest.mark.parametrize(
    "cidr", ["169.254.0.0/16", "169.254.169.0/24", "168.63.129.0/24", "100.64.0.0/10", "fd00:ec2::/32"]
)
def test_metadata_stays_denied_in_a_narrow_public_block(cidr: str) -> None:
    values = floored("AdminNetworkPolicy", workload={"publicEgress": {"cidr": cidr}})
    assert oracle.agrees(policies(values), values)


@APIS
def test_rules_that_name_addresses_only_leave_nothing_of_them_in_ingress(api: str) -> None:
    rules = [{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}]
    values = floored(api, workload={"ingress": rules}, coredns={"ingress": rules})
    assert oracle.agrees(policies(values), values)


@APIS
def test_a_cluster_has_no_floor_of_workloads_that_run_elsewhere(api: str) -> None:
    assert set(policies({**floored(api), "privateNodes": {"enabled": True}})) == {"vc-cp-a", "vc-snapshot-a"}
