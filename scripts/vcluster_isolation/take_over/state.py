"""What is in the cluster before and between the steps of a take-over: policies, whose they are, who renders them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from vcluster_isolation import kubectl
from vcluster_isolation.errors import IsolationError, ToolFailed
from vcluster_isolation.helm import render_cache
from vcluster_isolation.helm.template import Release, Request
from vcluster_isolation.kubectl import Access, NamedObjects
from vcluster_isolation.netpol.objects.model import Policy
from vcluster_isolation.netpol.parse.parse import parse_cluster
from vcluster_isolation.subject.render import read_render
from vcluster_isolation.take_over.owners import Lost, Owner, look_for
from vcluster_isolation.vcluster.cast import MANAGED_BY
from vcluster_isolation.vcluster.policy_names import CONTROL_PLANE, COREDNS, SNAPSHOTS, WORKLOADS, policy_name

Json = dict[str, Any]
Key = tuple[str, str]
"""A policy's namespace and name."""

RESOURCE: Final = "networkpolicies"
KEEP: Final = "helm.sh/resource-policy"
OWNER, OWNER_NAMESPACE = "meta.helm.sh/release-name", "meta.helm.sh/release-namespace"
MANAGER: Final = "app.kubernetes.io/managed-by"
"""Annotations and label of Helm (https://helm.sh/docs): what it leaves in place, and whose an object is."""

ARGO_TRACKING: Final = "argocd.argoproj.io/tracking-id"
ARGO_INSTANCE: Final = "argocd.argoproj.io/instance"
INSTANCE: Final = "app.kubernetes.io/instance"
"""By which Argo CD knows what it applies (its documentation, "Resource Tracking"); others use the last one, too."""
FLUX_NAME, FLUX_NAMESPACE = "helm.toolkit.fluxcd.io/name", "helm.toolkit.fluxcd.io/namespace"

_ROLES: Final = (CONTROL_PLANE, WORKLOADS, COREDNS, SNAPSHOTS)
_OF_HELM_ONLY: Final = ("HELM_KUBEAPISERVER", "HELM_KUBETOKEN", "HELM_KUBEASUSER", "HELM_KUBEASGROUPS")


@dataclass(frozen=True, slots=True)
class Handover:
    """What is to be taken over: our release, the vCluster's name, the cluster, and the policies we render.

    `gone` are the names of releases that helm may not find, because the user says that they are gone.
    """

    request: Request
    vcluster: str
    access: Access
    wanted: Mapping[Key, Policy]
    gone: frozenset[str] = frozenset()

    @property
    def ours(self) -> tuple[str, str]:
        """Our release, as the annotations of its objects name it."""
        return self.request.name, self.request.namespace

    @property
    def keys(self) -> tuple[Key, ...]:
        """The policies that we render, and those that the vCluster's own release may have."""
        own = ((self.request.namespace, policy_name(role, self.vcluster)) for role in _ROLES)
        return tuple(dict.fromkeys((*self.wanted, *own)))


@dataclass(frozen=True, slots=True)
class State:
    """The policies that are there, and those that another release renders, by release.

    Of a release in which something is unfinished (`pending-upgrade`, `failed`) these are all that it might render.
    `lost` are releases that own policies and were not found: what they render is not known, so it may be everything.
    """

    live: Mapping[Key, Json]
    rendered: Mapping[Release, tuple[Key, ...]]
    lost: tuple[Lost, ...] = ()

    @property
    def is_free(self) -> bool:
        """Whether it is known that no other release renders a policy."""
        return not self.rendered and not self.lost

    @property
    def still_on(self) -> tuple[Key, ...]:
        """The policies that another release renders still, or may render, and would delete when it is switched off."""
        possible = self.live if self.lost else ()
        return tuple(dict.fromkeys((*(key for keys in self.rendered.values() for key in keys), *possible)))


def plan(request: Request, vcluster: str, gone: Iterable[str] = ()) -> Handover:
    """Return what is to be taken over; `gone` are the names of releases that the user says are gone.

    Raises IsolationError where that would open something, and what helm raises.
    """
    if (request.name, request.namespace) == (vcluster, request.namespace):
        raise IsolationError(
            f"release {request.name} is the vCluster's own release, which our chart would replace",
            "give another --release",
        )
    if given := [name for name in _OF_HELM_ONLY if os.environ.get(name)]:
        raise IsolationError(f"{', '.join(given)}: kubectl does not know it", "choose the cluster with a kubeconfig")
    render = read_render(render_cache.template(request), request.namespace)
    wanted = {(policy.namespace, policy.name): policy for policy in render.cluster.policies}
    if not wanted:
        raise IsolationError(
            "these values render no NetworkPolicy, so that nothing would take the place of the vCluster's own",
            "set policies.networkPolicy.enabled: true in the values that you give here",
        )
    access = Access(context=os.environ.get("HELM_KUBECONTEXT") or kubectl.current_context())
    return Handover(request, vcluster, access, wanted, frozenset(gone))


