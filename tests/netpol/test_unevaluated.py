"""Objects that are not evaluated, as they are read: who they are, and what they may change."""

from __future__ import annotations

from typing import Any

import pytest

from vcluster_isolation.netpol.engine.evaluate import Evaluator
from vcluster_isolation.netpol.objects.model import Pod, namespace
from vcluster_isolation.netpol.objects.verdict import Mode
from vcluster_isolation.netpol.parse.parse import parse_cluster
from vcluster_isolation.netpol.sets.ports import ALL, NONE
from vcluster_isolation.netpol.unevaluated import UnevaluatedPolicy, caveats, closed, listed, opened

Json = dict[str, Any]


def thing(api_version: str, kind: str, name: Any = "x", space: Any = None, **rest: Any) -> Json:
    metadata = {"name": name, **({} if space is None else {"namespace": space})}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **rest}


def read(*items: Any, home: str = "home") -> tuple[UnevaluatedPolicy, ...]:
    found = parse_cluster(items, home=home)
    assert not found.problems
    return found.not_evaluated


CILIUM = ("cilium.io/v2", "CiliumNetworkPolicy")


def test_an_object_keeps_its_identity() -> None:
    (found,) = read(thing(*CILIUM, "open", "shop"))
    assert str(found) == "CiliumNetworkPolicy/shop/open (cilium.io/v2)"
    assert found.as_dict() == {
        "api_version": "cilium.io/v2",
        "kind": "CiliumNetworkPolicy",
        "namespace": "shop",
        "name": "open",
        "effect": "opens-and-closes",
        "meaning": "may open and close what NetworkPolicies say",
    }


def test_one_of_a_namespaced_kind_concerns_its_namespace_only() -> None:
    found = {one.name: one for one in read(thing(*CILIUM, "here"), thing(*CILIUM, "there", "shop"))}
    assert found["here"].namespace == "home"
    assert found["here"].concerns({"home"})
    assert not found["there"].concerns({"home"})
    assert found["there"].concerns({"shop", "home"})


@pytest.mark.parametrize(
    "item",
    [
        thing("foo.example.com/v1", "WeirdPolicy", space="shop"),
        thing("networking.k8s.io/v2", "NetworkPolicy", space="shop"),
        thing(*CILIUM, space=["shop"]),
        thing(*CILIUM, space="No Name"),
        {"apiVersion": CILIUM[0], "kind": CILIUM[1], "metadata": [1], "spec": 3},
        {"apiVersion": CILIUM[0], "kind": CILIUM[1], "metadata": "shop"},
        {"apiVersion": CILIUM[0], "kind": CILIUM[1]},
        thing("networking.k8s.aws/v1alpha1", "ClusterPolicyEndpoint"),
        thing("security.istio.io/v1", "AuthorizationPolicy", space="istio-system"),
        thing("cilium.io/v2", "CiliumClusterwideNetworkPolicy"),
    ],
)
def test_one_of_which_nobody_knows_whom_it_selects_concerns_everybody(item: Json) -> None:
    (found,) = read(item)
    assert found.concerns({"anywhere"})


def test_hostile_names_are_quoted_and_escaped() -> None:
    (found,) = read(thing("foo.example.com/v1\x1b", "Weird\nPolicy", "\x1b[31m", "\u202e"))
    assert str(found) == r'Weird\nPolicy/"\u202e"/"\u001b[31m" (foo.example.com/v1\u001b)'
    assert str(found).isprintable()


@pytest.mark.parametrize("metadata", [None, 5, [], {}, {"name": None}])
def test_an_object_without_a_name_counts(metadata: Any) -> None:
    (found,) = read({"apiVersion": "x.io/v1", "kind": "Firewall", "metadata": metadata})
    assert str(found) == "Firewall/(no name) (x.io/v1)"


def test_items_of_a_list_are_read_one_by_one() -> None:
    items = [{"metadata": {"name": name}} for name in "ab"]
    assert [one.name for one in read({"apiVersion": "x.io/v1", "kind": "FooPolicyList", "items": items})] == ["a", "b"]
    assert [one.kind for one in read({"apiVersion": "x.io/v1", "kind": "FooPolicyList", "items": 5})] == [
        "FooPolicyList"
    ]


@pytest.mark.parametrize(
    ("spec", "counts"),
    [
        ({}, False),
        ({"private": False, "acls": []}, False),
        ({"private": True}, True),
        ({"acls": [{}]}, True),
        (7, True),
    ],
)
def test_a_subnet_of_kube_ovn_counts_with_access_rules_only(spec: Any, *, counts: bool) -> None:
    assert bool(read(thing("kubeovn.io/v1", "Subnet", spec=spec))) is counts


def test_what_has_no_say_is_passed_over_and_what_says_nothing_yet_is_kept_for_a_note() -> None:
    admission = thing("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy")
    staged = thing("projectcalico.org/v3", "StagedGlobalNetworkPolicy")
    found = parse_cluster([admission, staged])
    assert found.passed_over == {"admissionregistration.k8s.io/v1 ValidatingAdmissionPolicy": 1}
    (kept,) = found.not_evaluated
    assert (kept.opens, kept.closes, kept.changes, kept.concerns({"x"})) == (False, False, False, False)


KUBERNETES = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "NetworkPolicy",
    "metadata": {"name": "deny", "namespace": "shop"},
    "spec": {"podSelector": {}},
}


