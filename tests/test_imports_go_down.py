"""The packages stand in layers (pyproject.toml, tool.importlinter): imports go down, and never round."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from vcluster_isolation import tools

LINTER = Path(sys.executable).with_name("lint-imports")


def linted(project: Path) -> subprocess.CompletedProcess[str]:
    """Judge the package in a copy of the project, or in the project itself."""
    environment = {"PYTHONPATH": str(project / "scripts"), "PATH": "", "LANG": "C.UTF-8"}
    command = [str(LINTER), "--no-cache", "--config", str(project / "pyproject.toml")]
    return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)


def copied(folder: Path) -> Path:
    """Copy the package, and what says how it is layered."""
    shutil.copytree(tools.PROJECT / "scripts" / "vcluster_isolation", folder / "scripts" / "vcluster_isolation")
    shutil.copy(tools.PROJECT / "pyproject.toml", folder)
    return folder


def test_no_package_imports_one_above_it() -> None:
    done = linted(tools.PROJECT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 kept, 0 broken" in done.stdout


def test_an_import_upwards_is_noticed(tmp_path: Path) -> None:
    project = copied(tmp_path)
    claim = project / "scripts" / "vcluster_isolation" / "claims" / "claim.py"
    claim.write_text(claim.read_text() + "\nfrom vcluster_isolation.prove import prove\n")
    done = linted(project)
    assert done.returncode != 0
    assert "vcluster_isolation.claims is not allowed to import vcluster_isolation.prove" in done.stdout


def test_a_package_that_stands_in_no_layer_is_noticed(tmp_path: Path) -> None:
    project = copied(tmp_path)
    (project / "scripts" / "vcluster_isolation" / "attic").mkdir()
    (project / "scripts" / "vcluster_isolation" / "attic" / "__init__.py").touch()
    done = linted(project)
    assert done.returncode != 0
    assert "attic" in done.stdout + done.stderr


def test_what_tests_share_is_no_test_module() -> None:
    modules = [path for path in (tools.PROJECT / "tests").rglob("*.py") if path.name != "conftest.py"]
    imported = re.compile(
        r"^\s*(?:from|import) (?:tests\.[\w.]*\.)?test_\w+\b.*$|^from tests\.[\w.]+ import test_\w+", re.MULTILINE
    )
    assert [f"{path.name}: {found[0]}" for path in modules for found in imported.finditer(path.read_text())] == []
