"""Values files are laid over each other, and over a chart's defaults, exactly as helm does it."""

from __future__ import annotations

import base64
import json
import re
import tarfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vcluster_isolation.errors import IsolationError
from vcluster_isolation.helm.template import Request, template
from vcluster_isolation.tools import find
from vcluster_isolation.values.layers import Layer, coalesce_values, locate, overlay, read_chart_file
from vcluster_isolation.values.strict_yaml import parse_mapping

DEFAULTS = {"a": {"b": 1, "c": {"d": 2}, "l": [1, 2]}, "s": 5, "m": {"k": {"z": 1}}}

CASES: list[list[dict[str, Any]]] = [
    [],
    [{}],
    [{"a": {"b": 9}}],
    [{"a": None}],
    [{"a": {"b": None, "c": None, "new": None, "newer": {"x": None}}}],
    [{"s": None, "top": None, "tops": {"x": None, "z": {"w": None}}, "l": [None, {"a": None}]}],
    [{"a": 5}],
    [{"s": {"x": 1}}],
    [{"m": {"k": 5}}],
    [{"a": {"l": []}}],
    [{"a": {"b": 1}}, {"a": {"b": 2, "e": 3}}],
    [{"a": None}, {"a": {"c": {"e": 1}}}],
    [{"a": {"c": {"e": 1}}}, {"a": None}],
    [{"a": {"c": {"e": 1}}}, {"a": {"c": None}}, {"a": {"c": {"f": None}}}],
    [{"x": [1, 2]}, {"x": [3]}],
    [{"x": {"q": 1}}, {"x": 1}],
    [{"x": 1}, {"x": {"q": 1}}],
]


@pytest.fixture(scope="module")
def echo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a chart with defaults that prints the values its template sees."""
    chart = tmp_path_factory.mktemp("echo")
    (chart / "templates").mkdir()
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: echo\nversion: 0.0.1\n")
    (chart / "values.yaml").write_text(json.dumps(DEFAULTS))
    (chart / "templates" / "echo.yaml").write_text("# values {{ toJson .Values | b64enc }}\n")
    return chart


def seen_by_helm(chart: Path, folder: Path, layers: list[dict[str, Any]], helm: str) -> Any:
    paths = [folder / f"{index}.yaml" for index in range(len(layers))]
    for path, layer in zip(paths, layers, strict=True):
        path.write_text(json.dumps(layer))
    printed = template(Request(values=tuple(paths), chart=chart), helm=find(helm))
    return json.loads(base64.b64decode(printed.partition("# values ")[2].split()[0]))


@pytest.mark.parametrize("helm", ["helm3", "helm4"])
@pytest.mark.parametrize("layers", CASES)
def test_layers_are_merged_as_helm_merges_them(
    echo: Path, tmp_path: Path, layers: list[dict[str, Any]], helm: str
) -> None:
    assert coalesce_values(DEFAULTS, overlay(layers)) == seen_by_helm(echo, tmp_path, layers, helm)


VALUES = st.recursive(
    st.none() | st.integers(0, 3) | st.lists(st.integers(0, 3), max_size=2),
    lambda inner: st.dictionaries(st.sampled_from("abcdklmsz"), inner, max_size=4),
    max_leaves=10,
)
LAYER = st.dictionaries(st.sampled_from("amsx"), VALUES, max_size=3)


@settings(
    max_examples=settings().max_examples // 6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(LAYER, min_size=1, max_size=3))
def test_random_layers_are_merged_as_helm_merges_them(echo: Path, tmp_path: Path, layers: list[dict[str, Any]]) -> None:
    assert coalesce_values(DEFAULTS, overlay(layers)) == seen_by_helm(echo, tmp_path, layers, "helm4")


def test_merging_changes_no_layer() -> None:
    layers = [{"a": {"b": 1}}, {"a": {"c": 2}}]
    assert coalesce_values(DEFAULTS, overlay(layers))["a"]["c"] == 2
    assert layers == [{"a": {"b": 1}}, {"a": {"c": 2}}]
    assert DEFAULTS["a"] == {"b": 1, "c": {"d": 2}, "l": [1, 2]}


def layer(name: str, text: str) -> Layer:
    return Layer(name, text, parse_mapping(text, name))


TWO = [layer("one", "# c\na:\n  b: [1, 2]\n  c: 1\n"), layer("two", "x: 1\na:\n\n  b: [3]\n")]


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (("a", "c"), ("one", 4)),
        (("a", "b"), ("two", 4)),
        (("a", "b", 0), ("two", 4)),
        (("a", "b", 1), ("one", 3)),
        (("a", "b", 2), ("two", 4)),
        (("a", "missing", 3), ("two", 2)),
        (("x",), ("two", 1)),
        (("nowhere",), (None, None)),
        ((), (None, None)),
    ],
)
def test_a_key_is_located_in_the_last_file_that_has_it(
    path: tuple[str | int, ...], place: tuple[str | None, int | None]
) -> None:
    assert locate(TWO, path) == place


def test_of_one_file_everything_is_about_that_file() -> None:
    assert locate(TWO[:1], ("nowhere",)) == ("one", None)


@pytest.fixture
def packaged(echo: Path, tmp_path: Path) -> Path:
    package = tmp_path / "echo-0.0.1.tgz"
    with tarfile.open(package, "w:gz") as file:
        file.add(echo / "Chart.yaml", "echo/charts/sub/values.yaml")
        file.add(echo / "values.yaml", "echo/values.yaml")
    return package


def test_a_package_is_read_as_its_folder_is(echo: Path, packaged: Path) -> None:
    assert read_chart_file(packaged, "values.yaml") == read_chart_file(echo, "values.yaml") == json.dumps(DEFAULTS)
    assert read_chart_file(packaged, "values.schema.json") is None
    assert read_chart_file(echo, "values.schema.json") is None


NO_CHARTS = [
    (None, "No such file or directory"),
    (b"no package", "it is no .tgz, or a damaged one"),
    (b"\x1f\x8b\x08\x00cut short", "it is no .tgz, or a damaged one"),
]


@pytest.mark.parametrize(("content", "why"), NO_CHARTS)
def test_what_is_no_chart_is_an_error_that_names_it(tmp_path: Path, content: bytes | None, why: str) -> None:
    chart = tmp_path / "ch\x1bart.tgz"
    if content is not None:
        chart.write_bytes(content)
    with pytest.raises(
        IsolationError, match=rf"ch\\x1bart\.tgz: cannot be read as a chart: {re.escape(why)}; give the"
    ):
        read_chart_file(chart, "values.yaml")
