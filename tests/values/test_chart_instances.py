"""Where this chart is in the chart that is rendered, and what it sees there: as helm has it, for both helms."""

from __future__ import annotations

import json
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from vcluster_isolation.errors import IsolationError
from vcluster_isolation.helm.package import unpacked
from vcluster_isolation.helm.template import CHART, RenderFailed, Request, template
from vcluster_isolation.kubernetes.api_json import as_text
from vcluster_isolation.tools import PROJECT, find
from vcluster_isolation.values.chart_instances import NAME, by_itself, instances, is_ours
from vcluster_isolation.values.paths import at

POLICY = "policies.networkPolicy"


@pytest.fixture(params=["helm3", "helm4"], autouse=True)
def _helms(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("VCLUSTER_ISOLATION_HELM", str(PROJECT / ".tools" / "bin" / request.param))
    find.cache_clear()
    yield
    find.cache_clear()


def chart(place: Path, name: str, *dependencies: dict[str, Any], values: dict[str, Any] | None = None) -> Path:
    """Write a chart with these dependencies, of which the caller puts the charts into `charts/`."""
    folder = place / name
    (folder / "charts").mkdir(parents=True)
    whole = [{"version": ">=0", "repository": "file://x", **dependency} for dependency in dependencies]
    head = {"apiVersion": "v2", "name": name, "version": "0.1.0", "dependencies": whole}
    (folder / "Chart.yaml").write_text(json.dumps(head))
    (folder / "values.yaml").write_text(json.dumps(values or {}))
    return folder


def ours(into: Path) -> None:
    """Put this chart into another."""
    shutil.copytree(CHART, into / "charts" / NAME)


def packed(folder: Path) -> Path:
    """Return the package of a chart."""
    package = folder.with_suffix(".tgz")
    with tarfile.open(package, "w:gz") as file:
        file.add(folder, folder.name)
    return package


def request(of: Path, **values: Any) -> Request:
    path = of.parent / "values.yaml"
    path.write_text(as_text(values))
    return Request((path,), "rel", "ns", of)


def test_the_chart_itself_is_one_instance_and_helm_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vcluster_isolation.values.chart_instances.template", None)
    (found,) = instances(Request((), "rel", "ns", CHART, "policies: {networkPolicy: {enabled: true}}"))
    assert (found.path, at(found.values, f"{POLICY}.enabled"), at(found.defaults, f"{POLICY}.enabled")) == (
        (),
        True,
        False,
    )
    assert len(found.renames) > 3
    assert found.schema == (CHART / "values.schema.json").read_text(encoding="utf-8")


def test_two_aliases_are_two_instances(tmp_path: Path) -> None:
    umbrella = chart(tmp_path, "umb", {"name": NAME, "alias": "red"}, {"name": NAME, "alias": "blue"})
    ours(umbrella)
    values = request(umbrella, red={"vcluster": {"name": "r"}}, blue={"vcluster": {"name": "b"}})
    for of in (umbrella, packed(umbrella)):
        found = instances(Request(values.values, "rel", "ns", of))
        assert [(one.path, one.source, at(one.values, "vcluster.name")) for one in found] == [
            (("blue",), "umb/charts/blue", "b"),
            (("red",), "umb/charts/red", "r"),
        ]


def test_a_packed_subchart_of_a_subchart_is_found_by_its_whole_path(tmp_path: Path) -> None:
    inner = chart(tmp_path, "inner", {"name": NAME})
    ours(inner)
    outer = chart(tmp_path, "outer", {"name": "inner", "alias": "tenant"})
    shutil.move(packed(inner), outer / "charts" / "inner-0.1.0.tgz")
    values = request(outer, tenant={NAME: {"vcluster": {"name": "deep"}}})
    (found,) = instances(values)
    assert found.path == ("tenant", NAME)
    assert at(found.values, "vcluster.name") == "deep"
    assert found.below({"a": 1}) == {"tenant": {NAME: {"a": 1}}}


CONDITION = {"name": NAME, "alias": "fence", "condition": "fence.enabled,global.fence", "tags": ["walls"]}
SWITCHED: list[tuple[dict[str, Any], bool]] = [
    ({}, True),
    ({"fence": {"enabled": False}}, False),
    ({"fence": {"enabled": True}}, True),
    ({"global": {"fence": False}}, False),
    ({"fence": {"enabled": True}, "global": {"fence": False}}, True),
    ({"tags": {"walls": False}}, False),
    ({"tags": {"walls": False}, "fence": {"enabled": True}}, True),
]


@pytest.mark.parametrize(("values", "on"), SWITCHED)
def test_conditions_and_tags_switch_it(tmp_path: Path, values: dict[str, Any], *, on: bool) -> None:
    umbrella = chart(tmp_path, "umb", CONDITION)
    ours(umbrella)
    assert [one.path for one in instances(request(umbrella, **values))] == ([("fence",)] if on else [])


def test_global_values_and_those_of_the_umbrella_arrive(tmp_path: Path) -> None:
    below = {"policies": {"networkPolicy": {"enabled": True, "fallbackDns": "1.1.1.1"}}}
    umbrella = chart(tmp_path, "umb", {"name": NAME, "alias": "fence"}, values={"fence": below, "global": {"a": 1e6}})
    ours(umbrella)
    (found,) = instances(request(umbrella, fence={"policies": {"networkPolicy": {"labels": {"x": "🚀"}}}}))
    policy = at(found.values, POLICY)
    assert (policy["enabled"], policy["fallbackDns"], policy["labels"]) == (True, "1.1.1.1", {"x": "🚀"})
    assert found.values["global"] == {"a": 1_000_000}
    assert isinstance(found.values["global"]["a"], int)
    assert at(found.defaults, f"{POLICY}.fallbackDns") == "8.8.8.8"


def test_values_that_another_subchart_exports_arrive(tmp_path: Path) -> None:
    exports = {"exports": {"walls": {"fence": {"telemetry": {"enabled": False}}}}}
    umbrella = chart(tmp_path, "umb", {"name": NAME, "alias": "fence"}, {"name": "facts", "import-values": ["walls"]})
    ours(umbrella)
    shutil.move(chart(tmp_path, "facts", values=exports), umbrella / "charts" / "facts")
    (found,) = instances(request(umbrella))
    assert at(found.values, "telemetry.enabled") is False


def sources(manifests: str) -> list[str]:
    """Return the template of each document."""
    return [line.removeprefix("# Source: ") for line in manifests.splitlines() if line.startswith("# Source: ")]


@pytest.mark.parametrize("null", [{"fallbackDns": None}, {"hostDns": {"presets": None}}])
def test_a_default_that_null_removes_is_rendered_by_itself_as_it_is_in_the_umbrella(
    tmp_path: Path, null: dict[str, Any]
) -> None:
    umbrella = chart(tmp_path, "umb", {"name": NAME, "alias": "fence"})
    ours(umbrella)
    values = request(umbrella, fence={"policies": {"networkPolicy": {"enabled": True, **null}}})
    (found,) = instances(values)
    with by_itself(values, found) as alone:
        rendered = template(alone).replace(f"# Source: {NAME}/", "# Source: umb/charts/fence/")
    assert rendered == template(values)
    assert all(map(found.made, sources(rendered)))


def test_what_other_charts_render_is_not_its_own(tmp_path: Path) -> None:
    umbrella = chart(tmp_path, "umb", {"name": NAME, "alias": "fence"})
    ours(umbrella)
    (umbrella / "templates").mkdir()
    (umbrella / "templates" / "x.yaml").write_text("kind: A\napiVersion: v1\nmetadata: {name: x}\n")
    values = request(umbrella, fence={"policies": {"networkPolicy": {"enabled": True}}})
    (found,) = instances(values)
    every = sources(template(values))
    own = [source for source in every if found.made(source)]
    assert len(own) == 4
    assert all(source.startswith("umb/charts/fence/templates/") for source in own)
    assert set(every) - set(own) == {"umb/templates/x.yaml"}


def test_a_chart_without_it_has_none_and_one_of_another_name_is_known_by_its_renames(tmp_path: Path) -> None:
    assert instances(request(chart(tmp_path, "other"))) == []
    fork = tmp_path / "fork"
    shutil.copytree(CHART, fork)
    (fork / "Chart.yaml").write_text("apiVersion: v2\nname: acme-walls\nversion: 0.1.0\n")
    assert is_ours(fork)
    assert is_ours(packed(fork))
    (fork / "renames.yaml").unlink()
    assert not is_ours(fork)


def test_missing_subcharts_are_said_with_what_to_do(tmp_path: Path) -> None:
    umbrella = chart(tmp_path, "umb", {"name": NAME}, {"name": "gone"})
    ours(umbrella)
    with pytest.raises(RenderFailed) as raised:
        instances(request(umbrella))
    assert str(umbrella) in str(raised.value).splitlines()[0]
    assert str(raised.value).endswith("fetch its subcharts first: helm dependency build CHART")


def test_what_is_no_chart_is_said(tmp_path: Path) -> None:
    with pytest.raises(IsolationError, match=r"has no Chart\.yaml; give a chart's folder"):
        instances(Request((), chart=tmp_path))


def test_a_broken_package_is_no_chart_and_no_surprise(tmp_path: Path) -> None:
    whole = bytearray(packed(chart(tmp_path, "umb")).read_bytes())
    middle = len(whole) // 2
    for content in (whole[:middle], whole[:middle] + b"x" * 20 + whole[middle + 20 :], b"text", b""):
        package = tmp_path / "broken.tgz"
        package.write_bytes(content)
        said = r"broken\.tgz: (cannot be read as a chart|has no Chart\.yaml)"  # after noise, tar may see an early end
        with pytest.raises(IsolationError, match=said):
            instances(Request((), chart=package))
        with pytest.raises(IsolationError, match=said), unpacked(package):
            pass


def test_a_broken_package_among_the_subcharts_is_said_in_helms_words(tmp_path: Path) -> None:
    umbrella = chart(tmp_path, "umb", {"name": NAME})
    (umbrella / "charts" / "x.tgz").write_bytes(b"text")
    with pytest.raises(RenderFailed) as raised:
        instances(request(umbrella))
    assert str(umbrella) in str(raised.value)
