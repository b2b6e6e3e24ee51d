"""The proof of vCluster Platform: who reaches it and whom it reaches, from values, beside a vCluster, from manifests."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.connectivity.flows import given, pod, policy
from tests.subject.subjects import VALUES
from vcluster_isolation.claims.claims import AVAILABILITY, CLAIMS, ISOLATION, claims_of
from vcluster_isolation.claims.platform import LEFT_OPEN, platform_claims
from vcluster_isolation.cli.app import app
from vcluster_isolation.connectivity.fleet import matrix_of
from vcluster_isolation.diff.changes import changes, kind
from vcluster_isolation.helm.template import CHART, Request, template
from vcluster_isolation.netpol.objects.model import Origin, Peer, Pod, Policy, Rule, selector
from vcluster_isolation.netpol.sets.ports import parse_ports
from vcluster_isolation.prove import report
from vcluster_isolation.prove.prove import CLOSED, FAILS, GRANTED, HOLDS, KNOWN_GAP, NO_SUBJECT, Outcome, prove
from vcluster_isolation.subject.inputs import Input, read_input
from vcluster_isolation.subject.platform_subject import subjects_of_values
from vcluster_isolation.subject.subject import PLATFORM, VCLUSTER, Subject

SITUATIONS = sorted(path.stem for path in VALUES.glob("platform*.yaml") if path.stem != "platform-off")
KNOWN = "platform-known@vcluster-platform"
AGENT = "platform-agent@vcluster-platform"
HOME = "vcluster-platform"
ABOUT_EGRESS = {claim.name for claim in platform_claims() if ".egress" in claim.value}


@cache
def subjects(situation: str) -> tuple[Subject, ...]:
    return tuple(subjects_of_values(Request((VALUES / f"{situation}.yaml",), "a", HOME)))


def platform(situation: str) -> Subject:
    (found,) = (one for one in subjects(situation) if one.kind == PLATFORM)
    return found


def by_name(subject: Subject) -> dict[str, Outcome]:
    return {outcome.claim.name: outcome for outcome in prove(subject)}


@cache
def outcomes(situation: str) -> dict[str, Outcome]:
    return by_name(platform(situation))


def of(tmp_path: Path, text: str) -> list[Subject]:
    """Return what values describe."""
    path = tmp_path / "values.yaml"
    path.write_text(text, encoding="utf-8")
    return subjects_of_values(Request((path,), "a", HOME))


def with_rule(subject: Subject, direction: str, rule: Rule) -> Subject:
    """Return the platform with one more rule that nobody asked for."""
    into, out = ((rule,), ()) if direction == "Ingress" else ((), (rule,))
    changed = (
        replace(one, ingress=one.ingress + into, egress=one.egress + out) if one.name == "vc-platform" else one
        for one in subject.policies
    )
    return replace(subject, policies=tuple(changed))


def rule(direction: str, *peers: Peer, ports: str = "") -> Rule:
    origin = Origin(HOME, "vc-platform", direction, 99)
    return Rule(origin, peers, parse_ports(ports)) if ports else Rule(origin, peers)


@pytest.mark.parametrize("situation", SITUATIONS)
def test_nothing_fails_of_what_the_chart_renders(situation: str) -> None:
    found = outcomes(situation)
    assert {name for name, one in found.items() if one.status == FAILS} == set()
    assert all(one.status in {HOLDS, NO_SUBJECT} for one in found.values() if one.claim.kind == AVAILABILITY)


def test_with_the_api_server_known_every_claim_holds_but_for_what_is_named() -> None:
    found = {name: one.status for name, one in outcomes(KNOWN).items() if one.status not in {HOLDS, NO_SUBJECT}}
    assert found == {"others-to-platform-https": GRANTED, "others-to-platform-http": GRANTED}
    assert outcomes(KNOWN)["others-to-platform-https"].keys == ("platformNetworkPolicy.https",)


def test_without_the_api_server_its_ports_are_left_open_and_nothing_else() -> None:
    found = outcomes("platform")
    gaps = {name: one for name, one in found.items() if one.status == KNOWN_GAP}
    assert set(gaps) == {"tenants-to-platform", "others-to-platform-api"}
    for one in gaps.values():
        assert one.keys == (LEFT_OPEN,)
        assert one.counterexample is not None
        assert str(one.counterexample.ports) == "TCP 8443, TCP 9443-9444"


def test_claims_about_egress_are_none_of_a_platform_whose_egress_is_free() -> None:
    assert ABOUT_EGRESS
    assert {name for name, one in outcomes("platform").items() if one.status == NO_SUBJECT} >= ABOUT_EGRESS


def test_every_claim_applies_in_some_situation() -> None:
    applying = {name for one in SITUATIONS for name, found in outcomes(one).items() if found.status != NO_SUBJECT}
    assert applying == {claim.name for claim in platform_claims()}


def test_every_claim_has_a_name_and_a_sentence_of_its_own() -> None:
    every = (*CLAIMS, *platform_claims())
    assert len({claim.name for claim in every}) == len(every) == len({claim.sentence for claim in every})
    assert [claim.name for claim in claims_of(platform(KNOWN))] == [claim.name for claim in platform_claims()]


RULES = [rule for one in platform(KNOWN).policies for rule in (*one.ingress, *one.egress)]


@pytest.mark.parametrize("gone", RULES, ids=lambda rule: str(rule.origin))
def test_dropping_any_rule_breaks_an_availability_claim(gone: Rule) -> None:
    whole = platform(KNOWN)
    left = tuple(
        replace(
            one,
            ingress=tuple(rule for rule in one.ingress if rule != gone),
            egress=tuple(rule for rule in one.egress if rule != gone),
        )
        for one in whole.policies
    )
    found = by_name(replace(whole, policies=left))
    assert any(one.status == FAILS and one.claim.kind == AVAILABILITY for one in found.values())


TENANT = Peer(pods=selector({"vcluster.loft.sh/managed-by": "b"}), namespaces=selector())
WIDER = {
    "a port that is not in the table": ("platform-ports", "Ingress", rule("Ingress", ports="TCP 22")),
    "a tenant at the API services": ("tenants-to-platform", "Ingress", rule("Ingress", TENANT, ports="TCP 9443")),
    "anybody at the webhook": ("others-to-platform-api", "Ingress", rule("Ingress", ports="TCP 9443")),
    "anybody at HTTPS": ("others-to-platform-https", "Ingress", rule("Ingress", ports="TCP 10443")),
    "anybody at HTTP": ("others-to-platform-http", "Ingress", rule("Ingress", ports="TCP 8080")),
    "to a tenant": ("platform-to-tenants", "Egress", rule("Egress", TENANT)),
    "to a control plane on any port": (
        "platform-to-control-planes",
        "Egress",
        rule("Egress", Peer(pods=selector({"app": "vcluster"}), namespaces=selector())),
    ),
    "to any pod": ("platform-to-host", "Egress", rule("Egress", Peer(namespaces=selector()))),
    "to anywhere, for metadata": ("platform-to-metadata", "Egress", rule("Egress", ports="TCP 80")),
    "to anywhere, for private addresses": ("platform-to-addresses", "Egress", rule("Egress", ports="TCP 80")),
}


@pytest.mark.parametrize("case", WIDER)
def test_a_rule_that_nobody_asked_for_breaks_its_claim(case: str) -> None:
    claim, direction, more = WIDER[case]
    whole = platform(KNOWN)
    assert by_name(whole)[claim].status in {HOLDS, GRANTED}
    assert by_name(with_rule(whole, direction, more))[claim].status == FAILS
    assert kind(changes(whole, with_rule(whole, direction, more))) == "widens"


def with_prometheus(whole: Subject, rule: Rule) -> Subject:
    """Return the platform with another rule in the policy at Prometheus."""
    changed = (replace(one, ingress=(rule,)) if one.name == "vc-platform-prometheus" else one for one in whole.policies)
    return replace(whole, policies=tuple(changed))


@pytest.fixture
def isolated(tmp_path: Path) -> Subject:
    """Return a platform whose egress is free, and Prometheus behind a policy."""
    (whole,) = of(tmp_path, "platformNetworkPolicy: {enabled: true, prometheus: {enabled: true, isolated: true}}")
    return whole


AT_PROMETHEUS = Origin("monitoring", "vc-platform-prometheus", "Ingress", 0)
IN_PLATFORM = selector({"kubernetes.io/metadata.name": HOME})


def test_a_pod_that_a_tenant_labels_like_the_platform_is_nobody_to_prometheus(isolated: Subject) -> None:
    """Without `managed-by` being absent, any tenant in the platform's namespace could pass for the agent."""
    assert by_name(isolated)["others-to-prometheus"].status == HOLDS
    forged = Rule(AT_PROMETHEUS, (Peer(selector({"app": "loft"}), IN_PLATFORM),), parse_ports("TCP 9090"))
    found = by_name(with_prometheus(isolated, forged))["others-to-prometheus"]
    assert found.status == FAILS
    assert found.counterexample is not None
    source = found.counterexample.ends[0]
    assert isinstance(source, Pod)
    assert ("app", "loft") in source.labels


