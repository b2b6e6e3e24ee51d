"""Finding the vClusters of a host cluster, and saying of each pod whose it is and what it is for.

A vCluster leaves several traces, and each one by itself is enough, so that none escapes for lack of another: above
all not the one that nobody isolated. The traces, all from facts about vCluster that its sources confirm:

- policies: those that `vcluster/policy_names.py` recognises by name and podSelector, and every NetworkPolicy labelled
  `app: vcluster`, `release: NAME` that no vCluster synced.
- control planes: pods that `vcluster/pod_roles.py` takes for one: labelled `app: vcluster` (or `vcluster-etcd`) and
  `release: NAME`, and called like its pods. No tenant can make one.
- namespaces that namespace sync made, labelled `vcluster.loft.sh/vcluster-name` and `…/vcluster-namespace`.
- synced pods: `vcluster.loft.sh/managed-by: NAME`. Such a pod belongs to the vCluster that its namespace's labels
  name, else to that of the same namespace, else to the only one of that name, else to one that left no other trace. In
  the namespace of another vCluster it is not given to the only one of that name elsewhere: who may make pods there with
  labels of their choice (see `pod_roles.py`) could pass for that one's tenant.
- mapped namespaces: there the chart renders `vc-work-NAME` as well, whose peer names the control plane's namespace. So
  policies and pods there belong to the vCluster of that namespace, unless labels say otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from vcluster_isolation.netpol.objects.model import Namespace, Pod, Policy
from vcluster_isolation.netpol.parse.parse import Cluster
from vcluster_isolation.netpol.sets.addresses import POD_RANGES, AddressSet
from vcluster_isolation.subject.settings_of_policies import api_servers, home_of
from vcluster_isolation.vcluster.cast import SYNCED_FROM, SYNCED_HOME
from vcluster_isolation.vcluster.pod_roles import CONTROL_PLANE, ETCD, SNAPSHOT, PodRole, role_of
from vcluster_isolation.vcluster.policy_names import CONTROL_PLANE as CONTROL_PLANE_POLICY
from vcluster_isolation.vcluster.policy_names import WORKLOADS, ChartPolicy, recognise
from vcluster_isolation.vcluster.tenants import Tenant

STRAY = "stray"
"""The role of a pod in a vCluster's namespaces that is none of a vCluster's."""

BY_POLICIES, BY_CONTROL_PLANE, BY_NAMESPACES, BY_PODS = "policies", "control-plane", "namespaces", "synced-pods"

RolePod = tuple[str, Pod]
"""A pod and its role: STRAY, or one of those of `pod_roles.py`."""


@dataclass(frozen=True, slots=True)
class DiscoveredVCluster:
    """A vCluster: who it is, the namespaces that it syncs pods to besides its own, and the traces it left.

    `pods` are its own, in all of its namespaces.
    """

    tenant: Tenant
    synced: tuple[str, ...] = ()
    found_by: tuple[str, ...] = ()
    pods: tuple[RolePod, ...] = ()

    @property
    def spaces(self) -> tuple[str, ...]:
        """The namespaces that it has pods in, or could, its own first."""
        return (self.tenant.namespace, *self.synced)


@dataclass(frozen=True, slots=True)
class Discovery:
    """All vClusters, ascending by name; the further pods in their namespaces, by namespace; and all other pods.

    The further pods are snapshot pods, which carry no vCluster's name, and strays, which belong to none. `unknown` are
    the addresses that a pod of unknown address may have.
    """

    found: tuple[DiscoveredVCluster, ...]
    beside: Mapping[str, tuple[RolePod, ...]]
    host: tuple[Pod, ...]
    unknown: AddressSet = POD_RANGES


@dataclass(slots=True)
class _Traces:
    """What was found so far."""

    by: dict[Tenant, set[str]] = field(default_factory=dict)
    synced: dict[Tenant, set[str]] = field(default_factory=dict)
    pods: dict[Tenant, list[RolePod]] = field(default_factory=dict)

    def add(self, tenant: Tenant, trace: str) -> None:
        self.by.setdefault(tenant, set()).add(trace)


def find(cluster: Cluster, declared: Iterable[tuple[str, str]] = ()) -> Discovery:
    """Return the vClusters of a host cluster.

    `declared` are the (namespace, release) of policies labelled `app: vcluster`: a parsed policy has no labels.
    """
    traces = _Traces()
    charted = [(policy, known) for policy in cluster.policies if (known := recognise(policy)) and known.vcluster]
    mapped = _mapped(charted)
    synced = dict(_synced_spaces(cluster.namespaces.values()))
    for space, name in (*declared, *((one.namespace, known.vcluster) for one, known in charted)):
        traces.add(mapped.get((space, name), Tenant(name, space)), BY_POLICIES)
    for tenant in synced.values():
        traces.add(tenant, BY_NAMESPACES)
    homes = mapped | {(space, tenant.name): tenant for space, tenant in synced.items()}
    for (space, _), tenant in homes.items():
        traces.synced.setdefault(tenant, set()).add(space)
    unknown = POD_RANGES - api_servers(cluster.policies)
    rest = list(_own_pods(_addressed(cluster.pods, unknown), homes, traces))
    spaces = {tenant.namespace for tenant in traces.by}.union(*traces.synced.values())
    host = tuple(pod for pod in rest if pod.namespace.name not in spaces)
    return Discovery(tuple(_found(traces)), _beside(rest, spaces), host, unknown)


def _addressed(pods: Iterable[Pod], unknown: AddressSet) -> Iterable[Pod]:
    """Return pods, those of unknown address with the addresses that they may have."""
    if unknown == POD_RANGES:
        return pods
    return (replace(pod, addresses=unknown) if pod.addresses == POD_RANGES else pod for pod in pods)


def _mapped(charted: Iterable[tuple[Policy, ChartPolicy]]) -> dict[tuple[str, str], Tenant]:
    """Return the mapped namespaces of vClusters, each with the vCluster's name, and whose they are."""
    homes = {(one.namespace, known.vcluster) for one, known in charted if known.role == CONTROL_PLANE_POLICY}
    found: dict[tuple[str, str], Tenant] = {}
    for one, known in charted:
        place = (one.namespace, known.vcluster)
        if known.role == WORKLOADS and place not in homes and (home := home_of(one)) != one.namespace:
            found[place] = Tenant(known.vcluster, home)
    return found


