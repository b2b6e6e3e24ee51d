"""What an audit makes of cluster-scoped policies, of mapped namespaces, and of what hardened policies say of themselves."""

from __future__ import annotations

import functools
import json
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from tests.audit.fleet import (
    ADMITTING,
    CONFIGURATIONS,
    EVERYBODY,
    MANAGED,
    NAME,
    OF_THE_HOST,
    REOPENED,
    SPACE,
    VIRTUAL,
    WORKLOADS,
    act,
    admin,
    fleet,
    host,
    listed,
    plus,
    pod,
    policy,
    space,
    vcluster,
    without,
)
from tests.audit.judged import kinds, statuses
from tests.audit.naive import naive
from tests.connectivity.flows import manifests
from tests.subject.subjects import of, of_manifests, subject
from vcluster_isolation.audit.audit import Audit, Audited, audit
from vcluster_isolation.audit.cluster_index import ClusterIndex
from vcluster_isolation.audit.ends import scope_of
from vcluster_isolation.audit.find import find
from vcluster_isolation.audit.judge import Finding
from vcluster_isolation.audit.report import text
from vcluster_isolation.cli.audit import command
from vcluster_isolation.netpol.objects.model import Pod
from vcluster_isolation.netpol.parse.parse import parse_cluster
from vcluster_isolation.netpol.sets.addresses import address_set, union_of
from vcluster_isolation.prove.prove import CLOSED, FAILS, GRANTED, prove
from vcluster_isolation.subject.settings_of_policies import settings_of_policies
from vcluster_isolation.vcluster.cast import METADATA_ADDRESSES

Json = dict[str, Any]
APIS = ["AdminNetworkPolicy", "ClusterNetworkPolicy"]
REACHES = {"namespaces": {"matchLabels": {"kubernetes.io/metadata.name": "shop"}}}


def objects(*configurations: str) -> list[Json]:
    texts = [*host(), *(one for at, name in enumerate(configurations) for one in vcluster(name, at))]
    return list(map(json.loads, texts))


def audited(items: list[Json]) -> Audit:
    cluster = parse_cluster([{"kind": "List", "items": items}])
    assert not cluster.problems
    return audit(cluster)


def findings(one: Audited) -> dict[str, Finding]:
    return {finding.claim.name: finding for finding in one.verdicts.findings}


def failing(one: Audited) -> set[str]:
    return {finding.claim.name for finding in one.verdicts.findings if finding.fails}


def test_what_a_tenant_reopened_stays_closed_below_a_floor() -> None:
    reopened = "reopened by its tenant"
    found = findings(audited(objects(reopened)).vclusters[0])
    assert found["workload-to-private"].there == found["workload-to-metadata"].there == "FAILS"
    floored = findings(audited(objects("hardened, a floor, reopened by its tenant")).vclusters[0])
    assert floored["workload-to-private"].possible == floored["workload-to-metadata"].possible == "holds"


def test_what_a_policy_of_the_host_closes_is_closed_for_every_vcluster() -> None:
    items = objects("default", "not isolated")
    metadata = union_of(one.addresses for one in METADATA_ADDRESSES).cidrs()
    closed = admin("metadata", 1, WORKLOADS, egress=[act("Deny", "to", {"networks": metadata})])
    for more, expected in ([], "FAILS"), ([closed], "holds"):
        found = [findings(one)["workload-to-metadata"].possible for one in audited([*items, *more]).vclusters]
        assert found == [expected] * 2


def test_what_a_policy_of_the_host_allows_is_open_whatever_the_chart_says() -> None:
    scraped = admin("scraped", 3, EVERYBODY, ingress=[act("Allow", "from", REACHES, port=9090)])
    one = audited([*objects("hardened"), scraped]).vclusters[0]
    found = findings(one)["others-to-workloads"]
    assert (found.there, found.possible) == ("FAILS", "FAILS")
    assert found.there_example is not None
    assert str(found.there_example.ports) == "TCP 9090"
    assert list(map(str, found.there_example.rules)) == ["AdminNetworkPolicy/scraped spec.ingress[0]"]


