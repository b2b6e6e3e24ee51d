"""vClusters that differ only in names, and in addresses that make no difference, are one: the shape of each.

`netpol/engine/canonical.py` says why renaming changes no verdict. Here it is a whole cluster in which the names of one
vCluster and of its namespaces are swapped for those of another. That changes nothing for anybody else as long as no
policy elsewhere asks for one of these names across namespaces, and no pod elsewhere carries one that the vCluster's
own policies ask for across namespaces; else the vCluster is evaluated by itself. Names that the cast uses (a vCluster
called `vcluster`, in namespace `default`) are not renamed at all. Cluster-scoped policies that name a vCluster's
namespaces only are its own in this sense, wherever they came from; all others go by labels, and so see alike what is
alike after renaming. Nor is anything renamed where several vClusters
share a namespace: those are evaluated by themselves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from itertools import chain
from typing import Final

from vcluster_isolation.audit.blocks import by_family, layout
from vcluster_isolation.audit.cluster_index import ClusterIndex
from vcluster_isolation.audit.find import DiscoveredVCluster, RolePod
from vcluster_isolation.netpol.engine.canonical import check_names, renamed_labels, renamed_peer, renamed_selector
from vcluster_isolation.netpol.objects.model import IPBlock, Pod, Policy, Rule
from vcluster_isolation.netpol.objects.tiers import TierPolicy, TierRule, tier_peers
from vcluster_isolation.netpol.sets.addresses import AddressSet
from vcluster_isolation.vcluster import cast
from vcluster_isolation.vcluster.actor_ref import SYNCED_NAMESPACE
from vcluster_isolation.vcluster.policy_names import recognise

Names = Mapping[str, str]
Number = Callable[[IPBlock], int]
"""Returns which of the blocks of some policies one is, in the order in which they come."""


def _literals() -> frozenset[str]:
    """Return every text that the cast uses as a label's value or as a namespace."""
    actors = (*cast.OF_A_VCLUSTER, cast.ORDINARY, cast.STRAY, *cast.OF_THE_HOST, cast.ANYBODY)
    pods = [actor for actor in actors if isinstance(actor, cast.PodActor)]
    values = {value for pod in pods for value in (*pod.labels.values(), pod.namespace)}
    return frozenset(values | {"other", "loft", SYNCED_NAMESPACE})


LITERALS: Final = _literals()


def names_of(found: DiscoveredVCluster) -> dict[str, str]:
    """Return the renaming of a vCluster's name and namespaces; texts that the cast uses are not renamed."""
    names = {space: f"<synced {at}>" for at, space in enumerate(found.synced)}
    names |= {found.tenant.namespace: "<namespace>", found.tenant.name: "<tenant>"}
    names = {text: new for text, new in names.items() if text not in LITERALS}
    check_names(names)
    return names


def shape(found: DiscoveredVCluster, beside: Iterable[RolePod], index: ClusterIndex) -> Hashable:
    """Return what makes the verdicts about a vCluster, up to renaming: equal shapes, equal findings.

    `beside` are the further pods in its namespaces. It is to share no namespace with another vCluster.
    """
    names = names_of(found)
    policies, tiers = list(index.policies(found.spaces)), index.tiers_of(found.spaces)
    blocks = _blocks(policies, tiers)

    def number(block: IPBlock) -> int:
        return blocks[block.addresses]

    return (
        found.tenant if _tied(found, names, index) else None,
        tuple(names.get(text, text) for text in (found.tenant.name, *found.spaces)),
        tuple(renamed_labels(index.spaces[space].labels, names) for space in found.spaces if space in index.spaces),
        tuple(_policy(policy, names, number) for policy in policies),
        tuple(_tier(tier, names, number) for tier in tiers),
        layout((index.unknown, *blocks)),
        tuple(block if index.real.relevant(block) else None for block in blocks),
        _pods([*found.pods, *beside], names, index),
    )


def _tied(found: DiscoveredVCluster, names: Names, index: ClusterIndex) -> bool:
    """Return whether a name of the vCluster means something outside of its own namespaces."""
    own = set(found.spaces)
    asked = [text for text in names if text in index.mentions]
    if any(index.mentions[text] not in own for text in asked):
        return True
    return any(index.used.get(text, found.tenant.namespace) not in own for text in asked)


def _blocks(policies: Iterable[Policy], tiers: Iterable[TierPolicy]) -> dict[AddressSet, int]:
    """Return the addresses of all ipBlocks and networks, numbered in the order in which they come."""
    found: dict[AddressSet, int] = {}
    given = (peer for policy in policies for rule in (*policy.ingress, *policy.egress) for peer in rule.peers)
    for peer in chain(tier_peers(tiers), given):
        if peer.block is not None:
            found.setdefault(peer.block.addresses, len(found))
    return found


def _pods(pods: Iterable[RolePod], names: Names, index: ClusterIndex) -> Hashable:
    """Return the kinds of pods; of each it matters only whether there is one or more."""
    counts = Counter((role, _pod(pod, names, index)) for role, pod in pods)
    return frozenset((kind, count > 1) for kind, count in counts.items())


def _pod(pod: Pod, names: Names, index: ClusterIndex) -> Hashable:
    """Return a pod, renamed and without its name; of its addresses only which relevant blocks cover them."""
    blocks = index.profiler.profile(pod).blocks if index.relevant else ()
    covered = frozenset(part for block in blocks for part in by_family(block, pod.addresses))
    ports = frozenset(one for one in pod.ports or () if one.name in index.named_ports)
    space = names.get(pod.namespace.name, pod.namespace.name)
    known = None if pod.addresses == index.unknown else pod.addresses.families()
    return space, renamed_labels(pod.labels, names), ports, covered, known, pod.host_network


def _policy(policy: Policy, names: Names, number: Number) -> Hashable:
    """Return a policy, renamed; of its name only whether it is one of the chart's own."""
    rules = tuple(
        (way, tuple(_rule(rule, names, number) for rule in policy.rules(way))) for way in sorted(policy.types)
    )
    known = recognise(policy)
    own = known.role if known else ""
    return own, names.get(policy.namespace, policy.namespace), renamed_selector(policy.selector, names), rules


def _tier(policy: TierPolicy, names: Names, number: Number) -> Hashable:
    """Return a cluster-scoped policy, renamed; of these the order of rules counts."""
    rules = tuple(
        tuple((one.action, _rule(one, names, number)) for one in some) for some in (policy.ingress, policy.egress)
    )
    return (
        policy.tier,
        policy.priority,
        policy.manner,
        renamed_peer(policy.subject, names, number),
        rules,
    )


def _rule(rule: Rule | TierRule, names: Names, number: Number) -> Hashable:
    """Return a rule, renamed and without its origin."""
    peers = (renamed_peer(peer, names, number) for peer in rule.peers)
    return tuple(peers), rule.ports, rule.named
