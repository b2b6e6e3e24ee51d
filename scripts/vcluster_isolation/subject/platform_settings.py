"""What values, or the policy itself, say about vCluster Platform: who is named, on which ports.

Source: the chart's values (chart/values.yaml) under platformNetworkPolicy, and its table of ports (chart/ports.yaml).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from vcluster_isolation.helm.rule_notes import PLATFORM_KEY
from vcluster_isolation.netpol.engine.classes import single
from vcluster_isolation.netpol.objects.model import (
    DOES_NOT_EXIST,
    EGRESS,
    EVERYTHING,
    NAME_LABEL,
    Peer,
    Policy,
    Requirement,
    Rule,
    selector,
)
from vcluster_isolation.netpol.sets.addresses import AddressSet, address_set, union_of
from vcluster_isolation.netpol.sets.ports import NONE, PortSet, parse_ports
from vcluster_isolation.subject.settings import RESOLVER, PeersAndPorts, Settings, peers_of, ports_of, public, resolvers
from vcluster_isolation.values.paths import at
from vcluster_isolation.vcluster.cast import MANAGED_BY
from vcluster_isolation.vcluster.grant_rows import platform_grant_rows
from vcluster_isolation.vcluster.ports import read_ports

Json = Mapping[str, Any]

API_SERVER, HTTPS, HTTP, PROMETHEUS, EGRESS_KEY = (
    f"{PLATFORM_KEY}.{key}" for key in ("apiServer", "https", "http", "prometheus", "egress")
)
PLATFORM_GRANTS: Final = tuple(row.path for row in platform_grant_rows())
"""What platformNetworkPolicy.egress can open, beside DNS and rules of the user's own: paths under that root key."""

_NOT_SYNCED: Final = Requirement(MANAGED_BY, DOES_NOT_EXIST)
_OF_VCLUSTERS: Final = selector({"app": "vcluster"}, _NOT_SYNCED)
_OF_PLATFORM: Final = selector({"app": "loft"}, _NOT_SYNCED)


def settings_of_platform(values: Json, policy: Json, home: str) -> Settings:
    """Return what values say of the platform in the namespace `home`.

    `values` are those of platformNetworkPolicy and `policy` those of policies.networkPolicy, over the chart's
    defaults, as the chart rendered them: they are legal, and no default is missing. Raises nothing.
    """
    server = [{"ipBlock": {"cidr": cidr}} for cidr in at(values, "apiServer.cidrs")]
    ports = served(agent_only=bool(values.get("agentOnly")))
    named = {
        API_SERVER: PeersAndPorts(peers_of([*server, *at(values, "apiServer.peers")]), ports["kube-apiserver"]),
        HTTPS: PeersAndPorts(peers_of(at(values, "https.from")), ports["users"]),
        HTTP: PeersAndPorts(peers_of(at(values, "http.from")), ports["ingress-controllers"]),
    }
    if at(values, "prometheus.enabled"):
        named[PROMETHEUS] = _prometheus(values["prometheus"])
        named |= {f"{PROMETHEUS}.isolated": PeersAndPorts(())} if at(values, "prometheus.isolated") else {}
    if at(values, "egress.enabled"):
        named |= _egress(values["egress"], policy)
    nodes, pods = (address_set(*(at(policy, f"{key}.cidrs") or ())) for key in ("nodes", "pods"))
    return replace(_settings(named, home), nodes=nodes, pods=pods)


def settings_of_platform_policy(policy: Policy) -> Settings:
    """Return what the policy itself says, of which no values are known: whom its rules name is taken to be named."""
    usual = served(agent_only=False)
    rules = [rule for rule in policy.ingress if rule.ports and rule.ports <= usual["kube-apiserver"]]
    api = PeersAndPorts(_peers(rules), _ports(rules) or served(agent_only=True)["kube-apiserver"])
    named = {API_SERVER: api}
    for key, who in ((HTTPS, "users"), (HTTP, "ingress-controllers")):
        named[key] = PeersAndPorts(_peers([rule for rule in policy.ingress if rule.ports == usual[who]]), usual[who])
    if EGRESS in policy.types:
        named[EGRESS_KEY] = PeersAndPorts(tuple(peer for rule in policy.egress for peer in rule.peers))
    return _settings(named, policy.namespace)