def _synced_spaces(spaces: Iterable[Namespace]) -> Iterator[tuple[str, Tenant]]:
    """Yield each namespace that namespace sync made, with its vCluster."""
    for space in spaces:
        labels = dict(space.labels)
        name, home = labels.get(SYNCED_FROM), labels.get(SYNCED_HOME)
        if name and home and home != space.name:
            yield space.name, Tenant(name, home)


def _own_pods(pods: Iterable[Pod], homes: Mapping[tuple[str, str], Tenant], traces: _Traces) -> Iterator[Pod]:
    """Note the pods of vClusters, and yield all others."""
    synced: list[tuple[PodRole, Pod]] = []
    for pod in pods:
        known = role_of(pod)
        if known is None or known.role == SNAPSHOT:
            yield pod
        elif known.role in (CONTROL_PLANE, ETCD):
            tenant = Tenant(known.vcluster, pod.namespace.name)
            traces.add(tenant, BY_CONTROL_PLANE)
            traces.pods.setdefault(tenant, []).append((known.role, pod))
        else:
            synced.append((known, pod))
    named: dict[str, list[Tenant]] = {}
    for tenant in traces.by:
        named.setdefault(tenant.name, []).append(tenant)
    taken = {tenant.namespace for tenant in traces.by}
    for (role, name), pod in synced:
        tenant = _owner(Tenant(name, pod.namespace.name), homes, named.get(name, []), taken)
        traces.add(tenant, BY_PODS)
        if pod.namespace.name != tenant.namespace:
            traces.synced.setdefault(tenant, set()).add(pod.namespace.name)
        traces.pods.setdefault(tenant, []).append((role, pod))


def _owner(
    here: Tenant, homes: Mapping[tuple[str, str], Tenant], named: Sequence[Tenant], taken: Collection[str]
) -> Tenant:
    """Return the vCluster that a synced pod belongs to; `here` is the one of its label in the pod's namespace.

    `named` are those of that name that left another trace, `taken` the namespaces of all that did.
    """
    if (here.namespace, here.name) in homes:
        return homes[here.namespace, here.name]
    elsewhere = here not in named and len(named) == 1 and here.namespace not in taken
    return named[0] if elsewhere else here


def _beside(pods: Iterable[Pod], spaces: set[str]) -> dict[str, tuple[RolePod, ...]]:
    """Return the pods in the vClusters' namespaces that are no vCluster's own, by namespace."""
    found: dict[str, list[RolePod]] = {}
    for pod in pods:
        if pod.namespace.name in spaces:
            known = role_of(pod)
            role = known.role if known else STRAY
            found.setdefault(pod.namespace.name, []).append((role, pod))
    return {space: tuple(listed) for space, listed in found.items()}


def _found(traces: _Traces) -> Iterator[DiscoveredVCluster]:
    """Yield the vClusters in ascending order."""
    for tenant in sorted(traces.by, key=lambda one: (natural(one.name), natural(one.namespace))):
        synced = tuple(sorted(traces.synced.get(tenant, set()) - {tenant.namespace}))
        yield DiscoveredVCluster(tenant, synced, tuple(sorted(traces.by[tenant])), tuple(traces.pods.get(tenant, ())))


def natural(text: str) -> tuple[tuple[int, str], ...]:
    """Return a key that sorts `t-2` before `t-10`."""
    parts = re.split(r"([0-9]+)", text)
    return tuple((int(part), "") if at % 2 else (0, part) for at, part in enumerate([*parts, "0", text]))
