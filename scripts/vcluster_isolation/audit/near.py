"""The policies that matter to one of many vClusters in a namespace: without those that speak of its neighbours only.

Among a vCluster's own pods, the strays of its namespace, the host and addresses nobody carries a neighbour's name in
`release` or `vcluster.loft.sh/managed-by`. So a policy whose podSelector asks for one selects none of them, a peer
that asks for one matches none of them, and a policy that is left with the same rules as another adds nothing. What
remains does not grow with the number of neighbours.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import replace

from vcluster_isolation.audit.cluster_index import ClusterIndex
from vcluster_isolation.audit.find import DiscoveredVCluster, RolePod
from vcluster_isolation.netpol.objects.model import Policy, Rule, Selector
from vcluster_isolation.netpol.objects.tiers import TierPolicy
from vcluster_isolation.vcluster.cast import MANAGED_BY
from vcluster_isolation.vcluster.policy_names import is_of

Label = tuple[str, str]


def near_policies(found: DiscoveredVCluster, beside: Iterable[RolePod], index: ClusterIndex) -> list[Policy]:
    """Return the policies in a vCluster's namespaces that can concern it, its own first."""
    policies = list(index.policies(found.spaces))
    theirs = _theirs(found, beside, index)
    if not theirs:
        return policies
    own_first = sorted(policies, key=lambda one: not is_of(one, found.tenant.name))
    different: dict[Hashable, Policy] = {}
    for policy in own_first:
        if not _asks_for(policy.selector, theirs):
            trimmed = replace(policy, ingress=_rules(policy.ingress, theirs), egress=_rules(policy.egress, theirs))
            different.setdefault(_content(trimmed), trimmed)
    return list(different.values())


def near_tiers(
    found: DiscoveredVCluster, beside: Iterable[RolePod], spaces: Iterable[str], index: ClusterIndex
) -> tuple[TierPolicy, ...]:
    """Return the cluster-scoped policies that can govern pods of a vCluster, or of some namespaces of the host."""
    theirs = _theirs(found, beside, index)
    return tuple(one for one in index.tiers_of(spaces) if not _asks_for(one.subject.pods, theirs))


def near_peers_policy(found: DiscoveredVCluster, beside: Iterable[RolePod], index: ClusterIndex) -> Policy:
    """Return the policy of `ClusterIndex.inbound_peers_policy` for a vCluster's namespaces."""
    carrier = index.inbound_peers_policy(found.spaces, anywhere=bool(found.synced))
    return replace(carrier, egress=_rules(carrier.egress, _theirs(found, beside, index)))


def _theirs(found: DiscoveredVCluster, beside: Iterable[RolePod], index: ClusterIndex) -> frozenset[Label]:
    """Return the labels that only a vCluster's neighbours carry."""
    names = {name for space in found.spaces for name in index.tenants.get(space, ())} - {found.tenant.name}
    carried = {label for _, pod in beside for label in pod.labels} if names else set()
    return frozenset((key, name) for key in ("release", MANAGED_BY) for name in names) - carried


def _asks_for(selector: Selector | None, labels: frozenset[Label]) -> bool:
    """Return whether a selector asks for one of some labels."""
    return selector is not None and not selector.equal.isdisjoint(labels)


def _rules(rules: Iterable[Rule], theirs: frozenset[Label]) -> tuple[Rule, ...]:
    """Return rules without the peers that are neighbours only, and without the rules that have no others."""
    trimmed = ((rule, tuple(peer for peer in rule.peers if not _asks_for(peer.pods, theirs))) for rule in rules)
    return tuple(replace(rule, peers=peers) for rule, peers in trimmed if peers or not rule.peers)


def _content(policy: Policy) -> Hashable:
    """Return what makes the effect of a policy."""
    rules = (
        frozenset((rule.peers, rule.ports, rule.named) for rule in policy.rules(way)) for way in sorted(policy.types)
    )
    return policy.namespace, policy.selector, policy.types, tuple(rules)
