"""What is judged once for many vClusters is what is judged for each by itself, and what a naive audit finds."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.audit.fleet import (
    CONFIGURATIONS,
    MANAGED,
    NAME,
    OF_THE_HOST,
    OWN_PORT,
    SPACE,
    fleet,
    host,
    listed,
    plus,
    pod,
    policy,
    space,
    vcluster,
)
from tests.audit.judged import kinds, statuses
from tests.audit.naive import naive
from vcluster_isolation.audit import audit as audit_module
from vcluster_isolation.audit.audit import audit
from vcluster_isolation.audit.cluster_index import ClusterIndex
from vcluster_isolation.audit.find import find
from vcluster_isolation.claims.claims import ISOLATION
from vcluster_isolation.netpol.engine.evaluate import Evaluator
from vcluster_isolation.netpol.objects.verdict import Mode
from vcluster_isolation.netpol.parse.parse import Cluster, parse_cluster
from vcluster_isolation.subject.subject import Subject

NAMES = ["t-1", "t-2", "vcluster", "loft", "default", "public", "a", "monitoring", "kube-system-2", "vcluster-t-1"]


@pytest.fixture(scope="module")
def varied() -> Cluster:
    return parse_cluster([listed(fleet(2 * len(CONFIGURATIONS)))])


@pytest.fixture(params=sorted(OF_THE_HOST))
def governed(request: pytest.FixtureRequest) -> Cluster:
    """A fleet of few configurations, with one policy of the host's above or below all others."""
    some = [*FLOORS, "default", "platform off, snapshots mended", "to everybody's public pods", "open to a team"]
    return parse_cluster(
        [{"kind": "List", "items": [*listed(fleet(2 * len(some), some))["items"], OF_THE_HOST[request.param]]}]
    )


FLOORS = ["a floor", "hardened, a floor, reopened by its tenant", "hardened, a floor over two namespaces"]

EXAMPLES = settings().max_examples // 4
"""The naive audit is slow."""


