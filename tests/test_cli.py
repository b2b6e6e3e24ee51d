"""The command line: every command is there, starts, explains itself, and never shows a traceback."""

from __future__ import annotations

import sys

import pytest
from click.testing import CliRunner

from vcluster_isolation import __version__, cli
from vcluster_isolation.errors import IsolationError, ToolMissing
from vcluster_isolation.tools import PROJECT, find


def run(*words: str) -> str:
    result = CliRunner().invoke(cli.app, words)
    assert result.exit_code == 0, result.output
    return result.output


def test_help_lists_every_command_without_importing_one() -> None:
    listed = run("--help")
    assert all(name in listed for name in cli.COMMANDS)


@pytest.mark.parametrize("name", sorted(cli.COMMANDS))
def test_command_explains_itself(name: str) -> None:
    assert f"{name} [OPTIONS]" in run(name, "--help")


def test_every_module_of_a_command_is_registered() -> None:
    modules = {path.stem for path in (PROJECT / "scripts" / "vcluster_isolation" / "commands").glob("[!_]*.py")}
    assert modules == {name.replace("-", "_") for name in cli.COMMANDS}


def test_version_is_the_packages() -> None:
    assert run("--version") == f"vcluster-isolation, version {__version__}\n"


def test_unknown_command_is_refused() -> None:
    result = CliRunner().invoke(cli.app, ["isolat"])
    assert result.exit_code == 2
    assert "No such command 'isolat'" in result.output


def test_error_is_its_message_and_exit_code_with_nothing_that_a_terminal_acts_upon(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["vcluster-isolation", "check", "no\x1b[31m-such-file"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    printed = capsys.readouterr().err
    assert printed.startswith("error: ")
    assert "Traceback" not in printed
    assert "\x1b" not in printed


def test_debug_shows_where_it_came_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["vcluster-isolation", "--debug", "check", "no-such-file"])
    with pytest.raises(IsolationError):
        cli.main()


def test_a_program_is_found_by_its_variable_then_in_tools_then_on_path(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("bin")
    program = folder / "some-tool"
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    find.cache_clear()
    assert find("some-tool") == program
    assert find("kubeconform") == PROJECT / ".tools" / "bin" / "kubeconform"
    find.cache_clear()
    monkeypatch.setenv("VCLUSTER_ISOLATION_SOME-TOOL", "/elsewhere")
    assert str(find("some-tool")) == "/elsewhere"
    find.cache_clear()
    with pytest.raises(ToolMissing, match="no-tool is not installed; run scripts/bootstrap, or put no-tool on PATH"):
        find("no-tool")
    find.cache_clear()
