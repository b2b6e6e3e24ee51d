"""Objects as a vCluster's syncer writes them into the host cluster, and those that other controllers make of them."""

from __future__ import annotations

import copy
from typing import Any

from tests.guard.admission import CREATE, DELETE, UPDATE, Request

Json = dict[str, Any]

MARK, SPACE, SERVICE = "vcluster.loft.sh/managed-by", "vcluster.loft.sh/namespace", "kubernetes.io/service-name"
NETWORKING, GATEWAY, DISCOVERY = "networking.k8s.io/v1", "gateway.networking.k8s.io/v1", "discovery.k8s.io/v1"
MONITORING = "monitoring.coreos.com/v1"


def account(namespace: str, name: str) -> str:
    """Return the user that a service account is."""
    return f"system:serviceaccount:{namespace}:{name}"


SYNCER = account("ns", "vc-a")
NEIGHBOUR = account("ns", "vc-b")
CONTROLLER = account("istio-system", "istiod")
REPLICAS = account("kube-system", "replicaset-controller")
PERSON = "jane@example.com"
NODE = "system:node:n1"
KINDS = {
    "pods": ("v1", "Pod"),
    "endpoints": ("v1", "Endpoints"),
    "services": ("v1", "Service"),
    "replicationcontrollers": ("v1", "ReplicationController"),
    "networkpolicies": (NETWORKING, "NetworkPolicy"),
    "ingresses": (NETWORKING, "Ingress"),
    "endpointslices": (DISCOVERY, "EndpointSlice"),
    "deployments": ("apps/v1", "Deployment"),
    "replicasets": ("apps/v1", "ReplicaSet"),
    "statefulsets": ("apps/v1", "StatefulSet"),
    "daemonsets": ("apps/v1", "DaemonSet"),
    "jobs": ("batch/v1", "Job"),
    "cronjobs": ("batch/v1", "CronJob"),
    "gateways": (GATEWAY, "Gateway"),
    "httproutes": (GATEWAY, "HTTPRoute"),
    "grpcroutes": (GATEWAY, "GRPCRoute"),
    "tlsroutes": (GATEWAY, "TLSRoute"),
    "tcproutes": (GATEWAY, "TCPRoute"),
    "udproutes": (GATEWAY, "UDPRoute"),
    "issuers": ("cert-manager.io/v1", "Issuer"),
    "virtualmachines": ("kubevirt.io/v1", "VirtualMachine"),
    "virtualmachineinstances": ("kubevirt.io/v1", "VirtualMachineInstance"),
    "virtualmachineinstancereplicasets": ("kubevirt.io/v1", "VirtualMachineInstanceReplicaSet"),
    "virtualmachinepools": ("pool.kubevirt.io/v1beta1", "VirtualMachinePool"),
    "servicemonitors": (MONITORING, "ServiceMonitor"),
    "podmonitors": (MONITORING, "PodMonitor"),
    "probes": (MONITORING, "Probe"),
    "scrapeconfigs": ("monitoring.coreos.com/v1alpha1", "ScrapeConfig"),
    "serviceentries": ("networking.istio.io/v1", "ServiceEntry"),
    "workloadentries": ("networking.istio.io/v1", "WorkloadEntry"),
    "backends": ("gateway.envoyproxy.io/v1alpha1", "Backend"),
    "clusters": ("postgresql.cnpg.io/v1", "Cluster"),
}
"""Every kind that a rule is about, and one that is listed in values: resource -> apiVersion, kind."""


def marked(vcluster: str = "a", space: str = "default", **labels: str) -> Json:
    """Return the labels that a syncer puts on what it writes, and the tenant's own."""
    return {**labels, MARK: vcluster, SPACE: space}


def make(resource: str, spec: Json | None = None, labels: Json | None = None, **fields: Any) -> Json:
    """Return an object of one kind in the namespace `ns`, labelled as the syncer does where no labels are given."""
    version, kind = KINDS[resource]
    name = fields.pop("name", f"x-x-default-x-a{'' if resource != 'services' else '-s'}")
    metadata = {
        "name": name,
        "namespace": fields.pop("namespace", "ns"),
        "labels": marked() if labels is None else labels,
    }
    if annotations := fields.pop("annotations", None):
        metadata["annotations"] = annotations
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": metadata,
        **({} if spec is None else {"spec": spec}),
        **fields,
    }


def pod(labels: Json | None = None, **spec: Any) -> Json:
    return make("pods", {"containers": [{"name": "c", "image": "i"}], **spec}, labels)


def template(*, once: bool = False, **labels: str) -> Json:
    """Return a template of pods, of those that run `once` for one of jobs."""
    spec = {"containers": [{"name": "c", "image": "i"}], **({"restartPolicy": "Never"} if once else {})}
    return {"metadata": {"labels": {"x": "y", **labels}}, "spec": spec}


def own_pods(**labels: str) -> Json:
    """Return a selector, or a peer's, as the syncer scopes it to the vCluster's pods."""
    return {"matchLabels": marked(**labels)}


def policy(egress: list[Json] | None = None, ingress: list[Json] | None = None, **spec: Any) -> Json:
    rules = {key: rules for key, rules in (("egress", egress), ("ingress", ingress)) if rules is not None}
    return make("networkpolicies", {"podSelector": own_pods(), **rules, **spec})


def block(cidr: str, *excepted: str) -> Json:
    return {"ipBlock": {"cidr": cidr, **({"except": [*excepted]} if excepted else {})}}


def endpoints(*addresses: str, ready: bool = True, **fields: Any) -> Json:
    key = "addresses" if ready else "notReadyAddresses"
    listed = [{key: [{"ip": address} for address in addresses], "ports": [{"port": 80}]}] if addresses else []
    return make("endpoints", subsets=listed, **fields)


def endpoint_slice(*addresses: str, service: str | None = "web-x-default-x-a", **fields: Any) -> Json:
    family = "IPv6" if any(":" in address for address in addresses) else "IPv4"
    labels = {**marked(), **({} if service is None else {SERVICE: service})}
    found = [{"addresses": [address]} for address in addresses]
    return make("endpointslices", labels=labels, addressType=family, endpoints=found, **fields)


def service(**spec: Any) -> Json:
    ports = [{"port": 80, "protocol": "TCP"}]
    return make("services", {"ports": ports, **spec}, status={"loadBalancer": {}})  # the API server adds a status


def create(item: Json, user: str = SYNCER, **fields: Any) -> Request:
    """Return the request to create an object."""
    return Request(user, CREATE, item["apiVersion"], resource_of(item), item, **fields)


def update(old: Json, new: Json, user: str = SYNCER, part: str = "", **fields: Any) -> Request:
    """Return the request to change an object, or a `part` of it."""
    return Request(user, UPDATE, new["apiVersion"], resource_of(new), new, old, part, **fields)


def delete(old: Json, user: str = SYNCER, **fields: Any) -> Request:
    """Return the request to delete an object."""
    return Request(user, DELETE, old["apiVersion"], resource_of(old), None, old, **fields)


def resource_of(item: Json) -> str:
    """Return the resource of an object by its kind."""
    return next(name for name, (_, kind) in KINDS.items() if kind == item["kind"])


def relabelled(item: Json, **labels: str | None) -> Json:
    """Return an object with other labels; None takes one away. `mark`, `space` and `service` are the long keys."""
    changed = copy.deepcopy(item)
    for key, value in labels.items():
        name = {"mark": MARK, "space": SPACE, "service": SERVICE}.get(key, key)
        if value is None:
            changed["metadata"]["labels"].pop(name, None)
        else:
            changed["metadata"]["labels"][name] = value
    return changed
