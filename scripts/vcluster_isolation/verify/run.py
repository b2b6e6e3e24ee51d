"""All checks at once, each within its own timeout."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import dns.message

from vcluster_isolation.verify import probes
from vcluster_isolation.verify.classify import answer_of
from vcluster_isolation.verify.model import Answer, Check, ProbeKind, ProbeOutcome, Result, Target, VerifyReport
from vcluster_isolation.verify.resolve import Address, addresses

_AT_ONCE = 200  # sockets: a process may usually have 1024 files open
_BETTER_FIRST = (
    ProbeOutcome.OPEN,
    ProbeOutcome.DNS_ERROR,
    ProbeOutcome.NOT_DNS,
    ProbeOutcome.NO_ANSWER,
    ProbeOutcome.REFUSED,
)


def verify(
    checks: Sequence[Check], *, timeout: float, name: str = probes.QUERIED_NAME, about: str = ""
) -> VerifyReport:
    """Make all checks and return the report; `timeout` is in seconds, for each check; `name` is what DNS is asked for.

    `about` becomes the report's first line.

    Raises ValueError when `name` cannot be a name.
    """
    query = probes.question(name)
    started = time.monotonic()
    results = asyncio.run(_all(checks, query, timeout))
    return VerifyReport(tuple(results), timeout, time.monotonic() - started, about)


async def _all(checks: Sequence[Check], query: dns.message.Message, timeout: float) -> list[Result]:  # noqa: ASYNC109
    """Return the results in the order of the checks."""
    places = asyncio.Semaphore(_AT_ONCE)

    async def one(check: Check) -> Result:
        if check.target is None:
            return Result(check, check.answer or Answer(ProbeOutcome.SKIPPED, "nothing to dial"))
        async with places:
            return Result(check, await _answer(check.target, query, timeout))

    return await asyncio.gather(*map(one, checks))


async def _answer(target: Target, query: dns.message.Message, timeout: float) -> Answer:  # noqa: ASYNC109
    """Return what a target answers, the look-up of its name included in the timeout."""
    started = time.monotonic()
    try:
        async with asyncio.timeout(timeout):
            found = await addresses(target.host, target.port)
    except TimeoutError:
        return Answer(ProbeOutcome.TIMED_OUT, "no name server answered", "", timeout)
    except (OSError, ValueError) as error:
        return answer_of(error)
    left = timeout - (time.monotonic() - started)
    answers = await asyncio.gather(*(_try(target.kind, address, query, left) for address in found))
    best = min(answers, key=_rank)
    return Answer(best.outcome, best.detail, best.address, time.monotonic() - started)


def _rank(answer: Answer) -> int:
    """Order the answers of a name's addresses: open if one is (as nc says), else the one that tells most."""
    return _BETTER_FIRST.index(answer.outcome) if answer.outcome in _BETTER_FIRST else len(_BETTER_FIRST)


async def _try(kind: ProbeKind, address: Address, query: dns.message.Message, timeout: float) -> Answer:  # noqa: ASYNC109
    """Try one address and return its answer; errors of the network are answers."""
    try:
        async with asyncio.timeout(timeout):
            if kind is ProbeKind.TCP:
                return await probes.tcp(address)
            if kind is ProbeKind.DNS_TCP:
                return await probes.dns_tcp(address, query)
            return await probes.dns_udp(address, query, timeout)
    except (OSError, EOFError) as error:
        return answer_of(error, address.text)
