"""What strict reading refuses although helm lets it pass, each refusal whole, beside what is accepted."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from vcluster_isolation.errors import InputError, Problem
from vcluster_isolation.values.strict_yaml import (
    STDIN,
    Document,
    line_of,
    parse_documents,
    parse_mapping,
    read_text,
    show_name,
)
from vcluster_isolation.values.strict_yaml.grammar import grammar_mistake


def read_mapping(path: Path) -> dict[str, Any]:
    return parse_mapping(read_text(path), show_name(path))


SPACES = "check the indentation, quotes and colons there"
ESCAPE = "which an editor does not show; remove it, or write it as an escape in double quotes"

REFUSED = [
    ("a: 1\na: 2\n", ["f:2: a: is set again; it was set on line 1; keep one of them"]),
    (
        "a:\n  b: {c: 1, c: 2}\n  d: 1\nx: [{z: 1, z: 2}]\na: 3\na: 4\n",
        [
            "f:2: a.b.c: is set again; it was set on line 2; keep one of them",
            "f:4: x[0].z: is set again; it was set on line 4; keep one of them",
            "f:5: a: is set again; it was set on line 1; keep one of them",
            "f:6: a: is set again; it was set on line 1; keep one of them",
        ],
    ),
    ('a: {1: x, "1": y}\n', ['f:1: a["1"]: is set again; it was set on line 1; keep one of them']),
    ("a: {yes: x, true: y}\n", ["f:1: a.true: is set again; it was set on line 1; keep one of them"]),
    (
        "a: {<<: {x: 1}, <<: {y: 1}}\n",
        ['f:1: a["<<"]: is set again; it was set on line 1; keep one of them'],
    ),
    (
        "a:\n  x: 1\n  w: 2\n  <<: {x: 3, w: 4, z: 5}\n",
        [
            "f:4: a.x: is set on line 2, and << below it overrides it; write << above the other keys",
            "f:4: a.w: is set on line 3, and << below it overrides it; write << above the other keys",
        ],
    ),
    ("a: 1\n---\nb: 2\n", ["f:3: another document begins; keep one document in a values file"]),
    ("---\n---\nb: 2\n", ["f:3: another document begins; keep one document in a values file"]),
    ("- a\n", ["f:1: holds no mapping; write keys and values, like `policies:`"]),
    ("# c\njust text\n", ["f:2: holds no mapping; write keys and values, like `policies:`"]),
    ("a: {1.5: x}\n", ["f:1: a: has a key that is 1.5, which is not a string; put the key in quotes"]),
    ("a: 1\nb: [\n", [f"f:3: is not YAML: did not find expected node content; {SPACES}"]),
    ("a: 'x\n", [f"f:2: is not YAML: found unexpected end of stream; {SPACES}"]),
    (
        "a:\n\tb: 1\n",
        ["f:2: is not YAML: found character that cannot start any token; indent with spaces, not tabs"],
    ),
    (
        "a: @b\n",
        [f"f:1: is not YAML: found character that cannot start any token; {SPACES}"],
    ),
    ("a: 1\na: 2\nb: ]\n", [
        "f:2: a: is set again; it was set on line 1; keep one of them",
        f"f:3: is not YAML: did not find expected node content; {SPACES}",
    ]),
    (
        "%YAML 1.2\n---\na: 1\n",
        ["f:1: asks for a YAML version that helm refuses; remove the %YAML line"],
    ),
    ('a: 1\nb: "\x1b[2J\x07"\n', [f"f:2: holds the character U+001B, {ESCAPE}"]),
    ("# all is well\u2028policies: {}\n", [f"f:1: holds the character U+2028, {ESCAPE}"]),
    ("# all is well\rpolicies: {}\n", [f"f:1: holds the character U+000D, {ESCAPE}"]),
    ("a: x\x85b: y\n", [f"f:1: holds the character U+0085, {ESCAPE}"]),
]  # fmt: skip

ACCEPTED: list[tuple[str, dict[str, Any]]] = [
    ("a: 1\nA: 2\n", {"a": 1, "A": 2}),
    ('a: {1: x, "01": z}\n', {"a": {"1": "x", "01": "z"}}),
    ("a:\n  <<: {x: 3, z: 5}\n  x: 1\n", {"a": {"x": 1, "z": 5}}),
    ("---\na: 1\n---\n", {"a": 1}),
    ("a: 1\n...\n", {"a": 1}),
    ("%YAML 1.1\n---\na: 1\n", {"a": 1}),
    ("a: 1\r\nb: 2\r\n", {"a": 1, "b": 2}),
    ('a: "\\e[2J\\u2028"\n', {"a": "\x1b[2J\u2028"}),
    ("a:\tx\n", {"a": "x"}),
]


def refusals(text: str) -> list[str]:
    with pytest.raises(InputError) as refusal:
        parse_mapping(text, "f")
    assert str(refusal.value).splitlines() == [str(problem) for problem in refusal.value.problems]
    return [str(problem) for problem in refusal.value.problems]


@pytest.mark.parametrize(("text", "messages"), REFUSED)
def test_everything_wrong_is_refused_at_once_with_its_line(text: str, messages: list[str]) -> None:
    assert refusals(text) == messages


@pytest.mark.parametrize(("text", "value"), ACCEPTED)
def test_the_nearest_right_thing_is_accepted(text: str, value: dict[str, Any]) -> None:
    assert parse_mapping(text, "f") == value


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_depth_is_refused_before_any_stack_overflows(opening: str) -> None:
    assert refusals(opening * 100_000) == ["f:1: is nested more than 100 levels deep; flatten it"]


def test_a_hundred_levels_are_read_and_no_more() -> None:
    assert parse_mapping(f"a: {'[' * 99}{']' * 99}", "f")["a"] != []
    assert refusals(f"a: {'[' * 100}{']' * 100}") == ["f:1: is nested more than 100 levels deep; flatten it"]


def doubling(levels: int) -> str:
    """Return YAML whose last value has ten to the power of `levels` values, once aliases are written out."""
    lines = ["a0: &a0 [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, levels)]
    return "\n".join(lines) + "\n"


def test_aliases_that_multiply_are_refused_before_they_cost_anything() -> None:
    assert refusals(doubling(9)) == ["f:5: aliases add more than 100000 values; write the values out, or use fewer"]


def test_aliases_that_do_not_multiply_much_are_read() -> None:
    assert len(parse_mapping(doubling(4), "f")["a3"]) == 10


def test_the_hostile_text_of_a_message_stays_on_its_line() -> None:
    text = '"k: \\e[31m\\nf:9: forged # &x": 1\n"k: \\e[31m\\nf:9: forged # &x": 2\n'
    assert refusals(text) == [
        r'f:2: ["k: \u001b[31m\nf:9: forged # &x"]: is set again; it was set on line 1; keep one of them'
    ]


def test_a_hostile_file_name_stays_on_its_line(tmp_path: Path) -> None:
    path = tmp_path / "a\n\x1b[2Jb.yaml"
    path.write_text("- 1")
    with pytest.raises(InputError) as refusal:
        read_mapping(path)
    assert str(refusal.value).startswith(f"{tmp_path}/a\\n\\x1b[2Jb.yaml:1: holds no mapping")


def test_a_file_that_is_not_there_is_told_apart_from_a_bad_one(tmp_path: Path) -> None:
    path = tmp_path / "none.yaml"
    with pytest.raises(InputError) as refusal:
        read_mapping(path)
    expected = Problem(
        "",
        "cannot be read: No such file or directory",
        "check the name and its permissions",
        "file",
        str(path),
    )
    assert refusal.value.problems == (expected,)


def test_a_file_that_is_not_utf_8_is_refused_with_the_line(tmp_path: Path) -> None:
    path = tmp_path / "latin.yaml"
    path.write_bytes(b"\na: 1\nb: \xe9\n")
    with pytest.raises(InputError) as refusal:
        read_mapping(path)
    assert str(refusal.value) == f"{path}:3: is not UTF-8; save the file as UTF-8"
    path.write_bytes("a: 1\nb: é\n".encode())
    assert read_mapping(path) == {"a": 1, "b": "é"}


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    path = tmp_path / "bom.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert read_mapping(path) == {"a": 1}


def test_a_dash_is_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a: 1\na: 2\n")))
    with pytest.raises(InputError) as refusal:
        read_mapping(STDIN)
    assert str(refusal.value) == "standard input:2: a: is set again; it was set on line 1; keep one of them"


def test_a_stream_of_manifests_keeps_the_line_of_each_document(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text("# Source: x\n---\nkind: A\n---\n# nothing here\n---\n\nkind: B\n")
    assert parse_documents(read_text(path), str(path)) == [
        Document({"kind": "A"}, str(path), 3),
        Document({"kind": "B"}, str(path), 8),
    ]


def test_a_stream_of_manifests_refuses_duplicates_in_all_its_documents() -> None:
    with pytest.raises(InputError) as refusal:
        parse_documents("a: 1\na: 1\n---\n- x\n---\nb: 1\nb: 1\n", "f")
    assert [str(problem) for problem in refusal.value.problems] == [
        "f:2: a: is set again; it was set on line 1; keep one of them",
        "f:4: holds no mapping; write keys and values, like `policies:`",
        "f:7: b: is set again; it was set on line 6; keep one of them",
    ]


def test_a_mistake_without_a_place_is_told_all_the_same() -> None:
    said = grammar_mistake(yaml.YAMLError("odd \x1b"), "")
    assert said == (None, r"is not YAML: odd \x1b", "check its indentation, quotes and colons")


def test_anchors_do_not_outlive_their_document() -> None:
    with pytest.raises(InputError, match=r"f:3: b: alias \*x has no anchor before it"):
        parse_documents("a: &x 1\n---\nb: *x\n", "f")


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("a",), 2),
        (("a", "b", 1), 5),
        (("a", "b", 1, "c"), 5),
        (("a", "b", 1, "d"), 6),
        (("a", "b", 7), 3),
        (("a", "missing", "deeper"), 2),
        (("nothing",), 2),
        ((), 2),
    ],
)
def test_the_line_of_a_path_or_of_the_nearest_one_above_it_is_known(
    path: tuple[str | int, ...], line: int | None
) -> None:
    assert line_of("# c\na:\n  b:\n    - x\n    - c: 1\n      d: 2\n", path) == line


def test_lines_are_told_apart_by_document() -> None:
    text = "a: 1\n---\n---\na: 2\n"
    assert [line_of(text, ("a",), document) for document in (0, 1, 2)] == [1, 4, None]


def test_reading_keeps_no_trace_of_what_a_text_looked_like(tmp_path: Path) -> None:
    path = tmp_path / "v.yaml"
    path.write_text("a: 1\n")
    assert parse_mapping(read_text(path), "v") == read_mapping(path)
