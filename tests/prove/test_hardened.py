"""The hardened profile: what it leaves open is what nobody told it, and nothing that a tenant may do breaks a claim."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.subject.subjects import mended, of, statuses
from vcluster_isolation.claims.claims import CLAIMS
from vcluster_isolation.netpol.objects.model import Origin, Peer, Pod, Policy, Rule, selector
from vcluster_isolation.netpol.objects.tiers import TierPolicy
from vcluster_isolation.prove.prove import CLOSED, FAILS, GRANTED, HOLDS, KNOWN_GAP, NO_SUBJECT, broken, prove
from vcluster_isolation.subject.subject import Subject
from vcluster_isolation.worlds.world import World

HARDENED = {"profile": "hardened", "hostApiServer": {"cidrs": ["10.0.0.1/32"], "ports": [6443]}}
SYNCED: dict[str, Any] = {"sync": {"toHost": {"networkPolicies": {"enabled": True}}}}
APIS = ["AdminNetworkPolicy", "ClusterNetworkPolicy"]
TO_ANYWHERE = {"control-plane-to-tenants", "control-plane-to-host", "control-plane-to-metadata"}
BY_SYNCED_POLICIES = {
    "tenants-to-workloads",
    "others-to-workloads",
    "outside-to-workloads",
    "workload-to-metadata",
    "workload-to-api-server",
    "workload-to-private",
    "workload-to-special",
    "workload-to-tenants",
    "workload-to-host",
    "workload-to-host-dns",
}


def byname(**names: str) -> dict[str, Any]:
    return {"sync": {"toHost": {"namespaces": {"enabled": True, "mappings": {"byName": names}}}}}


def not_holding(whole: Subject) -> dict[str, set[str]]:
    """Return the claims that apply and do not simply hold."""
    return {status: names for status, names in statuses(whole).items() if names and status not in {HOLDS, NO_SUBJECT}}


def test_with_the_api_server_known_every_claim_that_applies_holds() -> None:
    found = statuses(of(HARDENED))
    assert not_holding(of(HARDENED)) == {}
    assert len(found[HOLDS]) > 30
    assert {"project-outsiders", "namespace-closed", "embedded-fallback-dns"} < found[NO_SUBJECT]


def test_without_it_the_rule_to_anywhere_is_an_exception_and_nothing_else_is() -> None:
    assert not_holding(of({"profile": "hardened"})) == {KNOWN_GAP: TO_ANYWHERE}
    keys = {key for one in prove(of({"profile": "hardened"})) if one.status == KNOWN_GAP for key in one.keys}
    (said,) = keys
    assert said.endswith("set policies.networkPolicy.hostApiServer.cidrs")


def test_ports_of_the_api_server_alone_grant_nothing() -> None:
    """The rule still goes anywhere: whoever names ports has not said where it is."""
    whole = of({"profile": "hardened", "hostApiServer": {"ports": [6443]}})
    assert "hostApiServer" not in whole.changed
    assert not_holding(whole) == {KNOWN_GAP: TO_ANYWHERE}


def test_an_exception_hides_no_other_hole() -> None:
    """With a further rule to anywhere, which is none of the chart's, the claims fail."""
    whole = of({"profile": "hardened"})
    wide = Rule(Origin("ns", "vc-cp-a", "Egress", 99))
    policies = (replace(one, egress=(*one.egress, wide)) if one.name == "vc-cp-a" else one for one in whole.policies)
    assert statuses(mended(whole, policies=policies))[FAILS] >= TO_ANYWHERE


def test_an_embedded_coredns_reaches_fallback_dns_with_public_egress_off() -> None:
    embedded = {"controlPlane": {"coredns": {"embedded": True}}}
    off = {"workload": {"publicEgress": {"enabled": False}}}
    found = statuses(of({**HARDENED, **off}, **embedded))
    assert "embedded-fallback-dns" in found[HOLDS]
    assert found[CLOSED] == {"workload-internet"}
    assert "embedded-fallback-dns" in statuses(of(off, **embedded))[FAILS], "vCluster 0.31 has no rule for it"


def test_a_deployed_coredns_reaches_fallback_dns_with_public_egress_off() -> None:
    off = {"workload": {"publicEgress": {"enabled": False}}}
    assert "coredns-fallback-dns" in statuses(of({**HARDENED, **off}))[HOLDS]
    assert "coredns-fallback-dns" not in statuses(of(off))[HOLDS]


# A resolver's address is one that claims speak of; a tenant's administrator can make a pod that passes for CoreDNS.
LINK_LOCAL = {"workload-to-special"}
METADATA = {"workload-to-special", "workload-to-metadata", "control-plane-to-metadata"}
OPENED: dict[str, set[str]] = {
    "kube-dns": set(),
    "node-local": LINK_LOCAL,
    "aks-local": LINK_LOCAL,
    "gke-cloud-dns": METADATA,
    "aws": LINK_LOCAL,
    "azure": METADATA,
    "openshift": set(),
}


