"""Requests that the guard refuses, each beside the nearest one that it allows: values, the request, what is said of it.

What is said is the name of a refusal (`SAID`); an empty one is nothing, so the request is allowed.
"""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

from tests.chart.rendering import Json, isolating
from tests.guard.admission import CREATE, Request
from tests.guard.host_objects import (
    CONTROLLER,
    KINDS,
    MARK,
    NEIGHBOUR,
    NODE,
    PERSON,
    REPLICAS,
    SERVICE,
    SPACE,
    SYNCER,
    account,
    block,
    create,
    delete,
    endpoint_slice,
    endpoints,
    make,
    marked,
    own_pods,
    pod,
    policy,
    relabelled,
    service,
    template,
    update,
)

# The beginning of each message, by the name of the refusal.
SAID = {
    "ownership": "a vCluster may write only",
    "peers": "a rule of this NetworkPolicy has no peers",
    "selectors": "this NetworkPolicy selects pods of other tenants",
    "addresses of a policy": "this NetworkPolicy opens addresses",
    "host": "hostNetwork, hostPID and hostPort",
    "labels": "host policies trust these labels of the pod",
    "template": "host policies trust these labels of the template",
    "made": "host policies trust these labels of its pods",
    "parameters": "parametersRef changes the pods",
    "addresses of endpoints": "these addresses are not open to endpoints",
    "service": "these endpoints are of a Service that is not yours",
    "external IPs": "externalIPs divert traffic",
    "external name": "this ExternalName stays in the vCluster",
    "annotations": "annotations may not name addresses",
    "backend": "a backend of a route has to be a Service",
    "monitor": "a monitor may not name addresses",
    "names addresses": "this kind names addresses",
}


def guarded(profile: str = "hardened", **guard: Any) -> Json:
    """Return values with the guard."""
    return isolating(profile=profile, guard={"enabled": True, **guard})


def compatible(**guard: Any) -> Json:
    return guarded("compatible", **guard)


