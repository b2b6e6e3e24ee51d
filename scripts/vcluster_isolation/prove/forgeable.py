"""Grants that other tenants can use: peers of the user's own that a pod which another tenant can create matches.

Decided by meaning and not by pattern: all label sets that a tenant can give a pod, in all namespaces that it can have,
are gone through as the evaluator goes through them (`netpol/engine/labels.py`). What a tenant can do, and its
source:

- Its pods carry `vcluster.loft.sh/managed-by` with the name of its vCluster, and every other label but three as it
  likes (see `vcluster/cast.py`). A vCluster in another namespace may have the same name as this one.
- It runs in the namespace of its release. That is any namespace that no value names, and of those that a value names
  the ones called as vCluster and vCluster Platform call them (`OF_TENANTS`). Its labels are the host
  administrator's: one that a selector wants by its value is taken to be no tenant's, others may be there.
- With `sync.toHost.namespaces` it also runs in namespaces whose labels it chooses, but for their name and the two that
  vCluster puts there.
- Another vCluster may be in this vCluster's own namespace, and takes snapshots there: `app: vcluster-snapshot` and no
  other label.
- In other tenants' namespaces, controllers of the host cluster make pods for a tenant whose labels are wholly the
  tenant's choice, without `managed-by`: proxies of a Gateway (Gateway API, `spec.infrastructure.labels`), for one.
- Its pods have any address of `pods.cidrs`, or while that is unknown any private one; an address that a value names by
  itself is taken to be no pod's then.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Final

from vcluster_isolation.helm.rule_notes import PLATFORM_KEY
from vcluster_isolation.netpol.engine.classes import single
from vcluster_isolation.netpol.engine.labels import ABSENT, FREE, Domain, label_classes, none_of, one_of
from vcluster_isolation.netpol.objects.model import (
    DOES_NOT_EXIST,
    EVERYTHING,
    IN,
    INGRESS,
    NAME_LABEL,
    NOT_IN,
    IPBlock,
    Labels,
    Peer,
    Requirement,
    Rule,
    Selector,
    selector,
)
from vcluster_isolation.netpol.sets.addresses import POD_RANGES, AddressSet
from vcluster_isolation.subject.subject import Subject
from vcluster_isolation.vcluster.cast import (
    HOSTILE,
    MANAGED_BY,
    PLATFORM_NAMESPACE,
    SYNCED_FROM,
    SYNCED_HOME,
    VIRTUAL_NAMESPACE,
)
from vcluster_isolation.vcluster.grant_rows import HOST, OTHER, TENANT, TENANTS, grant_rows, platform_grant_rows
from vcluster_isolation.vcluster.pod_roles import SNAPSHOT_LABEL
from vcluster_isolation.worlds.mentioned import words

_EVERY_NAMESPACE: Final = "pod-security.kubernetes.io/"
"""Labels that administrators give namespaces whoever lives there: their values tell no tenant from others."""

OF_TENANTS: Final = re.compile(r"vcluster-|(loft-)?p-|loft-.+-v-")
"""How names of tenants' namespaces begin: `vcluster-NAME` (`vcluster create`), and in vCluster Platform
`loft-PROJECT-v-NAME` for a virtual cluster and `p-PROJECT`, before `loft-p-PROJECT`, for a project."""

PLACEHOLDER: Final = "NAMESPACE"
"""Stands in a safe selector for a name that only the user knows. No object can have this name: it matches nothing."""

_NOT_A_GRANT: Final = frozenset(row.path for row in grant_rows() if row.whose not in (HOST, TENANT))
"""Values that say where something is and grant no pod; of `project`, other tenants are the purpose, and the chart takes
out the namespaces whose labels tenants choose."""

_OF_VCLUSTERS: Final = frozenset(f"{PLATFORM_KEY}.{row.path}" for row in platform_grant_rows() if row.whose == TENANTS)
"""The platform's way to control planes: pods of tenants without `managed-by` are the purpose."""

_STATED: Final = frozenset({"hostApiServer", f"{PLATFORM_KEY}.apiServer"})
"""Values whose addresses are the API server's by what the user says: no pod has them, unless `pods.cidrs` says so."""

