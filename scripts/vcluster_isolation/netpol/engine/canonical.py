"""Tenants that differ only in their names are one: the shape of policies after renaming.

Every vCluster of a fleet has the same policies but for its name and namespace. The evaluator compares label
values and namespace names for equality and does nothing else with them, so renaming them one to one, everywhere,
changes no verdict. Hence: take two tenants whose policies have equal shapes and whose pods have equal shapes. Then
a pod of the one has towards a pod of the one, or towards an end that no renamed text occurs in or is asked about
by (an `External`, a host pod that both tenants' peers see alike), the verdicts that the pod of equal shape has
in the other: evaluate one tenant, and use it for all.

That the renaming is one to one is checked here: the new texts differ from each other, and are not legal label
values, so nothing in a policy is one of them already. A tenant that is called like something else (a tenant
`kube-dns`) gets a shape of its own, and is evaluated by itself: never wrong, only not shared.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from operator import attrgetter

from vcluster_isolation.netpol.objects.fields import legal_value
from vcluster_isolation.netpol.objects.model import IPBlock, Labels, Peer, Policy, Rule, Selector
from vcluster_isolation.netpol.objects.tiers import TierPolicy, TierRule

Names = Mapping[str, str]

_addresses: Callable[[IPBlock], Hashable] = attrgetter("addresses")


def check_names(names: Names) -> None:
    """Raise ValueError unless a renaming is one to one: distinct new texts, none of which can be a label value."""
    new = list(names.values())
    if len(set(new)) < len(new) or any(map(legal_value, new)):
        raise ValueError("a renaming must give distinct texts that are not label values")


def renamed_labels(labels: Labels, names: Names) -> Labels:
    """Return labels with the values renamed; a text that `names` does not have stays."""
    return frozenset((key, names.get(value, value)) for key, value in labels)


def renamed_selector(selector: Selector, names: Names) -> Hashable:
    """Return a selector, renamed."""
    if not selector.others:
        return renamed_labels(selector.equal, names)
    others = ((one.key, one.operator, frozenset(names.get(v, v) for v in one.values)) for one in selector.others)
    return renamed_labels(selector.equal, names), frozenset(others)


def renamed_peer(peer: Peer, names: Names, block: Callable[[IPBlock], Hashable]) -> Hashable:
    """Return a peer, renamed; of an ipBlock what `block` makes of its addresses, and whether it is certain."""
    if peer.block is not None:
        return block(peer.block), peer.block.certain
    return tuple(one and renamed_selector(one, names) for one in (peer.pods, peer.namespaces, peer.nodes))


def shape_of_policies(policies: Iterable[Policy], names: Names) -> Hashable:
    """Return what makes the verdicts of policies, up to renaming: equal shapes, equal verdicts.

    Names of policies and the order of policies and rules do not count. Raises ValueError as `check_names` does.
    """
    check_names(names)
    return frozenset(_policy(policy, names) for policy in policies)


def shape_of_tiers(tiers: Iterable[TierPolicy], names: Names) -> Hashable:
    """Return the same of cluster-scoped policies; of these the order of rules counts, and the priorities do.

    Give those that look at the tenants' pods. Their names do not count, though a tenant's may be part of them.
    Raises ValueError as `check_names` does.
    """
    check_names(names)
    return frozenset(_tier(tier, names) for tier in tiers)


def _policy(policy: Policy, names: Names) -> Hashable:
    """Return a policy, renamed and without its name."""
    home = names.get(policy.namespace, policy.namespace)
    rules = [(way, _rule(rule, names)) for way in sorted(policy.types) for rule in policy.rules(way)]
    return home, policy.types, renamed_selector(policy.selector, names), frozenset(rules)


def _tier(policy: TierPolicy, names: Names) -> Hashable:
    """Return a cluster-scoped policy, renamed and without its name and kind: its tier says that; order may count."""
    rules = tuple(tuple((one.action, _rule(one, names)) for one in some) for some in (policy.ingress, policy.egress))
    return policy.tier, policy.priority, policy.manner, renamed_peer(policy.subject, names, _addresses), rules


def _rule(rule: Rule | TierRule, names: Names) -> Hashable:
    """Return a rule, renamed and without its origin."""
    return frozenset(renamed_peer(peer, names, _addresses) for peer in rule.peers), rule.ports, frozenset(rule.named)
