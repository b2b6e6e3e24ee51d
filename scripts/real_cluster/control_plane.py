"""etcd and kube-apiserver on 127.0.0.1, and a kubeconfig with a token for them."""

from __future__ import annotations

import base64
import http.client
import json
import secrets
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from real_cluster import linux
from real_cluster.client import Client, Refused
from vcluster_isolation.errors import IsolationError

_READY: Final = 180  # seconds that a server has to answer
_STEP: Final = 0.05
_SERVICES: Final = "10.196.0.0/16,fd00:10:196::/112"
_ADMIN: Final = "admin"


@dataclass(slots=True)
class ControlPlane:
    """What the two servers are started from, and their processes. `folder` has data, certificates and logs.

    `authorization` is the API server's mode; `prefix` are words that each server is started with.
    """

    folder: Path
    programs: Path
    etcd_port: int
    port: int
    token: str
    authorization: str = "AlwaysAllow"
    prefix: tuple[str, ...] = ()
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def certificate(self) -> Path:
        """The certificate that the API server made for itself."""
        return self.folder / "certificates" / "apiserver.crt"

    @property
    def kubeconfig(self) -> Path:
        """The kubeconfig of an administrator."""
        return self.folder / "kubeconfig"

    def client(self) -> Client:
        """Return a client with the administrator's token."""
        return Client(self.port, self.token, self.certificate)

    def start(self) -> None:
        """Start both servers and return when the API server is ready. Raises IsolationError with a log's last lines."""
        (self.folder / "tokens.csv").write_text(f"{self.token},{_ADMIN},1,system:masters\n", encoding="ascii")
        (self.folder / "tokens.csv").chmod(0o600)
        self.start_etcd()
        self.start_api_server()

    def start_etcd(self) -> None:
        """Start etcd; it keeps what it had."""
        address, peers = f"http://127.0.0.1:{self.etcd_port}", f"http://127.0.0.1:{self.etcd_port + 1}"
        words = [
            f"--data-dir={self.folder / 'etcd'}",
            f"--listen-client-urls={address}",
            f"--advertise-client-urls={address}",
            f"--listen-peer-urls={peers}",
            f"--initial-advertise-peer-urls={peers}",
            f"--initial-cluster=default={peers}",
            "--unsafe-no-fsync",  # nothing here outlives the machine
            "--log-level=warn",
        ]
        self._start("etcd", words)

    def start_api_server(self) -> None:
        """Start the API server and return when it is ready. Raises IsolationError with its log's last lines."""
        keys = self.certificate.with_suffix(".key")
        words = [
            f"--etcd-servers=http://127.0.0.1:{self.etcd_port}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            f"--secure-port={self.port}",
            f"--cert-dir={self.certificate.parent}",
            f"--service-cluster-ip-range={_SERVICES}",
            f"--token-auth-file={self.folder / 'tokens.csv'}",
            f"--authorization-mode={self.authorization}",
            "--disable-admission-plugins=ServiceAccount",  # its accounts are a controller's, and there is none
            "--endpoint-reconciler-type=none",
            f"--service-account-key-file={keys}",
            f"--service-account-signing-key-file={keys}",
            "--service-account-issuer=https://kubernetes.default.svc",
            "--feature-gates=WatchList=true",
        ]
        self._start("kube-apiserver", words)
        self._until_ready()
        self._write_kubeconfig()

    def stop(self, *names: str) -> None:
        """End servers, all unless some are named."""
        linux.stop(self.processes.pop(name) for name in names or tuple(self.processes) if name in self.processes)

    def _start(self, name: str, words: list[str]) -> None:
        self.processes[name] = start([str(self.programs / name), *words], self.folder / f"{name}.log", self.prefix)

    def _until_ready(self) -> None:
        """Wait for the API server to say that it is ready."""
        deadline = time.monotonic() + _READY
        while not self._is_ready():
            for name, process in self.processes.items():
                if process.poll() is not None:
                    raise _ended(name, self.folder / f"{name}.log")
            if time.monotonic() > deadline:
                raise IsolationError(
                    f"kube-apiserver is not ready after {_READY} s:\n{last_lines(self.folder / 'kube-apiserver.log')}",
                    "see whether this machine is busy with other work",
                )
            time.sleep(_STEP)

    def _is_ready(self) -> bool:
        """Whether the API server says that it is ready."""
        if not self.certificate.exists():
            return False
        client = self.client()
        try:
            client.get("/readyz")
        except (OSError, http.client.HTTPException, Refused):
            return False  # not yet: it does not listen, is about to, or says what it still waits for
        finally:
            client.close()
        return True

    def _write_kubeconfig(self) -> None:
        """Write the kubeconfig with the token and the certificate in it."""
        authority = base64.b64encode(self.certificate.read_bytes()).decode()
        server = {"server": f"https://127.0.0.1:{self.port}", "certificate-authority-data": authority}
        text = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "real-cluster", "cluster": server}],
            "users": [{"name": _ADMIN, "user": {"token": self.token}}],
            "contexts": [{"name": "real-cluster", "context": {"cluster": "real-cluster", "user": _ADMIN}}],
            "current-context": "real-cluster",
        }
        self.kubeconfig.touch(mode=0o600)
        self.kubeconfig.write_text(json.dumps(text, indent=1), encoding="utf-8")


def new(folder: Path, programs: Path) -> ControlPlane:
    """Return a control plane that is to keep its files in a folder, at ports that are free now."""
    etcd, port = free_ports()
    return ControlPlane(folder, programs, etcd, port, secrets.token_hex(16))


def free_ports() -> tuple[int, int]:
    """Return two ports of 127.0.0.1 that nothing listens on: the first free with the one after it."""
    while True:
        with socket.socket() as first, socket.socket() as next_one, socket.socket() as other:
            first.bind(("127.0.0.1", 0))
            other.bind(("127.0.0.1", 0))
            port: int = first.getsockname()[1]
            try:
                next_one.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue  # taken, or above the last port: another pair
            return port, int(other.getsockname()[1])


def start(command: list[str], log: Path, prefix: tuple[str, ...] = ()) -> subprocess.Popen[bytes]:
    """Start a program with its output at the end of a log."""
    with log.open("ab") as sink:
        return subprocess.Popen(
            [*prefix, *command], stdin=subprocess.DEVNULL, stdout=sink.fileno(), stderr=subprocess.STDOUT
        )


def last_lines(log: Path) -> str:
    """Return the end of a log."""
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-8:])


def _ended(name: str, log: Path) -> IsolationError:
    return IsolationError(f"{name} ended by itself:\n{last_lines(log)}", f"see {log}")
