"""Random values files: whatever their layout, only renamed keys move, and nothing is lost."""

from __future__ import annotations

import copy
import io
import re
from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from vcluster_isolation.migration.manifest import migrate_any
from vcluster_isolation.migration.migrate import migrate
from vcluster_isolation.values.strict_yaml import parse_mapping

MOVES = (
    ("extraControlPlaneRules", "controlPlane.egress"),
    ("extraWorkloadRules", "workload.egress"),
    ("outgoingConnections.platform", "platform.enabled"),
    ("outgoingConnections.ipBlock.cidr", "workload.publicEgress.cidr"),
    ("outgoingConnections.ipBlock.except", "workload.publicEgress.except"),
)
OLD = re.compile(
    r"extra\w+Rules:|outgoingConnections:|ipBlock:|platform:|cidr:|except:"
    r"|(networkPolicy|controlPlane|workload|publicEgress): {|networkPolicy:$|\s*$"
)
NEW = re.compile(r"(networkPolicy|controlPlane|workload|publicEgress|platform|egress|enabled|cidr|except):|# c|\s*$")

# Values as lines: the first goes behind the key, the others below it. `#` becomes a comment of its own name.
RULES = (
    ["[]"],
    ['[{ports: [{port: 5432,   protocol: "TCP"}]}]'],
    ["", "- to:", "  - ipBlock: {cidr: 10.1.2.3/32}", "  ports: [ {port: 012} ]"],
    ["", "  - ports:", "      - port: 8443", "        protocol: 'TCP'", "  - {}"],
    ["", "- to: #", "  #", "  - podSelector: {}", "", "  #", "- {}"],
    ["", "- note: |", "    #hash", "", "    text ", "  more: >-", "    folded", "", "    yes"],
    ["&rules", "- {}"],
    ["[{ports:", '   [{port: "a', '     b"}]}]'],
)
VALUES: dict[str, Any] = {
    "enabled": (["true"], ["yes"]),
    "fallbackDns": (["8.8.8.8"], ['"1.1.1.1"'], ["! 8.8.8.8"]),
    "labels": (["{team: a,   b: 'c'}"], ["", "team: a #", "", "#", "b: 'yes'"]),
    "extraControlPlaneRules": RULES,
    "extraWorkloadRules": RULES[:6],
    "outgoingConnections": {
        "platform": (["true"], ["yes"], ["no"], ["'on'"], ["!!bool true"]),
        "ipBlock": {
            "cidr": (["10.0.0.0/8"], ['"2001:db8::/32"'], ["'0.0.0.0/0'"], ["1e3"], ["012"]),
            "except": (["[10.1.0.0/16]"], ["", "- 10.1.0.0/16", "#", "- '10.2.0.0/16'"], ["", "  - 10.1.0.0/16"]),
        },
    },
    "controlPlane": {"ingress": RULES[:4]},
    "workload": {"ingress": RULES[:4], "publicEgress": {"enabled": (["true"],)}},
}
ABOVE: tuple[list[str], ...] = ([], [], [], ["#"], [""], ["", "#"], ["#", "", "#", "#"])


@st.composite
def mappings(draw: Any, keys: dict[str, Any], *, flow: bool) -> list[str]:
    """A mapping as the lines of a value: in block style, or `{ }` if nothing in it needs several lines."""
    bodies = {
        key: draw(mappings(keys[key], flow=flow) if isinstance(keys[key], dict) else st.sampled_from(keys[key]))
        for key in draw(st.permutations(sorted(keys)))
        if draw(st.integers(0, 3))
    }
    if not bodies or (flow and draw(st.booleans()) and all(len(body) == 1 for body in bodies.values())):
        return ["{" + ",  ".join(f"{key}: {body[0]}" for key, body in bodies.items()) + "}"]
    margin = " " * draw(st.sampled_from([1, 2, 4]))
    lines = [line for key, body in bodies.items() for line in draw(entries(key, body))]
    return ["", *(f"{margin}{line}" if line else "" for line in [*lines, *draw(st.sampled_from(ABOVE))])]


@st.composite
def entries(draw: Any, key: str, body: list[str]) -> list[str]:
    """A key with its value, and now and then comments above and behind."""
    comment = draw(st.sampled_from(["", "", " #", "   #", "\t#"])) if body[0].count("[") == body[0].count("]") else ""
    return [*draw(st.sampled_from(ABOVE)), f"{key}: {body[0]}".rstrip() + comment, *body[1:]]