def served(*, agent_only: bool) -> Mapping[str, PortSet]:
    """Return the ports on which the platform's pods listen, by who dials them, of the table of ports."""
    found: dict[str, PortSet] = {}
    end = "agent" if agent_only else "platform"
    for row in (row for row in read_ports() if row.is_served_by(end)):
        ports = parse_ports(", ".join(f"{protocol} {row.port}" for protocol in row.protocols))
        found |= {party.name: found.get(party.name, NONE) | ports for party in row.dialled_by}
    return found


def named_addresses(settings: Settings, *keys: str) -> AddressSet:
    """Return the addresses that values name."""
    found = (peer.block for key in keys if key in settings.named for peer in settings.named[key].peers)
    return union_of(block.addresses for block in found if block)


def _settings(named: dict[str, PeersAndPorts], home: str) -> Settings:
    """Return settings, with a key for each list of peers that is not empty: `https.from`.

    An address that is named by itself is that of an API server, a database or the like, and so no pod's.
    """
    named |= {f"{key}.from": named[key] for key in (HTTPS, HTTP) if named[key].peers}
    blocks = [peer.block.addresses for one in named.values() for peer in one.peers if peer.block]
    return Settings(
        platform_spaces=(home,), api_server=union_of(block for block in blocks if single(block)), named=named
    )


def _egress(egress: Json, policy: Json) -> dict[str, PeersAndPorts]:
    """Return whom the values of egress name; the key of egress itself has everybody."""
    found: dict[str, PeersAndPorts] = {}
    if at(egress, "dns.enabled"):
        found[f"{EGRESS_KEY}.dns"] = PeersAndPorts(tuple(resolvers(policy)), RESOLVER)
    for row in platform_grant_rows():
        grant = at({"egress": egress}, row.path)
        if grant["enabled"]:
            peers = peers_of(grant[row.peers]) or public(policy)
            found[f"{PLATFORM_KEY}.{row.path}"] = PeersAndPorts(peers, ports_of(grant["ports"]))
    own = [peer for rule in egress["rules"] for peer in peers_of(rule.get("to") or ())]
    every = (*(peer for one in found.values() for peer in one.peers), *own)
    return {**found, EGRESS_KEY: PeersAndPorts(every)}


def _prometheus(values: Json) -> PeersAndPorts:
    """Return the pods of Prometheus, by the labels of the table of ports where values give none."""
    (row,) = (one for one in read_ports() if one.name == "prometheus")
    pods = values["podSelector"] or {"matchLabels": dict(row.served_by[0].pod_labels)}
    space = {"matchLabels": {NAME_LABEL: values["namespace"]}}
    return PeersAndPorts(
        peers_of([{"podSelector": pods, "namespaceSelector": space}]), ports_of([{"port": int(values["port"])}])
    )


def _peers(rules: Iterable[Rule]) -> tuple[Peer, ...]:
    """Return whom rules of the platform's policy name beside its own pods and vClusters; nobody: one is for anybody."""
    given = list(rules)
    if not all(rule.peers for rule in given):
        return ()
    return tuple(peer for rule in given for peer in rule.peers if not _is_its_own(peer))


def _is_its_own(peer: Peer) -> bool:
    """Return whether a peer is what the chart admits by itself beside listed peers."""
    return peer.pods == _OF_PLATFORM or (peer.pods == _OF_VCLUSTERS and peer.namespaces == EVERYTHING)


def _ports(rules: Iterable[Rule]) -> PortSet:
    """Return the ports of rules."""
    found = NONE
    for rule in rules:
        found |= rule.ports
    return found
