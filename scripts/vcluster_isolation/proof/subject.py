"""What is to be proved about: one vCluster, its policies, and what its user did to them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from vcluster_isolation import layers, renames, render_cache, strict_yaml
from vcluster_isolation.errors import InputError, IsolationError
from vcluster_isolation.helm import Request
from vcluster_isolation.proof.rule_notes import RuleId, RuleNote, rule_notes
from vcluster_isolation.reach.model import EGRESS, INGRESS, IPBlock, Origin, Peer, Policy, Rule, selector
from vcluster_isolation.reach.parse import Cluster, parse_cluster

PUBLIC_EGRESS = "workload.publicEgress"
_POLICY = ("policies", "networkPolicy")


@dataclass(frozen=True, slots=True)
class Subject:
    """A vCluster and the policies around it.

    `hosted` says that its workloads run in the host cluster, `coredns` that CoreDNS is a pod of its own, and the two
    syncs that the tenant's namespaces and NetworkPolicies reach the host cluster. `notes`
    say of each rule why it is there. `changed` maps each value that the user set to something else than the
    default, as far as it decides on rules, to the path that the user wrote. `usual_policies` gives the policies with
    all of these values at their defaults. Of policies that came as manifests none of this is known. `manifests` is
    their text.
    """

    name: str
    namespace: str
    policies: tuple[Policy, ...]
    hosted: bool = True
    coredns: bool = True
    namespace_sync: bool = False
    policy_sync: bool = False
    notes: Mapping[RuleId, RuleNote] = field(default_factory=dict)
    changed: Mapping[str, str] = field(default_factory=dict)
    usual_policies: Callable[[], tuple[Policy, ...]] = tuple
    manifests: str = ""

    @property
    def usual(self) -> tuple[Policy, ...]:
        """The policies with every value that grants or closes at its default; rendered when asked for."""
        return self.usual_policies()

    def note(self, origin: Origin) -> RuleNote | None:
        """Return why a rule is there, if that is known."""
        if origin.namespace != self.namespace:
            return None
        return self.notes.get((origin.policy, origin.direction, origin.index))

    def granted(self, origin: Origin) -> str:
        """Return the path of the value with which the user put a rule there; empty for the chart's own."""
        note = self.note(origin)
        if note is None or note.key not in self.changed or note.key in DEFAULT_ON:
            return ""
        index = "" if note.item is None else f"[{note.item}]"
        return self.changed[note.key] + index

    def with_synced(self, policies: Iterable[Policy]) -> tuple[Policy, ...]:
        """Return policies, and beside them the worst one that the tenant can sync: everything open for its pods."""
        given = tuple(policies)
        if not self.policy_sync:
            return given
        name = "synced-by-the-tenant"
        rules = [Rule(Origin(self.namespace, name, direction, 0)) for direction in (INGRESS, EGRESS)]
        pods = selector({"vcluster.loft.sh/managed-by": self.name})
        return (*given, Policy(self.namespace, name, pods, frozenset({INGRESS, EGRESS}), (rules[0],), (rules[1],)))

    def ungranted(self) -> tuple[Policy, ...]:
        """Return the policies without what the user granted: what they let through then is the chart's doing.

        A rule that a user's value put there is left out; of public egress, what the default allows as well stays.
        """
        blocks = [peer.block for policy in self.usual for rule in policy.egress for peer in rule.peers if peer.block]
        return tuple(_without(policy, self, blocks) for policy in self.policies)


def of_values(request: Request) -> Subject:
    """Return the subject that values files describe: `request.name` is the release.

    Raises InputError for files that are no values, RenderFailed when helm or the chart refuses them, ToolMissing.
    """
    read = [strict_yaml.read_mapping(path) for path in request.values]
    values = layers.over_defaults(_defaults(request.chart), layers.overlay(read))
    text = render_cache.template(request)
    changed = _changed(values, request.chart)
    reset = replace(request, inline=_reset(values, request.chart)) if changed else request
    coredns = _at(values, ("controlPlane", "coredns")) or {}
    hosted = not _at(values, ("privateNodes", "enabled"))
    return Subject(
        str(_at(values, ("vcluster", "name")) or request.name),
        request.namespace,
        _policies(text, request.namespace),
        hosted,
        hosted and coredns.get("enabled") is not False and not coredns.get("embedded"),
        bool(_at(values, ("sync", "toHost", "namespaces", "enabled"))),
        bool(_at(values, ("sync", "toHost", "networkPolicies", "enabled"))),
        rule_notes(text),
        changed,
        lambda: _policies(render_cache.template(reset), request.namespace),
        text,
    )


