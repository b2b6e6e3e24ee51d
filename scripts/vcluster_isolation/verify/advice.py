"""What to do about a port that is not open."""

from __future__ import annotations

from vcluster_isolation.verify.model import ProbeOutcome, Result

_FIREWALLED = (ProbeOutcome.TIMED_OUT, ProbeOutcome.UNREACHABLE, ProbeOutcome.PROHIBITED)

_CAUSES = {
    ProbeOutcome.REFUSED: "nothing listens there, or a firewall rejects; is the pod ready?",
    ProbeOutcome.TIMED_OUT: "a firewall {between} drops it; or the host is down",
    ProbeOutcome.UNREACHABLE: "no way leads there from here, or a firewall {between} rejects it",
    ProbeOutcome.PROHIBITED: "a firewall rejects it, most likely this machine's own",
    ProbeOutcome.NO_NAME: "the name is misspelt, or only known elsewhere (names of Services are, outside the cluster)",
    ProbeOutcome.NO_ANSWER: "the port is open, but what listens there, or a proxy in between, gives up the connection",
    ProbeOutcome.NOT_DNS: "something else than a DNS server listens there",
    ProbeOutcome.DNS_ERROR: "the port is open, but the DNS server cannot answer; its log says why",
    ProbeOutcome.NO_SOCKET: "this machine could not try",
    ProbeOutcome.REPORTED: "the pods behind it may not be ready: kubectl describe apiservice says more",
}


def cause(result: Result) -> str:
    """Return what probably is the cause of a failure, in words; empty where there is none."""
    if result.status != "FAIL":
        return ""
    if result.answer.outcome is ProbeOutcome.TIMED_OUT and not result.answer.address and result.check.target:
        return "the name server of this machine does not answer"
    return _CAUSES[result.answer.outcome].format(between=result.check.between)


def command(result: Result) -> str:
    """Return the command that prints the firewall rules for a port, empty where none would help."""
    helps = result.status == "FAIL" and result.answer.outcome in _FIREWALLED
    reached_a_name = result.answer.address or not result.check.target
    return result.check.opens if helps and reached_a_name else ""
