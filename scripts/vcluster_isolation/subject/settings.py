"""What values say that claims are about: who is named, on which ports, and where workloads run.

Source: the chart's values (chart/values.yaml), under policies.networkPolicy unless said otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from vcluster_isolation.errors import Problem
from vcluster_isolation.netpol.objects.model import (
    EGRESS,
    EVERYTHING,
    IN,
    NAME_LABEL,
    IPBlock,
    Peer,
    Requirement,
    Rule,
    Selector,
    selector,
)
from vcluster_isolation.netpol.parse.parse_policy import parse_policy, parse_selector
from vcluster_isolation.netpol.sets.addresses import POD_RANGES, AddressSet, address_set
from vcluster_isolation.netpol.sets.ports import ALL, PortSet, parse_ports
from vcluster_isolation.values.paths import at
from vcluster_isolation.vcluster.address_ranges import INTERNET_4, INTERNET_6
from vcluster_isolation.vcluster.cast import MANAGED_BY, PLATFORM_NAMESPACE
from vcluster_isolation.vcluster.grant_rows import GrantRow, grant_rows, named_grants

Json = Mapping[str, Any]

API: Final = parse_ports("TCP 8443")
API_SERVER: Final = parse_ports("TCP 443, TCP 6443")
RESOLVER: Final = parse_ports("TCP+UDP 53")
PROJECT_LABEL: Final = "loft.sh/project"


@dataclass(frozen=True, slots=True)
class PeersAndPorts:
    """Whom a value names (nobody: everybody), and the ports on which it opens something."""

    peers: tuple[Peer, ...]
    ports: PortSet = ALL


_PRESETS: Final[Mapping[str, tuple[str, ...]]] = {
    "node-local": ("169.254.20.10/32",),
    "aks-local": ("169.254.10.10/32", "169.254.10.11/32"),
    "gke-cloud-dns": ("169.254.169.254/32",),
    "aws": ("169.254.169.253/32",),
    "azure": ("168.63.129.16/32",),
}
"""Addresses of resolvers: Kubernetes' NodeLocal DNSCache and the documentation of the clouds."""

_KUBE_DNS: Final = Peer(selector({"k8s-app": "kube-dns"}), selector({"kubernetes.io/metadata.name": "kube-system"}))
_OPENSHIFT: Final = Peer(
    selector({"dns.operator.openshift.io/daemonset-dns": "default"}),
    selector({"kubernetes.io/metadata.name": "openshift-dns"}),
)


def _block(addresses: AddressSet) -> Peer:
    return Peer(block=IPBlock(addresses, ", ".join(addresses.cidrs()[:1])))


_USUAL: Final[Mapping[str, PeersAndPorts]] = {
    "hostDns": PeersAndPorts((_KUBE_DNS,), RESOLVER),
    "hostApiServer": PeersAndPorts((_block(POD_RANGES),), API_SERVER),
    "fallbackDns": PeersAndPorts((_block(address_set("8.8.8.8/32")),), RESOLVER),
}


@dataclass(frozen=True, slots=True)
class Settings:
    """What values say; the defaults here are for policies that came as manifests, of which no values are known.

    `named` has whom each value in effect names, by the value's path; `workload_namespaces` are those of workloads
    beside the release's, `unlisted_namespaces` says that workloads run in others as well, and
    `release_label_forgeable` that tenants choose the label `release`. `project` selects the namespaces of the
    project, by the user's words; `api_server` are the addresses that are the host API server's, each given by itself,
    and so no pod's. `nodes` and `pods` are the addresses of the host cluster's nodes and pods, empty while unknown.
    """

    hardened: bool = False
    embedded: bool = False
    workload_namespaces: tuple[str, ...] = ()
    unlisted_namespaces: bool = False
    release_label_forgeable: bool = False
    platform_spaces: tuple[str, ...] = (PLATFORM_NAMESPACE,)
    api_server: AddressSet = field(default_factory=AddressSet)
    nodes: AddressSet = field(default_factory=AddressSet)
    pods: AddressSet = field(default_factory=AddressSet)
    project: Selector | None = None
    floor: bool = False
    named: Mapping[str, PeersAndPorts] = field(default_factory=lambda: _USUAL)

    @property
    def pod_addresses(self) -> AddressSet:
        """Where a pod of unknown address is: among those of `pods`, or at any private address."""
        return (self.pods or POD_RANGES) - self.api_server

    @property
    def node_addresses(self) -> AddressSet:
        """Where a node is: among those of `nodes`, or at any private address."""
        return self.nodes or POD_RANGES

    @property
    def knows_api_server(self) -> bool:
        """Whether something says where the host cluster's API server is."""
        server = self.named.get("hostApiServer")
        return server is not None and server.peers != _USUAL["hostApiServer"].peers


