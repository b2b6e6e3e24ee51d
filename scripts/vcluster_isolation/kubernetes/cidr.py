"""CIDRs as strictly as the API server of Kubernetes 1.36 reads them.

Sources: KEP-4858 (strict IP and CIDR validation) for its own kinds; isCIDR of its CEL library for custom resources.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from vcluster_isolation.wording import quoted

Network = IPv4Network | IPv6Network

_FORM = re.compile(r"[0-9A-Fa-f:.]+/(?:0|[1-9][0-9]{0,2})")
_MAPPED = IPv6Network("::ffff:0:0/96")  # IPv4-mapped addresses: RFC 4291, section 2.5.5.2


class BadCidr(ValueError):
    """A text is no CIDR that the API server takes: `what` is wrong, and what to do `next`."""

    def __init__(self, what: str, next_step: str) -> None:
        """Keep both halves of the message."""
        super().__init__(f"{what}; {next_step}")
        self.what, self.next = what, next_step


def parse(text: str, *, host_bits: bool = False) -> Network:
    """Return the network that `text` names.

    Raises BadCidr for anything but an address without leading zeros or zone, `/`, and a prefix length; for
    bits set beyond the prefix length, unless `host_bits` lets them through; and for IPv4 addresses in IPv6 form.
    """
    try:
        network = ip_network(text, strict=False) if _FORM.fullmatch(text) else None
    except ValueError:
        network = None
    if network is None:
        next_step = "write an address without leading zeros and a prefix length, like 10.0.0.0/8 or 2001:db8::/32"
        raise BadCidr(f"{quoted(text)} is not a CIDR", next_step)
    address, _, _ = text.partition("/")
    if ip_address(address) in _MAPPED and (host_bits or network.prefixlen >= _MAPPED.prefixlen):
        raise BadCidr(f"{text} is an IPv4 address in IPv6 form", "write it as IPv4")
    if not host_bits and ip_network(address) != ip_network(network.network_address):
        raise BadCidr(
            f"{text} has bits set beyond its prefix length", f"write {network}, or {address}/{network.max_prefixlen}"
        )
    return network


def inside(inner: Network, outer: Network) -> bool:
    """Whether `inner` lies strictly inside `outer`, as every `except` must inside its `cidr`."""
    if isinstance(inner, IPv4Network) and isinstance(outer, IPv4Network):
        return inner != outer and inner.subnet_of(outer)
    if isinstance(inner, IPv6Network) and isinstance(outer, IPv6Network):
        return inner != outer and inner.subnet_of(outer)
    return False
