"""Whatever a tenant syncs, no finding of `audit` disappears, and who is who stays as it was.

The tenant's objects are written as vCluster writes them to the host cluster: with its names, labels and selectors
(loft-sh/vcluster: pkg/util/translate, pkg/controllers/resources/networkpolicies/translate.go), and as a Gateway's
controller does, whose pods carry whatever labels the tenant likes.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from typing import Any

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from tests.audit.fleet import host, pod, policy, vcluster
from vcluster_isolation.audit.audit import Audit, audit
from vcluster_isolation.audit.cluster_index import ClusterIndex
from vcluster_isolation.audit.find import find
from vcluster_isolation.claims.claims import ISOLATION
from vcluster_isolation.netpol.parse.parse import parse_cluster

Json = dict[str, Any]

TENANT, HOME = "t-2", "vcluster-t-2"
MANAGED, VIRTUAL = "vcluster.loft.sh/managed-by", "vcluster.loft.sh/namespace"
MAPPED = f"{HOME}-jobs"
VICTIM = "vcluster-t-1"


@cache
def base() -> tuple[Json, ...]:
    """A host cluster with findings: the tenant's vCluster, one that is hardened, and one that names its API server."""
    found = [*host(), *vcluster("hardened", 1), *vcluster("namespaces mapped by name", 2)]
    found += vcluster("hardened, the API server known", 3)
    opened = policy(
        "to-a-private-address",
        {
            "podSelector": {"matchLabels": {"release": "t-1"}},
            "policyTypes": ["Egress"],
            "egress": [{"to": [{"ipBlock": {"cidr": "10.77.0.5/32"}}, {"podSelector": {"matchLabels": {"app": "x"}}}]}],
        },
        VICTIM,
    )
    team = {"podSelector": {"matchLabels": {MANAGED: TENANT}}, "ingress": [{"from": [{"podSelector": MONITORING}]}]}
    return (*map(json.loads, found), opened, policy("monitored", team, HOME))


MONITORING: Json = {"matchLabels": {"release": "monitoring"}}


def read(objects: tuple[Json, ...]) -> Audit:
    cluster = parse_cluster([{"kind": "List", "items": [*base(), *objects]}])
    assert not cluster.problems, cluster.problems
    return audit(cluster, kinds=(ISOLATION,))


def failing(found: Audit) -> set[tuple[str, str, str, str]]:
    return {
        (one.found.tenant.namespace, one.found.tenant.name, finding.claim.name, when)
        for one in found.vclusters
        for finding in one.verdicts.findings
        for when, status in (("there", finding.there), ("possible", finding.possible))
        if status == "FAILS"
    }


def who_is_who(objects: tuple[Json, ...]) -> tuple[Any, ...]:
    """What is believed of the host cluster: settings of each vCluster, addresses that no pod has, pods of the host."""
    cluster = parse_cluster([{"kind": "List", "items": [*base(), *objects]}])
    fleet = find(cluster)
    index = ClusterIndex(cluster, fleet)
    return (
        {one.tenant: (index.settings_of(one), one.found_by, one.synced) for one in fleet.found},
        fleet.unknown,
        {(pod.namespace.name, pod.name): tags for tags, pod in index.host},
    )


@cache
def before() -> tuple[set[tuple[str, str, str, str]], tuple[Any, ...]]:
    return failing(read(())), who_is_who(())


def host_name(*parts: str) -> str:
    """What vCluster calls an object in the host cluster (`SafeConcatName`)."""
    name = "-x-".join((*parts, TENANT))
    return name if len(name) <= 63 else f"{name[:52]}-{hashlib.sha256(name.encode()).hexdigest()[:10]}"


def scoped(labels: Json, virtual: str, **more: Json) -> Json:
    return {"matchLabels": {**labels, MANAGED: TENANT, VIRTUAL: virtual}, **more}


def synced_policy(name: str, virtual: str, labels: Json, peers: list[Json], *, mapped: bool = False) -> Json:
    """A tenant's NetworkPolicy in the host cluster; in a mapped namespace it keeps its name."""
    spec = {
        "podSelector": scoped(labels, virtual),
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{"from": [one]} for one in peers],
        "egress": [{"to": [one], "ports": [{"port": 443, "protocol": "TCP"}]} for one in peers],
    }
    found = policy(name if mapped else host_name(name, virtual), spec, MAPPED if mapped else HOME)
    labelled = {"app": "vcluster", "heritage": "Helm", **({"release": "t-1"} if mapped else {})}
    found["metadata"]["labels"] = {**labelled, MANAGED: TENANT, VIRTUAL: virtual}
    return found


def proxy(name: str, labels: Json) -> Json:
    """A pod that a Gateway's controller makes for the tenant."""
    return pod(f"{host_name(name, 'default')}-istio-7d9f8b7c6d-x2x4z", labels, home=HOME)


def synced_pod(name: str, virtual: str, labels: Json) -> Json:
    return pod(host_name(name, virtual), {**labels, MANAGED: TENANT, VIRTUAL: virtual}, home=HOME)


def to(cidr: str) -> Json:
    return {"ipBlock": {"cidr": cidr}}


PAIR = tuple(
    synced_policy(f"vc-{role}-foo", "default", {}, [to("10.77.0.5/32"), to("10.250.0.9/32")])
    for role in ("cp", "snapshot")
)
"""Two policies with a rule in common: to `api_servers`, before it asked `recognise`, those of a vCluster."""


