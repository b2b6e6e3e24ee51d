"""Every command takes an umbrella chart, as a folder or packed: each instance of this chart in it is a vCluster."""

from __future__ import annotations

import json
import shutil
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from vcluster_isolation.cli import app as cli
from vcluster_isolation.helm.template import CHART
from vcluster_isolation.kubernetes.api_json import as_text

ON = {"policies": {"networkPolicy": {"enabled": True}}}
OPENING = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: opens
spec:
  podSelector: {}
  ingress:
    # your own rules (workload.ingress)
    - {}
"""


def tenant(name: str, **policy: Any) -> dict[str, Any]:
    return {"vcluster": {"name": name}, "policies": {"networkPolicy": {"enabled": True, **policy}}}


def pack(folder: Path) -> Path:
    with tarfile.open(folder.with_suffix(".tgz"), "w:gz") as file:
        file.add(folder, folder.name)
    return folder.with_suffix(".tgz")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An umbrella with this chart as `red` and `blue`, and a place to write values to."""
    umbrella = tmp_path / "umb"
    shutil.copytree(CHART, umbrella / "charts" / "vcluster-isolation")
    one = {"name": "vcluster-isolation", "version": ">=0", "repository": "file://x"}
    both = [{**one, "alias": name, "condition": f"{name}.enabled"} for name in ("red", "blue")]
    (umbrella / "Chart.yaml").write_text(
        json.dumps({"apiVersion": "v2", "name": "umb", "version": "1.0.0", "dependencies": both})
    )
    (umbrella / "values.yaml").write_text("blue: {enabled: false}\n")
    return umbrella


@pytest.fixture(params=["folder", "package"])
def umbrella(folder: Path, request: pytest.FixtureRequest) -> Path:
    return folder if request.param == "folder" else pack(folder)


def write(name: str = "values.yaml", **values: Any) -> str:
    Path(name).write_text(as_text(values))
    return name


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    def command(*words: object) -> tuple[int, str, str]:
        code = cli.run([str(word) for word in words])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return command


def titles(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("vCluster ")]


def test_each_instance_that_is_on_is_proved_as_a_vcluster(run: Any, umbrella: Path) -> None:
    write(red=tenant("r"), blue=tenant("b"))
    code, text, _ = run("prove", "values.yaml", "--chart", umbrella)
    assert (code, titles(text)) == (1, ["vCluster r in namespace vcluster-my-vcluster"])
    write("on.yaml", blue={"enabled": True})
    code, text, _ = run("prove", "values.yaml", "on.yaml", "--chart", umbrella)
    assert titles(text) == [f"vCluster {name} in namespace vcluster-my-vcluster" for name in "br"]


def test_a_subchart_is_judged_as_the_chart_by_itself_is(run: Any, umbrella: Path) -> None:
    write(red=tenant("r", profile="hardened"))
    write("own.yaml", **tenant("r", profile="hardened"))
    for command in ("prove", "connectivity"):
        assert run(command, "values.yaml", "--chart", umbrella) == run(command, "own.yaml")