def test_vclusters_of_one_shape_are_judged_as_each_by_itself(varied: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    shared = audit(varied)
    monkeypatch.setattr(audit_module, "shape", lambda found, *_: found.tenant)
    alone = audit(varied)
    assert kinds(alone) == len(alone.vclusters) == 2 * len(CONFIGURATIONS)
    assert kinds(shared) < 1.2 * len(CONFIGURATIONS)
    assert statuses(shared) == statuses(alone)


def test_it_is_so_below_policies_of_the_host(governed: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not governed.problems
    shared = audit(governed)
    monkeypatch.setattr(audit_module, "shape", lambda found, *_: found.tenant)
    alone = audit(governed)
    assert kinds(shared) < kinds(alone)
    assert statuses(shared) == statuses(alone)


def test_every_example_is_a_flow_that_is_really_there(varied: Cluster) -> None:
    every = Evaluator(varied.policies, varied.tiers)
    there = find(varied)
    index = ClusterIndex(varied, there)
    known = {one.tenant: Subject("", "", (), settings=index.settings_of(one)) for one in there.found}
    number = 0
    for verdicts in {id(one.verdicts): one.verdicts for one in audit(varied).vclusters}.values():
        for finding in verdicts.findings:
            for example in filter(None, (finding.there_example, finding.possible_example)):
                number += 1
                isolation = finding.claim.kind == ISOLATION
                allowed = every.allowed(*example.ends, Mode.MAY if isolation else Mode.MUST)
                ports = finding.claim.ports_of(known[verdicts.first.tenant])
                wrong = ports & allowed if isolation else ports - allowed
                assert example.ports == wrong, (verdicts.first.tenant, finding.claim.name)
                assert wrong
    assert number > 300


def test_examples_of_pods_that_are_there_are_pods_that_are_there(varied: Cluster) -> None:
    names = {(pod.namespace.name, pod.name) for pod in varied.pods}
    for one in audit(varied).vclusters:
        for finding in one.verdicts.findings:
            for end in finding.there_example.ends if finding.there_example else ():
                space = getattr(end, "namespace", None)
                assert space is None or (space.name, end.name) in names


def clusters() -> st.SearchStrategy[list[tuple[str, str, str]]]:
    """Return a configuration, a name and a namespace for each of a few vClusters, some with too much in common."""
    name = st.sampled_from(NAMES)
    home = st.sampled_from(["", "", "", "shared", "monitoring", "t-1"])
    one = st.tuples(st.sampled_from(sorted(CONFIGURATIONS)), name, home)
    return st.lists(one, min_size=1, max_size=4, unique_by=lambda spec: (spec[1], spec[2]))


@settings(deadline=None, max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow])
@given(clusters())
def test_any_cluster_is_judged_as_a_naive_audit_does(specs: list[tuple[str, str, str]]) -> None:
    texts = list(host())
    for number, (configuration, name, home) in enumerate(specs):
        texts += vcluster(configuration, number, name=name, home=home)
    cluster = parse_cluster([listed(texts)])
    assert statuses(audit(cluster)) == naive(cluster)


@settings(deadline=None, max_examples=2 * EXAMPLES, suppress_health_check=[HealthCheck.too_slow])
@given(clusters(), st.sets(st.sampled_from(sorted(OF_THE_HOST)), min_size=1, max_size=3))
def test_any_cluster_with_policies_of_its_own_is_judged_as_a_naive_audit_does(
    specs: list[tuple[str, str, str]], above: set[str]
) -> None:
    texts = list(host())
    for number, (configuration, name, home) in enumerate(specs):
        texts += vcluster(configuration, number, name=name, home=home)
    items = [*listed(texts)["items"], *(OF_THE_HOST[one] for one in sorted(above - {"another default"}))]
    cluster = parse_cluster([{"kind": "List", "items": items}])
    assert statuses(audit(cluster)) == naive(cluster)


@settings(deadline=None, max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.sampled_from(sorted(CONFIGURATIONS)), min_size=1, max_size=2),
    st.lists(st.sampled_from(NAMES), min_size=4, max_size=4, unique=True),
)
def test_vclusters_of_few_shapes_are_judged_as_a_naive_audit_does(configurations: list[str], names: list[str]) -> None:
    texts = list(host())
    for number, name in enumerate(names):
        texts += vcluster(configurations[number % len(configurations)], number, name=name)
    cluster = parse_cluster([listed(texts)])
    assert statuses(audit(cluster)) == naive(cluster)


def test_addresses_of_its_own_do_not_make_a_vcluster_different() -> None:
    cluster = parse_cluster([listed(fleet(20, ["a database of its own"]))])
    assert kinds(audit(cluster)) == 1


def test_ports_of_its_own_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CONFIGURATIONS, "a port of its own", ("default", plus(OWN_PORT)))
    cluster = parse_cluster([listed(fleet(5, ["a port of its own"]))])
    assert kinds(audit(cluster)) == 5


def test_vcluster_whose_name_another_ones_policies_ask_for_is_judged_by_itself() -> None:
    texts = [*host(), *(text for number in range(4) for text in vcluster("default", number))]
    asks = {
        "podSelector": {},
        "egress": [{"to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "vcluster-t-2"}}}]}],
    }
    policy = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "spec": asks}
    policy["metadata"] = {"name": "asks", "namespace": "shop"}
    items = [*listed(texts)["items"], policy]
    found = audit(parse_cluster([{"kind": "List", "items": items}]))
    (by_itself,) = [one for one in found.vclusters if one.found.tenant.name == "t-2"]
    others = {id(one.verdicts) for one in found.vclusters if one is not by_itself}
    assert len(others) == 1
    assert id(by_itself.verdicts) not in others


def test_vcluster_whose_own_policies_ask_for_a_name_that_a_pod_elsewhere_carries_is_judged_by_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asks = policy(
        "asks",
        {
            "podSelector": {"matchLabels": {MANAGED: NAME}},
            "policyTypes": ["Egress"],
            "egress": [{"to": [{"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": NAME}}}]}],
        },
    )
    monkeypatch.setitem(CONFIGURATIONS, "asks", ("public-egress-off", plus(asks)))
    called = pod("called", {"app": "t-2"}, home="shop", address="10.200.0.9")
    items = [*listed(fleet(4, ["asks"]))["items"], called]
    cluster = parse_cluster([{"kind": "List", "items": items}])
    found = statuses(audit(cluster))
    assert [found[f"vcluster-t-{at}", f"t-{at}"]["workload-to-host"][0] for at in range(4)] == [
        "holds",
        "holds",
        "FAILS",
        "holds",
    ]
    assert found == naive(cluster)