def test_the_agent_has_one_port_of_prometheus(isolated: Subject) -> None:
    assert by_name(isolated)["agent-to-prometheus"].status == HOLDS
    wide = with_prometheus(isolated, Rule(AT_PROMETHEUS, (Peer(selector({"app": "loft"}), IN_PLATFORM),)))
    assert by_name(wide)["agent-to-prometheus"].status == FAILS


def test_policies_that_isolate_prometheus_are_seen_where_ours_does_not_admit_the_agent(tmp_path: Path) -> None:
    (whole,) = of(tmp_path, "platformNetworkPolicy: {enabled: true, prometheus: {enabled: true}}")
    assert by_name(whole)["agent-prometheus"].status == HOLDS
    closed = Policy("monitoring", "default-deny", selector(), frozenset({"Ingress"}))
    assert by_name(replace(whole, policies=(*whole.policies, closed)))["agent-prometheus"].status == FAILS


def test_a_wide_range_of_the_api_server_may_hold_pods_and_is_called_a_grant(tmp_path: Path) -> None:
    (whole,) = of(tmp_path, "platformNetworkPolicy: {enabled: true, apiServer: {cidrs: [10.0.0.0/8]}}")
    outcome = by_name(whole)["tenants-to-platform"]
    assert (outcome.status, outcome.keys) == (GRANTED, ("platformNetworkPolicy.apiServer",))


