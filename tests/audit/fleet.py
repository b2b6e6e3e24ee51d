"""Host clusters of many vClusters that are not all alike, as kubectl prints them: the chart's own output, and accidents.

Each configuration is a situation of tests/situations, rendered by the chart, with five pods, and something done to it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.subject.subjects import VALUES
from vcluster_isolation.helm import render_cache
from vcluster_isolation.helm.template import Request

Json = dict[str, Any]

NAME, SPACE = "tenant-name", "tenant-space"
"""Stand for a vCluster's name and namespace in the text of a configuration."""

DATABASE = "172.30.250.250/32"
"""Stands for an address that each vCluster has for itself."""

JOBS = f"{SPACE}-jobs"
"""Stands for a namespace that the vCluster maps."""

PORT = 31999
"""Stands for a port that each vCluster has for itself."""

MANAGED = "vcluster.loft.sh/managed-by"
VIRTUAL = "vcluster.loft.sh/namespace"
SYNCED = {MANAGED: NAME, VIRTUAL: "default"}


@cache
def rendered(situation: str) -> str:
    """The chart's policies in a situation, as JSON, cluster-scoped ones among them."""
    text = render_cache.template(Request((VALUES / f"{situation}.yaml",), name=NAME, namespace=SPACE))
    return json.dumps([one for one in yaml.safe_load_all(text) if one and one["kind"].endswith("NetworkPolicy")])


