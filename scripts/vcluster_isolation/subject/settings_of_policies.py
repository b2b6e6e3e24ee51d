"""What a vCluster's own policies say of its settings: all that is known where there are manifests and no values.

The chart's control plane and snapshots have three kinds of egress rules in common: to host DNS on its ports, to the
host API server, and to a backing store. Whom these name is taken to be who they are; what they do not say is as it
usually is. The chart's policies are those that `recognise` knows: a tenant can sync policies with names like theirs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from vcluster_isolation.netpol.engine.classes import single
from vcluster_isolation.netpol.objects.model import IN, NAME_LABEL, Peer, Policy, Rule, Selector
from vcluster_isolation.netpol.sets.addresses import AddressSet, union_of
from vcluster_isolation.netpol.sets.ports import every_port, parse_ports
from vcluster_isolation.subject.settings import RESOLVER, PeersAndPorts, Settings
from vcluster_isolation.vcluster.cast import MANAGED_BY
from vcluster_isolation.vcluster.policy_names import CONTROL_PLANE, SNAPSHOTS, WORKLOADS, is_role, recognise

_LOFT: Final = ("app", "loft")
_RESOLVERS: Final = RESOLVER | parse_ports("TCP+UDP 5353")


def settings_of_policies(policies: Iterable[Policy], name: str, home: str) -> Settings:
    """Return the settings of the vCluster `name` in the namespace `home`, as far as its policies tell."""
    own = [(one, known.role) for one in policies if (known := recognise(one)) and known.vcluster == name]
    at_home = [(one, role) for one, role in own if one.namespace == home]
    control, snapshots = ([one for one, role in at_home if role == some] for some in (CONTROL_PLANE, SNAPSHOTS))
    of_control = {(rule.peers, rule.ports) for one in control for rule in one.egress}
    common = [rule for one in snapshots for rule in one.egress if (rule.peers, rule.ports) in of_control]
    usual = Settings()
    dns, server = _resolvers(common), _api_server(common)
    spaces = {one.namespace for one, role in own if role == WORKLOADS and home_of(one) == home}
    return replace(
        usual,
        workload_namespaces=tuple(sorted(spaces - {home})),
        platform_spaces=tuple(dict.fromkeys(_platform(control))) or usual.platform_spaces,
        api_server=union_of(one for one in _addresses(server) if single(one)),
        named={**usual.named, **{key: one for key, one in (("hostDns", dns), ("hostApiServer", server)) if one}},
    )


def api_servers(policies: Iterable[Policy]) -> AddressSet:
    """Return the addresses that the vClusters of a host cluster know as the host API server's: they are no pod's.

    Only the chart's own policies are asked (`recognise`).
    """
    pairs: dict[tuple[str, str], list[Policy]] = {}
    for policy in policies:
        known = recognise(policy)
        if known and known.role in (CONTROL_PLANE, SNAPSHOTS) and _names_addresses(policy):
            pairs.setdefault((policy.namespace, known.vcluster), []).append(policy)
    found = (settings_of_policies(pair, name, home) for (home, name), pair in pairs.items() if len(pair) > 1)
    return union_of(one.api_server for one in found)


def platform_spaces(policies: Iterable[Policy]) -> set[str]:
    """Return the namespaces in which all vClusters of a host cluster look for vCluster Platform.

    One that some vCluster does not name is none: to that vCluster whoever is there is a stranger, and anybody who may
    create policies could name a namespace of theirs.
    """
    named = [set(_platform([one])) for one in policies if is_role(one, CONTROL_PLANE) and _admits_platform(one)]
    return set.intersection(*named) if named else set()


def _admits_platform(control: Policy) -> bool:
    return any(peer.pods and _LOFT in peer.pods.equal for rule in control.ingress for peer in rule.peers)


def _names_addresses(policy: Policy) -> bool:
    return any(peer.block for rule in policy.egress for peer in rule.peers)


def home_of(policy: Policy) -> str:
    """Return the namespace in which the control plane of a workload policy's vCluster is; its own if it says nothing.

    Only a policy in a namespace that the vCluster maps says so: there the control plane's peer names a namespace.
    """
    name = dict(policy.selector.equal).get(MANAGED_BY)
    for peer in (peer for rule in policy.egress for peer in rule.peers):
        if peer.pods and ("release", name) in peer.pods.equal and (spaces := only_spaces(peer.namespaces)):
            return spaces[0]
    return policy.namespace


def only_spaces(selector: Selector | None) -> tuple[str, ...]:
    """Return the only namespaces that a namespaceSelector can select, in ascending order; none for any others."""
    if selector is None:
        return ()
    names = [value for key, value in selector.equal if key == NAME_LABEL]
    listed = [one.values for one in selector.others if one.key == NAME_LABEL and one.operator == IN]
    return tuple(names or (sorted(listed[0]) if listed else ()))


def _platform(control: Iterable[Policy]) -> Iterator[str]:
    """Yield the namespaces in which the control plane's policies look for vCluster Platform."""
    for peer in (peer for one in control for rule in one.ingress for peer in rule.peers):
        if peer.pods and _LOFT in peer.pods.equal:
            yield from only_spaces(peer.namespaces)


def _resolvers(common: Sequence[Rule]) -> PeersAndPorts | None:
    """Return host DNS: the peers of all rules for port 53, or 5353 as well."""
    usual = Settings().named["hostDns"].peers
    rules = (rule for rule in common if RESOLVER <= rule.ports <= _RESOLVERS or rule.peers == usual)
    found = [peer for rule in rules for peer in rule.peers]
    return PeersAndPorts(tuple(found), RESOLVER) if found else None


def _api_server(common: Sequence[Rule]) -> PeersAndPorts | None:
    """Return the host API server: of the first rule for TCP ports; None where that is for any address."""
    every = every_port("TCP")
    tcp = (rule for rule in common if rule.ports <= every and rule.ports != every)
    first = next((rule for rule in tcp if not any(map(_is_pods, rule.peers))), None)
    return PeersAndPorts(first.peers, first.ports) if first and first.peers else None


def _is_pods(peer: Peer) -> bool:
    return peer.block is None


def _addresses(named: PeersAndPorts | None) -> list[AddressSet]:
    """Return the addresses of each ipBlock of whom a rule names."""
    return [peer.block.addresses for peer in named.peers if peer.block] if named else []