@pytest.mark.parametrize("preset", OPENED)
def test_each_preset_of_host_dns_is_reached_and_nothing_else_opens(preset: str) -> None:
    only = of({**HARDENED, "hostDns": {"presets": [preset]}})
    found = statuses(only)
    assert {"control-plane-host-dns", "coredns-host-dns", "snapshot-host-dns"} <= found[HOLDS]
    assert not found[FAILS]
    assert found[GRANTED] == OPENED[preset]


@pytest.mark.parametrize("profile", ["compatible", "hardened"])
def test_further_resolvers_are_reached(profile: str) -> None:
    extra = {"hostDns": {"extra": [{"ipBlock": {"cidr": "10.53.0.53/32"}}]}}
    found = statuses(of({**HARDENED, "profile": profile, **extra}))
    assert {"control-plane-host-dns", "coredns-host-dns", "snapshot-host-dns"} <= found[HOLDS]


def test_a_resolver_that_no_rule_names_is_not_reached() -> None:
    """The claim is about whom the values name, not about whom the rules happen to allow."""
    whole = of({**HARDENED, "hostDns": {"presets": ["openshift"]}})
    other = of(HARDENED)
    found = statuses(mended(whole, policies=other.policies))
    assert {"control-plane-host-dns", "coredns-host-dns", "snapshot-host-dns"} <= found[FAILS]


@pytest.mark.parametrize(
    "where",
    [
        {"workload": {"namespaces": ["x", "z"]}},
        byname(foo="host-foo", bar="bar"),
        byname(foo="${name}-foo"),
        {"experimental": {"syncSettings": {"targetNamespace": "away"}}},
    ],
    ids=["workload.namespaces", "exact names", "names with the vCluster's", "targetNamespace"],
)
def test_mapped_namespaces_are_as_good_as_the_own_one(where: dict[str, Any]) -> None:
    policy = {**HARDENED, **({"workload": where["workload"]} if "workload" in where else {})}
    whole = of(policy, **{key: value for key, value in where.items() if key != "workload"})
    assert len(whole.spaces) > 1
    assert not_holding(whole) == {}


def test_a_mapped_namespace_without_its_policy_breaks_the_claims_about_workloads() -> None:
    whole = of({**HARDENED, "workload": {"namespaces": ["x"]}})
    gone = mended(whole, policies=(one for one in whole.policies if one.namespace == "ns"))
    assert statuses(gone)[FAILS] >= BY_SYNCED_POLICIES


def test_a_namespace_pattern_is_a_hole_and_is_reported_as_one() -> None:
    """Whatever the pattern maps to, no policy of the chart is there."""
    found = statuses(of(HARDENED, **byname(**{"foo-*": "host-foo-*"})))
    assert found[FAILS] >= BY_SYNCED_POLICIES | {"workload-api", "workload-dns", "workload-coredns"}
    assert found[HOLDS] >= {"tenants-to-control-plane", "others-to-control-plane", "etcd-closed", "snapshots-closed"}


def by_its_release(whole: Subject) -> bool:
    """Return whether a workload gets past its API by a label `release`, and no other that matters."""
    (claim,) = (one for one in CLAIMS if one.name == "workload-to-control-plane")
    sources = (one.ends[0] for one in broken(claim, World(whole, (whole.policies, whole.tiers))))
    labels = [dict(end.labels) for end in sources if isinstance(end, Pod)]
    return any(one.get("release") == "a" and "app" not in one for one in labels)


def test_a_release_label_of_the_tenants_choice_passes_for_the_control_plane_in_the_compatible_profile_only() -> None:
    """vCluster takes `release` off what it syncs into the release namespace, and not off what it syncs elsewhere."""
    mapped = byname(foo="host-foo")
    assert by_its_release(of({}, **mapped))
    assert not by_its_release(of({}))
    assert not by_its_release(of(HARDENED, **mapped))


def test_policies_that_a_tenant_syncs_break_the_claims_about_its_workloads() -> None:
    found = statuses(of(HARDENED, **SYNCED))
    assert found[FAILS] == BY_SYNCED_POLICIES


@pytest.mark.parametrize("api", APIS)
def test_with_a_floor_no_claim_fails_whatever_a_tenant_syncs(api: str) -> None:
    """Addresses that come in are what the API of the floor cannot deny."""
    whole = of({**HARDENED, "floor": {"enabled": True, "api": api}}, **SYNCED)
    assert {tier.kind for tier in whole.tiers} == {api}
    assert not_holding(whole) == {KNOWN_GAP: {"outside-to-workloads"}}


