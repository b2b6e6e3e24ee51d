"""Policies without what a user granted: what they still let through is the chart's doing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from vcluster_isolation.netpol.objects.model import IPBlock, Origin, Peer, Rule
from vcluster_isolation.netpol.objects.tiers import DENY, PolicySet, TierRule
from vcluster_isolation.netpol.sets.addresses import union_of


def without(
    rendered: PolicySet,
    granted: Callable[[Origin], str],
    is_public: Callable[[Origin], bool],
    public: Sequence[IPBlock],
) -> PolicySet:
    """Return NetworkPolicies and cluster-scoped policies without the rules that are `granted`.

    Of the rules that are public egress, what is in one of the blocks `public` stays. A rule that denies stays as well.
    """
    policies, tiers = rendered
    allowed = union_of(block.addresses for block in public)

    def kept(rules: Iterable[Rule]) -> Iterator[Rule]:
        for rule in rules:
            if not granted(rule.origin):
                yield rule
            elif is_public(rule.origin):
                peers = [_common(peer.block, block) for peer in rule.peers if peer.block for block in public]
                if peers:
                    yield replace(rule, peers=tuple(peers))

    def kept_above(rules: Iterable[TierRule]) -> Iterator[TierRule]:
        for rule in rules:
            if rule.action == DENY or not granted(rule.origin):
                yield rule
            elif is_public(rule.origin):
                blocks = [peer.block for peer in rule.peers if peer.block]
                cut = [replace(block, addresses=block.addresses & allowed) for block in blocks]
                yield replace(rule, peers=tuple(Peer(block=block) for block in cut))

    return (
        tuple(
            replace(policy, ingress=tuple(kept(policy.ingress)), egress=tuple(kept(policy.egress)))
            for policy in policies
        ),
        tuple(
            replace(tier, ingress=tuple(kept_above(tier.ingress)), egress=tuple(kept_above(tier.egress)))
            for tier in tiers
        ),
    )


def _common(block: IPBlock, other: IPBlock) -> Peer:
    """Return a peer for the addresses that two ipBlocks have in common."""
    return Peer(block=replace(block, addresses=block.addresses & other.addresses))
