"""Manifests become a cluster: what is read, what is passed over, and what is refused with which words."""

from __future__ import annotations

from typing import Any

import pytest

from tests.netpol.clusters import policy
from vcluster_isolation.netpol.objects.model import EGRESS, INGRESS, ContainerPort, labels_of, namespace
from vcluster_isolation.netpol.parse.parse import Cluster, parse_cluster
from vcluster_isolation.netpol.sets.addresses import POD_RANGES, address_set

Json = dict[str, Any]


def pod(**fields: Any) -> Json:
    metadata = {"name": "p", "namespace": "a", "labels": {"app": "x"}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {}, **fields}


def read(*documents: Any, **options: Any) -> Cluster:
    found = parse_cluster(documents, **options)
    assert found.problems == ()
    return found


def test_lists_are_flattened_in_order_and_at_any_depth() -> None:
    first, second, third = (policy(name, "a", {}) for name in ("one", "two", "three"))
    inner = {"kind": "List", "items": [second]}
    found = read({"kind": "List", "items": [first, {"kind": "List", "items": [inner]}, third]})
    assert [one.name for one in found.policies] == ["one", "two", "three"]


def test_items_of_a_typed_list_have_its_kind() -> None:
    found = read({"apiVersion": "v1", "kind": "PodList", "items": [{"metadata": {"name": "p"}}]})
    assert [one.name for one in found.pods] == ["p"]


def test_deeply_nested_lists_are_read() -> None:
    document: Json = policy("deep", "a", {})
    for _ in range(5000):
        document = {"kind": "List", "items": [document]}
    assert [one.name for one in read(document).policies] == ["deep"]


def test_a_list_that_holds_itself_is_read_once() -> None:
    items: list[Any] = [policy("one", "a", {})]
    items.append({"kind": "List", "items": items})
    assert [one.name for one in read({"kind": "List", "items": items}).policies] == ["one"]


def test_empty_documents_are_nothing() -> None:
    assert read(None, None).policies == ()


def test_other_kinds_are_counted_and_passed_over() -> None:
    calico = {**policy("p", "a", {}), "apiVersion": "projectcalico.org/v3"}
    found = read({"apiVersion": "v1", "kind": "Service"}, {"apiVersion": "v1", "kind": "Service"}, calico)
    assert found.passed_over == {"v1 Service": 2}
    assert list(map(str, found.not_evaluated)) == ["NetworkPolicy/a/p (projectcalico.org/v3)"]
    assert found.policies == ()


def test_objects_without_a_namespace_are_in_the_given_one() -> None:
    manifest = {**policy("p", "a", {}), "metadata": {"name": "p"}}
    assert (read(manifest).policies[0].namespace, read(manifest, home="x").policies[0].namespace) == ("default", "x")


def test_a_namespace_has_its_labels_and_always_its_name() -> None:
    labels = {"team": "red", "kubernetes.io/metadata.name": "forged"}
    found = read({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a", "labels": labels}}, pod())
    assert found.namespaces == {"a": namespace("a", {"team": "red"})}
    assert found.pods[0].namespace.labels == labels_of({"team": "red", "kubernetes.io/metadata.name": "a"})


def test_a_namespace_may_come_after_what_is_in_it() -> None:
    found = read(pod(), {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a", "labels": {"x": "y"}}})
    assert ("x", "y") in found.pods[0].namespace.labels


def test_namespaces_that_are_used_and_not_declared_are_named() -> None:
    found = read(pod(), policy("p", "b", {}), {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "b"}})
    assert (sorted(found.namespaces), sorted(found.undeclared)) == (["a", "b"], ["a"])


def test_a_pod_has_labels_addresses_and_named_ports() -> None:
    containers = [{"ports": [{"name": "http", "containerPort": 80}, {"containerPort": 81}]}, {"ports": None}, {}]
    sidecar = {"restartPolicy": "Always", "ports": [{"name": "proxy", "containerPort": 15001, "protocol": "UDP"}]}
    init = {"ports": [{"name": "setup", "containerPort": 9}]}
    spec = {"containers": containers, "initContainers": [sidecar, init]}
    (one,) = read(pod(spec=spec, status={"podIPs": [{"ip": "10.0.0.1"}, {"ip": "fd00::1"}]})).pods
    assert (one.name, one.labels, one.host_network) == ("p", labels_of({"app": "x"}), False)
    assert one.addresses == address_set("10.0.0.1", "fd00::1")
    assert one.ports == (
        ContainerPort("http", "TCP", 80),
        ContainerPort("proxy", "UDP", 15001),
        ContainerPort("setup", "TCP", 9, certain=False),
    )


def test_an_older_pod_has_one_address() -> None:
    assert read(pod(status={"podIP": "10.0.0.1"})).pods[0].addresses == address_set("10.0.0.1")


def test_a_pod_without_an_address_may_be_in_the_given_ranges() -> None:
    mine = address_set("198.51.100.0/24")
    assert (read(pod()).pods[0].addresses, read(pod(), addresses=mine).pods[0].addresses) == (POD_RANGES, mine)


def test_a_host_network_pod_is_one() -> None:
    assert read(pod(spec={"hostNetwork": True})).pods[0].host_network


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_pods_that_have_ended_are_passed_over(phase: str) -> None:
    found = read(pod(status={"phase": phase}))
    assert (found.pods, found.passed_over) == ((), {"v1 Pod (finished)": 1})


def test_what_makes_pods_is_read_as_pods_without_a_name() -> None:
    template = {"metadata": {"labels": {"app": "y"}}, "spec": {"containers": []}}
    manifest = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "d"},
        "spec": {"template": template},
    }
    (one,) = read(manifest).pods
    assert (one.name, one.owner, one.labels) == ("", "Deployment/d", labels_of({"app": "y"}))


def test_a_cron_jobs_pod_is_found() -> None:
    template = {"metadata": {"labels": {"app": "z"}}, "spec": {"containers": []}}
    spec = {"jobTemplate": {"spec": {"template": template}}}
    manifest = {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "c"}, "spec": spec}
    assert read(manifest).pods[0].labels == labels_of({"app": "z"})


def test_one_bad_object_is_reported_and_the_others_are_read() -> None:
    bad = policy("bad", "a", {"podSelector": {"matchLabels": {"n": 1}}})
    found = parse_cluster([bad, policy("good", "a", {})])
    assert [one.name for one in found.policies] == ["good"]
    assert [one.where for one in found.problems] == ["NetworkPolicy/a/bad spec.podSelector.matchLabels.n"]


def test_of_two_objects_of_one_name_the_last_counts_and_it_is_said() -> None:
    found = parse_cluster([policy("p", "a", {}), policy("p", "a", {"egress": [{}]})])
    assert [one.types for one in found.policies] == [{INGRESS, EGRESS}]
    assert [str(one) for one in found.problems] == [
        "NetworkPolicy/a/p: is defined more than once, and only the last one counts; keep one of them"
    ]
