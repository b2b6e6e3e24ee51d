"""values.yaml, values.schema.json, the templates and renames.yaml say the same thing, deeply and in all directions."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.chart import platform_values
from tests.chart.helm_test_effects import EFFECTS as EFFECTS_ON_THE_POD
from tests.chart.notes_said import EFFECTS
from tests.chart.oracle import DEFAULT_EXCEPT
from tests.chart.rendering import Json, text
from vcluster_isolation.helm.template import CHART
from vcluster_isolation.tools import PROJECT
from vcluster_isolation.values import strict_yaml

SCHEMA: Json = json.loads((PROJECT / "values.schema.json").read_text(encoding="utf-8"))
VALUES_TEXT = (CHART / "values.yaml").read_text(encoding="utf-8")
VALUES: Json = yaml.safe_load(VALUES_TEXT)
RENAMES: list[Json] = yaml.safe_load((CHART / "renames.yaml").read_text(encoding="utf-8"))
TEMPLATES = {
    path.relative_to(CHART).as_posix(): path.read_text(encoding="utf-8")
    for path in (CHART / "templates").rglob("*")
    if path.is_file()
}


def schema_leaves(schema: Json, path: str = "") -> Iterator[tuple[str, Json]]:
    """Yield (dotted path, schema) of every property that is documented, and not only passed over."""
    for key, child in schema.get("properties", {}).items():
        here = f"{path}.{key}" if path else key
        if "properties" in child:
            yield from schema_leaves(child, here)
        elif "default" in child or child.get("deprecated"):
            yield here, child


def value_leaves(values: Json, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (dotted path, default) of every value; an empty map or a list is a leaf."""
    for key, value in values.items():
        here = f"{path}.{key}" if path else key
        if isinstance(value, dict) and value:
            yield from value_leaves(value, here)
        else:
            yield here, value


