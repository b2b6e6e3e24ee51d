"""Moving keys as lines of text, apart from which keys those are."""

from __future__ import annotations

import pytest

from vcluster_isolation.migration.layout import CannotEdit, marked
from vcluster_isolation.migration.meaning import check_meaning, has_own
from vcluster_isolation.migration.moves import edit

MOVE = [(("a", "b"), ("a", "c", "d"))]


@pytest.mark.parametrize(
    ("text", "comments"),
    [
        ("%YAML 1.1\n---\n# c\n\na:   # d\n     \n   b: 1\t# e\n   # f\n  # g\nz: [1,\n 2]\n...\n# h\n", "defg"),
        (
            "a:\n- # b\n  c: |\n    # text\n\n    more\n\n# d\n- e:\n  # f\n  g: {h: 1, # i\n    # j\n    k: 2}\n # l\n# m\n",
            "bdfijlm",
        ),
        (
            "a: # b\n\n  # c\n  d:\n  # e\n  - f\n  # g\n  - h\n  # i\n  j: >-\n    l\n\n# m\nn: 'x\n\n  # y'\n",
            "bcegim",
        ),
    ],
)
def test_every_comment_inside_has_a_mark_and_comes_back(text: str, comments: str) -> None:
    source = marked(text)
    assert [source.plain(line).split() for line in source.lines] == [line.split() for line in text.splitlines()]
    assert sorted(words.strip() for words in source.words.values() if words) == [f"# {name}" for name in comments]


KEPT = {
    "text after the end of the document": ("a:\n b: 1\n...\n# end\n", "a:\n c:\n  d: 1\n...\n# end\n"),
    "directives": ("%YAML 1.1\n---\na: {b: 1}\n", "%YAML 1.1\n---\na: {c: {d: 1}}\n"),
    "a hash in a text": (
        "a:\n  x: |\n    1\n    # 2\n  b: 3\n",
        "a:\n  x: |\n    1\n    # 2\n  c:\n    d: 3\n",
    ),
    "a comment further out, below the last key": (
        "a:\n  b:\n  - 1\n # out\nz: 1\n",
        "a:\n  c:\n    d:\n    - 1\n # out\nz: 1\n",
    ),
    "a comment of the next key": (
        "a:\n  c: {x: 1}\n  b: [1]\n  # z\n  z: 1\n",
        "a:\n  c: {x: 1, d: [1]}\n  # z\n  z: 1\n",
    ),
    "blank lines above a key that leaves go with it": (
        "a:\n  c: {}\n\n\n  b: 1\n\n  z: 1\n",
        "a:\n  c:\n    d: 1\n\n\n\n  z: 1\n",
    ),
    "lines of spaces inside a text": (
        "a:\n  b: |\n    1\n      \n    2\n",
        "a:\n  c:\n    d: |\n      1\n        \n      2\n",
    ),
    "a block scalar that keeps its end": ("a:\n  b: |+\n    1\n\n  z: 1\n", "a:\n  c:\n    d: |+\n      1\n\n  z: 1\n"),
    "a folded scalar": ("a:\n  b: >-\n    1\n    2\n\n    3\n", "a:\n  c:\n    d: >-\n      1\n      2\n\n      3\n"),
    "octals, words and nulls": (
        "a:\n  b: [012, yes, ~, null, 1e3, 0o7, '012', \"no\"]\n  z: {c: , d: ~}\n",
        "a:\n  c:\n    d: [012, yes, ~, null, 1e3, 0o7, '012', \"no\"]\n  z: {c: , d: ~}\n",
    ),
    "octals, words and nulls in braces": (
        "a: {b: [012, yes, ~, null, 1e3, '012'], z: off}\n",
        "a: {c: {d: [012, yes, ~, null, 1e3, '012']}, z: off}\n",
    ),
    "letters beyond ASCII, and signs": (
        "a: {b: \"Grüße 🙂\", z: 'ä'} # é\n",
        "a: {c: {d: \"Grüße 🙂\"}, z: 'ä'} # é\n",
    ),
    "a long line": (f"a: {{b: {'word ' * 60}end}}\n", f"a: {{c: {{d: {'word ' * 60}end}}}}\n"),
    "merge keys": (
        "x: &x {k: 1}\na:\n  <<: *x\n  b: 1\n",
        "x: &x {k: 1}\na:\n  <<: *x\n  c:\n    d: 1\n",
    ),
    "an anchor that others use": (
        "a:\n  b: &b [1]\n  z: *b\n",
        "a:\n  c:\n    d: &b [1]\n  z: *b\n",
    ),
    "an anchor that nothing uses": ("a: &a {b: &b 1}\n", "a: &a {c: {d: &b 1}}\n"),
    "tabs before comments": ("a:\t# x\n  b: 1\t# y\n", "a:\t# x\n  c:\n    d: 1\t# y\n"),
}


@pytest.mark.parametrize(("text", "new"), KEPT.values(), ids=KEPT)
def test_is_kept(text: str, new: str) -> None:
    edited = edit(text, MOVE, [])
    assert edited == new
    check_meaning(text, edited, MOVE, [])


@pytest.mark.parametrize(("text", "new"), KEPT.values(), ids=KEPT)
def test_is_kept_with_line_ends_of_windows(text: str, new: str) -> None:
    assert edit(text.replace("\n", "\r\n"), MOVE, []) == new.replace("\n", "\r\n")


def test_a_key_moves_out_as_well_as_in() -> None:
    text = "a:\n    x:\n        b:\n            c:\n                - 1\n    z:\n        e: 1\n"
    new = "a:\n    z:\n        e: 1\n        d:\n            - 1\n"
    assert edit(text, [(("a", "x", "b", "c"), ("a", "z", "d"))], []) == new


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
