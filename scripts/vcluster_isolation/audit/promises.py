"""NetworkPolicies that something in a cluster says are there, and that are not: a vCluster that seems to be isolated.

Two releases can both be `deployed` while no policy is left (docs/take-over.md). What says so, where kubectl was asked
for it as well:

- the Secret in which Helm keeps a deployed release (`helm.sh/release.v1`): its manifest, of our chart or vCluster's;
- the Secret `vc-config-NAME` in which vCluster's chart keeps its values (chart/templates/config-secret.yaml);
- the values of a Flux HelmRelease, an Argo CD Application or a VirtualClusterInstance for the same cluster, where they
  are written in it: not those that it refers to.

No content of a Secret is ever printed. An object that a vCluster synced says nothing: it is a tenant's.
"""

from __future__ import annotations

import base64
import binascii
import copy
import gzip
import io
import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import yaml

from vcluster_isolation.errors import Problem
from vcluster_isolation.netpol.objects.model import Policy
from vcluster_isolation.values.delivery import argocd
from vcluster_isolation.values.delivery.set_values import path_of, put, value_of
from vcluster_isolation.values.paths import at, at_path
from vcluster_isolation.vcluster.cast import MANAGED_BY
from vcluster_isolation.vcluster.policy_names import CONTROL_PLANE, by_name, policy_name, recognise
from vcluster_isolation.wording import printable

READ: Final = frozenset(
    {
        "v1 Secret",
        *(f"helm.toolkit.fluxcd.io/{version} HelmRelease" for version in ("v2", "v2beta2", "v2beta1")),
        "argoproj.io/v1alpha1 Application",
        "management.loft.sh/v1 VirtualClusterInstance",
        "storage.loft.sh/v1 VirtualClusterInstance",
    }
)
"""The kinds that are looked at, as `Cluster.passed_over` names them."""

_LONGEST: Final = 64 * 1024 * 1024  # bytes of a release; Kubernetes holds 1 MiB of it, compressed
_UNREADABLE: Final = (ValueError, LookupError, TypeError, AttributeError, EOFError, OSError, RecursionError)
_UNREADABLE_TEXT: Final = (binascii.Error, zlib.error, yaml.YAMLError)
_IN_CLUSTER: Final = "https://kubernetes.default.svc"
"""Argo CD's own cluster (its documentation, "Cluster credentials")."""
_Kind = TypeVar("_Kind", dict[str, Any], list[Any])

_TOLD_BY: Final = ("policies", "vcluster")
"""The values from which it is known that a policy is said to be there, and for which vCluster."""
_OF_THE_PLATFORM: Final = "loft-cluster"
"""What vCluster Platform calls the cluster that it runs in."""


@dataclass(frozen=True, slots=True, order=True)
class Promise:
    """A NetworkPolicy that is said to be there, whose vCluster it is, and who says so, in words."""

    namespace: str
    policy: str
    vcluster: str
    said_by: str


@dataclass(slots=True)
class Promises:
    """What objects of a cluster say, as they are read one after another, and what could not be read of them."""

    found: set[Promise] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)

    def notice(self, item: Mapping[str, Any]) -> None:
        """Note what an object says, if it is one that may say something. Raises nothing."""
        kind = f"{item.get('apiVersion')} {item.get('kind')}"
        if kind not in READ:
            return
        try:
            if MANAGED_BY not in (at(item, "metadata.labels") or {}):
                self.found.update(_promises(kind, item))
        except (*_UNREADABLE, *_UNREADABLE_TEXT):
            where = printable(f"{item.get('kind')}/{at(item, 'metadata.namespace')}/{at(item, 'metadata.name')}")
            what = "cannot be read, so that it is not known which policies it says are there"
            self.problems.append(Problem(where, what, "look at it yourself", "audit"))

    def broken(self, policies: Iterable[Policy]) -> tuple[Promise, ...]:
        """Return what is said to be there and is not, in ascending order. One that is not the chart's is not there."""
        there = {(policy.namespace, policy.name) for policy in policies if recognise(policy)}
        return tuple(sorted(one for one in self.found if (one.namespace, one.policy) not in there))


def _promises(kind: str, item: Mapping[str, Any]) -> Iterator[Promise]:
    """Yield what one object says. Raises one of _UNREADABLE or _UNREADABLE_TEXT for an object in another form."""
    name, home = str(item["metadata"]["name"]), str(item["metadata"].get("namespace", ""))
    if kind == "v1 Secret":
        yield from _of_secret(item, name, home)
        return
    spec = _checked(item.get("spec"), dict)
    for values, release, namespace in _OF_SPEC[item["kind"]](spec, name, home):
        yield from _of_values(values, (release, namespace), f"{item['kind']} {name} in namespace {home}")


