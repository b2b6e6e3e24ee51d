"""Every error of a JSON schema is said in the user's words, at the key it is about."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from vcluster_isolation.errors import IsolationError
from vcluster_isolation.helm.template import CHART
from vcluster_isolation.values.schema import findings as schema
from vcluster_isolation.values.strict_yaml import parse_mapping
from vcluster_isolation.wording import dotted

OURS = schema.read((CHART / "values.schema.json").read_text(encoding="utf-8"), "values.schema.json")
KEY = "use [prefix/]name: prefix a DNS name, name 1 to 63 of A-Z, a-z, 0-9, -, _ and . between letters or digits"


def said(value: Any, rules: dict[str, Any]) -> list[str]:
    found = schema.findings(value, schema.read(json.dumps(rules), "s.json"))
    return [f"{dotted(path)}: {what}; {then}" for path, what, then in found]


def of_a(**rules: Any) -> dict[str, Any]:
    """Return a schema whose key `a` has these rules."""
    return {"properties": {"a": rules}}


NAMES = {"properties": {"name": {}, "size": {}}, "additionalProperties": False}
EITHER = {"anyOf": [{"required": ["x"]}, {"required": ["y"], "properties": {"y": {"type": "string"}}}]}
BY_KIND = {
    "if": {"properties": {"kind": {"enum": ["In"]}}},
    "then": {"required": ["list"], "properties": {"list": {"minItems": 1}}},
    "else": {"properties": {"list": {"maxItems": 0}}},
}

KEYWORDS = [
    (of_a(type="string"), {"a": 1}, "a: 1 is not a string; put it in quotes", {"a": "1"}),
    (of_a(type="string"), {"a": True}, "a: true is not a string; put it in quotes", {"a": "true"}),
    (of_a(type="string"), {"a": None}, "a: null is not a string; write a string", {}),
    (of_a(type=["string", "null"]), {"a": []}, "a: [] is not a string; write a string", {"a": None}),
    (of_a(type="null"), {"a": 1}, "a: 1 is not null; write null", {"a": None}),
    (of_a(type="integer"), {"a": "80"}, 'a: "80" is not a whole number; write it without quotes', {"a": 80}),
    (of_a(type="integer"), {"a": "x"}, 'a: "x" is not a whole number; write a whole number', {"a": 80}),
    (of_a(type="integer"), {"a": 1.5}, "a: 1.5 is not a whole number; write a whole number", {"a": 2}),
    (of_a(type="number"), {"a": "1"}, 'a: "1" is not a number; write it without quotes', {"a": 1.5}),
    (of_a(type="boolean"), {"a": "true"}, 'a: "true" is not true or false; write it without quotes', {"a": True}),
    (of_a(type="boolean"), {"a": 1}, "a: 1 is not true or false; write true or false", {"a": False}),
    (of_a(type="array"), {"a": {}}, "a: {} is not a list; write a list", {"a": []}),
    (of_a(type="object"), {"a": []}, "a: [] is not a mapping; write a mapping", {"a": {}}),
    (
        of_a(type=["string", "integer"]),
        {"a": True},
        "a: true is not a whole number or a string; write a whole number or a string",
        {"a": 1},
    ),
    (of_a(**NAMES), {"a": {"nam": 1}}, "a.nam: unknown key; did you mean name?", {"a": {"name": 1}}),
    (of_a(**NAMES), {"a": {"NAME": 1}}, "a.NAME: unknown key; did you mean name?", {"a": {"name": 1}}),
    (of_a(**NAMES), {"a": {"zzz": 1}}, "a.zzz: unknown key; use one of name, size", {"a": {"size": 1}}),
    (of_a(**NAMES, title="x"), {"a": {"a": 1}}, "a.a: unknown key; did you mean a?", {"a": {}}),
    (
        {"properties": {"b": NAMES}, "additionalProperties": False},
        {"size": 1},
        "size: unknown key; did you mean b.size?",
        {"b": {"size": 1}},
    ),
    (of_a(additionalProperties=False), {"a": {"x": 1}}, "a.x: unknown key; remove it", {"a": {}}),
    (
        of_a(patternProperties={"^[a-z]+$": {}}, additionalProperties=False),
        {"a": {"b c": 1}},
        f'a["b c"]: "b c" is not a key; {KEY}',
        {"a": {"bc": 1}},
    ),
    (
        of_a(patternProperties={"^[a-z]+$": {}}, additionalProperties=False),
        {"a": {"b\n": 1}},
        rf'a["b\n"]: "b\n" is not a key; {KEY}',
        {"a": {"b": 1}},
    ),
    (of_a(propertyNames={"maxLength": 2}), {"a": {"bcd": 1}}, f'a.bcd: "bcd" is not a key; {KEY}', {"a": {"bc": 1}}),
    (of_a(required=["b", "c"]), {"a": {"c": 1}}, "a.b: is missing; add it", {"a": {"b": 1, "c": 1}}),
    (of_a(enum=["TCP", "UDP"]), {"a": "tcp"}, 'a: "tcp" is none of TCP, UDP; did you mean TCP?', {"a": "TCP"}),
    (of_a(enum=["TCP", 5]), {"a": 6}, "a: 6 is none of TCP, 5; use one of them", {"a": 5}),
    (
        of_a(pattern="^a$", description="One a. No more."),
        {"a": "b"},
        'a: "b" does not fit; expected: one a',
        {"a": "a"},
    ),
    (of_a(pattern="^a$"), {"a": "a\n"}, r'a: "a\n" does not fit; see the schema', {"a": "a"}),
    (of_a(allOf=[{"pattern": "^a$"}]), {"a": "a\n"}, r'a: "a\n" does not fit; see the schema', {"a": "a"}),
    (
        of_a(**{"if": {"properties": {"k": {}}}, "then": {"type": "object"}}),
        {"a": 5},
        "a: 5 is not a mapping; write a mapping",
        {"a": {}},
    ),
    (of_a(maxLength=2), {"a": "abc"}, "a: has 3 characters, more than 2; shorten it", {"a": "ab"}),
    (of_a(minLength=2), {"a": "a"}, "a: has 1 characters, fewer than 2; write more", {"a": "ab"}),
    (of_a(minimum=1), {"a": 0}, "a: 0 is below 1; use 1 or more", {"a": 1}),
    (of_a(maximum=9), {"a": 10}, "a: 10 is above 9; use 9 or less", {"a": 9}),
    (of_a(minItems=1), {"a": []}, "a: is empty; add an entry", {"a": [1]}),
    (of_a(minItems=2), {"a": [1]}, "a: has 1 entries, fewer than 2; add an entry", {"a": [1, 2]}),
    (of_a(maxItems=1), {"a": [1, 2]}, "a: has 2 entries, more than 1; remove some", {"a": [1]}),
    (
        of_a(minProperties=1, properties={"x": {}, "y": {}}),
        {"a": {}},
        "a: is empty; set one of x, y",
        {"a": {"x": 1}},
    ),
    (
        of_a(dependencies={"b": ["c"], "d": ["e"]}),
        {"a": {"b": 1}},
        "a.c: is missing; add it, b needs it",
        {"a": {"c": 1}},
    ),
    ({"dependencies": {"b": {"required": ["c"]}}}, {"b": 1}, "c: is missing; add it, b needs it", {"c": 1}),
    (
        of_a(description="Outer.", allOf=[{}, {"pattern": "^a$", "description": "Inner."}]),
        {"a": "b"},
        'a: "b" does not fit; expected: inner',
        {"a": "a"},
    ),
    (
        of_a(dependencies={"b": {"required": ["c"]}}),
        {"a": {"b": 1}},
        "a.c: is missing; add it, b needs it",
        {"a": {"b": 1, "c": 1}},
    ),
    (
        of_a(dependencies={"b": {"properties": {"c": {"type": "integer"}}}}),
        {"a": {"b": 1, "c": "x"}},
        'a.c: "x" is not a whole number, beside b; write a whole number',
        {"a": {"c": "x"}},
    ),
    (
        of_a(dependencies={"b": {"maxProperties": 1}}),
        {"a": {"b": 1, "c": 1, "d": 1}},
        "a: has b together with c and d; make them entries of their own",
        {"a": {"c": 1, "d": 1}},
    ),
    (of_a(**BY_KIND), {"a": {"kind": "In"}}, "a.list: is missing; add it, kind In needs it", {"a": {"kind": "Is"}}),
    (
        of_a(items=BY_KIND),
        {"a": [{"kind": "Is"}, {"kind": "In", "list": []}]},
        "a[1].list: is empty, beside kind In; add an entry",
        {"a": [{"kind": "In", "list": [1]}]},
    ),
    (
        of_a(**BY_KIND),
        {"a": {"kind": "Is", "list": [1]}},
        "a.list: has 1 entries, more than 0, beside kind Is; remove it",
        {"a": {"kind": "Is", "list": []}},
    ),
    (
        {"definitions": {"k/k": BY_KIND}, "properties": {"a": {"$ref": "#/definitions/k~1k"}}},
        {"a": {"kind": "In"}},
        "a.list: is missing; add it, kind In needs it",
        {"a": {"kind": "In", "list": [1]}},
    ),
    (
        of_a(oneOf=[{"type": "integer"}, {"type": ["string", "null"]}]),
        {"a": []},
        "a: [] is not a whole number or a string; write a whole number or a string",
        {"a": "x"},
    ),
    (of_a(**EITHER), {"a": {"y": 1}}, "a.y: 1 is not a string; put it in quotes", {"a": {"y": "1"}}),
    (
        of_a(anyOf=[{"minimum": 5}, {"maximum": 2}]),
        {"a": 3},
        "a: 3 fits none of the forms that are allowed; ",
        {"a": 5},
    ),
    (
        of_a(**{"not": {"type": "string"}}),
        {"a": "x"},
        'a: "x" is not allowed here; change it',
        {"a": 1},
    ),
    (of_a(uniqueItems=True), {"a": [1, 1]}, "a: [1, 1] has non-unique elements; ", {"a": [1, 2]}),
    ({"properties": {"a": False}}, {"a": 1}, "a: is not allowed here; remove it", {}),
    (False, {"a": 1}, ": is not allowed here; remove it", None),
]


@pytest.mark.parametrize(("rules", "refused", "message", "accepted"), KEYWORDS)
def test_each_keyword_has_its_sentence(rules: Any, refused: Any, message: str, accepted: Any) -> None:
    assert said(refused, rules) == [message]
    assert accepted is None or said(accepted, rules) == []


def test_everything_is_said_once_and_in_the_order_of_paths() -> None:
    rules = of_a(type="array", items={"type": "string"}) | {"required": ["b"], "additionalProperties": False}
    value = {"a": [*["x"] * 9, 1, 2], "zz": 1, "aa": 1}
    assert said(value, {**rules, "allOf": [rules]}) == [
        "a[9]: 1 is not a string; put it in quotes",
        "a[10]: 2 is not a string; put it in quotes",
        "aa: unknown key; use one of a",
        "b: is missing; add it",
        "zz: unknown key; use one of a",
    ]


def test_a_rule_that_hangs_on_a_key_is_silent_while_that_key_is_wrong() -> None:
    rules = of_a(**BY_KIND, properties={"kind": {"enum": ["In", "Is"]}})
    assert said({"a": {"kind": "is", "list": [1]}}, rules) == ['a.kind: "is" is none of In, Is; did you mean Is?']


def test_a_rule_about_the_key_it_hangs_on_is_not_silenced_by_itself() -> None:
    rules = of_a(dependencies={"b": {"properties": {"b": {"type": "string"}}}})
    assert said({"a": {"b": 1}}, rules) == ["a.b: 1 is not a string, beside b; put it in quotes"]


HOSTILE = "x\n\x1b[31m: # &a \u202e" + "y" * 200
SHOWN = r'"x\n\u001b[31m: # &a \u202e' + "y" * 46


def test_hostile_text_is_escaped_and_cut_wherever_it_stands() -> None:
    rules = {
        "additionalProperties": False,
        "properties": {
            "enum": {"enum": ["a"]},
            "pattern": {"pattern": "^a$"},
            "type": {"type": "integer"},
            "keys": {"propertyNames": {"pattern": "^a$"}},
            "if": {"if": {"properties": {"b": {"const": 1}}}, "else": {"required": ["c"]}},
            "not": {"not": {"type": "string"}},
            "most": {"dependencies": {"b": {"maxProperties": 1}}},
        },
    }
    value = {
        **dict.fromkeys(("enum", "pattern", "type", "not"), HOSTILE),
        "keys": {HOSTILE: 1},
        "if": {"b": HOSTILE},
        "most": {"b": 1, HOSTILE: 1},
        HOSTILE: 1,
    }
    messages = said(value, rules)
    assert len(messages) == 8
    assert all(message.isprintable() and len(message) < 320 for message in messages)
    assert {message.partition(":")[0] for message in messages} > {"enum", "if.c", "most", "not", "pattern", "type"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", r"^s\.json cannot be used: .*; repair it, or use another chart$"),
        ('{"type": 5}', r"^s\.json cannot be used: 5 is not valid under any of the given schemas; repair it"),
        ('{"pattern": "("}', r"^s\.json cannot be used: "),
    ],
)
def test_what_is_no_schema_is_an_error(text: str, words: str) -> None:
    with pytest.raises(IsolationError, match=words):
        schema.findings("x", schema.read(text, "s.json"), "s.json")


def test_a_schema_that_refers_to_elsewhere_is_an_error_and_nothing_is_fetched() -> None:
    rules = schema.read('{"$ref": "https://example.invalid/s.json"}', "s.json")
    with pytest.raises(IsolationError, match=r"^s\.json cannot be used: "):
        schema.findings({}, rules, "s.json")


def ours(text: str) -> list[str]:
    found = schema.findings(parse_mapping(text, "f"), OURS)
    return [f"{dotted(path)}: {what}; {then}" for path, what, then in found]


def test_a_misspelt_root_key_never_means_no_isolation() -> None:
    assert ours("polices: {networkPolicy: {enabled: true}}\n") == ["polices: unknown key; did you mean policies?"]
    assert ours("policies: {networkPolicy: {enabled: true}}\n") == []


def test_a_key_in_the_wrong_place_is_told_its_place() -> None:
    assert ours("networkPolicy: {enabled: true}\n") == [
        "networkPolicy: unknown key; did you mean policies.networkPolicy?"
    ]


FIELDS = [
    *("policies", "networkPolicy", "workload", "controlPlane", "egress", "ingress", "to", "from", "ports", "port"),
    *("endPort", "protocol", "podSelector", "matchLabels", "matchExpressions", "key", "operator", "values", "ipBlock"),
    *("cidr", "except", "enabled", "labels"),
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 70000) | st.sampled_from(["In", "Exists", "TCP", "a", "10.0.0.0/8"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4),
    max_leaves=20,
)
NODES = ["peer", "port", "requirement", "selector", "ingressRule", "egressRule"]


@given(st.sampled_from(NODES), JSON)
def test_no_error_is_lost_and_none_is_made_up(node: str, value: Any) -> None:
    rules = {"$ref": f"#/$defs/{node}", "$defs": OURS["$defs"]}
    assert (schema.findings(value, rules) == []) == Draft7Validator(rules).is_valid(value)


def test_the_schema_under_test_is_the_charts() -> None:
    assert set(NODES) <= set(OURS["$defs"])
    assert (Path(CHART) / "values.schema.json").is_file()