HARDENED = guarded()
OPEN = guarded(networkPolicies={"from": ["198.51.100.0/24"], "to": ["10.5.0.0/16"]})
ANYWHERE = guarded(networkPolicies={"from": ["0.0.0.0/0", "::/0"]})
DUAL = isolating(guard={"enabled": True}, workload={"publicEgress": {"ipv6": {"enabled": True}}})
RANGES = guarded(endpoints={"cidrs": ["10.7.0.0/24", "2001:db8:7::/64"], "services": ["b", "b-headless"]})
MAPPED = isolating(guard={"enabled": True}, workload={"namespaces": ["other"]})
MORE = guarded(reservedLabels=["team", "app=prometheus"], templates={"resources": ["clusters.postgresql.cnpg.io"]})
KNOWN = guarded(creators=["istio-system/istiod", "kubevirt/*"])
NAMED = {**guarded(), "controlPlane": {"advanced": {"serviceAccount": {"name": "tenant-a"}}}}
Case = tuple[Json, Request, str]
CLOSED_V4 = ["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "168.63.129.16/32", "169.254.0.0/16"]
CLOSED_V4 += ["172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15"]
CLOSED_V4 += ["198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"]
HALVES, QUARTERS = ["10.0.0.0/9", "10.128.0.0/9"], ["10.0.0.0/10", "10.64.0.0/10", "10.128.0.0/9"]


def parts(length: int) -> list[str]:
    """Return the parts that 10.0.0.0/8 falls into when its first half is halved down to a prefix length."""
    halves = [ip_network((0x0A000000 + 2 ** (32 - prefix), prefix)) for prefix in range(9, length + 1)]
    return [f"10.0.0.0/{length}", *map(str, halves)]


REST = [cidr for cidr in CLOSED_V4 if cidr != "10.0.0.0/8"]


def out(*peers: Json) -> Json:
    return policy(egress=[{"to": [*peers]}])


def inward(*peers: Json) -> Json:
    return policy(ingress=[{"from": [*peers]}])


def of_ownership() -> dict[str, Case]:
    """Return the cases of the service account and what it may write at all."""
    mine, foreign = pod(), pod({"release": "a", "app": "vcluster"})
    own, chart = policy(), make("networkpolicies", {"podSelector": own_pods()}, {"release": "a"})
    return {
        "a pod of its own": (HARDENED, create(mine), ""),
        "a pod without managed-by": (HARDENED, create(pod({"x": "y"})), "ownership"),
        "a pod of a neighbour": (HARDENED, create(pod(marked("b"))), "ownership, labels"),
        "a pod that it takes": (HARDENED, update(pod({"x": "y"}), mine), "ownership"),
        "a pod that it lets go": (HARDENED, update(mine, pod({"x": "y"})), "ownership"),
        "a pod that it lets go through its status": (
            HARDENED,
            update(mine, pod({"x": "y"}), part="status"),
            "ownership",
        ),
        "a pod of its own is deleted": (HARDENED, delete(mine), ""),
        "the control plane is deleted": (HARDENED, delete(foreign), "ownership"),
        "a policy of its own is deleted": (HARDENED, delete(own), ""),
        "a policy of the chart is deleted": (HARDENED, delete(chart), "ownership"),
        "a policy of the chart is changed": (HARDENED, update(chart, own), "ownership"),
        "a policy of its own is changed": (HARDENED, update(own, relabelled(own, x="y")), ""),
        "endpoints without managed-by": (HARDENED, create(make("endpoints", labels={}, subsets=[])), "ownership"),
        "endpoints of others": (HARDENED, update(make("endpoints", labels={}, subsets=[]), endpoints()), "ownership"),
        "a slice of others": (HARDENED, update(relabelled(endpoint_slice(), mark=None), endpoint_slice()), "ownership"),
        "endpoints of others are deleted": (HARDENED, delete(make("endpoints", labels={}, subsets=[])), ""),
        "a Service without managed-by": (HARDENED, create(make("services", {"ports": [{"port": 80}]}, {})), ""),
        "without the rule": (guarded(ownership={"enabled": False}), delete(foreign), ""),
        "by another account": (HARDENED, delete(foreign, CONTROLLER), ""),
        "by an account of another name": (NAMED, delete(foreign, account("ns", "tenant-a")), "ownership"),
        "by the usual name, where that is another": (NAMED, delete(foreign, SYNCER), ""),
        "in another namespace": (
            HARDENED,
            delete({**foreign, "metadata": {**foreign["metadata"], "namespace": "n"}}, namespace="n"),
            "",
        ),
        "in a namespace of its workloads": (MAPPED, delete(_elsewhere(foreign), namespace="other"), "ownership"),
    }


def _elsewhere(item: Json) -> Json:
    return {**item, "metadata": {**item["metadata"], "namespace": "other"}}


def of_policies() -> dict[str, Case]:
    """Return the cases of the tenant's own NetworkPolicies."""
    near = {"podSelector": own_pods()}
    other = {"podSelector": {"matchLabels": {MARK: "b"}}}
    spaces = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "other"}}, **near}
    home = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ns"}}, **near}
    return {
        "pods of its own": (HARDENED, create(policy(egress=[{"to": [near]}], ingress=[{"from": [near]}])), ""),
        "no rules": (HARDENED, create(policy(egress=[], ingress=[])), ""),
        "egress to everyone": (HARDENED, create(policy(egress=[{"to": [near]}, {}])), "peers"),
        "egress to an empty list": (HARDENED, create(policy(egress=[{"to": [], "ports": [{"port": 80}]}])), "peers"),
        "ingress from everyone": (HARDENED, create(policy(ingress=[{}])), "peers"),
        "ingress from everyone, by update": (HARDENED, update(policy(), policy(ingress=[{}])), "peers"),
        "ingress from everyone, granted": (ANYWHERE, create(policy(ingress=[{}])), ""),
        "egress to everyone, where ingress is granted": (ANYWHERE, create(policy(egress=[{}])), "peers"),
        "ingress from everyone, half granted": (
            guarded(networkPolicies={"from": ["0.0.0.0/0"]}),
            create(policy(ingress=[{}])),
            "peers",
        ),
        "pods of a neighbour": (HARDENED, create(out(other)), "selectors"),
        "pods of a neighbour, inwards": (HARDENED, create(inward(other)), "selectors"),
        "every pod": (HARDENED, create(out({"podSelector": {}})), "selectors"),
        "every namespace": (HARDENED, create(out({"namespaceSelector": {}})), "selectors"),
        "pods of that name in every namespace": (HARDENED, create(out({"namespaceSelector": {}, **near})), "selectors"),
        "a namespace of the vCluster": (MAPPED, create(out(spaces)), ""),
        "the vCluster's own namespace": (MAPPED, create(out(home)), ""),
        "a namespace that is not": (HARDENED, create(out(spaces)), "selectors"),
        "every namespace, where there are several": (
            MAPPED,
            create(out({"namespaceSelector": {}, **near})),
            "selectors",
        ),
        "a policy of others' pods": (HARDENED, create(policy(podSelector={})), "selectors"),
        "a public address": (HARDENED, create(out(block("8.8.8.0/24"))), ""),
        "a private address": (HARDENED, create(out(near, block("10.1.0.0/16"))), "addresses of a policy"),
        "a private address by update": (
            HARDENED,
            update(out(near), out(block("10.1.0.0/16"))),
            "addresses of a policy",
        ),
        "all addresses": (HARDENED, create(out(block("0.0.0.0/0"))), "addresses of a policy"),
        "a half of all addresses": (HARDENED, create(out(block("128.0.0.0/1"))), "addresses of a policy"),
        "all addresses of the other family": (HARDENED, create(out(block("::/0"))), "addresses of a policy"),
        "a half that holds one closed range": (HARDENED, create(out(block("8.0.0.0/6"))), "addresses of a policy"),
        "that half without the range": (HARDENED, create(out(block("8.0.0.0/6", "10.0.0.0/8"))), ""),
        "without more than the range": (HARDENED, create(out(block("8.0.0.0/6", "10.0.0.0/7"))), ""),
        "without a part of the range": (
            HARDENED,
            create(out(block("8.0.0.0/6", "10.0.0.0/9"))),
            "addresses of a policy",
        ),
        "without its halves": (HARDENED, create(out(block("8.0.0.0/6", *HALVES))), ""),
        "without one half, twice": (
            HARDENED,
            create(out(block("8.0.0.0/6", "10.0.0.0/9", "10.0.0.0/9"))),
            "addresses of a policy",
        ),
        "without one half twice, and another range": (
            HARDENED,
            create(out(block("8.0.0.0/6", "10.0.0.0/9", "10.0.0.0/9", "11.0.0.0/8"))),
            "addresses of a policy",
        ),
        "without parts down to 1/65,536": (HARDENED, create(out(block("8.0.0.0/6", *parts(24)))), ""),
        "without smaller parts": (HARDENED, create(out(block("8.0.0.0/6", *parts(25)))), "addresses of a policy"),
        "without what is no range": (HARDENED, create(out(block("8.0.0.0/6", "010.0.0.0/8"))), "addresses of a policy"),
        "a block that is none": (HARDENED, create(out(block("008.8.8.0/24"))), "addresses of a policy"),
        "without one half, and that half in parts": (
            HARDENED,
            create(out(block("8.0.0.0/6", "10.0.0.0/9", "10.0.0.0/10", "10.64.0.0/10"))),
            "addresses of a policy",
        ),
        "without parts of it": (HARDENED, create(out(block("8.0.0.0/6", *QUARTERS))), ""),
        "without most parts of it": (HARDENED, create(out(block("8.0.0.0/6", *QUARTERS[1:]))), "addresses of a policy"),
        "all but what is closed": (HARDENED, create(out(block("0.0.0.0/0", *CLOSED_V4))), ""),
        "all but what is closed, in halves": (HARDENED, create(out(block("0.0.0.0/0", *REST, *HALVES))), ""),
        "all but most of what is closed": (HARDENED, create(out(block("0.0.0.0/0", *REST))), "addresses of a policy"),
        **{
            f"what is closed, {cidr}": (HARDENED, create(out(block(cidr))), "addresses of a policy")
            for cidr in CLOSED_V4
        },
        "metadata": (HARDENED, create(out(block("169.254.169.254/32"))), "addresses of a policy"),
        "metadata, in the other profile": (compatible(), create(out(block("169.254.169.254/32"))), ""),
        "an address of IPv6": (HARDENED, create(out(block("2600::/16"))), "addresses of a policy"),
        "an address of IPv6 that is open": (DUAL, create(out(block("2600::/16"))), ""),
        "an address of IPv6 that is closed": (DUAL, create(out(block("2001:db8::/48"))), "addresses of a policy"),
        "an address that is granted": (OPEN, create(out(block("10.5.1.0/24"))), ""),
        "an address beside it": (OPEN, create(out(block("10.4.0.0/15"))), "addresses of a policy"),
        "an address of a granted sender": (OPEN, create(inward(block("198.51.100.7/32"))), ""),
        "an address that may be reached, as a sender": (
            OPEN,
            create(inward(block("8.8.8.8/32"))),
            "addresses of a policy",
        ),
        "an address of a sender, as one that is reached": (
            OPEN,
            create(out(block("198.51.100.7/32"))),
            "addresses of a policy",
        ),
        "another's policy": (HARDENED, create(policy(egress=[{}]), CONTROLLER), ""),
        "without the rule for policies": (guarded(networkPolicies={"enabled": False}), create(policy(egress=[{}])), ""),
    }


