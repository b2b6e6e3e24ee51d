"""A cluster leaves nothing behind: no process, no namespace, no folder, however the program that started it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from real_cluster import handle
from tests.on_cluster import OnCluster, until
from vcluster_isolation.tools import PROJECT

pytestmark = pytest.mark.cluster

STARTS = textwrap.dedent("""
    import signal, sys, time
    from real_cluster import handle
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also where the tests run in the background, which ignores it
    cluster = handle.start(stay=False)
    print(cluster.folder, flush=True)
    time.sleep(600)
""")


def processes_of(folder: Path) -> list[str]:
    """Return the command lines of processes that name a cluster's folder, or that are below its supervisor."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
            except OSError:
                continue  # it has ended meanwhile
            found += [words] if str(folder) in words else []
    return found


def started() -> tuple[subprocess.Popen[str], Path]:
    """Start a program that starts a cluster; return it and the cluster's folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", STARTS],
        env={**os.environ, "PYTHONPATH": str(PROJECT / "scripts")},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    return process, Path(process.stdout.readline().strip())


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT])
def test_all_of_it_ends_with_the_program_that_started_it(cluster: OnCluster, how: signal.Signals) -> None:
    process, folder = started()
    with process:
        assert any("kube-apiserver" in words for words in processes_of(folder))
        process.send_signal(how)
    until(lambda: not processes_of(folder), "all processes end")
    until(lambda: not folder.exists(), "the folder goes")
    assert cluster.kubectl("get", "--raw=/readyz").stdout == "ok"  # this one has nothing to do with it


def test_what_a_killed_supervisor_leaves_is_swept_away(cluster: OnCluster) -> None:
    process, folder = started()
    with process:
        os.kill(int((folder / "process").read_text()), signal.SIGKILL)
        until(lambda: not processes_of(folder), "the kernel ends all processes")
        process.kill()
    assert folder.exists()
    assert folder in handle.sweep()
    assert not folder.exists()
    assert cluster.cluster.folder.exists()


def test_the_machine_sees_no_namespace_and_no_rule_of_it(cluster: OnCluster) -> None:
    named = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout  # noqa: S607
    assert not {"n1", "n2", "outside"} & set(named.split())
    rules = subprocess.run(["iptables-save"], capture_output=True, text=True, check=True).stdout  # noqa: S607
    assert "KUBE-" not in rules
    assert cluster.cluster.space("n1").exists()


def test_its_servers_listen_on_this_machine_only(cluster: OnCluster) -> None:
    del cluster
    listening = subprocess.run(["ss", "-Hltnp"], capture_output=True, text=True, check=True).stdout  # noqa: S607
    ours = [line for line in listening.splitlines() if "etcd" in line or "kube-apiserver" in line]
    assert len(ours) >= 3
    assert all(line.split()[3].startswith("127.0.0.1:") for line in ours)
