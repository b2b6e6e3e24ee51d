"""Manifests, or the JSON that kubectl prints, become a `Cluster`: namespaces, pods, policies, and what was wrong.

Source: the core/v1 and networking.k8s.io/v1 API references, and for policies of other groups `parse_tiers.py` and
`parse_policy.py`.
Objects are read one after another, so a long input need never be in memory as a whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from vcluster_isolation.errors import Problem
from vcluster_isolation.netpol.objects.fields import label_mapping, mapping, name_of, note, shown
from vcluster_isolation.netpol.objects.model import NETWORK_POLICY, Namespace, Pod, Policy, namespace
from vcluster_isolation.netpol.objects.tiers import TierPolicy
from vcluster_isolation.netpol.parse.parse_pod import TEMPLATES, finished, parse_pod
from vcluster_isolation.netpol.parse.parse_policy import NAMESPACED_KINDS, parse_policy
from vcluster_isolation.netpol.parse.parse_tiers import TIER_KINDS, parse_tier
from vcluster_isolation.netpol.sets.addresses import POD_RANGES, AddressSet
from vcluster_isolation.netpol.unevaluated import UnevaluatedPolicy, unevaluated, without_mirrors

_Kept = TypeVar("_Kept")

READ_POLICIES = TIER_KINDS | NAMESPACED_KINDS
"""The (apiVersion, kind) of the policies that are evaluated."""

_READ = READ_POLICIES | {("v1", "Namespace"), ("v1", "Pod")}
_CLUSTER_SCOPED = frozenset({"Namespace"} | {kind for _, kind in TIER_KINDS})


@dataclass(frozen=True, slots=True)
class Cluster:
    """What manifests say about a cluster.

    `namespaces` are all that are declared or used, by name; of those in `undeclared` no object was there, so
    that their labels are not known. `tiers` are the cluster-scoped policies. `not_evaluated` are the policies of other
    APIs, which may change what is allowed; `passed_over` counts the other objects that were not read, by
    `apiVersion kind`. An object with a problem is not in the cluster, whose verdicts then say nothing about it.
    """

    namespaces: Mapping[str, Namespace]
    undeclared: frozenset[str]
    pods: tuple[Pod, ...]
    policies: tuple[Policy, ...]
    problems: tuple[Problem, ...]
    passed_over: Mapping[str, int]
    tiers: tuple[TierPolicy, ...] = ()
    not_evaluated: tuple[UnevaluatedPolicy, ...] = ()


@dataclass(slots=True)
class _Reading:
    """The objects that were read so far."""

    home: str
    spaces: dict[str, Namespace] = field(default_factory=dict)
    namespaces: dict[tuple[str, ...], Namespace] = field(default_factory=dict)
    pods: dict[tuple[str, ...], Pod] = field(default_factory=dict)
    policies: dict[tuple[str, ...], Policy] = field(default_factory=dict)
    tiers: dict[tuple[str, ...], TierPolicy] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    passed_over: Counter[str] = field(default_factory=Counter)
    not_evaluated: dict[tuple[str, ...], UnevaluatedPolicy] = field(default_factory=dict)


def parse_cluster(documents: Iterable[Any], *, home: str = "default", addresses: AddressSet = POD_RANGES) -> Cluster:
    """Read manifests (mappings as YAML or JSON gives them; Lists are flattened, empty documents are nothing).

    `home` is the namespace of objects that name none, `addresses` where pods of unknown address may be. Never
    raises: what is wrong with an object is in `problems`, and the object is left out. Of two objects with the
    same name the later counts, as it would when both are applied.
    """
    reading = _Reading(home)
    for at, item in enumerate(flatten(documents), 1):
        _read(item, f"object {at}", reading)
    _drop_namesakes(reading)
    declared = {one.name: one for one in reading.namespaces.values()}
    used = {pod.namespace.name for pod in reading.pods.values()} | {one.namespace for one in reading.policies.values()}
    undeclared = frozenset(used - declared.keys())
    known = {**reading.spaces, **declared}
    names = {name: known.get(name) or namespace(name) for name in sorted(used | declared.keys())}
    return Cluster(
        names,
        undeclared,
        tuple(_placed(pod, names, addresses) for pod in reading.pods.values()),
        tuple(reading.policies.values()),
        tuple(reading.problems),
        dict(sorted(reading.passed_over.items())),
        tuple(reading.tiers.values()),
        tuple(
            sorted(without_mirrors(reading.not_evaluated.values(), reading.policies.values(), reading.tiers.values()))
        ),
    )


def _placed(pod: Pod, names: Mapping[str, Namespace], unknown: AddressSet) -> Pod:
    """Return a pod with the labels of its namespace, and with the addresses that it may get if it has none."""
    space = names[pod.namespace.name]
    if space is pod.namespace and pod.addresses:
        return pod
    return replace(pod, namespace=space, addresses=pod.addresses or unknown)


def flatten(documents: Iterable[Any]) -> Iterator[Any]:
    """Yield every object, those inside of Lists one by one; an item of a `PodList` that names no kind is a Pod.

    A list of items is gone through once, however often YAML aliases repeat it, or put it into itself.
    """
    for document in documents:
        waiting = [document]
        seen: set[int] = set()
        while waiting:
            item = waiting.pop()
            if not _is_list(item):
                yield item
            elif id(item["items"]) not in seen:
                seen.add(id(item["items"]))
                waiting.extend(reversed(_items(item)))


def is_read(item: Mapping[str, Any]) -> bool:
    """Return whether an object is of a kind that is read here."""
    kind = (item.get("apiVersion"), item.get("kind"))
    return kind in _READ or kind in TEMPLATES


def list_items(item: Any) -> list[Any]:
    """Return the items of a List, or of a list of one kind, each with its kind; none for anything else."""
    return _items(item) if _is_list(item) else []


def _is_list(item: Any) -> bool:
    """Return whether an object is a List of objects, or a list of one kind."""
    if not isinstance(item, dict) or not isinstance(item.get("items"), list):
        return False
    return isinstance(item.get("kind"), str) and item["kind"].endswith("List")


def _items(item: Mapping[str, Any]) -> list[Any]:
    """Return the items of a List, with the kind that they have if they name none."""
    if item["kind"] == "List":
        return list(item["items"])
    implied = {"apiVersion": item.get("apiVersion"), "kind": item["kind"].removesuffix("List")}
    return [{**implied, **one} if isinstance(one, dict) else one for one in item["items"]]


def _read(item: Any, where: str, reading: _Reading) -> None:
    """Read one object into what is known."""
    if item is None:
        return
    problems: list[Problem] = []
    item = mapping(item, where, problems)
    api, kind = item.get("apiVersion"), item.get("kind")
    if not isinstance(api, str) or not isinstance(kind, str):
        if not problems:
            note(problems, where, "has no apiVersion and kind", "give a Kubernetes manifest")
    elif (api, kind) in _READ or (api, kind) in TEMPLATES:
        _read_known(kind, item, where, reading, problems)
    elif policy := unevaluated(item, reading.home):
        reading.not_evaluated[policy.api_version, policy.kind, policy.namespace, policy.name] = policy
    else:
        reading.passed_over[f"{shown(api)[1:-1]} {shown(kind)[1:-1]}"] += 1
    reading.problems.extend(problems)


def _read_known(kind: str, item: Mapping[str, Any], where: str, reading: _Reading, problems: list[Problem]) -> None:
    """Read a namespace, a policy, a pod or what makes pods, and keep it if there is no problem."""
    metadata = mapping(item.get("metadata"), f"{where} metadata", problems)
    name = name_of(metadata.get("name"), f"{where} metadata.name", problems)
    given = None if kind in _CLUSTER_SCOPED else metadata.get("namespace")
    home = name_of(given, f"{where} metadata.namespace", problems) if given else reading.home
    where = f"{kind}/{name}" if kind in _CLUSTER_SCOPED else f"{kind}/{home}/{name}"
    if kind == "Namespace":
        labels = label_mapping(metadata.get("labels"), f"{where} metadata.labels", problems)
        _keep(reading.namespaces, (name,), namespace(name, labels), where, problems)
    elif (item["apiVersion"], kind) in NAMESPACED_KINDS:
        policy = parse_policy(item.get("spec"), home, name, f"{where} spec", problems, kind)
        _keep(reading.policies, (kind, home, name), policy, where, problems)
    elif kind in _CLUSTER_SCOPED:
        pair = (item["apiVersion"], kind)
        tier = parse_tier(pair, item.get("spec"), name, f"{where} spec", problems, item.get("status"))
        _keep(reading.tiers, (tier.kind, name), tier, where, problems)
    elif finished(item):
        reading.passed_over[f"{item['apiVersion']} {kind} (finished)"] += 1
    else:
        space = reading.spaces.setdefault(home, namespace(home))
        pod = parse_pod(item, space, name, where, problems)
        _keep(reading.pods, (kind, home, name), pod, where, problems)


def _drop_namesakes(reading: _Reading) -> None:
    """Leave out each policy of AWS that has the name of a NetworkPolicy of its namespace, and say so.

    The agent goes by the name of the policy that addresses were worked out for, and takes those of both for one
    policy's (aws-network-policy-agent v1.4.3, GetParentNPNameFromPEName): whose rules are for which pods is open.
    """
    for key in [key for key in reading.policies if key[0] != NETWORK_POLICY]:
        if (NETWORK_POLICY, *key[1:]) in reading.policies:
            policy = reading.policies.pop(key)
            what = (
                f"has the name of a {NETWORK_POLICY} of its namespace, and AWS takes the rules of both for one policy's"
            )
            note(reading.problems, str(policy), what, "give one of them another name")


def _keep(
    known: dict[tuple[str, ...], _Kept], key: tuple[str, ...], one: _Kept, where: str, problems: list[Problem]
) -> None:
    """Keep an object that has no problem; if there is one of that name, say so and let the later one count."""
    if problems:
        return
    if key in known:
        note(problems, where, "is defined more than once, and only the last one counts", "keep one of them")
    known[key] = one
