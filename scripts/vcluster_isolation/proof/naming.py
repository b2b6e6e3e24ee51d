"""What a policy is called where reports name one: a cluster-scoped one with its kind, others by namespace and name."""

from __future__ import annotations

from collections.abc import Collection

from vcluster_isolation.reach.model import Origin, Policy
from vcluster_isolation.reach.tiers import TierPolicy


def policy_of(origin: Origin, homes: Collection[str]) -> str:
    """Return the policy that a rule is in, without its namespace if that is one of `homes`."""
    if not origin.namespace:
        return f"{origin.policy} ({origin.kind})"
    return origin.policy if origin.namespace in homes else f"{origin.namespace}/{origin.policy}"


def rule_of(origin: Origin) -> str:
    """Return where in its policy a rule is: `spec.egress[0]`."""
    return f"spec.{origin.direction.lower()}[{origin.index}]"


def name_of(policy: Policy | TierPolicy, homes: Collection[str]) -> str:
    """Return what a policy is called, as `policy_of` calls that of a rule."""
    if isinstance(policy, TierPolicy):
        return f"{policy.name} ({policy.kind})"
    return policy.name if policy.namespace in homes else f"{policy.namespace}/{policy.name}"
