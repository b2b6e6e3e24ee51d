"""What an error of the network means."""

from __future__ import annotations

import errno
import os
import socket

from vcluster_isolation.verify.model import Answer, ProbeOutcome

_OUTCOMES = {
    errno.ECONNREFUSED: ProbeOutcome.REFUSED,  # a RST, or ICMP port unreachable (RFC 792 code 3, RFC 4443 code 4)
    errno.ETIMEDOUT: ProbeOutcome.TIMED_OUT,
    errno.EHOSTUNREACH: ProbeOutcome.UNREACHABLE,
    errno.ENETUNREACH: ProbeOutcome.UNREACHABLE,
    errno.EHOSTDOWN: ProbeOutcome.UNREACHABLE,
    errno.ENETDOWN: ProbeOutcome.UNREACHABLE,
    errno.EADDRNOTAVAIL: ProbeOutcome.UNREACHABLE,  # Linux, when no address of ours has a way there
    errno.EINVAL: ProbeOutcome.UNREACHABLE,  # Linux, for an address that nobody can be dialled at: fe80:: without %eth0
    errno.EPERM: ProbeOutcome.PROHIBITED,  # our own firewall's output chain
    errno.EACCES: ProbeOutcome.PROHIBITED,  # the same, or ICMPv6 administratively prohibited (RFC 4443 code 1)
    errno.ECONNRESET: ProbeOutcome.NO_ANSWER,
    errno.EPIPE: ProbeOutcome.NO_ANSWER,
}
_LOOKED_UP_IN_VAIN = {socket.EAI_AGAIN: "no name server answered"}


def answer_of(error: Exception, address: str = "") -> Answer:
    """Return the answer that an error of a socket, or of a name's look-up, amounts to."""
    if isinstance(error, socket.gaierror):
        return Answer(ProbeOutcome.NO_NAME, _LOOKED_UP_IN_VAIN.get(error.errno or 0, error.strerror or ""))
    if isinstance(error, TimeoutError) and error.errno is None:
        return Answer(ProbeOutcome.TIMED_OUT, "", address)
    if isinstance(error, EOFError):
        return Answer(ProbeOutcome.NO_ANSWER, "the connection was closed", address)
    if isinstance(error, OSError):
        number = error.errno or 0
        return Answer(_OUTCOMES.get(number, ProbeOutcome.NO_SOCKET), os.strerror(number).lower(), address)
    return Answer(ProbeOutcome.NO_NAME, "this cannot be a name")  # ValueError: a label that no encoding of names takes
