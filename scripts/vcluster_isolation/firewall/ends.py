"""Sources and targets: a CIDR, or the provider's own name of a set of machines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from ipaddress import ip_interface

from vcluster_isolation.firewall.model import Rule
from vcluster_isolation.firewall.references import Reference

_RANGE = re.compile(r"[0-9.]+(/.*)?|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*(%.*)?(/.*)?")


def looks_like_range(text: str) -> bool:
    """Whether a text is meant as an address or CIDR, be it a right one or not; of a reference, whether it is one."""
    if isinstance(text, Reference):
        return text.kind != "name"
    return _RANGE.fullmatch(text) is not None


def range_of(text: str) -> str:
    """Return an address or CIDR as a CIDR, as it would be printed; a reference as it is.

    Raises ValueError, and says what is wrong.
    """
    if isinstance(text, Reference):
        return text
    try:
        network = ip_interface(text).network
    except ValueError:
        raise ValueError("is neither an address nor a CIDR") from None
    if "%" in text:
        raise ValueError("has a zone, which is valid on one machine only")
    if ip_interface(text).ip != network.network_address:
        raise ValueError(f"has bits set beyond its prefix length: the network is {network}")
    return str(network)


def is_ipv6(end: str) -> bool:
    """Whether a source or target is an IPv6 CIDR."""
    if isinstance(end, Reference):
        return end.kind == "ipv6"
    return looks_like_range(end) and ":" in end


def is_ipv4(end: str) -> bool:
    """Whether a source or target is an IPv4 CIDR."""
    return looks_like_range(end) and not is_ipv6(end)


def is_wide(end: str) -> bool:
    """Whether a source is every address of a family."""
    return looks_like_range(end) and end.endswith("/0")


def is_name(end: str) -> bool:
    """Whether a source or target is a name of the provider."""
    return not looks_like_range(end)


def ranges(ends: Sequence[str]) -> list[str]:
    """Return the CIDRs among sources or targets."""
    return [end for end in ends if looks_like_range(end)]


def names(ends: Sequence[str]) -> list[str]:
    """Return the names among sources or targets."""
    return [end for end in ends if is_name(end)]


def one_family_each(rule: Rule) -> Iterator[Rule]:
    """Yield a rule as Google Cloud takes it: with CIDRs of one family. Those of IPv6 get a rule of their own."""
    if others := tuple(end for end in rule.sources if not is_ipv6(end)):
        yield replace(rule, sources=others)
    if ipv6 := tuple(filter(is_ipv6, rule.sources)):
        yield replace(rule, name=f"{rule.name}-ipv6", sources=ipv6)


def one_kind_each(rule: Rule) -> Iterator[Rule]:
    """Yield a rule as Azure takes it: each side has CIDRs of one family (the same on both) or one group.

    The first keeps the rule's name, the others are numbered.
    """
    pairs = [
        (sources, targets)
        for sources in _kinds(rule.sources)
        for targets in _kinds(rule.targets)
        if {is_ipv6(end) for end in (sources[0], targets[0]) if looks_like_range(end)} != {True, False}
    ]
    for number, (sources, targets) in enumerate(pairs, 1):
        name = rule.name if number == 1 else f"{rule.name}-{number}"
        yield replace(rule, name=name, sources=sources, targets=targets)


def _kinds(ends: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the CIDRs of each family, and each name by itself."""
    families = [tuple(filter(is_ipv4, ends)), tuple(filter(is_ipv6, ends))]
    return [*filter(None, families), *((name,) for name in names(ends))]
