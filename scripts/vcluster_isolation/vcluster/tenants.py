"""The vClusters of the world: who they are, whom policies name, and one's policies as another would have them."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace

from vcluster_isolation.netpol.engine.canonical import shape_of_policies, shape_of_tiers
from vcluster_isolation.netpol.objects.model import (
    NAME_LABEL,
    Labels,
    Origin,
    Peer,
    Policy,
    Requirement,
    Rule,
    Selector,
)
from vcluster_isolation.netpol.objects.tiers import TierPolicy, TierRule
from vcluster_isolation.vcluster.cast import CONTROLLED_BY, MANAGED_BY, SYNCED_FROM, SYNCED_HOME
from vcluster_isolation.vcluster.policy_names import FLOOR, ChartPolicy, by_name, recognise

_TENANT_KEYS = frozenset({"release", MANAGED_BY, CONTROLLED_BY, SYNCED_FROM})
_NAMESPACE_KEYS = frozenset({NAME_LABEL, SYNCED_HOME})


@dataclass(frozen=True, slots=True)
class Tenant:
    """A vCluster's name and its namespace."""

    name: str
    namespace: str


def named_spaces(policies: Iterable[Policy | TierPolicy]) -> set[str]:
    """Return the namespaces that the peers of policies name."""
    return _mentioned(policies, _NAMESPACE_KEYS)


def named_tenants(policies: Iterable[Policy | TierPolicy]) -> set[str]:
    """Return the vClusters that the peers of policies name."""
    return _mentioned(policies, _TENANT_KEYS)


def _mentioned(policies: Iterable[Policy | TierPolicy], keys: frozenset[str]) -> set[str]:
    """Return the values of some labels that any peer of policies mentions."""
    return _values(
        (peer for policy in policies for rule in (*policy.ingress, *policy.egress) for peer in rule.peers), keys
    )


def spaces_of(peers: Iterable[Peer]) -> set[str]:
    """Return the namespaces that peers name."""
    return _values(peers, _NAMESPACE_KEYS)


def _values(peers: Iterable[Peer], keys: frozenset[str]) -> set[str]:
    """Return the values of some labels that any peer mentions."""
    selectors = [one for peer in peers for one in (peer.pods, peer.namespaces) if one is not None]
    equal = {value for selector in selectors for key, value in selector.equal if key in keys}
    return equal | {
        value for selector in selectors for more in selector.others if more.key in keys for value in more.values
    }


def interchangeable(
    names: Sequence[str], policies: Iterable[Policy], tiers: Iterable[TierPolicy]
) -> list[tuple[str, ...]]:
    """Return namespaces in groups: any two of a group can change their names in all policies, and nothing changes.

    So whatever holds for pods in the first two namespaces of a group holds for those in any two of it: the evaluator
    compares names for equality and does nothing else with them (see `netpol/engine/canonical.py`). That two can be
    exchanged is transitive, so each namespace is compared with the first of each group only.
    """
    given, above = tuple(policies), tuple(tiers)

    def shape(one: str, other: str) -> Hashable:
        names = {one: "<one namespace>", other: "<another>"}
        return shape_of_policies(given, names), shape_of_tiers(above, names)

    groups: list[list[str]] = []
    for name in names:
        known = next((group for group in groups if shape(group[0], name) == shape(name, group[0])), None)
        if known is None:
            groups.append([name])
        else:
            known.append(name)
    return [tuple(group) for group in groups]


def renamed(policy: Policy, old: Tenant, new: Tenant) -> Policy:
    """Return a tenant's policy as another tenant with the same values would have it."""
    return replace(
        policy,
        namespace=_space(policy.namespace, old, new),
        name=policy.name.removesuffix(old.name) + new.name,
        selector=_selector(policy.selector, old, new),
        ingress=tuple(_rule(rule, old, new) for rule in policy.ingress),
        egress=tuple(_rule(rule, old, new) for rule in policy.egress),
    )


def renamed_tier(policy: TierPolicy, old: Tenant, new: Tenant) -> TierPolicy:
    """Return a tenant's cluster-scoped policy as another tenant with the same values would have it."""

    def rule(one: TierRule) -> TierRule:
        origin = replace(one.origin, policy=_floor_name(one.origin.policy, old, new))
        return replace(one, origin=origin, peers=tuple(_peer(peer, old, new) for peer in one.peers))

    return replace(
        policy,
        name=_floor_name(policy.name, old, new),
        subject=_peer(policy.subject, old, new),
        ingress=tuple(map(rule, policy.ingress)),
        egress=tuple(map(rule, policy.egress)),
    )


def is_floor_of(policy: TierPolicy, tenant: Tenant) -> bool:
    """Return whether a cluster-scoped policy is one that the chart renders for a tenant."""
    return recognise(policy) == ChartPolicy(FLOOR, tenant.name, tenant.namespace)


def own_origin(origin: Origin, own: Tenant, others: Iterable[Tenant]) -> Origin:
    """Return a tenant's own rule that one of another's policies is a copy of; any other rule as it is."""
    known = by_name(origin.policy)
    for other in others:
        if known == ChartPolicy(FLOOR, other.name, other.namespace) and not origin.namespace:
            return replace(origin, policy=_floor_name(origin.policy, other, own))
        if known and known.vcluster == other.name and origin.namespace == other.namespace:
            return replace(origin, namespace=own.namespace, policy=origin.policy.removesuffix(other.name) + own.name)
    return origin


def _floor_name(name: str, old: Tenant, new: Tenant) -> str:
    return name.removesuffix(f".{old.namespace}.{old.name}") + f".{new.namespace}.{new.name}"


def _rule(rule: Rule, old: Tenant, new: Tenant) -> Rule:
    space = _space(rule.origin.namespace, old, new)
    origin = replace(rule.origin, namespace=space, policy=rule.origin.policy.removesuffix(old.name) + new.name)
    return replace(rule, origin=origin, peers=tuple(_peer(peer, old, new) for peer in rule.peers))


def _peer(peer: Peer, old: Tenant, new: Tenant) -> Peer:
    pods = peer.pods and _selector(peer.pods, old, new)
    return replace(peer, pods=pods, namespaces=peer.namespaces and _selector(peer.namespaces, old, new))


def _selector(selector: Selector, old: Tenant, new: Tenant) -> Selector:
    equal: Labels = frozenset((key, _value(key, value, old, new)) for key, value in selector.equal)
    return Selector(equal, frozenset(_requirement(requirement, old, new) for requirement in selector.others))


def _requirement(one: Requirement, old: Tenant, new: Tenant) -> Requirement:
    return replace(one, values=frozenset(_value(one.key, value, old, new) for value in one.values))


def _space(name: str, old: Tenant, new: Tenant) -> str:
    """Return the namespace of a policy of another tenant; one that is not the tenant's own stays."""
    return new.namespace if name == old.namespace else name


def _value(key: str, value: str, old: Tenant, new: Tenant) -> str:
    if key in _TENANT_KEYS and value == old.name:
        return new.name
    return new.namespace if key in _NAMESPACE_KEYS and value == old.namespace else value