def test_a_rule_of_the_users_own_is_called_a_grant_by_its_place() -> None:
    outcome = outcomes("platform-own-rules")["platform-ports"]
    assert (outcome.status, outcome.keys) == (GRANTED, ("platformNetworkPolicy.ingress[0]",))


def test_a_resolver_at_the_metadata_address_is_called_a_grant_of_host_dns(tmp_path: Path) -> None:
    text = "platformNetworkPolicy: {enabled: true, egress: {enabled: true}}\npolicies: {networkPolicy: {hostDns: {presets: [gke-cloud-dns]}}}"
    (whole,) = of(tmp_path, text)
    outcome = by_name(whole)["platform-to-metadata"]
    assert (outcome.status, outcome.keys) == (GRANTED, ("policies.networkPolicy.hostDns",))


def test_an_agent_has_no_8443_and_everything_else() -> None:
    (allowed,) = {str(outcomes(AGENT)[name].claim.ports) for name in ("api-server-platform", "others-to-platform-api")}
    assert allowed == "TCP 9443-9444"
    assert outcomes(AGENT)["agent-prometheus"].status == HOLDS


def test_values_with_both_give_two_subjects_and_each_has_its_claims() -> None:
    vcluster, guarded = subjects("platform-beside")
    assert (vcluster.kind, vcluster.namespace) == (VCLUSTER, HOME)
    assert (guarded.kind, guarded.title) == (PLATFORM, f"vCluster Platform in namespace {HOME}")
    assert all(one.status == HOLDS for one in prove(guarded) if one.status != NO_SUBJECT)
    assert [one.claim for one in prove(vcluster)] == list(CLAIMS)


def test_values_that_guard_only_the_platform_say_nothing_of_a_vcluster() -> None:
    assert [one.kind for one in subjects("platform")] == [PLATFORM]
    assert [one.kind for one in subjects("default")] == [VCLUSTER]
    assert [one.kind for one in subjects("off")] == [VCLUSTER]


def test_what_the_platforms_policy_closes_for_a_vcluster_is_named_by_its_key(tmp_path: Path) -> None:
    """Of the vCluster, the claim is closed by values of the platform, and not broken by the chart."""
    text = "policies: {networkPolicy: {enabled: true}}\nplatformNetworkPolicy: {enabled: true, namespace: vcluster-platform, egress: {enabled: true, vclusters: {enabled: false}}}"
    vcluster, _ = of(tmp_path, text)
    outcome = by_name(vcluster)["platform-control-plane"]
    assert (outcome.status, outcome.keys) == (CLOSED, ("platformNetworkPolicy",))


@pytest.mark.parametrize("situation", SITUATIONS)
def test_manifests_are_judged_as_values_are_but_for_what_only_values_say(situation: str, tmp_path: Path) -> None:
    manifests = tmp_path / "manifests.yaml"
    manifests.write_text(template(Request((VALUES / f"{situation}.yaml",), "a", HOME)), encoding="utf-8")
    found = read_input([manifests], name=None, namespace=None, chart=CHART)
    whole = platform(situation)
    (read,) = (one for one in found.subjects if one.kind == PLATFORM)
    assert len(found.subjects) == len(subjects(situation))
    assert (read.name, read.namespace) == (whole.name, whole.namespace)
    statuses = {name: one.status for name, one in by_name(read).items()}
    for name, outcome in by_name(whole).items():
        if outcome.claim.kind == ISOLATION and outcome.status == GRANTED:
            assert statuses[name] in {FAILS, HOLDS, NO_SUBJECT}, name
        elif outcome.status == KNOWN_GAP:
            assert statuses[name] == FAILS, name
        else:
            assert statuses[name] in {outcome.status, NO_SUBJECT}, name


