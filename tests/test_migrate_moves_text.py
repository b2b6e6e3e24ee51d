"""Moving keys as lines of text, apart from which keys those are."""

from __future__ import annotations

import pytest

from vcluster_isolation.migration.layout import CannotEdit, read, write
from vcluster_isolation.migration.meaning import check_meaning, has_own
from vcluster_isolation.migration.moves import edit

MOVE = [(("a", "b"), ("a", "c", "d"))]


def test_a_file_is_written_as_it_was_read() -> None:
    text = "%YAML 1.1\n---\n# c\n\na:   # d\n     \n   b: 1\t# e\n   # f\n  # g\nz: [1,\n 2]\n...\n# h\n"
    assert "".join(write(read(text, {"a": {"b": {}}}))) == text


def test_text_after_the_end_of_the_document_stays_there() -> None:
    assert edit("a:\n b: 1\n...\n# end\n", MOVE, []) == "a:\n c:\n  d: 1\n...\n# end\n"


def test_a_hash_in_a_text_is_no_comment() -> None:
    text = "a:\n  x: |\n    1\n    # 2\n  b: 3\n"
    assert edit(text, MOVE, []) == "a:\n  x: |\n    1\n    # 2\n  c:\n    d: 3\n"


def test_a_comment_further_out_stays_with_the_key_above_it() -> None:
    assert edit("a:\n  b:\n  - 1\n # out\n  x: 1\n", MOVE, []) == "a:\n  c:\n    d:\n    - 1\n   # out\n  x: 1\n"


def test_a_comment_further_out_stays_below_the_last_key() -> None:
    assert edit("a:\n  b:\n  - 1\n # out\nz: 1\n", MOVE, []) == "a:\n  c:\n    d:\n    - 1\n # out\nz: 1\n"


def test_a_key_that_leaves_takes_the_blank_lines_above_it_away() -> None:
    assert edit("a:\n  c: {}\n\n\n  b: 1\n\n  z: 1\n", MOVE, []) == "a:\n  c:\n    d: 1\n\n  z: 1\n"


def test_lines_of_spaces_inside_a_text_move_with_it() -> None:
    assert edit("a:\n  b: |\n    1\n      \n    2\n", MOVE, []) == "a:\n  c:\n    d: |\n      1\n        \n      2\n"


def test_a_key_moves_out_as_well_as_in() -> None:
    text = "a:\n    x:\n        b:\n            - 1\n    c:\n     e: 1\n"
    assert edit(text, [(("a", "x", "b"), ("a", "c", "d"))], []) == "a:\n    c:\n     e: 1\n     d:\n         - 1\n"


@pytest.mark.parametrize("value", ["1", "~", "[]", ""])
def test_a_value_where_a_mapping_has_to_be_is_refused(value: str) -> None:
    with pytest.raises(CannotEdit, match=r"a value stands where a mapping is needed \(line 3\)"):
        edit(f"a:\n  b: 1\n  c: {value}\n", MOVE, [])


MEANT = "a:\n  b: 012\n  x: &x [1]\n  y: {k: *x}\n"


def test_the_same_meaning_in_another_layout_is_accepted() -> None:
    check_meaning(MEANT, "{a: {y: {k: [1]}, x: [1], c: {d: 012}}}", MOVE, [])


@pytest.mark.parametrize(
    "new",
    [
        MEANT,
        "a: {c: {d: 10}, x: [1], y: {k: [1]}}",
        "a: {c: {d: '012'}, x: [1], y: {k: [1]}}",
        "a: {c: {d: 012}, x: [1], y: {k: [2]}}",
        "a: {c: {d: 012}, x: [1, 1], y: {k: [1]}}",
        "a: {c: {d: 012}, x: [1], y: {l: [1]}}",
        "a: {c: {d: 012}, x: [1], y: {k: [1]}, z: 1}",
        "a: {c: {d: 012}, x: [1]}",
        "a: {c: {d: 012}, b: 012, x: [1], y: {k: [1]}}",
    ],
)
def test_any_other_meaning_is_refused(new: str) -> None:
    with pytest.raises(CannotEdit, match="the file would mean something else then"):
        check_meaning(MEANT, new, MOVE, [])


def test_a_removed_key_has_to_be_gone() -> None:
    with pytest.raises(CannotEdit):
        check_meaning("a: {b: 1, e: }", "a: {c: {d: 1}, e: }", MOVE, [("a", "e")])
    check_meaning("a: {b: 1, e: }", "a: {c: {d: 1}}", MOVE, [("a", "e")])


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("a: {b: 1}", True),
        ("x: &x 1\na: {b: *x}", True),
        ("x: &x {b: 1}\na: *x", False),
        ("x: &x {b: 1}\na: {<<: *x}", False),
        ("a: 1", False),
    ],
)
def test_a_key_is_own_when_it_is_written_in_its_place(text: str, *, own: bool) -> None:
    assert has_own(text, ("a", "b")) is own
