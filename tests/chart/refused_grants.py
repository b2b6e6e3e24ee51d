"""What is refused in grants, DNS, projects and public addresses: values, the whole sentence, an accepted neighbour."""

from __future__ import annotations

from typing import Any

from tests.chart.matrix import NP, put
from tests.chart.rendering import Json, isolating
from vcluster_isolation.vcluster.grant_rows import OWN_RULES, GrantRow, grant_rows, named_grants

SWITCH = "is neither true nor false; write one of the two, without quotes"


def public(**block: Any) -> Json:
    return isolating(workload={"publicEgress": block})


def at(path: str, value: Any, **policy: Any) -> Json:
    """Return values with `value` at a dotted path under policies.networkPolicy, and enabled what that belongs to."""
    values = isolating(**policy)
    parent = path.rpartition(".")[0]
    if parent in GRANTS:
        put(values, f"{NP}.{parent}.enabled", True)
        put(values, f"{NP}.{parent}.{GRANTS[parent]}", [{"podSelector": {}}])
    put(values, f"{NP}.{path}", value)
    return values


def off(row: GrantRow) -> Json:
    """Return values with a grant that names nobody and is off."""
    values = isolating()
    put(values, f"{NP}.{row.path}", {"enabled": False, row.peers: []})
    return values


# Every grant, and the key of its peers.
GRANTS = {row.path: row.peers for row in named_grants()}
WITH_PORTS = [row.path for row in named_grants() if row.has_ports]
KNOWN_PORTS = [row.path for row in named_grants() if (row.default or {}).get("ports")]
LABEL_VALUE = "is not a label value; use letters, digits, '-', '_' and '.', with a letter or digit at both ends"
NO_VALUE = "requires no label by its value, so namespaces without any label match; name one with matchLabels or In"
BITS = "has bits set beyond its prefix length; write the first address of the network, or"
SWAP = "1 is below port 2; swap the two, or remove endPort"
BAD_PORT, PORT = [{"port": 2, "endPort": 1}], [{"port": 1, "endPort": 2}]
BAD_BLOCK, BLOCK = ({"ipBlock": {"cidr": f"10.0.0.{first}/31"}} for first in (1, 2))
EMPTY = {
    "from": "is empty, which would allow every source; list at least one peer",
    "to": "is empty, which would allow every destination; list at least one peer",
}
REFUSED: dict[str, tuple[Json, str, Json]] = {
    f"{row.path}.{row.peers}, enabled for nobody": (
        at(f"{row.path}.{row.peers}", []),
        f"{NP}.{row.path}.{row.peers}: {EMPTY[row.peers]}",
        off(row) if number % 2 else at(f"{row.path}.{row.peers}", [BLOCK]),
    )
    for number, row in enumerate(row for row in named_grants() if row.empty == "refused")
}
REFUSED |= {
    f"{path}, an address with host bits": (
        at(path, [{"podSelector": {}}, BAD_BLOCK]),
        f"{NP}.{path}[1].ipBlock.cidr: 10.0.0.1/31 {BITS} /32 for this one address",
        at(path, [{"podSelector": {}}, BLOCK]),
    )
    for path in [*(f"{grant}.{key}" for grant, key in GRANTS.items()), "hostDns.extra"]
}
REFUSED |= {
    f"{path}, a range that ends before it begins": (
        at(path, BAD_PORT),
        f"{NP}.{path}[0].endPort: {SWAP}",
        at(path, PORT),
    )
    for path in [*(f"{grant}.ports" for grant in WITH_PORTS), "project.ports"]
}
REFUSED |= {
    f"{path}, a rule": (
        at(path, [{}, {"ports": BAD_PORT}]),
        f"{NP}.{path}[1].ports[0].endPort: {SWAP}",
        at(path, [{}, {"ports": PORT}]),
    )
    for path in (row.path for row in grant_rows() if row.kind == OWN_RULES)
}
REFUSED |= {
    f"{path}, host bits": (
        at(path, ["2600::/128", "2600::1/127"]),
        f"{NP}.{path}[1]: 2600::1/127 {BITS} /128 for this one address",
        at(path, ["2600::/128", "2600::2/127"]),
    )
    for path in ("hostApiServer.cidrs", "nodes.cidrs", "pods.cidrs", "workload.publicEgress.extraExcept")
}
REFUSED |= {
    f"{path}, on no port": (
        at(f"{path}.ports", []),
        f"{NP}.{path}.ports: names no port, which would mean every one; list the ports that may be reached, "
        "or remove it for the default",
        at(f"{path}.ports", None),
    )
    for path in KNOWN_PORTS
}
REFUSED |= {
    f"{path}, on every port of a protocol": (
        at(f"{path}.ports", [{"port": 1}, {"protocol": "UDP"}]),
        f"{NP}.{path}.ports[1]: names no port, which would mean every one; write the port",
        at(f"{path}.ports", [{"port": 1}, {"port": "x", "protocol": "UDP"}]),
    )
    for path in KNOWN_PORTS
}


