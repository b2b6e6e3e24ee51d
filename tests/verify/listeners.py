"""Real listeners, on loopback or in a network namespace: plain TCP, DNS over UDP and TCP, and some that misbehave."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager

import dns.flags
import dns.message
import dns.rcode

Reply = Callable[[bytes], bytes | None]
LOOPBACK = "127.0.0.1"


def resolver(rcode: int = dns.rcode.NOERROR) -> Reply:
    """Return what answers queries as a DNS server does."""

    def reply(wire: bytes) -> bytes:
        response = dns.message.make_response(dns.message.from_wire(wire))
        response.set_rcode(dns.rcode.Rcode(rcode))
        return response.to_wire()

    return reply


@contextmanager
def listening(host: str = LOOPBACK, port: int = 0, backlog: int = 8) -> Iterator[socket.socket]:
    """Listen and never accept: the system answers for us."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with closing(socket.create_server((host, port), family=family, backlog=backlog)) as sock:
        yield sock


@contextmanager
def udp(reply: Reply, host: str = LOOPBACK, port: int = 0) -> Iterator[int]:
    """Answer datagrams; where the reply is None, be silent. Yields the port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((host, port))

        def serve() -> None:
            while True:
                wire, peer = sock.recvfrom(65_535)
                if wire == b"end":
                    return
                answer = reply(wire)
                if answer is not None:
                    sock.sendto(answer, peer)

        with _served(serve):
            yield sock.getsockname()[1]
            sock.sendto(b"end", sock.getsockname())


@contextmanager
def tcp(reply: Reply, host: str = LOOPBACK, port: int = 0) -> Iterator[int]:
    """Send the reply to what arrives on each connection, one after the other, and close it. Yields the port."""
    with listening(host, port) as server:

        def serve() -> None:
            while True:
                connection, _ = server.accept()
                with connection:
                    wire = connection.recv(65_535)
                    if wire == b"end":
                        return
                    connection.sendall(reply(wire) or b"")

        with _served(serve):
            yield server.getsockname()[1]
            with socket.create_connection(server.getsockname()) as last:
                last.sendall(b"end")


def framed(reply: Reply) -> Reply:
    """Return the reply to a message that follows its length, as one."""

    def whole(wire: bytes) -> bytes:
        answer = reply(wire[2:]) or b""
        return len(answer).to_bytes(2) + answer

    return whole


@contextmanager
def _served(serve: Callable[[], None]) -> Iterator[None]:
    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield
    thread.join()


def closed_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind((LOOPBACK, 0))
        port: int = sock.getsockname()[1]
        return port


def main() -> None:
    """Listen on ADDRESS on the ports `dns:N` and `tcp:N`, say so, and end with standard input."""
    host, *words = sys.argv[1:]
    with ExitStack() as stack:
        for kind, _, port in (word.partition(":") for word in words):
            if kind == "dns":
                stack.enter_context(udp(resolver(), host, int(port)))
                stack.enter_context(tcp(framed(resolver()), host, int(port)))
            else:
                stack.enter_context(listening(host, int(port)))
        sys.stdout.write("listening\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
