"""How two manifests are compared: a NetworkPolicy as it is, a floor by what it does."""

from __future__ import annotations

import copy
import ipaddress
import itertools
import json
from collections.abc import Iterator
from functools import cache

from tests.chart.oracle_values import Json, network_of

LONGEST_NAME = 100
"""Characters of a rule's name, in both APIs."""
MOST = {"AdminNetworkPolicy": 100, "ClusterNetworkPolicy": 25}
"""Rules of a direction, and peers and ports of a rule; networks of a peer are 25 in both, each only once."""


def comparable(manifest: Json) -> Json:
    """Return a manifest as it is compared.

    Of a floor, neighbouring rules of one action are one group of peers, each with its ports: how they are cut into
    rules does not matter, and of networks only the addresses do. What a rule has besides stays as it is. Of a guard,
    what its expressions say is compared by tests/guard, request by request; here, what it is about and how it fails.
    """
    if manifest["kind"] in ("NetworkPolicy", "ValidatingAdmissionPolicyBinding"):
        return manifest
    seen = copy.deepcopy(manifest)
    if manifest["kind"] == "ValidatingAdmissionPolicy":
        return _frame(seen) if "matchConstraints" in seen["spec"] else seen
    for side, direction in (("to", "egress"), ("from", "ingress")):
        if seen["spec"].get(direction) is not None:
            seen["spec"][direction] = _groups(seen["spec"][direction], side)
    return seen


def out_of_bounds(manifest: Json) -> list[str]:
    """Return what the API would refuse in the rules of a floor: names, and more of something than there may be."""
    if manifest["kind"] not in MOST:
        return []
    problems = []
    for side, direction in (("to", "egress"), ("from", "ingress")):
        rules = manifest["spec"].get(direction) or []
        lists = [rules, *(rule.get(key, []) for rule in rules for key in (side, "ports", "protocols"))]
        networks = [peer["networks"] for rule in rules for peer in rule.get(side, []) if "networks" in peer]
        named = all(1 <= len(rule.get("name", "")) <= LONGEST_NAME for rule in rules)
        few = all(len(each) <= MOST[manifest["kind"]] for each in lists) and all(len(each) <= 25 for each in networks)
        if not (named and few and all(len(set(each)) == len(each) for each in networks)):
            problems.append(f"{manifest['metadata']['name']} {direction}: out of the API's bounds")
    return problems


def _frame(guard: Json) -> Json:
    """Return a guard without its expressions, its kinds as (operation, group, resource), and how many rules it has."""
    spec = guard["spec"]
    about = {
        (operation, group, resource)
        for rule in spec.pop("matchConstraints")["resourceRules"]
        for operation in rule["operations"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        if rule["apiVersions"] == ["*"]
    }
    spec["about"] = sorted({(operation, resource) for operation, _, resource in about})
    spec["groups"] = sorted({(operation, group) for operation, group, _ in about})
    spec["reasons"] = [each["reason"] for each in spec.pop("validations")]
    del spec["matchConditions"], spec["variables"]
    return guard


def _groups(rules: list[Json], side: str) -> list[Json]:
    groups = []
    for action, found in itertools.groupby(rules, key=lambda rule: rule.get("action")):
        members = list(found)
        others = sorted({key for rule in members for key in rule} - {"name", "action", side, "ports", "protocols"})
        pairs = {pair for rule in members for pair in _pairs(rule, side)}
        selected = sorted((peer, port) for peer, port, cidr in pairs if not cidr)
        cidrs = [(port, cidr) for _, port, cidr in sorted(pairs) if cidr]
        ports = dict.fromkeys(port for port, _ in cidrs)
        networks = {port: _collapsed(tuple(cidr for at, cidr in cidrs if at == port)) for port in ports}
        groups.append({"action": action, "peers": selected, "networks": networks, "others": others})
    return groups


def _pairs(rule: Json, side: str) -> Iterator[tuple[str, str, str]]:
    """Yield (peer, port, "") and (\"\", port, CIDR) of a rule; nothing for a rule without peers, which is none."""
    ports: list[Json] = [*rule.get("ports", []), *rule.get("protocols", [])] or [{}]
    for peer, port in itertools.product(rule.get(side, []), map(_text, ports)):
        if peer.keys() == {"networks"}:
            yield from (("", port, cidr) for cidr in peer["networks"])
        else:
            yield _text(peer), port, ""


@cache
def _collapsed(cidrs: tuple[str, ...]) -> tuple[str, ...]:
    """Return the same addresses as few networks."""
    networks = [network_of(cidr) for cidr in cidrs]
    return tuple(
        str(network)
        for version in (4, 6)
        for network in ipaddress.collapse_addresses([one for one in networks if one.version == version])  # type: ignore[type-var]
    )


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True)