def of_pods() -> dict[str, Case]:
    """Return the cases of pods: what they ask of their node, and their labels."""
    ports = [{"name": "c", "image": "i", "ports": [{"containerPort": 80, "hostPort": 80}]}]
    plain = [{"name": "c", "image": "i", "ports": [{"containerPort": 80}]}]
    several = [{**plain[0], "ports": [{"containerPort": 81}, {"containerPort": 80, "hostPort": 80}]}]
    coredns = {"k8s-app": "vcluster-kube-dns"}
    taken = {"app": "vcluster-snapshot"}
    return {
        "a port": (HARDENED, create(pod(containers=plain)), ""),
        "one hostPort of several ports": (HARDENED, create(pod(containers=several)), "host"),
        "hostNetwork": (HARDENED, create(pod(hostNetwork=True)), "host"),
        "hostNetwork switched off": (HARDENED, create(pod(hostNetwork=False)), ""),
        "hostPID": (HARDENED, create(pod(hostPID=True)), "host"),
        "hostPort": (HARDENED, create(pod(containers=ports)), "host"),
        "hostPort of an init container": (HARDENED, create(pod(initContainers=[{**ports[0], "name": "d"}])), "host"),
        "hostNetwork that is there already": (
            HARDENED,
            update(pod(hostNetwork=True), pod(marked(x="z"), hostNetwork=True)),
            "",
        ),
        "hostNetwork of others": (HARDENED, create(pod({}, hostNetwork=True), CONTROLLER), ""),
        "without the rule for the node": (guarded(pods={"enabled": False}), create(pod(hostNetwork=True)), ""),
        "a label": (HARDENED, create(pod(marked(app="web"))), ""),
        "the release": (HARDENED, create(pod(marked(release="x"))), "labels"),
        "the release by update": (HARDENED, update(pod(), pod(marked(release="a"))), "labels"),
        "the release by a status": (HARDENED, update(pod(), pod(marked(release="a")), part="status"), "labels"),
        "the release that is there already": (
            HARDENED,
            update(pod(marked(release="a")), pod(marked(release="a", x="z"))),
            "",
        ),
        "another release": (HARDENED, update(pod(marked(release="a")), pod(marked(release="b"))), "labels"),
        "a snapshot, in the hardened profile": (HARDENED, create(pod(marked(app="vcluster-snapshot"))), ""),
        "a snapshot, in the compatible profile": (compatible(), create(pod(marked(app="vcluster-snapshot"))), "labels"),
        "the platform, in the compatible profile": (compatible(), create(pod(marked(app="loft"))), "labels"),
        "a control plane, in the compatible profile": (compatible(), create(pod(marked(app="vcluster"))), ""),
        "CoreDNS of another namespace": (compatible(), create(pod(marked(**coredns))), "labels"),
        "CoreDNS": (compatible(), create(pod(marked(space="kube-system", **coredns))), ""),
        "CoreDNS of another namespace, hardened": (HARDENED, create(pod(marked(**coredns))), ""),
        "a reserved key": (MORE, create(pod(marked(team="x"))), "labels"),
        "a reserved label": (MORE, create(pod(marked(app="prometheus"))), "labels"),
        "a label of that key": (MORE, create(pod(marked(app="grafana"))), ""),
        "a made pod": (HARDENED, create(pod({"app": "gateway"}), CONTROLLER), ""),
        "a made pod without labels": (HARDENED, create(pod({}), CONTROLLER), ""),
        **{
            f"a made pod with {label}": (HARDENED, create(pod(dict([label.split("=")])), CONTROLLER), "labels")
            for label in ("release=a", f"{MARK}=a", f"{SPACE}=x", "vcluster.loft.sh/controlled-by=x", "app=vcluster")
        },
        **{
            f"a made pod, {app}": (HARDENED, create(pod({"app": app}), CONTROLLER), "labels")
            for app in ("vcluster-etcd", "vcluster-snapshot", "loft")
        },
        "a made pod with a reserved label": (MORE, create(pod({"app": "prometheus"}), CONTROLLER), "labels"),
        "a made pod, by update": (HARDENED, update(pod({}), pod({"release": "a"}), CONTROLLER), "labels"),
        "a made pod, by its status": (HARDENED, update(pod({}), pod({"release": "a"}), CONTROLLER, "status"), "labels"),
        "another's change of a tenant's pod": (HARDENED, update(pod(), pod(marked(x="z")), CONTROLLER), ""),
        "a pod of a neighbour's syncer": (HARDENED, create(pod(marked("b")), NEIGHBOUR), ""),
        "a neighbour's syncer for us": (HARDENED, create(pod(marked("a")), NEIGHBOUR), "labels"),
        "a neighbour's syncer as a control plane": (HARDENED, create(pod({"app": "vcluster"}), NEIGHBOUR), "labels"),
        "a neighbour's syncer with a release": (HARDENED, create(pod(marked("b", release="a")), NEIGHBOUR), "labels"),
        "an account called like a syncer elsewhere": (
            HARDENED,
            create(pod(marked("b")), account("x", "vc-b")),
            "labels",
        ),
        "a person": (HARDENED, create(pod(taken), PERSON), ""),
        "a node": (HARDENED, update(pod({}), pod({"release": "a"}), NODE, "status"), ""),
        "a controller of Kubernetes": (HARDENED, create(pod({"release": "a"}), REPLICAS), ""),
        "an account in kube-system": (HARDENED, create(pod({"release": "a"}), account("kube-system", "x")), "labels"),
        "a controller's name elsewhere": (
            HARDENED,
            create(pod({"release": "a"}), account("ns", "replicaset-controller")),
            "labels",
        ),
        "a known creator": (KNOWN, create(pod(taken), CONTROLLER), ""),
        "of a known namespace": (KNOWN, create(pod(taken), account("kubevirt", "x")), ""),
        "beside a known creator": (KNOWN, create(pod(taken), account("istio-system", "x")), "labels"),
        "who may delete the policies": (HARDENED, create(pod(taken), account("argo", "x"), administers=True), ""),
        "the syncer, though it may delete policies": (
            HARDENED,
            create(pod(marked(release="a")), administers=True),
            "labels",
        ),
        "without the rule for labels": (guarded(labels={"enabled": False}), create(pod(taken), CONTROLLER), ""),
        "a binding": (HARDENED, of_a_pod("binding"), "ownership"),
        "an eviction": (HARDENED, of_a_pod("eviction"), "ownership"),
        "another's eviction": (HARDENED, of_a_pod("eviction", CONTROLLER), ""),
    }


