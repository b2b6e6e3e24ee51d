"""Every command in README and docs runs, in a scratch folder, and prints what the page says."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import pytest

from tests.docs.documented import PAGES, Command, commands, matches
from tests.support.fake_cluster import fake_cluster
from vcluster_isolation import tools
from vcluster_isolation.docs.blocks import BEGINS, BLOCKS, renew
from vcluster_isolation.tools import PROJECT

HERE = Path(__file__).parent
T = TypeVar("T")

NEEDS_MORE = {
    r"scripts/test\b.*": "it would run this test again",
    r"scripts/cluster (build|up|down|status)\b.*": "it takes root and minutes; tests/cluster starts clusters",
    r"helm test .*": "it starts a pod, so it needs a real cluster",
    r"kubectl (run|label|get networkpolicy|delete|describe|annotate) .*": "it needs a real cluster, and is no command of ours",
    r"(NAME|FOUR)=.*|helm (upgrade|get manifest) .*\$NAME.*": "a take-over by hand needs a real cluster with a vCluster",
    r"helm upgrade \.\.\. .*": "tests/cluster/test_install_field_managers.py runs it on a real cluster",
    r".* --take-over": "tests/take_over/test_take_over.py runs it, against a model of a cluster",
    r"asked=.*|kubectl get \"\$asked\".*": "what `kubectl api-resources` lists depends on the cluster",
    r"kubectl get namespaces,pods,networkpolicies,secrets .*": "the scratch cluster has no Secrets",
}
"""Commands that are not run, and why. Each pattern has to match a command of the documentation."""

SAYS_NO = {
    r"vcluster-isolation verify platform": (2, "the scratch cluster's pods are not reached from here"),
    r"vcluster-isolation verify (tcp|dns) .*": (1, "the documentation's hosts do not exist"),
    r"vcluster-isolation prove vcluster\.yaml": (1, "the compatible profile has known holes"),
    r"kubectl get .* \| vcluster-isolation audit -": (1, "the scratch cluster has known holes"),
    r"vcluster-isolation prove team\.yaml gate\.yaml .*": (1, "the gate opens what the values close"),
    r"vcluster-isolation explain control-plane 10\.20\.30\.40 5432 .*": (1, "the example's database is the tenant's"),
    r"vcluster-isolation diff team\.yaml tenants": (1, "the gate opens flows"),
}
"""Commands that say no, rightly, in the scratch folder: with which exit code, and why."""

OBJECTS = PROJECT / "tests" / "values" / "delivery" / "objects"
COPIES = {
    "application.yaml": "application.yaml",
    "helmrelease.yaml": "helmrelease.yaml",
    "template.yaml": "template-versions.yaml",
    "policies.yaml": "policies-0.19.yaml",
    "gate.yaml": "gate.yaml",
    **dict.fromkeys(("team.yaml", "new.yaml", "tenants/team.yaml", "base.yaml", "red.yaml", "blue.yaml"), "team.yaml"),
    "tenants/gate.yaml": "gate.yaml",
}
"""Files of the documentation, each after what it is a copy of."""

KUBECTL = """#!/bin/sh
case "$*" in
    *"config view"*) echo https://127.0.0.1:1 ;;
    *--selector=app=loft*) cat '{platform}' ;;
    *networkpolicies*) cat '{dump}' ;;
    *) echo '{{"kind": "List", "apiVersion": "v1", "items": []}}' ;;
esac
"""


def found(patterns: Mapping[str, T], command: Command) -> T | None:
    return next((value for pattern, value in patterns.items() if re.fullmatch(pattern, command.words)), None)


RUN = [command for command in commands() if found(NEEDS_MORE, command) is None]


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with the files that the documentation names, a cluster, and the programs of a checkout on PATH."""
    folder = tmp_path / "scratch"
    shutil.copytree(HERE / "files", folder)
    shutil.copy(PROJECT / "examples" / "vcluster.yaml", folder)
    for name, source in COPIES.items():
        shutil.copy(OBJECTS / source, folder / name)
    shutil.copytree(PROJECT / "chart", folder / "umbrella" / "charts" / "vcluster-isolation")
    for name in ("scripts", "chart", "examples"):
        (folder / name).symlink_to(PROJECT / name)
    programs = tmp_path / "bin"
    programs.mkdir()
    kubectl = programs / "kubectl"
    dump = PROJECT / "tests" / "audit" / "files" / "neighbours.json"
    kubectl.write_text(KUBECTL.format(dump=dump, platform=HERE / "platform-pods.json"), encoding="utf-8")
    kubectl.chmod(0o755)
    monkeypatch.setenv("PATH", os.pathsep.join([str(programs), str(PROJECT / ".venv" / "bin"), os.environ["PATH"]]))
    monkeypatch.setenv("HOME", str(tmp_path))
    with fake_cluster() as cluster:
        monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig(tmp_path / "kubeconfig")))
        yield folder


@pytest.mark.parametrize("command", RUN, ids=str)
def test_a_documented_command_does_what_the_page_says(command: Command, scratch: Path) -> None:
    if "golden check" in command.words or "diff " in command.words:
        tools.run(["vcluster-isolation", "golden", "write", "--tests", "tenants"], cwd=scratch)
    # Not on PATH: set-up, which scripts/isolate begins with, would make it the checkout's own.
    helm = PROJECT / ".tools" / "bin" / "helm4"
    words = command.words.replace("helm ", f"{helm} ", 1) if command.words.startswith("helm ") else command.words
    done = tools.run(["bash", "-o", "pipefail", "-c", words], cwd=scratch)
    expected, _ = found(SAYS_NO, command) or (0, "")
    assert done.code == expected, f"{command.words}\n{done.stdout}{done.stderr}"
    if command.shown is not None:
        assert matches(command.shown, done.stdout), done.stdout


def test_what_is_not_run_is_in_the_documentation() -> None:
    words = [command.words for command in commands()]
    unused = [pattern for pattern in (*NEEDS_MORE, *SAYS_NO) if not any(re.fullmatch(pattern, one) for one in words)]
    assert unused == []


def test_links_between_pages_lead_somewhere() -> None:
    broken = [
        f"{page.relative_to(PROJECT)}: {target}"
        for page in PAGES
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]
    assert broken == []


def test_generated_tables_are_fresh_and_each_stands_once() -> None:
    pages = {page: page.read_text(encoding="utf-8") for page in [*PAGES, PROJECT / "chart" / "README.md"]}
    generated = {page: text for page, text in pages.items() if BEGINS in text}
    stale = [page.name for page, text in generated.items() if renew(text, page.name) != (text, [])]
    assert stale == [], "refresh with: vcluster-isolation docs write"
    names = sorted(
        name for text in generated.values() for name in re.findall(f"^{BEGINS}(.+) -->$", text, re.MULTILINE)
    )
    assert names == sorted(BLOCKS)


def test_the_readme_is_short() -> None:
    assert len((PROJECT / "README.md").read_text(encoding="utf-8").splitlines()) <= 200