_UNLISTED: Final = frozenset(
    {
        *(row.path for row in grant_rows() if row.kind == OTHER),
        *(f"{PLATFORM_KEY}.{key}" for key in ("apiServer", "prometheus", "egress.dns")),
    }
)
"""Values whose peers are not a list `from` or `to` of the user's, or not only."""

_NOT_SYNCED: Final = Requirement(MANAGED_BY, DOES_NOT_EXIST)
_NO_SNAPSHOT: Final = Requirement(SNAPSHOT_LABEL[0], NOT_IN, frozenset({SNAPSHOT_LABEL[1]}))
_NO_SYNCED_NAMESPACE: Final = Requirement(SYNCED_HOME, DOES_NOT_EXIST)


@dataclass(frozen=True, slots=True)
class Tenancy:
    """Where tenants are: this vCluster's name and namespaces, those that no tenant has, and the addresses of pods.

    `unmanaged` counts pods of tenants without `managed-by` as well.
    """

    name: str
    spaces: tuple[str, ...]
    trusted: frozenset[str] = frozenset({PLATFORM_NAMESPACE})
    pods: AddressSet = field(default_factory=AddressSet)
    unmanaged: bool = True


@dataclass(frozen=True, slots=True)
class ForgeableGrant:
    """A peer of the user's own that another tenant's pod matches.

    `path` is where it stands in the values, `value` the path of the grant as `prove` reports it; `why` says which pod
    matches, `safe` is the same peer without the pods of tenants, as in a NetworkPolicy, None where there is none, and
    `advice` what to do.
    """

    path: str
    value: str
    peer: str
    why: str
    safe: Mapping[str, Any] | None
    advice: str

    def as_dict(self) -> dict[str, Any]:
        """Return it JSON-ready."""
        return {
            "path": self.path,
            "value": self.value,
            "peer": self.peer,
            "why": self.why,
            "safe_selector": self.safe,
            "advice": self.advice,
        }


def forgeable_grants(subject: Subject) -> list[ForgeableGrant]:
    """Return each peer of the user's grants and own rules that another tenant's pod matches, once, by its path.

    Of manifests it is not known what the user granted, and none is returned.
    """
    settings = subject.settings
    trusted = frozenset({PLATFORM_NAMESPACE, *settings.platform_spaces})
    tenancy = Tenancy(subject.name, subject.spaces, trusted, settings.pods)
    found: dict[tuple[str, str], ForgeableGrant] = {}
    for rule, key, value in _granting(subject):
        for path, peer in _peers(rule, key, value):
            if key in _STATED and peer.block and not settings.pods:
                continue
            match = _match(peer, rule.origin.namespace, replace(tenancy, unmanaged=key not in _OF_VCLUSTERS))
            if match:
                name = words(peer) if peer.block is None else f"addresses {peer.block.cidr}"
                shown = "everyone" if peer == _EVERYONE else name
                found[path, shown] = ForgeableGrant(path, value, shown, match.why, match.safe, match.advice)
    return [found[key] for key in sorted(found)]


def _granting(subject: Subject) -> Iterator[tuple[Rule, str, str]]:
    """Yield the rules that values of the user put there, each with the value's key and the path that was written."""
    for policy in subject.policies:
        for rule in (*policy.ingress, *policy.egress):
            note = subject.note(rule.origin)
            if note and note.key in subject.changed and note.key not in _NOT_A_GRANT:
                item = "" if note.item is None else f"[{note.item}]"
                yield rule, note.key, subject.changed[note.key] + item


def _peers(rule: Rule, key: str, value: str) -> Iterator[tuple[str, Peer]]:
    """Yield the peers of a rule, each with its path in the values; one that stands for everyone where it has none."""
    side = "from" if rule.origin.direction == INGRESS else "to"
    if not rule.peers:
        yield f"{value}.{side}", _EVERYONE
    for at, peer in enumerate(rule.peers):
        yield value if key in _UNLISTED else f"{value}.{side}[{at}]", peer


_EVERYONE: Final = Peer()


