"""Starting, finding and ending clusters, from the outside: what the command and the tests work with.

Each cluster has a folder under `.tools/cluster`, with a lock that its supervisor holds for as long as it lives. A
folder whose lock is free is what a killed one left, and is swept away.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from real_cluster import supervisor
from real_cluster.client import Client
from real_cluster.needs import missing_from_machine, missing_programs
from vcluster_isolation.errors import IsolationError
from vcluster_isolation.tools import PROJECT

CLUSTERS: Final = PROJECT / ".tools" / "cluster"
"""The folders of all clusters of this checkout."""

_PATIENCE: Final = 10  # seconds that a cluster has to end
_LOCK, _PROCESS, _CONTROL = "lock", "process", "control"


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster that runs."""

    folder: Path

    @property
    def kubeconfig(self) -> Path:
        """A kubeconfig with the token of an administrator."""
        return self.folder / "kubeconfig"

    @property
    def path(self) -> Path:
        """A folder for PATH, with the cluster's kubectl."""
        return self.folder / "path"

    def client(self) -> Client:
        """Return a client with the administrator's token."""
        config = json.loads(self.kubeconfig.read_text(encoding="utf-8"))
        port = int(config["clusters"][0]["cluster"]["server"].rpartition(":")[2])
        authority = self.folder / "certificates" / "apiserver.crt"
        return Client(port, config["users"][0]["user"]["token"], authority)

    def ask(self, command: str, *words: str) -> Any:
        """Have the supervisor do something, see `Supervisor.commands`. Raises IsolationError if it cannot."""
        with socket.socket(socket.AF_UNIX) as connection, _short(self.folder / _CONTROL) as path:
            connection.connect(path)
            with connection.makefile("rw", encoding="utf-8") as file:
                file.write(f"{json.dumps([command, *words])}\n")
                file.flush()
                answer = json.loads(file.readline())
        if "error" in answer:
            raise IsolationError(f"{command} {' '.join(words)}: {answer['error']}", f"see the logs in {self.folder}")
        return answer["answer"]

    def space(self, name: str) -> Path:
        """Return the file of a network namespace: `outside`, a node's name, or what `spaces` gives for a pod."""
        process = (self.folder / _PROCESS).read_text(encoding="ascii")
        return Path(f"/proc/{process}/root/run/netns/{name}")

    def spaces(self) -> dict[str, Path]:
        """Return the file of the network namespace of each pod by `namespace/name`."""
        return {pod: self.space(name) for pod, name in self.ask("spaces").items()}

    def log(self, name: str) -> str:
        """Return what a process of the cluster has printed: `etcd`, `kube-apiserver`, `agent-n1`."""
        return (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")


def start(*, stay: bool, programs: Path = PROJECT / ".tools" / "built") -> Cluster:
    """Start a cluster and return when its API server is ready and its agents are started.

    It ends with this process, however that ends, unless it is to `stay`. Raises IsolationError with what is missing.
    """
    if problem := missing_from_machine() or missing_programs(programs):
        raise IsolationError(problem, "")
    sweep()
    with _alone():
        folder = Path(tempfile.mkdtemp(prefix="", dir=CLUSTERS))
        lock = (folder / _LOCK).open("w")
        fcntl.flock(lock, fcntl.LOCK_EX)
    with lock:
        process = _spawn(folder, programs, lock.fileno(), stay=stay)
    Cluster(folder).path.mkdir()
    (Cluster(folder).path / "kubectl").symlink_to(programs / "kubectl")
    (folder / _PROCESS).write_text(str(process.pid), encoding="ascii")
    said = process.stdout.readline().strip() if process.stdout else ""
    if said != supervisor.READY:
        process.kill()
        process.wait()
        remove(folder)
        raise IsolationError(json.loads(said) if said else "the cluster's supervisor ended without a word", "")
    _RUNNING[folder] = process
    return Cluster(folder)


_RUNNING: Final[dict[Path, subprocess.Popen[str]]] = {}
"""Supervisors that this process started: an object that is collected would close the pipe that keeps them alive."""


def _spawn(folder: Path, programs: Path, lock: int, *, stay: bool) -> subprocess.Popen[str]:
    """Start the supervisor in namespaces of its own."""
    inside = ["unshare", "--mount", "--propagation=private", "--pid", "--fork", "--kill-child", "--mount-proc"]
    words = [sys.executable, "-m", "real_cluster.supervisor", str(folder), str(programs), *(["stay"] if stay else [])]
    with (folder / "supervisor.log").open("wb") as log:
        return subprocess.Popen(
            [*inside, *words],
            stdin=subprocess.DEVNULL if stay else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log.fileno(),
            text=True,
            pass_fds=[lock],
            start_new_session=True,  # Ctrl-C is for us, and we end it
            env=_environment(),
        )


def _environment() -> dict[str, str]:
    """Return the supervisor's environment: what the caller set for short programs in Go is not for servers."""
    kept = {name: value for name, value in os.environ.items() if name not in ("GOGC", "GOMEMLIMIT")}
    return {**kept, "PYTHONPATH": str(PROJECT / "scripts")}


@contextmanager
def running() -> Iterator[Cluster]:
    """Run a cluster for a while."""
    cluster = start(stay=False)
    try:
        yield cluster
    finally:
        end(cluster)


def end(cluster: Cluster) -> None:
    """End a cluster, and return when nothing of it is left. Raises IsolationError if it does not end."""
    process = int((cluster.folder / _PROCESS).read_text(encoding="ascii"))
    with suppress(OSError, ValueError, IsolationError):
        cluster.ask("end")
    if not _until_free(cluster.folder):
        os.kill(process, signal.SIGKILL)  # the kernel ends the rest: see supervisor.py
        if not _until_free(cluster.folder):
            raise IsolationError(f"process {process} does not end", f"see what holds {cluster.folder / _LOCK}")
    if started := _RUNNING.pop(cluster.folder, None):
        started.communicate()
    remove(cluster.folder)


def all_running() -> list[Cluster]:
    """Return the clusters of this checkout that run."""
    return [Cluster(folder) for folder in _folders() if not is_free(folder)]


def sweep() -> list[Path]:
    """Remove what killed clusters left, and return the folders."""
    with _alone():
        left = [folder for folder in _folders() if is_free(folder)]
        for folder in left:
            remove(folder)
    return left


def is_free(folder: Path) -> bool:
    """Whether no supervisor holds the lock of a folder."""
    try:
        with (folder / _LOCK).open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except FileNotFoundError:
        return True
    return True


def remove(folder: Path) -> None:
    """Remove a folder; servers that are just being ended may still write in it."""
    for _ in range(_PATIENCE):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.1)
    shutil.rmtree(folder)


def _folders() -> list[Path]:
    return sorted(path for path in CLUSTERS.iterdir() if path.is_dir()) if CLUSTERS.is_dir() else []


def _until_free(folder: Path) -> bool:
    """Wait until nothing holds the lock of a folder, and return whether that came about."""
    deadline = time.monotonic() + _PATIENCE
    while not is_free(folder):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@contextmanager
def _short(socket_file: Path) -> Iterator[str]:
    """Give a path to a socket that is not too long for one, whatever the checkout's folder is called."""
    folder = os.open(socket_file.parent, os.O_PATH | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{socket_file.name}"
    finally:
        os.close(folder)


@contextmanager
def _alone() -> Iterator[None]:
    """Keep others from making and sweeping folders meanwhile."""
    CLUSTERS.mkdir(parents=True, exist_ok=True)
    with (CLUSTERS / ".guard").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        yield
