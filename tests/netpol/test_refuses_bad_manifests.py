"""What the API server would refuse is refused here, all of it at once, with its place and what to do."""

from __future__ import annotations

from typing import Any

import pytest

from tests.netpol.clusters import policy
from vcluster_isolation.netpol.parse.parse import parse_cluster

Json = dict[str, Any]


def pod(**fields: Any) -> Json:
    metadata = {"name": "p", "namespace": "a", "labels": {"app": "x"}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {}, **fields}


def problems(*documents: Any) -> list[str]:
    return [str(one) for one in parse_cluster(documents).problems]


def of_spec(spec: Any) -> list[str]:
    """The problems of a policy with this spec, without the name of the policy."""
    found = parse_cluster([policy("p", "a", spec)])
    assert (found.policies == ()) == bool(found.problems)
    return [str(one).removeprefix("NetworkPolicy/a/p ") for one in found.problems]


def of_rule(rule: Any) -> list[str]:
    return [text.removeprefix("spec.egress[0]") for text in of_spec({"egress": [rule]})]


def test_everything_wrong_with_a_policy_is_said_at_once() -> None:
    rule = {"to": [{}], "ports": [{"port": 0}, {"protocol": "ICMP"}]}
    spec = {"egress": [rule], "policyTypes": ["egress"], "podSelector": {"matchExpressions": [{"operator": "Like"}]}}
    assert [text.split(":")[0] for text in of_spec(spec)] == [
        "spec.egress[0].to[0]",
        "spec.egress[0].ports[0].port",
        "spec.egress[0].ports[1].protocol",
        "spec.policyTypes[0]",
        "spec.podSelector.matchExpressions[0].key",
        "spec.podSelector.matchExpressions[0].operator",
    ]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("text", 'object 1: "text" is not a mapping; write it as key: value'),
        ({"kind": "Pod"}, "object 1: has no apiVersion and kind; give a Kubernetes manifest"),
        ({"kind": "List", "items": [3]}, "object 1: 3 is not a mapping; write it as key: value"),
        ({"kind": "List"}, "object 1: has no apiVersion and kind; give a Kubernetes manifest"),
        (
            pod(metadata={"name": "\x1b[2J"}),
            'object 1 metadata.name: "\\u001b[2J" is not a name; use lower-case letters, digits, - and .',
        ),
        (
            pod(metadata={"name": "p", "namespace": "A b"}),
            'object 1 metadata.namespace: "A b" is not a name; use lower-case letters, digits, - and .',
        ),
        (
            pod(metadata={"name": "p", "labels": {"n": True}}),
            "Pod/default/p metadata.labels.n: true is not a label value; use quoted text that is one",
        ),
        (
            pod(metadata={"name": "p", "labels": {"a b": "x"}}),
            'Pod/default/p metadata.labels: "a b" is not a label key; use [prefix/]name, name at most 63 characters',
        ),
        (
            pod(metadata={"name": "p", "labels": {3: "x"}}),
            "Pod/default/p metadata.labels: 3 is not a label key; use [prefix/]name, name at most 63 characters",
        ),
        (
            pod(status={"podIPs": [{"ip": "\x07"}]}),
            "Pod/a/p status.podIPs: '\\x07' is neither a CIDR nor an address; give the pod's IP addresses",
        ),
        (
            pod(spec={"containers": [{"ports": [{"name": "x", "containerPort": "80"}]}]}),
            'Pod/a/p spec.containers[0].ports[0]: {"name": "x", "containerPort": "80"} is not a container port; '
            "give name, containerPort and protocol",
        ),
        (
            {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": {"template": 3}},
            "Deployment/default/d spec.template: 3 is not a mapping; write it as key: value",
        ),
    ],
)
def test_an_object_that_cannot_be_read_is_refused_with_its_place(document: Any, message: str) -> None:
    assert problems(document) == [message]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ([], "spec: [] is not a mapping; write it as key: value"),
        ({"ingres": []}, "spec.ingres: is not a field here; use one of podSelector, policyTypes, ingress, egress"),
        ({"a b": 1}, 'spec."a b": is not a field here; use one of podSelector, policyTypes, ingress, egress'),
        ({"egress": {}}, "spec.egress: {} is not a list; write it as a list"),
        ({"policyTypes": ["Both"]}, 'spec.policyTypes[0]: "Both" is not a policy type; use Ingress or Egress'),
        (
            {"podSelector": {"app": "x"}},
            "spec.podSelector.app: is not a field here; use one of matchLabels, matchExpressions",
        ),
    ],
)
def test_a_spec_that_the_api_server_refuses_is_refused(spec: Any, message: str) -> None:
    assert of_spec(spec) == [message]


