"""Values as the oracle reads them: a path, a reference, a block of addresses. Nothing here knows a policy."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterable
from functools import cache
from typing import Any

Json = dict[str, Any]

DEFAULT_EXCEPT = ["100.64.0.0/10", "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]
SPECIAL_4 = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "168.63.129.16/32",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
]
SPECIAL_6 = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"]
METADATA = [
    "169.254.0.0/16",  # with node-local services, but for blocks that are narrower
    "169.254.169.254/32",
    "169.254.170.2/32",
    "169.254.170.23/32",
    "168.63.129.16/32",
    "100.100.100.200/32",
    "fd00:ec2::254/128",
    "fd00:ec2::23/128",
    "fd20:ce::254/128",
]


def at(values: Json, path: str, default: Any) -> Any:
    """Return what stands at a dotted path, or `default`."""
    here: Any = values
    for key in path.split("."):
        if not isinstance(here, dict) or here.get(key) is None:
            return default
        here = here[key]
    return here


def tidy(rules: Any, key: str = "") -> Any:
    """Return a user's rules without empty lists and maps; empty selectors and items of lists mean something."""
    if isinstance(rules, list):
        return [tidy(entry, key) for entry in rules]
    if not isinstance(rules, dict):
        return rules
    children = {key: tidy(child, key) for key, child in rules.items()}
    return {key: child for key, child in children.items() if child not in ([], {}) or key.endswith("Selector")}


def resolve(text: str, values: Json, name: str, namespace: str) -> str:
    """Return a text with its references to values and to the release resolved, once."""

    def one(found: re.Match[str]) -> str:
        value = {"Release.Name": name, "Release.Namespace": namespace}.get(found[1])
        if value is None:
            value = at(values, found[1].removeprefix("Values."), "")
        return value if isinstance(value, str) else json.dumps(value)

    return re.sub(r"\{\{ *\.([A-Za-z0-9_.-]+) *\}\}", one, text)


@cache
def network_of(cidr: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """Return a CIDR as what it means. Tests ask for the same few again and again."""
    return ipaddress.ip_network(cidr)


@cache
def inside(inner: str, outer: str) -> bool:
    """Say whether `inner` lies strictly inside `outer`, as an `except` must inside its `cidr`."""
    one, other = network_of(inner), network_of(outer)
    return one.version == other.version and one != other and one.subnet_of(other)  # type: ignore[arg-type]


def added(entries: list[str], more: Iterable[str], cidr: str) -> list[str]:
    """Return `entries` and those of `more` that are strictly inside `cidr` and in no entry yet."""
    found = list(entries)
    for entry in more:
        if inside(entry, cidr) and not any(entry == other or inside(entry, other) for other in found):
            found.append(entry)
    return found


def block(cidr: str, excepted: list[str]) -> Json:
    """Return an ipBlock, without an empty `except`."""
    return {"cidr": cidr, "except": excepted} if excepted else {"cidr": cidr}
