"""`vcluster-isolation golden`: a folder of values files, and golden files beside them."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from vcluster_isolation import golden
from vcluster_isolation.cli.golden import command
from vcluster_isolation.errors import IsolationError
from vcluster_isolation.helm import template as helm
from vcluster_isolation.helm.notes import template_with_notes
from vcluster_isolation.tools import find, run

FILES = ("connectivity.txt", "manifests.yaml", "notes.txt")
ON = "policies: {networkPolicy: {enabled: true}}\n"
REFUSED = "policies: {networkPolicy: {enabled: true, workload: {publicEgress: {cidr: 10.1.2.3/8}}}}\n"


def run_golden(what: str, folder: Path, *options: str | Path) -> Result:
    words = [what, "--tests", str(folder), *map(str, options)]
    return CliRunner().invoke(command, words, catch_exceptions=False)


def add(folder: Path, name: str, content: str = ON) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return path


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the situation `acme`, and its golden files."""
    add(tmp_path, "values/acme.yaml")
    assert run_golden("write", tmp_path).exit_code == 0
    return tmp_path


def manifest(folder: Path, situation: str) -> str:
    return (folder / "golden" / situation / "manifests.yaml").read_text(encoding="utf-8")


def test_write_keeps_what_helm_prints(folder: Path) -> None:
    request = helm.Request((folder / "values" / "acme.yaml",), "acme", "vcluster-acme")
    assert manifest(folder, "acme") == helm.template(request)


def test_write_keeps_the_notes(folder: Path) -> None:
    request = helm.Request((folder / "values" / "acme.yaml",), "acme", "vcluster-acme")
    notes = (folder / "golden" / "acme" / "notes.txt").read_text(encoding="utf-8")
    assert notes == template_with_notes(request).notes


def test_write_keeps_who_reaches_whom(folder: Path) -> None:
    lines = (folder / "golden" / "acme" / "connectivity.txt").read_text(encoding="utf-8").splitlines()
    assert "workload => control-plane : TCP 8443, TCP+UDP 1053" in lines


def test_write_says_what_it_wrote(tmp_path: Path) -> None:
    add(tmp_path, "values/acme.yaml")
    wrote = [f"wrote {tmp_path}/golden/acme/{name}" for name in FILES]
    assert run_golden("write", tmp_path).stdout.splitlines() == wrote


def test_nothing_is_said_but_a_count_when_all_is_as_it_was(folder: Path) -> None:
    for what in ("check", "write"):
        result = run_golden(what, folder)
        assert (result.exit_code, result.stdout) == (0, "")
        assert result.stderr == "3 golden files are what their values render to\n"


def test_values_that_isolate_nothing_have_an_empty_golden_file(tmp_path: Path) -> None:
    add(tmp_path, "values/off.yaml", "{}\n")
    run_golden("write", tmp_path)
    assert manifest(tmp_path, "off") == ""


def test_a_diff_shows_control_characters_and_does_not_send_them(folder: Path) -> None:
    path = folder / "golden" / "acme" / "manifests.yaml"
    path.write_bytes(b"\x1b[2J\xff\r\n" + path.read_bytes())
    lines = run_golden("check", folder).stdout.splitlines()
    assert "-\\x1b[2J\\xff\\r" in lines


def test_check_writes_nothing(folder: Path) -> None:
    add(folder, "values/acme.yaml", "{}")
    before = contents(folder)
    result = run_golden("check", folder)
    accept = f"vcluster-isolation golden write --tests {folder}"
    assert result.stderr == f"If these changes are meant, accept them with: {accept}\n"
    assert contents(folder) == before


def test_values_without_golden_files_are_reported(folder: Path) -> None:
    add(folder, "values/new.yaml")
    result = run_golden("check", folder)
    missing = [f"{folder}/golden/new/{name}: is missing" for name in FILES]
    assert (result.exit_code, result.stdout.splitlines()) == (1, missing)


