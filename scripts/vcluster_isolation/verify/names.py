"""What `nc` calls a port."""

from __future__ import annotations

import socket

_OURS = {9090: "http"}  # Prometheus; IANA's name of this port, websm, is of something else


def service_name(port: int) -> str:
    """Return the name of a TCP port's service as nc prints it, `*` for one without a name."""
    if port in _OURS:
        return _OURS[port]
    try:
        return socket.getservbyport(port, "tcp")
    except OSError:
        return "*"