@dataclass(frozen=True, slots=True)
class _Match:
    """How another tenant's pod matches a peer: see ForgeableGrant."""

    why: str
    safe: Mapping[str, Any] | None
    advice: str


@lru_cache(maxsize=4096)
def _match(peer: Peer, home: str, tenancy: Tenancy) -> _Match | None:
    """Return how another tenant's pod matches a peer of a policy in the namespace `home`; None if none can."""
    if peer == _EVERYONE:
        why = "names no peers, which means everyone, pods of other tenants among them"
        return _Match(why, None, "list the peers")
    if peer.block:
        return _match_addresses(peer.block, tenancy)
    why = _match_pods(peer, home, tenancy)
    return _Match(why, *_safe(peer, home, tenancy)) if why else None


def _match_addresses(block: IPBlock, tenancy: Tenancy) -> _Match | None:
    """Return how a pod's address is in an ipBlock."""
    taken = block.addresses & (tenancy.pods or POD_RANGES)
    if not taken or (not tenancy.pods and single(block.addresses)):
        return None
    if not tenancy.pods:
        why = f"{_few(taken)} may be addresses of pods, those of other tenants among them: pods.cidrs is not set"
        advice = "set policies.networkPolicy.pods.cidrs, select pods by their labels instead, or list single addresses"
        return _Match(why, None, advice)
    why = f"{_few(taken)} are addresses of pods, those of other tenants among them"
    if single(block.addresses):
        return _Match(why, None, "name an address that is no pod's, or select pods by their labels")
    if block.addresses <= tenancy.pods:
        return _Match(why, None, "select pods by their labels instead of their addresses")
    safe = {"ipBlock": {"cidr": block.cidr, "except": [*block.excepts, *taken.cidrs()]}}
    return _Match(why, safe, "take the addresses of pods out, and select pods by their labels")


def _few(addresses: AddressSet) -> str:
    """Return a few of the CIDRs of addresses."""
    cidrs = addresses.cidrs()
    return ", ".join(cidrs[:3]) + (f" and {len(cidrs) - 3} more" if len(cidrs) > 3 else "")  # noqa: PLR2004


def _match_pods(peer: Peer, home: str, tenancy: Tenancy) -> str:
    """Return which pod of another tenant a peer selects, in words; an empty text if none."""
    asked = peer.pods or EVERYTHING
    if peer.namespaces is None:
        found = next(_beside(asked, tenancy), None) if home in tenancy.spaces else None
        return "" if found is None else f"a pod of another vCluster in namespace {home}{_with(found, asked)} matches"
    for spaces, pod, where in _places(peer.namespaces, asked, _names(peer, tenancy), tenancy):
        space = _first(peer.namespaces, spaces)
        if space is not None:
            return f"a pod of another tenant{_with(pod, asked)}, {where}{_with(space, peer.namespaces)}, matches"
    return ""


def _beside(asked: Selector, tenancy: Tenancy) -> Iterator[Labels]:
    """Yield the labels of pods of another vCluster in this one's namespace that a selector selects."""
    choices = [(_pods(none_of(tenancy.name)), FREE)]
    if tenancy.unmanaged:
        choices.append(({SNAPSHOT_LABEL[0]: one_of(SNAPSHOT_LABEL[1])}, ABSENT))
    yield from (found for domains, others in choices if (found := _first(asked, domains, others)) is not None)


def _places(
    named: Selector, asked: Selector, elsewhere: Domain, tenancy: Tenancy
) -> Iterator[tuple[Mapping[str, Domain], Labels, str]]:
    """Yield where pods of other tenants are that a selector selects: labels of namespace and pod, and words."""
    administered = _administered(named)
    theirs = {**administered, NAME_LABEL: elsewhere}
    made = {**dict.fromkeys((SYNCED_FROM, SYNCED_HOME), none_of()), NAME_LABEL: elsewhere}
    choices = [
        (theirs, _pods(none_of()), "in the namespace of its vCluster"),
        (made, {**_pods(none_of()), "release": FREE}, "in a namespace that its vCluster syncs"),
    ]
    if tenancy.unmanaged:
        of_a_controller = {MANAGED_BY: ABSENT}
        choices += [
            (theirs, of_a_controller, "made by a controller such as a Gateway's in the namespace of its vCluster"),
            (made, of_a_controller, "made by a controller such as a Gateway's in a namespace that its vCluster syncs"),
        ]
    for spaces, pods, where in choices:
        if (pod := _first(asked, pods)) is not None:
            yield spaces, pod, where
    own = {**administered, NAME_LABEL: one_of(*tenancy.spaces)}
    yield from ((own, pod, "in this vCluster's namespace") for pod in _beside(asked, tenancy))


