"""Random NetworkPolicies, most of them with a fault or two: what a person may write, and what an API server may refuse.

A policy begins as a right one. A fault is then put into it: a value that is wrong at this place, or one that is of
another type, missing, null, empty, or twice there. Not every fault is one: some of what looks wrong is accepted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from random import Random
from typing import Any

Json = dict[str, Any]
Place = tuple[Any, Any]
"""A mapping or list, and the key or index in it."""

_KEPT = ("apiVersion", "kind", "metadata", "name", "namespace")

FAULTLESS = 0.3
"""So many policies have no fault."""

CIDRS: dict[str, tuple[str, ...]] = {
    "0.0.0.0/0": ("10.0.0.0/8", "169.254.0.0/16"),
    "10.0.0.0/8": ("10.1.0.0/16", "10.1.2.3/32"),
    "192.0.2.7/32": (),
    "::/0": ("fd00::/8", "fe80::/10"),
    "2001:db8::/32": ("2001:db8:1::/48",),
}
WRONG_CIDRS = [
    "10.1.2.3/8",
    "10.0.0.0",
    "010.0.0.0/8",
    "10.0.0.0/33",
    "10.0.0/8",
    "::1/129",
    "2001:DB8::/32",
    "2001:db8:0::/32",
    "fe80::1%eth0/64",
    "::ffff:10.0.0.0/104",
    "1.2.3.4/032",
    "1.2.3.4/-1",
    "1.2.3.4/+8",
    "everything",
    "0.0.0.0/0",
    "::/0",
    "10.0.0.0/8",
    "fd00::/8",
]
WRONG_WORDS = ("", " ", "-a", "a-", "a_b", "A", "a.b", "a/b", "a/b/c", "ä", "x" * 64, "x" * 63, "123", "true", "a\n")
WRONG_PORTS = (0, 1, -1, 65535, 65536, "http", "8443", "HTTP", "a--b", "-a", "x" * 16, "x" * 15, "", 1.5, 80.0, 2**31)
OTHER_TYPES: tuple[Any, ...] = (None, True, 7, 1.0, "text", [], {}, [None], ["a"], {"a": "b"}, [{}])
PROTOCOLS = ("TCP", "UDP", "SCTP")
WRONG_PROTOCOLS = ("tcp", "ICMP", "", "TCP ", None)
OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")


def faulty_policy(chance: Random, name: str, space: str) -> Json:
    """Return a policy; its name and namespace are right, so that it can be told which one is meant."""
    policy = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": space, **_metadata(chance)},
        "spec": _spec(chance),
    }
    if chance.random() > FAULTLESS:
        for _ in range(chance.choice((1, 1, 1, 2))):
            _put_fault(chance, policy)
    return policy


def _metadata(chance: Random) -> Json:
    found: Json = {}
    if chance.random() < 0.3:
        found["labels"] = _labels(chance)
    if chance.random() < 0.2:
        found["annotations"] = {"example.com/what": chance.choice(("", "a b", "x" * 300))}
    return found


def _spec(chance: Random) -> Json:
    spec: Json = {"podSelector": _selector(chance)}
    for side, peers in (("ingress", "from"), ("egress", "to")):
        if chance.random() < 0.6:
            spec[side] = [_rule(chance, peers) for _ in range(chance.choice((0, 1, 1, 2)))]
    if chance.random() < 0.7:
        spec["policyTypes"] = chance.choice((["Ingress"], ["Egress"], ["Ingress", "Egress"]))
    return spec


def _rule(chance: Random, peers: str) -> Json:
    rule: Json = {}
    if chance.random() < 0.8:
        rule[peers] = [_peer(chance) for _ in range(chance.choice((0, 1, 1, 2)))]
    if chance.random() < 0.7:
        rule["ports"] = [_port(chance) for _ in range(chance.choice((0, 1, 1, 2)))]
    return rule


def _peer(chance: Random) -> Json:
    kind = chance.choice(("block", "pods", "spaces", "both"))
    if kind == "block":
        cidr = chance.choice(list(CIDRS))
        excepted = [one for one in CIDRS[cidr] if chance.random() < 0.5]
        return {"ipBlock": {"cidr": cidr, **({"except": excepted} if excepted else {})}}
    peer = {}
    if kind in ("pods", "both"):
        peer["podSelector"] = _selector(chance)
    if kind in ("spaces", "both"):
        peer["namespaceSelector"] = _selector(chance)
    return peer


def _port(chance: Random) -> Json:
    port: Json = {"protocol": chance.choice(PROTOCOLS)} if chance.random() < 0.8 else {}
    kind = chance.choice(("none", "number", "range", "name"))
    if kind in ("number", "range"):
        port["port"] = chance.choice((1, 53, 443, 8443, 65535))
    if kind == "range":
        port["endPort"] = chance.choice((port["port"], 65535))
    if kind == "name":
        port["port"] = chance.choice(("web", "dns-tcp", "a1"))
    return port


def _selector(chance: Random) -> Json:
    selector: Json = {}
    if chance.random() < 0.6:
        selector["matchLabels"] = _labels(chance)
    if chance.random() < 0.4:
        selector["matchExpressions"] = [_expression(chance)]
    return selector


def _labels(chance: Random) -> Json:
    keys = ("app", "vcluster.loft.sh/managed-by", "a.b/c_d", "K8s")
    return {key: chance.choice(("", "one", "1", "A.b_c-d")) for key in keys if chance.random() < 0.4}


def _expression(chance: Random) -> Json:
    operator = chance.choice(OPERATORS)
    values = {"values": chance.choice((["a"], ["a", ""], ["1", "b"]))} if operator in ("In", "NotIn") else {}
    return {"key": chance.choice(("app", "example.com/tier")), "operator": operator, **values}


def _put_fault(chance: Random, policy: Json) -> None:
    """Change one place."""
    places = [place for place in _places(policy) if place[1] not in _KEPT]
    if not places:
        return  # a fault before this one has removed all there was
    inside, key = chance.choice(places)
    known = _wrong_values(inside, key)
    if known and chance.random() < 0.7:
        inside[key] = deepcopy(chance.choice(known))
        return
    chance.choice(_GENERAL)(chance, inside, key)


def _wrong_values(inside: Any, key: Any) -> tuple[Any, ...]:
    """Return what people write wrongly at such a place."""
    if key == "cidr" or (isinstance(inside, list) and "/" in str(inside[key])):
        return tuple(WRONG_CIDRS)
    return _WRONG_AT.get(key, WRONG_WORDS if isinstance(inside[key], str) else ())


_WRONG_AT: dict[Any, tuple[Any, ...]] = {
    "port": WRONG_PORTS,
    "endPort": WRONG_PORTS,
    "protocol": WRONG_PROTOCOLS,
    "operator": ("in", "Gt", "", *OPERATORS),
    "policyTypes": ([], ["Ingress", "Ingress"], ["ingress"], ["Ingress", "Egress", "Egress"], [""]),
    "values": ([], ["a b"], ["x" * 64], [""], ["a", "a"], [1]),
}


def _replace(chance: Random, inside: Any, key: Any) -> None:
    inside[key] = deepcopy(chance.choice(OTHER_TYPES))


def _remove(chance: Random, inside: Any, key: Any) -> None:
    del chance, inside[key]


def _rename(chance: Random, inside: Any, key: Any) -> None:
    """Misspell a key, or a label's key; in a list, say an entry twice."""
    if isinstance(inside, list):
        inside.append(deepcopy(inside[key]))
    else:
        inside[chance.choice((*WRONG_WORDS, f"{key}s", key.capitalize()))] = inside.pop(key)


def _join(chance: Random, inside: Any, key: Any) -> None:
    """Put beside a place what belongs elsewhere."""
    if isinstance(inside, dict):
        more: tuple[tuple[str, Any], ...] = (
            ("ipBlock", {"cidr": "10.0.0.0/8"}),
            ("podSelector", {}),
            ("endPort", 9000),
            ("values", ["a"]),
        )
        inside.update([deepcopy(chance.choice(more))])
    else:
        _replace(chance, inside, key)


_GENERAL: tuple[Callable[[Random, Any, Any], None], ...] = (_replace, _remove, _rename, _join)


def _places(node: Any) -> Iterator[Place]:
    """Yield every place below a node."""
    keys = list(node) if isinstance(node, dict) else list(range(len(node))) if isinstance(node, list) else []
    for key in keys:
        yield node, key
        yield from _places(node[key])
