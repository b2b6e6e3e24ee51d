"""The situations of tests/situations as they are in a cluster: their policies, and every actor as a real pod.

Who is there for a situation: the pods of its vCluster; pods of its tenant whose labels say that they are something else; a
pod without labels, and one that a host controller made with labels wholly of the tenant's choice; a neighbour in the same
namespace and a tenant in another one, each with the same policies of its own; the host cluster's pods; and for each peer
that a rule names, a pod that it selects.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from tests.on_cluster import documents, pod
from vcluster_isolation.netpol.engine.evaluate import Evaluator, peers, rules
from vcluster_isolation.netpol.engine.match import selects
from vcluster_isolation.netpol.objects.model import NAME_LABEL, Namespace, Pod, Policy, labels_of, namespace
from vcluster_isolation.netpol.parse.parse import parse_cluster
from vcluster_isolation.netpol.sets.addresses import EVERYWHERE, address_set
from vcluster_isolation.tools import PROJECT
from vcluster_isolation.vcluster import cast
from vcluster_isolation.worlds.mentioned import example

Json = dict[str, Any]
SITUATIONS = PROJECT / "tests" / "situations"
UNNAMED = 7777
"""A port that no rule names."""

MANAGED, VIRTUAL = cast.MANAGED_BY, cast.VIRTUAL_NAMESPACE


@dataclass(frozen=True)
class Situation:
    """A situation: its release and namespace, and the NetworkPolicies of it, its neighbour and the other tenant."""

    name: str
    manifests: tuple[Json, ...] = field(hash=False, repr=False)

    @property
    def release(self) -> str:
        return self.name.partition("@")[0]

    @property
    def home(self) -> str:
        return self.name.partition("@")[2] or f"vcluster-{self.release}"

    @property
    def neighbour(self) -> str:
        return f"n-{self.release}"[:50]

    @property
    def other(self) -> str:
        return f"o-{self.release}"[:50]

    @property
    def other_home(self) -> str:
        return f"other-{self.release}"

    @property
    def spaces(self) -> set[str]:
        """The namespaces in which it has policies."""
        return {item["metadata"]["namespace"] for item in self.manifests}

    @cached_property
    def policies(self) -> tuple[Policy, ...]:
        return parse_cluster(self.manifests).policies


def situations() -> list[Situation]:
    """Return every golden situation."""
    return [_situation(path.name) for path in sorted((SITUATIONS / "golden").iterdir())]


def _situation(name: str) -> Situation:
    text = (SITUATIONS / "golden" / name / "manifests.yaml").read_text(encoding="utf-8")
    return _with_others(Situation(name, tuple(documents(text))))


def copy_of(name: str, release: str) -> Situation:
    """Return a situation once more, as another release."""
    first, again = Situation(name, ()), Situation(release, ())
    text = (SITUATIONS / "golden" / name / "manifests.yaml").read_text(encoding="utf-8")
    mine = [item for item in documents(text) if item["metadata"].get("namespace") == first.home]
    return _with_others(
        replace(again, manifests=tuple(_renamed(item, first.release, release, again.home) for item in mine))
    )


def _with_others(bare: Situation) -> Situation:
    """Add the policies of the neighbour and the other tenant; of all of them only those that the agent enforces."""
    found = [item for item in bare.manifests if item["kind"] == "NetworkPolicy"]
    mine = [item for item in found if item["metadata"]["namespace"] == bare.home]
    for release, home in ((bare.neighbour, bare.home), (bare.other, bare.other_home)):
        found += [_renamed(item, bare.release, release, home) for item in mine]
    return replace(bare, manifests=tuple({_key(item): item for item in found}.values()))


def _renamed(item: Json, release: str, other: str, home: str) -> Json:
    """Return a policy as another release has it: with its name and namespace, for pods with its labels."""

    def changed(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {name: changed(inner, name) for name, inner in value.items()}
        if isinstance(value, list):
            return [changed(inner) for inner in value]
        return other if key in ("release", MANAGED) and value == release else value

    metadata = item["metadata"]
    name = metadata["name"]
    own = f"{name.removesuffix(release)}{other}" if name.endswith(f"-{release}") else f"{name}-{other}"
    renamed: Json = changed(item)
    return {**renamed, "metadata": {"name": own, "namespace": home}}


def _key(item: Json) -> tuple[str, str]:
    return item["metadata"]["namespace"], item["metadata"]["name"]


def batches(every: Iterable[Situation], size: int) -> list[list[Situation]]:
    """Return the situations in groups whose policies are in different namespaces: they do not meet."""
    found: list[list[Situation]] = []
    for situation in every:
        fitting = (
            group for group in found if len(group) < size and not any(one.spaces & situation.spaces for one in group)
        )
        group = next(fitting, None)
        if group is None:
            found.append(group := [])
        group.append(situation)
    return found


def is_of_others(pod: Json) -> bool:
    """Whether a pod is of the neighbour or of the other tenant."""
    name: str = pod["metadata"]["name"]
    return name.startswith(("neighbour-", "away-"))


def pods_of(situation: Situation) -> list[Json]:
    """Return every pod of a situation but those of the host cluster."""
    mine = dict(_own(situation.release)) | dict(_forged(situation.release)) | dict(_strays(situation.release))
    theirs = {f"neighbour-{name}": labels for name, labels in _others(situation.neighbour)}
    away = {f"away-{name}": labels for name, labels in _others(situation.other)}
    spread = [name for name in situation.spaces if name not in (situation.home, situation.other_home)]
    found = [(situation.home, name, labels) for name, labels in (mine | theirs).items()]
    found += [(situation.other_home, name, labels) for name, labels in away.items()]
    found += [
        (name, f"{situation.name.replace('@', '-')}-{kind}", labels)
        for name in spread
        for kind, labels in (
            ("workload", {VIRTUAL: "default", MANAGED: situation.release}),
            ("as-snapshot", {VIRTUAL: "default", MANAGED: situation.release, "app": "vcluster-snapshot"}),
            ("neighbour", {VIRTUAL: "default", MANAGED: situation.neighbour}),
        )
    ]
    for at, (space, labels) in enumerate(_named(situation, found)):
        found.append((space, f"{situation.name.replace('@', '-')}-named-{at}", labels))
    return [_pod(situation, space, name, labels, at) for at, (space, name, labels) in enumerate(found)]


def host_pods() -> list[Json]:
    """Return the pods of the host cluster, which all situations share."""
    actors = [actor for actor in cast.OF_THE_HOST if isinstance(actor, cast.PodActor)]
    return [pod(actor.namespace, actor.name, actor.labels, node=f"n{at % 2 + 1}") for at, actor in enumerate(actors)]


def labels_of_namespaces(every: Iterable[Situation]) -> dict[str, dict[str, str]]:
    """Return the labels that namespaces have to have so that rules select them."""
    found: dict[str, dict[str, str]] = {}
    for peer in {peer for situation in every for policy in situation.policies for peer in peers(policy)}:
        chosen = example(peer, "") if peer.namespaces is not None else None
        if chosen:
            labels = {key: value for key, value in chosen.namespace.labels if key != NAME_LABEL}
            found.setdefault(_space_of(chosen.namespace), {}).update(labels)
    return found


def ports_of(situation: Situation) -> list[tuple[str, int]]:
    """Return each (protocol, port) at which a rule begins or ends, and for each protocol one that no rule names."""
    found = {("TCP", UNNAMED), ("UDP", UNNAMED), ("TCP", 443), ("UDP", 53)}
    for rule in (rule for policy in situation.policies for rule in rules(policy)):
        for protocol in ("TCP", "UDP"):
            for first, last in rule.ports.of_protocol(protocol):
                found |= {(protocol, port) for port in (first, last) if (first, last) != (1, 65535)}
        found |= {(protocol, port) for protocol, port in _named_ports(situation).values() if protocol != "SCTP"}
    return sorted(found)


def addresses_of(situation: Situation) -> list[str]:
    """Return an address of each part that rules tell apart and that a host can have, and two metadata services."""
    usable = EVERYWHERE - _UNUSABLE
    parts = [part.example() for part in Evaluator(situation.policies).parts(usable)]
    return list(dict.fromkeys([*parts, *_METADATA]))


def _own(release: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    for actor in cast.OF_A_VCLUSTER:
        yield actor.name, {key: value.replace(cast.TENANT, release) for key, value in actor.labels.items()}


def _forged(release: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield pods of a tenant whose labels say that they are something else; vCluster itself sets managed-by."""
    synced = {VIRTUAL: "default", MANAGED: release}
    yield "as-snapshot", {**synced, "app": "vcluster-snapshot"}
    yield "as-platform", {**synced, "app": "loft"}
    yield "as-coredns", {**synced, "k8s-app": "vcluster-kube-dns", VIRTUAL: "kube-system"}
    yield "as-control-plane", {**synced, "app": "vcluster"}


