"""values.schema.json: each definition refuses what the API server would, in helm's words, and accepts its neighbour."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.chart.rendering import Json, isolating, policies, schema_refusal
from vcluster_isolation.tools import PROJECT

SCHEMA: Json = json.loads((PROJECT / "values.schema.json").read_text(encoding="utf-8"))
RULE = "/policies/networkPolicy/workload/ingress/0"
FROM = f"{RULE}/from/0"


def rule(**fields: Any) -> Json:
    return isolating(workload={"ingress": [fields]})


def peer(**fields: Any) -> Json:
    return rule(**{"from": [fields]})


def port(**fields: Any) -> Json:
    return rule(ports=[fields])


def expression(**fields: Any) -> Json:
    return peer(podSelector={"matchExpressions": [fields]})


def labels(**values: Any) -> Json:
    return peer(podSelector={"matchLabels": values})


KEY_253 = ".".join(["a" * 63] * 3 + ["a" * 61]) + "/b"
# The definition that speaks -> (what it refuses, what helm says, the nearest thing that is accepted).
DEFINITIONS: dict[str, list[tuple[Json, str, Json]]] = {
    "cidr": [
        (
            peer(ipBlock={"cidr": "256.0.0.0/8"}),
            f"at '{FROM}/ipBlock/cidr': '256.0.0.0/8' does not match pattern",
            peer(ipBlock={"cidr": "255.0.0.0/8"}),
        ),
        (
            peer(ipBlock={"cidr": "010.0.0.0/8"}),
            f"at '{FROM}/ipBlock/cidr': '010.0.0.0/8' does not match pattern",
            peer(ipBlock={"cidr": "10.0.0.0/8"}),
        ),
        (
            peer(ipBlock={"cidr": "10.0.0.0/33"}),
            f"at '{FROM}/ipBlock/cidr': '10.0.0.0/33' does not match pattern",
            peer(ipBlock={"cidr": "10.0.0.0/32"}),
        ),
        (
            peer(ipBlock={"cidr": "10.0.0.0"}),
            f"at '{FROM}/ipBlock/cidr': '10.0.0.0' does not match pattern",
            peer(ipBlock={"cidr": "::/0"}),
        ),
        (
            peer(ipBlock={"cidr": "2001:db8::/129"}),
            f"at '{FROM}/ipBlock/cidr': '2001:db8::/129' does not match pattern",
            peer(ipBlock={"cidr": "2001:db8::/128"}),
        ),
    ],
    "namespace": [
        (
            isolating(workload={"namespaces": ["a", "-b"]}),
            "at '/policies/networkPolicy/workload/namespaces/1': '-b' does not match pattern",
            isolating(workload={"namespaces": ["a", "b-b"]}),
        ),
        (
            isolating(workload={"namespaces": ["a.b"]}),
            "at '/policies/networkPolicy/workload/namespaces/0': 'a.b' does not match pattern",
            isolating(workload={"namespaces": ["0"]}),
        ),
        (
            isolating(platform={"namespaces": [64 * "a"]}),
            "at '/policies/networkPolicy/platform/namespaces/0': maxLength: got 64, want 63",
            isolating(platform={"namespaces": [63 * "a"]}),
        ),
    ],
    "ipBlock": [
        (
            peer(ipBlock={}),
            f"at '{FROM}/ipBlock': missing property 'cidr'",
            peer(ipBlock={"cidr": "0.0.0.0/0", "except": []}),
        )
    ],
    "peer": [
        (peer(), f"at '{FROM}': minProperties: got 0, want 1", peer(podSelector={})),
        (
            peer(ipBlock={"cidr": "::/0"}, podSelector={}),
            f"at '{FROM}': maxProperties: got 2, want 1",
            peer(namespaceSelector={}, podSelector={}),
        ),
        (peer(podSelector=None), f"at '{FROM}/podSelector': got null, want object", peer(namespaceSelector={})),
    ],
    "peers": [(rule(**{"from": {}}), f"at '{RULE}/from': got object, want array", rule(**{"from": []}))],
    "selector": [
        (
            peer(podSelector={"app": "x"}),
            f"at '{FROM}/podSelector': additional properties 'app' not allowed",
            labels(app="x"),
        )
    ],
    "requirement": [
        (
            expression(key="a"),
            "matchExpressions/0': missing property 'operator'",
            expression(key="a", operator="Exists"),
        ),
        (
            expression(key="a", operator="In"),
            "matchExpressions/0': missing property 'values'",
            expression(key="a", operator="In", values=["b"]),
        ),
        (
            expression(key="a", operator="NotIn", values=[]),
            "values': minItems: got 0, want 1",
            expression(key="a", operator="NotIn", values=[""]),
        ),
        (
            expression(key="a", operator="Exists", values=["b"]),
            "values': maxItems: got 1, want 0",
            expression(key="a", operator="DoesNotExist", values=[]),
        ),
        (
            expression(key="a", operator="exists"),
            "operator': value must be one of 'In', 'NotIn', 'Exists', 'DoesNotExist'",
            expression(key="a", operator="Exists"),
        ),
    ],
    "labelKey": [
        (
            expression(key="-a", operator="Exists"),
            "key': '-a' does not match pattern",
            expression(key="a-a", operator="Exists"),
        ),
        (
            expression(key="A.io/a", operator="Exists"),
            "key': 'A.io/a' does not match pattern",
            expression(key="a.io/A", operator="Exists"),
        ),
        (labels(**{"b c": "x"}), "matchLabels': additional properties 'b c' not allowed", labels(b_c="x")),
        (
            labels(**{64 * "a": "x"}),
            f"matchLabels': additional properties '{64 * 'a'}' not allowed",
            labels(**{63 * "a": "x"}),
        ),
    ],
    "keyLength": [(labels(**{"a" + KEY_253: "x"}), "invalid propertyName", labels(**{KEY_253: "x"}))],
    "labelValue": [
        (labels(a=1), "matchLabels/a': got number, want string", labels(a="1")),
        (labels(a=True), "matchLabels/a': got boolean, want string", labels(a="true")),
        (labels(a="x" * 64), "matchLabels/a': maxLength: got 64, want 63", labels(a="x" * 63)),
        (labels(a=".x"), "matchLabels/a': '.x' does not match pattern", labels(a="")),
        (labels(a="x\n"), "matchLabels/a': 'x\\n' does not match pattern", labels(a="x")),
    ],
    "port": [
        (port(port=0), f"at '{RULE}/ports/0/port': minimum: got 0, want 1", port(port=1)),
        (port(port=65536), f"at '{RULE}/ports/0/port': maximum: got 65,536, want 65,535", port(port=65535)),
        (port(port="8443"), f"at '{RULE}/ports/0/port': '8443' does not match pattern", port(port="8443a")),
        (port(port="a--b"), f"at '{RULE}/ports/0/port': 'a--b' does not match pattern", port(port="a-b")),
        (port(port="Web"), f"at '{RULE}/ports/0/port': 'Web' does not match pattern", port(port="web")),
        (port(port=16 * "a"), f"at '{RULE}/ports/0/port': maxLength: got 16, want 15", port(port=15 * "a")),
        (port(port=1.5), f"at '{RULE}/ports/0/port': got number, want integer or string", port(protocol="SCTP")),
        (port(endPort=5), f"at '{RULE}/ports/0': missing property 'port'", port(port=5, endPort=5)),
        (port(port="web", endPort=5), f"at '{RULE}/ports/0/port': got string, want integer", port(port="web")),
        (
            port(port=1, endPort=65536),
            f"at '{RULE}/ports/0/endPort': maximum: got 65,536, want 65,535",
            port(port=1, endPort=65535),
        ),
        (port(protocol="tcp"), "protocol': value must be one of 'TCP', 'UDP', 'SCTP'", port(protocol="TCP")),
    ],
    "ports": [(rule(ports=[8443]), f"at '{RULE}/ports/0': got number, want object", rule(ports=[{"port": 8443}]))],
    "ingressRule": [(rule(to=[]), f"at '{RULE}': additional properties 'to' not allowed", rule())],
    "egressRule": [
        (
            isolating(workload={"egress": [{"from": []}]}),
            "at '/policies/networkPolicy/workload/egress/0': additional properties 'from' not allowed",
            isolating(workload={"egress": [{"to": []}]}),
        )
    ],
}
REFUSED_KEYS: dict[str, tuple[Json, str]] = {
    "a misspelt root key": (
        {"polices": {"networkPolicy": {"enabled": True}}},
        "at '': additional properties 'polices' not allowed",
    ),
    "a misspelt policy": (
        {"policies": {"netwrkPolicy": {"enabled": True}}},
        "at '/policies': additional properties 'netwrkPolicy' not allowed",
    ),
    "an unknown key of networkPolicy": (
        isolating(enable=True),
        "at '/policies/networkPolicy': additional properties 'enable' not allowed",
    ),
    "an unknown key of publicEgress": (
        isolating(workload={"publicEgress": {"exept": []}}),
        "at '/policies/networkPolicy/workload/publicEgress': additional properties 'exept' not allowed",
    ),
    "enabled as a text": (
        {"policies": {"networkPolicy": {"enabled": "true"}}},
        "at '/policies/networkPolicy/enabled': got string, want boolean",
    ),
    "a label that is a number": (
        isolating(labels={"a": 1}),
        "at '/policies/networkPolicy/labels/a': got number, want string",
    ),
    "an unknown profile": (
        isolating(profile="Hardened"),
        "at '/policies/networkPolicy/profile': value must be one of 'compatible', 'hardened'",
    ),
    "an unknown preset": (
        isolating(hostDns={"presets": ["kube-dns", "coredns"]}),
        "at '/policies/networkPolicy/hostDns/presets/1': value must be one of 'kube-dns', 'node-local', 'aks-local', ",
    ),
    "no port of the host API server": (
        isolating(hostApiServer={"ports": []}),
        "at '/policies/networkPolicy/hostApiServer/ports': minItems: got 0, want 1",
    ),
    "a port of the host API server that is a text": (
        isolating(hostApiServer={"ports": ["https"]}),
        "at '/policies/networkPolicy/hostApiServer/ports/0': got string, want integer",
    ),
    "an unknown API of the floor": (
        isolating(floor={"api": "BaselineAdminNetworkPolicy"}),
        "at '/policies/networkPolicy/floor/api': value must be one of 'AdminNetworkPolicy', 'ClusterNetworkPolicy', "
        "'ClusterNetworkPolicy/v1beta1'",
    ),
    "a priority of the floor that leaves no room for a second one": (
        isolating(floor={"priority": 1000}),
        "at '/policies/networkPolicy/floor/priority': maximum: got 1,000, want 999",
    ),
    "a priority of the floor as a text": (
        isolating(floor={"priority": "7"}),
        "at '/policies/networkPolicy/floor/priority': '7' does not match pattern '^$'",
    ),
    "a priority of the floor below zero": (
        isolating(floor={"priority": -1}),
        "at '/policies/networkPolicy/floor/priority': minimum: got -1, want 0",
    ),
    "a project that is a number": (
        isolating(project={"name": 7}),
        "at '/policies/networkPolicy/project/name': got number, want string",
    ),
    "a host namespace that is a number": (
        {**isolating(), "sync": {"toHost": {"namespaces": {"mappings": {"byName": {"a": 1}}}}}},
        "at '/sync/toHost/namespaces/mappings/byName/a': got number, want string",
    ),
    "a global annotation that is a number": (
        {**isolating(), "controlPlane": {"advanced": {"globalMetadata": {"annotations": {"a": 1}}}}},
        "at '/controlPlane/advanced/globalMetadata/annotations/a': got number, want string",
    ),
}
REFUSALS = [(name, *case) for name, cases in DEFINITIONS.items() for case in cases]


@pytest.mark.parametrize(
    ("name", "values", "sentence", "neighbour"),
    REFUSALS,
    ids=[f"{case[0]}-{index}" for index, case in enumerate(REFUSALS)],
)
def test_definition_refuses_and_accepts(name: str, values: Json, sentence: str, neighbour: Json) -> None:
    assert sentence in schema_refusal(values), name
    assert policies(neighbour)


def test_every_definition_is_tested() -> None:
    assert set(DEFINITIONS) == set(SCHEMA["$defs"])


@pytest.mark.parametrize("name", REFUSED_KEYS)
@pytest.mark.parametrize("which", ["helm3", "helm4"])
def test_key_is_refused_by_name(name: str, which: str) -> None:
    values, sentence = REFUSED_KEYS[name]
    assert sentence in schema_refusal(values, which=which)


# The root keys of vCluster 0.20 to 0.37.0-rc.1 (tests/data/vcluster-keys.yaml), and what lies under `policies`.
ROOT_KEYS = [
    "exportKubeConfig",
    "integrations",
    "networking",
    "rbac",
    "plugins",
    "experimental",
    "telemetry",
    "serviceCIDR",
    "pro",
    "plugin",
    "deploy",
    "logging",
    "sleep",
    "snapshots",
    "deletion",
    "platform",
    "external",
    "sleepMode",
    "loft",
    "global",
]


def test_every_root_key_of_every_vcluster_version_is_accepted_and_ignored() -> None:
    others = {key: {"anything": ["at", "all"]} for key in ROOT_KEYS}
    own = {"controlPlane": {"proxy": {"port": 1}}, "sync": {"fromHost": {}}, "privateNodes": {"x": 1}}
    policy = {key: {"enabled": True} for key in ("resourceQuota", "limitRange", "centralAdmission")}
    values: Json = {**isolating(), **others, **own}
    values["policies"] |= {**policy, "podSecurityStandard": "baseline"}
    assert policies(values) == policies(isolating())


@pytest.mark.parametrize("which", ["helm3", "helm4"])
def test_root_keys_that_are_null_are_accepted(which: str) -> None:
    values = {**isolating(), **dict.fromkeys([*ROOT_KEYS, "controlPlane", "sync", "privateNodes", "vcluster"])}
    assert policies(values, which=which) == policies(isolating())