def _of_secret(item: Mapping[str, Any], name: str, home: str) -> Iterator[Promise]:
    """Yield what a release of Helm says, or the values of a vCluster."""
    labels = at(item, "metadata.labels") or {}
    if item.get("type") == "helm.sh/release.v1" and labels.get("status") == "deployed":
        yield from _of_release(base64.b64decode(item["data"]["release"]), home, str(labels.get("name")))
    elif labels.get("app") == "vcluster" and name == f"vc-config-{labels.get('release')}":
        values = _loaded(base64.b64decode(item["data"]["config.yaml"]))
        yield from _of_values(values, (labels["release"], home), f"Secret {name}, the values of the vCluster,")


_Said = Iterator[tuple[Any, str, Any]]
"""Values, the name of the release that they are for, and its namespace."""


def _of_flux(spec: Any, name: str, home: str) -> _Said:
    """Yield what a HelmRelease says of its own cluster (Flux, helm.toolkit.fluxcd.io API reference)."""
    target = spec.get("targetNamespace")
    if not spec.get("kubeConfig"):
        yield spec.get("values"), spec.get("releaseName") or (f"{target}-{name}" if target else name), target or home


def _of_argo(spec: Any, name: str, home: str) -> _Said:
    """Yield what an Application says of its own cluster, `parameters` laid over its values.

    Raises TypeError or ValueError for one in another form (Argo CD, specification of Application).
    """
    del home
    if at(spec, "destination.server") != _IN_CLUSTER and at(spec, "destination.name") != "in-cluster":
        return
    for source in (*_checked(spec.get("sources"), list), _checked(spec.get("source"), dict)):
        _checked(_checked(source, dict).get("helm"), dict)
    item = {"kind": "Application", "metadata": {"name": name}, "spec": spec}
    for site in argocd.sites(item):
        given = at_path(item, site.values[0]) if site.values else {}
        values = _loaded(given) if isinstance(given, str) else given
        for parameter in _checked(at_path(item, site.parameters or ("none",)), list):
            values = _with_parameter(_checked(values, dict), parameter)
        yield values, site.name or name, site.namespace


def _with_parameter(values: dict[str, Any], parameter: Mapping[str, Any]) -> dict[str, Any]:
    """Return values with one of Argo CD's parameters over them, which go where `helm --set` puts them.

    Raises ValueError for one that cannot be read and that may be about policies or the vCluster's name.
    """
    name = str(parameter["name"])
    steps, changed = path_of(name), copy.deepcopy(values)
    value = value_of(parameter.get("value"), string=bool(parameter.get("forceString")))
    if steps is not None and put(changed, steps, value):
        return changed
    if name.startswith(_TOLD_BY):
        raise ValueError(name)
    return values


def _checked(value: Any, kind: type[_Kind]) -> _Kind:
    """Return a value of a kind, an empty one for None. Raises TypeError for a value of another kind."""
    if value is not None and not isinstance(value, kind):
        raise TypeError(kind.__name__)
    return kind() if value is None else value


def _of_platform(spec: Any, name: str, home: str) -> _Said:
    """Yield what a VirtualClusterInstance says of a vCluster in the platform's own cluster."""
    del home
    place = spec.get("clusterRef") or {}
    if place.get("cluster") == _OF_THE_PLATFORM:
        values = _loaded(at(spec, "template.helmRelease.values") or "")
        yield values, place.get("virtualCluster") or name, place.get("namespace")


_OF_SPEC: Final[Mapping[str, Callable[[Any, str, str], _Said]]] = {
    "HelmRelease": _of_flux,
    "Application": _of_argo,
    "VirtualClusterInstance": _of_platform,
}


def _of_release(stored: bytes, home: str, release: str) -> Iterator[Promise]:
    """Yield the chart's policies in the manifest of a release as Helm stores it: base64 of compressed JSON."""
    with gzip.open(io.BytesIO(base64.b64decode(stored))) as file:
        text = file.read(_LONGEST + 1)
    if len(text) > _LONGEST:
        raise ValueError(release)
    manifest = json.loads(text)["manifest"]
    if "NetworkPolicy" not in manifest:
        return
    for one in yaml.load_all(manifest, Loader=yaml.CSafeLoader):
        if isinstance(one, dict) and one.get("kind") == "NetworkPolicy":
            name = str(one["metadata"]["name"])
            if known := by_name(name):
                space = str(one["metadata"].get("namespace") or home)
                yield Promise(space, name, known.vcluster, f"release {release} in namespace {home}, which is deployed,")


def _of_values(values: Any, release: tuple[str, Any], said_by: str) -> Iterator[Promise]:
    """Yield that the control plane has a policy if values switch NetworkPolicies on: every version renders that one."""
    _checked(values, dict)
    name, home = at(values, "vcluster.name") or release[0], release[1]
    if at(values, "policies.networkPolicy.enabled") is True and home:
        yield Promise(str(home), policy_name(CONTROL_PLANE, str(name)), str(name), said_by)


def _loaded(text: str | bytes) -> Any:
    """Return what YAML says."""
    return yaml.load(text, Loader=yaml.CSafeLoader)
