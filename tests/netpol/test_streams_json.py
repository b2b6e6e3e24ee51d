"""A long JSON list is read object by object, and broken text is refused with its place."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vcluster_isolation.errors import InputError
from vcluster_isolation.netpol.parse import stream
from vcluster_isolation.netpol.parse.stream import objects

simple = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def read(text: str, chunk: int = stream.CHUNK) -> list[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stream, "CHUNK", chunk)
        return list(objects(io.StringIO(text), "cluster.json"))


@given(st.lists(simple, max_size=4), st.integers(1, 40), st.sampled_from((None, 4)))
def test_the_items_of_a_list_come_out_whatever_the_chunks(items: list[Any], chunk: int, indent: int | None) -> None:
    text = json.dumps({"apiVersion": "v1", "items": items, "kind": "List", "metadata": {}}, indent=indent)
    assert read(text, chunk) == items


@given(simple, st.integers(1, 10))
def test_what_is_no_list_comes_out_whole(value: Any, chunk: int) -> None:
    assert read(f" {json.dumps({'kind': 'Pod', 'spec': value})} ", chunk) == [{"kind": "Pod", "spec": value}]


def test_a_number_at_the_end_is_read_to_its_end() -> None:
    assert read("12345", 2) == [12345]


def test_items_that_are_no_list_are_a_field_like_any() -> None:
    assert read('{"items": {"a": 1}}') == [{"items": {"a": 1}}]


def test_items_come_out_before_the_rest_is_read() -> None:
    source = io.StringIO('{"items": [{"a": 1}, ' + " " * (1 << 22) + "broken")
    assert next(objects(source)) == {"a": 1}
    assert source.tell() <= 2 * stream.CHUNK


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "cluster.json: character 1: not JSON: Expecting value"),
        ('{"items": [1 2]}', "cluster.json: character 14: not JSON: expected ']'"),
        ('{"items": [1,]}', "cluster.json: character 14: not JSON: Expecting value"),
        ('{"items": []', "cluster.json: character 13: not JSON: expected ','"),
        ('{"a": 1} {"b": 2}', "cluster.json: character 10: not JSON: there is more text after the end"),
        ('{"a" 1}', "cluster.json: character 6: not JSON: expected ':'"),
        ('{"a": "b', "cluster.json: character 7: not JSON: Unterminated string starting at"),
        ("[" * 100_000, "cluster.json: character 1: not JSON: values are nested too deeply"),
    ],
)
def test_text_that_is_not_json_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        read(text, 5 if len(text) < 100 else 1 << 20)
    assert str(caught.value) == f"{message}; give the output of kubectl get -o json"


def test_an_object_that_never_ends_is_not_read_to_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "LARGEST", 1000)
    monkeypatch.setattr(stream, "CHUNK", 100)
    source = io.StringIO('{"items": [{"a": "' + "x" * 100_000)
    with pytest.raises(InputError, match="Unterminated string"):
        list(objects(source))
    assert source.tell() < 2000
