"""Random clusters for Hypothesis, as manifests; and the same endpoints for the real and for the naive evaluator.

Few keys, values, names, ports and networks, so that things often meet: selectors that look at missing keys and at
empty values, networks that touch or contain each other, both families, names that several ports bear.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from vcluster_isolation.netpol.objects.model import Endpoint, External, Pod
from vcluster_isolation.netpol.parse.parse import Cluster, parse_cluster
from vcluster_isolation.netpol.sets.addresses import address_set

Json = dict[str, Any]

NAMESPACES = ("a", "b")
KEYS = ("app", "tier")
VALUES = ("", "one", "two")
NAMES = ("web", "dns")
PROTOCOLS = ("TCP", "UDP", "SCTP")
NUMBERS = (53, 80, 8000)
PROBED = (53, 54, 79, 80, 8000, 8001, 65535)
ADDRESSES = ("10.0.0.1", "10.0.0.2", "10.0.1.1", "8.8.8.8", "fd00::1", "fd00::1:1", "2001:db8::1")
CIDRS: dict[str, tuple[str, ...]] = {
    "0.0.0.0/0": ("10.0.0.0/8", "10.0.0.1/32", "8.0.0.0/8"),
    "10.0.0.0/8": ("10.0.0.0/24", "10.0.1.0/24", "10.0.0.1/32"),
    "10.0.0.0/24": ("10.0.0.1/32", "10.0.0.2/31"),
    "8.8.8.8/32": (),
    "::/0": ("fd00::/8", "2001:db8::/32"),
    "fd00::/64": ("fd00::/112",),
    "2001:db8::1/128": (),
}
BOTH = ["Ingress", "Egress"]


def mostly(*weighted: tuple[int, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    """One of the strategies, each as often as its weight says (`one_of` would take equal ones once)."""
    return st.sampled_from([strategy for weight, strategy in weighted for _ in range(weight)]).flatmap(_itself)


def _itself(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return strategy


def sometimes(field: str, present: st.SearchStrategy[Any], weight: int = 4) -> st.SearchStrategy[Json]:
    """A field that mostly is there, and sometimes is missing or null."""
    there = present.map(lambda value: {field: value})
    return mostly((weight, there), (1, st.just({})), (1, st.just({field: None})))


def joined(*parts: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    """One mapping of all the fields."""
    return st.tuples(*parts).map(lambda found: {key: value for part in found for key, value in part.items()})


def with_values(operator: str) -> st.SearchStrategy[Json]:
    values = st.sampled_from(([""], ["one"], ["", "one"], ["one", "two"], ["", "two"]))
    return st.fixed_dictionaries({"key": st.sampled_from(KEYS), "operator": st.just(operator), "values": values})


labels = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES), max_size=2)
requirements = mostly(
    (2, with_values("In")),
    (2, with_values("NotIn")),
    (2, st.fixed_dictionaries({"key": st.sampled_from(KEYS), "operator": st.sampled_from(("Exists", "DoesNotExist"))})),
)
match_labels = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES), max_size=2)
expressions = st.lists(requirements, min_size=1, max_size=2)
selectors = mostly(
    (1, st.just({})),
    (2, sometimes("matchLabels", match_labels)),
    (3, sometimes("matchExpressions", expressions)),
    (2, joined(sometimes("matchLabels", match_labels), sometimes("matchExpressions", expressions))),
)
name_selectors = st.sampled_from(NAMESPACES).map(lambda name: {"matchLabels": {"kubernetes.io/metadata.name": name}})
namespace_selectors = mostly((2, selectors), (1, name_selectors))


@st.composite
def blocks(draw: st.DrawFn) -> Json:
    cidr = draw(st.sampled_from(sorted(CIDRS)))
    excepts = draw(st.lists(st.sampled_from(CIDRS[cidr]), max_size=2)) if CIDRS[cidr] else []
    written = {"except": excepts} if excepts else draw(sometimes("except", st.just(excepts)))
    return {"ipBlock": {"cidr": cidr, **written}}


peers = mostly(
    (2, joined(selectors.map(lambda one: {"podSelector": one}), sometimes("namespaceSelector", st.nothing(), 0))),
    (1, namespace_selectors.map(lambda one: {"namespaceSelector": one})),
    (2, st.fixed_dictionaries({"podSelector": selectors, "namespaceSelector": namespace_selectors})),
    (2, blocks()),
)


@st.composite
def ports(draw: st.DrawFn) -> Json:
    item = dict(draw(sometimes("protocol", st.sampled_from(("TCP", *PROTOCOLS)))))
    kind = draw(st.sampled_from(("missing", "null", *["name"] * 5, "number", "number", "range")))
    if kind == "null":
        item["port"] = None
    elif kind == "name":
        item["port"] = draw(st.sampled_from(NAMES))
    elif kind in {"number", "range"}:
        item["port"] = draw(st.sampled_from(NUMBERS))
    if kind == "range":
        item["endPort"] = draw(st.sampled_from((item["port"], item["port"] + 1, 65535)))
    return item


def rules(field: str, peer: st.SearchStrategy[Json] = peers) -> st.SearchStrategy[Json]:
    some = mostly((8, st.lists(peer, min_size=1, max_size=2)), (1, st.just([])))
    few = mostly((2, st.lists(ports(), min_size=1, max_size=2)), (1, st.just([])))
    return joined(sometimes(field, some, 8), sometimes("ports", few))


def listed(field: str) -> st.SearchStrategy[list[Json]]:
    return mostly((6, st.lists(rules(field), min_size=1, max_size=2)), (1, st.just([])))


specs = joined(
    sometimes("podSelector", selectors, 1),
    sometimes("policyTypes", st.sampled_from((BOTH[:1], BOTH[:1], BOTH[1:], BOTH[1:], BOTH, [])), 10),
    sometimes("ingress", listed("from"), 6),
    sometimes("egress", listed("to"), 6),
)
named_peers = mostly((1, peers), (2, st.just({"domainNames": ["example.com", "*.example.org"]})))
application_specs = joined(
    sometimes("podSelector", selectors, 1),
    st.sampled_from((BOTH[:1], BOTH[1:], BOTH[1:], BOTH)).map(lambda types: {"policyTypes": types}),
    sometimes("ingress", listed("from"), 1),
    sometimes("egress", st.lists(rules("to", named_peers), min_size=1, max_size=2), 6),
)

container_ports = st.fixed_dictionaries(
    {"name": st.sampled_from(NAMES), "containerPort": st.sampled_from(NUMBERS)},
    optional={"protocol": st.sampled_from(("TCP", *PROTOCOLS)), "sometimes": st.just(value=True)},
)
naive_pods = st.fixed_dictionaries(
    {
        "namespace": st.sampled_from(NAMESPACES),
        "labels": labels,
        "ports": mostly((4, st.lists(container_ports, min_size=2, max_size=4)), (1, st.none())),
        "addresses": st.lists(st.sampled_from(ADDRESSES), min_size=1, max_size=2, unique=True),
        "hostNetwork": st.sampled_from((False,) * 6 + (True,)),
    }
)
naive_outside = st.fixed_dictionaries(
    {"addresses": st.lists(st.sampled_from(ADDRESSES), min_size=1, max_size=3, unique=True), "node": st.booleans()}
)
space_labels = mostly((4, labels), (1, st.just({"kubernetes.io/metadata.name": "b"})))
clusters = st.fixed_dictionaries(
    {
        "namespaces": st.fixed_dictionaries(dict.fromkeys(NAMESPACES, space_labels)),
        "policies": st.tuples(
            st.lists(st.tuples(st.sampled_from(NAMESPACES), specs), min_size=1, max_size=3).map(
                lambda found: [policy(f"p{at}", space, spec) for at, (space, spec) in enumerate(found)]
            ),
            st.lists(st.tuples(st.sampled_from(NAMESPACES), application_specs), max_size=1).map(
                lambda found: [application_policy("of-aws", *one) for one in found]
            ),
        ).map(lambda both: [*both[0], *both[1]]),
    }
)


def policy(name: str, space: str, spec: Json) -> Json:
    """The manifest of a NetworkPolicy."""
    metadata = {"name": name, "namespace": space}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}


def application_policy(name: str, space: str, spec: Json) -> Json:
    """The manifest of an ApplicationNetworkPolicy of AWS."""
    kind = {"apiVersion": "networking.k8s.aws/v1alpha1", "kind": "ApplicationNetworkPolicy"}
    return {**policy(name, space, spec), **kind}


def pod_manifest(end: Json, name: str) -> Json:
    """The manifest of a naive pod, as a cluster would show it."""
    always = [
        {k: v for k, v in one.items() if k != "sometimes"} for one in end["ports"] or [] if not one.get("sometimes")
    ]
    init = [{k: v for k, v in one.items() if k != "sometimes"} for one in end["ports"] or [] if one.get("sometimes")]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": end["namespace"], "labels": end["labels"]},
        "spec": {
            "hostNetwork": end["hostNetwork"],
            "containers": [{"ports": always}],
            "initContainers": [{"ports": init}],
        },
        "status": {"phase": "Running", "podIPs": [{"ip": one} for one in end["addresses"]]},
    }


def real(cluster: Json, ends: list[Json]) -> tuple[Cluster, list[Endpoint]]:
    """Read the cluster and the endpoints with the real parser; pods stay in their order."""
    spaces = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": found}}
        for name, found in cluster["namespaces"].items()
    ]
    pods = [pod_manifest(end, f"pod-{at}") for at, end in enumerate(ends) if "namespace" in end]
    policies = [*cluster["policies"], *cluster.get("tiers", [])]
    read = parse_cluster([*spaces, *pods, {"kind": "List", "items": policies}])
    assert read.problems == ()
    by_name = {pod.name: pod for pod in read.pods}
    return read, [_end(end, by_name.get(f"pod-{at}"), at) for at, end in enumerate(ends)]


def _end(end: Json, pod: Pod | None, at: int) -> Endpoint:
    if pod is None:
        return External(f"outside-{at}", address_set(*end["addresses"]), node=end["node"])
    return replace(pod, ports=None) if end["ports"] is None else pod
