"""Tenants that differ only in their names are one: the shape of policies and pods after renaming.

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

from collections.abc import Hashable, Iterable, Mapping

from vcluster_isolation.netpol.engine.classes import single
from vcluster_isolation.netpol.objects.fields import legal_value
from vcluster_isolation.netpol.objects.model import Labels, Namespace, Peer, Pod, Policy, Rule, Selector
from vcluster_isolation.netpol.objects.tiers import TierPolicy, TierRule
from vcluster_isolation.netpol.sets.addresses import AddressSet

Names = Mapping[str, str]

TENANT = "<tenant>"
NAMESPACE = "<namespace>"


def tenant_names(tenant: str, namespace: str) -> dict[str, str]:
    """Return the renaming for a tenant and its namespace; where both have the same name, that is one text."""
    return {namespace: NAMESPACE, tenant: TENANT}


def check_names(names: Names) -> None:
    """Raise ValueError unless a renaming is one to one: distinct new texts, none of which can be a label value."""
    new = list(names.values())
    if len(set(new)) < len(new) or any(map(legal_value, new)):
        raise ValueError("a renaming must give distinct texts that are not label values")


def renamed_labels(labels: Labels, names: Names) -> Labels:
    """Return labels with the values renamed; a text that `names` does not have stays."""
    return frozenset((key, names.get(value, value)) for key, value in labels)


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


def shape_of_pod(pod: Pod, names: Names, blocks: frozenset[AddressSet], *, tiered: bool = False) -> Hashable:
    """Return what makes the verdicts of a pod, up to renaming; `blocks` are the ipBlocks of its `Profile`.

    Its own name does not count. Say `tiered` where cluster-scoped policies are: for a pod that has, or may have,
    several addresses of a family these then count one by one.
    """
    ports = None if pod.ports is None else frozenset(pod.ports)
    families = pod.addresses.families()
    where = (_namespace(pod.namespace, names), renamed_labels(pod.labels, names))
    exact = pod.host_network or (tiered and not single(pod.addresses))
    return (*where, ports, pod.addresses if exact else (blocks, families))


def _namespace(space: Namespace, names: Names) -> Hashable:
    """Return a namespace, renamed."""
    return names.get(space.name, space.name), renamed_labels(space.labels, names)


def _policy(policy: Policy, names: Names) -> Hashable:
    """Return a policy, renamed and without its name."""
    home = names.get(policy.namespace, policy.namespace)
    rules = [(way, _rule(rule, names)) for way in sorted(policy.types) for rule in policy.rules(way)]
    return home, policy.types, _selector(policy.selector, names), frozenset(rules)


def _tier(policy: TierPolicy, names: Names) -> Hashable:
    """Return a cluster-scoped policy, renamed and without its name and kind: its tier says that; order may count."""
    rules = tuple(tuple((one.action, _rule(one, names)) for one in some) for some in (policy.ingress, policy.egress))
    return policy.tier, policy.priority, policy.manner, _peer(policy.subject, names), rules


def _rule(rule: Rule | TierRule, names: Names) -> Hashable:
    """Return a rule, renamed and without its origin."""
    return frozenset(_peer(peer, names) for peer in rule.peers), rule.ports, frozenset(rule.named)


def _peer(peer: Peer, names: Names) -> Hashable:
    """Return a peer, renamed; of an ipBlock only the addresses, and whether they are certain."""
    return (
        None if peer.pods is None else _selector(peer.pods, names),
        None if peer.namespaces is None else _selector(peer.namespaces, names),
        None if peer.block is None else (peer.block.addresses, peer.block.certain),
        None if peer.nodes is None else _selector(peer.nodes, names),
    )


def _selector(selector: Selector, names: Names) -> Hashable:
    """Return a selector, renamed."""
    if not selector.others:
        return renamed_labels(selector.equal, names)
    others = (
        (requirement.key, requirement.operator, frozenset(names.get(v, v) for v in requirement.values))
        for requirement in selector.others
    )
    return renamed_labels(selector.equal, names), frozenset(others)