def settings_of(values: Json, name: str, release: tuple[str, str], *, hosted: bool) -> Settings:
    """Return what values say, laid over the chart's defaults, of the vCluster `name` in a release: name and namespace.

    The values are those that the chart rendered, so that they are legal and no default is missing. Raises nothing.
    """
    policy = at(values, "policies.networkPolicy") or {}
    scope = {"Values": values, "Release": {"Name": release[0], "Namespace": release[1]}}
    sync = at(values, "sync.toHost.namespaces") or {}
    hosts = mapped(values, name)
    patterns = [one for one in hosts if "*" in one]
    many = bool(at(values, "experimental.multiNamespaceMode.enabled"))
    target = at(values, "experimental.syncSettings.targetNamespace")
    spaces = {*(at(policy, "workload.namespaces") or ()), *(one for one in hosts if "*" not in one)}
    spaces |= {target} if target else set()
    coredns = at(values, "controlPlane.coredns") or {}
    cidrs = at(policy, "hostApiServer.cidrs") or ()
    hardened = policy.get("profile") == "hardened"
    named = _named(policy, name, hosted=hosted)
    if hardened and at(policy, "controlPlane.webhooks.to") and "controlPlane.webhooks" in named:
        named["controlPlane.webhooks"] = _of_own_workloads(named["controlPlane.webhooks"], name, {*spaces, release[1]})
    return Settings(
        hardened=hardened,
        embedded=hosted and coredns.get("enabled") is not False and bool(coredns.get("embedded")),
        workload_namespaces=tuple(sorted(spaces - {release[1]})) if hosted else (),
        unlisted_namespaces=many or bool(patterns) or bool(sync.get("enabled") and not hosts),
        release_label_forgeable=many or bool(sync.get("enabled")),
        platform_spaces=tuple(at(policy, "platform.namespaces") or (PLATFORM_NAMESPACE,)),
        api_server=address_set(*(one for one in cidrs if one.endswith("/128" if ":" in one else "/32"))),
        nodes=address_set(*(at(policy, "nodes.cidrs") or ())),
        pods=address_set(*(at(policy, "pods.cidrs") or ())),
        project=_project(scope, policy),
        floor=hosted and bool(at(policy, "floor.enabled")),
        named=named,
    )


def mapped(values: Json, name: str) -> list[str]:
    """Return the host namespaces of sync.toHost.namespaces.mappings.byName, patterns among them; none if it is off.

    Source: vCluster's documentation of sync.toHost.namespaces: `${name}` is the vCluster's name, `*` any text.
    """
    sync = at(values, "sync.toHost.namespaces") or {}
    found = at(sync, "mappings.byName") or {}
    return [str(one).replace("${name}", name) for one in found.values()] if sync.get("enabled") else []


def _project(scope: Json, policy: Json) -> Selector | None:
    """Return how the project's namespaces are found, None without a project."""
    given, name = at(policy, "project.namespaceSelector"), at(policy, "project.name")
    if given:
        return parse_selector(given, "project.namespaceSelector", [])
    return selector({PROJECT_LABEL: _resolved(scope, name)}) if name else None


def _resolved(scope: Json, text: str) -> str:
    """Return a text with its references to `.Values` and `.Release` replaced, as the chart does."""
    before, opened, rest = text.partition("{{")
    if not opened:
        return text
    path, _, after = rest.partition("}}")
    found = at(scope, path.strip().removeprefix("."))
    whole = int(found) if isinstance(found, float) and found.is_integer() else found
    words = whole if isinstance(whole, str) else json.dumps(whole)
    return f"{before}{words}{_resolved(scope, after)}"


def _named(policy: Json, name: str, *, hosted: bool) -> dict[str, PeersAndPorts]:
    """Return whom the values in effect name."""
    found = {
        "hostDns": PeersAndPorts(tuple(resolvers(policy)), RESOLVER),
        "hostApiServer": _api_server(policy),
        "fallbackDns": PeersAndPorts((_block(address_set(_single(policy.get("fallbackDns") or "8.8.8.8"))),), RESOLVER),
        **_grants(policy, name),
    }
    if not found["hostDns"].peers:
        del found["hostDns"]
    if at(policy, "workload.publicEgress.enabled") and at(policy, "workload.publicEgress.ipv6.enabled"):
        found["workload.publicEgress.ipv6"] = PeersAndPorts((_block(_ipv6(policy)),))
    if at(policy, "defaultDeny.enabled"):
        found["defaultDeny"] = PeersAndPorts(())
    if at(policy, "project.name") or at(policy, "project.namespaceSelector"):
        found["project"] = PeersAndPorts((), ports_of(at(policy, "project.ports") or ()))
    return found if hosted else {key: one for key, one in found.items() if key not in _OF_WORKLOADS}


