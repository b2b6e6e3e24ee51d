"""The parts of a flow between sets of addresses: what is open, what is closed, and what each side lacks where.

An end of a flow may be many addresses: a CIDR, an actor such as `metadata-ipv4`, a node or a pod whose address is not
known. Each side of a flow looks at the addresses of the other end only (NetworkPolicy API: `ipBlock`), so the classes
of both ends are judged one by one, and put together by what each side lets through.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

from vcluster_isolation.connectivity.reasons import Judge
from vcluster_isolation.netpol.objects.model import Endpoint, External
from vcluster_isolation.netpol.objects.verdict import Mode, Side
from vcluster_isolation.netpol.sets.addresses import FAMILIES, AddressSet, union_of
from vcluster_isolation.netpol.sets.ports import ALL, NONE, PortSet
from vcluster_isolation.netpol.sets.ports import union_of as union_of_ports
from vcluster_isolation.netpol.words import shorten

_READINGS = tuple[PortSet, ...]
"""The ports that a side lets through, one for each reading of host-network pods (see `netpol/objects/verdict.py`)."""


@dataclass(frozen=True, slots=True)
class Part:
    """Addresses of both ends between which the same ports get through, and what each side lets through there."""

    source: AddressSet
    destination: AddressSet
    ports: PortSet
    egress: PortSet
    ingress: PortSet


@dataclass(frozen=True, slots=True)
class Split:
    """A flow in parts; `egress` and `ingress` are what each side says about each class of the other end's addresses."""

    parts: tuple[Part, ...]
    egress: tuple[tuple[AddressSet, Side], ...]
    ingress: tuple[tuple[AddressSet, Side], ...]

    @property
    def common(self) -> PortSet:
        """The ports that get through in every part; none if there is no part."""
        found = ALL if self.parts else NONE
        for part in self.parts:
            found &= part.ports
        return found


@dataclass(frozen=True, slots=True)
class Lack:
    """Ports that a side would have to let through at some addresses of the other end, and does not."""

    ports: PortSet
    addresses: AddressSet


def split(judge: Judge, source: Endpoint, destination: Endpoint) -> Split:
    """Return a flow in parts, over both address families. Raises nothing."""
    parts: list[Part] = []
    sides: tuple[list[tuple[AddressSet, Side]], list[tuple[AddressSet, Side]]] = ([], [])
    for family in FAMILIES:
        classes = (judge.classes(source, family), judge.classes(destination, family))
        if not all(classes):
            continue
        out: dict[_READINGS, list[AddressSet]] = {}
        into: dict[_READINGS, list[AddressSet]] = {}
        at = FAMILIES.index(family)
        first = replace(source, addresses=classes[0][0])
        for one in classes[1]:
            verdict = judge.evaluator.flow(first, replace(destination, addresses=one), Mode.MAY)
            out.setdefault(tuple(reading.egress.allowed[at] for reading in verdict.readings), []).append(one)
            sides[0].append((one, verdict.egress))
        last = replace(destination, addresses=classes[1][0])
        for one in classes[0]:
            verdict = judge.evaluator.flow(replace(source, addresses=one), last, Mode.MAY)
            into.setdefault(tuple(reading.ingress.allowed[at] for reading in verdict.readings), []).append(one)
            sides[1].append((one, verdict.ingress))
        parts += _parts(into, out)
    return Split(tuple(parts), tuple(sides[0]), tuple(sides[1]))


def _parts(
    sources: dict[_READINGS, list[AddressSet]], destinations: dict[_READINGS, list[AddressSet]]
) -> Iterator[Part]:
    """Yield a part for each pair of what the two sides let through."""
    for (into, some), (out, others) in product(sources.items(), destinations.items()):
        ports = union_of_ports(one & other for one, other in zip(out, into, strict=True))
        yield Part(union_of(some), union_of(others), ports, out[0], into[0])


def is_open(split: Split, ends: tuple[Endpoint, Endpoint], flow: PortSet, asked: PortSet | None) -> PortSet | None:
    """Return the ports that get through wherever the ends are, None if not all that were `asked` about do.

    `flow` is what gets through at every address, of one family, that a pod or a node of unknown address may have. Of a
    set of addresses every one counts, those of the other family too.
    """
    whole = any(isinstance(end, External) and not end.node for end in ends)
    ports = split.common if whole and split.parts else flow
    if asked is None:
        return ports or None
    return asked if asked <= ports else None


def open_parts(split: Split, asked: PortSet | None) -> list[Part]:
    """Return the parts in which any of the ports get through; `ports` are those."""
    wanted = ALL if asked is None else asked
    return [replace(part, ports=part.ports & wanted) for part in split.parts if part.ports & wanted]


