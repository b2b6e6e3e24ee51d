"""What is refused in a cluster-scoped policy: each refusal whole, beside its nearest accepted neighbour."""

from __future__ import annotations

from typing import Any

import pytest

from vcluster_isolation.check.api_rules import findings, ineffective, problems
from vcluster_isolation.check.manifests_check import judge
from vcluster_isolation.values.strict_yaml import parse_mapping, parse_stream
from vcluster_isolation.wording import dotted

Json = dict[str, Any]

ADMIN = "{apiVersion: policy.networking.k8s.io/v1alpha1, kind: AdminNetworkPolicy, metadata: {name: a}, spec: %s}"
BASELINE = (
    "{apiVersion: policy.networking.k8s.io/v1alpha1, kind: BaselineAdminNetworkPolicy, metadata: %s,"
    " spec: {subject: {namespaces: {}}}}"
)
CLUSTER = "{apiVersion: policy.networking.k8s.io/v1alpha2, kind: ClusterNetworkPolicy, metadata: {name: a}, spec: %s}"
VERSIONS = pytest.mark.parametrize("version", ["v1alpha2", "v1beta1"])
CIDR = "write an address without leading zeros and a prefix length, like 10.0.0.0/8 or 2001:db8::/32"
APART = "make them entries of their own"
PORT_NAME = "use a container port's name (1 to 15 of a-z, 0-9 and -, one letter at least)"
TO_PODS = "names no peer; list one at least; `namespaces: {}` is all pods"
NAMELESS = "beside networks, nodes or domainNames, whose ports have no names; make them rules of their own"


def said(manifest: str) -> list[str]:
    return [f"{dotted(path)}: {what}; {then}" for path, what, then in findings(parse_mapping(manifest, "f"))]


def of_version(version: str, spec: str) -> str:
    """A ClusterNetworkPolicy of the Admin tier for all pods."""
    whole = CLUSTER % f"{{tier: Admin, priority: 1, subject: {{namespaces: {{}}}}, {spec}}}"
    return whole.replace("/v1alpha2", f"/{version}")


def in_spec(spec: str) -> list[str]:
    return said(ADMIN % f"{{priority: 1, subject: {{namespaces: {{}}}}, {spec}}}")


def in_peer(peer: str) -> list[str]:
    found = in_spec(f"egress: [{{action: Deny, to: [{peer}]}}]")
    return [text.removeprefix("spec.egress[0].to[0]") for text in found]


def in_ports(ports: str) -> list[str]:
    found = in_spec(f"egress: [{{action: Deny, to: [{{namespaces: {{}}}}], ports: {ports}}}]")
    return [text.removeprefix("spec.egress[0].ports") for text in found]


def in_protocols(protocols: str) -> list[str]:
    rule = f"{{action: Deny, to: [{{namespaces: {{}}}}], protocols: {protocols}}}"
    found = said(CLUSTER % f"{{tier: Admin, priority: 1, subject: {{namespaces: {{}}}}, egress: [{rule}]}}")
    return [text.removeprefix("spec.egress[0].protocols") for text in found]


