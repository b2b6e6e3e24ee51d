"""Saying sets of ports and addresses in few words: by what is in them, or by what is not."""

from __future__ import annotations

import ipaddress

from vcluster_isolation.netpol.sets.addresses import FAMILIES, AddressSet, address_set
from vcluster_isolation.netpol.sets.ports import ALL, PortSet

_BITS = {4: 32, 6: 128}


def ports(given: PortSet) -> str:
    """Return the ports as text; `all ports but TCP 443` where that is shorter."""
    direct, inverse = str(given), f"all ports but {ALL - given}"
    return inverse if given != ALL and len(inverse) < len(direct) else direct


def addresses(given: AddressSet) -> str:
    """Return the addresses as CIDRs; `10.0.0.0/8 except 10.1.0.0/16` where that is shorter."""
    return ", ".join(_family(given.only(family), family) for family in FAMILIES if given.only(family))


def _family(given: AddressSet, family: int) -> str:
    """Return the addresses of one family."""
    cover = _cover(given, family)
    rest = (address_set(cover) - given).cidrs()
    direct = ", ".join(given.cidrs())
    inverse = f"{cover} except {', '.join(rest)}" if rest else cover
    return min(direct, inverse, key=len)


def _cover(given: AddressSet, family: int) -> str:
    """Return the smallest CIDR that has all addresses of a set in it."""
    pairs = given.of_family(family)
    first, last = pairs[0][0], pairs[-1][1]
    free = (first ^ last).bit_length()
    network = (first >> free << free, _BITS[family] - free)
    return str(ipaddress.IPv4Network(network) if family == FAMILIES[0] else ipaddress.IPv6Network(network))
