"""Which values open a flow that is missing: a named grant where there is one, or else a raw rule.

What the user has in a list already stays in it: Helm replaces a list as a whole, and the values that `explain` prints
are laid over the user's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from vcluster_isolation.connectivity.connectivity import NamedEndpoint
from vcluster_isolation.netpol.objects.model import EGRESS, INGRESS, Pod
from vcluster_isolation.subject.needs import POLICY_KEY
from vcluster_isolation.subject.subject import Subject
from vcluster_isolation.values.paths import at
from vcluster_isolation.vcluster.grant_rows import ALL_PORTS, SOME_PORTS, TENANT, Fit, GrantRow, named_grants
from vcluster_isolation.wording import dotted

Json = dict[str, Any]

_SECTIONS: Final = {
    "control-plane": "controlPlane",
    "workload": "workload",
    "coredns": "coredns",
    "snapshot": "snapshots",
}
"""Where the values of pods are, by what grants.yaml calls the pods."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is missing: rules of a `section` of the values of vCluster `name`, in a direction, for another end."""

    section: str
    name: str
    direction: str
    rules: Sequence[Json]
    other: NamedEndpoint
    subject: Subject

    @property
    def ours(self) -> bool:
        """Whether the values are the subject's own: of others none are known."""
        return self.name == self.subject.name

    @property
    def ports(self) -> list[Json]:
        """The ports of all rules; none for every port, or where the rules have not the same ones."""
        return list(self.rules[0].get("ports", ()))

    def label(self, key: str) -> str:
        """Return a label of the other end, empty for addresses and for none."""
        return dict(self.other.end.labels).get(key, "") if isinstance(self.other.end, Pod) else ""


def _fits(row: GrantRow, fit: Fit, flow: Wanted) -> bool:
    """Return whether a grant is for a flow."""
    if row.whose == TENANT and not _is_workload(flow):
        return False
    if fit.labels and not any(flow.label(key) in values for key, values in fit.labels.items()):
        return False
    own = [{"port": port, "protocol": "TCP"} for port in row.fixed_ports] or (row.default or {}).get("ports", [])
    if fit.ports == ALL_PORTS:
        return flow.ports == own
    return fit.ports != SOME_PORTS or _some_of(own, row, flow)


def _some_of(own: Sequence[Json], row: GrantRow, flow: Wanted) -> bool:
    """Return whether the ports of a flow are among those of a grant by default, or that values need of it."""
    needed = {
        number
        for need in flow.subject.needs
        if need.grant == row.path
        for first, last in need.other.ports.tcp
        for number in range(first, min(last, first + 9) + 1)
    }
    ports = {one["port"] for one in flow.ports if one["protocol"] == "TCP" and "endPort" not in one}
    return bool(ports) and len(ports) == len(flow.ports) and ports <= needed | {one["port"] for one in own}


def _is_workload(flow: Wanted) -> bool:
    return (
        flow.other.actor.name.startswith("workload") and flow.label("vcluster.loft.sh/managed-by") == flow.subject.name
    )


def _proposed(wanted: Wanted) -> Iterator[GrantRow]:
    """Yield the grants that are for a flow."""
    for row in named_grants():
        pods = {pods for rule in row.rules if rule.fit and _fits(row, rule.fit, wanted) for pods in rule.pods}
        side = EGRESS if row.peers == "to" else INGRESS
        if side == wanted.direction and wanted.section in {_SECTIONS[name] for name in pods}:
            yield row


def values_of(wanted: Wanted) -> Json:
    """Return values under policies.networkPolicy that open what is missing; what the user has in lists stays there."""
    policy = wanted.subject.policy if wanted.ours else {}
    same = all(rule.get("ports", ()) == wanted.rules[0].get("ports", ()) for rule in wanted.rules)
    for grant in _proposed(wanted) if same else ():
        granted = _granted(grant, wanted, at(policy, grant.path) or {})
        if granted:
            return _nested(grant.path, granted)
    path = f"{wanted.section}.{wanted.direction.lower()}"
    if wanted.ours:  # by its deprecated name, if the user has it there: the chart refuses the two side by side
        written = wanted.subject.changed.get(path, path)
        path = written.removeprefix(f"{dotted(wanted.subject.below)}.").removeprefix(f"{POLICY_KEY}.")
    return _nested(path, [*(at(policy, path) or ()), *wanted.rules])


def _granted(grant: GrantRow, flow: Wanted, has: Mapping[str, Any]) -> Json | None:
    """Return a grant that opens a flow beside what it opens already; None where it would open more than that."""
    peers = [peer for rule in flow.rules for peer in rule[grant.peers]]
    if not has.get("enabled"):
        return {"enabled": True, grant.peers: peers, **({"ports": flow.ports} if grant.has_ports else {})}
    old, ports = list(has.get(grant.peers) or ()), list(has.get("ports") or ())
    if not old:  # everyone is a peer, so the ports are what is missing
        return {"enabled": True, "ports": ports + flow.ports} if grant.has_ports and flow.ports and ports else None
    if not grant.has_ports or ports == flow.ports:
        return {"enabled": True, grant.peers: old + [peer for peer in peers if peer not in old]}
    if all(peer in peers for peer in old) and all(peer in old for peer in peers) and flow.ports:
        return {"enabled": True, "ports": ports + flow.ports}
    return None


def _nested(path: str, value: Any) -> Json:
    """Return a value at a dotted path."""
    for key in reversed(path.split(".")):
        value = {key: value}
    return dict(value)
