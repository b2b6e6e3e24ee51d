"""What each probe says of real listeners on loopback."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import threading
import time

import dns.message
import dns.rcode
import pytest

from tests.verify.listeners import LOOPBACK, closed_port, framed, listening, resolver, tcp, udp
from vcluster_isolation.verify.classify import answer_of
from vcluster_isolation.verify.model import Answer, Check, ProbeKind, ProbeOutcome, Target
from vcluster_isolation.verify.resolve import addresses
from vcluster_isolation.verify.run import verify

SOON = 0.2


def probe(host: str, port: int, kind: ProbeKind = ProbeKind.TCP, timeout: float = 5) -> Answer:
    (result,) = verify([Check("it is open", Target(host, port, kind))], timeout=timeout).results
    return result.answer


def test_a_listener_is_open() -> None:
    with listening() as server:
        answer = probe(LOOPBACK, server.getsockname()[1])
    assert (answer.outcome, answer.address) == (ProbeOutcome.OPEN, LOOPBACK)


def test_ipv6_is_dialled_as_well() -> None:
    with listening("::1") as server:
        assert probe("::1", server.getsockname()[1]).outcome is ProbeOutcome.OPEN


@pytest.mark.parametrize("kind", list(ProbeKind))
def test_a_port_where_nobody_listens_is_refused(kind: ProbeKind) -> None:
    assert probe(LOOPBACK, closed_port(), kind).outcome is ProbeOutcome.REFUSED


def test_a_connection_that_nobody_takes_times_out() -> None:
    with listening(backlog=0) as server, socket.create_connection(server.getsockname()):
        answer = probe(LOOPBACK, server.getsockname()[1], timeout=0.5)
    assert answer.outcome is ProbeOutcome.TIMED_OUT
    assert 0.5 <= answer.seconds < 1.4


@pytest.mark.parametrize("rcode", [dns.rcode.NOERROR, dns.rcode.NXDOMAIN])
def test_a_dns_server_that_answers_is_open(rcode: dns.rcode.Rcode) -> None:
    with udp(resolver(rcode)) as port:
        assert probe(LOOPBACK, port, ProbeKind.DNS_UDP).outcome is ProbeOutcome.OPEN
    with tcp(framed(resolver(rcode))) as port:
        answer = probe(LOOPBACK, port, ProbeKind.DNS_TCP)
    assert (answer.outcome, answer.detail) == (ProbeOutcome.OPEN, dns.rcode.to_text(rcode))


@pytest.mark.parametrize("rcode", [dns.rcode.SERVFAIL, dns.rcode.REFUSED])
def test_a_dns_server_that_cannot_answer_fails(rcode: dns.rcode.Rcode) -> None:
    with udp(resolver(rcode)) as port:
        answer = probe(LOOPBACK, port, ProbeKind.DNS_UDP)
    assert (answer.outcome, answer.detail) == (ProbeOutcome.DNS_ERROR, dns.rcode.to_text(rcode))


@pytest.mark.parametrize("said", [b"", b"hello", b"x" * 64])
def test_what_is_no_dns_is_told_apart(said: bytes) -> None:
    with udp(lambda _: said) as port:
        assert probe(LOOPBACK, port, ProbeKind.DNS_UDP).outcome is ProbeOutcome.NOT_DNS
    with tcp(lambda _: len(said).to_bytes(2) + said) as port:
        assert probe(LOOPBACK, port, ProbeKind.DNS_TCP).outcome is ProbeOutcome.NOT_DNS


def test_an_echo_of_the_query_is_no_answer_to_it() -> None:
    with udp(lambda wire: wire) as port:
        assert probe(LOOPBACK, port, ProbeKind.DNS_UDP).outcome is ProbeOutcome.NOT_DNS


def test_an_answer_to_another_query_is_none_to_ours() -> None:
    other = dns.message.make_response(dns.message.make_query("other.example", "A")).to_wire()
    with udp(lambda _: other) as port:
        assert probe(LOOPBACK, port, ProbeKind.DNS_UDP).outcome is ProbeOutcome.NOT_DNS


@pytest.mark.parametrize("said", [b"", b"\0", b"\0\x40cut short"])
def test_a_connection_closed_in_the_middle_is_no_answer(said: bytes) -> None:
    with tcp(lambda _: said) as port:
        assert probe(LOOPBACK, port, ProbeKind.DNS_TCP).outcome is ProbeOutcome.NO_ANSWER


def test_a_dns_server_that_stays_silent_times_out() -> None:
    with udp(lambda _: None) as port, listening() as server:
        assert probe(LOOPBACK, port, ProbeKind.DNS_UDP, SOON).outcome is ProbeOutcome.TIMED_OUT
        assert probe(LOOPBACK, server.getsockname()[1], ProbeKind.DNS_TCP, SOON).outcome is ProbeOutcome.TIMED_OUT


@pytest.mark.parametrize("lost", [1, 2])
def test_a_lost_datagram_is_sent_again(lost: int) -> None:
    seen: list[bytes] = []

    def forgetful(wire: bytes) -> bytes | None:
        seen.append(wire)
        return resolver()(wire) if len(seen) > lost else None

    with udp(forgetful) as port:
        assert probe(LOOPBACK, port, ProbeKind.DNS_UDP, timeout=0.6).outcome is ProbeOutcome.OPEN
    assert len(seen) == lost + 1


@pytest.mark.parametrize(
    ("number", "outcome"),
    [
        (errno.ECONNREFUSED, ProbeOutcome.REFUSED),
        (errno.ETIMEDOUT, ProbeOutcome.TIMED_OUT),
        (errno.EHOSTUNREACH, ProbeOutcome.UNREACHABLE),
        (errno.ENETUNREACH, ProbeOutcome.UNREACHABLE),
        (errno.EPERM, ProbeOutcome.PROHIBITED),
        (errno.EACCES, ProbeOutcome.PROHIBITED),
        (errno.ECONNRESET, ProbeOutcome.NO_ANSWER),
        (errno.EMFILE, ProbeOutcome.NO_SOCKET),
    ],
)
def test_each_error_of_the_network_has_its_outcome(number: int, outcome: ProbeOutcome) -> None:
    answer = answer_of(OSError(number, os.strerror(number)), LOOPBACK)
    assert answer.outcome is outcome
    assert answer.detail == os.strerror(number).lower()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "Name or service not known"),
        (socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"), "no name server answered"),
        (UnicodeError("label too long"), "this cannot be a name"),
    ],
)
def test_a_name_that_is_not_known_is_told_apart(monkeypatch: pytest.MonkeyPatch, error: Exception, words: str) -> None:
    real = socket.getaddrinfo

    def look_up(host: str, port: int, *, flags: int = 0, **rest: int) -> object:
        if flags == socket.AI_NUMERICHOST:
            return real(host, port, flags=flags, **rest)
        raise error

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    answer = probe("prometheus.monitoring", 9090)
    assert (answer.outcome, answer.detail) == (ProbeOutcome.NO_NAME, words)


def test_a_silent_name_server_costs_no_more_than_the_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    at_last, real = threading.Event(), socket.getaddrinfo

    def look_up(host: str, port: int, *, flags: int = 0, **rest: int) -> object:
        if flags != socket.AI_NUMERICHOST:
            at_last.wait(10)
        return real(host, port, flags=socket.AI_NUMERICHOST, **rest)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    before = set(threading.enumerate())
    started = time.monotonic()
    answer = probe("prometheus.monitoring", 9090, timeout=SOON)
    took = time.monotonic() - started
    at_last.set()
    for late in set(threading.enumerate()) - before:
        late.join()
    assert (answer.outcome, answer.detail) == (ProbeOutcome.TIMED_OUT, "no name server answered")
    assert took < SOON + 1


def test_a_name_that_is_found_too_late_disturbs_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    at_last, disturbed = threading.Event(), list[object]()

    def look_up(*_: object, flags: int = 0, **__: int) -> object:
        if flags == socket.AI_NUMERICHOST:
            raise socket.gaierror
        at_last.wait(10)
        return []

    async def give_up() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: disturbed.append(context))
        before = set(threading.enumerate())
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await addresses("late.example", 1)
        at_last.set()
        for late in set(threading.enumerate()) - before:
            late.join()
        await asyncio.sleep(0)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    asyncio.run(give_up())
    assert disturbed == []


def test_a_name_is_open_if_one_of_its_addresses_is(monkeypatch: pytest.MonkeyPatch) -> None:
    real = socket.getaddrinfo

    def look_up(host: str, port: int, *, flags: int = 0, **rest: int) -> object:
        if flags == socket.AI_NUMERICHOST:
            return real(host, port, flags=flags, **rest)
        return [*real("::1", port, **rest), *real(LOOPBACK, port, **rest)]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with listening() as server:
        answer = probe("both.example", server.getsockname()[1])
    assert (answer.outcome, answer.address) == (ProbeOutcome.OPEN, LOOPBACK)


def test_all_checks_run_at_once_and_keep_their_order() -> None:
    with udp(lambda _: None) as silent, udp(resolver()) as port:
        checks = [Check(str(number), Target(LOOPBACK, silent, ProbeKind.DNS_UDP)) for number in range(40)]
        checks.insert(20, Check("open", Target(LOOPBACK, port, ProbeKind.DNS_UDP)))
        report = verify(checks, timeout=SOON)
    assert [result.check for result in report.results] == checks
    assert [result.check.claim for result in report.results if result.status == "ok"] == ["open"]
    assert report.seconds < SOON + 1
