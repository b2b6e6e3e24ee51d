"""Which pods are a vCluster's, and what for: `role_of`.

A pod that vCluster syncs says so itself. A control plane or etcd is known by its labels, and by a name that no tenant
can give a pod.

A pod that vCluster syncs carries `vcluster.loft.sh/managed-by` and loses `release`. But controllers of the host make
pods for a tenant as well, with labels wholly of the tenant's choice: a Gateway's `spec.infrastructure.labels` arrive on
the proxy's pods as they are (GatewayInfrastructurePropagation of the Gateway API). Their names the tenant does not
choose freely: they begin with the synced Gateway's, `NAME-x-NAMESPACE-x-VCLUSTER`, or with 52 characters of it and a
hash. vCluster's chart calls its StatefulSet or Deployment like the release, and that of etcd with `-etcd` after it
(chart/templates/statefulset.yaml and etcd-statefulset.yaml); the pods' names have what Kubernetes puts after that.

A generated name is a base of at most 58 characters, then 5 random ones (apiserver, `names.SimpleNameGenerator`). The
base of a Deployment's pod is `RELEASE-HASH-`, of which a release's name of 47 characters or more leaves a part. With
one of 52, a Gateway can have the same part: its 52 characters, `-`, and the beginning of its own hash. Then, and where
the pod says which ReplicaSet made it, that one's name decides: it is not cut, and no tenant writes it.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from vcluster_isolation.netpol.objects.model import Pod
from vcluster_isolation.vcluster.cast import MANAGED_BY, VIRTUAL_NAMESPACE

CONTROL_PLANE, ETCD, COREDNS, WORKLOAD, SNAPSHOT = "control-plane", "etcd", "coredns", "workload", "snapshot"
"""Roles, as the cast calls its actors."""

_COREDNS: Final = {"k8s-app": "vcluster-kube-dns", VIRTUAL_NAMESPACE: "kube-system"}.items()
SNAPSHOT_LABEL: Final = ("app", "vcluster-snapshot")

_ROLES: Final = {"vcluster": (CONTROL_PLANE, ""), "vcluster-etcd": (ETCD, "-etcd")}
_ENDING: Final = re.compile(r"-(\d+|[a-z0-9]{1,10}-[a-z0-9]{5})")
"""What a StatefulSet, and a Deployment through its ReplicaSet, put after their own name in those of their pods."""

_HASH: Final = re.compile(r"-[a-z0-9]{1,10}")
"""What a Deployment puts after its own name in those of its ReplicaSets."""

_LONGEST_BASE: Final = 58
_LONGEST_HASH: Final = 10  # a number of 32 bits, each of its digits as a letter (apimachinery, `rand.SafeEncodeString`)
_CUT: Final = re.compile(r"-([bcdfghjklmnpqrstvwxz2456789]+)")
"""Part of a hash and random characters, as apimachinery's `rand` has them: no vowels, no 0, 1 and 3, and no `-`."""

_GATEWAYS_OWN: Final = 52  # characters of a synced name that is too long, before `-` and a hash


class PodRole(NamedTuple):
    """What a pod is for, and in which vCluster: the name that it carries, empty for a pod that takes snapshots."""

    role: str
    vcluster: str


def role_of(pod: Pod) -> PodRole | None:
    """Return what a pod is for in a vCluster, None for a pod that is no vCluster's.

    That a pod is called a vCluster's does not say in which namespace that vCluster is. Raises nothing.
    """
    labels = dict(pod.labels)
    if manager := labels.get(MANAGED_BY):
        return PodRole(COREDNS if labels.items() >= _COREDNS else WORKLOAD, manager)
    if SNAPSHOT_LABEL in pod.labels:
        return PodRole(SNAPSHOT, "")
    role, ending = _ROLES.get(labels.get("app", ""), ("", ""))
    release = labels.get("release", "")
    if not role or not release or MANAGED_BY in labels or not _is_called(pod, release + ending):
        return None
    return PodRole(role, release)


def _is_called(pod: Pod, maker: str) -> bool:
    """Return whether a StatefulSet or Deployment called `maker` names a pod so, or owns it."""
    if not pod.name:  # a template, in manifests
        return not pod.owner or pod.owner.partition("/")[2] == maker
    kind, _, owner = pod.owner.partition("/")
    if kind == "ReplicaSet" and not (owner.startswith(maker) and _HASH.fullmatch(owner, len(maker))):
        return False
    if not pod.name.startswith(maker):
        return False
    return _ENDING.fullmatch(pod.name, len(maker)) is not None or _is_cut(pod.name, maker, owner)


def _is_cut(name: str, maker: str, replica_set: str) -> bool:
    """Return whether a pod's name begins with a base that was cut, of a Deployment called `maker`.

    `replica_set` is the name of what made the pod, known to be the Deployment's; empty where it is not known.
    """
    shown = _LONGEST_BASE - len(maker) - 1
    found = _CUT.fullmatch(name, len(maker))
    if not 1 <= shown <= _LONGEST_HASH or found is None or len(found[1]) != shown + 5:
        return False
    if replica_set:
        return f"{replica_set}-"[:_LONGEST_BASE] == name[:_LONGEST_BASE]
    return len(maker) != _GATEWAYS_OWN
