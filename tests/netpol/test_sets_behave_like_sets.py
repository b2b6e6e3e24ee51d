"""Port sets and address sets behave like sets of numbers."""

from __future__ import annotations

import ipaddress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vcluster_isolation.netpol.sets.addresses import (
    EVERYWHERE,
    POD_RANGES,
    AddressIndex,
    AddressSet,
    address_set,
    parse_cidr,
)
from vcluster_isolation.netpol.sets.intervals import Intervals, contains, difference, intersection, normalise, union
from vcluster_isolation.netpol.sets.ports import ALL, NONE, PROTOCOLS, PortSet, every_port, parse_ports, port_range

UNIVERSE = range(1, 25)
pairs = st.lists(st.tuples(st.integers(1, 24), st.integers(1, 24)), max_size=5)
intervals = pairs.map(normalise)
port_sets = st.builds(PortSet, intervals, intervals, intervals)
address_sets = st.builds(AddressSet, intervals, intervals)


def numbers(found: Intervals) -> set[int]:
    return {number for first, last in found for number in range(first, last + 1)}


def is_normal(found: Intervals) -> bool:
    ordered = all(first <= last for first, last in found)
    return ordered and all(before[1] + 1 < after[0] for before, after in pairwise(found))


@given(pairs)
def test_normalising_keeps_the_numbers(found: list[tuple[int, int]]) -> None:
    result = normalise(found)
    assert is_normal(result)
    assert numbers(result) == {number for first, last in found for number in range(first, last + 1)}


@given(intervals, intervals)
def test_interval_algebra_is_set_algebra(left: Intervals, right: Intervals) -> None:
    both = numbers(left), numbers(right)
    results = [union(left, right), intersection(left, right), difference(left, right)]
    assert list(map(numbers, results)) == [both[0] | both[1], both[0] & both[1], both[0] - both[1]]
    assert all(map(is_normal, results))


@given(intervals, st.integers(0, 26))
def test_membership_is_membership(found: Intervals, number: int) -> None:
    assert contains(found, number) == (number in numbers(found))


def members(ports: PortSet) -> set[tuple[str, int]]:
    return {(name, number) for name in PROTOCOLS for number in numbers(ports.of_protocol(name))}


@given(port_sets, port_sets)
def test_port_sets_are_sets_of_protocol_and_port(left: PortSet, right: PortSet) -> None:
    both = members(left), members(right)
    assert [members(one) for one in (left | right, left & right, left - right)] == [
        both[0] | both[1],
        both[0] & both[1],
        both[0] - both[1],
    ]
    assert (left <= right, bool(left), left == right) == (both[0] <= both[1], bool(both[0]), both[0] == both[1])


@given(port_sets)
def test_the_whole_and_the_empty_port_set_are_neutral(ports: PortSet) -> None:
    assert (ports | NONE, NONE | ports, ports & ALL, ALL & ports, ports | ALL, ALL | ports) == (*[ports] * 4, ALL, ALL)


@given(port_sets, st.sampled_from(PROTOCOLS), st.integers(1, 24))
def test_a_port_is_in_the_set_of_its_protocol(ports: PortSet, protocol: str, number: int) -> None:
    assert ((protocol, number) in ports) == ((protocol, number) in members(ports))


@given(port_sets)
def test_the_text_of_ports_can_be_read_back(ports: PortSet) -> None:
    assert parse_ports(str(ports)) == ports


@given(port_sets.filter(bool))
def test_the_example_of_a_port_set_is_in_it(ports: PortSet) -> None:
    assert ports.example() in ports


@pytest.mark.parametrize(
    ("ports", "text"),
    [
        (ALL, "all ports"),
        (NONE, "no ports"),
        (port_range("TCP", 8443) | port_range("TCP", 1053) | port_range("UDP", 1053), "TCP 8443, TCP+UDP 1053"),
        (port_range("TCP", 8000, 8080), "TCP 8000-8080"),
        (every_port("SCTP") | every_port("UDP"), "UDP+SCTP all ports"),
        (every_port("TCP") | port_range("UDP", 53), "TCP 1-52, TCP 54-65535, TCP+UDP 53"),
        (port_range("UDP", 1) | port_range("TCP", 2), "TCP 2, UDP 1"),
    ],
)
def test_ports_are_written_compactly(ports: PortSet, text: str) -> None:
    assert str(ports) == text