def _pods(managers: Domain) -> dict[str, Domain]:
    """Return what a tenant can do about the labels of its pods, of a vCluster with one of these names."""
    return {**HOSTILE, MANAGED_BY: managers}


def _first(asked: Selector, domains: Mapping[str, Domain], others: Domain = FREE) -> Labels | None:
    """Return the fewest labels in some domains that a selector selects, None if there are none."""
    return next((one.labels for one in label_classes([asked], domains, others) if one.signature), None)


def _with(labels: Labels, asked: Selector) -> str:
    """Return labels in words, without those that every tenant has; of names only those that a selector mentions."""
    unsaid = {MANAGED_BY, VIRTUAL_NAMESPACE, SYNCED_FROM, SYNCED_HOME}
    told = [pair for pair in sorted(labels) if pair[0] not in unsaid]
    told = [pair for pair in told if pair[0] != NAME_LABEL or pair[1] in _values(asked, NAME_LABEL)]
    return f" with {{{', '.join(f'{key}: {value}' for key, value in told)}}}" if told else ""


def _names(peer: Peer, tenancy: Tenancy) -> Domain:
    """Return which names the namespace of another tenant can have, of those that a peer names and any other one.

    Where a peer wants a vCluster's pods, any namespace that it names has a vCluster in it.
    """
    named = _values(peer.namespaces or EVERYTHING, NAME_LABEL)
    free = named if _wants_tenants(peer) else {one for one in named - tenancy.trusted if OF_TENANTS.match(one)}
    return none_of(*((named | set(tenancy.spaces)) - (free - set(tenancy.spaces))))


def _wants_tenants(peer: Peer) -> bool:
    """Return whether a peer selects no pod but a vCluster's."""
    return _first(peer.pods or EVERYTHING, {MANAGED_BY: ABSENT}) is None


def _values(asked: Selector, key: str) -> set[str]:
    """Return the values of a label that a selector mentions."""
    return {value for name, value in asked.equal if name == key} | {
        value for one in asked.others if one.key == key for value in one.values
    }


def _administered(asked: Selector) -> dict[str, Domain]:
    """Return what the labels of a namespace can be that the host's administrator labels, with a tenant in it."""
    found = dict.fromkeys((SYNCED_FROM, SYNCED_HOME), ABSENT)
    for key in asked.keys() - found.keys() - {NAME_LABEL}:
        wanted = {value for name, value in asked.equal if name == key}
        wanted |= {value for one in asked.others if (one.key, one.operator) == (key, IN) for value in one.values}
        found[key] = FREE if key.startswith(_EVERY_NAMESPACE) else none_of(*wanted, absent=True)
    return found


def _safe(peer: Peer, home: str, tenancy: Tenancy) -> tuple[Mapping[str, Any] | None, str]:
    """Return a peer as near as can be that no other tenant's pod matches, None without one, and what to do."""
    pods = peer.pods or EVERYTHING
    if _wants_tenants(peer):
        own = Selector(pods.equal | {(MANAGED_BY, tenancy.name)}, pods.others)
        here = selector(None, Requirement(NAME_LABEL, IN, frozenset(tenancy.spaces)))
        narrowed = replace(peer, pods=own, namespaces=here)
        if _first(own, {MANAGED_BY: one_of(tenancy.name)}) is not None and not _match_pods(narrowed, home, tenancy):
            return _as_json(narrowed), "select the pods of this vCluster only"
        return None, "these are pods of another vCluster; if both belong to one project, use project instead"
    for narrowed, advice in _narrower(peer, tenancy):
        if _first(narrowed.pods or EVERYTHING, {}) is not None and not _match_pods(narrowed, home, tenancy):
            return _as_json(narrowed), advice
    if peer.namespaces is None:
        return None, "snapshots of another vCluster in this namespace have the same labels: put no other vCluster there"
    return None, "name namespaces in which no vCluster is: no label tells the pods of tenants there from others"