def test_what_a_policy_of_the_host_denies_is_said_where_it_must_be_possible() -> None:
    closed = admin("closed", 3, EVERYBODY, ingress=[act("Deny", "from", EVERYBODY, port=8443)])
    whole = audited([*objects("default"), closed])
    found = findings(whole.vclusters[0])["workload-api"]
    assert found.there_example is not None
    assert list(map(str, found.there_example.denials)) == ["AdminNetworkPolicy/closed spec.ingress[0]"]
    assert "denied by AdminNetworkPolicy/closed spec.ingress[0]" in text(whole)
    assert text(whole).splitlines()[0].endswith("4 policies, 1 cluster-scoped")


def test_a_side_that_only_cluster_scoped_policies_decide_is_not_called_open() -> None:
    allowed = admin("allowed", 3, EVERYBODY, ingress=[act("Allow", "from", EVERYBODY), act("Deny", "from", EVERYBODY)])
    items = [*objects("no policy for the control plane"), allowed]
    found = findings(audited(items).vclusters[0])["others-to-control-plane"]
    assert found.there_example is not None
    assert found.there_example.open_sides == ("egress",)


def test_a_pod_to_which_a_cluster_scoped_policy_denies_something_is_covered() -> None:
    items = objects("no policy for workloads")
    uncovered = [(one.ingress, one.egress) for one in audited(items).vclusters[0].uncovered]
    assert uncovered == [(False, False)] * 3
    closed = admin("closed", 1, WORKLOADS, egress=[act("Deny", "to", EVERYBODY)])
    allowed = admin("allowed", 2, WORKLOADS, ingress=[act("Allow", "from", EVERYBODY)])
    one = audited([*items, closed, allowed]).vclusters[0]
    assert [(pod.ingress, pod.egress) for pod in one.uncovered] == [(False, True)] * 3


@pytest.mark.parametrize("name", ["one namespace closed", "two namespaces by name"])
def test_vclusters_that_a_cluster_scoped_policy_tells_apart_are_judged_apart(name: str) -> None:
    cluster = parse_cluster(
        [{"kind": "List", "items": [*listed(fleet(4, ["open to a team"]))["items"], OF_THE_HOST[name]]}]
    )
    whole = audit(cluster)
    assert kinds(audit(parse_cluster([listed(fleet(4, ["open to a team"]))]))) == 1
    assert kinds(whole) > 1
    assert statuses(whole) == naive(cluster)


@pytest.mark.parametrize("configuration", [name for name in CONFIGURATIONS if "floor" in name or "hardened" in name])
def test_a_fleet_of_one_configuration_is_judged_once(configuration: str) -> None:
    whole = audited([json.loads(one) for one in fleet(4, [configuration])])
    assert kinds(whole) == (2 if "by their addresses" in configuration else 1)


def test_neighbours_below_floors_are_judged_as_a_naive_audit_does() -> None:
    texts = [
        *host(),
        *(one for at in range(2) for one in vcluster("a floor, reopened by its tenant", at, home="shared")),
    ]
    items = [json.loads(one) for one in dict.fromkeys(texts)]
    cluster = parse_cluster([{"kind": "List", "items": items}])
    assert statuses(audit(cluster)) == naive(cluster)


