"""The matrix of values: each toggle of the chart with the settings that differ in what they render."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator
from functools import cache
from typing import Any

from allpairspy import AllPairs  # type: ignore[import-untyped]

from tests.chart.oracle import inside
from tests.chart.rendering import Json, isolating
from vcluster_isolation.values.paths import at
from vcluster_isolation.vcluster.grant_rows import named_grants

NP = "policies.networkPolicy"
PROFILE, FLOOR, PRIVATE = f"{NP}.profile", f"{NP}.floor", "privateNodes.enabled"
ELSEWHERE = {
    "namespaceSelector": {
        "matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["x"]}]
    }
}
PEERS = [ELSEWHERE]
BOTH = {"namespaceSelector": {"matchLabels": {"team": "1"}}, "podSelector": {"matchLabels": {"app": "scraper"}}}
NAMED = {
    "namespaceSelector": {"matchExpressions": [{"key": "a", "operator": "Exists"}]},
    "podSelector": {"matchExpressions": [{"key": "b", "operator": "NotIn", "values": ["c"]}]},
}
DATABASE = {"ipBlock": {"cidr": "10.9.0.0/28", "except": []}}
PORT = [{"port": 4711}]
RULES_IN = [
    {"from": [{"podSelector": {}}, {"namespaceSelector": {}}], "ports": [{"port": "web"}]},
    {"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]},
    {},
    {"ports": [], "from": []},
]
RULES_OUT = [
    {
        "to": [{"ipBlock": {"cidr": "2001:db8::/32", "except": ["2001:db8:1::/48"]}}],
        "ports": [{"port": 80, "endPort": 90}],
    },
    {"to": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": []}}]},
]
# What a floor can say as well: no `except`, and no name of a port.
RULES_IN_OF_A_FLOOR = [
    {"from": [{"podSelector": {}}, {"namespaceSelector": {}}, BOTH], "ports": [{"port": 80}, {"protocol": "SCTP"}]},
    *RULES_IN[1:],
]
RULES_OUT_OF_A_FLOOR = [
    {
        "to": [{"ipBlock": {"cidr": "2001:db8::/32"}}, {"podSelector": {"matchLabels": {"app": "x"}}}, BOTH],
        "ports": [{"port": 80, "endPort": 90}, {"port": 81, "protocol": "SCTP"}, {"protocol": "UDP"}],
    },
    {"to": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": []}}, *PEERS], "ports": []},
]

# What changes nearly every rule or takes whole policies away. As one toggle, so that each of its settings meets every
# setting of every other toggle; alone, half of the pairs would be hidden by private nodes.
KINDS: list[dict[str, Any]] = [
    {},
    {PROFILE: "hardened"},
    {FLOOR: {"enabled": True}},
    {FLOOR: {"enabled": True}, PROFILE: "hardened"},
    {FLOOR: {"enabled": True, "api": "ClusterNetworkPolicy", "priority": 0}},
    {FLOOR: {"enabled": True, "api": "ClusterNetworkPolicy/v1beta1", "priority": 999}, PROFILE: "hardened"},
    {FLOOR: {"api": "ClusterNetworkPolicy", "priority": 1}, PRIVATE: True},
    {FLOOR: {"enabled": True}, PRIVATE: True, PROFILE: "hardened"},
]
# Path in the values -> the settings it may have. The first one is "not set".
TOGGLES: dict[str, list[Any]] = {
    f"{NP}.platform": [None, {"enabled": False}, {"namespaces": ["loft"]}, {"namespaces": ["z", "loft"]}],
    f"{NP}.hostApiServer": [
        None,
        {"cidrs": ["34.118.224.0/28"], "ports": [16443]},
        {"cidrs": ["172.20.0.1/32", "2600:1f00::/64", "34.118.224.0/24", "34.118.224.7/32"], "discover": True},
        {"discover": True},
        {"ports": [6443]},
    ],
    f"{NP}.nodes.cidrs": [None, ["34.1.0.0/16", "10.1.0.0/16", "2600:1f10::/28"]],
    f"{NP}.pods.cidrs": [None, ["34.2.0.0/16", "34.1.2.0/24"], ["10.2.0.0/16"]],
    f"{NP}.hostDns": [
        None,
        {"presets": []},
        {"presets": ["openshift"]},
        {"presets": ["node-local", "kube-dns", "azure"], "extra": [{"ipBlock": {"cidr": "10.96.0.10/32"}}, BOTH]},
        {"presets": ["openshift", "aws", "gke-cloud-dns", "aks-local"]},
        {"presets": [], "extra": [{"podSelector": {}}]},
    ],
    f"{NP}.project": [
        None,
        {"name": "p1"},
        {"name": "x-{{ .Values.loft.project }}", "ports": [{"port": 8080}]},
        {"namespaceSelector": {"matchLabels": {"a": "b"}, "matchExpressions": []}, "name": "not-asked"},
        {"namespaceSelector": {"matchExpressions": [{"key": "c", "operator": "In", "values": ["d", "1"]}]}},
        {"ports": [{"port": 8080}]},
    ],
    f"{NP}.prometheus": [
        None,
        {"enabled": True, "from": [BOTH, {"ipBlock": {"cidr": "10.0.0.0/8"}}]},
        {"enabled": True, "from": PEERS, "ports": [{"port": 9100, "endPort": 9199}]},
        {"enabled": True, "from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": []}}], "ports": [{"port": 1}]},
        {"from": PEERS, "ports": [{"port": 9100}]},
    ],
    f"{NP}.defaultDeny.enabled": [None, True],
    f"{NP}.guard": [
        None,
        {"enabled": True},
        {
            "enabled": True,
            "failurePolicy": "Ignore",
            "validationActions": ["Audit", "Deny"],
            "reservedLabels": ["team"],
        },
        {
            "enabled": True,
            "creators": ["istio-system/istiod", "kubevirt/*"],
            "ownership": {"enabled": False},
            "networkPolicies": {"from": ["0.0.0.0/0", "::/0"], "to": ["198.51.100.0/24"]},
            "templates": {"resources": ["clusters.postgresql.cnpg.io"]},
            "endpoints": {"cidrs": ["198.51.100.0/24"], "services": ["b"]},
            "services": {"externalNames": ["example.com"]},
        },
        {
            "enabled": True,
            "labels": {"enabled": False},
            "endpoints": {"enabled": False},
            "addresses": {"enabled": False},
        },
        {"enabled": True, "networkPolicies": {"enabled": False}, "templates": {"enabled": False}},
        {"enabled": True, "pods": {"enabled": False}, "services": {"enabled": False}},
        {"creators": ["a/b"], "validationActions": ["Warn"]},
    ],
    f"{NP}.controlPlane.apiAccess": [
        None,
        {"enabled": True},
        {"enabled": True, "from": PEERS},
        {"from": PEERS},
    ],
    f"{NP}.controlPlane.webhooks": [
        None,
        {"enabled": False, "ports": [{"port": 9443}]},
        {"ports": [{"port": 9443, "endPort": 9444}]},
        {"ports": [{"port": 9443}, {"port": "hook"}]},
        {"to": [BOTH, {"podSelector": {}}], "ports": [{"port": 9443, "protocol": "TCP"}]},
        {"to": [{"namespaceSelector": {}}, NAMED], "ports": [{"port": 9443}]},
    ],
    f"{NP}.controlPlane.metricsServer": [
        None,
        {"enabled": True},
        {"enabled": True, "to": [BOTH], "ports": None},
        {"ports": []},
    ],
    f"{NP}.controlPlane.backingStore": [
        None,
        {"enabled": True, "to": [DATABASE]},
        {"enabled": True, "to": [DATABASE, *PEERS], "ports": [{"port": 5433}]},
        {"enabled": True, "to": PEERS, "ports": [{"port": 1, "endPort": 9, "protocol": "UDP"}]},
        {"to": PEERS, "ports": []},
    ],
    f"{NP}.controlPlane.ingress": [None, RULES_IN],
    f"{NP}.controlPlane.egress": [None, RULES_OUT],
    f"{NP}.workload.ingress": [None, RULES_IN, RULES_IN_OF_A_FLOOR],
    f"{NP}.workload.egress": [None, RULES_OUT, RULES_OUT_OF_A_FLOOR, [{}], [{"ports": [{"port": 25}]}]],
    f"{NP}.workload.publicEgress": [
        None,
        {"enabled": False},
        {"cidr": "172.16.0.0/12"},
        {"cidr": "0.0.0.0/1"},
        {"cidr": "2000::/3"},
        {"except": []},
        {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]},
    ],
    f"{NP}.workload.publicEgress.extraExcept": [
        None,
        ["34.0.0.0/8", "2600:1f00::/24", "127.0.0.0/8"],
        ["2600:1f00::/24"],
    ],
    f"{NP}.workload.publicEgress.ipv6": [
        None,
        {"enabled": True},
        {"enabled": True, "cidr": "2600::/12"},
        {"enabled": True, "except": ["2600::/16"]},
        {"enabled": True, "except": []},
        {"cidr": "2600::/12", "except": []},
    ],
    f"{NP}.workload.ingressControllers": [
        None,
        {"enabled": True, "from": [BOTH]},
        {"enabled": True, "from": [{"podSelector": {}}], "ports": [{"port": 80}, {"port": 443}]},
        {"enabled": True, "from": [BOTH], "ports": [{"port": "web"}]},
        {"from": PEERS},
    ],
    f"{NP}.workload.namespaces": [None, ["other"], ["z", "ns", "a-b", "z"]],
    f"{NP}.coredns": [
        None,
        {"ingress": RULES_IN, "egress": RULES_OUT},
        {"ingress": RULES_IN_OF_A_FLOOR, "egress": RULES_OUT_OF_A_FLOOR},
        {"ingress": RULES_IN[1:2]},
    ],
    f"{NP}.snapshots": [
        None,
        {"objectStorage": {"enabled": True}},
        {"objectStorage": {"enabled": True, "to": [DATABASE, BOTH], "ports": [{"port": 9000}]}},
        {"objectStorage": {"enabled": True, "ports": None}, "egress": RULES_OUT, "ingress": RULES_IN},
        {"objectStorage": {"to": [DATABASE]}},
    ],
    "controlPlane.coredns": [
        None,
        {"embedded": True},
        {"enabled": True, "embedded": False},
        {"enabled": False},
        {"enabled": False, "embedded": True},
    ],
    "sync.toHost.namespaces": [
        None,
        {"enabled": True},
        {"enabled": True, "mappings": {"byName": {"v": "${name}-v", "p-*": "h-*", "${name}-*": "*", "own": "ns"}}},
        {"mappings": {"byName": {"v": "h"}}},
    ],
    "experimental.syncSettings.targetNamespace": [None, "target"],
}
TOGGLES |= {
    f"{NP}.{row.path}": [None, {"enabled": True, row.peers: [BOTH]}]
    for row in named_grants()
    if f"{NP}.{row.path}" not in TOGGLES and row.path != "snapshots.objectStorage"  # which is one of snapshots
}
# Multiplied out where every combination is asked for, with all KINDS: what decides on whole policies, on the shape of
# the peers and on the addresses of one rule. Left to the pairs is what only adds a rule of its own to one or two
# policies, or changes the ports of one: grants, projects, own rules. 12,288 combinations.
COMBINED: dict[str, list[int]] = {
    f"{NP}.platform": [0, 1],
    f"{NP}.hostApiServer": [0, 2],
    f"{NP}.hostDns": [0, 3],
    f"{NP}.workload.publicEgress": [0, 1, 3, 4],
    f"{NP}.workload.publicEgress.extraExcept": [0, 2],
    f"{NP}.workload.publicEgress.ipv6": [0, 1],
    f"{NP}.workload.namespaces": [0, 1],
    "controlPlane.coredns": [0, 1, 3],
    "sync.toHost.namespaces": [0, 2],
}
DRESS: dict[str, list[Any]] = {
    "vcluster.name": [None, "other", "123", "0x1f", "null"],
    f"{NP}.labels": [
        None,
        {"team": "x"},
        {"n": "123", "t": "true", "e": ""},
        {"app": "other", "v.io/a": "1e3"},
    ],
    f"{NP}.annotations": [None, {"a": "b: c # d"}, {"v.io/number": "12"}],
    "controlPlane.advanced.globalMetadata.annotations": [
        None,
        {"a": "global"},
        {"helm.sh/hook": "pre-install", "argocd.argoproj.io/hook": "Sync", "helm.sh/resource-policy": "keep"},
    ],
    f"{NP}.fallbackDns": [None, "2001:db8::1"],
    "integrations": [None, {"metricsServer": {"enabled": True}}],
    "global": [None, {"anything": 1}],
}


def put(values: Json, path: str, setting: Any) -> None:
    """Set a dotted path in `values`."""
    *parents, last = path.split(".")
    for key in parents:
        values = values.setdefault(key, {})
    values[last] = setting


def built(choice: dict[str, Any]) -> Json:
    """Return the values of one choice of settings, isolation on, with a project to refer to."""
    values: Json = {"policies": {"networkPolicy": {"enabled": True}}, "loft": {"project": 7}}
    for path, setting in choice.items():
        if setting is not None:
            put(values, path, copy.deepcopy(setting))
    return values


def possible(choice: dict[str, Any]) -> bool:
    """Say whether settings go together; of a choice that is not complete, whether they may."""
    if not can_be_guarded(choice):
        return False
    public = choice.get(f"{NP}.workload.publicEgress") or {}
    extra = choice.get(f"{NP}.workload.publicEgress.extraExcept") or []
    ranges = (public.get("cidr", "0.0.0.0/0"), "2600::/12")
    return all(any(inside(entry, cidr) for cidr in ranges) for entry in extra) and (
        not (choice.get(FLOOR) or {}).get("enabled", False)
        or not any(unsaid(setting) for path, setting in choice.items() if path.startswith(OF_A_FLOOR))
    )


def can_be_guarded(choice: dict[str, Any]) -> bool:
    """Say whether a guard, if there is one, knows each namespace, and lets in no pod whose address is known."""
    guard = choice.get(f"{NP}.guard") or {}
    if not guard.get("enabled", False) or choice.get(PRIVATE):
        return True
    names = choice.get("sync.toHost.namespaces") or {}
    hosts = names.get("mappings", {}).get("byName", {}).values() if names.get("enabled") else ["h"]
    nameless = not hosts or any("*" in host for host in hosts)
    return not nameless and not (guard.get("networkPolicies", {}).get("from") and choice.get(f"{NP}.pods.cidrs"))


# Where the rules and peers are that the floor says again.
OF_A_FLOOR = tuple(
    f"{NP}.{path}" for path in ("workload", "coredns", "controlPlane.webhooks", "prometheus", "project", "hostDns")
)


def unsaid(rules: Any) -> bool:
    """Say whether rules, peers or ports have what a floor cannot say: the name of a port, or an address left out."""
    if isinstance(rules, list):
        return any(unsaid(entry) for entry in rules)
    if not isinstance(rules, dict):
        return False
    excepted = "ipBlock" in rules and bool(rules["ipBlock"].get("except"))
    return isinstance(rules.get("port"), str) or excepted or any(unsaid(child) for child in rules.values())


@cache
def pairs() -> tuple[dict[str, Any], ...]:
    """Return choices in which every pair of settings of two toggles occurs that may, and so every single one."""
    return tuple(_pairs())


def _pairs() -> Iterator[dict[str, Any]]:
    """Yield the choices of `pairs`.

    allpairspy gives up on a pair when its last settings do not go together, so what a kind still lacks comes after it.
    """
    paths = {**TOGGLES, **DRESS}
    lacking = [(kind, path, setting) for kind in KINDS for path, settings in paths.items() for setting in settings]

    def choice(settings: list[Any]) -> dict[str, Any]:
        return {**settings[0], **dict(zip(paths, settings[1:], strict=False))}

    for settings in AllPairs([KINDS, *paths.values()], filter_func=lambda settings: possible(choice(settings))):
        found = choice(settings)
        lacking = [each for each in lacking if each[0] is not settings[0] or found[each[1]] != each[2]]
        yield found
    for kind, path, setting in lacking:
        if possible({**kind, path: setting}):
            yield {**dict.fromkeys(paths), **kind, path: setting}


def pairwise() -> Iterator[Json]:
    """Yield the values of all `pairs`."""
    return map(built, pairs())


def everything(**policy: Any) -> Json:
    """Return values with everything switched on that can be at once, each grant with ports; `policy` comes on top."""
    on = {"floor": {"enabled": True}, "defaultDeny": {"enabled": True}, "project": {"name": "p", "ports": PORT}}
    dns = {"presets": ["kube-dns", "openshift", "aws"], "extra": [BOTH]}
    grants = {
        "prometheus": {"enabled": True, "from": [BOTH], "ports": PORT},
        "platform": {"enabled": True, "namespaces": ["loft"]},
        "controlPlane": {
            "apiAccess": {"enabled": True, "from": PEERS},
            "webhooks": {"enabled": True, "to": [], "ports": PORT},
            "metricsServer": {"enabled": True},
            "backingStore": {"enabled": True, "to": [DATABASE], "ports": PORT},
            "ingress": [{"ports": PORT}],
            "egress": [{"ports": PORT}],
        },
        "workload": {
            "publicEgress": {"extraExcept": ["34.0.0.0/8"], "ipv6": {"enabled": True}},
            "ingressControllers": {"enabled": True, "from": [BOTH], "ports": PORT},
            "namespaces": ["other"],
            "ingress": [{"from": PEERS}],
            "egress": [{"to": PEERS}],
        },
        "coredns": {"ingress": [{"ports": PORT}], "egress": [{"ports": PORT}]},
        "snapshots": {
            "objectStorage": {"enabled": True, "to": [BOTH], "ports": PORT},
            "ingress": [{"ports": PORT}],
            "egress": [{"ports": PORT}],
        },
    }
    for row in named_grants():
        if at({**on, **grants}, row.path) is None:
            ports = {"ports": PORT} if row.has_ports else {}
            put(grants, row.path, {"enabled": True, row.peers: [BOTH], **ports})
    server = {"cidrs": ["34.118.224.0/28"], "ports": [16443]}
    return isolating(**{"hostDns": dns, "hostApiServer": server, "fallbackDns": "1.1.1.1", **on, **grants, **policy})


def exhaustive() -> Iterator[Json]:
    """Yield values with every combination of the settings that decide on each other's rules."""
    settings = ([TOGGLES[path][index] for index in at] for path, at in COMBINED.items())
    for kind, *chosen in itertools.product(KINDS, *settings):
        choice = {**kind, **dict(zip(COMBINED, chosen, strict=True))}
        if possible(choice):
            yield built(choice)
