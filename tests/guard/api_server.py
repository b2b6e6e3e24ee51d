"""etcd and kube-apiserver for the tests of the guard, with RBAC, which the guard asks; they end with the tests."""

from __future__ import annotations

import http.client
import json
import secrets
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.chart.rendering import Json
from tests.guard.on_api_server import Answer, Server
from vcluster_isolation.tools import PROJECT

PROGRAMS = PROJECT / ".tools" / "built"
PATIENCE = 180


def missing() -> str:
    """Return a sentence that says what is missing; nothing if an API server can be started."""
    lacking = [name for name in ("etcd", "kube-apiserver") if not (PROGRAMS / name).exists()]
    if not shutil.which("setpriv"):
        lacking.append("setpriv (util-linux)")
    return (
        f"no real API server: {', '.join(lacking)} not there; scripts/cluster build builds the programs"
        if lacking
        else ""
    )


@contextmanager
def running(folder: Path) -> Iterator[Server]:
    """Start both programs with their files in a folder, and end them. Fails with a log's end when they do not answer."""
    token, ports = secrets.token_hex(16), _free_ports(3)
    tokens = folder / "tokens.csv"
    tokens.write_text(f"{token},admin,1,system:masters\n", encoding="ascii")
    tokens.chmod(0o600)
    certificates = folder / "certificates"
    etcd, peers = (f"http://127.0.0.1:{port}" for port in ports[:2])
    key = certificates / "apiserver.key"
    commands = {
        "etcd": [
            f"--data-dir={folder / 'etcd'}",
            *(f"--{name}-client-urls={etcd}" for name in ("listen", "advertise")),
            f"--listen-peer-urls={peers}",
            f"--initial-advertise-peer-urls={peers}",
            f"--initial-cluster=default={peers}",
            "--unsafe-no-fsync",
            "--log-level=warn",
        ],
        "kube-apiserver": [
            f"--etcd-servers={etcd}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            f"--secure-port={ports[2]}",
            f"--cert-dir={certificates}",
            "--service-cluster-ip-range=10.196.0.0/16",
            f"--token-auth-file={tokens}",
            "--authorization-mode=RBAC",
            "--disable-admission-plugins=ServiceAccount",
            "--endpoint-reconciler-type=none",
            f"--service-account-key-file={key}",
            f"--service-account-signing-key-file={key}",
            "--service-account-issuer=https://kubernetes.default.svc",
        ],
    }
    processes = [_start(name, words, folder / f"{name}.log") for name, words in commands.items()]
    try:
        connection = _ready(ports[2], token, certificates / "apiserver.crt", folder / "kube-apiserver.log")
        with closing(connection):
            yield Server(_answer(connection, token))
    finally:
        for process in processes:
            process.kill()
            process.wait()


def _start(name: str, words: list[str], log: Path) -> subprocess.Popen[bytes]:
    """Start a program that the kernel ends when these tests do, however they end."""
    with log.open("wb") as sink:
        command = ["setpriv", "--pdeathsig", "KILL", str(PROGRAMS / name), *words]
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=sink.fileno(), stderr=subprocess.STDOUT)


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [int(each.getsockname()[1]) for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _ready(port: int, token: str, authority: Path, log: Path) -> http.client.HTTPSConnection:
    """Return a connection to the API server once it is ready; fails with the end of its log when it does not get so."""
    deadline = time.monotonic() + PATIENCE
    while not _is_ready(port, token, authority):
        assert time.monotonic() < deadline, log.read_text(encoding="utf-8", errors="replace")[-2000:]
        time.sleep(0.2)
    return _connection(port, authority)


def _answer(connection: http.client.HTTPSConnection, token: str) -> Answer:
    """Return what sends requests as an administrator."""
    own = [("Authorization", f"Bearer {token}"), ("Content-Type", "application/json")]

    def send(method: str, path: str, body: Json | None, headers: Iterable[tuple[str, str]]) -> tuple[int, Json]:
        text = b"" if body is None else json.dumps(body).encode()
        connection.putrequest(method, path)
        for key, value in [*own, ("Content-Length", str(len(text))), *headers]:
            connection.putheader(key, value)
        connection.endheaders(text)
        answer = connection.getresponse()
        data = answer.read()
        return answer.status, json.loads(data) if data.startswith(b"{") else {"text": data.decode()}

    return send


def _connection(port: int, authority: Path) -> http.client.HTTPSConnection:
    tls = ssl.create_default_context(cafile=str(authority))
    return http.client.HTTPSConnection("127.0.0.1", port, context=tls, timeout=60)


def _is_ready(port: int, token: str, authority: Path) -> bool:
    """Whether the API server says that it is; it has made its certificate by then."""
    if not authority.exists():
        return False
    try:
        with closing(_connection(port, authority)) as connection:
            connection.request("GET", "/readyz", headers={"Authorization": f"Bearer {token}"})
            return connection.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False