@pytest.mark.parametrize("first", ["with", "without"])
def test_vclusters_that_differ_in_their_floor_only_are_told_apart_by_all_others(
    first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One is as good as the other to those who meet them, as far as NetworkPolicies say."""
    floored = ("hardened-floor", plus(REOPENED, ADMITTING))
    bare = ("hardened-floor", lambda items: without("vc-floor")(floored[1](items)))
    monkeypatch.setitem(CONFIGURATIONS, "one", floored if first == "with" else bare)
    monkeypatch.setitem(CONFIGURATIONS, "two", bare if first == "with" else floored)
    cluster = parse_cluster([listed(fleet(4, ["one", "two"]))])
    found = statuses(audit(cluster))
    assert len({one["workload-to-private"] for one in found.values()}) == 2
    assert len({one["tenants-to-workloads"] for one in found.values()}) == 2
    assert found == naive(cluster)


def test_a_rule_for_nodes_reaches_a_tenants_pod_in_the_hosts_network() -> None:
    allowed = admin("nodes", 1, WORKLOADS, egress=[act("Allow", "to", {"nodes": {}}, port=9100)])
    cluster = parse_cluster(
        [{"kind": "List", "items": [*objects("hardened", "a workload in the host's network"), allowed]}]
    )
    whole = audit(cluster)
    found = findings(whole.vclusters[0])["workload-to-tenants"]
    assert found.there_example is not None
    assert str(found.there_example.ports) == "TCP 9100"
    assert statuses(whole) == naive(cluster)


def test_a_rule_for_nodes_closes_them_and_not_what_else_has_a_private_address() -> None:
    closed = admin("nodes", 1, WORKLOADS, egress=[act("Deny", "to", {"nodes": {}})])
    cluster = parse_cluster([{"kind": "List", "items": [*objects("a database of its own, public egress off"), closed]}])
    whole = audit(cluster)
    found = findings(whole.vclusters[0])
    assert found["workload-to-private"].there == "FAILS"
    assert found["workload-to-host"].there == "holds"
    assert statuses(whole) == naive(cluster)


def test_a_cluster_scoped_policy_of_the_hosts_own_namespace_counts_there() -> None:
    only = {"namespaces": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}
    closed = admin("closed", 1, only, ingress=[act("Deny", "from", EVERYBODY)])
    assert findings(audited(objects("default")).vclusters[0])["control-plane-host-dns"].possible == "holds"
    found = findings(audited([*objects("default"), closed]).vclusters[0])["control-plane-host-dns"]
    assert (found.there, found.possible) == ("FAILS", "FAILS")


def test_a_floor_that_is_not_quite_another_ones_makes_a_kind_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same policies and the same rules of the floor, in another order."""

    def turned(items: list[Json]) -> list[Json]:
        (first,) = (one for one in items if one["metadata"]["name"].startswith("vc-floor."))
        first["spec"]["egress"].reverse()
        return items

    monkeypatch.setitem(CONFIGURATIONS, "turned", ("hardened-floor", turned))
    monkeypatch.setitem(CONFIGURATIONS, "straight", ("hardened-floor", plus()))
    cluster = parse_cluster([listed(fleet(4, ["turned", "straight"]))])
    found = statuses(audit(cluster))
    assert kinds(audit(cluster)) == 2
    assert found["vcluster-t-0", "t-0"]["workload-internet"] != found["vcluster-t-1", "t-1"]["workload-internet"]
    assert found == naive(cluster)


# Of manifests nobody knows what a vCluster's values are: what they say is taken from the policies.


def test_a_hardened_vcluster_of_which_the_api_server_is_known_passes_its_audit() -> None:
    documents = list(yaml.safe_load_all(of(HARDENED).manifests))
    items = [*map(json.loads, host()), space("ns"), *documents]
    (one,) = audited(items).vclusters
    assert failing(one) == set()


HARDENED = {"profile": "hardened", "hostApiServer": {"cidrs": ["10.0.0.1/32", "10.0.0.2/32"], "ports": [6443]}}


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"platform": {"namespaces": ["loft", "platform"]}},
        {"hostDns": {"presets": ["openshift"]}},
        {"hostDns": {"extra": [{"ipBlock": {"cidr": "10.53.0.53/32"}}]}},
        {"workload": {"namespaces": ["x"]}},
        {"controlPlane": {"backingStore": {"enabled": True, "to": [{"ipBlock": {"cidr": "198.51.100.7/32"}}]}}},
        {"floor": {"enabled": True}},
    ],
    ids=["as it is", "platform elsewhere", "OpenShift", "further resolvers", "mapped", "backing store", "floor"],
)
def test_manifests_of_the_hardened_profile_are_proved_as_the_values_are(more: Json) -> None:
    values = of({**HARDENED, **more})
    (manifests,) = of_manifests(yaml.safe_load_all(values.manifests), home="ns")
    applying = {one.claim.name for one in prove(values) if one.claim.applies(manifests)}
    found = [{one.claim.name: one.status for one in prove(whole)} for whole in (values, manifests)]
    expected = {name: UNKNOWN.get(found[0][name], found[0][name]) for name in applying}
    assert expected == {name: found[1][name] for name in applying}
    assert len(applying) > 30


UNKNOWN = {GRANTED: FAILS, CLOSED: FAILS}
"""Of manifests nobody knows what is the user's own."""


