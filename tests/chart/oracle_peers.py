"""Who is who, a second time: peers, the rules that several policies have, and the setup of values they depend on."""

from __future__ import annotations

from dataclasses import dataclass

from tests.chart.oracle_values import (
    DEFAULT_EXCEPT,
    SPECIAL_4,
    SPECIAL_6,
    Json,
    added,
    at,
    block,
    inside,
    resolve,
    tidy,
)
from vcluster_isolation.vcluster.grant_rows import GrantRow, GrantRule, named_grants

__all__ = ["Json", "at", "resolve", "tidy"]

MANAGED = "vcluster.loft.sh/managed-by"
HOME = "kubernetes.io/metadata.name"
COREDNS = {"k8s-app": "vcluster-kube-dns"}
DNS = [{"port": 1053, "protocol": "UDP"}, {"port": 1053, "protocol": "TCP"}]
API = {"port": 8443, "protocol": "TCP"}
CONTROL_PLANE_PORTS = [{"port": port, "protocol": "TCP"} for port in (8443, 2379, 2380)]
PORT_53 = [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]
PORT_5353 = [{"port": 5353, "protocol": "UDP"}, {"port": 5353, "protocol": "TCP"}]
# The default ports of grants: those of a row of grants.yaml that is not here are what the row says.
PORTS: dict[str, list[int]] = {
    "controlPlane.metricsServer": [10250],
    "controlPlane.backingStore": [2379, 3306, 5432],
    "snapshots.objectStorage": [443],
}
ADDRESSES = {
    "node-local": ["169.254.20.10"],
    "aks-local": ["169.254.10.10", "169.254.10.11"],
    "gke-cloud-dns": ["169.254.169.254"],
    "aws": ["169.254.169.253"],
    "azure": ["168.63.129.16"],
}


def in_namespaces(*names: str) -> Json:
    """Return the selector of these namespaces by name."""
    if len(names) == 1:
        return {"matchLabels": {HOME: names[0]}}
    return {"matchExpressions": [{"key": HOME, "operator": "In", "values": [*names]}]}


def pods_of(namespace: str, **labels: str) -> Json:
    """Return the peer of labelled pods in one namespace."""
    return {"namespaceSelector": in_namespaces(namespace), "podSelector": {"matchLabels": labels}}


HOST_DNS = pods_of("kube-system", **{"k8s-app": "kube-dns"})
OPENSHIFT_DNS = pods_of("openshift-dns", **{"dns.operator.openshift.io/daemonset-dns": "default"})
METRICS_SERVER = pods_of("kube-system", **{"k8s-app": "metrics-server"})


def unforged(peer: Json) -> Json:
    """Return a peer of labelled pods less those that vCluster syncs for a tenant."""
    pods = {**peer["podSelector"], "matchExpressions": [{"key": MANAGED, "operator": "DoesNotExist"}]}
    return {**peer, "podSelector": pods}


@dataclass(frozen=True, slots=True)
class Setup:
    """What values say of a vCluster: its name, its release's name and namespace, the namespaces of its workloads."""

    values: Json
    policy: Json
    name: str
    release: str
    namespace: str
    namespaces: tuple[str, ...]
    hosted: bool

    @property
    def hardened(self) -> bool:
        return bool(at(self.policy, "profile", "compatible") == "hardened")

    @property
    def embedded(self) -> bool:
        """CoreDNS runs in the control plane."""
        coredns = at(self.values, "controlPlane.coredns", {})
        return self.hosted and at(coredns, "enabled", True) and at(coredns, "embedded", False)

    @property
    def coredns(self) -> bool:
        """CoreDNS is a pod of its own."""
        coredns = at(self.values, "controlPlane.coredns", {})
        return self.hosted and at(coredns, "enabled", True) and not at(coredns, "embedded", False)

    def pods(self, labels: Json, *, always: bool = False) -> Json:
        """Return a selector of pods that, when hardened, no workload matches."""
        unforged = {"matchExpressions": [{"key": MANAGED, "operator": "DoesNotExist"}]}
        return {"matchLabels": labels, **(unforged if always or self.hardened else {})}

    def with_namespaces(self, *names: str) -> Json:
        """Return the namespaceSelector that a peer needs once workloads are in several namespaces."""
        return {"namespaceSelector": in_namespaces(*names)} if len(self.namespaces) > 1 else {}


