"""What the guard means, worked out a second time: from docs/guard.md, not from its expressions.

`refusals` takes the values and a request, and returns the names of the refusals in the order in which they are said.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator

from tests.chart.oracle_peers import Setup, at, public, setup_of
from tests.chart.rendering import Json
from tests.guard.admission import CREATE, Network, Request, contains, network
from tests.guard.host_objects import MARK, SERVICE, SPACE

CONTROLLERS = ("statefulset", "replicaset", "deployment", "job", "cronjob", "daemon-set", "replication")
WORKLOADS = ("deployments", "replicasets", "statefulsets", "daemonsets", "jobs", "cronjobs", "replicationcontrollers")
MACHINES = ("virtualmachines", "virtualmachineinstances", "virtualmachineinstancereplicasets", "virtualmachinepools")
ROUTES = ("httproutes", "grpcroutes", "tlsroutes", "tcproutes", "udproutes")
NAMING = ("probes", "scrapeconfigs", "serviceentries", "workloadentries", "backends")
APPLICATIONS = ("vcluster", "vcluster-etcd", "vcluster-snapshot", "loft")
ASKING = r"(auth-url|mirror-target|.*snippets?|config-.*|actions\..*)"
PARTS = 16
"""How often an exception may halve a closed range and still count."""


class World:
    """The values as the guard sees them."""

    def __init__(self, values: Json) -> None:
        self.setup: Setup = setup_of(values, "a", "ns")
        self.guard: Json = at(self.setup.policy, "guard", {})
        account = at(values, "controlPlane.advanced.serviceAccount.name", "") or f"vc-{self.setup.name}"
        self.syncer = f"system:serviceaccount:ns:{account}"

    def on(self, rule: str) -> bool:
        return bool(at(self.guard, f"{rule}.enabled", True))

    def listed(self, path: str) -> list[str]:
        return list(at(self.guard, path, []))

    def exempt(self, request: Request) -> bool:
        """Whether nothing is refused to a user."""
        user = request.user
        if user == self.syncer:
            return False
        if not user.startswith("system:serviceaccount:") or request.administers:
            return True
        _, _, space, name = user.split(":")
        known = {f"{space}/{name}", f"{space}/*"} & set(self.listed("creators"))
        return bool(known) or (
            space == "kube-system" and name.removesuffix("-controller") in CONTROLLERS and "-" in name
        )


def refusals(values: Json, request: Request) -> str:
    """Return the names of the refusals, joined; the empty text where the request is allowed."""
    world = World(values)
    if request.namespace not in world.setup.namespaces or world.exempt(request):
        return ""
    said = [name for rule, name, against in _RULES if world.on(rule) and against(world, request)]
    return ", ".join(said)


def _labels(item: Json | None) -> dict[str, str]:
    return dict((item or {}).get("metadata", {}).get("labels") or {})


def _by_syncer(world: World, request: Request, *kinds: str) -> bool:
    return request.user == world.syncer and request.resource in kinds and request.operation in ("CREATE", "UPDATE")


def _ownership(world: World, request: Request) -> bool:
    kinds = (
        ("pods", "networkpolicies")
        if request.operation == "DELETE"
        else ("pods", "networkpolicies", "endpoints", "endpointslices")
    )
    if request.user != world.syncer or request.resource not in kinds:
        return False
    objects = [item for item in (request.object, request.old) if item is not None]
    own = all(_labels(item).get(MARK) == world.setup.name for item in objects)
    return not own or request.subresource in ("binding", "eviction")


def _sides(request: Request) -> Iterator[tuple[str, list[Json]]]:
    """Yield the side and the peers of each rule of a policy."""
    spec = (request.object or {}).get("spec", {})
    for direction, side in (("egress", "to"), ("ingress", "from")):
        yield from ((side, rule.get(side) or []) for rule in spec.get(direction) or [])


def _peers(world: World, request: Request) -> bool:
    anywhere = {"0.0.0.0/0", "::/0"} <= set(world.listed("networkPolicies.from"))
    return _by_syncer(world, request, "networkpolicies") and any(
        not peers and not (side == "from" and anywhere) for side, peers in _sides(request)
    )


def _selectors(world: World, request: Request) -> bool:
    if not _by_syncer(world, request, "networkpolicies"):
        return False
    name, spaces = world.setup.name, world.setup.namespaces

    def own(selector: Json | None) -> bool:
        return ((selector or {}).get("matchLabels") or {}).get(MARK) == name

    def here(selector: Json | None) -> bool:
        chosen = ((selector or {}).get("matchLabels") or {}).get("kubernetes.io/metadata.name")
        return selector is None or (len(spaces) > 1 and chosen in spaces)

    pods = [peer for _, peers in _sides(request) for peer in peers if "ipBlock" not in peer]
    selector = (request.object or {})["spec"]["podSelector"]
    return not (
        own(selector) and all(own(peer.get("podSelector")) and here(peer.get("namespaceSelector")) for peer in pods)
    )


def _closed(world: World, request: Request) -> bool:
    if not _by_syncer(world, request, "networkpolicies"):
        return False
    blocks = public(world.setup) if at(world.setup.policy, "workload.publicEgress.enabled", True) else []
    grants = {
        side: [(cidr, list[str]()) for cidr in world.listed(f"networkPolicies.{side}")] for side in ("to", "from")
    }
    grants["to"] += [(block["cidr"], block.get("except", [])) for block in blocks]
    return any(
        not any(_within(peer["ipBlock"], network(cidr), [*map(network, shut)]) for cidr, shut in grants[side])
        for side, peers in _sides(request)
        for peer in peers
        if "ipBlock" in peer
    )


def _within(block: Json, whole: Network, shut: list[Network]) -> bool:
    """Whether a block opens only what is open: it lies in the whole, and leaves out what is shut there."""
    try:
        cidr, excepted = network(block["cidr"]), [network(entry) for entry in block.get("except", [])]
    except ValueError:
        return False
    return contains(whole, cidr) and all(
        not cidr.overlaps(closed) or _left_out(closed, excepted) for closed in shut if closed.version == cidr.version
    )


def _left_out(closed: Network, excepted: list[Network]) -> bool:
    """Whether exceptions leave out a range: one of them all of it, or several that have nothing in common."""
    if any(contains(entry, closed) for entry in excepted):
        return True
    pairs = [(one, other) for at, one in enumerate(excepted) for other in excepted[at + 1 :]]
    if any(contains(one, other) or contains(other, one) for one, other in pairs):
        return False
    parts = [entry for entry in excepted if contains(closed, entry) and entry.prefixlen <= closed.prefixlen + PARTS]
    return list(ipaddress.collapse_addresses(parts)) == [closed]  # type: ignore[type-var]


def _host(world: World, request: Request) -> bool:
    if not _by_syncer(world, request, "pods") or request.operation != CREATE or request.subresource:
        return False
    spec = (request.object or {})["spec"]
    containers = [*spec["containers"], *spec.get("initContainers", [])]
    ports = [port for container in containers for port in container.get("ports", [])]
    return bool(spec.get("hostNetwork") or spec.get("hostPID") or any(port.get("hostPort") for port in ports))


def _reserved(world: World, request: Request) -> bool:
    """Whether an object gets labels that policies trust of a pod."""
    labels, before = _labels(request.object), _labels(request.old)
    writer = (
        world.setup.name if request.user == world.syncer else request.user.partition("system:serviceaccount:ns:vc-")[2]
    )
    owned = bool(writer) and labels.get(MARK) == writer
    own = world.listed("reservedLabels")

    def trusted(key: str, value: str) -> bool:
        if key == "release" or key in own or f"{key}={value}" in own:
            return True
        if not owned:
            forged = (MARK, SPACE, "vcluster.loft.sh/controlled-by")
            return key in forged or (key == "app" and value in APPLICATIONS)
        if world.setup.hardened:
            return False
        coredns = key == "k8s-app" and value == "vcluster-kube-dns" and labels.get(SPACE) != "kube-system"
        return coredns or (key == "app" and value in ("vcluster-snapshot", "loft"))

    return any(trusted(key, value) and before.get(key) != value for key, value in labels.items())


def _templates(item: Json | None) -> list[Json]:
    """Return the labels of all that an object makes pods of."""
    spec = (item or {}).get("spec") or {}
    found = [spec.get(field, {}).get("metadata", {}) for field in ("template", "podTemplate")]
    nested = (
        spec.get(field, {}).get("spec", {}).get("template", {}) for field in ("jobTemplate", "virtualMachineTemplate")
    )
    found += [template.get("metadata", {}) for template in nested]
    found += [spec.get(field, {}) for field in ("infrastructure", "inheritedMetadata", "podMetadata")]
    solvers = [solver.get("http01", {}) for solver in (spec.get("acme") or {}).get("solvers", [])]
    kinds = [solver.get(field, {}) for solver in solvers for field in ("ingress", "gatewayHTTPRoute")]
    found += [kind.get("podTemplate", {}).get("metadata", {}) for kind in kinds]
    return [metadata.get("labels", {}) for metadata in found]


def _made(world: World, request: Request) -> bool:
    """Whether pods made of an object would have labels that policies trust."""
    own = world.listed("reservedLabels")
    forged = ("release", MARK, SPACE, "vcluster.loft.sh/controlled-by")
    pairs = [(key, value) for labels in _templates(request.object) for key, value in labels.items()]
    same = request.old is not None and _templates(request.old) == _templates(request.object)
    return not same and any(
        key in (*forged, *own) or (key == "app" and value in APPLICATIONS) or f"{key}={value}" in own
        for key, value in pairs
    )


def _writes(request: Request, *kinds: str) -> bool:
    return request.resource in kinds and request.operation in ("CREATE", "UPDATE")


def _more(world: World) -> list[str]:
    return [resource.partition(".")[0] for resource in world.listed("templates.resources")]


def _pod_labels(world: World, request: Request) -> bool:
    return _writes(request, "pods") and request.subresource != "eviction" and _reserved(world, request)


def _template(world: World, request: Request) -> bool:
    return _writes(request, *WORKLOADS) and _made(world, request)


def _made_of(world: World, request: Request) -> bool:
    return _writes(request, "gateways", "issuers", *MACHINES, *_more(world)) and _made(world, request)


def _labels_of_it(world: World, request: Request) -> bool:
    kinds = ("gateways", "virtualmachineinstances", *ROUTES, *_more(world))
    return _writes(request, *kinds) and _reserved(world, request)


def _parameters(world: World, request: Request) -> bool:
    infrastructure = (request.object or {}).get("spec", {}).get("infrastructure", {})
    return _by_syncer(world, request, "gateways") and "parametersRef" in infrastructure


def _addresses(world: World, request: Request) -> bool:
    if not _by_syncer(world, request, "endpoints", "endpointslices"):
        return False
    item = request.object or {}
    lists = [subset.get(key, []) for subset in item.get("subsets") or [] for key in ("addresses", "notReadyAddresses")]
    found = [address["ip"] for addresses in lists for address in addresses]
    found += [address for endpoint in item.get("endpoints") or [] for address in endpoint["addresses"]]
    ranges = [network(cidr) for cidr in world.listed("endpoints.cidrs")]
    return any(not any(_in(address, whole) for whole in ranges) for address in found)


def _in(address: str, whole: Network) -> bool:
    try:
        return ipaddress.ip_address(address) in whole
    except ValueError:
        return False


def _service(world: World, request: Request) -> bool:
    if request.namespace != "ns" or not _by_syncer(world, request, "endpoints", "endpointslices"):
        return False
    name = world.setup.name
    forbidden = {name, f"{name}-headless", f"{name}-etcd", f"{name}-etcd-headless", *world.listed("endpoints.services")}
    if request.resource == "endpoints":
        return (request.object or {})["metadata"]["name"] in forbidden
    labels, before = _labels(request.object), _labels(request.old)
    service, former = labels.get(SERVICE, ""), before.get(SERVICE)
    translated = f"-x-{labels.get(SPACE, '')}-x-{name}"
    allowed = service.endswith(translated) or former in (service, service + translated)
    return bool(service) and (service in forbidden or not allowed)


def _external_ips(world: World, request: Request) -> bool:
    item, old = request.object or {}, request.old or {}
    status = request.subresource == "status" and item.get("status") != old.get("status")
    return _by_syncer(world, request, "services") and bool(item.get("spec", {}).get("externalIPs") or status)


def _external_name(world: World, request: Request) -> bool:
    spec = (request.object or {}).get("spec", {})
    if not _by_syncer(world, request, "services") or spec.get("type") != "ExternalName":
        return False
    name = spec["externalName"]
    return not any(name == domain or name.endswith(f".{domain}") for domain in world.listed("services.externalNames"))


def _annotations(world: World, request: Request) -> bool:
    keys = (request.object or {}).get("metadata", {}).get("annotations") or {}
    return _by_syncer(world, request, "ingresses") and any(re.search(f"/{ASKING}$", key) for key in keys)


def _backend(world: World, request: Request) -> bool:
    if not _by_syncer(world, request, *ROUTES):
        return False
    rules = (request.object or {}).get("spec", {}).get("rules", [])
    targets = [target for rule in rules for target in rule.get("backendRefs", [])]
    mirrors = [one["requestMirror"] for rule in rules for one in rule.get("filters", []) if "requestMirror" in one]
    return any(
        target.get("kind", "Service") != "Service" for target in [*targets, *(one["backendRef"] for one in mirrors)]
    )


def _monitor(world: World, request: Request) -> bool:
    if not _by_syncer(world, request, "servicemonitors", "podmonitors"):
        return False
    spec = (request.object or {})["spec"]
    found = [*spec.get("endpoints", []), *spec.get("podMetricsEndpoints", [])]
    changes = [change for endpoint in found for change in endpoint.get("relabelings", [])]
    targets = [change.get("targetLabel", "") for change in changes]
    hidden = any(target.startswith("__") or "$" in target for target in targets)
    mapped = any(change.get("action", "").lower() == "labelmap" for change in changes)
    return hidden or mapped or any("proxyUrl" in endpoint or "oauth2" in endpoint for endpoint in found)


def _naming(world: World, request: Request) -> bool:
    return _by_syncer(world, request, *NAMING)


_Against = Callable[[World, Request], bool]
_RULES: list[tuple[str, str, _Against]] = [
    ("ownership", "ownership", _ownership),
    ("networkPolicies", "peers", _peers),
    ("networkPolicies", "selectors", _selectors),
    ("networkPolicies", "addresses of a policy", _closed),
    ("pods", "host", _host),
    ("labels", "labels", _pod_labels),
    ("labels", "template", _template),
    ("templates", "made", _made_of),
    ("templates", "made", _labels_of_it),
    ("templates", "parameters", _parameters),
    ("endpoints", "addresses of endpoints", _addresses),
    ("endpoints", "service", _service),
    ("services", "external IPs", _external_ips),
    ("services", "external name", _external_name),
    ("addresses", "annotations", _annotations),
    ("addresses", "backend", _backend),
    ("addresses", "monitor", _monitor),
    ("addresses", "names addresses", _naming),
]
"""The rule that is switched, the name of the refusal, and whether it is against a request."""