def space(name: str, **labels: str) -> Json:
    """A namespace."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def pod(name: str, labels: dict[str, str], *, home: str = SPACE, address: str = "", host: bool = False) -> Json:
    """A running pod."""
    spec: Json = {"containers": [{"name": "main", "ports": [{"name": "web", "containerPort": 8080}]}]}
    if host:
        spec["hostNetwork"] = True
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": home, "labels": labels},
        "spec": spec,
        "status": {"phase": "Running", "podIPs": [{"ip": address}] if address else []},
    }


def policy(name: str, spec: Json, home: str = SPACE) -> Json:
    """A NetworkPolicy."""
    metadata = {"name": name, "namespace": home}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}


def pods() -> list[Json]:
    """The five pods of a vCluster."""
    dns = {MANAGED: NAME, VIRTUAL: "kube-system", "k8s-app": "vcluster-kube-dns"}
    return [
        pod(f"{NAME}-0", {"app": "vcluster", "release": NAME}, address="10.0.0.1"),
        pod(f"coredns-x-kube-system-x-{NAME}", dns, address="10.0.0.2"),
        *(
            pod(f"{app}-x-default-x-{NAME}", {**SYNCED, "app": app}, address=f"10.0.0.{at}")
            for at, app in enumerate(("web", "db", "cache"), 3)
        ),
    ]


Change = Callable[[list[Json]], list[Json]]


def same(objects: list[Json]) -> list[Json]:
    """Nothing is done."""
    return objects


def without(*names: str) -> Change:
    """Some objects are gone."""
    return lambda objects: [one for one in objects if not one["metadata"]["name"].startswith(names)]


def plus(*more: Json) -> Change:
    """There is something more."""
    return lambda objects: [*objects, *more]


def instead(old: str, new: str, change: Change) -> Change:
    """One text stands for another; then something is done."""
    return lambda objects: change(json.loads(json.dumps(objects).replace(json.dumps(old), json.dumps(new))))


def no_policies(objects: list[Json]) -> list[Json]:
    """Nobody isolated it."""
    return [one for one in objects if one["kind"] != "NetworkPolicy"]


REOPENED = policy(
    f"open-x-default-x-{NAME}", {"podSelector": {"matchLabels": SYNCED}, "egress": [{}], "policyTypes": ["Egress"]}
)
ADMITTING = policy(f"in-x-default-x-{NAME}", {"podSelector": {"matchLabels": SYNCED}, "ingress": [{}]})
TO_DATABASE = policy(
    "database",
    {
        "podSelector": {"matchLabels": {MANAGED: NAME}},
        "policyTypes": ["Egress"],
        "egress": [{"to": [{"ipBlock": {"cidr": DATABASE}}], "ports": [{"port": 5432}]}],
    },
)
OWN_PORT = policy(
    "own-port",
    {
        "podSelector": {"matchLabels": {MANAGED: NAME}},
        "policyTypes": ["Egress"],
        "egress": [{"to": [{"ipBlock": {"cidr": DATABASE}}], "ports": [{"port": PORT}]}],
    },
)
FROM_TEAM = policy(
    "from-team",
    {
        "podSelector": {"matchLabels": {"release": NAME}},
        "ingress": [{"from": [{"namespaceSelector": {"matchLabels": {"team": "a"}}, "podSelector": {}}]}],
    },
)
TO_ALL = policy(
    "to-all",
    {
        "podSelector": {"matchLabels": {MANAGED: NAME}},
        "policyTypes": ["Egress"],
        "egress": [{"to": [{"namespaceSelector": {}, "podSelector": {"matchLabels": {"role": "public"}}}]}],
    },
)
BY_NAME = policy(
    "by-name",
    {
        "podSelector": {},
        "ingress": [
            {
                "from": [
                    {
                        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": SPACE}},
                        "podSelector": {"matchLabels": {"release": NAME}},
                    }
                ]
            }
        ],
    },
)
TO_ADDRESSES = policy(
    "to-addresses",
    {
        "podSelector": {"matchLabels": {MANAGED: NAME}},
        "policyTypes": ["Egress"],
        "egress": [{"to": [{"ipBlock": {"cidr": "10.1.0.0/23"}}, {"ipBlock": {"cidr": "10.200.0.0/24"}}]}],
    },
)
FROM_ADDRESSES = policy(
    "from-addresses",
    {
        "podSelector": {"matchLabels": {MANAGED: NAME}},
        "ingress": [{"from": [{"ipBlock": {"cidr": "10.1.1.0/24"}}, {"ipBlock": {"cidr": "192.168.7.0/24"}}]}],
    },
)
AWAY = (
    space(f"{SPACE}-away", **{"vcluster.loft.sh/vcluster-name": NAME, "vcluster.loft.sh/vcluster-namespace": SPACE}),
    pod("away", SYNCED, home=f"{SPACE}-away", address="10.0.0.8"),
)
MAPPED = (space(JOBS), pod("mapped", SYNCED, home=JOBS, address="10.0.0.8"), pod("unrelated", {"app": "x"}, home=JOBS))
SNAPSHOT = pod("snapshot", {"app": "vcluster-snapshot"}, address="10.0.0.9")


def admin(name: str, priority: int, subject: Json, **rules: list[Json]) -> Json:
    """An AdminNetworkPolicy."""
    metadata, spec = {"name": name}, {"priority": priority, "subject": subject, **rules}
    api = "policy.networking.k8s.io/v1alpha1"
    return {"apiVersion": api, "kind": "AdminNetworkPolicy", "metadata": metadata, "spec": spec}


def baseline(subject: Json, **rules: list[Json]) -> Json:
    """The BaselineAdminNetworkPolicy."""
    whole = admin("default", 0, subject, **rules)
    del whole["spec"]["priority"]
    return {**whole, "kind": "BaselineAdminNetworkPolicy"}


def act(action: str, side: str, *peers: Json, port: int = 0) -> Json:
    """A rule of a cluster-scoped policy."""
    ports = {"ports": [{"portNumber": {"port": port, "protocol": "TCP"}}]} if port else {}
    return {"action": action, side: list(peers), **ports}


EVERYBODY: Json = {"namespaces": {}}
IN_TEAM = {"namespaces": {"matchLabels": {"team": "a"}}}
WORKLOADS = {
    "pods": {"namespaceSelector": {}, "podSelector": {"matchExpressions": [{"key": MANAGED, "operator": "Exists"}]}}
}
PUBLIC = {"pods": {"namespaceSelector": {}, "podSelector": {"matchLabels": {"role": "public"}}}}

OF_THE_HOST: dict[str, Json] = {
    "metadata closed": admin(
        "metadata", 1, WORKLOADS, egress=[act("Deny", "to", {"networks": ["169.254.0.0/16", "fd00:ec2::254/128"]})]
    ),
    "pods closed by their addresses": admin(
        "addresses",
        2,
        EVERYBODY,
        egress=[
            act("Pass", "to", {"networks": ["10.200.0.0/24", "10.1.0.2/32"]}),
            act("Deny", "to", {"networks": ["10.0.0.0/8", "fc00::/7"]}, port=8443),
        ],
    ),
    "scraped": admin("scraped", 3, EVERYBODY, ingress=[act("Allow", "from", IN_TEAM, port=9090)]),
    "a team closed": admin("team", 3, IN_TEAM, egress=[act("Deny", "to", WORKLOADS)]),
    "the public allowed": admin(
        "public", 4, WORKLOADS, egress=[act("Allow", "to", PUBLIC), act("Deny", "to", EVERYBODY)]
    ),
    "nodes closed": admin("nodes", 5, WORKLOADS, egress=[act("Deny", "to", {"nodes": {}})]),
    "some nodes allowed": admin(
        "some", 6, WORKLOADS, egress=[act("Allow", "to", {"nodes": {"matchLabels": {"a": "b"}}})]
    ),
    "one namespace closed": admin(
        "one",
        7,
        {"namespaces": {"matchLabels": {"kubernetes.io/metadata.name": "vcluster-t-1"}}},
        ingress=[
            act("Deny", "from", IN_TEAM, {"namespaces": {"matchLabels": {"kubernetes.io/metadata.name": "shop"}}})
        ],
    ),
    "two namespaces by name": admin(
        "two",
        8,
        {
            "namespaces": {
                "matchExpressions": [
                    {"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["vcluster-t-1", "vcluster-t-2"]}
                ]
            }
        },
        egress=[act("Deny", "to", EVERYBODY)],
    ),
    "a default": baseline(EVERYBODY, ingress=[act("Allow", "from", IN_TEAM), act("Deny", "from", EVERYBODY)]),
    "another default": baseline(WORKLOADS, egress=[act("Deny", "to", {"networks": ["0.0.0.0/0", "::/0"]})]),
}
"""What the administrators of a host cluster say above and below all NetworkPolicies."""

CONFIGURATIONS: dict[str, tuple[str, Change]] = {
    "default": ("default", same),
    "default, with a snapshot running": ("default", plus(SNAPSHOT)),
    "embedded CoreDNS": ("embedded-coredns", without("coredns-")),
    "embedded CoreDNS, control plane paused": ("embedded-coredns", without("coredns-", f"{NAME}-0")),
    "API open to anyone": ("api-access-anyone", same),
    "API open to peers": ("api-access-peers", same),
    "own rules": ("own-rules", same),
    "deprecated keys": ("deprecated-keys", same),
    "labels and annotations": ("labels-and-annotations", same),
    "platform off": ("platform-off", same),
    "platform off, snapshots mended": ("platform-off", without("vc-snapshot")),
    "private nodes": ("private-nodes", without("coredns-", "web", "db", "cache")),
    "IPv6 public egress": ("public-egress-ipv6", same),
    "narrow public egress": ("public-egress-narrow", same),
    "public egress off": ("public-egress-off", same),
    "a database of its own": ("default", plus(TO_DATABASE)),
    "a database of its own, public egress off": ("public-egress-off", plus(TO_DATABASE)),
    "open to a team": ("default", plus(FROM_TEAM)),
    "to everybody's public pods": ("public-egress-off", plus(TO_ALL)),
    "to pods by their addresses": ("public-egress-off", plus(TO_ADDRESSES)),
    "from pods by their addresses": ("default", plus(FROM_ADDRESSES)),
    "from pods by their addresses, and a stray": ("default", plus(FROM_ADDRESSES, pod("unrelated", {"app": "loft"}))),
    "a policy that names its namespace": ("default", plus(BY_NAME)),
    "a stray pod": ("default", plus(pod("unrelated", {"app": "unrelated"}))),
    "not isolated": ("off", same),
    "no policy for workloads": ("default", without("vc-work")),
    "no policy for the control plane": ("default", without("vc-cp")),
    "reopened by its tenant": ("default", plus(REOPENED)),
    "admitting everybody": ("default", plus(ADMITTING)),
    "pods synced elsewhere": ("synced", plus(*AWAY)),
    "a floor": ("floor-admin-network-policy", same),
    "a floor, a database of its own": ("floor-admin-network-policy", plus(TO_DATABASE)),
    "a floor, to pods by their addresses": ("floor-admin-network-policy", plus(TO_ADDRESSES)),
    "a floor, from pods by their addresses": ("floor-admin-network-policy", plus(FROM_ADDRESSES)),
    "a floor, reopened by its tenant": ("floor-admin-network-policy", plus(REOPENED, ADMITTING)),
    "a floor and nothing else": ("floor-admin-network-policy", without("vc-cp", "vc-work", "vc-kube-dns")),
    "hardened": ("hardened", plus(SNAPSHOT)),
    "hardened, the API server known": ("hardened-api-server", instead("10.0.0.1/32", "10.250.0.1/32", same)),
    "hardened, a floor, reopened by its tenant": ("hardened-floor", plus(REOPENED, ADMITTING)),
    "hardened, platform elsewhere": ("hardened-platform", same),
    "hardened, private nodes": ("hardened-private-nodes", without("coredns-", "web", "db", "cache")),
    "hardened, of a project": ("hardened-project", same),
    "namespaces mapped by name": ("mapped-namespaces", instead("batch-jobs", JOBS, plus(*MAPPED))),
    "hardened, a floor over two namespaces": (
        "floor-cluster-network-policy",
        instead("other", JOBS, plus(*MAPPED, REOPENED)),
    ),
    "hardened, in another namespace": ("target-namespace", instead("workloads", JOBS, plus(*MAPPED))),
    "host DNS of OpenShift": ("host-dns-openshift", same),
    "default-deny, with a stray": ("default-deny", plus(pod("unrelated", {"app": "unrelated"}))),
    "a workload in the host's network": ("default", plus(pod("agent", SYNCED, address="10.0.0.7", host=True))),
}


def text_of(configuration: str) -> tuple[str, ...]:
    """The objects of a configuration as JSON texts, with stand-ins for what a vCluster has for itself."""
    return _texts(*CONFIGURATIONS[configuration])


@cache
def _texts(situation: str, change: Change) -> tuple[str, ...]:
    """The same; not by the name of the configuration, which may mean something else in another test."""
    objects = [space(SPACE), *json.loads(rendered(situation)), *pods()]
    return tuple(json.dumps(one) for one in change(objects))


def vcluster(configuration: str, number: int, *, name: str = "", home: str = "") -> Iterator[str]:
    """The objects of one vCluster as JSON texts; `number` gives it addresses, and a name if it has none."""
    name = name or f"t-{number}"
    home = home or f"vcluster-{name}"
    high, low = divmod(number, 256)
    own = {
        NAME: name,
        SPACE: home,
        "10.0.0.": f"10.{high + 1}.{low}.",
        DATABASE: f"172.{16 + number % 14}.{high}.{low}/32",
        f": {PORT}": f": {20000 + number}",
    }
    for text in text_of(configuration):
        for stand_in, real in own.items():
            text = text.replace(stand_in, real)  # noqa: PLW2901
        yield text.replace(f"{own['10.0.0.']}0/8", "10.0.0.0/8")


def host() -> Iterator[str]:
    """The namespaces and pods of the host cluster itself."""
    yield from map(json.dumps, (space("kube-system"), space("vcluster-platform"), space("shop", team="a")))
    yield json.dumps(pod("coredns", {"k8s-app": "kube-dns"}, home="kube-system", address="10.200.0.1"))
    yield json.dumps(pod("loft", {"app": "loft"}, home="vcluster-platform", address="10.200.0.2"))
    yield json.dumps(pod("till", {"app": "till", "role": "public"}, home="shop", address="10.200.0.3"))
    yield json.dumps(pod("proxy", {"app": "proxy"}, home="kube-system", address="192.168.7.7", host=True))


def fleet(count: int, configurations: Iterable[str] = CONFIGURATIONS) -> Iterator[str]:
    """Every object of a host cluster with so many vClusters, whose configurations take turns."""
    names = list(configurations)
    yield from host()
    for number in range(count):
        yield from vcluster(names[number % len(names)], number)


def listed(texts: Iterable[str]) -> Json:
    """Objects as the List that kubectl prints."""
    return {"apiVersion": "v1", "kind": "List", "items": [json.loads(text) for text in texts]}


def bulky(item: Json) -> Json:
    """An object with the bulk that a real pod has, and nobody here looks at."""
    if item["kind"] == "Pod":
        container = item["spec"]["containers"][0]
        container["env"] = [{"name": f"SETTING_{at}", "value": "some value of ordinary length"} for at in range(10)]
        container["image"] = "registry.example/image:1.2.3"
        container["resources"] = {"limits": {"cpu": "1", "memory": "512Mi"}, "requests": {"cpu": "100m"}}
        container["volumeMounts"] = [{"mountPath": "/var/run/secrets", "name": "kube-api-access", "readOnly": True}]
        kinds = ("Initialized", "Ready", "ContainersReady", "PodScheduled")
        item["status"]["conditions"] = [{"type": kind, "status": "True"} for kind in kinds]
        item["spec"]["tolerations"] = [{"effect": "NoExecute", "key": f"node.kubernetes.io/{at}"} for at in kinds]
    return item


def write(texts: Iterable[str], path: Path) -> None:
    """Write objects as kubectl prints them, with its indentation, one after another."""
    with path.open("w") as file:
        file.write('{\n    "apiVersion": "v1",\n    "items": [')
        for at, text in enumerate(texts):
            file.write(f"{',' if at else ''}\n{json.dumps(bulky(json.loads(text)), indent=4)}")
        file.write('\n    ],\n    "kind": "List"\n}\n')