def setup_of(values: Json, release: str, namespace: str) -> Setup:
    """Read the setup out of values."""
    policy = at(values, "policies.networkPolicy", {})
    name = at(values, "vcluster.name", "") or release
    hosted = not at(values, "privateNodes.enabled", False)
    others = {*at(policy, "workload.namespaces", []), at(values, "experimental.syncSettings.targetNamespace", "")}
    if at(values, "sync.toHost.namespaces.enabled", False):
        hosts = at(values, "sync.toHost.namespaces.mappings.byName", {}).values()
        others |= {host.replace("${name}", name) for host in hosts if host and "*" not in host}
    found = (namespace, *sorted(others - {namespace, ""})) if hosted else (namespace,)
    return Setup(values, policy, name, release, namespace, found, hosted)


def rule(side: str, peers: list[Json], ports: list[Json] | None = None) -> Json:
    """Return a rule; without peers it is about everybody, without ports about every port."""
    return {**({side: peers} if peers else {}), **({"ports": ports} if ports else {})}


def granted(setup: Setup, pods: str, side: str) -> list[Json]:
    """Return the rules of the grants that are on, in the policy of these pods: those for fewer pods first.

    Grants for workloads of the vCluster itself are not among them.
    """
    rows = [row for row in named_grants() if row.peers == side and row.whose != "tenant"]
    return [
        found
        for row in sorted(rows, key=lambda row: len(row.rules))
        for each in row.rules
        if pods in each.pods
        for found in _grant(setup, row, each)
    ]


def _grant(setup: Setup, row: GrantRow, of: GrantRule) -> list[Json]:
    """Return the rule of a grant that is enabled."""
    given, default = at(setup.policy, row.path, {}), row.default or {}
    if not at(given, "enabled", False):
        return []
    known = PORTS.get(row.path)
    ports = default.get("ports", []) if known is None else tcp(*known)
    peers = at(given, row.peers, [METRICS_SERVER] if row.path == "controlPlane.metricsServer" else default[row.peers])
    if setup.hardened and peers == [METRICS_SERVER]:
        peers = [unforged(METRICS_SERVER)]
    anywhere = public_objects(setup) if row.path == "snapshots.objectStorage" else []
    return [rule(row.peers, tidy(peers) or anywhere, tcp(*of.ports) if of.ports else tidy(at(given, "ports", ports)))]


def tcp(*numbers: int) -> list[Json]:
    """Return TCP ports."""
    return [{"port": number, "protocol": "TCP"} for number in numbers]


def control_plane(setup: Setup) -> Json:
    return {"podSelector": setup.pods({"release": setup.name}), **setup.with_namespaces(setup.namespace)}


def workloads(setup: Setup) -> Json:
    return {"podSelector": {"matchLabels": {MANAGED: setup.name}}, **setup.with_namespaces(*setup.namespaces)}


def snapshots(setup: Setup) -> Json:
    return {"podSelector": setup.pods({"app": "vcluster-snapshot"})}


def platform(setup: Setup) -> Json:
    names = at(setup.policy, "platform.namespaces", []) or ["vcluster-platform"] * setup.hardened
    return {
        "namespaceSelector": in_namespaces(*names) if names else {},
        "podSelector": setup.pods({"app": "loft"}),
    }


def in_effect(setup: Setup) -> bool:
    """Say whether there is a project."""
    return bool(at(setup.policy, "project.name", "") or at(setup.policy, "project.namespaceSelector", {}))


def project(setup: Setup) -> Json:
    name = resolve(at(setup.policy, "project.name", ""), setup.values, setup.release, setup.namespace)
    selector = tidy(at(setup.policy, "project.namespaceSelector", {})) or {"matchLabels": {"loft.sh/project": name}}
    unmapped = {"key": "vcluster.loft.sh/vcluster-namespace", "operator": "DoesNotExist"}
    return {
        "namespaceSelector": {**selector, "matchExpressions": [*selector.get("matchExpressions", []), unmapped]},
        "podSelector": {"matchExpressions": [{"key": MANAGED, "operator": "Exists"}]},
    }


def webhooks(setup: Setup) -> list[Json]:
    """Return whom the control plane calls; in the hardened profile workloads of this vCluster and nobody else."""
    given = tidy(at(setup.policy, "controlPlane.webhooks.to", []))
    if not given:
        return [workloads(setup)]
    return [_own_workloads(setup, peer) for peer in given] if setup.hardened else list(given)


def _own_workloads(setup: Setup, peer: Json) -> Json:
    pods = peer.get("podSelector", {})
    found: Json = {"podSelector": {**pods, "matchLabels": {**pods.get("matchLabels", {}), MANAGED: setup.name}}}
    if "namespaceSelector" in peer:
        here = {"key": HOME, "operator": "In", "values": [*setup.namespaces]}
        spaces = peer["namespaceSelector"]
        found["namespaceSelector"] = {**spaces, "matchExpressions": [*spaces.get("matchExpressions", []), here]}
    return found