def read(handover: Handover) -> State:
    """Return what is in the cluster. Raises ToolFailed, and IsolationError for what Helm is not to take over."""
    live: dict[Key, Json] = {}
    for namespace in dict.fromkeys(namespace for namespace, _ in handover.keys):
        names = [name for home, name in handover.keys if home == namespace]
        found = kubectl.get(NamedObjects(handover.access, RESOURCE, namespace, names))
        live |= {(namespace, name): one for name, one in found.items()}
    problems = [problem for key, one in live.items() for problem in _not_helms(key, one)]
    if problems:
        raise IsolationError("\n".join(problems))
    owners = look_for(_possible_owners(live, handover), handover.access)
    known = set(handover.keys)
    every = {release: known & set(_rendered(release) if is_settled(release) else live) for release in owners.releases}
    rendered = {one: tuple(sorted(keys)) for one, keys in every.items() if keys}
    return State(live, rendered, tuple(one for one in owners.lost if one.name not in handover.gone))


def _possible_owners(live: Mapping[Key, Json], handover: Handover) -> list[Owner]:
    """Return the releases that may render policies: their owners, the vCluster's, and what Flux calls its release.

    Flux calls it like the HelmRelease, after the namespace that it installs into if that is another, unless the
    HelmRelease says otherwise (its API reference, `spec.releaseName`).
    """
    home = handover.request.namespace
    owners = {owner for one in live.values() if (owner := owner_of(one))} - {handover.ours}
    labels = [_mapping(one, "labels") for one in live.values()]
    storage = frozenset(one[FLUX_NAMESPACE] for one in labels if FLUX_NAMESPACE in one)
    by_flux = sorted({one[FLUX_NAME] for one in labels if FLUX_NAME in one})
    names = dict.fromkeys((handover.vcluster, *by_flux, *(f"{home}-{name}" for name in by_flux)))
    guessed = [(name, home) for name in names if (name, home) not in {*owners, handover.ours}]
    certain = [Owner(name, namespace, storage, certain=True) for name, namespace in sorted(owners)]
    return certain + [Owner(name, namespace, storage) for name, namespace in guessed]


def owner_of(policy: Json) -> tuple[str, str] | None:
    """Return name and namespace of the release that a policy belongs to, None where Helm does not know it."""
    annotations = _mapping(policy, "annotations")
    name = annotations.get(OWNER)
    return (name, annotations.get(OWNER_NAMESPACE, "")) if name else None


def is_kept(policy: Json) -> bool:
    """Return whether Helm leaves a policy in place when the release that it belongs to renders it no more."""
    return _mapping(policy, "annotations").get(KEEP) == "keep"


def is_settled(release: Release) -> bool:
    """Return whether a release's last revision is what the cluster has."""
    return release.status in ("deployed", "uninstalled")


def flux_of(policies: Iterable[Json]) -> str:
    """Return the HelmRelease that installs policies, as NAMESPACE/NAME; empty if it is not Flux that does."""
    labels = (_mapping(policy, "labels") for policy in policies)
    found = (f"{one.get(FLUX_NAMESPACE, '')}/{one[FLUX_NAME]}" for one in labels if FLUX_NAME in one)
    return next(found, "")


def parsed(policy: Json) -> Policy | None:
    """Return a policy as the evaluator reads it, None for one that it cannot read."""
    return next(iter(parse_cluster([policy]).policies), None)


def _not_helms(key: Key, policy: Json) -> Iterator[str]:
    """Yield why Helm is not to take over a policy."""
    annotations, labels = _mapping(policy, "annotations"), _mapping(policy, "labels")
    name = f"NetworkPolicy/{'/'.join(key)}"
    by_label = ARGO_INSTANCE in labels or (INSTANCE in labels and owner_of(policy) is None)
    if ARGO_TRACKING in annotations or by_label:
        yield f"{name}: Argo CD applies it, and would delete it; take it over by hand, as docs/take-over.md says"
    if MANAGED_BY in labels:
        yield f"{name}: the vCluster syncs it, so it is a tenant's; delete it in the vCluster"


def _rendered(release: Release) -> Iterator[Key]:
    """Yield the NetworkPolicies that a release renders. Raises ToolFailed for a manifest that is not YAML."""
    if release.status == "uninstalled":
        return
    try:
        documents = list(yaml.load_all(release.manifest, Loader=yaml.CSafeLoader))
    except yaml.YAMLError as error:
        words = ["helm", "get", "manifest", release.name]
        raise ToolFailed(words, "printed a manifest that is not YAML", "look at it yourself") from error
    for document in documents:
        if (
            isinstance(document, dict)
            and document.get("kind") == "NetworkPolicy"
            and isinstance(document.get("metadata"), dict)
        ):
            metadata = document["metadata"]
            yield str(metadata.get("namespace") or release.namespace), str(metadata.get("name"))


def _mapping(policy: Json, key: str) -> Mapping[str, str]:
    """Return the annotations or labels of an object."""
    found = (policy.get("metadata") or {}).get(key)
    return found if isinstance(found, dict) else {}
