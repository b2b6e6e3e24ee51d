"""Every command in docs/migration.md, docs/ci.md and docs/platform.md is run."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from delivery_cases import OBJECTS

from vcluster_isolation import tools
from vcluster_isolation.cli import app

PAGES = [tools.PROJECT / "docs" / f"{name}.md" for name in ("migration", "ci", "platform")]
COMMAND = re.compile(r"^vcluster-isolation (.*?)(?:\s{2,}#.*)?$", re.MULTILINE)
FILES = {
    "application.yaml": "application.yaml",
    "helmrelease.yaml": "helmrelease.yaml",
    "template.yaml": "template-versions.yaml",
    "policies.yaml": "policies-0.19.yaml",
    "team.yaml": "team.yaml",
    "new.yaml": "team.yaml",
    "gate.yaml": "gate.yaml",
    "vcluster.yaml": "team.yaml",
    "tenants/team.yaml": "team.yaml",
    "tenants/gate.yaml": "gate.yaml",
}
EXIT = {"prove team.yaml gate.yaml --output json": 1, "diff team.yaml tenants": 1}
"""Commands that find something: compatible policies leave things open, and the gate opens more."""


def documented() -> list[str]:
    blocks = [block for page in PAGES for block in re.findall(r"```bash\n(.*?)```", page.read_text(), re.DOTALL)]
    return [found for block in blocks for found in COMMAND.findall(block)]


@pytest.mark.parametrize("line", documented())
def test_documented_command_does_what_is_said(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tenants").mkdir()
    for name, source in FILES.items():
        shutil.copy(OBJECTS / source, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    words, _, stdin = line.partition(" < ")
    given = (tmp_path / stdin).read_text() if stdin else None
    result = CliRunner().invoke(app, shlex.split(words), input=given)
    assert (result.exit_code, result.exception if result.exit_code != EXIT.get(line, 0) else None) == (
        EXIT.get(line, 0),
        None,
    )
    assert result.stdout or "--write" in words


def test_commands_are_found_in_the_pages() -> None:
    assert len(documented()) >= 14
