"""The addresses that claims speak of: the internet, private and special ranges, metadata services.

Sources: the IANA special-purpose address registries (RFC 6890 and its updates) and the documentation of the clouds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from vcluster_isolation.netpol.sets.addresses import EVERYWHERE, AddressSet, address_set

PRIVATE: Final[Mapping[str, str]] = {
    "private 10.0.0.0/8": "10.0.0.0/8",
    "private 172.16.0.0/12": "172.16.0.0/12",
    "private 192.168.0.0/16": "192.168.0.0/16",
    "shared 100.64.0.0/10": "100.64.0.0/10",
    "unique local fc00::/7": "fc00::/7",
}
"""Where pods, nodes and services of clusters are: RFC 1918, RFC 6598, RFC 4193."""

SPECIAL: Final[Mapping[str, str]] = {
    "this network 0.0.0.0/8": "0.0.0.0/8",
    "loopback 127.0.0.0/8": "127.0.0.0/8",
    "Azure platform 168.63.129.16": "168.63.129.16/32",
    "link local 169.254.0.0/16": "169.254.0.0/16",
    "IETF protocols 192.0.0.0/24": "192.0.0.0/24",
    "documentation 192.0.2.0/24": "192.0.2.0/24",
    "6to4 relay 192.88.99.0/24": "192.88.99.0/24",
    "benchmarking 198.18.0.0/15": "198.18.0.0/15",
    "documentation 198.51.100.0/24": "198.51.100.0/24",
    "documentation 203.0.113.0/24": "203.0.113.0/24",
    "multicast 224.0.0.0/4": "224.0.0.0/4",
    "reserved 240.0.0.0/4": "240.0.0.0/4",
    "unspecified and mapped ::/8": "::/8",
    "NAT64 64:ff9b::/96": "64:ff9b::/96",
    "local NAT64 64:ff9b:1::/48": "64:ff9b:1::/48",
    "discard only 100::/64": "100::/64",
    "IETF protocols 2001::/23": "2001::/23",
    "documentation 2001:db8::/32": "2001:db8::/32",
    "6to4 2002::/16": "2002::/16",
    "documentation 3fff::/20": "3fff::/20",
    "segment routing 5f00::/16": "5f00::/16",
    "link local fe80::/10": "fe80::/10",
    "multicast ff00::/8": "ff00::/8",
}
"""What IANA calls not globally reachable, and Azure's platform address, which is public and is not."""

METADATA: Final[Mapping[str, str]] = {
    "metadata 169.254.169.254": "169.254.169.254/32",
    "metadata 169.254.170.2": "169.254.170.2/32",
    "metadata 169.254.170.23": "169.254.170.23/32",
    "metadata 168.63.129.16": "168.63.129.16/32",
    "metadata 100.100.100.200": "100.100.100.200/32",
    "metadata fd00:ec2::254": "fd00:ec2::254/128",
    "metadata fd00:ec2::23": "fd00:ec2::23/128",
    "metadata fd20:ce::254": "fd20:ce::254/128",
}
"""Metadata and credential services: most clouds, ECS, EKS Pod Identity, Azure, Alibaba; in IPv6: EC2, EKS, GCP."""

_NOT_PUBLIC = address_set(*PRIVATE.values(), *SPECIAL.values(), *METADATA.values())

INTERNET_4: Final[AddressSet] = (EVERYWHERE - _NOT_PUBLIC).only(4)
"""Every public IPv4 address."""

INTERNET_6: Final[AddressSet] = (address_set("2000::/3") - _NOT_PUBLIC).only(6)
"""Every public IPv6 address that is handed out so far (RFC 4291: global unicast)."""
