"""`diff REV:PATH` reads what git has, byte for byte: packages, links, and what `git archive` would leave out."""

from __future__ import annotations

import hashlib
import shutil
import tarfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from vcluster_isolation import git, tools
from vcluster_isolation.cli.diff import command
from vcluster_isolation.errors import IsolationError
from vcluster_isolation.helm.template import CHART

ON = "policies: {networkPolicy: {enabled: true}}\n"
IDENTITY = ["-c", "user.name=x", "-c", "user.email=x@example.com"]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def commit() -> None:
    for words in (["add", "-A", "-f"], [*IDENTITY, "commit", "-qm", "x"]):
        assert tools.run(["git", *words]).code == 0


def packed(chart: Path, place: Path) -> Path:
    """Return the package of a chart, made without helm so that no test waits for it."""
    with tarfile.open(place / f"{chart.name}-0.1.0.tgz", "w:gz") as package:
        package.add(chart, chart.name)
    return place / f"{chart.name}-0.1.0.tgz"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An umbrella chart with this one packed in it, the package of that, and values for both."""
    umbrella = tmp_path / "umbrella"
    (umbrella / "charts").mkdir(parents=True)
    dependency = "{name: vcluster-isolation, version: 0.1.0, alias: fence, repository: file://x}"
    (umbrella / "Chart.yaml").write_text(
        f"apiVersion: v2\nname: umbrella\nversion: 0.1.0\ndependencies:\n  - {dependency}\n"
    )
    shutil.copytree(CHART, tmp_path / "vcluster-isolation")
    packed(tmp_path / "vcluster-isolation", umbrella / "charts")
    packed(umbrella, tmp_path)
    (tmp_path / "values.yaml").write_text(f"fence:\n  {ON}")
    (tmp_path / "own.yaml").write_text(ON)
    monkeypatch.chdir(tmp_path)
    assert tools.run(["git", "init", "-q"]).code == 0
    commit()
    return tmp_path


SAME = "neutral: vCluster my-vcluster in namespace vcluster-my-vcluster: the manifests are the same\n"


@pytest.mark.parametrize("side", ["umbrella", "umbrella-0.1.0.tgz"])
def test_a_chart_at_a_revision_may_be_a_package_or_have_packages_in_it(repository: Path, side: str) -> None:
    result = run(f"HEAD:{side}", "umbrella", "--values", repository / "values.yaml")
    assert (result.stdout, result.exit_code) == (SAME, 0)


def test_every_byte_is_what_it_was(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    package = repository / "umbrella" / "charts" / "vcluster-isolation-0.1.0.tgz"
    bytes_of_all_kinds = bytes(range(256)) + b"\r\n\r\n\n\r"
    (repository / "umbrella" / "all").write_bytes(bytes_of_all_kinds)
    commit()
    place = tmp_path_factory.mktemp("out") / "umbrella"
    git.write_out("HEAD", "umbrella", place)
    copy = place / "charts" / package.name
    assert hashlib.sha256(copy.read_bytes()).digest() == hashlib.sha256(package.read_bytes()).digest()
    assert (place / "all").read_bytes() == bytes_of_all_kinds


@pytest.mark.usefixtures("repository")
def test_what_git_archive_leaves_out_or_rewrites_is_there_as_it_is() -> None:
    Path(".gitattributes").write_text("*.tgz export-ignore\nown.yaml export-ignore\nvalues.yaml export-subst\n")
    commit()
    assert run("HEAD:umbrella", "umbrella", "--values", "values.yaml").stdout == SAME
    assert run("HEAD:own.yaml", "own.yaml").stdout == SAME


@pytest.mark.usefixtures("repository")
def test_links_are_followed_inside_the_revision() -> None:
    chart = Path("vcluster-isolation")
    (chart / "values.schema.json").rename("schema.json")
    (chart / "values.schema.json").symlink_to("../schema.json")
    (chart / "templates").rename("templates")
    (chart / "templates").symlink_to("../templates", target_is_directory=True)
    Path("linked.yaml").symlink_to("own.yaml")
    commit()
    Path("schema.json").unlink()
    shutil.rmtree("templates")
    assert run("HEAD:vcluster-isolation", CHART, "--values", "own.yaml").stdout == SAME
    assert run("HEAD:linked.yaml", "own.yaml").stdout == SAME


@pytest.mark.usefixtures("repository")
def test_helmignore_counts_at_a_revision_as_well() -> None:
    chart = Path("vcluster-isolation")
    extra = chart / "templates" / "extra.yaml"
    rule = "{podSelector: {}, ingress: [{}]}"
    policy = f"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: extra}}\nspec: {rule}\n"
    extra.write_text(policy)
    commit()
    assert run(CHART, "HEAD:vcluster-isolation", "--values", "own.yaml").exit_code == 1
    (chart / ".helmignore").write_text("templates/extra.yaml\n")
    commit()
    assert run(CHART, "HEAD:vcluster-isolation", "--values", "own.yaml").stdout == SAME


REFUSED = {
    "out": "HEAD:out: is a link that leads out of the repository",
    "nowhere": "HEAD:nowhere: is a link that leads nowhere",
    "itself": "HEAD:itself: is a link that leads to itself",
    "lfs.tgz": "HEAD:lfs.tgz: is kept in Git LFS, and here is only a pointer",
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.usefixtures("repository")
def test_what_git_has_not_is_said(name: str) -> None:
    Path("out").symlink_to("/etc/hostname")
    Path("nowhere").symlink_to("gone")
    Path("itself").symlink_to("itself")
    Path("lfs.tgz").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    commit()
    with pytest.raises(IsolationError) as raised:
        git.write_out("HEAD", name, Path("written"))
    assert str(raised.value) == f"{REFUSED[name]}; check the revision out (git worktree add), and give a path in there"
    assert not Path("written").exists()


@pytest.mark.usefixtures("repository")
def test_a_folder_that_is_in_itself_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git, "_MOST", 50)
    Path("umbrella/again").symlink_to("../umbrella", target_is_directory=True)
    commit()
    with pytest.raises(IsolationError, match="HEAD:umbrella: has more than 50 files"):
        git.write_out("HEAD", "umbrella", Path("written"))


@pytest.mark.usefixtures("repository")
def test_a_path_is_from_the_root_or_with_a_dot_from_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("umbrella")
    assert run("HEAD:own.yaml", "HEAD:../own.yaml").stdout == SAME
    assert run("HEAD:umbrella", "HEAD:.", "--values", "../values.yaml").stdout == SAME
    assert run("HEAD^{tree}:own.yaml", "../own.yaml").stdout == SAME


@pytest.mark.usefixtures("repository")
def test_what_is_wrong_at_a_revision_is_said_of_the_revision() -> None:
    Path("own.yaml").write_text("policies:\n  networkPolicy: {enabled: true, fallbackDns: x}\n")
    shutil.rmtree("umbrella/charts")
    commit()
    said = str(run("HEAD:own.yaml", "values.yaml").exception)
    assert said.startswith('HEAD:own.yaml:2: policies.networkPolicy.fallbackDns: "x" is not an IP address; ')
    said = str(run("HEAD:umbrella", "umbrella", "--values", "values.yaml").exception)
    assert "template my-vcluster HEAD:umbrella --namespace" in said
    assert "missing in charts/ directory: vcluster-isolation; fetch its subcharts first" in said.replace("\n", "")
