"""Manifests of cluster-scoped policies: what they mean where a field is missing, and what is refused with which words."""

from __future__ import annotations

from typing import Any

import pytest

from tests.netpol.tier_cast import ANYWHERE, PODS, SUBJECT, admin, baseline, cluster, rule, to
from tests.netpol.tier_clusters import ADMIN, BASELINE, BETA, CLUSTER, tier_policy
from vcluster_isolation.netpol.objects.model import EVERYTHING, Peer, selector
from vcluster_isolation.netpol.objects.tiers import BASELINE as BASELINE_TIER
from vcluster_isolation.netpol.objects.tiers import TierPolicy
from vcluster_isolation.netpol.parse.parse import parse_cluster
from vcluster_isolation.netpol.sets.addresses import AddressSet, address_set

Json = dict[str, Any]


def read(manifest: Json) -> TierPolicy:
    found = parse_cluster([manifest])
    assert found.problems == ()
    return found.tiers[0]


def refused(manifest: Json) -> list[str]:
    found = parse_cluster([manifest])
    assert found.tiers == ()
    return [str(one).partition(" ")[2] for one in found.problems]


def denied(manifest: Json) -> AddressSet:
    """The addresses of the first peer of the first egress rule."""
    block = read(manifest).egress[0].peers[0].block
    assert block
    return block.addresses


def of_rule(one: Json, kind: str = ADMIN) -> list[str]:
    made = cluster("Admin", one) if kind == CLUSTER else admin(one) if kind == ADMIN else baseline(one)
    return [text.removeprefix("spec.egress[0]") for text in refused(made)]


def test_a_policy_is_read_with_its_tier_priority_and_subject() -> None:
    found = read(admin(rule("Deny"), priority=1000))
    assert (found.tier, found.priority, found.subject) == ("Admin", 1000, Peer(selector({"app": "db"}), EVERYTHING))
    assert (read(baseline(rule("Deny"))).tier, read(baseline(rule("Deny"))).priority) == (BASELINE_TIER, 0)
    assert read(cluster("Baseline", rule("Deny"), priority=0)).tier == BASELINE_TIER


def test_namespaces_of_a_cluster_scoped_policy_are_nobodys() -> None:
    manifest = admin(rule("Deny"))
    manifest["metadata"]["namespace"] = "a"
    found = parse_cluster([manifest])
    assert ([str(one) for one in found.tiers], found.namespaces) == (["AdminNetworkPolicy/at-5"], {})


def test_of_two_policies_of_one_kind_and_name_the_last_counts_and_kinds_do_not_mix() -> None:
    first, second = admin(rule("Allow")), admin(rule("Deny"))
    found = parse_cluster([first, second, tier_policy(CLUSTER, "at-5", {**cluster("Admin")["spec"]})])
    assert [str(one) for one in found.tiers] == ["AdminNetworkPolicy/at-5", "ClusterNetworkPolicy/at-5"]
    assert found.tiers[0].ingress[0].action == "Deny"
    assert [str(one) for one in found.problems] == [
        "AdminNetworkPolicy/at-5: is defined more than once, and only the last one counts; keep one of them"
    ]


def test_v1beta1_is_read_as_v1alpha2() -> None:
    alpha, beta = (tier_policy(kind, "a", cluster("Admin", to("Deny"))["spec"]) for kind in (CLUSTER, BETA))
    assert read(alpha) == read(beta)
    found = parse_cluster([alpha, beta])
    assert [str(one) for one in found.problems] == [
        "ClusterNetworkPolicy/a: is defined more than once, and only the last one counts; keep one of them"
    ]


@pytest.mark.parametrize("make", [admin, baseline])
def test_v1alpha1_takes_bits_beyond_a_prefix_length(make: Any) -> None:
    assert denied(make(to("Deny", {"networks": ["10.1.2.3/8"]}))) == address_set("10.0.0.0/8")


def test_ipv6_groups_may_have_leading_zeros() -> None:
    found = denied(cluster("Admin", to("Deny", {"networks": ["FD00:00ab:0::/48"]})))
    assert found == address_set("fd00:ab::/48")


