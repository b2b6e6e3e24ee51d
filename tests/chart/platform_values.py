"""Values about vCluster Platform: everything on at once, toggles for pairs, and a setting of each key that must show."""

from __future__ import annotations

import copy
from typing import Any

from tests.chart.matrix import put
from tests.chart.rendering import Json

P = "platformNetworkPolicy"
INGRESS_NGINX = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress-nginx"}}}
KONNECTIVITY = {
    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
    "podSelector": {"matchLabels": {"k8s-app": "konnectivity-agent"}},
}

GRANTED = ("vclusters", "apiServers", "platform", "licenseServer", "identityProviders", "database")


def address(last: int) -> Json:
    """Return the peer that is one address."""
    return {"ipBlock": {"cidr": f"10.9.0.{last}/32"}}


def guarding(**platform: Any) -> Json:
    """Return values that guard the platform, with `platform` under platformNetworkPolicy."""
    return {P: {"enabled": True, **platform}}


def leaving(**egress: Any) -> Json:
    """Return values that close the platform's egress, with `egress` under that key."""
    return guarding(egress={"enabled": True, **egress})


def everything() -> Json:
    """Return values with every grant on and everybody named."""
    return copy.deepcopy(_EVERYTHING)


_EVERYTHING = guarding(
    namespace="vcluster-platform",
    apiServer={"cidrs": ["10.9.0.1/32"], "peers": [KONNECTIVITY]},
    https={"from": [INGRESS_NGINX]},
    http={"from": [INGRESS_NGINX]},
    prometheus={"enabled": True, "isolated": True},
    ingress=[{"from": [address(2)], "ports": [{"port": 6060}]}],
    egress={
        "enabled": True,
        "apiServers": {"enabled": True, "to": [address(3)]},
        "platform": {"enabled": True, "to": [address(4)]},
        "licenseServer": {"enabled": True, "to": [address(5)]},
        "identityProviders": {"enabled": True, "to": [address(6)]},
        "database": {"enabled": True, "to": [address(7)]},
        "rules": [{"to": [address(8)], "ports": [{"port": 636}]}],
    },
)

# Each with its settings; a pair of any two of them is rendered.
TOGGLES: dict[str, list[Any]] = {
    f"{P}.namespace": ["", "vcluster-platform"],
    f"{P}.agentOnly": [False, True],
    f"{P}.apiServer.cidrs": [[], ["10.9.0.1/32", "2001:db8::/64"]],
    f"{P}.apiServer.peers": [[], [KONNECTIVITY]],
    f"{P}.https.from": [[], [INGRESS_NGINX, {"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}}]],
    f"{P}.http.from": [[], [INGRESS_NGINX]],
    f"{P}.prometheus": [
        {},
        {"enabled": True},
        {"enabled": True, "isolated": True},
        {"isolated": True},
        {
            "enabled": True,
            "isolated": True,
            "namespace": "o11y",
            "podSelector": {"matchLabels": {"app": "p"}},
            "port": 1,
        },
    ],
    f"{P}.ingress": [[], [{}], [{"from": [{"podSelector": {}}], "ports": [{"port": 1, "endPort": 2}]}]],
    f"{P}.egress.enabled": [False, True],
    f"{P}.egress.dns.enabled": [True, False],
    f"{P}.egress.vclusters": [{}, {"enabled": False}, {"to": [{"podSelector": {}}], "ports": [{"port": 2}]}],
    f"{P}.egress.apiServers": [{}, {"enabled": True, "to": [address(3)]}],
    f"{P}.egress.platform": [{}, {"enabled": True, "to": [address(4)]}],
    f"{P}.egress.licenseServer": [{}, {"enabled": True}, {"enabled": True, "to": [address(5)]}],
    f"{P}.egress.identityProviders": [{}, {"enabled": True}, {"enabled": True, "to": [address(6)]}],
    f"{P}.egress.database": [{}, {"enabled": True, "to": [address(7)], "ports": [{"port": 5432}]}],
    f"{P}.egress.rules": [[], [{}]],
    "policies.networkPolicy": [
        {},
        {"enabled": True},
        {"enabled": True, "profile": "hardened", "labels": {"a": "b"}},
        {"labels": {"a": "{{ .Release.Name }}"}, "annotations": {"c": "d"}},
        {"hostDns": {"presets": ["openshift", "aws", "kube-dns"], "extra": [address(9)]}},
        {"hostDns": {"presets": []}, "workload": {"publicEgress": {"extraExcept": ["34.0.0.0/8"]}}},
    ],
}


def setting(path: str, value: Any) -> Json:
    """Return `everything` with another value at a dotted path."""
    values = everything()
    put(values, path, value)
    return values


# Each value, and values with another setting of it than `everything` has.
EFFECTS: dict[str, Json] = {
    f"{P}.{path}": setting(f"{P}.{path}", value)
    for path, value in {
        "enabled": False,
        "namespace": "loft",
        "agentOnly": True,
        "apiServer.cidrs": ["10.9.0.9/32"],
        "apiServer.peers": [],
        "https.from": [],
        "http.from": [],
        "prometheus.enabled": False,
        "prometheus.namespace": "o11y",
        "prometheus.podSelector": {"matchLabels": {"app": "prometheus"}},
        "prometheus.port": 9091,
        "prometheus.isolated": False,
        "ingress": [],
        "egress.enabled": False,
        "egress.dns.enabled": False,
        "egress.rules": [],
        **{f"egress.{key}.enabled": False for key in GRANTED},
        **{
            f"egress.{key}.{part}": other
            for key in GRANTED
            for part, other in (("to", [address(9)]), ("ports", [{"port": 1}]))
        },
    }.items()
}