def hardened(**policy: Any) -> Json:
    return isolating(profile="hardened", **policy)


def egress(cidr: str, *, enabled: bool = True) -> Json:
    return {"publicEgress": {"cidr": cidr, "enabled": enabled}}


HALVES = ["0.0.0.0/1", "128.0.0.0/1"]
EVERY_PUBLIC = "which is no narrower than naming none; list the addresses of the API server only"
LEAVES_NOTHING = (
    "hold all that workload.publicEgress leaves open of 34.0.0.0/8, so none of it can be told from the cluster; "
    "list fewer addresses, or set workload.publicEgress.enabled: false"
)
REFUSED |= {
    f"a host API server at {name}": (
        hardened(hostApiServer={"cidrs": cidrs}),
        f"{NP}.hostApiServer.cidrs: hold every public IPv{family} address, {EVERY_PUBLIC}",
        hardened(hostApiServer={"cidrs": fewer}),
    )
    for name, family, cidrs, fewer in [
        ("any address", 4, ["0.0.0.0/0"], ["0.0.0.0/1"]),
        ("any address, in halves", 4, HALVES, HALVES[1:]),
        ("any address but a private one", 4, ["0.0.0.0/1", "128.0.0.0/2", "192.0.0.0/3"], ["0.0.0.0/1", "128.0.0.0/2"]),
        ("any IPv6 address", 6, ["10.0.0.1/32", "2000::/3"], ["10.0.0.1/32", "2000::/4"]),
    ]
}
REFUSED |= {
    f"{key} that are as wide as public egress": (
        hardened(workload=egress("34.0.0.0/8"), **{key: {"cidrs": ["34.0.0.0/9", "34.128.0.0/9"]}}),
        f"{NP}.{key}.cidrs: {LEAVES_NOTHING}",
        hardened(workload=egress("34.0.0.0/8"), **{key: {"cidrs": ["34.0.0.0/9", "34.128.0.0/10"]}}),
    )
    for key in ("hostApiServer", "nodes", "pods")
}
REFUSED |= {
    f"{key} that hold public egress": (
        hardened(workload=egress("34.0.0.0/8"), **{key: {"cidrs": ["34.0.0.0/7"]}}),
        f"{NP}.{key}.cidrs: {LEAVES_NOTHING}",
        hardened(workload=egress("34.0.0.0/8", enabled=False), **{key: {"cidrs": ["34.0.0.0/7"]}}),
    )
    for key in ("hostApiServer", "nodes", "pods")
}
REFUSED |= {
    f"{key}, what the user's own exceptions leave": (
        hardened(workload={"publicEgress": {"except": ["0.0.0.0/1"]}}, **{key: {"cidrs": ["128.0.0.0/1"]}}),
        f"{NP}.{key}.cidrs: {LEAVES_NOTHING}".replace("34.0.0.0/8", "0.0.0.0/0"),
        hardened(workload={"publicEgress": {"except": ["0.0.0.0/1"]}}, **{key: {"cidrs": ["128.0.0.0/2"]}}),
    )
    for key in ("hostApiServer", "nodes", "pods")
}
WEBHOOKS = "controlPlane.webhooks.to"
ELSEWHERE = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
AT_HOME = {
    "namespaceSelector": {
        "matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["ns", "other"]}]
    }
}
MANAGED = "vcluster.loft.sh/managed-by"
OWN_RULE = "or put the rule into controlPlane.egress"
REFUSED |= {
    "webhooks at an address, hardened": (
        at(WEBHOOKS, [{"podSelector": {}}, BLOCK], profile="hardened"),
        f"{NP}.{WEBHOOKS}[1].ipBlock: is not a workload of this vCluster; select workloads by their labels, {OWN_RULE}",
        at(WEBHOOKS, [{"podSelector": {}}, BLOCK]),
    ),
    "webhooks in another namespace, hardened": (
        at(WEBHOOKS, [ELSEWHERE], profile="hardened"),
        f'{NP}.{WEBHOOKS}[0].namespaceSelector: "monitoring" is not a namespace of this vCluster (ns); remove it, {OWN_RULE}',
        at(WEBHOOKS, [ELSEWHERE]),
    ),
    "webhooks in some other namespace, hardened": (
        at(WEBHOOKS, [AT_HOME], profile="hardened"),
        f'{NP}.{WEBHOOKS}[0].namespaceSelector: "other" is not a namespace of this vCluster (ns); remove it, {OWN_RULE}',
        at(WEBHOOKS, [AT_HOME], profile="hardened", workload={"namespaces": ["other"]}),
    ),
    "webhooks of another vCluster, hardened": (
        at(WEBHOOKS, [{"podSelector": {"matchLabels": {MANAGED: "b"}}}], profile="hardened"),
        f'{NP}.{WEBHOOKS}[0].podSelector: "b" is another vCluster; remove the label {MANAGED}, {OWN_RULE}',
        at(WEBHOOKS, [{"podSelector": {"matchLabels": {MANAGED: "a"}}}], profile="hardened"),
    ),
}
REFUSED |= {
    "an exception that belongs to no public block": (
        public(cidr="2000::/3", extraExcept=["10.0.0.0/8"]),
        f"{NP}.workload.publicEgress.extraExcept[0]: 10.0.0.0/8 is inside neither cidr 2000::/3 nor ipv6.cidr 2000::/3; "
        "remove it or widen one of them",
        public(cidr="2000::/3", extraExcept=["10.0.0.0/8"], enabled=False),
    ),
    "an exception of the wrong IPv6 block": (
        public(extraExcept=["10.0.0.0/8", "2a00::/12"], ipv6={"cidr": "2600::/12"}),
        f"{NP}.workload.publicEgress.extraExcept[1]: 2a00::/12 is inside neither cidr 0.0.0.0/0 nor ipv6.cidr 2600::/12; "
        "remove it or widen one of them",
        public(extraExcept=["10.0.0.0/8", "2600:f00::/24"], ipv6={"cidr": "2600::/12"}),
    ),
    "ipv6.except outside ipv6.cidr": (
        public(ipv6={"enabled": True, "except": ["2600::/12", "10.0.0.0/8"]}),
        f"{NP}.workload.publicEgress.ipv6.except[1]: 10.0.0.0/8 is not inside cidr 2000::/3; remove it or widen cidr",
        public(ipv6={"enabled": True, "except": ["2600::/12"]}),
    ),
    "ipv6.cidr with host bits": (
        public(ipv6={"enabled": True, "cidr": "2600::1/12"}),
        f"{NP}.workload.publicEgress.ipv6.cidr: 2600::1/12 {BITS} /128 for this one address",
        public(ipv6={"enabled": True, "cidr": "2600::1/128"}),
    ),
    "a project that is not a label value": (
        isolating(project={"name": "-{{ .Release.Name }}"}),
        f'{NP}.project.name: "-a" {LABEL_VALUE}',
        isolating(project={"name": "x-{{ .Release.Name }}"}),
    ),
    "a project that is too long": (
        isolating(project={"name": 64 * "x"}),
        f'{NP}.project.name: "{64 * "x"}" has 64 characters; a label value has at most 63',
        isolating(project={"name": 63 * "x"}),
    ),
    "a project that refers to nothing": (
        isolating(project={"name": "{{ .Values.loft.projekt }}"}) | {"loft": {"project": "p"}},
        f'{NP}.project.name: "{{{{ .Values.loft.projekt }}}}" refers to nothing that can be put here; set loft.projekt to a text or a number',
        isolating(project={"name": "{{ .Values.loft.project }}"}) | {"loft": {"project": "p"}},
    ),
    "a project of namespaces that lack a label": (
        isolating(project={"namespaceSelector": {"matchExpressions": [{"key": "a", "operator": "DoesNotExist"}]}}),
        f"{NP}.project.namespaceSelector: {NO_VALUE}",
        isolating(
            project={"namespaceSelector": {"matchExpressions": [{"key": "a", "operator": "In", "values": ["b"]}]}}
        ),
    ),
    "a project of namespaces that have a label with any value": (
        isolating(
            project={
                "namespaceSelector": {
                    "matchExpressions": [
                        {"key": "a", "operator": "Exists"},
                        {"key": "a", "operator": "NotIn", "values": ["b"]},
                    ]
                }
            }
        ),
        f"{NP}.project.namespaceSelector: {NO_VALUE}",
        isolating(
            project={
                "namespaceSelector": {
                    "matchLabels": {"a": "c"},
                    "matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["b"]}],
                }
            }
        ),
    ),
    "a project of namespaces by labels, of which there are none": (
        isolating(project={"name": "p", "namespaceSelector": {"matchLabels": {}}}),
        f"{NP}.project.namespaceSelector: {NO_VALUE}",
        isolating(project={"name": "p", "namespaceSelector": {}}),
    ),
}
LEFT_OUT = "the floor cannot leave addresses out of a rule; list the CIDRs that remain, or turn floor off"
NAMED = 'the floor cannot go by the name "web"; write the port\'s number, or turn floor off'
NAMESPACE = "is not the name of a namespace; use lower-case letters, digits and '-', at most 63"
FLOOR = {"enabled": True}
HOLED, WHOLE = [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}}], [{"ipBlock": {"cidr": "10.0.0.0/8"}}]
REFUSED |= {
    f"{path}, with an exception that the floor cannot make": (
        at(path, [{side: HOLED}], floor=FLOOR),
        f"{NP}.{path}[0].{side}[0].ipBlock.except: {LEFT_OUT}",
        at(path, [{side: HOLED}], floor={"enabled": False}),
    )
    for path, side in [
        ("workload.ingress", "from"),
        ("workload.egress", "to"),
        ("coredns.ingress", "from"),
        ("coredns.egress", "to"),
        ("extraWorkloadRules", "to"),
    ]
}
REFUSED |= {
    f"{path}, with an exception that the floor cannot make": (
        at(path, HOLED, floor=FLOOR),
        f"{NP}.{path}[0].ipBlock.except: {LEFT_OUT}",
        at(path, WHOLE, floor=FLOOR),
    )
    for path in ("prometheus.from", "workload.ingressControllers.from", "hostDns.extra")
}
REFUSED |= {
    f"{path}, with a name that the floor cannot go by": (
        at(path, [{"port": 80}, {"port": "web"}], floor=FLOOR, project={"name": "p"}),
        f"{NP}.{path}[1].port: {NAMED}",
        at(path, [{"port": 80}, {"port": "web"}], floor={"enabled": False}),
    )
    for path in (
        "project.ports",
        "prometheus.ports",
        "workload.ingressControllers.ports",
        "controlPlane.webhooks.ports",
    )
}
MANY = [{"to": [{"ipBlock": {"cidr": f"10.{number}.0.0/16"}}]} for number in range(93)]
CLUSTER = {"enabled": True, "api": "ClusterNetworkPolicy"}
PEERS_26 = [{"podSelector": {"matchLabels": {"n": str(number)}}} for number in range(26)]
TOO_LATE = (
    "is not in 0 to 98: one more is used as well, and OVN-Kubernetes enforces no AdminNetworkPolicy above 99; "
    "use one of these, or leave it empty"
)
REFUSED |= {
    f"a floor of AdminNetworkPolicy with a priority of {priority}": (
        isolating(floor={"enabled": True, "priority": priority}),
        f"{NP}.floor.priority: {priority} {TOO_LATE}",
        isolating(floor=neighbour),
    )
    for priority, neighbour in (
        (99, {"enabled": True, "priority": 98}),
        (100, {"enabled": True, "priority": 100, "api": "ClusterNetworkPolicy"}),
        (999, {"enabled": False, "priority": 999}),
    )
}
REFUSED |= {
    "more rules than fit into a floor of AdminNetworkPolicy": (
        at("workload.egress", MANY, floor=FLOOR),
        f"{NP}.workload.egress: has 93 rules, and 92 fit into the floor; put peers of the same ports into one rule",
        at("workload.egress", MANY[:92], floor=FLOOR),
    ),
    "more rules than fit into a floor of ClusterNetworkPolicy": (
        at("coredns.egress", MANY[:18], floor=CLUSTER),
        f"{NP}.coredns.egress: has 18 rules, and 17 fit into the floor; put peers of the same ports into one rule",
        at("coredns.egress", MANY[:17], floor=CLUSTER),
    ),
    "more peers than fit into a rule of the floor": (
        at("prometheus.from", PEERS_26, floor=CLUSTER),
        f"{NP}.prometheus.from: has 26 entries, and a rule of the floor at most 25; split it",
        at("prometheus.from", PEERS_26[1:], floor=CLUSTER),
    ),
}


