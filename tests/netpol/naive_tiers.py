"""Cluster-scoped policies for the naive evaluator: one packet, rule by rule, from the comments of the API's types.

A rule matches a packet "yes", "no" or "maybe"; after a "maybe" both goes on: what the rule does, and the next rule.
Of policies with the same priority any may come first, so all orders are tried. The rules of AWS' kind are tried in
their order, and with Deny before Accept before Pass. An AdminNetworkPolicy above priority 99 is tried as if it were not
there as well.
"""

from __future__ import annotations

import itertools
from typing import Any

from tests.netpol.naive_match import address_in, is_outside, namespace_labels, seen_as_address, selector_matches

Json = dict[str, Any]
Packet = tuple[Json, tuple[Json, str], Json, tuple[str, int]]
"""The end whose side it is, the other end with its address, the destination, protocol and port."""


def with_tiers(cluster: Json, plugin: Json, direction: str, packet: Packet, *, said: bool | None) -> set[bool]:
    """Every answer of one side; `said` is that of the NetworkPolicies, None if none of them isolates the pod."""
    answers: set[bool] = set()
    for verdict in tier_verdicts(cluster, plugin, direction, packet, "Admin"):
        if verdict in {"Allow", "Deny"}:
            answers.add(verdict == "Allow")
        elif said is not None:
            answers.add(said)
        else:
            baseline = tier_verdicts(cluster, plugin, direction, packet, "Baseline")
            answers |= {one != "Deny" for one in baseline}
    return answers


def tier_verdicts(cluster: Json, plugin: Json, direction: str, packet: Packet, tier: str) -> set[str]:
    """Every verdict of one tier: Allow, Deny, Pass, or none of them."""
    mine = [one for one in cluster["tiers"] if tier_of(one) == tier and is_subject(cluster, one, packet[0])]
    found: set[str] = set()
    for order in itertools.permutations(mine):
        asked = sorted(order, key=priority_of)
        for lists in itertools.product(*(readings_of(one, direction) for one in asked)):
            found |= first_match(cluster, plugin, [rule for rules in lists for rule in rules], packet)
    return found


def first_match(cluster: Json, plugin: Json, rules: list[Json], packet: Packet) -> set[str]:
    """What the first rule that matches does."""
    if not rules:
        return {""}
    answer = rule_matches(cluster, plugin, rules[0], packet)
    found: set[str] = set()
    if answer != "no":
        found.add("Allow" if rules[0]["action"] == "Accept" else rules[0]["action"])
    if answer != "yes":
        found |= first_match(cluster, plugin, rules[1:], packet)
    return found


def tier_of(policy: Json) -> str:
    if policy["kind"] == "ClusterNetworkPolicy":
        return str(policy["spec"]["tier"])
    return "Admin" if policy["kind"] == "AdminNetworkPolicy" else "Baseline"


def priority_of(policy: Json) -> int:
    return int(policy["spec"].get("priority", 0))


def rules_of(policy: Json, direction: str) -> list[Json]:
    return policy["spec"].get(direction.lower()) or []


def readings_of(policy: Json, direction: str) -> list[list[Json]]:
    """The rules in each order that may count."""
    listed = rules_of(policy, direction)
    if policy["kind"] == "AdminNetworkPolicy" and priority_of(policy) > 99:
        return [listed, []]
    if not policy["apiVersion"].startswith("networking.k8s.aws/"):
        return [listed]
    return [listed, [rule for action in ("Deny", "Accept", "Pass") for rule in listed if rule["action"] == action]]


def is_subject(cluster: Json, policy: Json, me: Json) -> bool:
    """Whether the pod is among those that the policy is about; a pod of the host's network never is."""
    return not me["hostNetwork"] and selects_pod(cluster, policy["spec"]["subject"], me)


def selects_pod(cluster: Json, chosen: Json, pod: Json) -> bool:
    """`namespaces` or `pods` of a subject or of a peer."""
    labels = namespace_labels(cluster, pod["namespace"])
    if chosen.get("namespaces") is not None:
        return selector_matches(chosen["namespaces"], labels)
    spaces, pods = chosen["pods"].get("namespaceSelector") or {}, chosen["pods"].get("podSelector") or {}
    return selector_matches(spaces, labels) and selector_matches(pods, pod["labels"])


def rule_matches(cluster: Json, plugin: Json, rule: Json, packet: Packet) -> str:
    """A peer and a port have to match."""
    _, other, destination, port = packet
    peers = [peer_answer(cluster, plugin, peer, other) for peer in rule.get("from") or rule.get("to") or []]
    listed = rule.get("ports") or rule.get("protocols")
    ports = [port_answer(plugin, item, destination, port) for item in listed] if listed else ["yes"]
    answers = {best(peers), best(ports)}
    return "no" if "no" in answers else "maybe" if "maybe" in answers else "yes"


def best(answers: list[str]) -> str:
    """One of several has to match."""
    return "yes" if "yes" in answers else "maybe" if "maybe" in answers else "no"


def peer_answer(cluster: Json, plugin: Json, peer: Json, other: tuple[Json, str]) -> str:
    end, address = other
    if peer.get("networks") is not None:
        return "yes" if any(address_in(address, cidr) for cidr in peer["networks"]) else "no"
    if peer.get("domainNames") is not None:
        return "maybe"
    if peer.get("nodes") is not None:
        return node_answer(peer["nodes"], end, plugin)
    if is_outside(end) or end["hostNetwork"]:
        return "no"
    return "yes" if selects_pod(cluster, peer, end) else "no"


def node_answer(selector: Json, end: Json, plugin: Json) -> str:
    """Whether an end is a selected node; nothing says which labels nodes have."""
    if not (end["node"] if is_outside(end) else end["hostNetwork"]):
        return "no"
    everyone = not selector.get("matchLabels") and not selector.get("matchExpressions")
    return "yes" if everyone and seen_as_address(end, plugin) else "maybe"


def port_answer(plugin: Json, item: Json, destination: Json, port: tuple[str, int]) -> str:
    """An item of `ports` (v1alpha1) or of `protocols` (v1alpha2)."""
    protocol, number = port
    name = item.get("namedPort") or item.get("destinationNamedPort")
    if name:
        return name_answer(plugin, name, destination, port)
    if item.get("portNumber"):
        wanted, first = item["portNumber"].get("protocol") or "TCP", item["portNumber"]["port"]
        last = first
    elif item.get("portRange"):
        wanted, first = item["portRange"].get("protocol") or "TCP", item["portRange"]["start"]
        last = item["portRange"]["end"]
    else:
        [(wanted, inner)] = [(key.upper(), value["destinationPort"]) for key, value in item.items() if value]
        span = inner.get("range") or {"start": inner.get("number"), "end": inner.get("number")}
        first, last = span["start"], span["end"]
    return "yes" if wanted == protocol and first <= number <= last else "no"


def name_answer(plugin: Json, name: str, destination: Json, port: tuple[str, int]) -> str:
    """A named port has no protocol of its own."""
    if seen_as_address(destination, plugin):
        return "no"
    if destination["ports"] is None:
        return "maybe"
    answers = [
        "maybe" if one.get("sometimes") else "yes"
        for one in destination["ports"]
        if (one["name"], one.get("protocol") or "TCP", one["containerPort"]) == (name, *port)
    ]
    return best(answers)