def test_there_are_findings_to_hide() -> None:
    found = {(name, claim) for _, name, claim, _ in before()[0]}
    assert found >= {("t-1", "control-plane-to-host"), (TENANT, "others-to-workloads"), (TENANT, "workload-to-private")}


def test_two_policies_named_like_those_of_the_chart_hide_nothing() -> None:
    assert before()[0] <= failing(read(PAIR))
    assert who_is_who(PAIR) == before()[1]


NAMES = st.sampled_from(
    [
        "vc-cp-foo",
        "vc-snapshot-foo",
        "vc-cp-t-1",
        "vc-cp-t-2",
        "vc-work-t-2",
        "vc-kube-dns-t-1",
        "vc-work-" + "a" * 50,
        "vc-platform",
        "vc-default-deny-t-1",
        "plain",
    ]
)
LABELS = st.dictionaries(
    st.sampled_from(["app", "k8s-app", "team", "vcluster.loft.sh/vcluster-name"]),
    st.sampled_from(["vcluster", "vcluster-snapshot", "vcluster-kube-dns", "kube-dns", "loft", "t-1", "x"]),
    max_size=3,
)
PEERS = st.lists(
    st.one_of(
        st.sampled_from([to("10.77.0.5/32"), to("10.250.0.9/32"), to("0.0.0.0/0"), to("169.254.169.254/32")]),
        LABELS.map(lambda labels: {"podSelector": scoped(labels, "default")}),
    ),
    min_size=1,
    max_size=3,
)
VIRTUALS = st.sampled_from(["default", "kube-system", "vcluster-platform"])
POLICIES = st.builds(synced_policy, NAMES, VIRTUALS, LABELS, PEERS, mapped=st.booleans())
ANY_LABELS = st.dictionaries(
    st.sampled_from(["app", "k8s-app", "release", MANAGED, VIRTUAL]),
    st.sampled_from(["vcluster", "vcluster-etcd", "vcluster-snapshot", "loft", "monitoring", "t-1", "t-2", "t-9"]),
)
PODS = st.one_of(
    st.builds(synced_pod, st.sampled_from(["t-2-0", "web"]), VIRTUALS, LABELS),
    st.builds(proxy, st.sampled_from(["t-2-0", "t-2", "gw"]), ANY_LABELS),
)


def unlike(objects: list[Json]) -> tuple[Json, ...]:
    """The objects, one of each name: the others could not be there."""
    return tuple(
        {(one["kind"], one["metadata"]["name"], one["metadata"]["namespace"]): one for one in objects}.values()
    )


def is_there(one: Json) -> bool:
    """Whether the base has an object of that name: vCluster does not write over what it did not make."""
    return any(
        known["metadata"]["name"] == one["metadata"]["name"]
        and known["metadata"].get("namespace") == one["metadata"]["namespace"]
        for known in base()
    )


@settings(max_examples=settings().max_examples // 4, deadline=None, phases=(Phase.explicit, Phase.generate))
@given(st.lists(POLICIES, min_size=1, max_size=4))
@example(list(PAIR))
@example([synced_policy("vc-cp-t-1", "default", {}, [to("10.77.0.5/32")], mapped=True)])
def test_no_policy_that_a_tenant_syncs_hides_a_finding_or_changes_who_is_who(objects: list[Json]) -> None:
    there = tuple(one for one in unlike(objects) if not is_there(one))
    assert before()[0] <= failing(read(there))
    assert who_is_who(there) == before()[1]


@settings(max_examples=settings().max_examples // 4, deadline=None, phases=(Phase.explicit, Phase.generate))
@given(st.lists(st.one_of(PODS, POLICIES), min_size=1, max_size=4))
@example([proxy("gw", {"app": "vcluster", "release": "monitoring"})])
@example([proxy("gw", {"app": "vcluster", "release": TENANT})])
@example([proxy("gw", {MANAGED: "t-1"})])
def test_no_pod_that_a_tenant_has_made_hides_a_finding(objects: list[Json]) -> None:
    there = tuple(one for one in unlike(objects) if not is_there(one))
    after = failing(read(there))
    # A synced pod with a name of its own is a further vCluster's: what others reach, then that one's tenant does.
    told = {(*one, name.replace("tenants-", "others-"), when) for *one, name, when in after}
    assert before()[0] <= after | told
    settings_before, settings_after = before()[1][0], who_is_who(there)[0]
    assert {tenant: settings_after[tenant] for tenant in settings_before} == settings_before


@pytest.mark.parametrize("labels", [{"app": "vcluster", "release": TENANT}, {MANAGED: "t-1"}])
def test_a_proxy_with_anothers_labels_is_nobodys_own(labels: Json) -> None:
    """It is not the control plane of its vCluster, nor a workload of another one in another namespace."""
    cluster = parse_cluster([{"kind": "List", "items": [*base(), proxy("gw", labels)]}])
    fleet = find(cluster)
    name = proxy("gw", labels)["metadata"]["name"]
    owners = [one.tenant for one in fleet.found for _, own in one.pods if own.name == name]
    assert all(tenant.namespace == HOME and tenant.name != TENANT for tenant in owners)
    assert {one.tenant.namespace: one.synced for one in fleet.found if one.tenant.name == "t-1"}[VICTIM] == ()