def test_settings_are_read_from_policies_as_from_values() -> None:
    more = {
        "platform": {"namespaces": ["loft"]},
        "workload": {"namespaces": ["x"]},
        "hostDns": {"presets": ["openshift"]},
    }
    values = of({**HARDENED, **more})
    read = settings_of_policies(values.policies, "a", "ns")
    assert (read.workload_namespaces, read.platform_spaces) == (("x",), ("loft",))
    assert read.api_server == values.settings.api_server == address_set("10.0.0.1/32", "10.0.0.2/32")
    assert str(read.named["hostApiServer"].ports) == "TCP 6443"
    assert {peer.namespaces for peer in read.named["hostDns"].peers} == {
        peer.namespaces for peer in values.settings.named["hostDns"].peers
    }


def test_a_rule_to_anywhere_says_nothing_of_where_the_api_server_is() -> None:
    backing = {"controlPlane": {"backingStore": {"enabled": True, "to": [{"ipBlock": {"cidr": "10.9.0.5/32"}}]}}}
    for policies in (subject().policies, of({"profile": "hardened", **backing}).policies):
        read = settings_of_policies(policies, "a", "ns")
        assert read.named["hostApiServer"] == settings_of_policies((), "a", "ns").named["hostApiServer"]
        assert not read.api_server


def test_a_pod_of_unknown_address_has_not_that_of_the_api_server() -> None:
    """Else the control plane would be said to reach whoever is only just being created."""
    items = [*map(json.loads, host()), space("ns"), *yaml.safe_load_all(of(HARDENED).manifests)]
    items += map(json.loads, vcluster("not isolated", 0))
    for item in items:
        item.get("status", {}).pop("podIPs", None)
    one = next(one for one in audited(items).vclusters if one.found.tenant.name == "a")
    assert "control-plane-to-tenants" not in failing(one)
    out = {"egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/24"}}]}], "policyTypes": ["Egress"]}
    items.append(policy("out", {"podSelector": {"matchLabels": {"release": "a"}}, **out}, "ns"))
    one = next(one for one in audited(items).vclusters if one.found.tenant.name == "a")
    assert "control-plane-to-tenants" in failing(one), "it may have any other"


def test_a_mapped_namespace_belongs_to_the_vcluster_whose_control_plane_its_policy_names() -> None:
    documents = list(yaml.safe_load_all(of({"workload": {"namespaces": ["x"]}}).manifests))
    synced = pod("w", {MANAGED: "a", VIRTUAL: "default"}, home="x")
    other = pod("a-0", {"app": "vcluster", "release": "a"}, home="elsewhere")
    cluster = parse_cluster([{"kind": "List", "items": [*documents, synced, other]}])
    found = {one.tenant.namespace: one for one in find(cluster, [("x", "a")]).found}
    assert set(found) == {"ns", "elsewhere"}
    assert found["ns"].synced == ("x",)
    assert [role for role, _ in found["ns"].pods] == ["workload"]


def test_a_policy_that_a_tenant_named_so_moves_no_vcluster() -> None:
    """In the vCluster's own namespace its control plane's policy says who it is."""
    peer = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "elsewhere"}},
        "podSelector": {"matchLabels": {"release": "a"}},
    }
    own = policy("vc-cp-a", {"podSelector": {"matchLabels": {"release": "a"}}}, "home")
    forged = policy("vc-work-a", {"podSelector": {"matchLabels": {MANAGED: "a"}}, "egress": [{"to": [peer]}]}, "home")
    cluster = parse_cluster([{"kind": "List", "items": [own, forged]}])
    assert [(one.tenant.namespace, one.synced) for one in find(cluster).found] == [("home", ())]


def test_where_every_namespace_is_mapped_a_tenant_makes_no_other() -> None:
    documents = list(yaml.safe_load_all(of({**HARDENED, "workload": {"namespaces": ["x"]}}).manifests))
    items = [*map(json.loads, host()), space("ns"), space("x"), *documents]
    (one,) = audited(items).vclusters
    assert failing(one) == set()
    items.append(pod("w", {MANAGED: "a", VIRTUAL: "default"}, home="z"))
    (one,) = audited(items).vclusters
    assert "workload-to-private" in failing(one)


@pytest.mark.parametrize("made", [True, False])
def test_in_namespaces_that_vcluster_made_a_tenant_chooses_the_label_release(made: bool) -> None:  # noqa: FBT001
    labels = {"vcluster.loft.sh/vcluster-name": "a", "vcluster.loft.sh/vcluster-namespace": "ns"} if made else {}
    documents = yaml.safe_load_all(of({"workload": {"namespaces": ["x"]}}).manifests)
    cluster = parse_cluster([{"kind": "List", "items": [space("ns"), space("x", **labels), *documents]}])
    there = find(cluster)
    scope = scope_of(there.found[0], (), ClusterIndex(cluster, there))
    pods = [end.at for end in scope.own if "workload" in end.tags and isinstance(end.at, Pod)]
    assert any(("release", "a") in one.labels for one in pods) is made