def comments() -> dict[str, str]:
    """Return the `# --` sentence above each key of values.yaml."""
    found: dict[str, str] = {}
    path: list[str] = []
    sentence = ""
    for line in VALUES_TEXT.splitlines():
        if matched := re.match(r" *# -- (.*)", line):
            sentence = matched[1]
        elif matched := re.match(r"( *)([A-Za-z0-9]+):", line):
            path = [*path[: len(matched[1]) // 2], matched[2]]
            if sentence:
                found[".".join(path)] = sentence
            sentence = ""
    return found


def test_the_charts_schema_is_a_copy_of_the_one_at_the_top() -> None:
    assert (CHART / "values.schema.json").read_bytes() == (PROJECT / "values.schema.json").read_bytes()


def test_schema_and_values_have_the_same_keys_and_defaults() -> None:
    declared = {path: leaf["default"] for path, leaf in schema_leaves(SCHEMA) if not leaf.get("deprecated")}
    assert declared == dict(value_leaves(VALUES))


def test_every_value_has_its_sentence_and_the_schema_says_the_same() -> None:
    described = {path: leaf["description"] for path, leaf in schema_leaves(SCHEMA) if not leaf.get("deprecated")}
    assert described == comments()


def objects(schema: Any) -> Iterator[Json]:
    if isinstance(schema, dict):
        yield schema
        for child in schema.values():
            yield from objects(child)
    elif isinstance(schema, list):
        for child in schema:
            yield from objects(child)


def test_every_map_that_is_ours_refuses_other_keys() -> None:
    policy = SCHEMA["properties"]["policies"]
    for schema in [SCHEMA, SCHEMA["properties"]["vcluster"], *objects(policy), *objects(SCHEMA["$defs"])]:
        if "object" in schema.get("type", []) and "properties" in schema:
            assert schema["additionalProperties"] is False, schema


def test_the_schema_stands_on_its_own() -> None:
    references = [schema["$ref"] for schema in objects(SCHEMA) if isinstance(schema.get("$ref"), str)]
    assert references
    assert all(reference.removeprefix("#/$defs/") in SCHEMA["$defs"] for reference in references)


def test_every_property_is_described() -> None:
    for schema in objects(SCHEMA):
        for key, child in schema.get("properties", {}).items() if "description" in schema else ():
            assert "description" in child or "$ref" in child, key


def used_values() -> set[str]:
    """Return the dotted paths that the templates read, as the longest field chains in them."""
    code = re.sub(
        r"[()]", "", "".join(re.sub(r"\{\{/\*.*?\*/\}\}", "", text, flags=re.DOTALL) for text in TEMPLATES.values())
    )
    return set(re.findall(r"\.Values((?:\.[A-Za-z0-9]+)+)", code)) | set(
        re.findall(r"\$(?:values|policy|public|access|coredns|sync|experimental)((?:\.[A-Za-z0-9]+)+)", code)
    )


def test_no_line_of_a_template_is_longer_than_140_characters() -> None:
    long = [
        f"{path}:{at}"
        for path, text in TEMPLATES.items()
        for at, line in enumerate(text.splitlines(), 1)
        if len(line) > 140
    ]
    assert long == []


def test_every_template_of_objects_resolves_the_values_first() -> None:
    first = '{{- include "vcluster-isolation.resolve-values" . }}\n'
    assert [path for path, text in TEMPLATES.items() if text.startswith(first)] == [
        path for path in TEMPLATES if not path.endswith(".tpl")
    ]


def test_every_declared_value_is_tested_for_its_effect() -> None:
    in_a_cluster = {"policies.networkPolicy.hostApiServer.discover"}  # `helm template` has none to look into
    on_the_pod = {f"isolationTest.{path}" for path in EFFECTS_ON_THE_POD}
    tested = set(EFFECTS) | set(platform_values.EFFECTS) | on_the_pod | in_a_cluster
    assert tested == set(dict(value_leaves(VALUES)))


def test_every_value_that_the_templates_read_is_declared() -> None:
    declared = {key for path, _ in [*schema_leaves(SCHEMA), *value_leaves(VALUES)] for key in path.split(".")} | {
        "enabled"
    }
    for chain in used_values():
        for key in chain.strip(".").split("."):
            assert key in declared | {"a", "b"}, f"a template reads {chain}, which values.yaml does not declare"


@pytest.mark.parametrize("row", RENAMES, ids=[row["from"] for row in RENAMES])
def test_renamed_key_leads_from_a_deprecated_key_to_a_declared_one_and_knows_its_default(row: Json) -> None:
    deprecated = {path for path, leaf in schema_leaves(SCHEMA) if leaf.get("deprecated")}
    defaults = dict(value_leaves(VALUES))
    assert f"policies.networkPolicy.{row['from']}" in deprecated
    for path, default in {row["to"]: row["default"], **row.get("with", {})}.items():
        assert defaults[f"policies.networkPolicy.{path}"] == default


def test_every_deprecated_key_has_its_row() -> None:
    deprecated = {path for path, leaf in schema_leaves(SCHEMA) if leaf.get("deprecated")}
    assert deprecated == {f"policies.networkPolicy.{row['from']}" for row in RENAMES}


def test_the_default_exceptions_are_the_ones_of_vcluster() -> None:
    assert VALUES["policies"]["networkPolicy"]["workload"]["publicEgress"]["except"] == DEFAULT_EXCEPT


def test_the_templates_know_every_default(tmp_path: Path) -> None:
    chart = shutil.copytree(CHART, tmp_path / "chart")
    probe = (
        '{{ $all := include "vcluster-isolation.defaults" . | fromJson }}'
        '{{ include "vcluster-isolation.merge-grants" (list $all (.Files.Get "grants.yaml" | fromYaml).vcluster) }}'
        "{{ toJson $all }}"
    )
    (chart / "templates" / "probe.yaml").write_text(probe, encoding="utf-8")
    (found,) = strict_yaml.parse_documents(text({}, chart=chart), "probe")
    assert found.value == VALUES["policies"]["networkPolicy"]


def test_every_named_template_carries_the_charts_prefix_and_is_used() -> None:
    code = "".join(TEMPLATES.values())
    names = re.findall(r'define "([^"]+)"', code)
    assert len(names) == len(set(names))
    families = re.findall(r'print "(vcluster-isolation\.[a-z.-]+\.)"', code)  # included by a name that is put together
    assert "vcluster-isolation.problems." in families
    for name in names:
        assert name.startswith("vcluster-isolation.")
        assert code.count(f'"{name}"') > 1 or name.startswith(tuple(families)), f"{name} is never used"


def test_no_template_evaluates_what_a_user_wrote_or_looks_up_what_one_names() -> None:
    code = re.sub(r"\{\{/\*.*?\*/\}\}", "", "".join(TEMPLATES.values()), flags=re.DOTALL)
    assert not re.search(r"\btpl\b(?!`)", code)
    found = re.findall(r"\blookup\b.*", code)
    assert found == ['lookup "discovery.k8s.io/v1" "EndpointSlice" "default" "kubernetes" }}']
