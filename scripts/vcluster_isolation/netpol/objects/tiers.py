"""Cluster-scoped policies in a form without defaults: what administrators say above and below NetworkPolicy.

Sources: the types of policy.networking.k8s.io (sigs.k8s.io/network-policy-api): AdminNetworkPolicy and
BaselineAdminNetworkPolicy of v1alpha1 (v0.1.7), ClusterNetworkPolicy of v1alpha2 and v1beta1 (v0.3.0); and
ClusterNetworkPolicy of networking.k8s.aws/v1alpha1 (AWS VPC CNI 1.21.1 and later). ClusterNetworkPolicy says with a
tier what the first two say with their kinds, so all of them are one `TierPolicy`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from vcluster_isolation.netpol.objects.model import EGRESS, INGRESS, Origin, Peer, Policy
from vcluster_isolation.netpol.sets.ports import ALL, PortSet

ALLOW: Final = "Allow"
"""Lets through, whatever further rules say; ClusterNetworkPolicy calls it Accept."""
DENY: Final = "Deny"
PASS: Final = "Pass"  # noqa: S105 - an action, no password
"""Skips the rest of the tier."""

ACTIONS: Final = (DENY, ALLOW, PASS)
"""In the order in which the agent of AWS lets them win within one priority."""

ADMIN: Final = "Admin"
BASELINE: Final = "Baseline"
TIERS: Final = (ADMIN, BASELINE)
"""In the order in which they are asked; NetworkPolicy stands between them."""


@dataclass(frozen=True, slots=True)
class TierRule:
    """One rule: what becomes of traffic with any of `peers` (at least one) on any of the ports.

    `ports` are the numeric ports, all of them when the rule lists none; `named` are (protocol, name) pairs: a name
    stands here once for each protocol, because in these APIs it comes without one.
    """

    origin: Origin
    action: str
    peers: tuple[Peer, ...]
    ports: PortSet = ALL
    named: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class TierPolicy:
    """One cluster-scoped policy; `subject` is a peer with selectors. A lower `priority` is asked first.

    `unordered` says that the order of its rules may not count: AWS describes its kind as the others are, rule by rule,
    but its agent knows only the priority of the policy, and lets Deny win over Accept, and Accept over Pass, "on same
    priority" (aws-network-policy-agent v1.4.3, tc.v4egress.bpf.c).

    `enforced` is False where a plugin says, or is known, to enforce nothing of the policy: see `parse_tiers.py`.
    """

    kind: str
    name: str
    tier: str
    priority: int
    subject: Peer
    ingress: tuple[TierRule, ...] = ()
    egress: tuple[TierRule, ...] = ()
    unordered: bool = False
    enforced: bool = True

    @property
    def manner(self) -> tuple[bool, bool]:
        """What says how the policy is asked besides its tier, its priority and its rules."""
        return self.unordered, self.enforced

    def rules(self, direction: str) -> tuple[TierRule, ...]:
        """Return the rules of a direction, `Ingress` or `Egress`, in their order."""
        return self.ingress if direction == INGRESS else self.egress

    def __str__(self) -> str:
        """Return `<kind>/<name>`."""
        return f"{self.kind}/{self.name}"


PolicySet = tuple[tuple[Policy, ...], tuple[TierPolicy, ...]]
"""NetworkPolicies, and cluster-scoped policies."""


def rank(policy: TierPolicy) -> tuple[int, int]:
    """Return what decides when a policy is asked; for equal ranks that is not defined."""
    return TIERS.index(policy.tier), policy.priority


def ranked(policies: Iterable[TierPolicy]) -> list[tuple[TierPolicy, ...]]:
    """Return policies in the order in which they are asked; those of one rank stand together."""
    ordered = sorted(policies, key=rank)
    return [tuple(group) for _, group in groupby(ordered, key=rank)]


def tier_rules(policies: Iterable[TierPolicy], *directions: str) -> Iterator[TierRule]:
    """Yield the rules of policies in some directions, in both if none is named."""
    return (rule for policy in policies for way in directions or (INGRESS, EGRESS) for rule in policy.rules(way))


def tier_peers(policies: Iterable[TierPolicy], *directions: str, action: str = "") -> Iterator[Peer]:
    """Yield the peers of the rules of policies, of one action only if it is named."""
    rules = tier_rules(policies, *directions)
    return (peer for rule in rules if action in ("", rule.action) for peer in rule.peers)