def of_a_pod(part: str, user: str = SYNCER) -> Request:
    """Return a request that names a pod, and that could forge the labels which the pod has."""
    version, kind = ("v1", "Binding") if part == "binding" else ("policy/v1", "Eviction")
    target = {"target": {"kind": "Node", "name": "n"}} if part == "binding" else {}
    metadata = {"name": "x-x-default-x-a", "namespace": "ns", "labels": marked()}
    item = {"apiVersion": version, "kind": kind, "metadata": metadata, **target}
    return Request(user, CREATE, "v1", "pods", item, subresource=part)


def of_templates() -> dict[str, Case]:
    """Return the cases of what pods are made of."""
    bad, good = template(release="a"), template()
    once = template(once=True, release="a")
    job = {"schedule": "@daily", "jobTemplate": {"spec": {"template": once}}}
    selector = {"matchLabels": {"x": "y"}}
    specs: dict[str, Json] = {
        "deployments": {"selector": selector},
        "replicasets": {"selector": selector},
        "statefulsets": {"selector": selector, "serviceName": "x"},
        "daemonsets": {"selector": selector},
        "jobs": {"template": once},
        "replicationcontrollers": {"selector": {"x": "y"}},
    }
    cases: dict[str, Case] = {
        f"a template of {resource}": (
            HARDENED,
            create(make(resource, {"template": bad, **spec}, {}), CONTROLLER),
            "template",
        )
        for resource, spec in specs.items()
    }
    deployment = make("deployments", {"selector": selector, "template": good}, {"release": "x"})
    forged = make("deployments", {"selector": selector, "template": bad}, {"release": "x"})
    solver = {"http01": {"ingress": {"podTemplate": {"metadata": {"labels": {"release": "a"}}}}}}
    route = {"http01": {"gatewayHTTPRoute": {"podTemplate": {"metadata": {"labels": {"release": "a"}}}}}}
    machine, pool = {"template": bad}, {"virtualMachineTemplate": {"spec": {"template": bad}}}
    gateway = make("gateways", {"gatewayClassName": "istio"})
    return cases | {
        "a template of cronjobs": (HARDENED, create(make("cronjobs", job, {}), CONTROLLER), "template"),
        "an honest template": (HARDENED, create(deployment, CONTROLLER), ""),
        "a template by update": (HARDENED, update(deployment, forged, CONTROLLER), "template"),
        "a template that is there already": (HARDENED, update(forged, relabelled(forged, x="z"), CONTROLLER), ""),
        "a person's template": (HARDENED, create(forged, PERSON), ""),
        "a template of a controller of Kubernetes": (
            HARDENED,
            create(make("replicasets", forged["spec"]), REPLICAS),
            "",
        ),
        "a template of who may delete the policies": (
            HARDENED,
            create(forged, account("argo", "x"), administers=True),
            "",
        ),
        "a template, without the rule": (guarded(labels={"enabled": False}), create(forged, CONTROLLER), ""),
        "a Gateway": (HARDENED, create(gateway), ""),
        "labels of a Gateway's pods": (HARDENED, create(_infrastructure(labels={"release": "a"})), "made"),
        "labels of a Gateway's pods by update": (
            HARDENED,
            update(gateway, _infrastructure(labels={MARK: "a"})),
            "made",
        ),
        "honest labels of a Gateway's pods": (HARDENED, create(_infrastructure(labels={"app": "x"})), ""),
        "an application of a Gateway's pods": (HARDENED, create(_infrastructure(labels={"app": "loft"})), "made"),
        "labels of a Gateway": (HARDENED, create(relabelled(gateway, release="a")), "made"),
        "parameters of a Gateway's pods": (
            HARDENED,
            create(_infrastructure(parametersRef={"name": "x"})),
            "parameters",
        ),
        "parameters of another's Gateway": (
            HARDENED,
            create(_infrastructure(parametersRef={"name": "x"}), CONTROLLER),
            "made",
        ),
        "labels of a route": (HARDENED, create(make("httproutes", {}, marked(release="a"))), "made"),
        "a route": (HARDENED, create(make("httproutes", {})), ""),
        "an Issuer's solver": (HARDENED, create(make("issuers", {"acme": {"solvers": [{}, solver]}})), "made"),
        "an Issuer's solver by routes": (HARDENED, create(make("issuers", {"acme": {"solvers": [route]}})), "made"),
        "an Issuer": (HARDENED, create(make("issuers", {"acme": {"solvers": [{"http01": {"ingress": {}}}]}})), ""),
        "an Issuer of another kind": (HARDENED, create(make("issuers", {"selfSigned": {}})), ""),
        "a virtual machine": (HARDENED, create(make("virtualmachines", machine)), "made"),
        "an honest virtual machine": (HARDENED, create(make("virtualmachines", {"template": good})), ""),
        "an instance": (HARDENED, create(make("virtualmachineinstances", {}, marked(release="a"))), "made"),
        "an honest instance": (HARDENED, create(make("virtualmachineinstances", {})), ""),
        "a set of instances": (HARDENED, create(make("virtualmachineinstancereplicasets", machine)), "made"),
        "a pool": (HARDENED, create(make("virtualmachinepools", pool)), "made"),
        "a kind that is listed": (
            MORE,
            create(make("clusters", {"inheritedMetadata": {"labels": {"team": "x"}}})),
            "made",
        ),
        "labels of a kind that is listed": (MORE, create(make("clusters", {}, marked(team="x"))), "made"),
        "templates of a kind that is listed": (MORE, create(make("clusters", {"podTemplate": bad})), "made"),
        "a kind that is not listed": (HARDENED, create(make("clusters", {"podTemplate": bad})), ""),
        "a number as a label": (MORE, create(make("clusters", {"podMetadata": {"labels": {"team": 1}}})), "made"),
        "without the rule for what pods are made of": (
            guarded(templates={"enabled": False}),
            create(_infrastructure(labels={"release": "a"})),
            "",
        ),
    }