@pytest.mark.parametrize(
    ("spec", "message", "right"),
    [
        (
            "{subject: {namespaces: {}}}",
            "spec.priority: is missing; use 0 to 1000",
            "{priority: 0, subject: {namespaces: {}}}",
        ),
        (
            "{priority: -1, subject: {namespaces: {}}}",
            "spec.priority: -1 is not a priority; use 0 to 1000",
            "{priority: 1, subject: {namespaces: {}}}",
        ),
        (
            "{priority: 1001, subject: {namespaces: {}}}",
            "spec.priority: 1001 is not a priority; use 0 to 1000",
            "{priority: 1000, subject: {namespaces: {}}}",
        ),
        (
            "{priority: '1', subject: {namespaces: {}}}",
            'spec.priority: "1" is not a whole number; write it without quotes',
            "{priority: 1, subject: {namespaces: {}}}",
        ),
        (
            "{priority: 1}",
            "spec.subject: has no field set; set one of namespaces, pods",
            "{priority: 1, subject: {pods: {namespaceSelector: {}, podSelector: {}}}}",
        ),
        (
            "{priority: 1, subject: {namespaces: {}, pods: {}}}",
            f"spec.subject: has namespaces together with pods; {APART}",
            "{priority: 1, subject: {namespaces: {}, pods: null}}",
        ),
        (
            "{priority: 1, subject: {pods: {podSelector: {matchLabels: {a: b_}}}}}",
            'spec.subject.pods.podSelector.matchLabels.a: "b_" is not a label value; use at most 63 of A-Z, a-z, 0-9, -, _'
            " and ., a letter or digit first and last",
            "{priority: 1, subject: {pods: {podSelector: {matchLabels: {a: b}}}}}",
        ),
        (
            "{priority: 1, subject: {namespaces: {matchExpressions: [{key: a, operator: Is, values: [b]}]}}}",
            'spec.subject.namespaces.matchExpressions[0].operator: "Is" is not an operator; use In, NotIn, Exists or'
            " DoesNotExist",
            "{priority: 1, subject: {namespaces: {matchExpressions: [{key: a, operator: In, values: [b]}]}}}",
        ),
    ],
)
def test_a_spec_is_refused_beside_one_that_is_not(spec: str, message: str, right: str) -> None:
    assert said(ADMIN % spec) == [message]
    assert said(ADMIN % right) == []


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("{priority: 1, subject: {namespaces: {}}}", "spec.tier: is missing; use Admin or Baseline"),
        (
            "{tier: admin, priority: 1, subject: {namespaces: {}}}",
            'spec.tier: "admin" is not a tier; use Admin or Baseline',
        ),
    ],
)
def test_a_cluster_network_policy_needs_its_tier(spec: str, message: str) -> None:
    assert said(CLUSTER % spec) == [message]
    for tier in ("Admin", "Baseline"):
        assert said(CLUSTER % f"{{tier: {tier}, priority: 1, subject: {{namespaces: {{}}}}}}") == []


def test_the_baseline_is_called_default() -> None:
    message = "metadata.name: is not default; call it default: a cluster has one such policy"
    assert said(BASELINE % "{name: other}") == [message]
    assert said(BASELINE % "{name: default}") == []


def test_a_name_is_judged_like_any() -> None:
    assert said(
        BASELINE.replace("BaselineAdmin", "Admin").replace("spec: {", "spec: {priority: 1, ") % "{name: A}"
    ) == ['metadata.name: "A" is not an object name; use lower-case letters, digits, - and ., at most 253 characters']


@pytest.mark.parametrize(
    ("rule", "message", "right"),
    [
        (
            "{to: [{namespaces: {}}]}",
            ".action: is missing; use Allow, Deny or Pass",
            "{action: Pass, to: [{namespaces: {}}]}",
        ),
        (
            "{action: Accept, to: [{namespaces: {}}]}",
            '.action: "Accept" is not an action; use Allow, Deny or Pass',
            "{action: Allow, to: [{namespaces: {}}]}",
        ),
        ("{action: Deny}", f".to: {TO_PODS}", "{action: Deny, to: [{namespaces: {}}]}"),
        ("{action: Deny, to: []}", f".to: {TO_PODS}", "{action: Deny, to: [{networks: ['::/0']}]}"),
        (
            f"{{action: Deny, name: {'x' * 101}, to: [{{namespaces: {{}}}}]}}",
            ".name: has 101 characters, more than 100; shorten it",
            f"{{action: Deny, name: {'x' * 100}, to: [{{namespaces: {{}}}}]}}",
        ),
        (
            "{action: Deny, to: [{networks: ['::/0']}], ports: [{namedPort: a}]}",
            f": has namedPort {NAMELESS}",
            "{action: Deny, to: [{namespaces: {}}], ports: [{namedPort: a}]}",
        ),
    ],
)
def test_a_rule_is_refused_beside_one_that_is_not(rule: str, message: str, right: str) -> None:
    assert in_spec(f"egress: [{rule}]") == [f"spec.egress[0]{message}"]
    assert in_spec(f"egress: [{right}]") == []