def openshift_dns(*, hardened: bool) -> Json:
    """Return the pods of OpenShift's DNS."""
    return unforged(OPENSHIFT_DNS) if hardened else OPENSHIFT_DNS


def resolvers(setup: Setup, *, kube_dns: bool, hardened: bool | None = None) -> list[Json]:
    """Return the peers of host DNS that answer on port 53, pods of kube-dns only if asked for."""
    name_server = unforged(HOST_DNS) if (setup.hardened if hardened is None else hardened) else HOST_DNS
    peers = []
    for preset in at(setup.policy, "hostDns.presets", ["kube-dns"]):
        peers += [name_server] if preset == "kube-dns" and kube_dns else []
        peers += [{"ipBlock": {"cidr": f"{address}/32"}} for address in ADDRESSES.get(preset, [])]
    return peers + list(tidy(at(setup.policy, "hostDns.extra", [])))


def host_dns(setup: Setup) -> list[Json]:
    """Return the rules to host DNS."""
    presets = at(setup.policy, "hostDns.presets", ["kube-dns"])
    rules = [{"to": [HOST_DNS]}] if "kube-dns" in presets and not setup.hardened else []
    peers = resolvers(setup, kube_dns=setup.hardened)
    rules += [rule("to", peers, PORT_53)] if peers else []
    openshift = openshift_dns(hardened=setup.hardened)
    return rules + ([rule("to", [openshift], PORT_5353 + PORT_53)] if "openshift" in presets else [])


def fallback_address(setup: Setup) -> str:
    """Return fallbackDns as a CIDR."""
    address = at(setup.policy, "fallbackDns", "8.8.8.8")
    return f"{address}/{128 if ':' in address else 32}"


def fallback(setup: Setup) -> list[Json]:
    return [rule("to", [{"ipBlock": {"cidr": fallback_address(setup)}}], PORT_53)]


def api_server(setup: Setup) -> Json:
    """Return the rule to the host API server; `discover` finds nothing without a cluster."""
    ports = [{"port": port, "protocol": "TCP"} for port in at(setup.policy, "hostApiServer.ports", [443, 8443, 6443])]
    return rule("to", [{"ipBlock": {"cidr": cidr}} for cidr in at(setup.policy, "hostApiServer.cidrs", [])], ports)


def public(setup: Setup) -> list[Json]:
    """Return the ipBlocks of publicEgress."""
    old, given = at(setup.policy, "outgoingConnections.ipBlock", {}), at(setup.policy, "workload.publicEgress", {})
    cidr = at(given, "cidr", at(old, "cidr", "0.0.0.0/0"))
    excepted = at(given, "except", at(old, "except", DEFAULT_EXCEPT))
    if excepted == DEFAULT_EXCEPT:
        special = SPECIAL_4 + SPECIAL_6 if setup.hardened else DEFAULT_EXCEPT
        excepted = [entry for entry in special if inside(entry, cidr)]
    blocks = [block(cidr, _closed(setup, cidr, excepted))]
    if at(given, "ipv6.enabled", False):
        cidr = at(given, "ipv6.cidr", "2000::/3")
        excepted = at(given, "ipv6.except", SPECIAL_6)
        if excepted == SPECIAL_6:
            excepted = [entry for entry in SPECIAL_6 if inside(entry, cidr)]
        blocks.append(block(cidr, _closed(setup, cidr, excepted)))
    return blocks


def _closed(setup: Setup, cidr: str, excepted: list[str]) -> list[str]:
    cluster = [*at(setup.policy, "hostApiServer.cidrs", []), *_nodes_and_pods(setup)] if setup.hardened else []
    return added(excepted, [*at(setup.policy, "workload.publicEgress.extraExcept", []), *cluster], cidr)


def _nodes_and_pods(setup: Setup) -> list[str]:
    return [*at(setup.policy, "nodes.cidrs", []), *at(setup.policy, "pods.cidrs", [])]


def public_objects(setup: Setup) -> list[Json]:
    """Return every public address, as peers: where object storage is when nobody says."""
    more = [*at(setup.policy, "workload.publicEgress.extraExcept", []), *_nodes_and_pods(setup)]
    families: list[tuple[str, list[str]]] = [("0.0.0.0/0", SPECIAL_4), ("2000::/3", SPECIAL_6)]
    return [{"ipBlock": block(cidr, added(special, more, cidr))} for cidr, special in families]