VALUES = "spec.podSelector.matchExpressions[0].values"


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ({"key": "k", "operator": "In"}, f"{VALUES}: In must have values; add some"),
        ({"key": "k", "operator": "NotIn", "values": []}, f"{VALUES}: NotIn must have values; add some"),
        ({"key": "k", "operator": "Exists", "values": ["v"]}, f"{VALUES}: Exists must have no values; remove them"),
        (
            {"key": "k", "operator": "In", "values": ["a b"]},
            f'{VALUES}[0]: "a b" is not a label value; use quoted text that is one',
        ),
    ],
)
def test_a_requirement_that_the_api_server_refuses_is_refused(item: Json, message: str) -> None:
    assert of_spec({"podSelector": {"matchExpressions": [item]}}) == [message]


NUMBER = "use a number from 1 to 65535 (unquoted), or a port's name"


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ({"port": 0}, f".port: 0 is not a port; {NUMBER}"),
        ({"port": 65536}, f".port: 65536 is not a port; {NUMBER}"),
        ({"port": True}, f".port: true is not a port; {NUMBER}"),
        ({"port": "8443"}, f'.port: "8443" is not a port; {NUMBER}'),
        ({"port": "-x"}, f'.port: "-x" is not a port; {NUMBER}'),
        ({"port": "a--b"}, f'.port: "a--b" is not a port; {NUMBER}'),
        ({"port": "HTTP"}, f'.port: "HTTP" is not a port; {NUMBER}'),
        ({"port": "abcdefghijklmnop"}, f'.port: "abcdefghijklmnop" is not a port; {NUMBER}'),
        ({"port": "web", "endPort": 90}, f".port: endPort needs a numeric port; {NUMBER}"),
        ({"endPort": 90}, f".port: endPort needs a numeric port; {NUMBER}"),
        ({"port": 80, "endPort": 79}, ".endPort: 79 does not end a range from 80; use a number from port on"),
        ({"port": 80, "endPort": 65536}, ".endPort: 65536 does not end a range from 80; use a number from port on"),
        ({"protocol": "tcp"}, '.protocol: "tcp" is not a protocol; use TCP, UDP or SCTP'),
        ({"protocol": []}, ".protocol: [] is not a protocol; use TCP, UDP or SCTP"),
    ],
)
def test_a_port_that_the_api_server_refuses_is_refused(item: Json, message: str) -> None:
    assert of_rule({"ports": [item]}) == [f".ports[0]{message}"]


CIDR = "use one like 192.168.1.0/24 or 2001:db8::/64"


@pytest.mark.parametrize(
    ("peer", "message"),
    [
        ({}, ": names no peer; give either selectors or an ipBlock"),
        (
            {"ipBlock": {"cidr": "10.0.0.0/8"}, "podSelector": {}},
            ": has both an ipBlock and a selector; give either selectors or an ipBlock",
        ),
        ({"ipBlock": {}}, f".ipBlock.cidr: null is not a CIDR; {CIDR}"),
        ({"ipBlock": {"cidr": "10.0.0.1"}}, f'.ipBlock.cidr: "10.0.0.1" is not a CIDR; {CIDR}'),
        ({"ipBlock": {"cidr": "10.0.0.0/33"}}, f'.ipBlock.cidr: "10.0.0.0/33" is not a CIDR; {CIDR}'),
        (
            {"ipBlock": {"cidr": "10.0.0.0/8", "except": ["11.0.0.0/16"]}},
            ".ipBlock.except[0]: 11.0.0.0/16 is not inside cidr 10.0.0.0/8; remove it or widen cidr",
        ),
        (
            {"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.0.0.0/8"]}},
            ".ipBlock.except[0]: 10.0.0.0/8 is not inside cidr 10.0.0.0/8; remove it or widen cidr",
        ),
        (
            {"ipBlock": {"cidr": "10.0.0.0/8", "except": ["fd00::/16"]}},
            ".ipBlock.except[0]: fd00::/16 is not inside cidr 10.0.0.0/8; remove it or widen cidr",
        ),
    ],
)
def test_a_peer_that_the_api_server_refuses_is_refused(peer: Json, message: str) -> None:
    assert of_rule({"to": [peer]}) == [f".to[0]{message}"]


def test_from_is_no_field_of_an_egress_rule() -> None:
    assert of_rule({"from": []}) == [".from: is not a field here; use one of to, ports"]


def test_long_and_strange_values_are_shown_short_and_escaped() -> None:
    (message,) = of_spec({"podSelector": {"matchLabels": {"k": "\n" * 100}}})
    shown = "\\n" * 28
    assert message == f'spec.podSelector.matchLabels.k: "{shown}... is not a label value; use quoted text that is one'


def test_values_that_json_does_not_have_are_shown_by_their_kind() -> None:
    assert of_spec({"podSelector": {"matchLabels": {"k": {1, 2}}}})[0].split(": ")[1].startswith("a set is not")


def test_the_unnamed_parts_of_a_name_for_a_kind_are_escaped() -> None:
    assert parse_cluster([{"apiVersion": "v1", "kind": "\x1b"}]).passed_over == {"v1 \\u001b": 1}