@pytest.mark.parametrize("text", ["", "TCP", "tcp 80", "ICMP 8", "TCP 80,UDP 53", "TCP 0", "TCP 9-8", "TCP 65536"])
def test_text_that_is_not_ports_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not"):
        parse_ports(text)


def test_an_unknown_protocol_is_refused() -> None:
    with pytest.raises(ValueError, match="not in tuple"):
        port_range("ICMP", 1)


@given(address_sets, address_sets)
def test_address_sets_are_sets_within_each_family(left: AddressSet, right: AddressSet) -> None:
    for family in (4, 6):
        both = numbers(left.of_family(family)), numbers(right.of_family(family))
        results = [numbers(one.of_family(family)) for one in (left | right, left & right, left - right)]
        assert results == [both[0] | both[1], both[0] & both[1], both[0] - both[1]]
    assert (left <= right) == (left | right == right)
    assert left.families() == tuple(family for family in (4, 6) if left.of_family(family))


@given(address_sets)
def test_the_cidrs_of_an_address_set_can_be_read_back(addresses: AddressSet) -> None:
    assert address_set(*addresses.cidrs()) == addresses


def test_an_address_set_is_written_as_its_cidrs() -> None:
    assert str(address_set("fd00::/8", "10.0.0.0/9", "10.128.0.0/9")) == "10.0.0.0/8, fd00::/8"


def test_the_empty_address_set_says_so() -> None:
    assert str(AddressSet()) == "no address"


@pytest.mark.parametrize(("cidrs", "lowest"), [(["fd00::/8", "10.0.0.0/8"], "10.0.0.0"), (["fd00::/8"], "fd00::")])
def test_the_example_of_an_address_set_is_its_lowest(cidrs: list[str], lowest: str) -> None:
    assert address_set(*cidrs).example() == lowest


@given(address_sets.filter(bool), st.lists(address_sets, max_size=4))
def test_address_classes_are_the_addresses_that_no_set_tells_apart(space: AddressSet, sets: list[AddressSet]) -> None:
    index = AddressIndex(sets)
    classes = [part for family in space.families() for part in index.classes(space, family).values()]
    expected: dict[tuple[object, ...], set[int]] = {}
    for family in (4, 6):
        for number in numbers(space.of_family(family)):
            signature = (family, *(number in numbers(one.of_family(family)) for one in sets))
            expected.setdefault(signature, set()).add(number)
    found = [(family, sorted(numbers(one.of_family(family)))) for one in classes for family in one.families()]
    assert sorted(found) == sorted((6 if key[0] == 6 else 4, sorted(value)) for key, value in expected.items())


@given(st.ip_addresses(), st.integers(0, 32))
def test_a_cidr_has_the_addresses_that_the_standard_library_gives_it(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address, prefix: int
) -> None:
    network = ipaddress.ip_network(f"{address}/{prefix}", strict=False)
    if isinstance(network, ipaddress.IPv6Network) and network.network_address.ipv4_mapped:
        return
    pair = (int(network.network_address), int(network.broadcast_address))
    assert parse_cidr(f"{address}/{prefix}").of_family(network.version) == (pair,)


def test_host_bits_and_leading_zeros_are_let_through_as_older_servers_did() -> None:
    assert (parse_cidr("10.1.2.3/8"), parse_cidr("010.0.0.0/08")) == (parse_cidr("10.0.0.0/8"),) * 2


def test_an_address_is_the_cidr_of_itself() -> None:
    assert (address_set("10.0.0.1"), address_set("::1")) == (address_set("10.0.0.1/32"), address_set("::1/128"))


@pytest.mark.parametrize(
    "text", ["", "x", "10.0.0.0/33", "10.0.0/8", "10.0.0.0/255.0.0.0", "::/129", "::ffff:10.0.0.0/104", "fe80::1%a/64"]
)
def test_text_that_is_no_cidr_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is neither|does not appear|is an IPv4 address"):
        parse_cidr(text)


def test_membership_of_an_address_is_by_family() -> None:
    assert ("10.0.0.1" in POD_RANGES, "8.8.8.8" in POD_RANGES, "fd00::1" in POD_RANGES) == (True, False, True)


def test_everywhere_is_both_families() -> None:
    assert ("255.255.255.255" in EVERYWHERE, "ffff::" in EVERYWHERE) == (True, True)
