"""Cluster-scoped policies in what explain, connectivity and diff say: who denies, who allows, and what would help."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from tests.connectivity.flows import given, lines, manifests, pod, policy
from tests.explain.asked import ask
from tests.subject.subjects import VALUES, of, subject
from vcluster_isolation.cli.explain import command
from vcluster_isolation.connectivity import report as render_text
from vcluster_isolation.connectivity.connectivity import matrix_of
from vcluster_isolation.connectivity.fleet import matrix_of as matrix_of_input
from vcluster_isolation.diff import report as diff_report
from vcluster_isolation.diff.changes import changes
from vcluster_isolation.explain.explain import Explanation
from vcluster_isolation.explain.report import text
from vcluster_isolation.helm.template import Request
from vcluster_isolation.subject.subject import Subject, of_values

Json = dict[str, Any]
APIS = ["AdminNetworkPolicy", "ClusterNetworkPolicy"]
FLOOR = {"profile": "hardened", "floor": {"enabled": True}}


def floor(api: str = "AdminNetworkPolicy", **more: Any) -> Subject:
    return of({**FLOOR, "floor": {"enabled": True, "api": api}, **more})


def admin(name: str, subject: Json, **rules: list[Json]) -> Json:
    api = "policy.networking.k8s.io/v1alpha1"
    spec = {"priority": 5, "subject": subject, **rules}
    return {"apiVersion": api, "kind": "AdminNetworkPolicy", "metadata": {"name": name}, "spec": spec}


def baseline(subject: Json, **rules: list[Json]) -> Json:
    whole = admin("default", subject, **rules)
    del whole["spec"]["priority"]
    return {**whole, "kind": "BaselineAdminNetworkPolicy"}


EVERYBODY: Json = {"namespaces": {}}
MONITORING = {"namespaces": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
DENIED_IN = admin("closed", EVERYBODY, ingress=[{"action": "Deny", "from": [MONITORING]}])
ALLOWED_IN = admin("scraped", EVERYBODY, ingress=[{"action": "Allow", "from": [MONITORING]}])


def test_the_deny_rule_that_closes_a_flow_is_shown() -> None:
    result = CliRunner().invoke(command, ["workload", "monitoring", "80", "-f", str(VALUES / "hardened-floor.yaml")])
    floor = "vc-floor.vcluster-my-vcluster.my-vcluster (AdminNetworkPolicy)"
    assert (result.exit_code, result.stdout.splitlines()[:4]) == (
        1,
        [
            "workload => monitoring : denied, TCP 80",
            f"  egress of workload: isolated by vc-work-my-vcluster; governed by {floor}",
            f"    denies TCP 80 by {floor} spec.egress[2]: workloads -/-> every other pod",
            "  ingress of monitoring: no policy isolates it",
        ],
    )


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize(
    ("source", "destination", "port"),
    [
        ("workload", "monitoring", "9090"),
        ("monitoring", "workload", None),
        ("workload", "10.20.30.40/32", "5432"),
        ("workload", "internet-ipv6", "443"),
        ("workload", "control-plane", "22"),
        ("workload", "stray", "80"),
        ("pod:app=web@shop", "coredns", "80"),
        ("10.0.0.1", "workload", "80"),
    ],
)
def test_values_that_are_missing_are_passed_on_by_the_floor(
    source: str, destination: str, port: str | None, api: str, tmp_path: Path
) -> None:
    """What is said to be missing is laid over the values, and rendered with the floor: then the flow is there."""
    values = tmp_path / "values.yaml"
    values.write_text(yaml.safe_dump({"policies": {"networkPolicy": {"enabled": True, **FLOOR}}}))
    name = tmp_path / "floor.yaml"
    name.write_text(yaml.safe_dump({"policies": {"networkPolicy": {"floor": {"api": api}}}}))
    found = ask(source, destination, port, floor(api))
    assert not found.allowed
    assert {one.where for one in found.missing} == {"in the values of vCluster a"}
    more = [tmp_path / f"{one.side}.yaml" for one in found.missing]
    for path, one in zip(more, found.missing, strict=True):
        path.write_text(one.yaml)
    assert ask(source, destination, port, of_values(Request((values, name, *more), "a", "ns"))).allowed


def test_a_policy_of_somebody_else_that_denies_is_in_the_way_and_values_are_no_help() -> None:
    found = ask("monitoring", "stray", "80", given([*manifests(), DENIED_IN]))
    assert found.sides[1].cluster_policies == ("closed (AdminNetworkPolicy)",)
    assert [(one.policy, one.rule, one.ports) for one in found.sides[1].denials] == [
        ("closed (AdminNetworkPolicy)", "spec.ingress[0]", "TCP 80")
    ]
    assert [(one.where, one.yaml) for one in found.missing] == [
        (
            "closed (AdminNetworkPolicy) spec.ingress[0] is in the way: what it denies, no NetworkPolicy opens; change it",
            "",
        )
    ]
    assert last_lines(found) == [
        "missing: ingress, closed (AdminNetworkPolicy) spec.ingress[0] is in the way: "
        "what it denies, no NetworkPolicy opens; change it"
    ]


def last_lines(found: Explanation) -> list[str]:
    return [line for line in text(found).splitlines() if line.startswith("missing")]


def test_where_network_policies_deny_it_as_well_both_are_missing() -> None:
    found = ask("monitoring", "workload", "80", given([*manifests(), DENIED_IN]))
    assert [bool(one.yaml) for one in found.missing] == [False, True]
    assert found.missing[1].where == "in the values of vCluster a"


def test_a_floor_is_not_in_the_way_but_another_policy_above_it_is() -> None:
    known = of({**FLOOR})
    documents = [*yaml.safe_load_all(known.manifests), DENIED_IN]
    found = ask("monitoring", "workload", "80", given(documents))
    assert [one.policy for one in found.sides[1].denials] == ["closed (AdminNetworkPolicy)"]
    assert [bool(one.yaml) for one in found.missing] == [False, True]


def test_a_floor_of_another_vcluster_is_passed_on_by_its_own_values() -> None:
    documents = [*yaml.safe_load_all(of({**FLOOR}).manifests), *manifests("b", "vcluster-b")]
    found = ask("b/workload", "ns/a/workload", "80", given(documents))
    assert [one.where for one in found.missing] == ["in the values of vCluster b", "in the values of vCluster a"]


def test_what_the_baseline_denies_a_network_policy_opens() -> None:
    closed = baseline(EVERYBODY, ingress=[{"action": "Deny", "from": [EVERYBODY]}])
    documents = [*manifests(), closed]
    found = ask("monitoring", "stray", "80", given(documents))
    assert [one.policy for one in found.sides[1].denials] == ["default (BaselineAdminNetworkPolicy)"]
    (missing,) = found.missing
    documents.append(policy("ns", "more", **yaml.safe_load(missing.yaml)["spec"]))
    assert ask("monitoring", "stray", "80", given(documents)).allowed


def test_a_rule_that_allows_is_named_with_its_kind() -> None:
    found = ask("monitoring", "workload", "80", given([*manifests(), ALLOWED_IN]))
    assert found.allowed
    assert [(one.policy, one.rule) for one in found.sides[1].rules] == [
        ("scraped (AdminNetworkPolicy)", "spec.ingress[0]")
    ]


def test_connectivity_has_the_flows_that_a_cluster_scoped_policy_allows_and_says_why() -> None:
    known = given([*manifests(), ALLOWED_IN])
    (cell,) = (
        one for one in matrix_of(known.subjects[0]).cells if (one.source, one.destination) == ("monitoring", "workload")
    )
    assert [(one.side, one.policy) for one in cell.reasons] == [
        ("egress", ""),
        ("ingress", "scraped (AdminNetworkPolicy)"),
    ]
    assert "scraped \\(AdminNetworkPolicy\\)" not in render_text.markdown(matrix_of_input(known))
    assert "scraped (AdminNetworkPolicy) spec.ingress\\[0\\]" in render_text.markdown(matrix_of_input(known))


def test_a_side_that_only_a_cluster_scoped_policy_decides_is_not_said_to_be_open() -> None:
    rules = [{"action": "Allow", "to": [EVERYBODY], "ports": [NINE]}, {"action": "Deny", "to": [EVERYBODY]}]
    known = given([*manifests(), ALLOWED_IN, admin("out", MONITORING, egress=rules)])
    (cell,) = (
        one for one in matrix_of(known.subjects[0]).cells if (one.source, one.destination) == ("monitoring", "workload")
    )
    assert (str(cell.ports), [one.policy for one in cell.reasons]) == (
        "TCP 9",
        ["out (AdminNetworkPolicy)", "scraped (AdminNetworkPolicy)"],
    )


NINE = {"portNumber": {"port": 9, "protocol": "TCP"}}


def test_connectivity_of_real_pods_counts_cluster_scoped_policies() -> None:
    synced = {"vcluster.loft.sh/managed-by": "a", "vcluster.loft.sh/namespace": "default"}
    pods = [pod("ns", "w", "10.1.0.1", labels=synced), pod("monitoring", "p", "10.2.0.1"), pod("shop", "s", "10.3.0.1")]
    out = admin("out", EVERYBODY, egress=[{"action": "Deny", "to": [{"networks": ["1.0.0.0/8", "10.3.0.0/16"]}]}])
    before = render_text.text(matrix_of_input(given([*manifests(), *pods])))
    after = render_text.text(matrix_of_input(given([*manifests(), *pods, ALLOWED_IN, out])))
    assert "monitoring/p => ns/a/workload" not in before
    assert "monitoring/p => ns/a/workload : all ports" in after
    assert "ns/a/workload => internet-ipv4 : all ports" in before
    assert "ns/a/workload => internet-ipv4 without 1.0.0.0/8 : all ports" in after


def test_pods_that_only_a_cluster_scoped_policy_speaks_of_are_actors() -> None:
    peer = {"pods": {"namespaceSelector": {"matchLabels": {"team": "x"}}, "podSelector": {"matchLabels": {"app": "y"}}}}
    known = given([*manifests(), admin("scanned", EVERYBODY, ingress=[{"action": "Allow", "from": [peer]}])])
    assert "pods [app=y] in namespaces [team=x] => workload : all ports" in lines(known.subjects[0])


def test_addresses_are_told_apart_by_the_policies_of_each_pod() -> None:
    """Both workloads have the same NetworkPolicies, and only one is governed by more."""
    pods = [
        pod(f"vcluster-{name}", "w", f"10.1.0.{at}", labels={"vcluster.loft.sh/managed-by": name})
        for at, name in enumerate("ab", 1)
    ]
    only = {"namespaces": {"matchLabels": {"kubernetes.io/metadata.name": "vcluster-b"}}}
    out = admin("out", only, egress=[{"action": "Deny", "to": [{"networks": ["1.0.0.0/8"]}]}])
    documents = [*manifests("a", "vcluster-a"), *manifests("b", "vcluster-b"), *pods, out]
    found = render_text.text(matrix_of_input(given(documents)))
    assert "a/workload => internet-ipv4 : all ports" in found
    assert "b/workload => internet-ipv4 without 1.0.0.0/8 : all ports" in found


def test_pod_without_address_is_not_taken_to_have_one_that_some_rule_denies() -> None:
    out = admin("out", EVERYBODY, egress=[{"action": "Deny", "to": [{"networks": ["10.0.0.0/8", "fd00::/9"]}]}])
    known = given([*manifests(), pod("ns", "s", labels={"x": "y"}), pod("shop", "s"), out])
    assert ask("ns/s", "shop/s", "80", known).allowed


def test_pod_without_address_is_not_taken_to_have_that_of_an_ip_block_where_rules_deny_every_other() -> None:
    synced = {"vcluster.loft.sh/managed-by": "a", "vcluster.loft.sh/namespace": "default"}
    own = {"workload": {"egress": [{"to": [{"ipBlock": {"cidr": "10.20.30.40/32"}}]}]}}
    documents = list(yaml.safe_load_all(of({**FLOOR, **own}).manifests))
    known = given([*documents, pod("ns", "w", labels=synced), pod("shop", "s")])
    assert not ask("ns/a/workload", "shop/s", "80", known).allowed
    assert "shop/s" not in render_text.text(matrix_of_input(known))


def test_pod_without_address_is_not_taken_to_have_one_that_a_policy_denies() -> None:
    """Networks that a rule denies do not say where a pod is that has no address yet; those of an ipBlock do."""
    synced = {"vcluster.loft.sh/managed-by": "a", "vcluster.loft.sh/namespace": "default"}
    out = admin("out", EVERYBODY, egress=[{"action": "Deny", "to": [{"networks": ["0.0.0.0/0", "::/0"]}]}])
    known = given([*manifests(), pod("ns", "w", labels=synced), pod("shop", "s"), out])
    assert not ask("ns/a/workload", "shop/s", "80", known).allowed


@pytest.mark.parametrize("situation", ["hardened", "hardened-api-server"])
def test_a_floor_changes_nothing_of_what_the_chart_lets_through(situation: str) -> None:
    known = subject(situation)
    values = VALUES / f"{situation}.yaml"
    with_floor = of_values(
        Request((values,), "a", "ns", inline='{"policies": {"networkPolicy": {"floor": {"enabled": true}}}}')
    )
    assert with_floor.tiers
    assert lines(with_floor) == lines(known)


def rows(before: Subject, after: Subject) -> list[tuple[str, tuple[str, ...]]]:
    found = diff_report.difference(before, after, changes(before, after))
    return [(f"{'+' if row.opened else '-'} {row}", row.causes) for row in found.rows]


def test_diff_names_the_rule_of_a_floor_that_closes_and_the_one_that_is_gone() -> None:
    """The NetworkPolicies are the same on both sides: only the floor comes, or goes."""
    without = of({"workload": {"publicEgress": {"except": ["10.0.0.0/8"]}}})
    with_it = of({"workload": {"publicEgress": {"except": ["10.0.0.0/8"]}}, "floor": {"enabled": True}})
    rule = "vc-floor.ns.a (AdminNetworkPolicy) spec.egress[3]"
    closed = [causes for row, causes in rows(without, with_it) if "169.254.0.0/16" in row]
    opened = [causes for row, causes in rows(with_it, without) if "169.254.0.0/16" in row]
    assert closed == [(f"{rule} denies it",)]
    assert opened == [(f"{rule} denied it",)]


def test_diff_names_what_the_tenant_may_sync() -> None:
    before, after = of(FLOOR), of(FLOOR, sync={"toHost": {"networkPolicies": {"enabled": True}}})
    found = rows(before, after)
    assert {causes for _, causes in found} == {("synced-by-the-tenant spec.ingress[0]",)}
    assert all(row.startswith("+ ") and " => coredns, workload : all ports" in row for row, _ in found)


def test_diff_names_the_own_rule_that_a_neighbours_is_a_copy_of() -> None:
    before, after = of(FLOOR), of({**FLOOR, "workload": {"egress": [{"to": [{"ipBlock": {"cidr": "10.1.2.3/32"}}]}]}})
    found = rows(before, after)
    assert found
    assert {causes for _, causes in found} == {
        ("vc-work-a spec.egress[3] (policies.networkPolicy.workload.egress[0])",)
    }


def test_diff_says_in_which_namespace_a_workload_or_a_stray_is() -> None:
    before, after = of({"profile": "hardened"}), of({"profile": "hardened", "workload": {"namespaces": ["x"]}})
    words = " ".join(row for row, _ in rows(before, after))
    assert "workload in x => control-plane" in words
    assert "stray in x" in words
    assert "workload in ns" not in words


def test_diff_says_in_which_namespace_the_platform_is() -> None:
    before, after = (of({"profile": "hardened", "platform": {"namespaces": one}}) for one in ([], ["loft"]))
    found = {row for row, _ in rows(before, after)}
    assert "+ control-plane, etcd => agent in loft, platform in loft : TCP 10443" in found
    assert "- control-plane, etcd => agent, platform : TCP 10443" in found


def test_diff_calls_anybody_anywhere_so_even_if_a_rule_names_a_namespace_of_the_cast() -> None:
    peer = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "elsewhere"}}}
    before, after = of(FLOOR), of({**FLOOR, "workload": {"ingress": [{"from": [peer]}]}})
    found = {row for row, _ in rows(before, after)}
    assert found == {"+ anybody in elsewhere => coredns, workload : all ports"}


def test_diff_calls_a_change_of_cluster_scoped_policies_alone_no_change_of_flows_if_it_is_none() -> None:
    before, after = (given([*manifests(), admin(name, MONITORING)]).subjects[0] for name in ("one", "two"))
    found = diff_report.difference(before, after, changes(before, after))
    assert (found.kind, found.text) == ("neutral", True)
