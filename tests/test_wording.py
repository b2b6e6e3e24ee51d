"""A user's own text is shown so that neither a terminal nor a reader mistakes it for ours."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vcluster_isolation.wording import dotted, printable, printable_lines, quoted, undotted


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é 日本 ~", "plain é 日本 ~"),
        ("a\nb\r\tc", r"a\nb\r\tc"),
        ("\x1b[2J\x9b1m\x7f\0", r"\x1b[2J\x9b1m\x7f\x00"),
        ("\u202eevil\u2066\u200b\ufeff", r"\u202eevil\u2066\u200b\ufeff"),
        ("\u2028\u2029\x85\xa0", r"\u2028\u2029\x85\xa0"),
        ("\ud800", r"\ud800"),
    ],
)
def test_what_a_terminal_would_act_upon_is_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text())
def test_whatever_the_text_it_stays_on_one_line(text: str) -> None:
    assert printable(text).isprintable()
    assert quoted(text).isprintable()


def test_lines_of_a_program_are_kept_and_escaped_one_by_one() -> None:
    assert printable_lines("a\x1b\nb\r\nc") == "a\\x1b\nb\nc"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a", '"a"'),
        ('a"b\\', r'"a\"b\\"'),
        (5, "5"),
        (None, "null"),
        ({"a": [True]}, '{"a": [true]}'),
        ("x" * 80, '"' + "x" * 80 + '"'),
        ("x" * 81, '"' + "x" * 78 + '…"'),
        (["x" * 78], '["' + "x" * 78 + '"]'),
        (["x" * 79], '["' + "x" * 78 + "…"),
        (["x" * 200], '["' + "x" * 78 + "…"),
    ],
)
def test_values_are_quoted_and_long_ones_cut(value: Any, shown: str) -> None:
    assert quoted(value) == shown


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        (("a", "b", 2, "c-d_e"), "a.b[2].c-d_e"),
        ((0, "a"), "[0].a"),
        (("labels", "a.b/c"), 'labels["a.b/c"]'),
        (("a", "5"), 'a["5"]'),
        (("a", ""), 'a[""]'),
        (("x: y\n", "z"), r'["x: y\n"].z'),
        ((), ""),
    ],
)
def test_paths_are_written_as_the_user_would_and_read_back(path: tuple[str | int, ...], shown: str) -> None:
    assert dotted(path) == shown
    assert undotted(shown) == path


@given(st.lists(st.text(max_size=8) | st.integers(0, 999), max_size=5))
def test_every_path_is_read_back_as_it_was(path: list[str | int]) -> None:
    assert undotted(dotted(path)) == tuple(path)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (r'labels["a\x1bb\u202e\U0001f600"].c', ("labels", "a\x1bb\u202e\U0001f600", "c")),
        ("the release name", None),
        ("a..b", None),
        ("a[b]", None),
        ('a["b', None),
        (r'a["\xzz"]', None),
        ("a[1", None),
        ("a\n", None),
    ],
)
def test_paths_that_a_template_wrote_are_read_and_other_text_is_not(
    text: str, path: tuple[str | int, ...] | None
) -> None:
    assert undotted(text) == path


def test_json_of_what_is_no_json_is_shown_all_the_same() -> None:
    assert json.loads(quoted({1}))