def closed_parts(split: Split, asked: PortSet | None) -> list[Part]:
    """Return the parts in which ports do not get through, with those; asked about any port: in which none does."""
    if asked is None:
        return [replace(part, ports=ALL) for part in split.parts if not part.ports]
    return [replace(part, ports=asked - part.ports) for part in split.parts if asked - part.ports]


def lacks(parts: Iterable[Part], asked: PortSet | None) -> tuple[tuple[Lack, ...], tuple[Lack, ...]]:
    """Return what the source's side and the destination's lack in closed parts, each by the addresses where it does.

    Asked about any port, a side that lets nothing through lacks all of them; where each lets something else through,
    both lack the rest.
    """
    out: dict[PortSet, list[AddressSet]] = {}
    into: dict[PortSet, list[AddressSet]] = {}
    for part in parts:
        either = bool(part.egress and part.ingress)
        for found, ports, addresses in ((out, part.egress, part.destination), (into, part.ingress, part.source)):
            missing = part.ports - ports if asked is not None or either or not ports else NONE
            if missing:
                found.setdefault(missing, []).append(addresses)
    return _of_each(out), _of_each(into)


def _of_each(found: dict[PortSet, list[AddressSet]]) -> tuple[Lack, ...]:
    return tuple(Lack(ports, union_of(addresses)) for ports, addresses in found.items())


@dataclass(frozen=True, slots=True)
class PartReport:
    """Parts of a flow in words: CIDRs of an end as far as not all of it is meant, and the ports."""

    source: tuple[str, ...]
    destination: tuple[str, ...]
    ports: str


_Pair = tuple[AddressSet | None, AddressSet | None]
"""Addresses of both ends, None where all of an end is meant."""


def said(parts: Sequence[Part], ends: tuple[Endpoint, Endpoint]) -> tuple[PartReport, ...]:
    """Return parts in words, those with the same ports and addresses of one end as one."""
    everywhere = _everywhere(parts, ends)
    found = [(part.ports, *((None, None) if part.ports in everywhere else _told_apart(part, ends))) for part in parts]
    groups: dict[tuple[PortSet, AddressSet | None], list[AddressSet | None]] = {}
    for ports, source, destination in dict.fromkeys(found):
        groups.setdefault((ports, source), []).append(destination)
    merged: dict[tuple[PortSet, AddressSet | None], list[AddressSet | None]] = {}
    for (ports, source), destinations in groups.items():
        merged.setdefault((ports, _union(destinations)), []).append(source)
    return tuple(
        PartReport(_cidrs(_union(sources)), _cidrs(destination), shorten.ports(ports))
        for (ports, destination), sources in merged.items()
    )


def _everywhere(parts: Sequence[Part], ends: tuple[Endpoint, Endpoint]) -> set[PortSet]:
    """Return the ports of which one part is all addresses of both ends, in each family that both have."""
    common = [family for family in FAMILIES if all(end.addresses.only(family) for end in ends)]
    whole = {(part.ports, part.source, part.destination) for part in parts}
    every = [tuple(end.addresses.only(one) for end in ends) for one in common]
    return {part.ports for part in parts if all((part.ports, *pair) in whole for pair in every)}


def _told_apart(part: Part, ends: tuple[Endpoint, Endpoint]) -> _Pair:
    """Return the addresses of a part, None for an end of which all are meant, in the families of both ends.

    Where a part is all of one family and not of the other, the addresses that were asked about say so.
    """
    common = set(ends[0].addresses.families()) & set(ends[1].addresses.families())
    sets = [at for at, end in enumerate(ends) if isinstance(end, External) and not end.node]
    found: list[AddressSet | None] = []
    for at, (addresses, end) in enumerate(zip((part.source, part.destination), ends, strict=True)):
        whole = all(addresses.only(one) == end.addresses.only(one) for one in addresses.families())
        every = set(addresses.families()) == common or at != (sets or [1])[0]
        found.append(None if whole and every else addresses)
    return found[0], found[1]


def _union(some: Iterable[AddressSet | None]) -> AddressSet | None:
    found = list(some)
    return None if None in found else union_of(one for one in found if one is not None)


def _cidrs(addresses: AddressSet | None) -> tuple[str, ...]:
    return () if addresses is None else tuple(addresses.cidrs())


def told_apart(addresses: AddressSet, end: Endpoint, other: Endpoint) -> tuple[str, ...]:
    """Return the addresses of an end as CIDRs; nothing for none, or for all that the other end has the families of."""
    every = union_of(end.addresses.only(one) for one in other.addresses.families())
    return () if addresses in (every, end.addresses) else tuple(addresses.cidrs())
