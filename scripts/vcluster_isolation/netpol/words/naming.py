"""What a policy is called where reports name one: its namespace and name, and its kind unless a NetworkPolicy."""

from __future__ import annotations

from collections.abc import Collection

from vcluster_isolation.netpol.objects.model import NETWORK_POLICY, Origin, Policy
from vcluster_isolation.netpol.objects.tiers import TierPolicy


def policy_of(origin: Origin, homes: Collection[str]) -> str:
    """Return the policy that a rule is in, without its namespace if that is one of `homes`."""
    return _called(origin.kind, origin.namespace, origin.policy, homes)


def rule_of(origin: Origin) -> str:
    """Return where in its policy a rule is: `spec.egress[0]`."""
    return f"spec.{origin.direction.lower()}[{origin.index}]"


def name_of(policy: Policy | TierPolicy, homes: Collection[str]) -> str:
    """Return what a policy is called, as `policy_of` calls that of a rule."""
    namespace = policy.namespace if isinstance(policy, Policy) else ""
    return _called(policy.kind, namespace, policy.name, homes)


def _called(kind: str, namespace: str, name: str, homes: Collection[str]) -> str:
    """Return what a policy of a namespace (none if it is cluster-scoped) is called."""
    where = f"{namespace}/" if namespace and namespace not in homes else ""
    return f"{where}{name}" if kind == NETWORK_POLICY else f"{where}{name} ({kind})"