@pytest.mark.parametrize(
    ("peer", "message", "right"),
    [
        ("{}", ": has no field set; set one of namespaces, pods, nodes, networks, domainNames", "{nodes: {}}"),
        (
            "{namespaces: {}, networks: ['::/0']}",
            f": has namespaces together with networks; {APART}",
            "{networks: ['::/0']}",
        ),
        ("{networks: []}", ".networks: is empty; list one at least", "{networks: ['0.0.0.0/0']}"),
        ("{networks: [10.0.0.1]}", f'.networks[0]: "10.0.0.1" is not a CIDR; {CIDR}', "{networks: [10.0.0.1/8]}"),
        ("{networks: [010.0.0.0/8]}", f'.networks[0]: "010.0.0.0/8" is not a CIDR; {CIDR}', "{networks: [10.0.0.0/8]}"),
        (
            "{networks: ['::ffff:1.2.3.4/24']}",
            ".networks[0]: ::ffff:1.2.3.4/24 is an IPv4 address in IPv6 form; write it as IPv4",
            "{networks: ['::fffe:1.2.3.4/24']}",
        ),
        (
            "{networks: ['0000:0000:0000:0000:0000:0000:255.255.255.254/127']}",
            ".networks[0]: has 49 characters, more than 43; shorten it",
            "{networks: ['0000:0000:0000:0000:0000:0000:ffff:fffe/127']}",
        ),
        (
            "{networks: ['::/0', 10.0.0.0/8, '::/0']}",
            '.networks: has "::/0" twice; remove one',
            "{networks: ['::/0', 10.0.0.0/8, '::/1']}",
        ),
        (
            "{nodes: {matchLabels: {'': a}}}",
            '.nodes.matchLabels: "" is not a key; use [prefix/]name: prefix a DNS name, name 1 to 63 of A-Z, a-z, 0-9, -, _'
            " and . between letters or digits",
            "{nodes: {matchLabels: {a: ''}}}",
        ),
        ("{domainNames: []}", ".domainNames: is empty; list one at least", "{domainNames: [a.b]}"),
    ],
)
def test_a_peer_is_refused_beside_one_that_is_not(peer: str, message: str, right: str) -> None:
    assert [text.replace('[""]', "") for text in in_peer(peer)] == [message]
    assert in_peer(right) == []


def test_ingress_peers_are_pods() -> None:
    found = in_spec("ingress: [{action: Deny, from: [{networks: ['::/0']}]}]")
    assert found == ["spec.ingress[0].from[0]: has no field set; set one of namespaces, pods"]


@pytest.mark.parametrize(
    ("ports", "message", "right"),
    [
        ("[]", ": is empty; leave it out for every port", "null"),
        ("[{}]", "[0]: has no field set; set one of portNumber, portRange, namedPort", "[{portNumber: {port: 1}}]"),
        (
            "[{portNumber: {port: 1}, namedPort: a}]",
            f"[0]: has portNumber together with namedPort; {APART}",
            "[{portNumber: {port: 1}}, {namedPort: a}]",
        ),
        (
            "[{portNumber: {port: 0}}]",
            "[0].portNumber.port: 0 is not a valid port number; use 1 to 65535",
            "[{portNumber: {port: 65535}}]",
        ),
        (
            "[{portNumber: {protocol: TCP}}]",
            "[0].portNumber.port: is missing; use 1 to 65535",
            "[{portNumber: {protocol: SCTP, port: 1}}]",
        ),
        (
            "[{portNumber: {protocol: tcp, port: 1}}]",
            '[0].portNumber.protocol: "tcp" is not a protocol; use TCP, UDP or SCTP',
            "[{portNumber: {protocol: TCP, port: 1}}]",
        ),
        (
            "[{portRange: {start: 5, end: 5}}]",
            "[0].portRange.end: 5 is not above start 5; set it to the last port of the range",
            "[{portRange: {start: 5, end: 6}}]",
        ),
        (
            "[{portRange: {start: 5}}]",
            "[0].portRange.end: is missing; use 1 to 65535",
            "[{portRange: {protocol: UDP, start: 5, end: 65535}}]",
        ),
        (
            "[{portRange: {protocol: ICMP, start: 5, end: 6}}]",
            '[0].portRange.protocol: "ICMP" is not a protocol; use TCP, UDP or SCTP',
            "[{portRange: {start: 5, end: 6}}]",
        ),
        ("[{namedPort: Http}]", f'[0].namedPort: "Http" is not a valid port name; {PORT_NAME}', "[{namedPort: http}]"),
    ],
)
def test_ports_are_refused_beside_some_that_are_not(ports: str, message: str, right: str) -> None:
    assert in_ports(ports) == [message]
    assert in_ports(right) == []


