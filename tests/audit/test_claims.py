"""What an audit finds in a host cluster: the other policies, pods and tenants that are really there."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.audit.fleet import MANAGED, VIRTUAL, fleet, host, listed, pod, policy, space, vcluster
from vcluster_isolation.audit.audit import Audited, audit
from vcluster_isolation.audit.judge import Finding
from vcluster_isolation.audit.report import text, warnings
from vcluster_isolation.netpol.engine import labels
from vcluster_isolation.netpol.engine.labels import TooManyClasses
from vcluster_isolation.netpol.objects.model import Selector
from vcluster_isolation.netpol.parse.parse import parse_cluster
from vcluster_isolation.vcluster.actor_ref import SYNCED_NAMESPACE

Json = dict[str, Any]


def objects(*configurations: str) -> list[Json]:
    texts = [*host(), *(one for at, name in enumerate(configurations) for one in vcluster(name, at))]
    return list(map(json.loads, texts))


def first(items: list[Json]) -> Audited:
    return audit(parse_cluster([{"kind": "List", "items": items}])).vclusters[0]


def findings(one: Audited) -> dict[str, Finding]:
    return {finding.claim.name: finding for finding in one.verdicts.findings}


def claims(*configurations: str) -> dict[str, Finding]:
    return findings(first(objects(*configurations)))


def test_neighbours_are_judged_only_where_there_is_one() -> None:
    """`prove` says that the 0.31 snapshot label opens a neighbour's control plane; alone in a namespace it does not."""
    assert claims("default")["tenants-to-control-plane"].possible == "holds"
    shared = [*host(), *(one for at in range(2) for one in vcluster("default", at, name=f"t-{at}", home="shared"))]
    items = [json.loads(one) for one in dict.fromkeys(shared)]
    found = findings(first(items))["tenants-to-control-plane"]
    assert (found.there, found.possible) == ("holds", "FAILS")
    assert found.possible_example
    assert ("app", "vcluster-snapshot") in found.possible_example.ends[0].labels  # type: ignore[union-attr]


def test_another_tenant_without_policies_reaches_what_admits_the_platforms_label() -> None:
    assert claims("default", "default")["tenants-to-control-plane"].possible == "holds"
    found = claims("default", "not isolated")["tenants-to-control-plane"]
    assert found.possible == "FAILS"
    assert found.possible_example
    assert ("app", "loft") in found.possible_example.ends[0].labels  # type: ignore[union-attr]
    assert found.there == "holds", "no pod is there that has the label"


def test_pod_that_has_the_label_makes_it_a_hole_of_today() -> None:
    items = objects("default", "not isolated")
    items.append(
        pod("evil", {MANAGED: "t-1", VIRTUAL: "default", "app": "loft"}, home="vcluster-t-1", address="10.9.9.9")
    )
    assert findings(first(items))["tenants-to-control-plane"].there == "FAILS"


def test_policies_of_the_host_count_on_the_hosts_side() -> None:
    assert claims("default")["control-plane-host-dns"].there == "holds"
    items = [*objects("default"), policy("closed", {"podSelector": {}, "policyTypes": ["Ingress"]}, "kube-system")]
    found = findings(first(items))["control-plane-host-dns"]
    assert (found.there, found.possible) == ("FAILS", "FAILS")


def test_labels_of_a_real_namespace_count() -> None:
    """`shop` is labelled team=a, and its pods may come in; a pod of an unlabelled namespace may not."""
    assert claims("open to a team")["others-to-control-plane"].there == "FAILS"
    items = [one for one in objects("open to a team") if one["metadata"]["name"] != "shop"]
    assert findings(first([*items, space("shop")]))["others-to-control-plane"].there == "holds"


def test_platform_is_claimed_to_be_reachable_only_where_there_is_one() -> None:
    assert claims("platform off")["control-plane-platform"].possible == "FAILS"
    items = [one for one in objects("platform off") if one["metadata"].get("namespace") != "vcluster-platform"]
    assert findings(first(items))["control-plane-platform"].possible == "n/a"


