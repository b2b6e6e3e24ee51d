"""Which values open a flow that is missing: a named grant where there is one, or else a raw rule.

What the user has in a list already stays in it: Helm replaces a list as a whole, and the values that `explain` prints
are laid over the user's own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from vcluster_isolation.connectivity.connectivity import NamedEndpoint
from vcluster_isolation.netpol.objects.model import EGRESS, INGRESS, Pod
from vcluster_isolation.subject.needs import POLICY_KEY
from vcluster_isolation.subject.subject import Subject
from vcluster_isolation.values.paths import at
from vcluster_isolation.wording import dotted

Json = dict[str, Any]

_API: Final = [{"port": 8443, "protocol": "TCP"}]
_HTTPS: Final = [{"port": 443, "protocol": "TCP"}]
_METRICS: Final = [{"port": 10250, "protocol": "TCP"}]
_DATABASES: Final = (2379, 3306, 5432)
"""etcd, MySQL and PostgreSQL: the default ports of the grant."""

_INGRESS: Final = frozenset({"ingress-nginx", "traefik", "kubernetes-ingress", "haproxy-ingress", "contour", "kong"})
"""`app.kubernetes.io/name` in the charts of ingress controllers."""


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


@dataclass(frozen=True, slots=True)
class _Grant:
    """A named grant: where it is, for which side of which pods, the key of its peers, and the flows that it is for.

    Without `ports` it has no ports of its own.
    """

    path: str
    section: str
    direction: str
    fits: Callable[[Wanted], bool]
    ports: bool = True

    @property
    def peers(self) -> str:
        """The key of the peers."""
        return "to" if self.direction == EGRESS else "from"


def _is_ingress_controller(flow: Wanted) -> bool:
    return flow.other.actor.name.startswith("ingress-controller") or flow.label("app.kubernetes.io/name") in _INGRESS


def _is_prometheus(flow: Wanted) -> bool:
    return flow.label("app.kubernetes.io/name") == "prometheus"


def _is_metrics_server(flow: Wanted) -> bool:
    names = (flow.label("k8s-app"), flow.label("app.kubernetes.io/name"))
    return "metrics-server" in names and flow.ports == _METRICS


def _is_database(flow: Wanted) -> bool:
    needed = {
        number
        for need in flow.subject.needs
        if need.key.startswith(("external-database", "external-etcd", "k3s-datastore"))
        for first, last in need.other.ports.tcp
        for number in range(first, min(last, first + 9) + 1)
    }
    ports = {one["port"] for one in flow.ports if one["protocol"] == "TCP" and "endPort" not in one}
    return bool(ports) and len(ports) == len(flow.ports) and ports <= needed | set(_DATABASES)


def _is_workload(flow: Wanted) -> bool:
    return (
        flow.other.actor.name.startswith("workload") and flow.label("vcluster.loft.sh/managed-by") == flow.subject.name
    )


_GRANTS: Final = (
    _Grant("controlPlane.apiAccess", "controlPlane", INGRESS, lambda flow: flow.ports == _API, ports=False),
    _Grant("workload.ingressControllers", "workload", INGRESS, _is_ingress_controller),
    _Grant("prometheus", "workload", INGRESS, _is_prometheus),
    _Grant("controlPlane.metricsServer", "controlPlane", EGRESS, _is_metrics_server),
    _Grant("controlPlane.backingStore", "controlPlane", EGRESS, _is_database),
    _Grant("controlPlane.backingStore", "snapshots", EGRESS, _is_database),
    _Grant("snapshots.objectStorage", "snapshots", EGRESS, lambda flow: flow.ports == _HTTPS),
    _Grant("controlPlane.webhooks", "controlPlane", EGRESS, _is_workload),
)


def values_of(wanted: Wanted) -> Json:
    """Return values under policies.networkPolicy that open what is missing; what the user has in lists stays there."""
    policy = wanted.subject.policy if wanted.ours else {}
    same = all(rule.get("ports", ()) == wanted.rules[0].get("ports", ()) for rule in wanted.rules)
    for grant in _GRANTS if same else ():
        if (grant.section, grant.direction) == (wanted.section, wanted.direction) and grant.fits(wanted):
            granted = _granted(grant, wanted, at(policy, grant.path) or {})
            if granted:
                return _nested(grant.path, granted)
    path = f"{wanted.section}.{wanted.direction.lower()}"
    if wanted.ours:  # by its deprecated name, if the user has it there: the chart refuses the two side by side
        written = wanted.subject.changed.get(path, path)
        path = written.removeprefix(f"{dotted(wanted.subject.below)}.").removeprefix(f"{POLICY_KEY}.")
    return _nested(path, [*(at(policy, path) or ()), *wanted.rules])


def _granted(grant: _Grant, flow: Wanted, has: Mapping[str, Any]) -> Json | None:
    """Return a grant that opens a flow beside what it opens already; None where it would open more than that."""
    peers = [peer for rule in flow.rules for peer in rule[grant.peers]]
    if not has.get("enabled"):
        return {"enabled": True, grant.peers: peers, **({"ports": flow.ports} if grant.ports else {})}
    old, ports = list(has.get(grant.peers) or ()), list(has.get("ports") or ())
    if not old:  # everyone is a peer, so the ports are what is missing
        return {"enabled": True, "ports": ports + flow.ports} if grant.ports and flow.ports and ports else None
    if not grant.ports or ports == flow.ports:
        return {"enabled": True, grant.peers: old + [peer for peer in peers if peer not in old]}
    if all(peer in peers for peer in old) and all(peer in old for peer in peers) and flow.ports:
        return {"enabled": True, "ports": ports + flow.ports}
    return None


def _nested(path: str, value: Any) -> Json:
    """Return a value at a dotted path."""
    for key in reversed(path.split(".")):
        value = {key: value}
    return dict(value)
