"""Finding the vClusters of a host cluster, and saying of each pod whose it is and what it is for.

A vCluster leaves several traces, and each one by itself is enough, so that none escapes for lack of another: above
all not the one that nobody isolated. The traces, all from facts about vCluster that its sources confirm:

- policies: `vc-cp-NAME` with the podSelector `release: NAME`, the other three by theirs, and every NetworkPolicy
  labelled `app: vcluster`, `release: NAME`. A name alone is not enough: a tenant's own synced policy may have it,
  but vCluster adds `vcluster.loft.sh/managed-by` to its podSelector.
- control planes: pods labelled `app: vcluster` (or `vcluster-etcd`) and `release: NAME`. A tenant cannot make one:
  its pods carry `vcluster.loft.sh/managed-by`, and lose `release`.
- namespaces that namespace sync made, labelled `vcluster.loft.sh/vcluster-name` and `…/vcluster-namespace`.
- synced pods: `vcluster.loft.sh/managed-by: NAME`. Such a pod belongs to the vCluster that its namespace's labels
  name, else to that of the same namespace, else to the only one of that name, else to one that left no other trace.
- mapped namespaces: there the chart renders `vc-work-NAME` as well, whose peer names the control plane's namespace. So
  policies and pods there belong to the vCluster of that namespace, unless labels say otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from vcluster_isolation.proof.cast import MANAGED_BY, VIRTUAL_NAMESPACE
from vcluster_isolation.proof.settings_of_policies import api_servers, home_of
from vcluster_isolation.proof.tenants import Tenant
from vcluster_isolation.reach.addresses import POD_RANGES, AddressSet
from vcluster_isolation.reach.model import Labels, Namespace, Pod, Policy
from vcluster_isolation.reach.parse import Cluster

CONTROL_PLANE, ETCD, COREDNS, WORKLOAD = "control-plane", "etcd", "coredns", "workload"
SNAPSHOT, STRAY = "snapshot", "stray"

BY_POLICIES, BY_CONTROL_PLANE, BY_NAMESPACES, BY_PODS = "policies", "control-plane", "namespaces", "synced-pods"

SYNCED_FROM = "vcluster.loft.sh/vcluster-name"
SYNCED_HOME = "vcluster.loft.sh/vcluster-namespace"

RolePod = tuple[str, Pod]
"""A pod and its role: one of the six above."""

_CHART_NAME = re.compile(r"vc-(cp|work|kube-dns|snapshot)-(.+)")
_CONTROL = {"vcluster": CONTROL_PLANE, "vcluster-etcd": ETCD}


@dataclass(frozen=True, slots=True)
class Found:
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
class Fleet:
    """All vClusters, ascending by name; the further pods in their namespaces, by namespace; and all other pods.

    The further pods are snapshot pods, which carry no vCluster's name, and strays, which belong to none. `unknown` are
    the addresses that a pod of unknown address may have.
    """

    found: tuple[Found, ...]
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


def find(cluster: Cluster, declared: Iterable[tuple[str, str]] = ()) -> Fleet:
    """Return the vClusters of a host cluster.

    `declared` are the (namespace, release) of policies labelled `app: vcluster`: a parsed policy has no labels.
    """
    traces = _Traces()
    charted = [(one, name) for one in cluster.policies if (name := chart_policy_of(one))]
    mapped = _mapped(charted)
    synced = dict(_synced_spaces(cluster.namespaces.values()))
    for space, name in (*declared, *((one.namespace, name) for one, name in charted)):
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
    return Fleet(tuple(_found(traces)), _beside(rest, spaces), host, unknown)


def _addressed(pods: Iterable[Pod], unknown: AddressSet) -> Iterable[Pod]:
    """Return pods, those of unknown address with the addresses that they may have."""
    if unknown == POD_RANGES:
        return pods
    return (replace(pod, addresses=unknown) if pod.addresses == POD_RANGES else pod for pod in pods)


def _mapped(charted: Iterable[tuple[Policy, str]]) -> dict[tuple[str, str], Tenant]:
    """Return the mapped namespaces of vClusters, each with the vCluster's name, and whose they are."""
    homes = {(one.namespace, name) for one, name in charted if one.name.startswith("vc-cp-")}
    found: dict[tuple[str, str], Tenant] = {}
    for one, name in charted:
        place = (one.namespace, name)
        if place not in homes and (home := home_of(one)) != one.namespace:
            found[place] = Tenant(name, home)
    return found