def test_older_platform_namespace_is_known() -> None:
    items = [one for one in objects("platform off") if one["metadata"].get("namespace") != "vcluster-platform"]
    items += [space("loft"), pod("loft", {"app": "loft"}, home="loft", address="10.200.0.9")]
    assert findings(first(items))["control-plane-platform"].there == "FAILS"


def test_claim_about_pods_that_are_not_there_is_not_judged_for_now() -> None:
    assert claims("default")["snapshot-host-dns"].there == "n/a"
    assert claims("default, with a snapshot running")["snapshot-host-dns"].there == "holds"


def test_single_stack_pod_need_not_reach_addresses_of_the_other_family() -> None:
    assert claims("default")["control-plane-api-server"].there == "holds"


def test_pod_whose_address_is_not_known_may_have_any() -> None:
    items = objects("a database of its own", "admitting everybody")
    assert findings(first(items))["workload-to-tenants"].there == "holds", "no pod has the database's address"
    for one in items:
        one.get("status", {}).pop("podIPs", None)
    found = findings(first(items))["workload-to-tenants"]
    assert found.there == "FAILS"
    assert found.there_example
    assert str(found.there_example.ports) == "TCP 5432"


def test_every_pod_and_policy_that_has_no_counterpart_is_listed() -> None:
    one = first(
        [
            *objects("no policy for workloads"),
            policy("idle", {"podSelector": {"matchLabels": {"a": "b"}}}, "vcluster-t-0"),
        ]
    )
    assert [(pod.name, pod.role, pod.ingress, pod.egress) for pod in one.uncovered] == [
        (f"{app}-x-default-x-t-0", "workload", False, False) for app in ("web", "db", "cache")
    ]
    assert one.unselected == ("vcluster-t-0/idle", "vcluster-t-0/vc-snapshot-t-0")
    assert one.isolated


def test_policy_for_one_direction_covers_one() -> None:
    items = [
        *objects("no policy for workloads"),
        policy("in", {"podSelector": {"matchLabels": {"app": "web"}}}, "vcluster-t-0"),
    ]
    (half,) = [pod for pod in first(items).uncovered if "web" in pod.name]
    assert (half.ingress, half.egress) == (True, False)
    assert "no policy for egress" in text(audit(parse_cluster([{"kind": "List", "items": items}])))


def test_selectors_beyond_all_bounds_leave_one_vcluster_unjudged_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    real = labels.label_classes

    def few(selectors: Any, _adding: Any = (), domains: Any = None, others: Any = labels.FREE) -> Any:
        return real(selectors, domains, others, limit=9)

    monkeypatch.setattr("vcluster_isolation.worlds.world.covering_classes", few)
    items = objects("private nodes", "default")
    for at in range(5):
        selector = {"podSelector": {"matchLabels": {f"key-{at}": "x"}}}
        items.append(policy(f"p-{at}", selector, "vcluster-t-1"))
    found = audit(parse_cluster([{"kind": "List", "items": items}]))
    with pytest.raises(TooManyClasses):
        few([Selector(frozenset({(f"k{at}", "v")})) for at in range(5)])
    assert not found.ok
    assert [bool(one.verdicts.unjudged) for one in found.vclusters] == [False, True]
    assert "NOT JUDGED: t-1\n  not judged: " in text(found)


def test_objects_that_nobody_read_are_warned_of() -> None:
    items = [
        *objects("default"),
        {"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy", "metadata": {"name": "x"}},
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x"}},
    ]
    assert warnings(audit(parse_cluster([{"kind": "List", "items": items}]))) == [
        "not evaluated: CiliumNetworkPolicy/default/x (cilium.io/v2): may open and close what NetworkPolicies say",
        "1 of v1 Service were not looked at",
    ]


def test_finding_knows_whether_it_fails() -> None:
    found = claims("default")
    assert found["workload-to-metadata"].fails
    assert not found["workload-api"].fails