def mapped(**names: str) -> Json:
    """Return values that map namespaces of the tenant to namespaces of the host cluster by name."""
    return {**isolating(), "sync": {"toHost": {"namespaces": {"enabled": True, "mappings": {"byName": names}}}}}


REFUSED |= {
    "a host namespace that is none": (
        mapped(a="b", c="Team_C"),
        f'sync.toHost.namespaces.mappings.byName["c"]: "Team_C" {NAMESPACE}',
        mapped(a="b", c="team-c"),
    ),
    "a host namespace with a reference that is not understood": (
        mapped(c="{{ .Release.Name }}"),
        f'sync.toHost.namespaces.mappings.byName["c"]: "{{{{ .Release.Name }}}}" {NAMESPACE}',
        mapped(c="${name}"),
    ),
    "a host namespace that gets too long": (
        mapped(c=f"{62 * 'c'}${{name}}x"),
        f'sync.toHost.namespaces.mappings.byName["c"]: "{62 * "c"}ax" {NAMESPACE}',
        mapped(c=f"{62 * 'c'}${{name}}"),
    ),
    "a target namespace that is none": (
        {**isolating(), "experimental": {"syncSettings": {"targetNamespace": "-"}}},
        f'experimental.syncSettings.targetNamespace: "-" {NAMESPACE}',
        {**isolating(), "experimental": {"syncSettings": {"targetNamespace": "a-b"}}},
    ),
}

# What only a user who skips the schema can write.
SWITCHES = {
    switch: (at(switch, "false"), f"{NP}.{switch}: {SWITCH}")
    for switch in (
        "hostApiServer.discover",
        "defaultDeny.enabled",
        "floor.enabled",
        "workload.publicEgress.ipv6.enabled",
        *(f"{grant}.enabled" for grant in GRANTS),
    )
}
