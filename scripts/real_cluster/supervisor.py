"""What holds a cluster together: a process that starts everything, and with which everything ends.

It is process 1 of a PID namespace, with a mount namespace whose `/run` is its own: when it ends, however it ends, the
kernel ends all other processes of the cluster, and with them go the network namespaces, whose names nothing else knows.
`handle.py` starts it; when its standard input is a pipe that closes, the program that asked for the cluster is gone.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from real_cluster import control_plane, linux, network
from real_cluster.agents import Agents
from real_cluster.client import Client
from real_cluster.control_plane import ControlPlane
from real_cluster.kubelet import Kubelet
from real_cluster.services import ServiceProxy
from vcluster_isolation.errors import IsolationError

READY: Final = "ready"
_AGENT: Final = "agent-"


@dataclass(slots=True)
class Supervisor:
    """A cluster in the making, or running."""

    folder: Path
    plane: ControlPlane
    agents: Agents
    kubelet: Kubelet | None = None

    def start(self) -> None:
        """Start all of it: nodes while the control plane starts. Raises IsolationError or OSError."""
        failed: list[BaseException] = []
        wires = threading.Thread(target=_noting(self._lay_wires, failed))
        wires.start()
        self.plane.start()
        wires.join()
        for failure in failed:
            raise failure
        self.kubelet = Kubelet(self._client(), self.folder, _tools(self.folder))
        self.kubelet.start()
        ServiceProxy(self._client()).start()
        for node in network.NODES:
            self.agents.connect(node)
            self.agents.start(node)

    def _client(self) -> Client:
        return self.plane.client()

    def _lay_wires(self) -> None:
        network.lay_outside()
        for node in network.NODES:
            network.lay_node(node)

    def stop(self, name: str) -> None:
        """End a server, `etcd` or `kube-apiserver`, or the agent of a node, `agent-n1`."""
        if name.startswith(_AGENT):
            self.agents.stop(name.removeprefix(_AGENT))
        else:
            self.plane.stop(name)

    def kill(self, name: str) -> None:
        """End a server, or the agent of a node, with SIGKILL."""
        if name.startswith(_AGENT):
            self.agents.kill(name.removeprefix(_AGENT))
        else:
            process = self.plane.processes.pop(name)
            process.kill()
            process.wait()

    def start_again(self, name: str) -> None:
        """Start what was ended."""
        match name:
            case "etcd":
                self.plane.start_etcd()
            case "kube-apiserver":
                self.plane.start_api_server()
            case _:
                self.agents.start(_node(name.removeprefix(_AGENT)))

    def rebuild(self, name: str) -> None:
        """Remove a node's namespace with its agent and cables, and make it anew, as a reboot would."""
        node = _node(name)
        self.agents.stop(node.name)
        network.cut_node(node)
        network.lay_node(node)
        if self.kubelet:
            self.kubelet.connect_again(node)
        self.agents.connect(node)
        self.agents.start(node)

    def outside(self, *addresses: str) -> None:
        """Give the outside more addresses."""
        network.add_outside(addresses)

    def spaces(self) -> dict[str, str]:
        """Return the network namespaces of pods by `namespace/name`."""
        return self.kubelet.spaces() if self.kubelet else {}

    def end(self) -> None:
        """End the cluster, soon."""
        os.kill(os.getpid(), signal.SIGTERM)

    def processes(self) -> dict[str, int]:
        """Return the processes of the cluster that run, with their numbers in its PID namespace."""
        agents = {f"{_AGENT}{name}": process for name, process in self.agents.processes.items()}
        both = {**self.plane.processes, **agents}
        return {name: process.pid for name, process in both.items() if process.poll() is None}

    def commands(self) -> Mapping[str, Callable[..., Any]]:
        """Return what may be asked of a cluster from outside, by name."""
        asked = (self.stop, self.kill, self.start_again, self.rebuild, self.outside, self.spaces)
        return {command.__name__: command for command in (*asked, self.processes, self.end)}


def main(arguments: list[str]) -> int:
    """Run a cluster: FOLDER PROGRAMS [STAY]. Prints `ready`, or what is wrong as a JSON string.

    It runs until its standard input ends, with STAY until SIGTERM.
    """
    folder, programs, *stay = (Path(arguments[0]), Path(arguments[1]), *arguments[2:])
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _end)
    _own_run()
    plane = control_plane.new(folder, programs)
    supervisor = Supervisor(folder, plane, Agents(folder, programs / "kube-router", plane.kubeconfig, plane.port))
    try:
        supervisor.start()
        with socket.socket(socket.AF_UNIX) as listener:
            os.chdir(folder)
            listener.bind("control")  # relative: the path of a socket may have 107 bytes
            listener.listen()
            threading.Thread(target=_serve, args=(listener, supervisor), daemon=True).start()
            _say(READY)
            if stay:
                threading.Event().wait()
            os.read(0, 1)  # until the program that holds the other end ends, or lets go of it
    except (IsolationError, OSError) as error:
        _say(json.dumps(str(error)))
        return 2
    finally:
        shutil.rmtree(folder, ignore_errors=True)  # what the servers still write in it goes with the next sweep
    return 0


def _end(_number: int, _frame: object) -> None:
    raise SystemExit(0)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _own_run() -> None:
    """Put an empty folder where iproute2 keeps names and iptables its lock, for this mount namespace only."""
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)  # noqa: S607 # of util-linux, like unshare
    linux.NAMES.mkdir()


def _tools(folder: Path) -> Path:
    """Return a folder with the programs that the image of `helm test` has, as far as this machine has them."""
    place = folder / "tools"
    place.mkdir()
    for name, program in (("nc", "nc.openbsd"), ("nslookup", "busybox")):
        if found := shutil.which(program):
            (place / name).symlink_to(found)
    return place


def _node(name: str) -> network.Node:
    return next(node for node in network.NODES if node.name == name)


def _noting(work: Callable[[], None], failed: list[BaseException]) -> Callable[[], None]:
    """Return `work` so that what it raises is noted."""

    def noted() -> None:
        try:
            work()
        except (IsolationError, OSError) as error:
            failed.append(error)

    return noted


def _serve(listener: socket.socket, supervisor: Supervisor) -> None:
    """Answer each connection: a line of JSON asks, a line of JSON answers."""
    commands = supervisor.commands()
    while True:
        connection, _ = listener.accept()
        with connection, connection.makefile("rw", encoding="utf-8") as file:
            name, *words = json.loads(file.readline())
            try:
                answer = {"answer": commands[name](*words)}
            except Exception as error:  # noqa: BLE001 # whatever it is, the asker is to hear of it
                answer = {"error": f"{type(error).__name__}: {error}"}
            file.write(f"{json.dumps(answer)}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