def _infrastructure(**fields: Any) -> Json:
    return make("gateways", {"gatewayClassName": "istio", "infrastructure": fields})


def of_endpoints() -> dict[str, Case]:
    """Return the cases of Endpoints and EndpointSlices."""
    closed = "addresses of endpoints"
    web, own = endpoint_slice(), endpoint_slice(service="a")
    plain = endpoint_slice(service="web")
    chart = endpoint_slice(service="a-x-default-x-a")
    return {
        "no addresses": (HARDENED, create(endpoints()), ""),
        "an address": (HARDENED, create(endpoints("10.7.0.1")), closed),
        "an address that is not ready": (HARDENED, create(endpoints("10.7.0.1", ready=False)), closed),
        "an address by update": (HARDENED, update(endpoints(), endpoints("10.7.0.1")), closed),
        "addresses that are allowed": (RANGES, create(endpoints("10.7.0.1", "10.7.0.255")), ""),
        "one address that is not": (RANGES, create(endpoints("10.7.0.1", "10.7.1.0")), closed),
        "addresses of a slice": (RANGES, create(endpoint_slice("10.7.0.1")), ""),
        "addresses of IPv6": (RANGES, create(endpoint_slice("2001:db8:7::1")), ""),
        "addresses of IPv6 that are not allowed": (RANGES, create(endpoint_slice("2001:db8:8::1")), closed),
        "an address of a slice": (RANGES, create(endpoint_slice("10.7.0.1", "10.8.0.1")), closed),
        "an address of a slice by update": (RANGES, update(web, endpoint_slice("10.8.0.1")), closed),
        "a name in a slice": (RANGES, create({**endpoint_slice("example.com"), "addressType": "FQDN"}), closed),
        "addresses of others": (HARDENED, create(endpoints("10.7.0.1"), CONTROLLER), ""),
        "a slice of its Service": (HARDENED, create(web), ""),
        "a slice of the control plane": (HARDENED, create(own), "service"),
        "a slice of the control plane by update": (HARDENED, update(web, own), "service"),
        "a slice of the control plane after a restart": (HARDENED, update(chart, own), "service"),
        "a slice that names its Service as the tenant does, after a restart": (HARDENED, update(web, plain), ""),
        "a slice that goes on naming it so": (HARDENED, update(plain, relabelled(plain, x="z")), ""),
        "a new slice that names its Service so": (HARDENED, create(plain), "service"),
        "a slice that another Service is given": (HARDENED, update(web, endpoint_slice(service="db")), "service"),
        "a slice of a Service in another namespace": (
            HARDENED,
            create(endpoint_slice(service="web-x-other-x-a")),
            "service",
        ),
        "a slice of a neighbour's Service": (HARDENED, create(endpoint_slice(service="web-x-default-x-b")), "service"),
        "a slice of a neighbour's control plane": (
            RANGES,
            update(endpoint_slice(service="b-x-default-x-a"), endpoint_slice(service="b")),
            "service",
        ),
        **{
            f"a slice of {name} after a restart": (
                HARDENED,
                update(endpoint_slice(service=f"{name}-x-default-x-a"), endpoint_slice(service=name)),
                "service",
            )
            for name in ("a-headless", "a-etcd", "a-etcd-headless")
        },
        "a slice of no Service": (HARDENED, create(endpoint_slice(service=None)), ""),
        **{
            f"endpoints called {name}": (HARDENED, create(endpoints(name=name)), "service")
            for name in ("a", "a-headless", "a-etcd", "a-etcd-headless")
        },
        "endpoints of a Service that is listed": (RANGES, create(endpoints(name="b")), "service"),
        "endpoints of another one that is listed": (RANGES, create(endpoints(name="b-headless")), "service"),
        "endpoints of a Service that is not": (HARDENED, create(endpoints(name="b")), ""),
        "a slice that leaves its Service": (
            RANGES,
            update(endpoint_slice("10.7.0.1"), endpoint_slice("10.7.0.1", service=None)),
            "",
        ),
        "endpoints of that name in another namespace": (
            MAPPED,
            create(_elsewhere(endpoints(name="a")), namespace="other"),
            "",
        ),
        "without the rule for endpoints": (
            guarded(endpoints={"enabled": False}),
            create(endpoints("10.7.0.1", name="a")),
            "",
        ),
    }


