"""The command line: every command is there, starts, explains itself, and never shows a traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from vcluster_isolation import __version__
from vcluster_isolation.cli import app as cli
from vcluster_isolation.errors import ToolMissing
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
    modules = {path.stem for path in (PROJECT / "scripts" / "vcluster_isolation" / "cli").glob("[!_]*.py")} - {
        "app",
        "options",
    } | {"docs"}
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


@pytest.mark.parametrize(
    "words",
    [["--debug", "check", "no-such-file"], ["check", "--debug", "no-such-file"], ["check", "no-such-file", "--debug"]],
)
def test_debug_shows_where_it_came_from_and_changes_no_exit_code(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(words) == 2
    printed = capsys.readouterr().err
    assert printed.startswith("Traceback")
    assert printed.splitlines()[-1].startswith("error: no-such-file: cannot be read")


def test_after_two_dashes_debug_is_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["check", "--", "--debug"]) == 2
    assert capsys.readouterr().err.startswith("error: --debug: cannot be read")


def breaking(error: BaseException) -> click.Command:
    """Return a command that raises."""

    @click.command
    def command() -> None:
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (KeyError("a\x1b\nb"), 3, "error: unexpected KeyError: 'a\\x1b\\nb'; this is a defect of vcluster-isolation: "),
        (NotADirectoryError(20, "Not a directory", "x"), 3, "error: unexpected NotADirectoryError: [Errno 20] "),
        (RecursionError(), 3, "error: unexpected RecursionError; this is a defect "),
        (EOFError("cut short"), 3, "error: unexpected EOFError: cut short; "),
        (OSError(28, "No space left on device"), 2, "error: something could not be written: [Errno 28] No space left "),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
def test_whatever_happens_is_one_line_and_an_exit_code_that_no_claim_has(
    error: BaseException,
    code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(cli.LazyGroup, "get_command", lambda *_: breaking(error))
    assert cli.run(["prove"]) == code
    printed = capsys.readouterr().err.lstrip("\n")  # click ends the line of a terminal's ^C
    assert printed.startswith(said)
    assert printed.count("\n") == 1
    assert code != 3 or "run it again with --debug" in printed


def test_debug_shows_the_traceback_of_what_was_not_expected(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli.LazyGroup, "get_command", lambda *_: breaking(ZeroDivisionError("x")))
    assert cli.run(["prove", "--debug"]) == 3
    printed = capsys.readouterr().err
    assert "ZeroDivisionError: x" in printed
    assert "in command\n    raise error" in printed


PROGRAM = [sys.executable, "-m", "vcluster_isolation"]


@pytest.mark.parametrize("words", [["ports"], ["--help"], ["check", "no-such-file"]])
def test_a_reader_that_has_gone_ends_it_quietly(words: list[str]) -> None:
    read, write = os.pipe()
    os.close(read)
    gone = subprocess.run([*PROGRAM, *words], stdout=write, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write)
    expected = (2, "error: no-such-file") if words[0] == "check" else (141, "")
    assert (gone.returncode, gone.stderr[: len(expected[1]) or None]) == expected


def test_standard_output_and_error_may_both_be_gone() -> None:
    read, write = os.pipe()
    os.close(read)
    assert subprocess.run([*PROGRAM, "check", "x"], stdout=write, stderr=write, check=False).returncode == 2
    assert subprocess.run([*PROGRAM, "ports"], stdout=write, stderr=write, check=False).returncode == 141
    os.close(write)


def test_ctrl_c_ends_it_quietly(tmp_path: Path) -> None:
    pipe = tmp_path / "values.yaml"
    os.mkfifo(pipe)
    # A shell lets what it starts in the background ignore the signal, the tests among it.
    heeds = "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])"
    words = [sys.executable, "-c", heeds, *PROGRAM, "check", str(pipe)]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as program:
        with pipe.open("w", encoding="utf-8"):  # opens when the program reads
            program.send_signal(signal.SIGINT)
        assert program.wait() == 130
        assert program.stderr is not None
        assert program.stderr.read().strip() == "interrupted"


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