def test_golden_files_without_values_are_reported(folder: Path) -> None:
    add(folder, "values/gone.yaml")
    run_golden("write", folder)
    (folder / "values" / "gone.yaml").unlink()
    result = run_golden("check", folder)
    stale = [f"{folder}/golden/gone/{name}: is stale, its situation is gone" for name in FILES]
    assert (result.exit_code, result.stdout.splitlines()) == (1, stale)


def test_write_removes_golden_files_without_values_and_says_so(folder: Path) -> None:
    (folder / "values" / "acme.yaml").rename(folder / "values" / "new.yaml")
    result = run_golden("write", folder)
    assert f"removed {folder}/golden/acme/notes.txt" in result.stdout.splitlines()
    assert [path.name for path in (folder / "golden").iterdir()] == ["new"]


@pytest.mark.parametrize("name", ["golden/acme/manifest.yaml", "golden/gone/more.txt", "golden/notes.txt"])
def test_a_file_that_is_no_golden_file_is_reported_and_stops_write(folder: Path, name: str) -> None:
    add(folder, name, "mine")
    add(folder, "values/acme.yaml", "{}")
    before = contents(folder)
    for what in ("check", "write"):
        result = run_golden(what, folder)
        problem = f"error: {folder}/{name}: is not a golden file; delete it, or move it elsewhere\n"
        assert (result.exit_code, result.stderr) == (1, problem)
    assert contents(folder) == before


def test_names_with_a_dot_first_are_left_alone(folder: Path) -> None:
    for name in ("values/.gitkeep", "golden/.DS_Store", "golden/acme/.hidden"):
        add(folder, name, "mine")
    assert run_golden("check", folder).exit_code == 0


def test_write_touches_only_what_changes(folder: Path) -> None:
    for path in (folder / "golden").rglob("*.*"):
        os.utime(path, (1, 1))
    add(folder, "values/new.yaml")
    run_golden("write", folder)
    times = {path.relative_to(folder / "golden").parts[0]: path.stat().st_mtime for path in folder.rglob("*.txt")}
    assert times["acme"] == 1 < times["new"]


def test_refused_values_are_named_with_the_words_of_the_chart(folder: Path) -> None:
    bad = add(folder, "values/bad.yaml", REFUSED)
    result = run_golden("check", folder)
    with pytest.raises(helm.RenderFailed) as refused:
        helm.template(helm.Request((bad,)))
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [f"error: {bad}:1: {refusal}" for refusal in refused.value.refusals]


def test_values_that_the_schema_refuses_are_named_as_check_names_them(folder: Path) -> None:
    bad = add(folder, "values/bad.yaml", ON.replace("policies", "polices"))
    result = run_golden("check", folder)
    assert result.stderr == f"error: {bad}:1: polices: unknown key; did you mean policies?\n"


def test_values_that_are_not_strict_yaml_are_named_with_their_line(folder: Path) -> None:
    bad = add(folder, "values/bad.yaml", "a: 1\na: 2\n")
    assert f"error: {bad}:2: a: is set again; it was set on line 1" in run_golden("check", folder).stderr


def test_other_situations_are_compared_when_one_is_refused(folder: Path) -> None:
    add(folder, "values/bad.yaml", REFUSED)
    (folder / "golden" / "acme" / "notes.txt").unlink()
    assert run_golden("check", folder).stdout == f"{folder}/golden/acme/notes.txt: is missing\n"


def test_golden_files_of_refused_values_are_neither_stale_nor_in_the_way(folder: Path) -> None:
    add(folder, "values/acme.yaml", REFUSED)
    result = run_golden("check", folder)
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (1, "", 1)


def test_write_changes_nothing_when_one_is_refused(folder: Path) -> None:
    add(folder, "values/bad.yaml", REFUSED)
    add(folder, "values/new.yaml")
    before = contents(folder)
    assert run_golden("write", folder).exit_code == 1
    assert contents(folder) == before


