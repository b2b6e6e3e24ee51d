"""Values files, manifests, folders and standard input: what a file is, its content says."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest
import yaml

from tests.connectivity.flows import manifests, pod
from tests.subject.subjects import VALUES, subject
from vcluster_isolation.errors import InputError, IsolationError
from vcluster_isolation.helm.template import CHART, RenderFailed
from vcluster_isolation.subject.inputs import Input, read_input
from vcluster_isolation.subject.subject import Subject

ON = "policies: {networkPolicy: {enabled: true}}\n"


def read(*files: Path, name: str | None = "a", namespace: str | None = "ns", chart: Path = CHART) -> list[Subject]:
    return read_input(files, name=name, namespace=namespace, chart=chart).subjects


def put(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def from_stdin(text: str, monkeypatch: pytest.MonkeyPatch) -> Input:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    return read_input([Path("-")], name="a", namespace="ns", chart=CHART)


def test_values_file_is_a_vcluster() -> None:
    found = read(VALUES / "default.yaml")
    assert [(one.name, one.namespace) for one in found] == [("a", "ns")]
    assert found[0].policies == subject().policies


def test_name_and_namespace_have_the_defaults_of_check() -> None:
    found = read(VALUES / "default.yaml", name=None, namespace=None)
    assert [(one.name, one.namespace) for one in found] == [("my-vcluster", "vcluster-my-vcluster")]


def test_values_files_are_layers_in_their_order(tmp_path: Path) -> None:
    off = put(tmp_path / "off.yaml", "policies: {networkPolicy: {workload: {publicEgress: {enabled: false}}}}")
    assert read(VALUES / "default.yaml", off)[0].policies == subject("public-egress-off").policies


def test_folder_of_values_files_is_read_in_the_order_of_names(tmp_path: Path) -> None:
    put(tmp_path / "10.yaml", ON)
    put(tmp_path / "20.yml", "policies: {networkPolicy: {platform: {enabled: false}}}")
    put(tmp_path / ".hidden.yaml", "policies: {networkPolicy: {enabled: false}}")
    put(tmp_path / ".git" / "x.yaml", "not: [closed")
    put(tmp_path / "notes.txt", "no: [yaml")
    assert read(tmp_path)[0].policies == subject("platform-off").policies


def test_folder_of_manifests_is_read_with_its_folders(tmp_path: Path) -> None:
    put(tmp_path / "b" / "m.yaml", yaml.safe_dump_all(manifests("b", "vcluster-b")))
    put(tmp_path / "a" / "m.json", json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests()}))
    found = read(tmp_path)
    assert [(one.name, one.namespace) for one in found] == [("a", "ns"), ("b", "vcluster-b")]


def test_pods_of_manifests_are_in_the_cluster(tmp_path: Path) -> None:
    path = put(tmp_path / "m.yaml", yaml.safe_dump_all([*manifests(), pod("ns", "p")]))
    found = read_input([path], name=None, namespace=None, chart=CHART)
    assert found.cluster is not None
    assert [one.name for one in found.cluster.pods] == ["p"]


def test_manifests_that_name_no_namespace_are_in_the_one_that_is_given(tmp_path: Path) -> None:
    documents = manifests()
    for one in documents:
        del one["metadata"]["namespace"]
    path = put(tmp_path / "m.yaml", yaml.safe_dump_all(documents))
    assert [one.namespace for one in read(path, namespace="mine")] == ["mine"]
    assert [one.namespace for one in read(path, namespace=None)] == ["default"]


def test_values_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    found = from_stdin(ON + "# more\n", monkeypatch)
    assert found.subjects[0].policies == found.subjects[0].at_default_values[0] == subject().policies


def test_manifests_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    assert from_stdin(yaml.safe_dump_all(manifests()), monkeypatch).subjects[0].policies == subject().policies


@pytest.mark.parametrize(
    "text", ['{"policies": {"networkPolicy": {"enabled": true}}}', "{policies: {networkPolicy: {enabled: true}}}"]
)
def test_values_in_braces_are_read_as_json_or_yaml(text: str, tmp_path: Path) -> None:
    assert read(put(tmp_path / "v.yaml", text))[0].policies == subject().policies


def test_empty_file_is_values_that_isolate_nothing(tmp_path: Path) -> None:
    assert read(put(tmp_path / "v.yaml", ""))[0].policies == ()


def test_policies_that_the_values_render_and_that_are_given_too_are_refused(tmp_path: Path) -> None:
    made = put(tmp_path / "m.yaml", yaml.safe_dump_all(manifests()))
    says = f"NetworkPolicy/ns/vc-cp-a: is rendered by the values, and is in {made} too; leave one of the two out"
    with pytest.raises(InputError, match=re.escape(says)):
        read(VALUES / "default.yaml", made)


def test_everything_that_cannot_be_read_is_said_at_once(tmp_path: Path) -> None:
    broken = put(tmp_path / "broken.yaml", "a: [1\n")
    twice = put(tmp_path / "twice.yaml", "a: 1\na: 2\n")
    with pytest.raises(InputError) as caught:
        read(tmp_path / "missing.yaml", broken, twice)
    assert [one.file for one in caught.value.problems] == [str(tmp_path / "missing.yaml"), str(broken), str(twice)]


def test_manifests_with_problems_are_refused(tmp_path: Path) -> None:
    documents = manifests()
    documents[0]["spec"]["ingress"].append({"ports": [{"port": 70000}]})
    with pytest.raises(InputError, match="70000 is not a port"):
        read(put(tmp_path / "m.yaml", yaml.safe_dump_all(documents)))


def test_manifests_without_a_vcluster_are_refused(tmp_path: Path) -> None:
    with pytest.raises(IsolationError, match="no policy `vc-cp-NAME` is among the manifests"):
        read(put(tmp_path / "m.yaml", yaml.safe_dump(pod("ns", "p"))))


def test_folder_without_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(IsolationError, match=r"has no \.yaml, \.yml or \.json files; name a folder"):
        read(tmp_path)


def test_no_files_are_refused() -> None:
    with pytest.raises(IsolationError, match="there is nothing to read; name values files"):
        read()


def test_refusals_of_the_chart_are_said_in_its_words(tmp_path: Path) -> None:
    path = put(
        tmp_path / "v.yaml", "policies: {networkPolicy: {enabled: true, workload: {publicEgress: {cidr: 10.1.2.3/8}}}}"
    )
    with pytest.raises(InputError, match=r"v\.yaml:1: policies\.networkPolicy\.workload\.publicEgress\.cidr: 10\.1\."):
        read(path)


def test_other_failures_of_helm_are_said_in_helms_words(tmp_path: Path) -> None:
    chart = put(tmp_path / "chart" / "Chart.yaml", "apiVersion: v2\nname: x\nversion: 1.0.0\n").parent
    put(chart / "values.yaml", (CHART / "values.yaml").read_text())
    put(chart / "renames.yaml", (CHART / "renames.yaml").read_text())
    put(chart / "templates" / "x.yaml", '{{ fail "no such luck" }}')
    with pytest.raises(RenderFailed, match="no such luck"):
        read(VALUES / "default.yaml", chart=chart)
