"""Cluster-scoped policies about the cast of `cast.py`, mostly about its database pod."""

from __future__ import annotations

from typing import Any

from tests.netpol.cast import CAST
from tests.netpol.clusters import policy
from tests.netpol.tier_clusters import ADMIN, BASELINE, CLUSTER, tier_policy
from vcluster_isolation.netpol.engine.evaluate import Evaluator
from vcluster_isolation.netpol.objects.verdict import Mode, Verdict
from vcluster_isolation.netpol.parse.parse import parse_cluster

Json = dict[str, Any]

DB = {"matchLabels": {"app": "db"}}
WEB = {"matchLabels": {"app": "web"}}
SUBJECT = {"pods": {"namespaceSelector": {}, "podSelector": DB}}
PODS: Json = {"namespaces": {}}
ANYWHERE: Json = {"networks": ["0.0.0.0/0", "::/0"]}
PORT_80: Json = {"ports": [{"portNumber": {"protocol": "TCP", "port": 80}}]}


def rule(action: str, *peers: Json, way: str = "from", **fields: Any) -> Json:
    """A rule about all pods, or about these peers."""
    return {"action": action, way: list(peers) or [PODS], **fields}


def to(action: str, *peers: Json, **fields: Any) -> Json:
    """The same for egress."""
    return rule(action, *peers, way="to", **fields)


def admin(*rules: Json, priority: int = 5, **spec: Any) -> Json:
    """An AdminNetworkPolicy about the database pod; rules with `to` are egress rules."""
    return tier_policy(ADMIN, f"at-{priority}".lower(), _spec(rules, {"priority": priority, **spec}))


def baseline(*rules: Json, **spec: Any) -> Json:
    """The BaselineAdminNetworkPolicy."""
    return tier_policy(BASELINE, "default", _spec(rules, spec))


def cluster(tier: str, *rules: Json, priority: int = 5, **spec: Any) -> Json:
    """A ClusterNetworkPolicy."""
    return tier_policy(
        CLUSTER, f"{tier}-{priority}".lower(), _spec(rules, {"tier": tier, "priority": priority, **spec})
    )


def _spec(rules: tuple[Json, ...], spec: Json) -> Json:
    sides = {"ingress": [one for one in rules if "from" in one], "egress": [one for one in rules if "to" in one]}
    return {"subject": SUBJECT, **{side: some for side, some in sides.items() if some}, **spec}


def named(manifest: Json, name: str) -> Json:
    """The same policy by another name."""
    return {**manifest, "metadata": {"name": name}}


def tier_evaluator(*manifests: Json) -> Evaluator:
    """The evaluator of cluster-scoped policies, and of specs of NetworkPolicies p0, p1… of namespace `a`."""
    whole = [one if "kind" in one else policy(f"p{at}", "a", one) for at, one in enumerate(manifests)]
    read = parse_cluster(whole)
    assert read.problems == ()
    return Evaluator(read.policies, read.tiers)


def verdict(source: str, destination: str, *manifests: Json, mode: Mode = Mode.MAY) -> Verdict:
    """What they say of two of the cast."""
    return tier_evaluator(*manifests).flow(CAST[source], CAST[destination], mode)


def both(source: str, destination: str, *manifests: Json) -> str:
    """The ports that may and that must get through, as one text where they are the same."""
    texts = [str(verdict(source, destination, *manifests, mode=mode).allowed) for mode in (Mode.MAY, Mode.MUST)]
    return texts[0] if texts[0] == texts[1] else f"{texts[0]}; surely {texts[1]}"