def test_a_situation_is_named_for_release_and_namespace(tmp_path: Path) -> None:
    add(tmp_path, "values/a.yaml")
    add(tmp_path, "values/a@prod.yaml")
    run_golden("write", tmp_path)
    metadata = [next(yaml.safe_load_all(manifest(tmp_path, name)))["metadata"] for name in ("a", "a@prod")]
    assert [entry["namespace"] for entry in metadata] == ["vcluster-a", "prod"]
    assert [entry["labels"]["release"] for entry in metadata] == ["a", "a"]


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("A", '"A" cannot be a helm release\'s name'),
        ("a b", '"a b" cannot be a helm release\'s name'),
        ("-x@prod", '"-x" cannot be a helm release\'s name'),
        ("--debug@prod", '"--debug" cannot be a helm release\'s name'),
        ("x" * 54, f'"{"x" * 54}" cannot be a helm release\'s name'),
        ("a.b", '"vcluster-a.b" cannot be a namespace'),
        ("a@", None),
        ("a@b@c", '"b@c" cannot be a namespace'),
    ],
)
def test_a_name_that_says_no_release_or_namespace_is_refused(tmp_path: Path, name: str, what: str | None) -> None:
    path = add(tmp_path, f"values/{name}.yaml")
    result = run_golden("write", tmp_path)
    rule = "name the situation RELEASE or RELEASE@NAMESPACE, each of a-z, 0-9 and -"
    assert result.stderr == (f"error: {path}: {what}; {rule}\n" if what else "")


def test_values_of_a_folder_lie_over_each_other_and_over_the_base(tmp_path: Path) -> None:
    add(tmp_path, "base.yaml", "policies: {networkPolicy: {enabled: true, labels: {a: base, b: base, c: base}}}")
    add(tmp_path, "values/x/20.yml", "policies: {networkPolicy: {labels: {c: '20'}}}")
    add(tmp_path, "values/x/10.yaml", "policies: {networkPolicy: {labels: {b: '10', c: '10'}}}")
    run_golden("write", tmp_path)
    labels = next(yaml.safe_load_all(manifest(tmp_path, "x")))["metadata"]["labels"]
    assert [labels[key] for key in "abc"] == ["base", "10", "20"]


def test_two_situations_of_one_name_are_refused(tmp_path: Path) -> None:
    add(tmp_path, "values/a.yaml")
    second = add(tmp_path, "values/a.yml")
    result = run_golden("check", tmp_path)
    assert result.stderr == f'error: {second}: is a second situation "a"; rename one of the two\n'


def test_what_is_no_values_file_is_refused(tmp_path: Path) -> None:
    files = [add(tmp_path, f"values/{name}") for name in ("a.json", "b/c.txt", "b/d/e.yaml")]
    (tmp_path / "values" / "empty").mkdir()
    names = [files[0], files[1], tmp_path / "values/b/d", tmp_path / "values/empty"]
    problems = [f"error: {name}: is not a values file; name it .yaml, or move it elsewhere" for name in names]
    assert run_golden("check", tmp_path).stderr.splitlines() == problems


def test_a_folder_without_values_cannot_be_checked(tmp_path: Path) -> None:
    with pytest.raises(IsolationError, match=r"values: is not a folder; put values files there, or give --tests DIR"):
        run_golden("check", tmp_path)
    (tmp_path / "values").mkdir()
    with pytest.raises(IsolationError, match=r"values: has no values files; put some there, or give --tests DIR"):
        run_golden("check", tmp_path)