def test_the_kinds_of_another_version_are_not_evaluated() -> None:
    found = parse_cluster([{**admin(rule("Deny")), "apiVersion": "policy.networking.k8s.io/v1"}])
    assert (found.tiers, found.passed_over) == ((), {})
    assert list(map(str, found.not_evaluated)) == ["AdminNetworkPolicy/at-5 (policy.networking.k8s.io/v1)"]
    assert found.not_evaluated[0].opens
    assert found.not_evaluated[0].closes


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"priority": -1}, "spec.priority: -1 is not a priority; use a number from 0 to 1000 (unquoted)"),
        ({"priority": 1001}, "spec.priority: 1001 is not a priority; use a number from 0 to 1000 (unquoted)"),
        ({"priority": True}, "spec.priority: true is not a priority; use a number from 0 to 1000 (unquoted)"),
        ({"priority": "5"}, 'spec.priority: "5" is not a priority; use a number from 0 to 1000 (unquoted)'),
        ({"tier": "Admin"}, "spec.tier: is not a field here; use one of priority, subject, ingress, egress"),
        ({"subject": None}, "spec.subject: selects nothing; set one of namespaces, pods"),
        (
            {"subject": {"namespaces": {}, "pods": {}}},
            "spec.subject: has namespaces and pods; make them entries of their own",
        ),
        ({"subject": {"nodes": {}}}, "spec.subject.nodes: is not a field here; use one of namespaces, pods"),
        ({"ingress": {}}, "spec.ingress: {} is not a list; write it as a list"),
    ],
)
def test_a_bad_spec_is_refused(spec: Json, message: str) -> None:
    assert refused(admin(**spec)) == [message]


def test_a_priority_of_the_baseline_and_a_missing_tier_are_refused() -> None:
    assert refused(baseline(priority=1)) == ["spec.priority: is not a field here; use one of subject, ingress, egress"]
    bad = tier_policy(CLUSTER, "x", {"priority": 1, "subject": SUBJECT})
    assert refused(bad) == ["spec.tier: null is not a tier; use Admin or Baseline"]


def test_everything_wrong_with_a_policy_is_said_at_once() -> None:
    one = {"action": "Accept", "to": [{}], "ports": [{"portNumber": {"port": 0}}]}
    assert [text.split(":")[0] for text in refused(admin(one, priority=-1))] == [
        "spec.priority",
        "spec.egress[0].action",
        "spec.egress[0].to[0]",
        "spec.egress[0].ports[0].portNumber.port",
    ]


