"""Requests made at random, honest and not: for each kind, what a syncer or a controller could write, with faults in it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from random import Random

from tests.chart.rendering import Json
from tests.guard.admission import Request
from tests.guard.cases import of_a_pod
from tests.guard.host_objects import (
    CONTROLLER,
    KINDS,
    MARK,
    NEIGHBOUR,
    PERSON,
    REPLICAS,
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
    policy,
    service,
    template,
    update,
)

USERS = [SYNCER] * 6 + [CONTROLLER, CONTROLLER, NEIGHBOUR, PERSON, REPLICAS, account("argo", "x")]
LABELS: list[Json] = [
    {},
    {"app": "web"},
    {"release": "a"},
    {"app": "vcluster-snapshot"},
    {"app": "loft"},
    {"app": "vcluster"},
    {"k8s-app": "vcluster-kube-dns"},
    {"team": "x"},
    {"app": "prometheus"},
    {MARK: "b"},
    {SPACE: "kube-system"},
    {"vcluster.loft.sh/controlled-by": "x"},
]
CIDRS = [
    "8.8.8.0/24",
    "0.0.0.0/0",
    "0.0.0.0/1",
    "10.0.0.0/8",
    "8.0.0.0/6",
    "9.0.0.0/8",
    "10.5.1.0/24",
    "169.254.169.254/32",
]
CIDRS += [
    "2600::/16",
    "::/0",
    "2001:db8::/48",
    "2000::/3",
    "198.51.100.0/25",
    "172.0.0.0/8",
    "192.0.0.0/16",
    "11.1.1.1/32",
]
PARTS = ["10.0.0.0/8", "10.0.0.0/9", "10.128.0.0/9", "10.0.0.0/10", "10.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12"]
PARTS += ["192.168.0.0/16", "10.128.0.0/10", "10.192.0.0/10", "192.0.0.0/24", "192.0.2.0/25", "192.0.2.128/25"]
ADDRESSES = ["10.7.0.1", "10.7.0.254", "10.8.0.1", "8.8.8.8", "100.64.0.9"]
SERVICES = [
    "web-x-default-x-a",
    "web",
    "a",
    "a-headless",
    "b",
    "db-x-other-x-a",
    "a-x-default-x-a",
    "b-x-default-x-a",
    None,
]
ANNOTATIONS = ["a.io/auth-url", "a.io/x", "nginx.org/server-snippets", "b.io/config-backend", "c.io/configuration"]
TEMPLATED = ("deployments", "statefulsets", "daemonsets", "jobs", "cronjobs", "replicationcontrollers")
Maker = Callable[[Random], Json]


def requests(seed: int, count: int) -> list[Request]:
    """Return requests made at random; the same for the same seed."""
    random = Random(seed)  # noqa: S311 - test data, the same every time
    return [_request(random) for _ in range(count)]


def _request(random: Random) -> Request:
    if random.random() < 0.03:
        return of_a_pod(random.choice(["binding", "eviction"]), random.choice([SYNCER, CONTROLLER]))
    (resource,) = random.choices(list(MAKERS), [WEIGHTS.get(name, 1) for name in MAKERS])
    maker = MAKERS[resource]
    item, user = maker(random), random.choice(USERS)
    powers = {"administers": user == account("argo", "x")}
    kind = random.random()
    if kind < 0.55 or resource == "jobs":  # a Job's template never changes
        return create(item, user, **powers)
    if kind < 0.65 and resource in ("pods", "networkpolicies"):
        return delete(
            item, random.choice([SYNCER, SYNCER, PERSON]) if resource == "networkpolicies" else user, **powers
        )
    new = maker(random)
    new["metadata"]["name"] = item["metadata"]["name"]
    if random.random() < 0.4:
        new = copy.deepcopy(item) | {"metadata": new["metadata"]}
    part = "status" if resource == "pods" and random.random() < 0.5 else ""
    if resource in ("pods", "services"):  # little of them can be changed
        new = {**item, "metadata": new["metadata"]}
    if resource == "endpointslices":
        new = {**new, "addressType": item["addressType"]}
        new["endpoints"] = new["endpoints"] if _family(new) == item["addressType"] else []
    return update(item, new, user, part, **powers)


def _family(item: Json) -> str:
    text = "".join(address for endpoint in item["endpoints"] for address in endpoint["addresses"])
    return "IPv6" if ":" in text else "IPv4"


def _labels(random: Random) -> Json:
    own = marked() if random.random() < 0.8 else {}
    return {**own, **random.choice(LABELS), **(random.choice(LABELS) if random.random() < 0.3 else {})}


def _some(random: Random, among: list[str], most: int) -> list[str]:
    return random.sample(among, random.randint(0, most))


def _block(random: Random) -> Json:
    cidr = random.choice(CIDRS)
    inside = [part for part in PARTS if _strictly_inside(part, cidr)]
    return block(cidr, *_some(random, inside, min(len(inside), 6)))


def _strictly_inside(inner: str, outer: str) -> bool:
    from ipaddress import ip_network  # noqa: PLC0415 - named for this one question

    one, other = ip_network(inner), ip_network(outer)
    return one.version == other.version and one != other and one.subnet_of(other)  # type: ignore[arg-type]


def _peer(random: Random) -> Json:
    pods = [own_pods(), own_pods(), own_pods(app="x"), {}, {"matchLabels": {MARK: "b"}}]
    peers: list[Json] = [{"podSelector": random.choice(pods)}, _block(random), _block(random), _block(random)]
    peers += [
        {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "other"}}, "podSelector": own_pods()}
    ]
    return random.choice(peers)


def _policy(random: Random) -> Json:
    def rules(side: str) -> list[Json]:
        return [
            {side: [_peer(random) for _ in range(random.choice([1, 1, 1, 2, 3, 0]))]}
            for _ in range(random.choice([0, 1, 1, 2]))
        ]

    selector = random.choice([own_pods()] * 6 + [{}])
    found = policy(rules("to"), rules("from"), podSelector=selector)
    found["metadata"]["labels"] = _labels(random)
    return found


def _pod(random: Random) -> Json:
    flags = [{}, {}, {}, {"hostNetwork": True}, {"hostPID": True}, {"hostNetwork": False}]
    ports = [{}, {}, {"ports": [{"containerPort": 80}]}, {"ports": [{"containerPort": 80, "hostPort": 80}]}]
    more = [{}, {}, {"initContainers": [{"name": "d", "image": "i", **random.choice(ports)}]}]
    spec = {
        "containers": [{"name": "c", "image": "i", **random.choice(ports)}],
        **random.choice(flags),
        **random.choice(more),
    }
    if spec.get("hostNetwork"):
        spec["containers"] = [{"name": "c", "image": "i"}]  # its ports would have to be the node's
        spec.pop("initContainers", None)
    return make("pods", spec, _labels(random))


def _endpoints(random: Random) -> Json:
    name = random.choice(["x-x-default-x-a", "x-x-default-x-a", "b", "a-etcd"])
    found = endpoints(*_some(random, ADDRESSES[:3], 2), ready=random.random() < 0.5, name=name)
    found["metadata"]["labels"] = _labels(random)
    return found


def _slice(random: Random) -> Json:
    addresses = _some(random, random.choice([ADDRESSES, ["2001:db8:7::1", "2001:db8:8::1"]]), 2)
    found = endpoint_slice(*addresses, service=random.choice(SERVICES))
    found["metadata"]["labels"] |= random.choice([{}, {}, {SPACE: "other"}, {MARK: "b"}])
    return found


def _service(random: Random) -> Json:
    names = ["example.com", "db.example.com", "badexample.com"]
    specs: list[Json] = [{}, {"externalIPs": ["10.0.0.1"]}, {"type": "LoadBalancer"}]
    specs += [{"type": "ExternalName", "externalName": name} for name in names]
    return service(**random.choice(specs))


def _templated(resource: str) -> Maker:
    def maker(random: Random) -> Json:
        once = resource in ("jobs", "cronjobs")
        inner = template(once=once, **random.choice(LABELS))
        selector = {"x": "y"} if resource == "replicationcontrollers" else {"matchLabels": {"x": "y"}}
        spec: Json = {"selector": selector, "template": inner}
        if once:
            spec = (
                {"template": inner}
                if resource == "jobs"
                else {"schedule": "@daily", "jobTemplate": {"spec": {"template": inner}}}
            )
        if resource == "statefulsets":
            spec["serviceName"] = "x"
        return make(resource, spec, random.choice(LABELS))

    return maker


def _custom(resource: str) -> Maker:
    def maker(random: Random) -> Json:
        labels = {"labels": random.choice(LABELS)}
        solver = {"http01": {random.choice(["ingress", "gatewayHTTPRoute"]): {"podTemplate": {"metadata": labels}}}}
        targets = [{"name": "x"}, {"kind": "Service", "name": "x"}, {"kind": "Backend", "name": "x"}]
        change = random.choice([{"targetLabel": "__address__"}, {"targetLabel": "team"}, {"action": "labelmap"}])
        changed = [{}, {"proxyUrl": "http://x"}, {"relabelings": [change]}]
        specs: list[Json] = [{}, {"infrastructure": labels}, {"template": {"metadata": labels}}, {"podTemplate": {}}]
        specs += [
            {"infrastructure": {"parametersRef": {"name": "x"}}},
            {"acme": {"solvers": [{}, solver]}},
            {"acme": {}},
        ]
        specs += [
            {"virtualMachineTemplate": {"spec": {"template": {"metadata": labels}}}},
            {"inheritedMetadata": labels},
        ]
        specs += [{"endpoints": [random.choice(changed)]}, {"podMetricsEndpoints": [random.choice(changed)]}]
        rule = {"backendRefs": [random.choice(targets)]}
        mirror = {"filters": [{"type": "X"}, {"requestMirror": {"backendRef": random.choice(targets)}}]}
        specs += [{"rules": [{}, random.choice([rule, mirror])]}]
        return make(resource, random.choice(specs), _labels(random))

    return maker


def _ingress(random: Random) -> Json:
    backend = {"service": {"name": "x", "port": {"number": 80}}}
    annotations = dict.fromkeys(_some(random, ANNOTATIONS, 2), "x")
    return make("ingresses", {"defaultBackend": backend}, annotations=annotations)


_BUILT_IN: dict[str, Maker] = {
    "pods": _pod,
    "networkpolicies": _policy,
    "endpoints": _endpoints,
    "endpointslices": _slice,
    "services": _service,
    "ingresses": _ingress,
    **{name: _templated(name) for name in TEMPLATED},
}
MAKERS: dict[str, Maker] = {name: _BUILT_IN.get(name) or _custom(name) for name in KINDS if name != "replicasets"}
"""What makes an object of each kind."""
WEIGHTS = {
    "pods": 8,
    "networkpolicies": 8,
    "endpointslices": 4,
    "services": 3,
    "endpoints": 2,
    "httproutes": 2,
    "gateways": 3,
}
