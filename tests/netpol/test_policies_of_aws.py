"""The two kinds of AWS, and domain names, which other kinds have as well: what they mean, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.netpol.cast import CAST
from tests.netpol.clusters import application_policy, policy
from tests.netpol.tier_cast import ANYWHERE, DB, PODS, PORT_80, SUBJECT, admin, both, cluster, named, rule, to, verdict
from tests.netpol.tier_clusters import AWS, tier_policy
from vcluster_isolation.netpol.engine.evaluate import Evaluator
from vcluster_isolation.netpol.objects.verdict import DOMAIN_NAMES, RULE_ORDER, SAME_PRIORITY, UNKNOWN_DOMAINS, Mode
from vcluster_isolation.netpol.parse.parse import parse_cluster

Json = dict[str, Any]

OPEN, CLOSED, EITHER = "all ports", "no ports", "all ports; surely no ports"
DOMAINS: Json = {"domainNames": ["*.example.com"]}


def of_aws(*rules: Json, tier: str = "Admin", priority: int = 5, name: str = "aws") -> Json:
    """A ClusterNetworkPolicy of AWS about the database pod."""
    made = cluster(tier, *rules, priority=priority)
    return tier_policy(AWS, name, made["spec"])


def application(name: str = "app", **spec: Any) -> Json:
    """An ApplicationNetworkPolicy about the database pod."""
    return application_policy(name, "a", {"podSelector": DB, "policyTypes": ["Egress"], **spec})


def refused(manifest: Json, *more: Json) -> list[str]:
    found = parse_cluster([manifest, *more])
    return [str(one) for one in found.problems]


def test_a_policy_of_aws_stands_above_network_policies() -> None:
    isolated = {"podSelector": DB, "policyTypes": ["Ingress"]}
    assert both("a/web", "a/db", isolated) == CLOSED
    assert both("a/web", "a/db", isolated, of_aws(rule("Accept", **PORT_80))) == "TCP 80"
    assert both("a/web", "a/db", of_aws(rule("Deny", **PORT_80))) == (
        "TCP+UDP+SCTP 1-79, TCP+UDP+SCTP 81-65535, UDP+SCTP 80"
    )


def test_a_policy_of_aws_in_the_baseline_is_asked_last() -> None:
    open_to_all = {"podSelector": DB, "ingress": [{}]}
    assert both("a/web", "a/db", of_aws(rule("Deny"), tier="Baseline")) == CLOSED
    assert both("a/web", "a/db", open_to_all, of_aws(rule("Deny"), tier="Baseline")) == OPEN


def test_a_lower_priority_is_asked_first() -> None:
    first, later = of_aws(rule("Pass"), priority=1), of_aws(rule("Deny"), priority=2, name="later")
    assert both("a/web", "a/db", first, later) == OPEN


@pytest.mark.parametrize(
    ("first", "later", "verdict_of_both"),
    [("Accept", "Deny", EITHER), ("Pass", "Deny", EITHER), ("Deny", "Accept", CLOSED), ("Deny", "Pass", CLOSED)],
)
def test_within_a_policy_deny_may_win_whatever_the_order_is(first: str, later: str, verdict_of_both: str) -> None:
    assert both("a/web", "a/db", of_aws(rule(first), rule(later))) == verdict_of_both


def test_within_a_policy_accept_may_win_over_pass() -> None:
    isolated = {"podSelector": DB, "policyTypes": ["Ingress"]}
    assert both("a/web", "a/db", isolated, of_aws(rule("Pass"), rule("Accept"))) == EITHER
    assert both("a/web", "a/db", isolated, of_aws(rule("Accept"), rule("Pass"))) == OPEN


def test_the_order_of_rules_counts_in_the_other_kinds() -> None:
    assert both("a/web", "a/db", cluster("Admin", rule("Accept"), rule("Deny"))) == OPEN


def test_a_verdict_says_if_it_depends_on_the_order_of_rules() -> None:
    found = verdict("a/web", "a/db", of_aws(rule("Accept"), rule("Deny")))
    assert RULE_ORDER in found.caveats
    assert SAME_PRIORITY not in found.caveats
    assert RULE_ORDER not in verdict("a/web", "a/db", of_aws(rule("Accept"), to("Deny"))).caveats
    two = [of_aws(rule("Accept")), of_aws(rule("Deny"), name="other")]
    assert verdict("a/web", "a/db", *two).caveats & {RULE_ORDER, SAME_PRIORITY} == {SAME_PRIORITY}


def test_policies_of_one_name_in_two_groups_are_two() -> None:
    found = parse_cluster([of_aws(rule("Deny"), name="x"), named(cluster("Admin", rule("Deny")), "x")])
    assert found.problems == ()
    assert [str(one) for one in found.tiers] == ["ClusterNetworkPolicy.networking.k8s.aws/x", "ClusterNetworkPolicy/x"]


@pytest.mark.parametrize(
    ("one", "message"),
    [
        (
            to("Deny", ports=[{"namedPort": "http"}]),
            ".ports[0].namedPort: cannot be judged: AWS looks the name up at other pods than the one that is reached; "
            "write the port's number",
        ),
        (
            to("Deny", {"nodes": {}}),
            ".to[0].nodes: is not a field here; use one of namespaces, pods, networks, domainNames",
        ),
        (
            to("Deny", protocols=[{"tcp": {}}]),
            ".protocols: is not a field here; use one of name, action, to, ports",
        ),
        (to("Allow"), '.action: "Allow" is not an action; use Accept, Deny or Pass'),
        (
            to("Deny", {"networks": ["10.1.2.3/8"]}),
            '.to[0].networks[0]: "10.1.2.3/8" has bits set beyond its prefix length; '
            "write 10.0.0.0/8, or the address with /32 (IPv6: /128)",
        ),
        (
            to("Deny", ports=[{"portNumber": {"port": 1}, "portRange": {"start": 1, "end": 2}}]),
            ".ports[0]: has portNumber and portRange; set one of portNumber, portRange, namedPort",
        ),
    ],
)
def test_what_a_policy_of_aws_cannot_mean_is_refused(one: Json, message: str) -> None:
    assert refused(of_aws(one)) == [f"ClusterNetworkPolicy/aws spec.egress[0]{message}"]


@pytest.mark.parametrize(
    "make", [admin, lambda one: cluster("Admin", one), of_aws], ids=["v1alpha1", "v1alpha2", "aws"]
)
def test_domain_names_may_be_any_address_and_are_surely_none(make: Any) -> None:
    accept = "Allow" if make is admin else "Accept"
    shut = {"podSelector": DB, "policyTypes": ["Egress"]}
    for end in ("v4", "v6", "a/web", "node"):
        assert both("a/db", end, shut, make(to(accept, DOMAINS))) == EITHER
        assert both("a/db", end, make(to("Deny", DOMAINS))) == EITHER
        assert both("a/db", end, make(to("Pass", DOMAINS))) == OPEN


def test_domain_names_are_about_the_ports_of_their_rule() -> None:
    shut = {"podSelector": DB, "policyTypes": ["Egress"]}
    assert both("a/db", "v4", shut, of_aws(to("Accept", DOMAINS, **PORT_80))) == "TCP 80; surely no ports"


def test_what_domain_names_accept_perhaps_a_later_rule_may_still_deny() -> None:
    accept, deny = of_aws(to("Accept", DOMAINS), priority=1), of_aws(to("Deny", ANYWHERE), priority=2, name="later")
    assert both("a/db", "v4", accept, deny) == EITHER


def test_a_verdict_says_if_it_depends_on_domain_names() -> None:
    shut = {"podSelector": DB, "policyTypes": ["Egress"]}
    found = verdict("a/db", "v4", shut, of_aws(to("Accept", DOMAINS)))
    assert UNKNOWN_DOMAINS in found.caveats
    assert [one.via for one in found.egress.grants] == [DOMAIN_NAMES]
    assert UNKNOWN_DOMAINS not in verdict("a/db", "v4", shut, of_aws(to("Accept", ANYWHERE))).caveats
    assert verdict("a/db", "v4", of_aws(to("Deny", DOMAINS))).caveats == {UNKNOWN_DOMAINS}


def test_an_application_policy_isolates_and_allows_as_a_network_policy_does() -> None:
    found = application(egress=[{"to": [{"podSelector": {"matchLabels": {"app": "web"}}}]}])
    assert both("a/db", "a/web", found) == OPEN
    assert both("a/db", "v4", found) == CLOSED
    assert both("v4", "a/db", found) == OPEN
    assert both("b/web", "v4", found) == OPEN


def test_application_policies_and_network_policies_add_up() -> None:
    network = {"podSelector": DB, "policyTypes": ["Egress"], "egress": [{"to": [{"ipBlock": {"cidr": "8.8.8.8/32"}}]}]}
    found = application(egress=[{"to": [{"podSelector": {}}]}])
    assert [both("a/db", end, network, found) for end in ("v4", "a/web", "v6")] == [OPEN, OPEN, CLOSED]


def test_an_application_policy_that_names_domains_may_open_any_address_and_opens_none_surely() -> None:
    found = application(egress=[{"to": [DOMAINS], "ports": [{"port": 443}]}])
    assert [both("a/db", end, found) for end in ("v4", "a/web", "host")] == ["TCP 443; surely no ports"] * 3
    said = verdict("a/db", "v4", found)
    assert said.caveats == {UNKNOWN_DOMAINS}
    assert [one.via for one in said.egress.grants] == [DOMAIN_NAMES]


def test_domain_names_of_an_application_policy_take_nothing_away_that_is_sure() -> None:
    found = application(egress=[{"to": [DOMAINS, {"ipBlock": {"cidr": "8.8.8.8/32"}}]}])
    assert both("a/db", "v4", found) == OPEN


def test_an_application_policy_is_named_with_its_kind() -> None:
    found = parse_cluster([application()])
    assert [(str(one), one.kind) for one in found.policies] == [
        ("ApplicationNetworkPolicy/a/app", "ApplicationNetworkPolicy")
    ]
    said = verdict("a/db", "v4", application(egress=[{}]))
    assert [str(one.origin) for one in said.egress.grants] == ["ApplicationNetworkPolicy/a/app spec.egress[0]"]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            {"policyTypes": None, "egress": [{}]},
            "spec.policyTypes: is missing, and it is not defined whether a direction without rules is then isolated; "
            "list Ingress, Egress or both",
        ),
        (
            {"egress": [{"to": [{**DOMAINS, "podSelector": {}}]}]},
            "spec.egress[0].to[0]: has domainNames beside another field; make them entries of their own",
        ),
        (
            {"egress": [{"to": [{"domainNames": []}]}]},
            "spec.egress[0].to[0].domainNames: names no domain; list one at least",
        ),
        (
            {"egress": [{"to": [{"domainNames": ["a..b"]}]}]},
            'spec.egress[0].to[0].domainNames[0]: "a..b" is not a domain name; use one like example.com or *.example.com',
        ),
        (
            {"ingress": [{"from": [DOMAINS]}]},
            "spec.ingress[0].from[0].domainNames: is not a field here; use one of podSelector, namespaceSelector, ipBlock",
        ),
        (
            {"egress": [{"to": [{}]}]},
            "spec.egress[0].to[0]: names no peer; give either selectors or an ipBlock",
        ),
        (
            {"egress": [{"ports": [{"protocol": "ICMP"}]}]},
            'spec.egress[0].ports[0].protocol: "ICMP" is not a protocol; use TCP, UDP or SCTP',
        ),
    ],
)
def test_what_an_application_policy_cannot_mean_is_refused(spec: Json, message: str) -> None:
    first, *_ = refused(application(**spec))
    assert first == f"ApplicationNetworkPolicy/a/app {message}"


def test_policy_types_may_be_missing_where_both_directions_have_rules() -> None:
    found = parse_cluster([application(policyTypes=None, ingress=[{}], egress=[{}])])
    assert found.problems == ()
    assert found.policies[0].types == {"Ingress", "Egress"}


def test_a_network_policy_has_no_domain_names() -> None:
    assert refused(policy("p", "a", {"podSelector": {}, "egress": [{"to": [DOMAINS]}]}))[0] == (
        "NetworkPolicy/a/p spec.egress[0].to[0].domainNames: is not a field here; "
        "use one of podSelector, namespaceSelector, ipBlock"
    )


@pytest.mark.parametrize("turned", [False, True])
def test_an_application_policy_with_the_name_of_a_network_policy_is_refused(*, turned: bool) -> None:
    both_kinds = [application("same", egress=[{}]), policy("same", "a", {"podSelector": {}})]
    found = parse_cluster(both_kinds[:: -1 if turned else 1])
    assert [str(one) for one in found.policies] == ["NetworkPolicy/a/same"]
    assert [str(one) for one in found.problems] == [
        "ApplicationNetworkPolicy/a/same: has the name of a NetworkPolicy of its namespace, and AWS takes the rules of "
        "both for one policy's; give one of them another name"
    ]


def test_an_application_policy_of_another_namespace_may_have_that_name() -> None:
    found = parse_cluster([application("same"), policy("same", "b", {"podSelector": {}})])
    assert found.problems == ()


def test_the_address_of_a_cluster_policy_is_that_of_pods_as_well() -> None:
    read = parse_cluster([of_aws(to("Deny", ANYWHERE))])
    assert not Evaluator(read.policies, read.tiers).allowed(CAST["a/db"], CAST["a/web"], Mode.MAY)


def test_the_subject_of_a_policy_of_aws_is_no_pod_of_the_hosts_network() -> None:
    found = tier_policy(AWS, "x", {**cluster("Admin", to("Deny", PODS, ANYWHERE))["spec"], "subject": SUBJECT})
    assert both("host", "a/db", found) == OPEN
