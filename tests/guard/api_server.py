"""etcd and kube-apiserver for the tests of the guard, with RBAC, which the guard asks; they end with the tests."""

from __future__ import annotations

import http.client
import json
import shutil
import ssl
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from real_cluster import control_plane
from tests.chart.rendering import Json
from tests.guard.on_api_server import Answer, Server
from vcluster_isolation.tools import PROJECT

PROGRAMS = PROJECT / ".tools" / "built"


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
    """Start both programs with their files in a folder, and end them.

    The kernel ends them when these tests end in another way. Raises IsolationError with a log's end when they do not
    answer.
    """
    servers = control_plane.new(folder, PROGRAMS)
    servers.authorization, servers.prefix = "RBAC", ("setpriv", "--pdeathsig", "KILL")
    try:
        servers.start()
        tls = ssl.create_default_context(cafile=str(servers.certificate))
        with closing(http.client.HTTPSConnection("127.0.0.1", servers.port, context=tls, timeout=60)) as connection:
            yield Server(_answer(connection, servers.token))
    finally:
        servers.stop()


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