def test_the_packed_chart_is_the_chart(run: Any, tmp_path: Path) -> None:
    shutil.copytree(CHART, tmp_path / "vcluster-isolation")
    write(**tenant("r", workload={"egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}]}))
    package = pack(tmp_path / "vcluster-isolation")
    for command in ("prove", "connectivity", "check"):
        assert run(command, "values.yaml", "--chart", package) == run(command, "values.yaml")


def test_what_a_user_opened_is_granted_and_named_by_its_whole_path(run: Any, umbrella: Path) -> None:
    write(red=tenant("r", profile="hardened", workload={"egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}]}))
    _, text, _ = run("prove", "values.yaml", "--chart", umbrella)
    assert "red.policies.networkPolicy.workload.egress" in text
    assert text.count("  granted") > 0
    code, text, _ = run("explain", "workload", "10.1.2.3", "-f", "values.yaml", "--chart", umbrella)
    assert code == 0
    assert "put there by your red.policies.networkPolicy.workload.egress[0]" in text


def test_what_is_missing_is_written_where_the_user_writes_it(run: Any, umbrella: Path) -> None:
    write(red=tenant("r"))
    code, text, _ = run("explain", "workload", "10.1.2.3", "-f", "values.yaml", "--chart", umbrella, "--output", "json")
    assert code == 1
    (missing,) = json.loads(text)["missing"]
    write("more.yaml", **yaml.safe_load(missing["yaml"]))
    assert run("explain", "workload", "10.1.2.3", "-f", "values.yaml", "-f", "more.yaml", "--chart", umbrella)[0] == 0


def test_policies_of_other_charts_count_and_no_comment_of_theirs_grants(run: Any, folder: Path) -> None:
    (folder / "templates").mkdir()
    (folder / "templates" / "x.yaml").write_text(OPENING)
    write(red=tenant("r", profile="hardened", workload={"ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}]}))
    for chart in (folder, pack(folder)):
        _, text, _ = run("prove", "values.yaml", "--chart", chart)
        line = next(
            line for line in text.splitlines() if "No address, and no node but a pod's own, reaches a w" in line
        )
        assert line.startswith("  FAILS")


def test_two_of_one_name_are_refused_by_all(run: Any, umbrella: Path) -> None:
    write(red=ON, blue={"enabled": True, **ON})
    said = (
        "NetworkPolicy/vc-cp-my-vcluster: is defined twice, and only the last one counts (rendered by "
        "umb/charts/blue/templates/vcluster/control-plane.yaml and by umb/charts/red/templates/vcluster/control-plane.yaml); keep one: "
        "give each vCluster its own vcluster.name, or turn off the policies of one of the two charts"
    )
    code, text, _ = run("check", "values.yaml", "--chart", umbrella)
    assert (code, text.splitlines()[0], text.splitlines()[-1]) == (1, said, "4 problems in values.yaml")
    for command in (["prove"], ["connectivity"], ["explain", "workload", "node", "-f"]):
        code, _, error = run(*command, "values.yaml", "--chart", umbrella)
        assert (code, error.splitlines()[0]) == (2, f"error: {said}")


def test_this_chart_beside_another_that_renders_the_same_is_refused(run: Any, folder: Path) -> None:
    """As vCluster's own chart does, which is the other one of an umbrella then."""
    write(red=ON)
    (folder / "templates").mkdir()
    (folder / "templates" / "x.yaml").write_text(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
        "metadata: {name: vc-cp-my-vcluster, namespace: {{ .Release.Namespace }}}\nspec: {podSelector: {}}\n"
    )
    code, text, _ = run("check", "values.yaml", "--chart", folder)
    assert code == 1
    assert "umb/templates/x.yaml" in text
    assert run("prove", "values.yaml", "--chart", folder)[0] == 2


def test_refusals_of_all_instances_are_said_at_once_and_where_they_are_written(run: Any, umbrella: Path) -> None:
    wrong = {"hostApiServer": {"ports": [443]}, "workload": {"publicEgress": {"cidr": "10.1.2.3/8"}}}
    Path("values.yaml").write_text(
        f"red: {as_text(tenant('r', **wrong))}\nblue: {as_text({'enabled': True, **tenant('b', **wrong)})}\n"
    )
    place = "policies.networkPolicy.workload.publicEgress.cidr: 10.1.2.3/8 has bits set beyond its prefix length; "
    code, text, _ = run("check", "values.yaml", "--chart", umbrella)
    lines = [line for line in text.splitlines() if "publicEgress.cidr" in line]
    assert code == 1
    assert [line.partition("write")[0] for line in lines] == [
        f"values.yaml:1: red.{place}",
        f"values.yaml:2: blue.{place}",
    ]
    code, _, error = run("prove", "values.yaml", "--chart", umbrella)
    assert code == 2
    assert [line.removeprefix("error: ") for line in error.splitlines()] == text.splitlines()[:-1]


def test_the_schema_is_heard_for_each_instance_in_check_s_words(run: Any, umbrella: Path) -> None:
    Path("values.yaml").write_text(
        "red:\n  polices: {}\nblue:\n  enabled: true\n  policies: {networkPolicy: {profil: x}}\n"
    )
    code, text, _ = run("check", "values.yaml", "--chart", umbrella)
    assert (code, text.splitlines()) == (
        1,
        [
            "values.yaml:2: red.polices: unknown key; did you mean policies?",
            "values.yaml:5: blue.policies.networkPolicy.profil: unknown key; did you mean profile?",
            "2 problems in values.yaml; their manifests were not judged",
        ],
    )


def test_what_the_umbrella_s_own_values_say_wrong_is_found_there(run: Any, folder: Path) -> None:
    (folder / "values.yaml").write_text("blue: {enabled: false}\nred:\n  policies:\n    networkPolicy: {enabled: 5}\n")
    write()
    for chart in (folder, pack(folder)):
        code, text, _ = run("check", "values.yaml", "--chart", chart)
        assert code == 1
        where = "red.policies.networkPolicy.enabled: 5 is not true or false"
        assert text.startswith(f"{chart}/values.yaml:4: {where}; ")


def test_warnings_name_the_whole_path(run: Any, umbrella: Path) -> None:
    write(red=tenant("r", profile="hardened"))
    code, text, _ = run("check", "values.yaml", "--chart", umbrella)
    assert code == 0
    assert text.startswith("warning: values.yaml:1: red.policies.networkPolicy.hostApiServer.cidrs: is empty, so ")


def test_values_of_no_instance_are_an_error_and_no_verdict(run: Any, umbrella: Path) -> None:
    write(red={"enabled": False})
    code, text, error = run("prove", "values.yaml", "--chart", umbrella)
    assert (code, text) == (2, "")
    assert error == (
        f"error: {umbrella}: renders no policies of a vCluster, and vcluster-isolation is not on in it; "
        "check the conditions and tags of its dependencies, and the values\n"
    )


def test_what_another_chart_renders_for_a_vcluster_is_judged_as_manifests_are(run: Any, tmp_path: Path) -> None:
    other = tmp_path / "other"
    (other / "templates").mkdir(parents=True)
    (other / "Chart.yaml").write_text("apiVersion: v2\nname: other\nversion: 1.0.0\n")
    write("own.yaml", **tenant("r"))
    code, manifests, _ = run("isolate", "own.yaml", "--namespace", "ns")
    assert code == 0
    (other / "templates" / "x.yaml").write_text(manifests)
    Path("m.yaml").write_text(manifests)
    write()
    assert run("prove", "values.yaml", "--chart", other, "--namespace", "ns") == run("prove", "m.yaml")


def test_diff_takes_umbrellas_of_both_kinds(run: Any, folder: Path) -> None:
    write(red=tenant("r"), blue=tenant("b"))
    package = pack(folder)
    (folder / "values.yaml").write_text("blue: {enabled: true}\n")
    code, text, _ = run("diff", package, folder, "--values", "values.yaml", "--allow-widening")
    assert code == 0
    assert {line.partition(": ")[2][:10] for line in text.splitlines() if not line.startswith(" ")} >= {
        "vCluster b",
        "vCluster r",
    }


def test_golden_files_are_written_for_an_umbrella(run: Any, umbrella: Path) -> None:
    Path("tests/values").mkdir(parents=True)
    write("tests/values/acme.yaml", red=tenant("r"))
    assert run("golden", "write", "--tests", "tests", "--chart", umbrella)[0] == 0
    assert "vc-cp-r" in Path("tests/golden/acme/manifests.yaml").read_text()
    assert run("golden", "check", "--tests", "tests", "--chart", umbrella)[0] == 0
    write("tests/values/bad.yaml", red={"polices": {}})
    code, _, error = run("golden", "check", "--tests", "tests", "--chart", umbrella)
    assert code == 1
    assert error == "error: tests/values/bad.yaml:1: red.polices: unknown key; did you mean policies?\n"


def test_check_says_that_a_subchart_is_off(run: Any, umbrella: Path) -> None:
    write(red={**tenant("r"), "enabled": False})
    code, text, _ = run("check", "values.yaml", "--chart", umbrella)
    assert code == 0
    assert "no manifests (vcluster-isolation is not on in the chart: check the conditions and tags" in text
    write(red={"enabled": True, "policies": {"networkPolicy": {"enabled": False}}})
    assert (
        "no manifests (policies.networkPolicy.enabled is not true)"
        in run("check", "values.yaml", "--chart", umbrella)[1]
    )