@pytest.mark.parametrize(
    ("protocols", "message", "right"),
    [
        (
            "[{}]",
            "[0]: has no field set; set one of tcp, udp, sctp, destinationNamedPort",
            "[{tcp: {destinationPort: {number: 1}}}]",
        ),
        ("[{tcp: {}}]", "[0].tcp: has no field set; set destinationPort", "[{sctp: {destinationPort: {number: 1}}}]"),
        (
            "[{udp: {destinationPort: {}}}]",
            "[0].udp.destinationPort: has no field set; set one of number, range",
            "[{udp: {destinationPort: {range: {start: 1, end: 2}}}}]",
        ),
        (
            "[{udp: {destinationPort: {number: 65536}}}]",
            "[0].udp.destinationPort.number: 65536 is not a valid port number; use 1 to 65535",
            "[{udp: {destinationPort: {number: 65535}}}]",
        ),
        (
            "[{udp: {destinationPort: {range: {start: 3, end: 2}}}}]",
            "[0].udp.destinationPort.range.end: 2 is not above start 3; set it to the last port of the range",
            "[{udp: {destinationPort: {range: {start: 2, end: 3}}}}]",
        ),
        (
            "[{destinationNamedPort: '80'}]",
            f'[0].destinationNamedPort: "80" is not a valid port name; {PORT_NAME}',
            "[{destinationNamedPort: p80}]",
        ),
    ],
)
def test_protocols_are_refused_beside_some_that_are_not(protocols: str, message: str, right: str) -> None:
    assert in_protocols(protocols) == [message]
    assert in_protocols(right) == []


def rules(kind: str, count: int, peers: int, ports: int) -> list[str]:
    """What is said of a policy with so many rules, of so many peers and ports."""
    some = ", ".join(["{namespaces: {}}"] * peers)
    one = "{destinationNamedPort: a}" if kind == CLUSTER else "{namedPort: a}"
    field = "protocols" if kind == CLUSTER else "ports"
    rule = f"{{action: Deny, from: [{some}], {field}: [{', '.join([one] * ports)}]}}"
    tier = "tier: Admin, " if kind == CLUSTER else ""
    return said(kind % f"{{{tier}priority: 1, subject: {{namespaces: {{}}}}, ingress: [{', '.join([rule] * count)}]}}")


@pytest.mark.parametrize(("kind", "most", "field"), [(ADMIN, 100, "ports"), (CLUSTER, 25, "protocols")])
def test_there_are_limits_on_rules_peers_and_ports(kind: str, most: int, field: str) -> None:
    assert rules(kind, most, 1, 1) == rules(kind, 1, most, most) == []
    assert rules(kind, most + 1, 1, 1) == [f"spec.ingress: has {most + 1} rules, more than {most}; remove some"]
    assert rules(kind, 1, most + 1, most + 1) == [
        f"spec.ingress[0].from: has {most + 1} peers, more than {most}; remove some",
        f"spec.ingress[0].{field}: has {most + 1} entries, more than {most}; remove some",
    ]


def test_there_is_a_limit_on_networks() -> None:
    cidrs = [f"10.{number}.0.0/16" for number in range(26)]
    assert in_peer(f"{{networks: [{', '.join(cidrs[:25])}]}}") == []
    found = in_peer(f"{{networks: [{', '.join(cidrs)}]}}")
    assert found == [".networks: has 26 entries, more than 25; remove some"]


@pytest.mark.parametrize(
    ("kind", "priority", "message"),
    [
        (ADMIN, "99", []),
        (ADMIN, "100", ["spec.priority: is above 99: OVN-Kubernetes does not enforce the policy; use 0 to 99"]),
        (ADMIN, "'100'", []),
        (CLUSTER, "100", []),
    ],
)
def test_a_priority_that_ovn_kubernetes_does_not_take_is_pointed_out(
    kind: str, priority: str, message: list[str]
) -> None:
    found = ineffective(parse_mapping(kind % f"{{tier: Admin, priority: {priority}}}", "f"))
    assert [f"{dotted(path)}: {what}; {then}" for path, what, then in found] == message


def test_fields_of_the_experimental_channel_are_pointed_out() -> None:
    rule = "{action: Allow, to: [{nodes: {}}], ports: [{portNumber: {port: 1}}]}"
    named = "{action: Allow, from: [{namespaces: {}}], ports: [{namedPort: a}]}"
    found = ineffective(parse_mapping(ADMIN % f"{{egress: [{rule}], ingress: [{named}]}}", "f"))
    what = "is of the experimental channel: the standard CRD does not have it"
    assert [(dotted(path), text) for path, text, _ in found] == [
        ("spec.ingress[0].ports[0].namedPort", what),
        ("spec.egress[0].to[0].nodes", what),
    ]