def test_vclusters_named_alike_in_different_namespaces_are_told_apart() -> None:
    texts = [
        *host(),
        *vcluster("default", 0, name="my", home="one"),
        *vcluster("not isolated", 1, name="my", home="two"),
    ]
    found = audit(parse_cluster([listed(texts)]))
    assert [(one.found.tenant.namespace, one.isolated) for one in found.vclusters] == [("one", True), ("two", False)]
    shown = text(found)
    assert "my (in one)" in shown
    assert "my (in two)" in shown


def test_fleet_of_many_is_grouped_by_findings() -> None:
    shown = text(audit(parse_cluster([listed(fleet(60, ["default", "not isolated", "platform off"]))])))
    assert [line.partition(",")[0] for line in shown.splitlines() if line.startswith("NOT ISOLATED")] == [
        "NOT ISOLATED"
    ]
    assert "t-1, t-4, t-7 … and 17 more" in shown
    assert shown.splitlines()[-1] == "every claim holds for 0 of 60 vClusters; 20 not isolated at all"


def test_any_pod_of_a_namespace_that_the_policies_name_is_possible_and_isolated_by_the_policies_there() -> None:
    named = {"kubernetes.io/metadata.name": "shop"}
    peer = {"namespaceSelector": {"matchLabels": named}, "podSelector": {"matchLabels": {"app": "admin"}}}
    spec = {"podSelector": {"matchLabels": {MANAGED: "t-0"}}, "ingress": [{"from": [peer]}]}
    items = [*objects("platform off"), policy("from-shop", spec, "vcluster-t-0")]
    found = findings(first(items))["others-to-workloads"]
    assert (found.there, found.possible) == ("holds", "FAILS"), "nobody in shop is labelled so now"
    closed = policy("closed", {"podSelector": {}, "policyTypes": ["Egress"]}, "shop")
    assert findings(first([*items, closed]))["others-to-workloads"].possible == "holds"


def test_tenant_that_syncs_namespaces_can_make_another_that_nothing_isolates() -> None:
    away = space(
        "away", **{"vcluster.loft.sh/vcluster-name": "t-0", "vcluster.loft.sh/vcluster-namespace": "vcluster-t-0"}
    )
    found = findings(first([*objects("platform off"), away]))["workload-to-private"]
    assert (found.there, found.possible) == ("holds", "FAILS")
    closed = policy("closed", {"podSelector": {}, "policyTypes": ["Egress", "Ingress"]}, "away")
    found = findings(first([*objects("platform off"), away, closed]))["workload-to-private"]
    assert found.possible_example
    assert found.possible_example.ends[0].namespace.name == SYNCED_NAMESPACE  # type: ignore[union-attr]


def test_policies_around_an_older_platform_count() -> None:
    items = [one for one in objects("default") if one["metadata"].get("namespace") != "vcluster-platform"]
    items += [space("loft"), pod("loft", {"app": "loft"}, home="loft", address="10.200.0.9")]
    assert findings(first(items))["control-plane-platform"].there == "holds"
    items.append(policy("closed", {"podSelector": {}, "policyTypes": ["Ingress"]}, "loft"))
    assert findings(first(items))["control-plane-platform"].there == "FAILS"


def test_pod_that_a_tenant_could_create_in_a_synced_namespace_meets_those_who_admit_that_namespace() -> None:
    away = space(
        "away", **{"vcluster.loft.sh/vcluster-name": "t-0", "vcluster.loft.sh/vcluster-namespace": "vcluster-t-0"}
    )
    peer = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "away"}}}
    admits = {"podSelector": {"matchLabels": {"release": "t-1"}}, "ingress": [{"from": [peer]}]}
    items = [*objects("platform off", "platform off"), away, policy("admits", admits, "vcluster-t-1")]
    other = audit(parse_cluster([{"kind": "List", "items": items}])).vclusters[1]
    assert findings(other)["tenants-to-control-plane"].possible == "FAILS"