PLAT = {**HARDENED, "platform": {"namespaces": ["plat"]}}


def around_a_platform_in_plat(*more: Json) -> Audited:
    items = [one for one in map(json.loads, host()) if one["metadata"].get("namespace") != "vcluster-platform"]
    items += [space("ns"), *yaml.safe_load_all(of(PLAT).manifests), *more]
    items += [space("plat"), pod("loft", {"app": "loft"}, home="plat", address="10.200.0.9")]
    return next(one for one in audited(items).vclusters if one.found.tenant.name == "a")


def test_a_platform_is_known_by_the_namespaces_that_policies_name() -> None:
    one = around_a_platform_in_plat()
    assert failing(one) == set()
    assert findings(one)["platform-control-plane"].possible == "holds"


def test_a_platform_that_one_vcluster_names_is_a_stranger_to_one_that_does_not() -> None:
    """Whoever may create policies could name a namespace of theirs, and so hide that it reaches others."""
    documents = [one for one in manifests("b", "vcluster-b") if one["metadata"]["name"].startswith("vc-")]
    items = [*map(json.loads, host()), space("ns"), *yaml.safe_load_all(of(PLAT).manifests), *documents]
    items += [space("plat"), pod("loft", {"app": "loft"}, home="plat", address="10.200.0.9")]
    items.append(pod("b-0", {"app": "vcluster", "release": "b"}, home="vcluster-b", address="10.200.0.8"))
    other = next(one for one in audited(items).vclusters if one.found.tenant.name == "b")
    assert findings(other)["others-to-control-plane"].there == "FAILS"


@pytest.mark.parametrize("api", APIS)
def test_the_command_reads_floors_and_counts_them(api: str) -> None:
    whole = of({**HARDENED, "floor": {"enabled": True, "api": api}})
    items = [*map(json.loads, host()), space("ns"), *yaml.safe_load_all(whole.manifests)]
    given = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
    result = CliRunner().invoke(command, ["-", "--output", "json"], input=given)
    found = json.loads(result.output)
    assert (result.exit_code, found["cluster_policies"], found["policies"]) == (0, 2, 4)
    assert "clusternetworkpolicies" in CliRunner().invoke(command, ["--help"]).output


AWS = "networking.k8s.aws/v1alpha1"
OPENING = {
    f"ClusterNetworkPolicy {api}": {
        "apiVersion": api,
        "kind": "ClusterNetworkPolicy",
        "metadata": {"name": "all"},
        "spec": {
            "tier": "Admin",
            "priority": 1,
            "subject": EVERYBODY,
            "ingress": [{"action": "Accept", "from": [EVERYBODY]}],
            "egress": [{"action": "Accept", "to": [EVERYBODY, {"networks": ["0.0.0.0/0", "::/0"]}]}],
        },
    }
    for api in ("policy.networking.k8s.io/v1alpha2", "policy.networking.k8s.io/v1beta1", AWS)
}


def test_a_policy_that_opens_everything_is_found_in_every_group_and_version() -> None:
    items = objects("hardened")
    alpha, *others = [failing(audited([*items, one]).vclusters[0]) for one in OPENING.values()]
    assert len(alpha) > 10
    assert alpha > failing(audited(items).vclusters[0])
    assert others == [alpha] * 2


def of_workloads(*rules: Json, home: str = "vcluster-t-0") -> Json:
    """An ApplicationNetworkPolicy of AWS about the workloads of a namespace."""
    selector = {"matchExpressions": [{"key": MANAGED, "operator": "Exists"}]}
    made = policy("more", {"podSelector": selector, "policyTypes": ["Egress"], "egress": list(rules)}, home)
    return {**made, "apiVersion": AWS, "kind": "ApplicationNetworkPolicy"}