def of_services() -> dict[str, Case]:
    """Return the cases of Services."""
    names = guarded(services={"externalNames": ["example.com"]})

    def called(name: str) -> Request:
        return create(make("services", {"type": "ExternalName", "externalName": name}))

    status = {"loadBalancer": {"ingress": [{"ip": "10.0.0.1"}]}}
    balanced = service(type="LoadBalancer")
    return {
        "a Service": (HARDENED, create(service()), ""),
        "a LoadBalancer": (HARDENED, create(balanced), ""),
        "externalIPs": (HARDENED, create(service(externalIPs=["10.0.0.1"])), "external IPs"),
        "externalIPs by update": (HARDENED, update(service(), service(externalIPs=["1.1.1.1"])), "external IPs"),
        "no externalIPs": (HARDENED, create(service(externalIPs=[])), ""),
        "a status": (HARDENED, update(balanced, {**balanced, "status": status}, part="status"), "external IPs"),
        "another's status": (HARDENED, update(balanced, {**balanced, "status": status}, CONTROLLER, "status"), ""),
        "another's externalIPs": (HARDENED, create(service(externalIPs=["10.0.0.1"]), CONTROLLER), ""),
        "a name": (HARDENED, called("example.com"), "external name"),
        "a name that is allowed": (names, called("example.com"), ""),
        "a name below one that is allowed": (names, called("db.example.com"), ""),
        "a name that ends like it": (names, called("badexample.com"), "external name"),
        "without the rule for Services": (guarded(services={"enabled": False}), called("example.com"), ""),
    }


