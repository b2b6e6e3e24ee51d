"""Every failure says which step, why and what to do, and leaves nothing that counts as done."""

from __future__ import annotations

import errno
import fcntl
import io
import os
import re
import signal
import subprocess
import sys
import threading
import time
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from setup import advice, packages, programs, work
from setup.main import start
from setup.progress import Progress
from setup.work import locked
from tests.setup.machine import PYTHON, REPOSITORY, Machine, new_machine, program

NETWORK = (
    "no connection: check the network and its settings (HTTPS_PROXY, PIP_INDEX_URL, GOPROXY),"
    " then run the command again: it goes on where it can"
)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = new_machine(tmp_path, monkeypatch)
    machine.has("go", "go1.26.0")
    return machine


def said(machine: Machine, capsys: pytest.CaptureFixture[str]) -> str:
    """Return what set-up said, with ROOT for the checkout's path and N for times."""
    text = capsys.readouterr().err.replace(str(machine.project.root), "ROOT").replace(str(machine.bin), "BIN")
    return re.sub(r"\b\d+ s\b", "N s", text)


def test_without_network_for_pip(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.variables["FAIL_PIP"] = "WARNING: Temporary failure in name resolution\\nERROR: No matching distribution\\n"
    assert machine.set_up("--minimal") == 2
    assert said(machine, capsys) == (
        "set-up 1/3: making .venv ... N s\n"
        "set-up 2/3: building helm v4.3.1 with Go ... N s\n"
        "set-up 3/3: installing the pinned Python packages ... failed after N s\n"
        "error: set-up failed while installing the pinned Python packages\n"
        "  $ 'ROOT/.venv/bin/python' -m pip install --quiet --no-deps --only-binary :all: --no-compile --require-hashes"
        " --requirement 'ROOT/requirements/runtime.txt'\n"
        "  WARNING: Temporary failure in name resolution\n"
        "  ERROR: No matching distribution\n"
        "  (exit code 1; all of its output: ROOT/.tools/log/python-packages.log)\n"
        f"what to do: {NETWORK}\n"
    )


def test_a_build_that_fails(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.variables["FAIL_GO"] = "internal compiler error\\n"
    assert machine.set_up("--minimal") == 2
    assert said(machine, capsys).partition("set-up 2/3: ")[2] == (
        "building helm v4.3.1 with Go ... failed after N s\n"
        "set-up 3/3: installing the pinned Python packages ... N s\n"
        "error: set-up failed while building helm v4.3.1 with Go\n"
        "  $ BIN/go install -trimpath -ldflags"
        " '-s -w -X helm.sh/helm/v4/internal/version.version=v4.3.1' tool\n"
        "  internal compiler error\n"
        "  (exit code 1; all of its output: ROOT/.tools/log/helm4.log)\n"
        "what to do: put helm on PATH in a supported version: 3.18.0 or newer, below 4.0.0;"
        " 4.0.0 or newer, below 5.0.0\n"
    )


def test_a_build_of_the_wrong_version(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.variables["WRONG_VERSION"] = "v4.2.0"
    assert machine.set_up("--minimal") == 2
    assert said(machine, capsys).partition("error: ")[2] == (
        "set-up failed while building helm v4.3.1 with Go\n"
        "  the build says it is 'v4.2.0', and not v4.3.1\n"
        "what to do: see that tools/helm4/go.mod and scripts/setup/pins.py agree\n"
    )
    assert not (machine.project.built / "helm4").exists()


def test_a_fetched_go_that_does_not_work(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.has("go", "go1.2")
    program(machine.folder / "fetched-go", "#!/bin/sh\nexit 1\n")
    assert machine.set_up("--minimal") == 2
    assert said(machine, capsys).partition("error: ")[2] == (
        "set-up failed while building helm v4.3.1 with Go\n"
        "  the Go that was fetched does not work here\n"
        "what to do: put helm on PATH in a supported version: 3.18.0 or newer, below 4.0.0;"
        " 4.0.0 or newer, below 5.0.0\n"
    )


def test_without_any_go(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    (machine.bin / "go").unlink()
    machine.has("kubeconform", "v0.8.0")
    python = machine.bin / "python3"
    python.write_text(
        PYTHON.replace('if [ -n "$target" ]; then', 'if [ -n "$target" ]; then echo none for you; exit 1;')
    )
    assert machine.set_up() == 2
    assert said(machine, capsys).splitlines()[-1] == (
        "what to do: install Go 1.26.0 or newer and put it on PATH, or put helm and kubeconform there"
    )


def test_without_ensurepip_another_pip_does(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    monkeypatch.setattr(packages, "pip_version", lambda: (22, 3))
    assert machine.set_up("--minimal") == 0
    made, installed = [call for call in machine.calls() if call.startswith("python")]
    venv = machine.project.venv
    assert made == f"python -m venv --without-pip {venv}"
    assert installed.startswith(f"python -m pip --python {venv}/bin/python install --quiet")


def test_without_ensurepip_and_another_pip(
    machine: Machine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    monkeypatch.setattr(packages, "pip_version", lambda: (22, 2))
    assert machine.set_up("--minimal") == 2
    assert said(machine, capsys).partition("error: ")[2] == (
        "set-up failed while making .venv\n"
        "  BIN/python3 has neither ensurepip nor pip 22.3 or newer\n"
        "what to do: `apt-get install python3-venv` (Debian, Ubuntu), or name another Python with"
        " PYTHON=/path/to/python3\n"
    )


@pytest.mark.parametrize(("installed", "version"), [("23.0.1", (23, 0)), ("26.3", (26, 3)), (None, (0,))])
def test_the_version_of_pip_is_known(
    installed: str | None, version: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    def look_up(name: str) -> str:
        if installed is None:
            raise PackageNotFoundError(name)
        return installed

    monkeypatch.setattr("importlib.metadata.version", look_up)
    assert packages.pip_version() == version


def test_a_python_that_is_not_there(
    machine: Machine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/no/python3")
    assert machine.set_up("--minimal") == 2
    assert said(machine, capsys).partition("error: ")[2] == (
        "set-up failed while making .venv\n"
        "  /no/python3: No such file or directory\n"
        "what to do: remove .tools and .venv, then run the command again: it goes on where it can\n"
    )


def test_a_place_that_cannot_be_written(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.project.tools.write_text("a file where a folder should be")
    assert machine.set_up("--minimal") == 2
    assert said(machine, capsys) == (
        "error: set-up cannot go on: [Errno 20] Not a directory: 'ROOT/.tools/tmp'\n"
        "what to do: remove .tools and .venv, then run the command again: it goes on where it can\n"
    )


def test_control_characters_of_a_program_do_not_reach_the_terminal(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.variables["FAIL_PIP"] = "\\033]0;owned\\007\\n"
    machine.set_up("--minimal")
    assert "  \\x1b]0;owned\\x07\n" in said(machine, capsys)


def test_only_the_last_lines_are_shown_and_all_are_kept(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.variables["FAIL_PIP"] = "".join(f"line {number}\\n" for number in range(40))
    machine.set_up("--minimal")
    shown = re.findall(r"line \d+", said(machine, capsys))
    assert (shown[0], len(shown)) == ("line 28", 12)
    assert "line 0\n" in (machine.project.logs / "python-packages.log").read_text()


@pytest.mark.parametrize("fault", ["FAIL_PIP", "FAIL_GO"])
def test_after_a_failure_the_next_run_finishes_the_work(machine: Machine, fault: str) -> None:
    machine.variables[fault] = "no\\n"
    assert machine.set_up("--dev") == 2
    del machine.variables[fault]
    assert machine.set_up("--dev") == 0


def test_after_a_failure_what_was_done_is_not_done_again(machine: Machine) -> None:
    machine.variables["FAIL_GO"] = "no\\n"
    machine.set_up("--minimal")
    machine.calls()
    del machine.variables["FAIL_GO"]
    machine.set_up("--minimal")
    assert set(machine.calls()) == {"go env", "go install"}


def test_packages_are_installed_while_go_builds(machine: Machine) -> None:
    order = machine.folder / "order"
    (machine.bin / "python3").write_text(
        PYTHON.replace(
            "pip)\n",
            f"pip)\n    for _ in $(seq 200); do [ -e {order} ] || sleep 0.05; done; [ -e {order} ] || exit 1\n",
        )
    )
    go = machine.bin / "go"
    go.write_text(go.read_text().replace("pwd >", f"touch {order}\npwd >"))
    assert machine.set_up("--minimal") == 0


def test_packages_that_were_half_added_make_the_environment_anew(machine: Machine) -> None:
    machine.set_up("--minimal")
    machine.variables["FAIL_PIP"] = "killed\\n"
    machine.set_up("--dev")
    del machine.variables["FAIL_PIP"]
    machine.calls()
    machine.set_up("--minimal")
    assert any("venv" in call for call in machine.calls())


def test_a_build_that_failed_leaves_the_last_one_in_place(machine: Machine) -> None:
    machine.set_up("--minimal")
    (machine.project.root / "tools/helm4/go.sum").write_text("changed")
    machine.variables["FAIL_GO"] = "no\\n"
    assert machine.set_up("--minimal") == 2
    assert (machine.project.bin / "helm").is_file()


def entry(machine: Machine, *arguments: str, **more: str) -> subprocess.Popen[str]:
    """Start the real `scripts/bootstrap` of a copy of this repository's scripts on the machine."""
    code = (
        "import signal, sys; sys.path.insert(0, sys.argv[1]); sys.executable = sys.argv[3];"
        "signal.signal(signal.SIGINT, signal.default_int_handler); signal.signal(signal.SIGHUP, signal.SIG_DFL);"
        "from setup.main import start; sys.exit(start(sys.argv[2], sys.argv[4:]))"
    )
    words = [sys.orig_argv[0], "-c", code, str(REPOSITORY / "scripts"), str(machine.project.root)]
    python = str(machine.bin / "python3")
    env = machine.environment() | more
    return subprocess.Popen([*words, python, *arguments], env=env, stderr=subprocess.PIPE, text=True)


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 20
    while not (path.exists() and path.read_text()):
        assert time.monotonic() < deadline, f"{path} did not come"
        threading.Event().wait(0.01)


def assert_nothing_runs(machine: Machine) -> None:
    """A program that still ran would hold the lock for the minute that it hangs."""
    since = time.monotonic()
    with locked(machine.project, lambda: None):
        assert time.monotonic() - since < 30


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_stopped_set_up_stops_its_programs_and_says_so(machine: Machine, number: signal.Signals) -> None:
    hanging = machine.folder / "hanging"
    with entry(machine, "--minimal", HANG_GO=str(hanging)) as process:
        wait_for(hanging)
        process.send_signal(number)
        _, err = process.communicate()
    assert process.returncode == 130
    assert err.splitlines()[-1] == "error: set-up was stopped; run the command again: it goes on where it can"
    assert_nothing_runs(machine)
    assert not (machine.project.built / "helm4").exists()


def test_a_program_that_outlives_a_killed_set_up_keeps_the_lock_and_leaves_nothing_for_good(machine: Machine) -> None:
    hanging = machine.folder / "hanging"
    with entry(machine, "--minimal", HANG_GO=str(hanging)) as process:
        wait_for(hanging)
        process.kill()
        process.wait()
        with (machine.project.tools / "lock").open() as lock, pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.killpg(int(hanging.read_text()), signal.SIGKILL)
    assert list(machine.project.scratch.iterdir()) != []
    assert machine.set_up("--minimal") == 0
    assert not machine.project.build.exists()


def test_two_at_once_do_the_work_once(machine: Machine) -> None:
    with entry(machine, "--dev") as one, entry(machine, "--dev") as two:
        errors = [process.communicate()[1] for process in (one, two)]
    assert [one.returncode, two.returncode] == [0, 0]
    assert machine.calls().count("go install") == 3
    assert sorted("waiting for it" in text for text in errors) == [False, True]


def test_a_set_up_that_has_to_wait_says_so(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.project.tools.mkdir()
    with (machine.project.tools / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        threading.Timer(0.2, fcntl.flock, (held, fcntl.LOCK_UN)).start()
        assert machine.set_up("--minimal") == 0
    assert said(machine, capsys).startswith("another set-up of this folder is running; waiting for it\n")


def interrupt(progress: Progress) -> None:
    del progress
    raise KeyboardInterrupt


@pytest.mark.parametrize("stubborn", ["", "yes"])
def test_an_interrupted_program_is_ended(
    machine: Machine, stubborn: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "_PATIENCE", 0.2)
    hanging = machine.folder / "hanging"
    machine.variables.update({"HANG_GO": str(hanging), "STUBBORN": stubborn})

    def tick(progress: Progress) -> None:
        if hanging.exists():
            interrupt(progress)

    monkeypatch.setattr(Progress, "tick", tick)
    assert machine.set_up("--minimal") == 130
    assert_nothing_runs(machine)
    assert "building helm v4.3.1 with Go ... stopped after N s\n" in said(machine, capsys)


@pytest.mark.parametrize(
    ("before", "set_anew"),
    [(signal.SIG_DFL, {signal.SIGTERM, signal.SIGHUP}), (signal.SIG_IGN, set())],
    ids=["started by a person", "started by nohup"],
)
def test_a_kill_counts_as_an_interruption_unless_it_is_ignored(
    machine: Machine, before: signal.Handlers, set_anew: set[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    handlers: dict[int, object] = {}
    monkeypatch.setattr("signal.getsignal", lambda _: before)
    monkeypatch.setattr("signal.signal", handlers.__setitem__)
    monkeypatch.setattr("os.environ", machine.environment())
    assert start(str(machine.project.root), ["--minimal"]) == 0
    assert handlers == dict.fromkeys(set_anew, signal.default_int_handler)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_the_seconds_count() -> None:
    stream, times = Terminal(), iter([0.0, 1.2, 2.4])
    progress = Progress(stream, 2, lambda: next(times))
    with progress.step("building"):
        progress.tick()
    clear = "\r\x1b[K"
    assert stream.getvalue() == f"{clear}set-up 1/2: building ... 1 s{clear}set-up 1/2: building ... 2 s\n"


def test_a_full_disk_is_known_by_its_number_and_by_its_words() -> None:
    disk = "free some disk space (building both helms takes 4 GB for a while, 0.5 GB stay)"
    again = ", then run the command again: it goes on where it can"
    assert advice.for_error(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))) == disk + again
    assert advice.for_output("ERROR: [Errno 28] No space left on device", "") == disk + again


@pytest.mark.parametrize(
    ("words", "start"),
    [
        ("link: signal: killed", "the machine ran out of memory"),
        ("tls: x509: certificate signed by unknown authority", "the server's certificate is not trusted"),
        ("THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", "the download is not the file"),
        ("The virtual environment was not created: ensurepip is not available", "`apt-get install python3-venv`"),
        ("dial tcp: lookup proxy on 1.1.1.1:53: no such host", "no connection"),
        ("[Errno 13] Permission denied: '/x'", "make the project's folder writable"),
        ("something else", "otherwise"),
    ],
)
def test_what_to_do_follows_from_what_was_said(words: str, start: str) -> None:
    assert advice.for_output(words, "otherwise").startswith(start)


def test_a_read_only_checkout_is_known_by_its_number() -> None:
    assert advice.for_error(OSError(errno.EROFS, "")).startswith("make the project's folder writable")


def test_what_nobody_expected_is_one_line_and_its_traceback_on_request(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(programs, "choose", lambda *_: os.environ["NO SUCH VARIABLE"])
    assert machine.set_up("--minimal") == 3
    line = "error: set-up met an unexpected KeyError: 'NO SUCH VARIABLE'; please report it, with what `scripts/bootstrap --debug` prints\n"
    assert capsys.readouterr().err == line
    assert machine.set_up("--minimal", "--debug") == 3
    printed = capsys.readouterr().err
    assert printed.startswith("Traceback")
    assert printed.endswith(line)