def chart_policy_of(policy: Policy) -> str:
    """Return the vCluster that one of the chart's policies belongs to, by its name and podSelector; or nothing."""
    match = _CHART_NAME.fullmatch(policy.name)
    if match is None:
        return ""
    kind, name = match.groups()
    wanted = {
        "cp": {("release", name)},
        "work": {(MANAGED_BY, name)},
        "kube-dns": {("k8s-app", "vcluster-kube-dns"), (MANAGED_BY, name)},
        "snapshot": {("app", "vcluster-snapshot")},
    }[kind]
    return name if wanted <= policy.selector.equal and _not_synced(kind, policy.selector.equal) else ""


def _not_synced(kind: str, equal: Labels) -> bool:
    """Return whether a podSelector is not one that vCluster scoped to a tenant's pods."""
    keys = {key for key, _ in equal}
    return kind in ("work", "kube-dns") or MANAGED_BY not in keys


def _synced_spaces(spaces: Iterable[Namespace]) -> Iterator[tuple[str, Tenant]]:
    """Yield each namespace that namespace sync made, with its vCluster."""
    for space in spaces:
        labels = dict(space.labels)
        name, home = labels.get(SYNCED_FROM), labels.get(SYNCED_HOME)
        if name and home and home != space.name:
            yield space.name, Tenant(name, home)


def _own_pods(pods: Iterable[Pod], homes: Mapping[tuple[str, str], Tenant], traces: _Traces) -> Iterator[Pod]:
    """Note the pods of vClusters, and yield all others."""
    synced: list[tuple[str, Pod]] = []
    for pod in pods:
        labels = dict(pod.labels)
        if name := labels.get(MANAGED_BY):
            synced.append((name, pod))
        elif (role := _CONTROL.get(labels.get("app", ""))) and (name := labels.get("release")):
            tenant = Tenant(name, pod.namespace.name)
            traces.add(tenant, BY_CONTROL_PLANE)
            traces.pods.setdefault(tenant, []).append((role, pod))
        else:
            yield pod
    named: dict[str, list[Tenant]] = {}
    for tenant in traces.by:
        named.setdefault(tenant.name, []).append(tenant)
    for name, pod in synced:
        tenant = _owner(name, pod.namespace.name, homes, named.get(name, []))
        traces.add(tenant, BY_PODS)
        if pod.namespace.name != tenant.namespace:
            traces.synced.setdefault(tenant, set()).add(pod.namespace.name)
        traces.pods.setdefault(tenant, []).append((_role(pod), pod))


def _owner(name: str, space: str, homes: Mapping[tuple[str, str], Tenant], named: list[Tenant]) -> Tenant:
    """Return the vCluster that a synced pod in a namespace belongs to."""
    here = Tenant(name, space)
    if (space, name) in homes:
        return homes[space, name]
    return named[0] if here not in named and len(named) == 1 else here


def _role(pod: Pod) -> str:
    """Return the role of a synced pod."""
    is_dns = ("k8s-app", "vcluster-kube-dns") in pod.labels and (VIRTUAL_NAMESPACE, "kube-system") in pod.labels
    return COREDNS if is_dns else WORKLOAD


def _beside(pods: Iterable[Pod], spaces: set[str]) -> dict[str, tuple[RolePod, ...]]:
    """Return the pods in the vClusters' namespaces that are no vCluster's own, by namespace."""
    found: dict[str, list[RolePod]] = {}
    for pod in pods:
        if pod.namespace.name in spaces:
            role = SNAPSHOT if ("app", "vcluster-snapshot") in pod.labels else STRAY
            found.setdefault(pod.namespace.name, []).append((role, pod))
    return {space: tuple(listed) for space, listed in found.items()}


def _found(traces: _Traces) -> Iterator[Found]:
    """Yield the vClusters in ascending order."""
    for tenant in sorted(traces.by, key=lambda one: (natural(one.name), natural(one.namespace))):
        synced = tuple(sorted(traces.synced.get(tenant, set()) - {tenant.namespace}))
        yield Found(tenant, synced, tuple(sorted(traces.by[tenant])), tuple(traces.pods.get(tenant, ())))


def natural(text: str) -> tuple[tuple[int, str], ...]:
    """Return a key that sorts `t-2` before `t-10`."""
    parts = re.split(r"([0-9]+)", text)
    return tuple((int(part), "") if at % 2 else (0, part) for at, part in enumerate([*parts, "0", text]))
