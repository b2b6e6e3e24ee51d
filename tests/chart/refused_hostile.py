"""What the chart refuses by itself, the schema being skipped, because it would mean something else or break out."""

from __future__ import annotations

from tests.chart.rendering import Json, isolating

ON = {"policies": {"networkPolicy": {"enabled": True}}}
PORTS = "policies.networkPolicy.hostApiServer.ports"
SWITCH = "is neither true nor false; write one of the two, without quotes"

REFUSED: dict[str, tuple[Json, str]] = {
    "a port that is a text of rules": (
        isolating(hostApiServer={"ports": ["443\n- {}"]}),
        f"{PORTS}[0]: is not a valid port number; write a number from 1 to 65535, without quotes",
    ),
    "a port above all": (
        isolating(hostApiServer={"ports": [443, 65536]}),
        f"{PORTS}[1]: is not a valid port number; write a number from 1 to 65535, without quotes",
    ),
    "no ports": (
        isolating(hostApiServer={"ports": []}),
        f"{PORTS}: names no port, which would mean every one; list those of the API server",
    ),
    "a label without a value": (
        isolating(prometheus={"enabled": True, "from": [{"namespaceSelector": {"matchLabels": {"team": 1}}}]}),
        'policies.networkPolicy.prometheus.from[0].namespaceSelector.matchLabels["team"]: is not a string; '
        "write a label's value, in quotes",
    ),
    "private nodes as a text": ({**ON, "privateNodes": {"enabled": "false"}}, f"privateNodes.enabled: {SWITCH}"),
    "CoreDNS as a text": (
        {**ON, "controlPlane": {"coredns": {"enabled": "false"}}},
        f"controlPlane.coredns.enabled: {SWITCH}",
    ),
    "a sync as a text": (
        {**ON, "sync": {"toHost": {"namespaces": {"enabled": "no"}}}},
        f"sync.toHost.namespaces.enabled: {SWITCH}",
    ),
    "a profile of another case": (
        isolating(profile="Hardened"),
        "policies.networkPolicy.profile: is neither compatible nor hardened; write one of the two",
    ),
    "a priority as a text": (
        isolating(floor={"priority": "x"}),
        "policies.networkPolicy.floor.priority: is not a number; write one from 0 to 98 without quotes, or leave it empty",
    ),
    "an API of another version": (
        isolating(floor={"api": "AdminNetworkPolicy/v1beta1"}),
        "policies.networkPolicy.floor.api: is none of AdminNetworkPolicy, ClusterNetworkPolicy, "
        "ClusterNetworkPolicy/v1beta1; write one of these",
    ),
    "a namespace of the platform that forges a line": (
        isolating(platform={"namespaces": ["a\n  - fake"]}),
        'policies.networkPolicy.platform.namespaces[0]: "a\\n  - fake" is not the name of a namespace; '
        "use lower-case letters, digits and '-', at most 63",
    ),
    "a resolver that is none": (
        isolating(hostDns={"presets": ["bind"]}),
        'policies.networkPolicy.hostDns.presets[0]: "bind" is not a preset; use one of kube-dns, node-local, aks-local, '
        "gke-cloud-dns, aws, azure, openshift",
    ),
}