def _narrower(peer: Peer, tenancy: Tenancy) -> Iterator[tuple[Peer, str]]:
    """Yield peers that may be safe, the nearest first, each with what it takes to get there."""
    advice = "exclude the pods that vCluster syncs for tenants"
    pods = peer.pods or EVERYTHING
    unsynced = replace(peer, pods=Selector(pods.equal, pods.others | {_NOT_SYNCED}))
    kept = replace(peer, pods=Selector(pods.equal, pods.others | {_NOT_SYNCED, _NO_SNAPSHOT}))
    with_snapshots = f"{advice}, and snapshots"
    spaces = peer.namespaces
    if spaces is None:
        yield from ((unsynced, advice), (kept, with_snapshots))
        return
    wanted = _wanted_names(spaces)
    if wanted:
        ours = wanted & set(tenancy.spaces)
        left = ours | {name for name in wanted if name in tenancy.trusted or not OF_TENANTS.match(name)}
        only = Selector(
            frozenset(pair for pair in spaces.equal if pair[0] != NAME_LABEL),
            frozenset(one for one in spaces.others if (one.key, one.operator) != (NAME_LABEL, IN))
            | {Requirement(NAME_LABEL, IN, frozenset(left))},
        )
        yield from ((unsynced, advice), (kept, with_snapshots))
        if left:
            less = f"{advice}, and the namespaces of vClusters"
            yield from ((replace(unsynced, namespaces=only), less), (replace(kept, namespaces=only), less))
        return
    own_spaces = Selector(spaces.equal, spaces.others | {_NO_SYNCED_NAMESPACE})
    yield unsynced, advice
    yield replace(unsynced, namespaces=own_spaces), f"{advice}, and the namespaces that it syncs"
    named = Selector(frozenset({(NAME_LABEL, PLACEHOLDER)}))
    yield replace(unsynced, namespaces=named), f"{advice}, and name the namespace in place of {PLACEHOLDER}"


def _wanted_names(spaces: Selector) -> set[str]:
    """Return the names by which a namespaceSelector selects namespaces, none where it does not."""
    lists = [{value} for key, value in spaces.equal if key == NAME_LABEL]
    lists += [set(one.values) for one in spaces.others if (one.key, one.operator) == (NAME_LABEL, IN)]
    return set.intersection(*lists) if lists else set()


def _as_json(peer: Peer) -> dict[str, Any]:
    """Return a peer of pods as a NetworkPolicy has it."""
    fields = (("namespaceSelector", peer.namespaces), ("podSelector", peer.pods))
    return {name: _selector_json(asked) for name, asked in fields if asked is not None}


def _selector_json(asked: Selector) -> dict[str, Any]:
    """Return a selector as a NetworkPolicy has it."""
    ordered = sorted(asked.others, key=lambda one: (one.key, one.operator))
    listed = [
        {"key": one.key, "operator": one.operator, **({"values": sorted(one.values)} if one.values else {})}
        for one in ordered
    ]
    found: dict[str, Any] = {"matchLabels": dict(sorted(asked.equal))} if asked.equal else {}
    return {**found, "matchExpressions": listed} if listed else found


def is_forgeable(values: Collection[str], grants: Iterable[ForgeableGrant]) -> bool:
    """Return whether any of the values, by their paths, is a grant that other tenants can use."""
    return any(one.value in values for one in grants)


def lines(grants: Sequence[ForgeableGrant]) -> Iterator[str]:
    """Yield the part of a report for people: each grant, who matches it, and the selector that is safe."""
    if grants:
        yield "\ngrants that other tenants can use (they count as failures with --strict)"
    for grant in grants:
        yield f"  {grant.path}: {grant.peer}"
        yield f"             {grant.why}"
        yield f"             {grant.advice}{f': {json.dumps(grant.safe)}' if grant.safe else ''}"