def test_a_further_kind_of_golden_file_is_a_row_of_a_table(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    further = {**golden.ARTIFACTS, "name.txt": lambda request: request.name}
    monkeypatch.setattr(golden, "ARTIFACTS", further)
    assert run_golden("check", folder).stdout == f"{folder}/golden/acme/name.txt: is missing\n"
    run_golden("write", folder)
    assert (folder / "golden" / "acme" / "name.txt").read_text(encoding="utf-8") == "acme"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    run([find("helm"), "package", helm.CHART, "--destination", tmp_path / "package"])
    (found,) = (tmp_path / "package").iterdir()
    return found


def test_a_packaged_chart_renders_the_same(folder: Path, package: Path) -> None:
    assert run_golden("check", folder, "--chart", package).exit_code == 0


def test_a_chart_packed_with_its_folders_renders_the_same(folder: Path) -> None:
    package = folder / "chart.tar"
    with tarfile.open(package, "w") as file:
        file.add(helm.CHART, "vcluster-isolation")
    assert run_golden("check", folder, "--chart", package).exit_code == 0


@pytest.fixture
def own_chart(tmp_path: Path) -> Path:
    add(tmp_path, "chart/Chart.yaml", "apiVersion: v2\nname: own\nversion: 1.0.0\n")
    add(tmp_path, "chart/templates/x.yaml", "kind: X\nname: {{ .Values.x }}\n")
    add(tmp_path, "values/a.yaml", "x: 1\n")
    return tmp_path / "chart"


def test_a_change_is_shown_as_a_unified_diff(own_chart: Path) -> None:
    folder = own_chart.parent
    run_golden("write", folder, "--chart", own_chart)
    add(folder, "values/a.yaml", "x: 2\n")
    result = run_golden("check", folder, "--chart", own_chart)
    path = f"{folder}/golden/a/manifests.yaml"
    lines = [f"--- {path}", f"+++ {path} (rendered now)", "@@ -1,5 +1,5 @@", " ---", " # Source: own/templates/x.yaml"]
    assert result.stdout.splitlines() == [*lines, " kind: X", "-name: 1", "+name: 2", " "]
    accept = f"vcluster-isolation golden write --tests {folder} --chart {own_chart}"
    assert result.stderr == f"If these changes are meant, accept them with: {accept}\n"
    assert result.exit_code == 1


def test_a_chart_without_notes_has_manifests_only(own_chart: Path) -> None:
    run_golden("write", own_chart.parent, "--chart", own_chart)
    assert manifest(own_chart.parent, "a") == "---\n# Source: own/templates/x.yaml\nkind: X\nname: 1\n"
    assert [path.name for path in own_chart.parent.rglob("*.txt")] == []


def test_a_chart_that_cannot_be_read_is_an_error(own_chart: Path) -> None:
    (own_chart / "templates" / "y.yaml").symlink_to("nowhere")
    with pytest.raises(IsolationError, match=r"y\.yaml: cannot be read: No such file or directory; check the name"):
        run_golden("check", own_chart.parent, "--chart", own_chart)


def test_what_is_no_chart_is_an_error(folder: Path) -> None:
    no_chart = [
        (folder, "has no Chart.yaml; give a chart's folder or package"),
        (folder / "none", "cannot be read as a chart: .*No such file.*; give a chart's folder, or what `helm package`"),
        (
            folder / "values" / "acme.yaml",
            "cannot be read as a chart: .*; give a chart's folder, or what `helm package`",
        ),
    ]
    for path, message in no_chart:
        with pytest.raises(IsolationError, match=f"{path}: {message}"):
            run_golden("check", folder, "--chart", path)


@pytest.mark.parametrize("kind", [tarfile.REGTYPE, tarfile.SYMTYPE])
def test_a_package_cannot_write_outside_its_folder(folder: Path, kind: bytes) -> None:
    member = tarfile.TarInfo("x/../../evil" if kind == tarfile.REGTYPE else "x/link")
    member.type, member.linkname = kind, "/etc"
    package = folder / "evil.tgz"
    with tarfile.open(package, "w:gz") as file:
        file.addfile(member, io.BytesIO())
    with pytest.raises(IsolationError, match="is not a plain file inside the package"):
        run_golden("check", folder, "--chart", package)
