"""The chart works alone, packaged, linted, and as a subchart under its own name, an alias and a condition."""

from __future__ import annotations

import json
import os
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.chart import oracle
from tests.chart.rendering import HELMS, Json, isolating, text
from vcluster_isolation import tools
from vcluster_isolation.docs.blocks import read_values
from vcluster_isolation.helm import template as helm
from vcluster_isolation.tools import PROJECT
from vcluster_isolation.values import strict_yaml

BOTH = pytest.mark.parametrize("which", HELMS)
Umbrella = Callable[..., Path]


@pytest.fixture(autouse=True)
def helm_keeps_to_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give helm a home of its own: `dependency` and `package` write caches."""
    for variable in ("HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"):
        monkeypatch.setenv(variable, str(tmp_path / variable))


def call(which: str, *arguments: str | Path) -> str:
    done = tools.run([HELMS[which], *arguments])
    assert done.code == 0, done.stderr
    return done.stdout


def rendered(which: str, chart: Path, values: Json, *, name: str = "a") -> dict[str, Json]:
    printed = text(values, name=name, which=which, chart=chart)
    return {found.value["metadata"]["name"]: found.value for found in strict_yaml.parse_documents(printed, "rendered")}


@pytest.fixture
def umbrella(tmp_path: Path) -> Umbrella:
    """Return a function that makes a parent chart of ours and of a vcluster chart, and fetches ours into it."""

    def make(which: str, **dependency: Any) -> Path:
        parent = tmp_path / "umbrella"
        fake = parent / "charts" / "vcluster"
        (fake / "templates").mkdir(parents=True)
        (fake / "Chart.yaml").write_text("apiVersion: v2\nname: vcluster\nversion: 0.31.0\n", encoding="utf-8")
        (fake / "templates" / "cm.yaml").write_text(
            'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: "the-vcluster"}\ndata: {values: {{ toJson .Values | quote }}}\n',
            encoding="utf-8",
        )
        ours = {"name": "vcluster-isolation", "version": "0.1.0", "repository": f"file://{helm.CHART}", **dependency}
        chart = {"apiVersion": "v2", "name": "umbrella", "version": "1.0.0", "dependencies": [ours]}
        (parent / "Chart.yaml").write_text(yaml.safe_dump(chart), encoding="utf-8")
        call(which, "dependency", "update", parent)
        return parent

    return make


@BOTH
def test_subchart_under_its_own_name_beside_the_vcluster_in_one_release(which: str, umbrella: Umbrella) -> None:
    values = {"global": {"x": 1}, "vcluster-isolation": isolating(), "vcluster": {"controlPlane": {}}}
    found = rendered(which, umbrella(which), values)
    assert found.pop("the-vcluster")["kind"] == "ConfigMap"
    assert found == oracle.expected(isolating())


@BOTH
def test_subchart_under_an_alias_keeps_its_labels(which: str, umbrella: Umbrella) -> None:
    found = rendered(which, umbrella(which, alias="_isolation"), {"_isolation": isolating()})
    found.pop("the-vcluster")
    assert found == oracle.expected(isolating())


@BOTH
@pytest.mark.parametrize("on", [True, False])
def test_subchart_under_a_condition(which: str, umbrella: Umbrella, on: bool) -> None:  # noqa: FBT001 - a parameter of the test
    parent = umbrella(which, condition="vcluster-isolation.enabled")
    found = rendered(which, parent, {"vcluster-isolation": {"enabled": on, **isolating()}})
    assert len(found) == (5 if on else 1)


@BOTH
def test_subchart_sees_global_values_in_references(which: str, umbrella: Umbrella) -> None:
    values = isolating(labels={"region": "{{ .Values.global.region }}"})
    found = rendered(which, umbrella(which), {"global": {"region": "eu-1"}, "vcluster-isolation": values})
    assert found["vc-cp-a"]["metadata"]["labels"]["region"] == "eu-1"


@BOTH
def test_subchart_refuses_unknown_keys_too(which: str, umbrella: Umbrella) -> None:
    parent = umbrella(which)
    with pytest.raises(helm.RenderFailed, match="additional properties 'polices' not allowed"):
        rendered(which, parent, {"vcluster-isolation": {"polices": {}}})


@BOTH
def test_subchart_takes_nulls_of_the_parents_values(which: str, umbrella: Umbrella) -> None:
    values = {**isolating(), "controlPlane": None, "sync": None, "privateNodes": None}
    found = rendered(which, umbrella(which), {"vcluster-isolation": values})
    found.pop("the-vcluster")
    assert found == oracle.expected(isolating())


@BOTH
def test_package_renders_the_same_as_the_folder(which: str, tmp_path: Path) -> None:
    call(which, "package", helm.CHART, "--destination", tmp_path)
    package = tmp_path / "vcluster-isolation-0.1.0.tgz"
    deprecated = isolating(
        outgoingConnections={"platform": False}
    )  # needs renames.yaml, which .helmignore must not drop
    for values in (isolating(), deprecated, {}):
        assert text(values, which=which, chart=package) == text(values, which=which)


@BOTH
def test_package_has_every_file_of_the_chart(which: str, tmp_path: Path) -> None:
    call(which, "package", helm.CHART, "--destination", tmp_path)
    with tarfile.open(tmp_path / "vcluster-isolation-0.1.0.tgz") as package:
        packed = {member.name.removeprefix("vcluster-isolation/") for member in package.getmembers()}
    assert packed == {str(path.relative_to(helm.CHART)) for path in helm.CHART.rglob("*") if path.is_file()}


@BOTH
def test_lint_has_nothing_to_say(which: str, tmp_path: Path) -> None:
    values = tmp_path / "values.yaml"
    values.write_text(json.dumps(isolating()), encoding="utf-8")
    situations: list[list[str | Path]] = [
        [],
        ["--values", values],
        ["--values", PROJECT / "examples" / "vcluster.yaml"],
    ]
    for files in situations:
        assert "0 chart(s) failed" in call(which, "lint", "--strict", helm.CHART, *files)


@BOTH
def test_show_chart_has_what_a_catalogue_shows(which: str) -> None:
    shown = yaml.safe_load(call(which, "show", "chart", helm.CHART))
    assert {"name", "version", "appVersion", "description", "keywords", "kubeVersion", "maintainers", "type"} <= set(
        shown
    )
    assert {
        "artifacthub.io/category",
        "artifacthub.io/license",
        "artifacthub.io/links",
        "artifacthub.io/changes",
    } <= set(shown["annotations"])


@BOTH
def test_show_values_has_every_value_with_its_meaning(which: str) -> None:
    shown = call(which, "show", "values", helm.CHART)
    assert all(value.description.split(maxsplit=1)[0] in shown for value in read_values())
    assert yaml.safe_load(shown) == yaml.safe_load((helm.CHART / "values.yaml").read_text(encoding="utf-8"))
    assert "helm show values" in call(which, "show", "readme", helm.CHART)


@BOTH
def test_package_shows_the_readme_too(which: str, tmp_path: Path) -> None:
    call(which, "package", helm.CHART, "--destination", tmp_path)
    package = tmp_path / "vcluster-isolation-0.1.0.tgz"
    assert call(which, "show", "readme", package) == call(which, "show", "readme", helm.CHART)


@BOTH
def test_a_whole_vcluster_yaml_is_given_unchanged(which: str) -> None:
    example = strict_yaml.parse_mapping(strict_yaml.read_text(PROJECT / "examples" / "vcluster.yaml"), "")
    assert rendered(which, helm.CHART, example, name="team-a") == oracle.expected(example, "team-a")
    assert len(example) > 6, "the example must hold sections that say nothing about networking"


@BOTH
def test_beside_a_vcluster_names_selectors_and_labels_follow_the_vcluster(which: str) -> None:
    values = {**isolating(), "vcluster": {"name": "team-a"}}
    assert rendered(which, helm.CHART, values, name="team-a-isolation") == oracle.expected(isolating(), "team-a")


def test_no_file_of_the_project_is_a_symbolic_link() -> None:
    for folder, folders, files in os.walk(PROJECT):
        folders[:] = [
            name for name in folders if name not in {".git", ".venv", ".tools"} and not name.endswith("_cache")
        ]
        links = [name for name in (*folders, *files) if (Path(folder) / name).is_symlink()]
        assert links == [], folder
