"""Random clusters with cluster-scoped policies, for Hypothesis; and the manifests of single ones."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.netpol.clusters import (
    CIDRS,
    NAMES,
    NUMBERS,
    PROTOCOLS,
    clusters,
    joined,
    mostly,
    namespace_selectors,
    selectors,
    sometimes,
)

Json = dict[str, Any]

ADMIN, BASELINE, CLUSTER = "AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "ClusterNetworkPolicy"
BETA, AWS = "ClusterNetworkPolicy of v1beta1", "ClusterNetworkPolicy of AWS"
GROUP = "policy.networking.k8s.io"
VERSIONS = {
    ADMIN: f"{GROUP}/v1alpha1",
    BASELINE: f"{GROUP}/v1alpha1",
    CLUSTER: f"{GROUP}/v1alpha2",
    BETA: f"{GROUP}/v1beta1",
    AWS: "networking.k8s.aws/v1alpha1",
}


def tier_policy(kind: str, name: str, spec: Json) -> Json:
    """The manifest of a cluster-scoped policy."""
    return {
        "apiVersion": VERSIONS[kind],
        "kind": kind.partition(" ")[0],
        "metadata": {"name": name},
        "spec": spec,
    }


pod_peers = mostly(
    (3, st.just({"namespaces": {}})),
    (2, namespace_selectors.map(lambda one: {"namespaces": one})),
    (
        4,
        st.fixed_dictionaries({"namespaceSelector": namespace_selectors, "podSelector": selectors}).map(
            lambda one: {"pods": one}
        ),
    ),
)
address_peers = mostly(
    (
        4,
        st.lists(st.sampled_from(sorted(CIDRS)), min_size=1, max_size=2, unique=True).map(
            lambda one: {"networks": one}
        ),
    ),
    (1, st.sampled_from(({}, {"matchLabels": {"app": "one"}})).map(lambda one: {"nodes": one})),
    (1, st.just({"domainNames": ["*.example.com"]})),
)
WITHOUT = {BASELINE: "domainNames", AWS: "nodes"}
"""The peer that a kind does not have."""
ranges = st.sampled_from(((53, 80), (80, 8000), (1, 65535), (8000, 8001)))


def of_alpha1(*, names: bool) -> st.SearchStrategy[Json]:
    """An item of `ports`."""
    protocol = sometimes("protocol", st.sampled_from(PROTOCOLS))
    numbers = joined(protocol, st.sampled_from(NUMBERS).map(lambda one: {"port": one}))
    spans = joined(protocol, ranges.map(lambda one: {"start": one[0], "end": one[1]}))
    named = st.sampled_from(NAMES).map(lambda one: {"namedPort": one})
    kinds = [
        (2, numbers.map(lambda one: {"portNumber": one})),
        (2, spans.map(lambda one: {"portRange": one})),
        *([(3, named)] if names else []),
    ]
    return mostly(*kinds)


def of_alpha2(*, names: bool) -> st.SearchStrategy[Json]:
    """An item of `protocols`."""
    numbers = st.sampled_from(NUMBERS).map(lambda one: {"number": one})
    spans = ranges.map(lambda one: {"range": {"start": one[0], "end": one[1]}})
    kinds = st.tuples(st.sampled_from(("tcp", "udp", "sctp")), st.one_of(numbers, spans))
    named = st.sampled_from(NAMES).map(lambda one: {"destinationNamedPort": one})
    found = kinds.map(lambda one: {one[0]: {"destinationPort": one[1]}})
    return mostly((4, found), (3, named)) if names else found


@st.composite
def tier_rules(draw: st.DrawFn, kind: str, side: str) -> Json:
    actions = {ADMIN: ("Allow", "Deny", "Pass"), BASELINE: ("Allow", "Deny")}.get(kind, ("Accept", "Deny", "Pass"))
    wide = side == "to" and draw(st.booleans())
    addresses = address_peers.filter(lambda one: WITHOUT.get(kind, "") not in one)
    one = st.one_of(pod_peers, addresses) if wide else pod_peers
    found = draw(st.lists(one, min_size=1, max_size=2))
    names = kind != AWS and not any({"networks", "nodes", "domainNames"} & peer.keys() for peer in found)
    field, item = ("protocols", of_alpha2) if kind in {CLUSTER, BETA} else ("ports", of_alpha1)
    listed = st.lists(item(names=names), min_size=1, max_size=2)
    ports = draw(mostly((2, st.just({})), (1, st.just({field: None})), (5, listed.map(lambda some: {field: some}))))
    return {"action": draw(st.sampled_from(actions)), side: found, **ports}


@st.composite
def tier_policies(draw: st.DrawFn, at: int) -> Json:
    kind = draw(st.sampled_from((ADMIN, BASELINE, CLUSTER, BETA, AWS, AWS)))
    spec: Json = {"subject": draw(pod_peers)}
    if kind != BASELINE:
        spec["priority"] = draw(st.sampled_from((0, 1, 1, 100)))
    if kind in {CLUSTER, BETA, AWS}:
        spec["tier"] = draw(st.sampled_from(("Admin", "Baseline")))
    for field, side in (("ingress", "from"), ("egress", "to")):
        rules = st.lists(tier_rules(kind, side), min_size=1, max_size=3)
        spec |= draw(sometimes(field, rules, 6))
    return tier_policy(kind, f"t{at}", spec)


tiered_clusters = st.tuples(
    clusters,
    st.integers(1, 3).flatmap(lambda count: st.tuples(*(tier_policies(at) for at in range(count)))),
).map(lambda both: {**both[0], "tiers": list(both[1])})
