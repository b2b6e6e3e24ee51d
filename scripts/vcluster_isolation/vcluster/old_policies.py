"""Recognising a vCluster by the policies that vCluster 0.19 and older rendered for it.

Source: `charts/k3s/templates/networkpolicy.yaml` of vCluster 0.7 to 0.19: NAME-workloads selects the pods that the
vCluster manages, NAME-control-plane those of its release.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from vcluster_isolation.netpol.objects.model import Policy, selector
from vcluster_isolation.vcluster.cast import MANAGED_BY

_CONTROL_PLANE: Final = "-control-plane"


def old_homes(policies: Sequence[Policy]) -> set[tuple[str, str]]:
    """Return namespace and name of each vCluster that has both of these policies, by their names and selectors."""
    workloads = {policy.name: policy.selector for policy in policies if policy.name.endswith("-workloads")}
    found = set()
    for policy in policies:
        name = policy.name.removesuffix(_CONTROL_PLANE)
        ours = policy.name.endswith(_CONTROL_PLANE) and policy.selector == selector({"release": name})
        if ours and workloads.get(f"{name}-workloads") == selector({MANAGED_BY: name}):
            found.add((policy.namespace, name))
    return found
