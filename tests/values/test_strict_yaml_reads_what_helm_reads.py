"""Our reading of a values file is helm's: the same scalars, keys, merges and documents."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vcluster_isolation.errors import InputError
from vcluster_isolation.helm.template import RenderFailed, Request, template
from vcluster_isolation.tools import find
from vcluster_isolation.values.strict_yaml import parse_mapping

HELMS = ("helm3", "helm4")

ONE_LINE = (Path(__file__).with_name("yaml-nodes.txt")).read_text(encoding="utf-8").splitlines()
SEVERAL_LINES = [
    "!!binary |\n  aGV\n  sbG8=",
    "|\n  x\n  y",
    ">-\n  x\n  y\n\n  z",
    "|+\n  x\n\n",
    '"x\n\n   y"',
    "x\n    y",
    '"x\\\n    y"',
]

REFUSED_BY_BOTH = {
    ".inf": 'f:1: a: ".inf" is not a finite number; put it in quotes',
    "-.INF": 'f:1: a: "-.INF" is not a finite number; put it in quotes',
    ".nan": 'f:1: a: ".nan" is not a finite number; put it in quotes',
    "!!int 1.0": 'f:1: a: "1.0" is tagged !!int and is not one; put it in quotes',
    "!!int x": 'f:1: a: "x" is tagged !!int and is not one; put it in quotes',
    "!!int 1e3": 'f:1: a: "1e3" is tagged !!int and is not one; put it in quotes',
    "!!float x": 'f:1: a: "x" is tagged !!float and is not one; put it in quotes',
    "!!bool 1": 'f:1: a: "1" is tagged !!bool and is not one; put it in quotes',
    "!!null x": 'f:1: a: "x" is tagged !!null and is not one; put it in quotes',
    '!!binary "***"': 'f:1: a: "***" is tagged !!binary and is not base64; put it in quotes',
    "{null: x}": "f:1: a: has a key that is null, which is not a string; put the key in quotes",
    "{[x]: y}": "f:1: a: has a key that is a mapping or list; put the key in quotes",
    "{9223372036854775808: x}": (
        "f:1: a: has a key that is 9223372036854775808, which is not a string; put the key in quotes"
    ),
    "{<<: 1}": 'f:1: a["<<"]: merges what is not a mapping; give << a mapping or a list of them',
    "*x": "f:1: a: alias *x has no anchor before it; write &x before a value above, or quote the text",
    "&x [*x]": ("f:1: a[0]: alias *x stands inside its own anchor; write &x before a value above, or quote the text"),
}


@pytest.fixture(scope="module")
def echo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a chart that prints the values it got, packed so that no character in them matters."""
    chart = tmp_path_factory.mktemp("echo")
    (chart / "templates").mkdir()
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: echo\nversion: 0.0.1\n")
    (chart / "templates" / "echo.yaml").write_text("# values {{ toJson .Values | b64enc }}\n")
    return chart


def read_by_helm(chart: Path, values: str, helm: str) -> Any:
    printed = template(Request(chart=chart, inline=values), helm=find(helm))
    packed = next(line for line in printed.splitlines() if line.startswith("# values "))
    return json.loads(base64.b64decode(packed.split()[2]))


def same(ours: Any, theirs: Any) -> bool:
    """Whether two JSON values are equal, where every number is the 64-bit float that a template sees."""
    match ours, theirs:
        case dict(), dict():
            return ours.keys() == theirs.keys() and all(same(ours[key], theirs[key]) for key in ours)
        case list(), list():
            return len(ours) == len(theirs) and all(map(same, ours, theirs))
        case (bool(), _) | (_, bool()):
            return ours is theirs
        case ((int() | float()), (int() | float())):
            return float(ours) == float(theirs)
        case _:
            return type(ours) is type(theirs) and bool(ours == theirs)


def differences(words: list[str], chart: Path, helm: str) -> list[tuple[str, Any, Any]]:
    values = "all:\n" + "".join(f"- {word}\n" for word in words)
    ours, theirs = parse_mapping(values, "values")["all"], read_by_helm(chart, values, helm)["all"]
    triples = zip(words, ours, theirs, strict=True)
    return [(word, mine, helms) for word, mine, helms in triples if not same(mine, helms)]


@pytest.mark.parametrize("helm", HELMS)
def test_every_nasty_scalar_is_read_as_helm_reads_it(echo: Path, helm: str) -> None:
    assert differences(ONE_LINE + SEVERAL_LINES, echo, helm) == []


def test_the_comparison_tells_true_from_one_and_text_from_numbers() -> None:
    assert not same({"a": [True]}, {"a": [1]})
    assert not same("1", 1)
    assert not same(None, "")
    assert not same([1], [1, 2])


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text("0123456789_+-.eExXoObBnNyYaFfsS~", min_size=1, max_size=8), min_size=150, max_size=150))
def test_random_number_like_scalars_are_read_as_helm_reads_them(echo: Path, words: list[str]) -> None:
    words = [word for word in words if word.strip("+").lower() not in {"-", ".nan"} and not word.startswith("---")]
    assert differences(words, echo, "helm3") == []


@pytest.mark.parametrize("helm", HELMS)
@pytest.mark.parametrize(("value", "message"), REFUSED_BY_BOTH.items())
def test_what_helm_cannot_read_is_refused_with_its_place(echo: Path, value: str, message: str, helm: str) -> None:
    with pytest.raises(InputError) as refusal:
        parse_mapping(f"a: {value}\n", "f")
    assert str(refusal.value) == message
    with pytest.raises(RenderFailed):
        read_by_helm(echo, f"a: {value}\n", helm)


@pytest.mark.parametrize("helm", HELMS)
@pytest.mark.parametrize("empty", ["\n", "# a comment\n", "---\n", "~\n", "null\n", "---\n...\n"])
def test_an_empty_file_is_an_empty_mapping(echo: Path, empty: str, helm: str) -> None:
    assert parse_mapping(empty, "f") == {}
    assert read_by_helm(echo, empty, helm) == {}
