"""Host clusters with many vClusters, as manifests: the policies and pods of vCluster 0.31, and the host's own pods."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]

MANAGED = "vcluster.loft.sh/managed-by"
VIRTUAL = "vcluster.loft.sh/namespace"
PUBLIC = {
    "cidr": "0.0.0.0/0",
    "except": ["100.64.0.0/10", "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"],
}
HOST_API = [{"port": port, "protocol": "TCP"} for port in (443, 8443, 6443)]
TENANT_API = [
    {"port": 1053, "protocol": "UDP"},
    {"port": 1053, "protocol": "TCP"},
    {"port": 8443, "protocol": "TCP"},
]
KUBE_DNS = {
    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
    "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
}
PLATFORM = {"podSelector": {"matchLabels": {"app": "loft"}}, "namespaceSelector": {}}


def pods(**labels: str) -> Json:
    """A peer: pods of the policy's namespace with these labels ."""
    return {"podSelector": {"matchLabels": labels}}


def policies(name: str, space: str) -> Iterator[Json]:
    """The four policies of one vCluster."""
    control, work = pods(release=name), pods(**{MANAGED: name})
    snapshot = pods(app="vcluster-snapshot")
    yield policy(
        f"vc-work-{name}",
        space,
        work,
        egress=[{"ports": TENANT_API, "to": [control]}, {"to": [work]}, {"to": [{"ipBlock": PUBLIC}]}],
        ingress=[{"from": [control]}, {"from": [work]}],
    )
    yield policy(
        f"vc-cp-{name}",
        space,
        control,
        egress=[{"to": [KUBE_DNS]}, {"ports": HOST_API}, {"to": [control]}, {"to": [work]}, {"to": [PLATFORM]}],
        ingress=[
            {"from": [control]},
            {"ports": TENANT_API, "from": [work]},
            {"from": [snapshot]},
            {"from": [PLATFORM]},
        ],
    )
    yield policy(
        f"vc-kube-dns-{name}",
        space,
        pods(**{"k8s-app": "vcluster-kube-dns", MANAGED: name}),
        egress=[{"to": [KUBE_DNS]}, {"ports": TENANT_API[2:], "to": [control]}],
        ingress=[{"ports": TENANT_API[:2], "from": [work]}],
    )
    yield policy(
        f"vc-snapshot-{name}",
        space,
        snapshot,
        egress=[{"to": [control]}, {"to": [KUBE_DNS]}, {"ports": HOST_API}],
        ingress=[],
    )


def policy(name: str, space: str, selected: Json, *, egress: list[Json], ingress: list[Json]) -> Json:
    """The manifest of a NetworkPolicy for both directions."""
    spec = {**selected, "policyTypes": ["Egress", "Ingress"], "egress": egress, "ingress": ingress}
    metadata = {"name": name, "namespace": space}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}


def pod(space: str, name: str, labels: dict[str, str], address: str, ports: list[Json] | None = None) -> Json:
    """The manifest of a running pod, with the bulk that a real one has."""
    volume = {"mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "name": "kube-api-access", "readOnly": True}
    container = {
        "name": "main",
        "image": "registry.example/image:1.2.3",
        "env": [{"name": f"SETTING_{at}", "value": "some value of ordinary length"} for at in range(10)],
        "ports": ports or [],
        "resources": {"limits": {"cpu": "1", "memory": "512Mi"}, "requests": {"cpu": "100m", "memory": "128Mi"}},
        "volumeMounts": [volume],
    }
    tolerations = [{"effect": "NoExecute", "key": f"node.kubernetes.io/{key}"} for key in ("not-ready", "unreachable")]
    conditions = [
        {"type": key, "status": "True"} for key in ("Initialized", "Ready", "ContainersReady", "PodScheduled")
    ]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": space, "labels": labels, "uid": f"{space}-{name}"},
        "spec": {"containers": [container], "nodeName": "node-1", "tolerations": tolerations},
        "status": {"conditions": conditions, "phase": "Running", "podIP": address, "podIPs": [{"ip": address}]},
    }


def tenant(name: str, space: str, number: int) -> Iterator[Json]:
    """The five pods of one vCluster: control plane, CoreDNS and three workloads."""
    head, tail = divmod(number * 5, 60000)
    at = [f"10.{head + 1}.{(tail + n) // 250}.{(tail + n) % 250 + 1}" for n in range(5)]
    synced = {MANAGED: name, VIRTUAL: "default"}
    dns = {MANAGED: name, VIRTUAL: "kube-system", "k8s-app": "vcluster-kube-dns"}
    api = [{"name": "https", "containerPort": 8443, "protocol": "TCP"}]
    yield pod(space, f"{name}-0", {"app": "vcluster", "release": name}, at[0], api)
    yield pod(space, f"coredns-x-{name}", dns, at[1], [{"name": "dns", "containerPort": 1053, "protocol": "UDP"}])
    for n, app in enumerate(("web", "db", "cache"), 2):
        yield pod(space, f"{app}-x-{name}", {**synced, "app": app}, at[n], [{"name": "http", "containerPort": 8080}])


def host() -> Iterator[Json]:
    """The namespaces and pods of the host cluster itself."""
    for space in ("kube-system", "vcluster-platform", "elsewhere"):
        yield namespace(space)
    yield pod("kube-system", "coredns", {"k8s-app": "kube-dns"}, "10.0.0.10")
    yield pod("vcluster-platform", "loft", {"app": "loft"}, "10.0.0.11")
    yield pod("elsewhere", "plain", {}, "10.0.0.12")


def namespace(name: str) -> Json:
    """The manifest of a namespace."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def fleet(count: int, *, shared: bool = False) -> Iterator[Json]:
    """Every object of a host cluster with `count` vClusters, each in a namespace of its own or all in one."""
    yield from host()
    for number in range(count):
        name = f"tenant-{number}"
        space = "shared" if shared else f"vcluster-{name}"
        if number == 0 or not shared:
            yield namespace(space)
        yield from policies(name, space)
        yield from tenant(name, space, number)