@st.composite
def values_files(draw: Any, *, flow: bool = True) -> str:
    """A values file with a network policy between other sections; every comment has a name of its own."""
    inside = draw(mappings(VALUES, flow=flow))
    policies = ["", *(f"   {line}" for line in draw(entries("networkPolicy", inside))), "   limitRange: {enabled:  no}"]
    lines = ["---", "#", "sync: {a:   'b'} #", "", "policies:" + policies[0], *policies[1:], "plugins:", "    - x", "#"]
    numbers = iter(range(10_000))
    text = re.sub(r"#(?!hash)", lambda _: f"# c{next(numbers)}", "\n".join(lines))
    text += str(draw(st.sampled_from(["", "\n", "\n\n", "\n...\n"])))
    return text.replace("\n", "\r\n") if draw(st.booleans()) else text


some = settings(max_examples=60, deadline=None)


def moved(values: Any) -> Any:
    """What the values should become, said as plainly as possible."""
    values = copy.deepcopy(values)
    policy = values["policies"]["networkPolicy"]
    for source, target in MOVES:
        *path, last = source.split(".")
        place = policy
        for key in path:
            place = place.get(key, {})
        if last in place:
            value = place[last]
            *path, last = target.split(".")
            place = policy
            for key in path:
                place = place.setdefault(key, {})
            place[last] = value
    for key in ("extraControlPlaneRules", "extraWorkloadRules", "outgoingConnections"):
        policy.pop(key, None)
    return values


@some
@given(values_files())
def test_moves_what_was_renamed_and_nothing_else(text: str) -> None:
    result = migrate(text, "values.yaml")
    assert not result.problems
    assert parse_mapping(result.text, "") == moved(parse_mapping(text, ""))


@some
@given(values_files())
def test_a_second_reader_sees_the_same_keys_moved(text: str) -> None:
    text = text.replace("\t", " ")  # that reader knows no tabs between tokens
    yaml = YAML(typ="safe", pure=True)
    result = migrate(text, "values.yaml").text
    assert yaml.load(io.StringIO(result)) == moved(yaml.load(io.StringIO(text)))


@some
@given(values_files())
def test_keeps_every_comment(text: str) -> None:
    result = migrate(text, "values.yaml").text
    assert sorted(re.findall(r"# c\d+", result)) == sorted(re.findall(r"# c\d+", text))


@some
@given(values_files())
def test_migrating_again_changes_nothing(text: str) -> None:
    once = migrate(text, "values.yaml").text
    assert migrate(once, "values.yaml").text == once


@some
@given(values_files(flow=False))
def test_lines_of_other_keys_stay_as_they_are(text: str) -> None:
    old, new = (Counter(line.lstrip(" ") for line in lines.splitlines()) for lines in (text, migrate(text, "").text))
    assert [line for line in old - new if not OLD.match(line)] == []
    assert [line for line in new - old if not NEW.match(line)] == []


@some
@given(values_files())
def test_text_outside_the_network_policy_is_the_same_bytes(text: str) -> None:
    result = migrate(text, "values.yaml").text
    assert result.partition("networkPolicy:")[0] == text.partition("networkPolicy:")[0]
    assert result.rpartition("   limitRange:")[2] == text.rpartition("   limitRange:")[2]


@some
@given(values_files(), st.sampled_from([1, 2, 7]), st.sampled_from(["|", "|-", "|+", "| # c"]))
def test_values_in_a_template_become_what_they_become_in_a_file(text: str, margin: int, head: str) -> None:
    def template(values: str) -> str:
        line_end = "\r\n" if "\r" in values else "\n"
        lines = [
            f"{' ' * (8 + margin)}{line}" if line else "" for line in values.removesuffix(line_end).split(line_end)
        ]
        head_lines = ["apiVersion: management.loft.sh/v1", "kind: VirtualClusterTemplate"]
        above = [*head_lines, "spec:", "    template:", "      helmRelease:", f"        values: {head}"]
        return line_end.join([*above, *lines, "      after: all", ""])

    assert migrate_any(template(text), "v").text == template(migrate(text, "v").text)