def of_manifests(documents: Iterable[Any], *, home: str = "default") -> list[Subject]:
    """Return a subject for each vCluster whose policies are among manifests, by the names of its policies.

    Raises InputError for manifests that cannot be read, IsolationError when no vCluster is among them.
    """
    cluster = parse_cluster(documents, home=home)
    if cluster.problems:
        raise InputError(cluster.problems)
    return of_cluster(cluster)


def of_cluster(cluster: Cluster) -> list[Subject]:
    """Return a subject for each vCluster in a cluster, as `of_manifests` does. Raises IsolationError as that does."""
    found = {
        (one.namespace, one.name.removeprefix("vc-cp-")) for one in cluster.policies if one.name.startswith("vc-cp-")
    }
    if not found:
        raise IsolationError(
            "no policy `vc-cp-NAME` is among the manifests", "give the manifests that the chart renders"
        )
    return [_of_cluster(cluster, name, namespace) for namespace, name in sorted(found)]


def _of_cluster(cluster: Cluster, name: str, namespace: str) -> Subject:
    coredns = any(one.name == f"vc-kube-dns-{name}" and one.namespace == namespace for one in cluster.policies)
    return Subject(name, namespace, cluster.policies, coredns=coredns)


def _policies(text: str, namespace: str) -> tuple[Policy, ...]:
    documents = [document.value for document in strict_yaml.parse_documents(text, "the rendered manifests")]
    cluster = parse_cluster(documents, home=namespace)
    if cluster.problems:
        raise InputError(cluster.problems)
    return cluster.policies


@cache
def _defaults(chart: Path) -> dict[str, Any]:
    text = layers.read_chart_file(chart, "values.yaml") or ""
    return strict_yaml.parse_mapping(text, str(chart / "values.yaml"))


def _at(values: Any, path: Sequence[str]) -> Any:
    for key in path:
        values = values.get(key) if isinstance(values, Mapping) else None
    return values


DEFAULT_ON = frozenset({"platform.enabled"})
"""Values that put rules there by default: whoever changes them closes, and grants nothing."""

CLOSING = DEFAULT_ON | {PUBLIC_EGRESS}
"""Values that can close what is open by default."""

# The values that put rules there: in the chart's comments they stand in parentheses.
GRANTS = (
    "platform.enabled",
    "controlPlane.apiAccess",
    "controlPlane.ingress",
    "controlPlane.egress",
    PUBLIC_EGRESS,
    "workload.ingress",
    "workload.egress",
)


def _changed(values: Mapping[str, Any], chart: Path) -> dict[str, str]:
    """Return the keys of GRANTS that differ from their defaults, each with the path that the user wrote."""
    policy, default = _at(values, _POLICY), _at(_defaults(chart), _POLICY)
    differ = [key for key in GRANTS if _at(policy, key.split(".")) != _at(default, key.split("."))]
    found = {key: f"policies.networkPolicy.{key}" for key in differ}
    for rename in renames.read_renames(chart):
        if _at(values, rename.source) not in (None, _at(_defaults(chart), rename.target)):
            target = ".".join(rename.target[len(_POLICY) :])
            key = next(key for key in GRANTS if target == key or target.startswith(f"{key}."))
            found[key] = ".".join(rename.source)
    return found


def _reset(values: Mapping[str, Any], chart: Path) -> str:
    """Return YAML that, laid over the user's values, puts every value of GRANTS back to its default."""
    policy: dict[str, Any] = {}
    for key in GRANTS:
        *parents, last = key.split(".")
        here = policy
        for parent in parents:
            here = here.setdefault(parent, {})
        here[last] = _at(_defaults(chart), (*_POLICY, *key.split(".")))
    for rename in renames.read_renames(chart):
        if _at(values, rename.source) is not None:
            policy[rename.source[len(_POLICY)]] = None
    return json.dumps({_POLICY[0]: {_POLICY[1]: policy}})


def _without(policy: Policy, subject: Subject, public: Sequence[IPBlock]) -> Policy:
    """Return a policy without the rules that the user granted."""
    ingress, egress = (tuple(_kept(rules, subject, public)) for rules in (policy.ingress, policy.egress))
    return replace(policy, ingress=ingress, egress=egress)


def _kept(rules: Iterable[Rule], subject: Subject, public: Sequence[IPBlock]) -> Iterator[Rule]:
    """Yield the rules that the user did not grant, and the part of public egress that the default has too."""
    for rule in rules:
        note = subject.note(rule.origin)
        if not subject.granted(rule.origin):
            yield rule
        elif note and note.key == PUBLIC_EGRESS:
            peers = [_common(peer.block, block) for peer in rule.peers if peer.block for block in public]
            if peers:
                yield replace(rule, peers=tuple(peers))


def _common(block: IPBlock, other: IPBlock) -> Peer:
    """Return a peer for the addresses that two ipBlocks have in common."""
    return Peer(block=replace(block, addresses=block.addresses & other.addresses))
