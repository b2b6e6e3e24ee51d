"""Listeners that any number of connections may come to: `python far_ends.py tcp:ADDRESS:PORT dns:ADDRESS:PORT ...`.

Each connection is taken and closed, each DNS query over UDP answered. Says so when it listens, and ends with standard
input.
"""

from __future__ import annotations

import selectors
import socket
import sys
from contextlib import ExitStack

import dns.message


def main() -> None:
    """Listen until standard input ends."""
    with ExitStack() as stack, selectors.DefaultSelector() as ready:
        for word in sys.argv[1:]:
            kind, address, port = word.split(":")
            stream = kind == "tcp"
            sock = stack.enter_context(socket.socket(type=socket.SOCK_STREAM if stream else socket.SOCK_DGRAM))
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((address, int(port)))
            if stream:
                sock.listen()
            ready.register(sock, selectors.EVENT_READ, take if stream else answer)
        ready.register(sys.stdin, selectors.EVENT_READ)
        sys.stdout.write("listening\n")
        sys.stdout.flush()
        while (found := [key for key, _ in ready.select()]) and all(key.data for key in found):
            for key in found:
                key.data(key.fileobj)


def take(server: socket.socket) -> None:
    """Take a connection and close it."""
    server.accept()[0].close()


def answer(sock: socket.socket) -> None:
    """Answer a query, with no record."""
    wire, peer = sock.recvfrom(65_535)
    sock.sendto(dns.message.make_response(dns.message.from_wire(wire)).to_wire(), peer)


if __name__ == "__main__":
    main()