def test_an_application_policy_opens_what_it_names_and_is_called_by_its_kind() -> None:
    items = objects("hardened")
    private = of_workloads({"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]})
    found = findings(audited([*items, private]).vclusters[0])["workload-to-private"]
    assert (found.there, found.possible) == ("FAILS", "FAILS")
    assert found.there_example is not None
    assert [str(one) for one in found.there_example.rules] == [
        f"ApplicationNetworkPolicy/{private['metadata']['namespace']}/more spec.egress[0]"
    ]


def test_domain_names_of_a_policy_may_be_any_address() -> None:
    items = objects("hardened")
    bare = failing(audited(items).vclusters[0])
    named = of_workloads({"to": [{"domainNames": ["example.com"]}], "ports": [{"port": 443}]})
    found = audited([*items, named]).vclusters[0]
    assert {"workload-to-private", "workload-to-metadata"} <= failing(found) - bare
    assert failing(audited([*items, of_workloads()]).vclusters[0]) == bare


def test_a_floor_that_no_plugin_enforces_is_not_believed() -> None:
    items = objects("hardened, a floor, reopened by its tenant")
    assert findings(audited(items).vclusters[0])["workload-to-private"].possible == "holds"
    late = [
        {**one, "spec": {**one["spec"], "priority": one["spec"]["priority"] + 50}} if is_floor(one) else one
        for one in items
    ]
    assert findings(audited(late).vclusters[0])["workload-to-private"].possible == "FAILS"
    refused = {"conditions": [{"type": "Ready-In-Zone-a", "status": "False"}]}
    said = [{**one, "status": refused} if is_floor(one) else one for one in items]
    assert findings(audited(said).vclusters[0])["workload-to-private"].possible == "FAILS"


def is_floor(one: Json) -> bool:
    return str(one["metadata"]["name"]).startswith("vc-floor")


def accepting(peer: Json) -> Json:
    """A ClusterNetworkPolicy of AWS that lets the pods of a namespace reach a peer."""
    subject = {"namespaces": {"matchLabels": {"kubernetes.io/metadata.name": SPACE}}}
    rules = [{"action": "Accept", "to": [peer]}]
    spec = {"tier": "Admin", "priority": 1, "subject": subject, "egress": rules}
    return {"apiVersion": AWS, "kind": "ClusterNetworkPolicy", "metadata": {"name": NAME}, "spec": spec}


DOMAINS: Json = {"domainNames": ["example.com"]}
BLOCKS = [{"ipBlock": {"cidr": "0.0.0.0/0"}}, {"ipBlock": {"cidr": "::/0"}}]


@pytest.mark.parametrize(
    ("named", "numbered"),
    [
        (of_workloads({"to": [DOMAINS]}, home=SPACE), of_workloads({"to": BLOCKS}, home=SPACE)),
        (accepting(DOMAINS), accepting({"networks": ["0.0.0.0/0", "::/0"]})),
    ],
    ids=["namespaced", "cluster-scoped"],
)
def test_vclusters_with_domain_names_are_told_apart_from_those_with_addresses(
    named: Json, numbered: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both may reach any address, and only one of them surely does."""
    for name, more in (("domains", named), ("anywhere", numbered)):
        change = functools.partial(instead_of_ours, more)
        monkeypatch.setitem(CONFIGURATIONS, name, ("hardened", change))
    cluster = parse_cluster([listed(fleet(4, ["domains", "anywhere"]))])
    whole = audit(cluster)
    found = statuses(whole)
    assert kinds(whole) == 2
    assert found["vcluster-t-0", "t-0"]["workload-internet"] != found["vcluster-t-1", "t-1"]["workload-internet"]
    assert found == naive(cluster)


def instead_of_ours(more: Json, items: list[Json]) -> list[Json]:
    """A policy stands in the place of the chart's for workloads."""
    return [*without("vc-work")(items), more]


def test_neighbours_that_a_domain_name_may_shut_out_are_told_apart_from_those_that_addresses_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, peer in (("domains", DOMAINS), ("anywhere", {"networks": ["0.0.0.0/0", "::/0"]})):
        shut = accepting(peer)
        shut["spec"]["egress"][0]["action"] = "Deny"
        monkeypatch.setitem(CONFIGURATIONS, name, ("hardened", plus(REOPENED, ADMITTING, shut)))
    cluster = parse_cluster([listed(fleet(4, ["domains", "anywhere"]))])
    found = statuses(audit(cluster))
    assert found == naive(cluster)
    other = "workload-to-tenants"
    assert found["vcluster-t-0", "t-0"][other] != found["vcluster-t-1", "t-1"][other]
