"""What the API server decodes, `check` and `prove` take, and what it does not, they refuse: nulls, numbers, characters.

Each row was answered by kube-apiserver 1.37 (server-side dry run, strict field validation).
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from vcluster_isolation.check.manifests_check import judge
from vcluster_isolation.kubernetes.api_json import as_text, decoded
from vcluster_isolation.netpol.parse.parse import parse_cluster
from vcluster_isolation.values.strict_yaml import json_text, line_of, parse_documents, parse_stream


def policy(**spec: Any) -> dict[str, Any]:
    head = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "a"}}
    return {**head, "spec": {"podSelector": {}, **spec}}


def ports(*entries: Any) -> dict[str, Any]:
    return policy(ingress=[{"ports": [*entries]}])


def peers(*entries: Any) -> dict[str, Any]:
    return policy(ingress=[{"from": [*entries]}])


def pods(**selector: Any) -> dict[str, Any]:
    return policy(podSelector=selector)


ACCEPTED = {
    "port": ports({"port": None}),
    "protocol": ports({"protocol": None, "port": 5}),
    "endPort": ports({"port": 5, "endPort": None}),
    "an entry of ports": ports(None),
    "ports": policy(ingress=[{"ports": None}]),
    "from": policy(ingress=[{"from": None}]),
    "to": policy(egress=[{"to": None}]),
    "namespaceSelector": peers({"namespaceSelector": None, "podSelector": {}}),
    "podSelector of a peer": peers({"namespaceSelector": {}, "podSelector": None}),
    "ipBlock": peers({"ipBlock": None, "podSelector": {}}),
    "except": peers({"ipBlock": {"cidr": "10.0.0.0/8", "except": None}}),
    "ingress": policy(ingress=None),
    "an entry of ingress": policy(ingress=[None]),
    "policyTypes": policy(policyTypes=None),
    "podSelector": policy(podSelector=None),
    "matchLabels": pods(matchLabels=None),
    "the value of a label": pods(matchLabels={"a": None}),
    "values": pods(matchExpressions=[{"key": "a", "operator": "Exists", "values": None}]),
    "an entry of values": pods(matchExpressions=[{"key": "a", "operator": "In", "values": [None]}]),
    "spec": {**policy(), "spec": None},
    "metadata": {**policy(), "metadata": {"name": "a", "namespace": None, "labels": None, "annotations": {"x": None}}},
}

REFUSED = {
    "an entry of from": (peers(None), "spec.ingress[0].from[0]: names no peer"),
    "the only field of a peer": (peers({"ipBlock": None}), "spec.ingress[0].from[0]: names no peer"),
    "cidr": (peers({"ipBlock": {"cidr": None}}), "spec.ingress[0].from[0].ipBlock.cidr: is missing"),
    "an entry of except": (peers({"ipBlock": {"cidr": "10.0.0.0/8", "except": [None]}}), '"" is not a CIDR'),
    "an entry of policyTypes": (policy(policyTypes=[None]), 'spec.policyTypes[0]: "" is not a policy type'),
    "key": (pods(matchExpressions=[{"key": None, "operator": "Exists"}]), 'matchExpressions[0].key: "" is not a key'),
    "operator": (pods(matchExpressions=[{"key": "a", "operator": None}]), '"" is not an operator'),
    "an unknown key of spec": (policy(foo=None), "spec.foo: unknown key"),
    "an unknown key of a port": (ports({"port": 5, "name": None}), "spec.ingress[0].ports[0].name: unknown key"),
    "status": ({**policy(), "status": None}, "status: unknown key"),
}


def problems(text: str) -> list[str]:
    return [str(problem) for problem in judge(parse_stream(text, "f")).problems]


@pytest.mark.parametrize("field", ACCEPTED)
def test_null_is_taken_where_the_api_server_takes_it(field: str) -> None:
    assert problems(json.dumps(ACCEPTED[field])) == []
    assert parse_cluster([ACCEPTED[field]]).problems == ()


@pytest.mark.parametrize("field", REFUSED)
def test_null_is_refused_where_the_api_server_refuses_it(field: str) -> None:
    document, said = REFUSED[field]
    assert len(problems(json.dumps(document))) >= 1
    assert any(said in problem for problem in problems(json.dumps(document)))


@pytest.mark.parametrize(
    ("number", "next_step"), [("80.0", "write 80"), ("1e3", "write 1000"), ("8.5", "write a whole number or a string")]
)
@pytest.mark.parametrize("field", ["port", "endPort"])
def test_in_json_a_port_has_no_fraction_and_no_exponent(number: str, next_step: str, field: str) -> None:
    text = json.dumps(ports({"port": 5, field: 7777})).replace("7777", number)
    (problem,) = problems(text)
    assert problem.startswith(f"f:1: NetworkPolicy/a spec.ingress[0].ports[0].{field}: {float(number)} is not ")
    assert problem.endswith(next_step.removesuffix(" or a string" if field == "endPort" else "-"))
    assert parse_cluster([json.loads(text)]).problems


def test_in_yaml_the_same_is_a_whole_number() -> None:
    text = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a}\n"
    assert problems(f"{text}spec: {{podSelector: {{}}, ingress: [{{ports: [{{port: 80.0, endPort: 1e3}}]}}]}}\n") == []


DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "d"},
    "spec": {
        "replicas": 2.0,
        "selector": {"matchLabels": {"a": "b"}},
        "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}},
    },
}


def test_whole_numbers_of_other_kinds_have_no_fraction_either() -> None:
    assert problems(json.dumps(DEPLOYMENT)) == ["f:1: Deployment/d spec.replicas: 2.0 is not a whole number; write 2"]
    whole = {**DEPLOYMENT, "spec": {**DEPLOYMENT["spec"], "replicas": 2}}  # type: ignore[dict-item]
    assert problems(json.dumps(whole)) == []


def test_custom_resources_may_have_a_fraction_of_nothing_and_nulls_but_in_lists() -> None:
    rule: dict[str, Any] = {"action": "Deny", "from": [{"namespaces": {}}], "ports": None, "name": None}
    spec = {"priority": 5.0, "subject": {"namespaces": {}}, "ingress": [rule]}
    tier = {"apiVersion": "policy.networking.k8s.io/v1alpha1", "kind": "AdminNetworkPolicy", "metadata": {"name": "a"}}
    assert problems(json.dumps({**tier, "spec": spec})) == []
    broken = {**spec, "ingress": [rule, None]}
    assert any("spec.ingress[1]" in problem for problem in problems(json.dumps({**tier, "spec": broken})))


def annotated(text: str) -> str:
    return json.dumps({**policy(), "metadata": {"name": "a", "annotations": {"x": "TEXT"}}}).replace('"TEXT"', text)


CHARACTERS = {
    "a rocket, as it is": ('"🚀"', "🚀"),
    "a rocket, as JSON escapes it": (r'"\ud83d\ude80"', "🚀"),
    "a rocket in capitals": (r'"\uD83D\uDE80"', "🚀"),
    "the last character": (r'"\udbff\udfff"', "\U0010ffff"),
    "half a pair": (r'"\ud83d and \ude80"', "\ufffd and \ufffd"),
    "the second half first": (r'"\ude80\ud83d"', "\ufffd\ufffd"),
    "no escape at all": (r'"\\ud83d\\ude80"', r"\ud83d\ude80"),
    "a backslash, then a rocket": (r'"\\\ud83d\ude80"', "\\🚀"),
    "next line, byte order mark, NUL, DEL": (r'"\u0085\ufeff\u0000\u007f\u2028"', "\x85\ufeff\0\x7f\u2028"),
    "a slash": (r'"\/"', "/"),
}


@pytest.mark.parametrize("what", CHARACTERS)
def test_any_character_may_stand_in_an_annotation(what: str) -> None:
    text, meaning = CHARACTERS[what]
    assert problems(annotated(text)) == []
    (document,) = parse_documents(annotated(text), "f")
    assert document.value["metadata"]["annotations"] == {"x": meaning}


def test_yaml_has_no_pairs_and_values_are_yaml() -> None:
    assert json_text.as_yaml(r'a: "\ud83d\ude80"') == r'a: "\ud83d\ude80"'
    assert json_text.as_yaml(r'{a: "\ud83d\ude80"}') == r'{a: "\ud83d\ude80"}'


def test_lines_of_json_stay_what_they_are() -> None:
    text = '{"a": "\\ud83d\\ude80",\n "b": {\n"c": 1}}'
    assert line_of(text, ("b", "c")) == 3


def test_what_is_handed_to_a_tool_is_ascii_but_for_what_yaml_cannot_escape() -> None:
    assert as_text({"a": "🚀é\x7f\x85\ufeff\0\ud83d\\ud83d"}) == (
        r'{"a": "🚀\u00e9\u007f\u0085\ufeff\u0000\ufffd\\ud83d"}'
    )


def test_nulls_in_the_dark_stay() -> None:
    schema = {"properties": {"known": {"type": "object"}, "list": {"items": {}}}}
    assert decoded({"known": {"x": None}, "other": None, "list": [None], "gone": {"y": [None]}}, schema) == {
        "known": {"x": None},
        "other": None,
        "list": [None],
        "gone": {"y": [None]},
    }


def test_an_abyss_is_no_json() -> None:
    assert json_text.value_of('{"a":' * 100_000) is None
