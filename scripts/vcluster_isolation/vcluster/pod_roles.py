"""Which pods are a vCluster's control plane or etcd: by their labels, and by a name that no tenant can give a pod.

A pod that vCluster syncs carries `vcluster.loft.sh/managed-by` and loses `release`. But controllers of the host make
pods for a tenant as well, with labels wholly of the tenant's choice: a Gateway's `spec.infrastructure.labels` arrive on
the proxy's pods as they are (GatewayInfrastructurePropagation of the Gateway API). Their names the tenant does not
choose freely: they begin with the synced Gateway's, `NAME-x-NAMESPACE-x-VCLUSTER`, or with 52 characters of it and a
hash. vCluster's chart calls its StatefulSet or Deployment like the release, and that of etcd with `-etcd` after it
(chart/templates/statefulset.yaml and etcd-statefulset.yaml); the pods' names have what Kubernetes puts after that.
"""

from __future__ import annotations

import re
from typing import Final

from vcluster_isolation.proof.cast import MANAGED_BY
from vcluster_isolation.reach.model import Pod

CONTROL_PLANE, ETCD = "control-plane", "etcd"

_ROLES: Final = {"vcluster": (CONTROL_PLANE, ""), "vcluster-etcd": (ETCD, "-etcd")}
_ENDING: Final = re.compile(r"-(\d+|[a-z0-9]{1,10}-[a-z0-9]{5})")
"""What a StatefulSet, and a Deployment through its ReplicaSet, put after their own name in those of their pods."""


def control_plane_of(pod: Pod) -> tuple[str, str] | None:
    """Return role and release of a pod that is a vCluster's control plane or etcd, None for any other pod."""
    labels = dict(pod.labels)
    role, ending = _ROLES.get(labels.get("app", ""), ("", ""))
    release = labels.get("release", "")
    if not role or not release or MANAGED_BY in labels or not _is_called(pod, release + ending):
        return None
    return role, release


def _is_called(pod: Pod, maker: str) -> bool:
    """Return whether a StatefulSet or Deployment called `maker` names a pod so, or owns it."""
    if not pod.name:  # a template, in manifests
        return not pod.owner or pod.owner.partition("/")[2] == maker
    return pod.name.startswith(maker) and _ENDING.fullmatch(pod.name, len(maker)) is not None