@VERSIONS
def test_names_of_ports_left_the_standard_channel(version: str) -> None:
    rule = "{action: Accept, to: [{namespaces: {}}], protocols: [{destinationNamedPort: a}]}"
    found = ineffective(parse_mapping(of_version(version, f"egress: [{rule}]"), "f"))
    what = "is of the experimental channel: the standard CRD does not have it"
    assert [(dotted(path), text) for path, text, _ in found] == [
        ("spec.egress[0].protocols[0].destinationNamedPort", what)
    ]
    numbered = "{action: Accept, to: [{networks: ['::/0']}], protocols: [{tcp: {destinationPort: {number: 1}}}]}"
    assert ineffective(parse_mapping(of_version(version, f"egress: [{numbered}]"), "f")) == []


@VERSIONS
@pytest.mark.parametrize(
    ("cidr", "message"),
    [
        ("10.1.2.3/8", "10.1.2.3/8 has bits set beyond its prefix length; write 10.0.0.0/8, or 10.1.2.3/32"),
        ("fd00::1/64", "fd00::1/64 has bits set beyond its prefix length; write fd00::/64, or fd00::1/128"),
        ("10.0.0.0/8", ""),
        ("FD00:0::/64", ""),
        ("0.0.0.0/0", ""),
    ],
)
def test_cidrs_of_a_cluster_network_policy_are_canonical(version: str, cidr: str, message: str) -> None:
    found = said(of_version(version, f"egress: [{{action: Deny, to: [{{networks: ['{cidr}']}}]}}]"))
    assert found == ([f"spec.egress[0].to[0].networks[0]: {message}"] if message else [])


@VERSIONS
def test_a_right_policy_of_either_version_is_judged_by_its_schema(version: str) -> None:
    rule = "{action: Deny, to: [{networks: ['::/0']}], protocols: [{tcp: {destinationPort: {number: 1}}}]}"
    found = judge(parse_stream(of_version(version, f"egress: [{rule}]"), "f"))
    assert (found.problems, found.warnings) == ((), ())
    [wrong] = judge(parse_stream(of_version(version, "ingres: []"), "f")).problems
    assert str(wrong) == "f:1: ClusterNetworkPolicy/a spec.ingres: unknown key; did you mean ingress?"


@pytest.mark.parametrize(
    ("version", "kind"), [("policy.networking.k8s.io/v2", "AdminNetworkPolicy"), ([], {}), (1, None)]
)
def test_objects_of_other_kinds_have_no_problems(version: Any, kind: Any) -> None:
    assert findings({"apiVersion": version, "kind": kind, "spec": 5}) == []


def test_problems_name_the_kind() -> None:
    found = problems(parse_mapping(ADMIN % "{priority: -1, subject: {namespaces: {}}}", "f"))
    assert list(map(str, found)) == ["AdminNetworkPolicy/a spec.priority: -1 is not a priority; use 0 to 1000"]


MANIFESTS = """\
apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: {name: a}
spec:
  priority: 1
  subject: {namespaces: {}}
  egress:
    - action: Deny
      to: [{networks: [10.0.0.1]}]
      portss: []
---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: b}
spec: {tier: Admin, priority: 1, subject: {namespaces: {}}}
"""


def test_manifests_are_judged_and_counted_like_any_others() -> None:
    judged = judge(parse_stream(MANIFESTS, "f.yaml"), ["1.36"])
    assert judged.objects == ("AdminNetworkPolicy/a", "ClusterNetworkPolicy/b")
    assert judged.warnings == ()
    assert list(map(str, judged.problems)) == [
        f'f.yaml:9: AdminNetworkPolicy/a spec.egress[0].to[0].networks[0]: "10.0.0.1" is not a CIDR; {CIDR}',
        "f.yaml:10: AdminNetworkPolicy/a spec.egress[0].portss: unknown key; did you mean ports?",
    ]


def test_what_both_would_say_is_said_once() -> None:
    text = MANIFESTS.replace("priority: 1\n", "priority: 1001\n", 1)
    assert [str(one) for one in judge(parse_stream(text, "f.yaml"), ["1.36"]).problems if "priority" in str(one)] == [
        "f.yaml:5: AdminNetworkPolicy/a spec.priority: 1001 is not a priority; use 0 to 1000"
    ]