@pytest.mark.parametrize(
    ("kind", "one", "message"),
    [
        (ADMIN, to("Accept"), '.action: "Accept" is not an action; use Allow, Deny or Pass'),
        (BASELINE, to("Pass"), '.action: "Pass" is not an action; use Allow or Deny'),
        (CLUSTER, to("Allow"), '.action: "Allow" is not an action; use Accept, Deny or Pass'),
        (ADMIN, {"to": [PODS]}, ".action: null is not an action; use Allow, Deny or Pass"),
        (ADMIN, {"action": ["Deny"], "to": [PODS]}, '.action: ["Deny"] is not an action; use Allow, Deny or Pass'),
        (ADMIN, {"action": "Deny", "to": []}, ".to: names no peer; list one at least; `namespaces: {}` is all pods"),
        (ADMIN, to("Deny", {}), ".to[0]: selects nothing; set one of namespaces, pods, nodes, networks, domainNames"),
        (
            ADMIN,
            to("Deny", {"services": {}}),
            ".to[0].services: is not a field here; use one of namespaces, pods, nodes, networks, domainNames",
        ),
        (
            ADMIN,
            to("Allow", {"domainNames": ["example.org", "org"]}),
            '.to[0].domainNames[1]: "org" is not a domain name; use one like example.com or *.example.com',
        ),
        (
            ADMIN,
            to("Deny", {"namespaces": {}, "networks": ["::/0"]}),
            ".to[0]: has namespaces and networks; make them entries of their own",
        ),
        (ADMIN, to("Deny", {"networks": []}), ".to[0].networks: names no CIDR; list one at least"),
        (ADMIN, to("Allow", {"domainNames": []}), ".to[0].domainNames: names no domain; list one at least"),
        (
            BASELINE,
            to("Deny", {"domainNames": ["example.org"]}),
            ".to[0].domainNames: is not a field here; use one of namespaces, pods, nodes, networks",
        ),
        (
            ADMIN,
            to("Deny", {"networks": ["10.0.00.0/8"]}),
            '.to[0].networks[0]: "10.0.00.0/8" has leading zeros; write 10.0.0.0/8',
        ),
        (
            CLUSTER,
            to("Deny", {"networks": ["fd00::/08"]}),
            '.to[0].networks[0]: "fd00::/08" has leading zeros; write fd00::/8',
        ),
        (
            CLUSTER,
            to("Deny", {"networks": ["10.1.2.3/8"]}),
            '.to[0].networks[0]: "10.1.2.3/8" has bits set beyond its prefix length; '
            "write 10.0.0.0/8, or the address with /32 (IPv6: /128)",
        ),
        (
            ADMIN,
            to("Deny", {"networks": ["10.0.0.1"]}),
            '.to[0].networks[0]: "10.0.0.1" is not a CIDR; use one like 192.168.1.0/24 or 2001:db8::/64',
        ),
        (
            ADMIN,
            to("Deny", {"pods": {"podSelector": {}, "namespaces": {}}}),
            ".to[0].pods.namespaces: is not a field here; use one of namespaceSelector, podSelector",
        ),
        (ADMIN, to("Deny", ports=[]), ".ports: is empty; leave it out for every port"),
        (ADMIN, to("Deny", protocols=[]), ".protocols: is not a field here; use one of name, action, to, ports"),
        (CLUSTER, to("Deny", ports=[]), ".ports: is not a field here; use one of name, action, to, protocols"),
        (ADMIN, to("Deny", ports=[{}]), ".ports[0]: names no port; set one of portNumber, portRange, namedPort"),
        (
            ADMIN,
            to("Deny", ports=[{"portNumber": {"port": 1}, "namedPort": "a"}]),
            ".ports[0]: has portNumber and namedPort; set one of portNumber, portRange, namedPort",
        ),
        (
            ADMIN,
            to("Deny", ports=[{"portNumber": {"protocol": "tcp", "port": 1}}]),
            '.ports[0].portNumber.protocol: "tcp" is not a protocol; use TCP, UDP or SCTP',
        ),
        (
            ADMIN,
            to("Deny", ports=[{"portRange": {"start": 5, "end": 5}}]),
            ".ports[0].portRange.end: 5 is not above start 5; set it to the last port of the range",
        ),
        (
            ADMIN,
            to("Deny", ports=[{"portRange": {"start": 5}}]),
            ".ports[0].portRange.end: null is not a port; use a number from 1 to 65535 (unquoted)",
        ),
        (
            ADMIN,
            to("Deny", ports=[{"namedPort": "HTTP"}]),
            '.ports[0].namedPort: "HTTP" is not the name of a port; use the name of a container port',
        ),
        (
            ADMIN,
            to("Deny", PODS, ANYWHERE, ports=[{"namedPort": "http"}]),
            ": has a named port beside networks, nodes or domainNames, which have none; make them rules of their own",
        ),
        (
            CLUSTER,
            to("Deny", {"nodes": {}}, protocols=[{"destinationNamedPort": "http"}]),
            ": has a named port beside networks, nodes or domainNames, which have none; make them rules of their own",
        ),
        (
            CLUSTER,
            to("Deny", protocols=[{}]),
            ".protocols[0]: names no port; set one of tcp, udp, sctp, destinationNamedPort",
        ),
        (CLUSTER, to("Deny", protocols=[{"tcp": {}}]), ".protocols[0].tcp: names no port; set destinationPort"),
        (
            CLUSTER,
            to("Deny", protocols=[{"tcp": {"destinationPort": {}}}]),
            ".protocols[0].tcp.destinationPort: names no port; set one of number, range",
        ),
        (
            CLUSTER,
            to("Deny", protocols=[{"udp": {"destinationPort": {"range": {"start": 9, "end": 8}}}}]),
            ".protocols[0].udp.destinationPort.range.end: 8 is not above start 9; set it to the last port of the range",
        ),
        (
            CLUSTER,
            to("Deny", protocols=[{"udp": {"destinationPort": {"range": {"start": 1, "stop": 8, "end": 9}}}}]),
            ".protocols[0].udp.destinationPort.range.stop: is not a field here; use one of start, end",
        ),
    ],
)
def test_a_bad_rule_is_refused(kind: str, one: Json, message: str) -> None:
    assert of_rule(one, kind) == [message]


@pytest.mark.parametrize("field", ["nodes", "networks", "domainNames"])
def test_ingress_peers_are_pods_only(field: str) -> None:
    [text] = refused(admin(rule("Deny", {field: {}})))
    assert text.startswith(f"spec.ingress[0].from[0].{field}: ")