def of_addresses() -> dict[str, Case]:
    """Return the cases of what names addresses to which other controllers connect."""
    ingress = {"rules": [{"host": "a.example", "http": {"paths": [_PATH]}}]}

    def annotated(key: str) -> Request:
        return create(make("ingresses", ingress, annotations={key: "http://10.0.0.1"}))

    def monitor(kind: str, **endpoint: Any) -> Request:
        field = "endpoints" if kind == "servicemonitors" else "podMetricsEndpoints"
        return create(make(kind, {field: [{"port": "web"}, endpoint], "selector": {}}))

    mirror = {"filters": [{"type": "RequestMirror", "requestMirror": {"backendRef": {"kind": "Backend", "name": "x"}}}]}
    fine = {"filters": [{"type": "X"}, {"type": "RequestMirror", "requestMirror": {"backendRef": {"name": "x"}}}]}
    backend = {"backendRefs": [{"name": "x"}, {"kind": "Backend", "group": "gateway.envoyproxy.io", "name": "x"}]}
    routes = [name for name in KINDS if name.endswith("routes")]
    nginx = "nginx.ingress.kubernetes.io"
    bad = [f"{nginx}/auth-url", f"{nginx}/mirror-target", f"{nginx}/server-snippet", "nginx.org/location-snippets"]
    bad += ["haproxy-ingress.github.io/config-backend", "alb.ingress.kubernetes.io/actions.x"]
    return {
        "an Ingress": (HARDENED, create(make("ingresses", ingress)), ""),
        **{f"an Ingress with {key}": (HARDENED, annotated(key), "annotations") for key in bad},
        "an Ingress with another annotation": (HARDENED, annotated(f"{nginx}/cors-allow-origin"), ""),
        "another's Ingress": (HARDENED, create(make("ingresses", ingress, annotations={bad[0]: "x"}), CONTROLLER), ""),
        **{
            f"a backend of {kind}": (HARDENED, create(make(kind, {"rules": [{}, backend]})), "backend")
            for kind in routes
        },
        "a Service as a backend": (
            HARDENED,
            create(make("httproutes", {"rules": [{"backendRefs": [{"kind": "Service", "name": "x"}]}]})),
            "",
        ),
        "a mirror": (HARDENED, create(make("httproutes", {"rules": [mirror]})), "backend"),
        "a mirror to a Service": (HARDENED, create(make("httproutes", {"rules": [fine]})), ""),
        "another's backend": (HARDENED, create(make("httproutes", {"rules": [backend]}, {}), CONTROLLER), ""),
        "a monitor's second relabeling": (
            HARDENED,
            monitor("servicemonitors", relabelings=[{"targetLabel": "team"}, {"targetLabel": "__address__"}]),
            "monitor",
        ),
        "an Ingress with one annotation of several": (
            HARDENED,
            create(make("ingresses", ingress, annotations={"a.io/x": "x", bad[0]: "x"})),
            "annotations",
        ),
        "a monitor": (HARDENED, monitor("servicemonitors", port="x"), ""),
        "a monitor's proxy": (HARDENED, monitor("servicemonitors", proxyUrl="http://10.0.0.1"), "monitor"),
        "a pod monitor's proxy": (HARDENED, monitor("podmonitors", proxyUrl="http://10.0.0.1"), "monitor"),
        "a monitor's token": (HARDENED, monitor("podmonitors", oauth2={"tokenUrl": "http://10.0.0.1"}), "monitor"),
        "a monitor's address": (
            HARDENED,
            monitor("servicemonitors", relabelings=[{"targetLabel": "__address__"}]),
            "monitor",
        ),
        "a monitor's hidden address": (
            HARDENED,
            monitor("servicemonitors", relabelings=[{"targetLabel": "_$1"}]),
            "monitor",
        ),
        "a monitor's mapped address": (
            HARDENED,
            monitor("servicemonitors", relabelings=[{"action": "LabelMap"}]),
            "monitor",
        ),
        "a monitor's relabeling": (
            HARDENED,
            monitor("servicemonitors", relabelings=[{"targetLabel": "team", "action": "replace"}]),
            "",
        ),
        "another's monitor": (
            HARDENED,
            create(make("servicemonitors", {"endpoints": [{"proxyUrl": "x"}]}, {}), CONTROLLER),
            "",
        ),
        **{
            f"{kind}": (HARDENED, create(make(kind, {})), "names addresses")
            for kind in ("probes", "scrapeconfigs", "serviceentries", "workloadentries", "backends")
        },
        "another's probe": (HARDENED, create(make("probes", {}, {}), CONTROLLER), ""),
        "without the rule for addresses": (guarded(addresses={"enabled": False}), create(make("probes", {})), ""),
    }


_PATH = {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "x", "port": {"number": 80}}}}
CASES: dict[str, Case] = {
    **of_ownership(),
    **of_policies(),
    **of_pods(),
    **of_templates(),
    **of_endpoints(),
    **of_services(),
    **of_addresses(),
}
__all__ = ["CASES", "HARDENED", "SAID", "SERVICE", "compatible", "guarded"]
