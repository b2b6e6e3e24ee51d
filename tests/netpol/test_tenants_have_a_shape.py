"""Tenants that differ in nothing but names have one shape, and equal shapes have equal verdicts."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.netpol.cast import evaluator, ingress
from tests.netpol.clusters import Json, clusters, naive_pods, real
from tests.netpol.fleet import policies
from vcluster_isolation.netpol.engine.canonical import (
    check_names,
    renamed_labels,
    shape_of_policies,
)
from vcluster_isolation.netpol.engine.evaluate import Evaluator
from vcluster_isolation.netpol.objects.model import labels_of
from vcluster_isolation.netpol.objects.verdict import Mode
from vcluster_isolation.netpol.parse.parse import parse_cluster


def shape(name: str, space: str) -> Any:
    found = parse_cluster(policies(name, space)).policies
    return shape_of_policies(found, {space: "<namespace>", name: "<tenant>"})


def test_tenants_with_other_names_have_one_shape() -> None:
    assert shape("one", "vcluster-one") == shape("two", "somewhere-else")


def test_a_tenant_that_is_called_like_something_else_has_a_shape_of_its_own() -> None:
    assert shape("one", "vcluster-one") != shape("loft", "vcluster-loft")


def test_a_wider_rule_makes_another_shape() -> None:
    first, second = (
        shape_of_policies(evaluator(ingress(rule)).policies(), {}) for rule in ({"ports": [{"port": 80}]}, {})
    )
    assert first != second


def test_a_renaming_must_be_one_to_one() -> None:
    with pytest.raises(ValueError, match="distinct"):
        check_names({"a": "<x>", "b": "<x>"})
    with pytest.raises(ValueError, match="distinct"):
        check_names({"a": "b"})


def test_labels_are_renamed_by_value() -> None:
    labels = labels_of({"owner": "one", "one": "x"})
    assert renamed_labels(labels, {"one": "<tenant>"}) == labels_of({"owner": "<tenant>", "one": "x"})


def renamed(policy: Json, old: str, new: str) -> Json:
    """A manifest with a namespace renamed wherever it is one."""
    spec = policy["spec"]
    swapped = {
        way: [
            {**rule, field: [_swap(peer, old, new) for peer in rule.get(field) or []]} for rule in spec.get(way) or []
        ]
        for way, field in (("ingress", "from"), ("egress", "to"))
    }
    space = policy["metadata"]["namespace"]
    return {
        **policy,
        "metadata": {**policy["metadata"], "namespace": new if space == old else space},
        "spec": {**spec, **swapped},
    }


def _swap(peer: Json, old: str, new: str) -> Json:
    labels = {"kubernetes.io/metadata.name": old}
    if (peer.get("namespaceSelector") or {}).get("matchLabels") != labels:
        return peer
    return {**peer, "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": new}}}


@given(clusters, st.lists(naive_pods, min_size=2, max_size=3))
@settings(deadline=None)
def test_renaming_a_tenant_changes_neither_its_shape_nor_its_verdicts(cluster: Json, found: list[Json]) -> None:
    moved = {
        "namespaces": {{"a": "z"}.get(name, name): labels for name, labels in cluster["namespaces"].items()},
        "policies": [renamed(policy, "a", "z") for policy in cluster["policies"]],
    }
    pods = [{**pod, "namespace": {"a": "z"}.get(pod["namespace"], pod["namespace"])} for pod in found]
    before, after = outcome(cluster, found, "a"), outcome(moved, pods, "z")
    assert before == after


def outcome(cluster: Json, found: list[Json], name: str) -> tuple[Any, ...]:
    """The shape of policies, and all verdicts, with the namespace `name` renamed."""
    read, ends = real(cluster, found)
    rename = {name: "<namespace>"}
    judge = Evaluator(read.policies)
    verdicts = [str(judge.allowed(a, b, mode)) for a in ends for b in ends for mode in Mode]
    return shape_of_policies(read.policies, rename), verdicts
