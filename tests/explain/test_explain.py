"""Why a flow is allowed or denied: the rules on both sides, who put them there, and what is missing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from tests.connectivity.flows import MANAGED, given, manifests, pod, policy
from tests.explain.asked import ask
from tests.subject.subjects import SITUATIONS, VALUES, subject
from vcluster_isolation.cli.explain import command
from vcluster_isolation.connectivity.connectivity import matrix_of
from vcluster_isolation.connectivity.fold import folded
from vcluster_isolation.errors import IsolationError
from vcluster_isolation.explain.explain import explain, parse_port
from vcluster_isolation.explain.resolver import find, resolver_of
from vcluster_isolation.helm.template import Request
from vcluster_isolation.netpol.sets.addresses import address_set
from vcluster_isolation.netpol.sets.ports import parse_ports
from vcluster_isolation.subject.inputs import Input
from vcluster_isolation.subject.subject import of_values
from vcluster_isolation.vcluster.address_ranges import INTERNET_4


def run(*words: str) -> Result:
    return CliRunner().invoke(command, [*words, "-f", str(VALUES / "default.yaml")], catch_exceptions=False)


def test_allowed_flow_is_shown_with_the_rules_of_both_sides() -> None:
    result = run("workload", "control-plane", "8443")
    assert (result.exit_code, result.stdout.splitlines()) == (
        0,
        [
            "workload => control-plane : allowed, TCP 8443",
            "  egress of workload: isolated by vc-work-my-vcluster",
            "    lets through TCP 8443, TCP+UDP 1053 by vc-work-my-vcluster spec.egress[0]: workloads --> control plane: DNS and API",
            "  ingress of control-plane: isolated by vc-cp-my-vcluster",
            "    lets through TCP 8443, TCP+UDP 1053 by vc-cp-my-vcluster spec.ingress[1]: workloads --> control plane: DNS and API",
        ],
    )


def test_denied_flow_is_shown_with_the_side_that_denies_it_and_what_is_missing() -> None:
    result = run("monitoring", "workload", "9100")
    assert (result.exit_code, result.stdout.splitlines()) == (
        1,
        [
            "monitoring => workload : denied, TCP 9100",
            "  egress of monitoring: no policy isolates it",
            "  ingress of workload: isolated by vc-work-my-vcluster",
            "    no rule lets TCP 9100 through",
            "missing: ingress, in the values of vCluster my-vcluster:",
            "    policies:",
            "      networkPolicy:",
            "        prometheus:",
            "          enabled: true",
            "          from:",
            "          - namespaceSelector:",
            "              matchLabels:",
            "                kubernetes.io/metadata.name: monitoring",
            "            podSelector:",
            "              matchLabels:",
            "                app.kubernetes.io/name: prometheus",
            "          ports:",
            "          - port: 9100",
            "            protocol: TCP",
        ],
    )


def test_json_is_the_whole_explanation() -> None:
    found = json.loads(run("workload", "169.254.169.254", "80", "--output", "json").stdout)
    assert (found["allowed"], found["asked"], found["ports"], found["missing"]) == (True, "TCP 80", "TCP 80", [])
    assert [(one["side"], one["pod"], one["policies"]) for one in found["sides"]] == [
        ("egress", True, ["vc-work-my-vcluster"]),
        ("ingress", False, []),
    ]
    assert found["sides"][0]["rules"] == [
        {
            "policy": "vc-work-my-vcluster",
            "rule": "spec.egress[2]",
            "ports": "all ports",
            "flow": "workloads --> the addresses of publicEgress, on any port",
            "value": "policies.networkPolicy.workload.publicEgress",
            "yours": False,
        }
    ]


def test_denied_flow_without_a_port_is_denied_on_any() -> None:
    result = run("workload", "monitoring")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[:3] == [
        "workload => monitoring : denied",
        "  egress of workload: isolated by vc-work-my-vcluster",
        "    no rule lets anything through",
    ]


def test_without_a_port_whatever_gets_through_is_the_answer() -> None:
    found = ask("workload", "control-plane")
    assert (found.allowed, found.asked, found.ports) == (True, None, "TCP 8443, TCP+UDP 1053")


def test_value_of_the_default_and_of_the_user_are_told_apart() -> None:
    by_default = ask("control-plane", "platform", "10443").sides[0].rules
    by_user = ask("stray", "workload", "6060/SCTP", "own-rules").sides[1].rules
    assert [(one.value, one.yours) for one in by_default] == [("policies.networkPolicy.platform.enabled", False)]
    assert [(one.value, one.yours) for one in by_user] == [("policies.networkPolicy.workload.ingress[0]", True)]
    assert "put there by the default of policies" in run("control-plane", "platform", "10443").stdout


def test_deprecated_key_is_named_as_the_user_wrote_it() -> None:
    found = ask("workload", "monitoring", "6060", "deprecated-keys").sides[0].rules
    assert [one.value for one in found] == ["policies.networkPolicy.extraWorkloadRules[0]"]


def test_both_sides_can_be_what_denies() -> None:
    found = ask("workload", "control-plane", "2379")
    assert [one.lacks for one in found.sides] == ["TCP 2379", "TCP 2379"]
    assert [one.side for one in found.missing] == ["egress", "ingress"]
    assert not any("namespaceSelector" in one.yaml for one in found.missing)


@pytest.mark.parametrize(
    ("source", "destination", "port", "situation"),
    [
        ("workload", "monitoring", "9090", "default"),
        ("monitoring", "workload", None, "default"),
        ("workload", "control-plane", "2379-2380", "default"),
        ("workload", "10.20.30.40/32", "5432", "default"),
        ("workload", "internet-ipv6", None, "default"),
        ("workload", "internet-ipv4", "53/UDP", "public-egress-off"),
        ("control-plane", "platform", "10443", "platform-off"),
        ("agent", "control-plane", "8443", "platform-off"),
        ("ingress-controller", "control-plane", "8443", "default"),
        ("any address", "control-plane", "8443", "default"),
        ("pod:app=web,tier=db@shop", "workload", "80", "default"),
        ("pod:app=web", "coredns", "80", "default"),
        ("workload", "stray", "80", "default"),
        ("etcd", "internet-ipv4", "80", "default"),
        ("snapshot", "monitoring", "80", "default"),
        ("workload", "snapshot", "80", "default"),
        ("control-plane", "snapshot", None, "default"),
        ("coredns", "10.1.2.3", "53/UDP", "default"),
    ],
)
def test_what_is_missing_lets_the_flow_through(
    source: str, destination: str, port: str | None, situation: str, tmp_path: Path
) -> None:
    """Not by words: the values that are said to be missing are laid over the others, and rendered."""
    found = ask(source, destination, port, situation)
    assert not found.allowed
    more = [tmp_path / f"{one.side}.yaml" for one in found.missing]
    for path, one in zip(more, found.missing, strict=True):
        assert one.where.startswith("in the values of vCluster a")
        path.write_text(one.yaml)
    request = Request((VALUES / f"{situation}.yaml", *more), name="a", namespace="ns")
    after = ask(source, destination, port, of_values(request))
    assert after.allowed
    assert any(rule.yours for side in after.sides for rule in side.rules) or situation == "platform-off"


@pytest.mark.parametrize(
    ("source", "destination", "port"),
    [("stray", "monitoring", "80"), ("workload", "stray", "80"), ("stray", "10.1.2.3", None)],
)
def test_further_policy_that_is_missing_lets_the_flow_through(source: str, destination: str, port: str | None) -> None:
    deny = policy("ns", "deny", podSelector={"matchLabels": {"app": "unrelated"}}, policyTypes=["Ingress", "Egress"])
    documents = [*manifests(), deny]
    found = ask(source, destination, port, given(documents))
    assert not found.allowed
    for at, one in enumerate(found.missing):
        content = yaml.safe_load(one.yaml)
        if "spec" in content:
            assert one.where == "in a further NetworkPolicy in namespace ns"
            documents.append(policy("ns", f"more-{at}", **content["spec"]))
        else:
            rule = content["policies"]["networkPolicy"]["workload"]["egress"][0]
            next(one["spec"] for one in documents if one["metadata"]["name"] == "vc-work-a")["egress"].append(rule)
    assert ask(source, destination, port, given(documents)).allowed


def test_closed_platform_is_opened_by_its_own_value() -> None:
    found = ask("control-plane", "agent", "10443", "platform-off").missing
    assert [yaml.safe_load(one.yaml) for one in found] == [
        {"policies": {"networkPolicy": {"platform": {"enabled": True}}}}
    ]


def test_platform_is_a_rule_where_nobody_knows_the_values() -> None:
    (found,) = ask("control-plane", "agent", "10443", given(manifests(situation="platform-off"))).missing
    assert set(yaml.safe_load(found.yaml)["policies"]["networkPolicy"]) == {"controlPlane"}


def test_api_is_opened_by_its_own_value() -> None:
    (found,) = ask("ingress-controller", "control-plane", "8443").missing
    values = yaml.safe_load(found.yaml)["policies"]["networkPolicy"]["controlPlane"]
    assert values["apiAccess"]["enabled"] is True


def test_missing_rule_for_the_internet_holds_nothing_else() -> None:
    (found,) = ask("workload", "internet-ipv4", "22", "public-egress-off").missing
    rule = yaml.safe_load(found.yaml)["policies"]["networkPolicy"]["workload"]["egress"][0]
    block = rule["to"][0]["ipBlock"]
    assert address_set(block["cidr"]) - address_set(*block["except"]) == INTERNET_4


def test_address_that_nobody_knows_is_to_be_put_in() -> None:
    (found,) = ask("workload", "host-api-server", "443").missing
    assert found.where == "in the values of vCluster a, with the real address instead of 192.0.2.1/32"
    assert "cidr: 192.0.2.1/32" in found.yaml


def test_other_vclusters_side_is_for_its_own_values() -> None:
    found = ask("workload", "other's workload", "80").missing
    assert [one.where for one in found] == ["in the values of vCluster a", "in the values of vCluster other-tenant"]


def test_policy_of_somebody_else_that_denies_is_named() -> None:
    deny = policy("monitoring", "deny", podSelector={}, policyTypes=["Ingress"])
    found = ask("control-plane", "monitoring", "443", given([*manifests(), deny]))
    assert not found.allowed
    assert found.sides[1].policies == ("monitoring/deny",)
    assert [(one.side, one.where) for one in found.missing] == [
        ("ingress", "in a further NetworkPolicy in namespace monitoring")
    ]


def test_rule_of_somebody_else_that_allows_is_named() -> None:
    allow = policy("monitoring", "allow", podSelector={}, policyTypes=["Ingress"], ingress=[{}])
    found = ask("control-plane", "monitoring", "443", given([*manifests(), allow]))
    assert [(one.policy, one.rule) for one in found.sides[1].rules] == [("monitoring/allow", "spec.ingress[0]")]


def test_sides_that_allow_different_ports_are_both_to_blame() -> None:
    chosen = {"matchLabels": {"app": "unrelated"}}
    extra = policy("ns", "x", podSelector=chosen, policyTypes=["Ingress"], ingress=[{"ports": [{"port": 9}]}])
    found = ask("control-plane", "stray", None, given([*manifests(), extra]))
    assert not found.allowed
    assert [one.lacks for one in found.sides] == [
        str(parse_ports("all ports") - parse_ports("TCP 443, TCP 6443, TCP 8443")),
        str(parse_ports("all ports") - parse_ports("TCP 9")),
    ]


def test_named_port_and_what_it_depends_on_are_said() -> None:
    found = ask("stray", "workload", None, "own-rules")
    assert found.ports == "SCTP 6060-6070, TCP port web"
    assert found.sides[1].rules[0].ports == "SCTP 6060-6070, TCP port web"
    assert found.caveats == ("The destination may give the named port any number.",)


def test_own_node_is_a_caveat() -> None:
    assert "A pod and its own node always reach each other" in " ".join(ask("node", "workload").caveats)


def test_ends_without_a_common_family_do_not_reach_each_other() -> None:
    there = pod("ns", "w", "10.1.0.1", labels={MANAGED: "a", "vcluster.loft.sh/namespace": "default"})
    found = ask("ns/a/workload", "internet-ipv6", "443", given([*manifests(situation="own-rules"), there]))
    assert not found.allowed
    assert found.caveats == ("The two have no addresses of one family, IPv4 or IPv6.",)
    assert found.missing == ()


def test_addresses_are_not_decided_by_policies() -> None:
    found = ask("203.0.113.7", "10.0.0.1")
    assert (found.allowed, [one.pod for one in found.sides]) == (True, [False, False])


def test_hostile_pod_can_be_asked_about() -> None:
    found = ask("pod:vcluster.loft.sh/managed-by=a,app=vcluster-snapshot", "etcd", "2379")
    assert found.allowed
    assert found.sides[0].policies == ("vc-snapshot-a", "vc-work-a", "vc-snapshot-neighbour")


def test_pod_in_a_labelled_namespace_can_be_asked_about() -> None:
    documents = manifests()
    peer = {"namespaceSelector": {"matchLabels": {"team": "x"}}, "podSelector": {}}
    next(one["spec"] for one in documents if one["metadata"]["name"] == "vc-cp-a")["ingress"].append({"from": [peer]})
    assert ask("pod:@shop:team=x", "control-plane", "22", given(documents)).allowed
    assert not ask("pod:@shop:team=y", "control-plane", "22", given(documents)).allowed


@pytest.mark.parametrize("situation", SITUATIONS)
def test_every_name_that_connectivity_prints_is_known_and_means_the_same(situation: str) -> None:
    known = subject(situation)
    matrix = folded(matrix_of(known))
    resolver = resolver_of(Input([known]), ())
    for cell in matrix.cells[::3]:
        if "anything" not in {cell.source, cell.destination}:
            found = explain(resolver, find(cell.source, resolver), find(cell.destination, resolver))
            assert (found.allowed, found.ports) == (True, cell.text)


def test_roles_of_real_pods_are_known() -> None:
    synced = {MANAGED: "a", "vcluster.loft.sh/namespace": "default"}
    pods = [pod("ns", "w1", "10.1.0.1", labels=synced), pod("ns", "w2", "10.1.0.2", labels=synced)]
    known = given([*manifests(), *pods, pod("shop", "x", "10.2.0.1")])
    within = ask("ns/a/workload", "ns/a/workload", "80", known)
    assert within.allowed
    assert within.sides[0].policies == ("vc-work-a",)
    assert not ask("ns/a/workload", "shop/x", "80", known).allowed
    assert ask("ns/a/workload", "internet-ipv4", "80", known).allowed


def test_end_that_is_named_twice_is_two_pods() -> None:
    deny = policy("shop", "deny", podSelector={}, policyTypes=["Ingress"])
    assert not ask("shop/x", "shop/x", "80", given([*manifests(), deny, pod("shop", "x", "10.2.0.1")])).allowed


def test_vclusters_are_told_apart_by_their_names() -> None:
    known = given([*manifests("a", "vcluster-a"), *manifests("b", "vcluster-b")])
    assert ask("b/workload", "b/control-plane", "8443", known).allowed
    across = ask("b/workload", "a/control-plane", "8443", known)
    assert [one.of for one in across.sides] == ["b/workload", "a/control-plane"]
    assert [one.policies for one in across.sides] == [("vc-work-b",), ("vcluster-a/vc-cp-a",)]
    assert not across.allowed


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("worklod", '"worklod" is not an actor here; did you mean: workload; '),
        ("\x1b[2Jqq", '"\\u001b[2Jqq" is not an actor here; there are: control-plane; '),
        ("10.0.0.0/33", "10.0.0.0/33' does not appear to be an IPv4 or IPv6 network; give an address"),
        ("::ffff:10.0.0.1", "'::ffff:10.0.0.1' is an IPv4 address written as IPv6; give an address"),
        ("pod:a", '"pod:a": "a" is not a label; write pod:KEY=VALUE,KEY=VALUE@NAMESPACE'),
        ("pod:a=b$", '"pod:a=b$": "a=b$" is not a label; write pod:KEY=VALUE,KEY=VALUE@NAMESPACE'),
        ("pod:a=b@No", '"pod:a=b@No": "No" is not a namespace name; write pod:KEY=VALUE@NAMESPACE'),
        ("pod:a=b@", '"pod:a=b@": "" is not a namespace name; write pod:KEY=VALUE@NAMESPACE'),
        ("pod:a=b@c:d", '"pod:a=b@c:d": "d" is not a label; write pod:KEY=VALUE,KEY=VALUE@NAMESPACE'),
    ],
)
def test_ends_that_nobody_knows_are_refused(words: str, says: str) -> None:
    with pytest.raises(IsolationError) as caught:
        ask(words, "workload")
    assert says in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(("text", "ports"), [("8443", "TCP 8443"), ("53/UDP", "UDP 53"), ("1-2/sctp", "SCTP 1-2")])
def test_port_is_a_number_or_a_range_and_a_protocol(text: str, ports: str) -> None:
    assert str(parse_port(text)) == ports


@pytest.mark.parametrize("text", ["0", "65536", "2-1", "web", "80/icmp", "80/", "-1", "٨٠"])
def test_other_ports_are_refused(text: str) -> None:
    with pytest.raises(IsolationError, match="is not a port; write one like 8443, 8443/TCP, 53/UDP or 8000-8100/TCP"):
        parse_port(text)
