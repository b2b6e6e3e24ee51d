"""Which policies are the chart's own (or vCluster's, of the same names), and of which vCluster: `recognise`.

A name is not an identity. A tenant's NetworkPolicy that vCluster syncs (`sync.toHost.networkPolicies`) arrives in the
host cluster as `NAME-x-NAMESPACE-x-VCLUSTER`, so its name may begin with `vc-cp-`; longer than 63 characters it ends
in a hash; and in a namespace that namespace sync made it keeps the tenant's name, exactly `vc-work-NAME` if the tenant
likes. Its labels `app` and `heritage`, and there `release` as well, are the tenant's choice. But vCluster puts two
labels into the podSelector of each policy that it syncs: `vcluster.loft.sh/managed-by` and `vcluster.loft.sh/namespace`
(loft-sh/vcluster, pkg/controllers/resources/networkpolicies/translate.go and pkg/util/translate). So a policy is the
chart's if its name and its podSelector are together exactly those of one of the chart's templates: no such podSelector
has both labels but that of CoreDNS in the hardened profile, and that one selects none but CoreDNS' own pods.

The names and podSelectors are those of chart/templates, and of vCluster's own policies from 0.20 to 0.37 (its
chart/templates/networkpolicy.yaml), which are the same in all of them; a user's rules change neither.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from vcluster_isolation.netpol.objects.model import (
    DOES_NOT_EXIST,
    EVERYTHING,
    NETWORK_POLICY,
    Policy,
    Requirement,
    Selector,
    selector,
)
from vcluster_isolation.netpol.objects.tiers import TierPolicy
from vcluster_isolation.vcluster.cast import MANAGED_BY, VIRTUAL_NAMESPACE

WORKLOADS, CONTROL_PLANE, COREDNS, SNAPSHOTS = "workloads", "control-plane", "coredns", "snapshots"
DEFAULT_DENY, FLOOR, PLATFORM, PROMETHEUS = "default-deny", "floor", "platform", "prometheus"
"""Roles: each names a template of the chart."""

PREFIXES: Final = {
    "vc-cp-": CONTROL_PLANE,
    "vc-work-": WORKLOADS,
    "vc-kube-dns-": COREDNS,
    "vc-snapshot-": SNAPSHOTS,
    "vc-default-deny-": DEFAULT_DENY,
}
"""How the name of a vCluster's policy begins, by role; the vCluster's name is the rest. None begins like another."""

PLATFORM_NAMES: Final = {"vc-platform": PLATFORM, "vc-platform-prometheus": PROMETHEUS}

_FLOOR_NAME: Final = re.compile(r"vc-floor(-coredns)?\.(?P<namespace>[^.]+)\.(?P<name>.+)")
"""A namespace's name has no dot, a vCluster's may have some."""

_NOT_SYNCED: Final = Requirement(MANAGED_BY, DOES_NOT_EXIST)
_COREDNS: Final = {"k8s-app": "vcluster-kube-dns"}


def _compatible_and_hardened(labels: dict[str, str]) -> tuple[Selector, Selector]:
    """Return the podSelectors for pods of the host: by labels alone, and less what a vCluster synced."""
    return selector(labels), selector(labels, _NOT_SYNCED)


_SNAPSHOT_PODS: Final = _compatible_and_hardened({"app": "vcluster-snapshot"})
_PLATFORM_PODS: Final = selector({"app": "loft"}, _NOT_SYNCED)


@dataclass(frozen=True, slots=True)
class ChartPolicy:
    """What `recognise` says of a policy: its role, and the name of its vCluster.

    `namespace` is that of the vCluster's release for the floor, which is cluster-scoped; of any other role it is
    empty: a policy for workloads may be in a namespace that the vCluster maps. The platform's roles name no vCluster.
    """

    role: str
    vcluster: str = ""
    namespace: str = ""


def recognise(policy: Policy | TierPolicy) -> ChartPolicy | None:
    """Return which of the chart's policies a policy is, by its name and podSelector; None for any other policy.

    No policy that a tenant can sync is taken for one of another vCluster, or for one of the control plane, snapshots,
    default-deny, or the platform. See above for the source. Raises nothing.
    """
    if not policy.name.startswith("vc-"):
        return None
    found = by_name(policy.name)
    if found is None or (found.role == FLOOR) != isinstance(policy, TierPolicy):
        return None
    if isinstance(policy, TierPolicy):  # no tenant can make one, but any administrator
        pods = policy.subject.pods
        return found if pods and (MANAGED_BY, found.vcluster) in pods.equal else None
    # AWS' ApplicationNetworkPolicy is a policy of a namespace as well, and may have any name.
    chart_kind = policy.kind == NETWORK_POLICY
    return found if chart_kind and _selects_its_pods(found, policy.selector) else None


def is_of(policy: Policy | TierPolicy, name: str, *roles: str) -> bool:
    """Return whether a policy is one of the chart's for the vCluster `name`; of one of some roles if any is named."""
    found = recognise(policy)
    return found is not None and found.vcluster == name and (not roles or found.role in roles)


def is_role(policy: Policy | TierPolicy, *roles: str) -> bool:
    """Return whether a policy is one of the chart's, of one of some roles, whatever vCluster it is for."""
    found = recognise(policy)
    return found is not None and found.role in roles


def policy_name(role: str, name: str) -> str:
    """Return what the chart calls the policy of a role (a value of PREFIXES) of the vCluster `name`."""
    (prefix,) = (prefix for prefix, one in PREFIXES.items() if one == role)
    return f"{prefix}{name}"


def by_name(name: str) -> ChartPolicy | None:
    """Return what a policy's name says that it is, None if it is no name of the chart's.

    A name alone is no identity: ask `recognise`, unless the policy is known to be the chart's.
    """
    if floor := _FLOOR_NAME.fullmatch(name):
        return ChartPolicy(FLOOR, floor["name"], floor["namespace"])
    if role := PLATFORM_NAMES.get(name):
        return ChartPolicy(role)
    for prefix, role in PREFIXES.items():
        if name.startswith(prefix) and name != prefix:
            return ChartPolicy(role, name.removeprefix(prefix))
    return None


def _selects_its_pods(found: ChartPolicy, pods: Selector) -> bool:
    """Return whether a podSelector is one that the chart renders for a role."""
    if found.role == PROMETHEUS:  # a value says which pods; vCluster syncs no policy without managed-by
        return MANAGED_BY not in pods.keys()  # noqa: SIM118 - a selector is not a mapping
    return pods in _selectors(found)


def _selectors(known: ChartPolicy) -> tuple[Selector, ...]:
    """Return the podSelectors that the chart renders for a role: in the compatible profile, and in the hardened one."""
    managed = {MANAGED_BY: known.vcluster}
    match known.role:
        case "control-plane":
            return _compatible_and_hardened({"release": known.vcluster})
        case "snapshots":
            return _SNAPSHOT_PODS
        case "workloads":
            return (selector(managed),)
        case "coredns":
            return selector(_COREDNS | managed), selector({**_COREDNS, **managed, VIRTUAL_NAMESPACE: "kube-system"})
        case "platform":
            return (_PLATFORM_PODS,)
    return (EVERYTHING,)  # default-deny