def test_calicos_view_of_a_policy_that_was_read_is_nothing_more() -> None:
    mirror = thing("projectcalico.org/v3", "NetworkPolicy", "knp.default.deny", "shop")
    assert read(mirror, KUBERNETES) == ()
    others = [
        thing("projectcalico.org/v3", "NetworkPolicy", "knp.default.other", "shop"),
        thing("projectcalico.org/v3", "NetworkPolicy", "knp.default.deny", "elsewhere"),
        thing("projectcalico.org/v3", "NetworkPolicy", "deny", "shop"),
        thing("crd.projectcalico.org/v1", "NetworkPolicy", "knp.default.deny", "shop"),
        thing("projectcalico.org/v3", "GlobalNetworkPolicy", "knp.default.deny", "shop"),
    ]
    assert len(read(KUBERNETES, *others)) == len(others)
    assert len(read(mirror)) == 1


def endpoint(called: str, space: str = "shop", kind: str = "PolicyEndpoint", **reference: str) -> Json:
    return thing("networking.k8s.aws/v1alpha1", kind, called, space, spec={"policyRef": reference, "podSelector": {}})


def test_the_addresses_that_aws_works_out_for_a_policy_that_was_read_are_nothing_more() -> None:
    assert read(endpoint("deny-x7k2p", name="deny", namespace="shop"), KUBERNETES) == ()
    long = {**KUBERNETES, "metadata": {"name": "n" * 63, "namespace": "shop"}}
    assert read(endpoint("n" * 58 + "x7k2p", name="n" * 63, namespace="shop"), long) == ()
    others = [
        endpoint("deny-x7k2p", name="other", namespace="shop"),
        endpoint("deny-x7k2q", name="deny", namespace="elsewhere"),
        endpoint("deny-x7k2r", "elsewhere", name="deny", namespace="shop"),
        endpoint("deny-x7k2s"),
        endpoint("deny-x7k2t", name="deny"),
        endpoint("handmade", name="deny", namespace="shop"),
        endpoint("deny-x7k2u", kind="ClusterPolicyEndpoint", name="deny", namespace="shop"),
        thing("networking.k8s.aws/v1alpha1", "PolicyEndpoint", "deny-x7k2v", "shop", spec=[]),
        thing("networking.k8s.aws/v1alpha1", "PolicyEndpoint", "deny-x7k2w", "shop", spec={"policyRef": ["deny"]}),
    ]
    found = read(KUBERNETES, *others)
    assert {one.name for one in found} == {item["metadata"]["name"] for item in others}
    assert all(one.opens and one.closes for one in found)


def test_the_same_of_a_cluster_scoped_policy() -> None:
    mirror = thing("networking.k8s.aws/v1alpha1", "ClusterPolicyEndpoint", "t-x7k2p", spec={"policyRef": {"name": "t"}})
    assert read(mirror, tier("Deny", EVERYBODY)) == ()
    assert len(read(mirror)) == 1
    admin = {
        **TIER,
        "apiVersion": "policy.networking.k8s.io/v1alpha1",
        "kind": "AdminNetworkPolicy",
        "spec": {"priority": 1, "subject": EVERYBODY},
    }
    assert read(endpoint("t-x7k2p", "kube-system", name="t", namespace="kube-system"), admin) == ()


def test_objects_that_say_the_same_have_the_same_content_whatever_their_metadata() -> None:
    one, two, other = (read(thing(*CILIUM, "x", "a", spec=spec))[0] for spec in ({"a": 1}, {"a": 1}, {"a": 2}))
    assert one == two
    assert one != other
    loop: Json = {}
    loop["itself"] = loop
    assert read(thing(*CILIUM, spec=loop))[0].content
    assert read(thing(*CILIUM, spec={1: 2, "a": 3}))[0].content


def test_long_lists_are_cut_and_each_effect_has_a_line() -> None:
    five = read(*(thing(*CILIUM, f"p{at}", "a") for at in range(5)), thing("k8s.cni.cncf.io/v1", "MultiNetworkPolicy"))
    first = "CiliumNetworkPolicy/a/p0 (cilium.io/v2)"
    assert listed(five).startswith(f"{first}, ")
    assert listed(five).endswith(" and 3 more")
    assert [line.rpartition(": ")[2] for line in caveats(five)] == [
        "may open and close what NetworkPolicies say",
        "acts on further interfaces of pods only",
    ]


TIER: Json = {
    "apiVersion": "policy.networking.k8s.io/v1alpha2",
    "kind": "ClusterNetworkPolicy",
    "metadata": {"name": "t"},
    "spec": {"tier": "Admin", "priority": 1},
}
EVERYBODY: Json = {"namespaces": {}}


def tier(action: str, subject: Json) -> Json:
    rule = {"action": action, "from": [EVERYBODY]}
    return {**TIER, "spec": {**TIER["spec"], "subject": subject, "ingress": [rule]}}


def named(name: str) -> Json:
    return {"namespaces": {"matchLabels": {"kubernetes.io/metadata.name": name}}}


@pytest.mark.parametrize("subject", [EVERYBODY, named("shop")])
def test_the_worst_that_can_be_opened_or_closed_in_a_namespace(subject: Json) -> None:
    shop, other = Pod(namespace("shop")), Pod(namespace("other"))
    for action, worst, expected in (("Deny", opened, ALL), ("Accept", closed, NONE), ("Pass", closed, NONE)):
        cluster = parse_cluster([KUBERNETES, tier(action, subject)])
        policies, tiers = worst((cluster.policies, cluster.tiers), {"shop"})
        assert Evaluator(policies, tiers).allowed(other, shop, Mode.MAY) == expected
        assert Evaluator(policies, tiers).allowed(other, shop, Mode.MUST) == expected


def test_policies_of_other_namespaces_stay_as_they_are() -> None:
    cluster = parse_cluster([KUBERNETES, tier("Deny", named("shop"))])
    for worst in (opened, closed):
        policies, tiers = worst((cluster.policies, cluster.tiers), {"other"})
        assert set(cluster.policies) <= set(policies)
        assert tiers == cluster.tiers