@pytest.mark.parametrize("api", APIS)
def test_the_floor_is_as_good_in_mapped_namespaces(api: str) -> None:
    floor = {"floor": {"enabled": True, "api": api}, "workload": {"namespaces": ["x"]}}
    assert not_holding(of({**HARDENED, **floor}, **SYNCED)) == {KNOWN_GAP: {"outside-to-workloads"}}


@pytest.mark.parametrize("api", APIS)
def test_the_floor_takes_nothing_away_that_must_be_possible(api: str) -> None:
    assert not_holding(of({**HARDENED, "floor": {"enabled": True, "api": api}})) == {}


FLOOR = {**HARDENED, "floor": {"enabled": True}}


def without(tier: TierPolicy, gone: int, way: str) -> TierPolicy:
    rules = tier.ingress if way == "ingress" else tier.egress
    kept = (*rules[:gone], *rules[gone + 1 :])
    return replace(tier, ingress=kept) if way == "ingress" else replace(tier, egress=kept)


EVERY_RULE = [
    (at, way, index)
    for at, tier in enumerate(of(FLOOR, **SYNCED).tiers)
    for way in ("ingress", "egress")
    for index in range(len(getattr(tier, way)))
]
# Pods of this world have private addresses, which are denied as such; where pods have public ones, the rule is needed.
# And fallback DNS is one of the public addresses, unless public egress is off.
REDUNDANT = {(0, "egress", 2), (1, "egress", 1)}


@pytest.mark.parametrize(("at", "way", "index"), EVERY_RULE)
def test_each_rule_of_the_floor_is_needed(at: int, way: str, index: int) -> None:
    """Without a rule that denies, an isolation claim fails; without one that passes on, something is unavailable."""
    whole = of(FLOOR, **SYNCED)
    tiers = list(whole.tiers)
    tiers[at] = without(tiers[at], index, way)
    assert bool(statuses(mended(whole, tiers=tiers))[FAILS]) == ((at, way, index) not in REDUNDANT)


def test_the_floor_passes_fallback_dns_on_where_public_egress_is_off() -> None:
    whole = of({**FLOOR, "workload": {"publicEgress": {"enabled": False}}})
    assert "coredns-fallback-dns" in statuses(whole)[HOLDS]
    first, second = whole.tiers
    (at,) = (at for at, rule in enumerate(second.egress) if any(peer.block for peer in rule.peers))
    tiers = [first, without(second, at, "egress")]
    assert "coredns-fallback-dns" in statuses(mended(whole, tiers=tiers))[FAILS]


def test_default_deny_closes_whatever_else_is_in_the_namespace() -> None:
    found = statuses(of({**HARDENED, "defaultDeny": {"enabled": True}}))
    assert "namespace-closed" in found[HOLDS]
    assert not found[FAILS]
    whole = of({**HARDENED, "defaultDeny": {"enabled": True}})
    without_it = [one for one in whole.policies if one.name != "vc-default-deny-a"]
    assert len(without_it) < len(whole.policies)
    assert "namespace-closed" in statuses(mended(whole, policies=without_it))[FAILS]


def test_default_deny_holds_in_the_compatible_profile_but_for_what_its_holes_reach() -> None:
    assert "namespace-closed" in statuses(of({"defaultDeny": {"enabled": True}}))[HOLDS]


def test_platform_elsewhere_is_reached_there_only() -> None:
    whole = of({**HARDENED, "platform": {"namespaces": ["loft", "platform"]}})
    assert not_holding(whole) == {}
    open_to_any = tuple(
        replace(one, ingress=tuple(map(anywhere, one.ingress))) if one.name == "vc-cp-a" else one
        for one in whole.policies
    )
    assert "others-to-control-plane" in statuses(mended(whole, policies=open_to_any))[FAILS]


def anywhere(rule: Rule) -> Rule:
    """Return a rule of which every peer that names namespaces means any."""
    peers = (replace(one, namespaces=selector()) if one.namespaces is not None else one for one in rule.peers)
    return replace(rule, peers=tuple(peers))


def test_availability_does_not_count_on_what_a_tenant_might_sync() -> None:
    whole = of(HARDENED, **SYNCED)
    closed = tuple(replace(one, ingress=()) if one.name == "vc-kube-dns-a" else one for one in whole.policies)
    closed = tuple(replace(one, ingress=one.ingress[:1]) if one.name == "vc-work-a" else one for one in closed)
    assert "workload-coredns" in statuses(mended(whole, policies=closed))[FAILS]


def test_a_policy_of_somebody_else_in_the_namespace_is_a_hole() -> None:
    admits = Policy(
        "ns",
        "admits",
        selector({"vcluster.loft.sh/managed-by": "a"}),
        frozenset({"Ingress"}),
        (Rule(Origin("ns", "admits", "Ingress", 0), (Peer(namespaces=selector()),)),),
    )
    whole = of(HARDENED)
    assert "others-to-workloads" in statuses(mended(whole, policies=(*whole.policies, admits)))[FAILS]
