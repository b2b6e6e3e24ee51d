"""Claims use the addresses of nodes and pods that values give, and say so where they hold only for private ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest
from click.testing import CliRunner

from tests.subject.subjects import of, statuses
from vcluster_isolation.cli.prove import command
from vcluster_isolation.connectivity import connectivity
from vcluster_isolation.helm.template import Request
from vcluster_isolation.prove.prove import CLOSED, FAILS, GRANTED, HOLDS, prove
from vcluster_isolation.subject.platform_subject import subjects_of_values

NODES, PODS, SERVER = (f"policies.networkPolicy.{key}.cidrs" for key in ("nodes", "pods", "hostApiServer"))
KNOWN: Final = {"hostApiServer": {"cidrs": ["10.1.2.0/28"]}}
PRIVATE: Final = {"nodes": {"cidrs": ["10.1.0.0/16"]}, "pods": {"cidrs": ["10.2.0.0/16"]}}
PUBLIC: Final = {"nodes": {"cidrs": ["34.1.0.0/16"]}, "pods": {"cidrs": ["34.2.0.0/16", "2600:1f00::/40"]}}


def assumed(**policy: Any) -> dict[str, set[str]]:
    """Return what each claim of the hardened profile assumes, by the values that would say; nothing left out."""
    outcomes = prove(of({"profile": "hardened", **policy}))
    return {one.claim.name: {each.value for each in one.assumes} for one in outcomes if one.assumes}


def test_claims_that_depend_on_private_addresses_say_so() -> None:
    assert assumed(**KNOWN) == {
        "workload-to-tenants": {PODS},
        "workload-to-host": {NODES, PODS},
        "workload-to-host-dns": {PODS},
    }


def test_an_api_server_that_is_not_given_is_assumed_to_be_private() -> None:
    assert assumed()["workload-to-api-server"] == {SERVER}
    assert "workload-to-api-server" not in assumed(**KNOWN)


@pytest.mark.parametrize("known", [PRIVATE, PUBLIC])
def test_with_all_addresses_given_nothing_is_assumed_and_all_holds(known: dict[str, Any]) -> None:
    assert assumed(**KNOWN, **known) == {}
    found = statuses(of({"profile": "hardened", **KNOWN, **known}))
    assert found[FAILS] == set()
    assert {"workload-to-tenants", "workload-to-host", "workload-to-host-dns"} <= found[HOLDS]


def test_one_address_given_leaves_the_other_assumed() -> None:
    assert assumed(**KNOWN, nodes=PUBLIC["nodes"])["workload-to-host"] == {PODS}
    assert assumed(**KNOWN, pods=PRIVATE["pods"]) == {"workload-to-host": {NODES}}


def test_without_public_egress_nothing_depends_on_addresses() -> None:
    assert assumed(**KNOWN, workload={"publicEgress": {"enabled": False}}) == {}


def test_public_addresses_that_are_open_fail() -> None:
    open_to_all = statuses(of({"pods": PUBLIC["pods"]}))  # compatible: its exceptions are vCluster's
    assert {"workload-to-tenants", "workload-to-host"} <= open_to_all[FAILS]
    outcomes = {one.claim.name: one for one in prove(of({"pods": {"cidrs": ["34.2.0.0/16"]}, **KNOWN}))}
    assert outcomes["workload-to-tenants"].status == FAILS
    nodes = {one.claim.name: one for one in prove(of({**KNOWN, "nodes": {"cidrs": ["34.1.0.0/16"]}}))}
    assert nodes["workload-to-host"].status == FAILS


def test_a_rule_of_the_users_own_to_the_addresses_of_pods_is_granted() -> None:
    rules = {"workload": {"egress": [{"to": [{"ipBlock": {"cidr": "34.2.0.0/16"}}]}]}}
    found = statuses(of({"profile": "hardened", **KNOWN, **PUBLIC, **rules}))
    assert "workload-to-tenants" in found[GRANTED]
    aside = {"workload": {"egress": [{"to": [{"ipBlock": {"cidr": "34.3.0.0/16"}}]}]}}
    assert "workload-to-tenants" in statuses(of({"profile": "hardened", **KNOWN, **PUBLIC, **aside}))[HOLDS]


def test_public_addresses_of_the_cluster_are_closed_by_the_users_values() -> None:
    outcomes = {one.claim.name: one for one in prove(of({"profile": "hardened", **KNOWN, **PUBLIC}))}
    internet = outcomes["workload-internet"]
    assert internet.status == CLOSED
    assert {"policies.networkPolicy.nodes", "policies.networkPolicy.pods"} <= set(internet.keys)
    ipv6 = {"workload": {"publicEgress": {"ipv6": {"enabled": True}}}}
    assert "workload-internet-ipv6" in statuses(of({"profile": "hardened", **KNOWN, **PUBLIC, **ipv6}))[HOLDS]


def test_connectivity_has_the_addresses_that_are_given() -> None:
    given = connectivity.scene(of({"profile": "hardened", **KNOWN, **PUBLIC}))
    (node,) = (one.end for one in given.ends if one.actor.name == "node")
    assert str(node.addresses) == "34.1.0.0/16"


def test_the_platform_uses_them_as_well(tmp_path: Path) -> None:
    path = tmp_path / "values.yaml"
    guarded = {"enabled": True, "egress": {"enabled": True, "licenseServer": {"enabled": True}}}

    def found(**policy: Any) -> dict[str, Any]:
        whole = {"platformNetworkPolicy": guarded, "policies": {"networkPolicy": policy}}
        path.write_text(json.dumps(whole), encoding="utf-8")
        (subject,) = subjects_of_values(Request((path,), name="a", namespace="ns"))
        return {one.claim.name: one for one in prove(subject)}

    assert {one.value for one in found()["platform-to-tenants"].assumes} == {PODS}
    known = found(**PUBLIC)
    assert known["platform-to-tenants"].status == HOLDS
    assert known["platform-to-tenants"].assumes == ()
    assert known["platform-egress-licenseServer"].status == HOLDS


def test_reports_say_what_is_assumed(tmp_path: Path) -> None:
    path = tmp_path / "values.json"
    path.write_text(json.dumps({"policies": {"networkPolicy": {"enabled": True, "profile": "hardened", **KNOWN}}}))
    text = CliRunner().invoke(command, [str(path)]).stdout
    assert (
        f"assumes that nodes have private addresses and pods have private addresses; set {NODES} and {PODS}\n" in text
    )
    found = json.loads(CliRunner().invoke(command, [str(path), "--output", "json"]).stdout)
    assumes = {one["name"]: one["assumes"] for one in found["vclusters"][0]["claims"]}
    assert assumes["workload-to-tenants"] == [{"that": "pods have private addresses", "value": PODS}]
    assert assumes["workload-to-metadata"] == []
    assert "assumes that pods have" in CliRunner().invoke(command, [str(path), "--output", "junit"]).stdout
    assert CliRunner().invoke(command, [str(path), "--strict"]).exit_code == 0