def test_vcluster_with_a_name_that_the_cast_uses_is_not_taken_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both admit what is labelled app=NAME, which every control plane is of a vCluster called `vcluster`."""
    admits = {
        "podSelector": {"matchLabels": {MANAGED: NAME}},
        "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": NAME}}}]}],
    }
    control = policy(f"vc-cp-{NAME}", {"podSelector": {"matchLabels": {"release": NAME}}, "ingress": []})
    objects = [space(SPACE), policy(f"vc-work-{NAME}", admits), control]
    monkeypatch.setitem(CONFIGURATIONS, "admits", ("default", lambda _: objects))
    texts = [*vcluster("admits", 0, name="foo"), *vcluster("admits", 1, name="vcluster")]
    cluster = parse_cluster([listed(texts)])
    found = statuses(audit(cluster))
    assert found["vcluster-vcluster", "vcluster"]["control-plane-workload"][1] == "holds"
    assert found["vcluster-foo", "foo"]["control-plane-workload"][1] == "FAILS"
    assert found == naive(cluster)


def test_vclusters_with_ipblocks_on_different_pods_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """The blocks lie alike, in the same private range, but one has another tenant's pods in it and one the host's."""
    for name, cidr in (("to t-0", "10.1.0.0/24"), ("to shop", "10.1.77.0/24")):
        reaches = policy(
            "reaches",
            {
                "podSelector": {"matchLabels": {MANAGED: NAME}},
                "policyTypes": ["Egress"],
                "egress": [{"to": [{"ipBlock": {"cidr": cidr}}]}],
            },
        )
        monkeypatch.setitem(CONFIGURATIONS, name, ("public-egress-off", plus(reaches)))
    shop = pod("open", {"app": "open"}, home="shop", address="10.1.77.7")
    items = [*listed(fleet(3, ["admitting everybody", "to t-0", "to shop"]))["items"], shop]
    cluster = parse_cluster([{"kind": "List", "items": items}])
    found = statuses(audit(cluster))
    assert found["vcluster-t-1", "t-1"]["workload-to-tenants"][0] == "FAILS"
    assert found["vcluster-t-2", "t-2"]["workload-to-tenants"][0] == "holds"
    assert found == naive(cluster)


def test_vclusters_in_namespaces_with_different_labels_are_told_apart() -> None:
    """One namespace is labelled team=a, and another tenant admits that team."""
    texts = [*host(), *vcluster("open to a team", 0)]
    texts += [text for number in (1, 2) for text in vcluster("reopened by its tenant", number)]
    items = listed(texts)["items"]
    (labelled,) = [one for one in items if one["metadata"]["name"] == "vcluster-t-1"]
    labelled["metadata"]["labels"] = {"team": "a"}
    cluster = parse_cluster([{"kind": "List", "items": items}])
    found = statuses(audit(cluster))
    assert [found[f"vcluster-t-{at}", f"t-{at}"]["workload-to-tenants"][0] for at in (1, 2)] == ["FAILS", "holds"]
    assert found == naive(cluster)


def test_one_pod_is_told_apart_from_two_that_cannot_reach_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = policy("closed", {"podSelector": {"matchLabels": {"release": NAME}}, "policyTypes": ["Ingress"]})
    objects = [space(SPACE), closed, pod(f"{NAME}-0", {"app": "vcluster", "release": NAME}, address="10.0.0.1")]
    replica = pod(f"{NAME}-1", {"app": "vcluster", "release": NAME}, address="10.0.0.2")
    monkeypatch.setitem(CONFIGURATIONS, "one", ("default", lambda _: objects))
    monkeypatch.setitem(CONFIGURATIONS, "two", ("default", lambda _: [*objects, replica]))
    cluster = parse_cluster([listed(fleet(2, ["one", "two"]))])
    found = statuses(audit(cluster))
    assert [found[f"vcluster-t-{at}", f"t-{at}"]["control-plane-etcd"][0] for at in (0, 1)] == ["holds", "FAILS"]
    assert found == naive(cluster)


def test_pods_that_call_different_ports_by_one_name_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    everywhere: list[dict[str, dict[str, str]]] = [{"namespaceSelector": {}}]
    out = {"egress": [{"to": everywhere, "ports": [{"port": 8080}]}], "policyTypes": ["Egress"]}
    into = {"ingress": [{"from": everywhere, "ports": [{"port": "web"}]}], "policyTypes": ["Ingress"]}
    selected = {"podSelector": {"matchLabels": {MANAGED: NAME}}}
    monkeypatch.setitem(CONFIGURATIONS, "out", ("public-egress-off", plus(policy("out", {**selected, **out}))))
    monkeypatch.setitem(CONFIGURATIONS, "into", ("public-egress-off", plus(policy("into", {**selected, **into}))))
    items = listed(fleet(3, ["out", "into", "into"]))["items"]
    for one in items:
        if one["kind"] == "Pod" and one["metadata"]["namespace"] == "vcluster-t-1":
            one["spec"]["containers"][0]["ports"][0]["containerPort"] = 9090
    cluster = parse_cluster([{"kind": "List", "items": items}])
    found = statuses(audit(cluster))
    assert [found[f"vcluster-t-{at}", f"t-{at}"]["tenants-to-workloads"][0] for at in (1, 2)] == ["holds", "FAILS"]
    assert found == naive(cluster)


def test_vclusters_of_one_shape_are_each_others_only_tenants() -> None:
    cluster = parse_cluster([listed(text for at in range(2) for text in vcluster("not isolated", at))])
    found = statuses(audit(cluster))
    assert kinds(audit(cluster)) == 1
    assert {one["tenants-to-workloads"] for one in found.values()} == {("FAILS", "FAILS")}
    assert found == naive(cluster)


def test_neighbours_are_judged_as_a_naive_audit_does() -> None:
    """One of two has a stray pod beside it that carries the other's name, and may be reached by that name."""
    texts = [*host(), *(text for at in range(2) for text in vcluster("public egress off", at, home="shared"))]
    items = listed(dict.fromkeys(texts))["items"]
    items.append(pod("stray", {"app": "other", "release": "t-1"}, home="shared", address="10.9.9.9"))
    reaches = {
        "podSelector": {"matchLabels": {MANAGED: "t-0"}},
        "policyTypes": ["Egress"],
        "egress": [{"to": [{"podSelector": {"matchLabels": {"release": "t-1"}}}], "ports": [{"port": 8443}]}],
    }
    items.append(policy("reaches", reaches, "shared"))
    admits = {"podSelector": {"matchLabels": {"release": "t-1"}}, "ingress": [{}]}
    items.append(policy("admits", admits, "shared"))
    cluster = parse_cluster([{"kind": "List", "items": items}])
    found = statuses(audit(cluster))
    assert found["shared", "t-0"]["workload-to-tenants"][0] == "FAILS"
    assert found["shared", "t-0"]["workload-to-host"][0] == "FAILS"
    assert found["shared", "t-0"]["workload-to-api-server"] == ("holds", "FAILS")
    assert found == naive(cluster)