def _strays(release: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    yield "bare", {}
    # As a Gateway's proxy: `spec.infrastructure.labels` arrive on the host unchanged.
    yield "of-a-controller", {"app": "vcluster", "release": release, "gateway.networking.k8s.io/gateway-name": "g"}


def _others(release: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    own, forged = dict(_own(release)), dict(_forged(release))
    yield from {name: own[name] for name in ("control-plane", "workload")}.items()
    yield from {name: forged[name] for name in ("as-snapshot", "as-coredns")}.items()


def _named(
    situation: Situation, known: Iterable[tuple[str, str, Mapping[str, str]]]
) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield a pod for each peer that selects none of the pods so far: its namespace, and as few labels as can be."""
    labels_of_spaces = labels_of_namespaces([situation])
    there = [_as_read(space, labels, labels_of_spaces) for space, _, labels in known]
    there += [
        _as_read(item["metadata"]["namespace"], item["metadata"]["labels"], labels_of_spaces) for item in host_pods()
    ]
    for policy in situation.policies:
        for peer in peers(policy):
            chosen = example(peer, policy.namespace) if peer.block is None else None
            if chosen and not any(selects(peer, policy.namespace, pod) for pod in there):
                space = _space_of(chosen.namespace)
                there.append(_as_read(space, dict(chosen.labels), labels_of_spaces))
                yield space, dict(chosen.labels)


def _as_read(space: str, labels: Mapping[str, str], labels_of_spaces: Mapping[str, Mapping[str, str]]) -> Pod:
    return Pod(namespace(space, labels_of_spaces.get(space, {})), labels_of(labels))


def _space_of(chosen: Namespace) -> str:
    """Return the name of a namespace as a rule names it; one that is chosen by other labels is called by them."""
    others = sorted(pair for pair in chosen.labels if pair[0] != NAME_LABEL)
    if not others:
        return chosen.name if re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", chosen.name) else "any"
    words = "-".join(f"{key}-{value}" for key, value in others).lower()
    return re.sub(r"[^a-z0-9]+", "-", words)[:60].strip("-")


def _named_ports(situation: Situation) -> dict[str, tuple[str, int]]:
    """Return a number for each named port of the rules."""
    named = {
        (name, protocol) for policy in situation.policies for rule in rules(policy) for protocol, name in rule.named
    }
    return {name: (protocol, 7100 + at) for at, (name, protocol) in enumerate(sorted(named))}


def _pod(situation: Situation, space: str, name: str, labels: Mapping[str, str], at: int) -> Json:
    ports = [
        {"name": port, "protocol": protocol, "containerPort": number}
        for port, (protocol, number) in _named_ports(situation).items()
    ]
    made = pod(space, name, labels, node=f"n{at % 2 + 1}")
    made["spec"]["containers"][0]["ports"] = ports
    return made


_METADATA = ("169.254.169.254", "fd00:ec2::254")

_UNUSABLE = address_set(
    "0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/3", "169.254.1.0/24", "172.29.0.0/16", "10.213.0.0/16", "10.196.0.0/16",
    "::/8", "ff00::/8", "fe80::/10", "fd00:10::/32", "fd00:29::/32",
)  # fmt: skip
"""What no host can have (multicast, loopback, reserved), and what nodes and pods of this cluster have."""
