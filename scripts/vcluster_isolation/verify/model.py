"""What is checked, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ProbeKind(StrEnum):
    """How a port is tried: `nc -zv`, or a DNS query over UDP or TCP."""

    TCP = "tcp"
    DNS_UDP = "dns-udp"
    DNS_TCP = "dns-tcp"


class ProbeOutcome(StrEnum):
    """What came back. Everything but `OPEN` and `SKIPPED` is a failure."""

    OPEN = "open"
    REFUSED = "refused"
    TIMED_OUT = "timed out"
    UNREACHABLE = "unreachable"
    PROHIBITED = "prohibited"
    NO_NAME = "name not found"
    NO_ANSWER = "no answer"  # the connection was accepted, then closed or reset
    NOT_DNS = "not DNS"
    DNS_ERROR = "DNS error"
    NO_SOCKET = "no socket"  # this machine could not even try
    REPORTED = "reported"  # the API server says that it does not reach the port
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Target:
    """Whom to dial: a name or address as the user wrote it, a port, and how."""

    host: str
    port: int
    kind: ProbeKind = ProbeKind.TCP

    @property
    def protocol(self) -> str:
        """Return the transport protocol, as NetworkPolicies spell it."""
        return "UDP" if self.kind is ProbeKind.DNS_UDP else "TCP"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a try gave: the outcome, the system's or the server's own words, the address that gave it, how long."""

    outcome: ProbeOutcome
    detail: str = ""
    address: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the report: a claim, and a target to dial, or the answer where there is nothing to dial.

    `success` are the words for a claim that holds, if others than the claim's own. `opens` is the command that opens
    the port in a firewall, empty where there is none; `between` says between whom a firewall or NetworkPolicy may be.
    Nothing need listen at an `optional` port.
    """

    claim: str
    target: Target | None = None
    answer: Answer | None = None
    success: str = ""
    opens: str = ""
    between: str = "between here and there"
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """A check and its answer."""

    check: Check
    answer: Answer

    @property
    def status(self) -> str:
        """Return `ok`, `FAIL` or `skip`."""
        outcome = self.answer.outcome
        if outcome is ProbeOutcome.SKIPPED or (self.check.optional and outcome is ProbeOutcome.REFUSED):
            return "skip"
        return "ok" if outcome is ProbeOutcome.OPEN else "FAIL"


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """All results in the order of their checks, and how long it took altogether. `about` is a first line, if any."""

    results: tuple[Result, ...]
    timeout: float
    seconds: float = 0.0
    about: str = ""

    def count(self, status: str) -> int:
        """Return how many results have the status."""
        return sum(result.status == status for result in self.results)

    @property
    def ok(self) -> bool:
        """Whether nothing failed."""
        return not self.count("FAIL")


def skipped(claim: str, reason: str) -> Check:
    """Return a check that says why it is none."""
    return Check(claim, answer=Answer(ProbeOutcome.SKIPPED, reason))
