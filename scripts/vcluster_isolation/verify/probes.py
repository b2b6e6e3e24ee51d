"""Trying one port of one address: a TCP connection, or a DNS query over UDP or TCP. Raises what the network says."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import dns.exception
import dns.message
import dns.name
import dns.rcode

from vcluster_isolation.verify.model import Answer, ProbeOutcome
from vcluster_isolation.verify.resolve import Address

QUERIED_NAME = "kubernetes.default.svc.cluster.local"
"""A name that the CoreDNS of every vCluster knows."""

_TRIES = 3  # of a UDP query within the timeout, as resolvers do: one lost packet is no closed port
_LARGEST = 65_535


def question(name: str) -> dns.message.Message:
    """Return a query for the address of a name. Raises ValueError with a sentence for what cannot be a name."""
    try:
        return dns.message.make_query(dns.name.from_text(name), "A")
    except (dns.exception.DNSException, UnicodeError) as error:
        raise ValueError(str(error) or "this cannot be a name") from error


async def tcp(address: Address) -> Answer:
    """Connect, and close the connection without a word, as `nc -z` does."""
    async with _connected(address, socket.SOCK_STREAM):
        return Answer(ProbeOutcome.OPEN, "", address.text)


async def dns_udp(address: Address, query: dns.message.Message, timeout: float) -> Answer:  # noqa: ASYNC109
    """Ask over UDP, again whenever a third of the timeout went by in silence (RFC 1035, 4.2.1)."""
    loop = asyncio.get_running_loop()
    async with _connected(address, socket.SOCK_DGRAM) as sock:
        for _ in range(_TRIES - 1):
            await loop.sock_sendall(sock, query.to_wire())
            try:
                async with asyncio.timeout(timeout / _TRIES):
                    return _heard(query, await loop.sock_recv(sock, _LARGEST), address)
            except TimeoutError:
                continue
        await loop.sock_sendall(sock, query.to_wire())
        return _heard(query, await loop.sock_recv(sock, _LARGEST), address)


async def dns_tcp(address: Address, query: dns.message.Message) -> Answer:
    """Ask over TCP: the message follows its length in two bytes (RFC 1035, 4.2.2). Raises EOFError if cut short."""
    loop = asyncio.get_running_loop()
    async with _connected(address, socket.SOCK_STREAM) as sock:
        await loop.sock_sendall(sock, query.to_wire(prepend_length=True))
        size = int.from_bytes(await _exactly(sock, 2))
        return _heard(query, await _exactly(sock, size), address)


@asynccontextmanager
async def _connected(address: Address, kind: int) -> AsyncIterator[socket.socket]:
    """Yield a connected socket. UDP is connected too: only so does the system tell of ICMP errors."""
    with socket.socket(address.family, kind) as sock:
        sock.settimeout(0)
        await asyncio.get_running_loop().sock_connect(sock, address.sockaddr)
        yield sock


async def _exactly(sock: socket.socket, size: int) -> bytes:
    """Return as many bytes as asked for. Raises EOFError when the connection ends before."""
    received = b""
    while len(received) < size:
        more = await asyncio.get_running_loop().sock_recv(sock, size - len(received))
        if not more:
            raise EOFError
        received += more
    return received


def _heard(query: dns.message.Message, wire: bytes, address: Address) -> Answer:
    """Return what a message says. A name that does not exist is a good answer: the server was asked, and knew."""
    try:
        reply = dns.message.from_wire(wire, raise_on_truncation=False)
    except (dns.exception.DNSException, ValueError):
        return Answer(ProbeOutcome.NOT_DNS, "", address.text)
    if not query.is_response(reply):
        return Answer(ProbeOutcome.NOT_DNS, "", address.text)
    code = reply.rcode()
    good = code in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN)
    return Answer(ProbeOutcome.OPEN if good else ProbeOutcome.DNS_ERROR, dns.rcode.to_text(code), address.text)