LOFT = {
    "matchLabels": {"app": "loft"},
    "matchExpressions": [{"key": "vcluster.loft.sh/managed-by", "operator": "DoesNotExist"}],
}


def test_manifests_of_two_platforms_are_two_subjects(tmp_path: Path) -> None:
    documents = [
        policy(space, "vc-platform", podSelector=LOFT, policyTypes=["Ingress"], ingress=[{}]) for space in ("b", "a")
    ]
    path = tmp_path / "manifests.json"
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": documents}), encoding="utf-8")
    found = read_input([path], name=None, namespace=None, chart=CHART).subjects
    assert [(one.kind, one.namespace) for one in found] == [(PLATFORM, "a"), (PLATFORM, "b")]
    assert by_name(found[0])["platform-ports"].status == FAILS


def lines(situation: str) -> list[str]:
    return [
        f"{one.source} => {one.destination} : {one.text}" for one in matrix_of(Input(list(subjects(situation)))).cells
    ]


def test_connectivity_has_the_platform_and_its_agents_as_its_own() -> None:
    found = lines(KNOWN)
    assert "ingress-controller => platform : TCP 8080, TCP 10443" in found
    assert "other's control-plane => platform : TCP 10443" in found
    assert "172.16.0.2/32 => platform : TCP 8443, TCP 9443-9444" in found
    assert "platform => 10.9.0.4/32 : TCP 3306, TCP 5432" in found
    assert "platform => other's control-plane : TCP 8443" in found
    assert not any(line.startswith(("other's workload", "neighbour's workload", "elsewhere")) for line in found)


def test_connectivity_of_both_says_whose_is_what() -> None:
    found = lines("platform-beside")
    assert any(line.startswith(f"{HOME}/a/workload => ") for line in found)
    assert any(line.startswith("platform/platform => 172.16.0.2/32 : ") for line in found)
    assert matrix_of(Input(list(subjects("platform-beside")))).title == "1 vCluster and vCluster Platform"


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def test_text_json_and_junit_name_the_platform() -> None:
    both = VALUES / "platform-beside.yaml"
    shown = run("prove", both, "--namespace", HOME)
    assert f"vCluster Platform in namespace {HOME}\n" in shown.stdout
    found = json.loads(run("prove", both, "--namespace", HOME, "--output", "json").stdout)
    assert [(one["subject"], one["name"]) for one in found["vclusters"]] == [
        ("vcluster", "my-vcluster"),
        ("platform", "platform"),
    ]
    assert f'name="{HOME}/platform"' in run("prove", both, "--namespace", HOME, "--output", "junit").stdout


def test_exit_code_is_0_for_what_is_left_open_and_granted() -> None:
    assert run("prove", VALUES / "platform.yaml").exit_code == 0
    assert not report.any_failed([(platform(KNOWN), prove(platform(KNOWN)))])


def test_explain_answers_about_the_platform_with_the_value_that_decides() -> None:
    asked = ("10.9.9.9", "platform", "--file", VALUES / "platform.yaml", "--output", "json")
    found = json.loads(run("explain", *asked).stdout)
    rules = [one for side in found["sides"] for one in side["rules"]]
    assert {one["value"] for one in rules} == {f"platformNetworkPolicy.{key}" for key in ("apiServer", "https", "http")}
    assert run("explain", "10.9.9.9", "platform", "9443", "--file", VALUES / f"{KNOWN}.yaml").exit_code == 1


def test_diff_says_what_a_change_of_the_platforms_values_opens() -> None:
    shown = run("diff", VALUES / f"{KNOWN}.yaml", VALUES / "platform.yaml", "--namespace", HOME)
    assert shown.exit_code == 1
    assert "platform" in shown.output


def test_check_warns_of_the_ports_that_are_left_open() -> None:
    shown = run("check", VALUES / "platform.yaml")
    assert "platformNetworkPolicy.apiServer.cidrs: is empty, and so are peers: anyone may reach" in shown.output
    assert "platformNetworkPolicy" not in run("check", VALUES / f"{KNOWN}.yaml").output.replace(KNOWN, "")
    assert "TCP 9443-9444 of the platform" in run("check", VALUES / "default.yaml", VALUES / "platform.yaml").output


def test_real_pods_of_a_cluster_with_the_platforms_policy_are_told_apart_as_before() -> None:
    documents = [
        policy(HOME, "vc-platform", podSelector=LOFT, policyTypes=["Ingress"], ingress=[{}]),
        policy("ns", "vc-cp-a", podSelector={"matchLabels": {"release": "a"}}),
        pod("ns", "web", "10.1.1.1", {"vcluster.loft.sh/managed-by": "a"}),
        pod(HOME, "loft", "10.1.1.2", {"app": "loft"}),
    ]
    assert matrix_of(given(documents)).title == "1 vCluster, 2 pods"