def _grants(policy: Json, name: str) -> dict[str, PeersAndPorts]:
    """Return whom the grants in effect name; of those that name nobody, who that is."""
    found: dict[str, PeersAndPorts] = {}
    for row in named_grants():
        grant = at(policy, row.path) or {}
        if not grant.get("enabled") or (row.on_by_default and not grant.get(row.peers) and not grant.get("ports")):
            continue  # off, or as it is by default, and no grant
        ports = ports_of(grant.get("ports") or ()) if row.has_ports else tcp(row.fixed_ports)
        found[row.path] = PeersAndPorts(peers_of(grant.get(row.peers) or ()) or _nobody(row, policy, name), ports)
    return found


def _nobody(row: GrantRow, policy: Json, name: str) -> tuple[Peer, ...]:
    """Return whom a grant is for that names nobody; none for everybody."""
    if row.empty == "workloads":
        return _workloads(name)
    return public(policy) if row.empty == "public" else ()


def tcp(numbers: Iterable[int]) -> PortSet:
    """Return TCP ports."""
    return parse_ports(", ".join(f"TCP {number}" for number in numbers))


_OF_WORKLOADS: Final = frozenset(
    {"workload.publicEgress.ipv6", *(row.path for row in grant_rows() if row.of_workloads)}
)


def _rule(peers: Sequence[Any], ports: Sequence[Any]) -> Rule:
    """Return a rule that was read as the evaluator reads one."""
    problems: list[Problem] = []
    rule = {"to": list(peers), "ports": list(ports)}
    spec = {"podSelector": {}, "policyTypes": [EGRESS], "egress": [rule]}
    return parse_policy(spec, "", "", "", problems).egress[0]


def peers_of(peers: Sequence[Any]) -> tuple[Peer, ...]:
    """Return peers as values have them, read as the evaluator reads them."""
    return _rule(peers, ()).peers


def ports_of(ports: Sequence[Any]) -> PortSet:
    """Return ports by number; of names nobody knows here what they stand for."""
    return _rule((), ports).ports


def resolvers(policy: Json) -> list[Peer]:
    """Return the peers of hostDns."""
    presets = at(policy, "hostDns.presets") or ()
    found = [_KUBE_DNS] if "kube-dns" in presets else []
    found += [_OPENSHIFT] if "openshift" in presets else []
    found += [_block(address_set(cidr)) for one in presets for cidr in _PRESETS.get(one, ())]
    return [*found, *peers_of(at(policy, "hostDns.extra") or ())]


def _api_server(policy: Json) -> PeersAndPorts:
    """Return where the host API server is said to be; anywhere private where nobody says."""
    cidrs = at(policy, "hostApiServer.cidrs") or ()
    found = tuple(_block(address_set(one)) for one in cidrs) or _USUAL["hostApiServer"].peers
    return PeersAndPorts(found, ports_of([{"port": one} for one in at(policy, "hostApiServer.ports")]))


def _single(address: str) -> str:
    """Return the CIDR that is one address."""
    return f"{address}/{128 if ':' in address else 32}"


def _workloads(name: str) -> tuple[Peer, ...]:
    return (Peer(selector({MANAGED_BY: name})),)


def _of_own_workloads(given: PeersAndPorts, name: str, spaces: Iterable[str]) -> PeersAndPorts:
    """Return peers as the hardened chart narrows them: to workloads of this vCluster, in its namespaces."""
    here = Requirement(NAME_LABEL, IN, frozenset(spaces))

    def narrowed(peer: Peer) -> Peer:
        pods, places = peer.pods or EVERYTHING, peer.namespaces
        inside = places and Selector(places.equal, places.others | {here})
        return Peer(Selector(pods.equal | {(MANAGED_BY, name)}, pods.others), inside)

    return PeersAndPorts(tuple(map(narrowed, given.peers)), given.ports)


def public(policy: Json) -> tuple[Peer, ...]:
    """Return every public address, less what the user takes out everywhere, and nodes and pods."""
    taken = ("workload.publicEgress.extraExcept", "nodes.cidrs", "pods.cidrs")
    less = address_set(*(one for path in taken for one in at(policy, path) or ()))
    return tuple(_block(one - less) for one in (INTERNET_4, INTERNET_6) if one - less)


def _ipv6(policy: Json) -> AddressSet:
    """Return the public IPv6 addresses that the values open."""
    public = at(policy, "workload.publicEgress") or {}
    ipv6 = public.get("ipv6") or {}
    less = address_set(*(ipv6.get("except") or ()), *(public.get("extraExcept") or ()))
    if policy.get("profile") == "hardened":
        cluster = ("hostApiServer.cidrs", "nodes.cidrs", "pods.cidrs")
        less |= address_set(*(one for path in cluster for one in at(policy, path) or ()))
    return (address_set(ipv6.get("cidr") or "2000::/3") & INTERNET_6) - less
