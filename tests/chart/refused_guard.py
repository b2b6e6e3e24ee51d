"""What is refused of the guard: values, the whole sentence, and the nearest values that are accepted."""

from __future__ import annotations

from typing import Any

from tests.chart.rendering import Json, isolating

GUARD = "policies.networkPolicy.guard"
RULES = ("ownership", "networkPolicies", "pods", "labels", "templates", "endpoints", "services", "addresses")
BOUND = "so the guard would not be bound to these namespaces; list them in workload.namespaces, or switch guard off"
SWITCH = "is neither true nor false; write one of the two, without quotes"
WITHOUT = "which are closed to tenants; list ranges without them"


def guarded(workload: Json | None = None, **guard: Any) -> Json:
    return isolating(guard={"enabled": True, **guard}, **({"workload": workload} if workload else {}))


def account(name: str, **guard: Any) -> Json:
    return {**guarded(**guard), "controlPlane": {"advanced": {"serviceAccount": {"name": name}}}}


def mapped(names: Json, workload: Json | None = None, **guard: Any) -> Json:
    sync = {"toHost": {"namespaces": {"enabled": True, "mappings": {"byName": names}}}}
    return {**guarded(workload, **guard), "sync": sync}


def known(key: str, cidr: str, path: str, cidrs: list[str]) -> Json:
    """Return values with addresses of the host cluster, and ranges of the guard."""
    rule, _, field = path.partition(".")
    return isolating(guard={"enabled": True, rule: {field: cidrs}}, **{key: {"cidrs": [cidr]}})


def contradicting(path: str, key: str, cidr: str, ranges: str, neighbour: str) -> tuple[Json, str, Json]:
    sentence = f"{GUARD}.{path}[1]: {ranges} has addresses in common with {key}.cidrs ({cidr}), {WITHOUT}"
    return (
        known(key, cidr, path, ["203.0.113.0/24", ranges]),
        sentence,
        known(key, cidr, path, ["203.0.113.0/24", neighbour]),
    )


REFUSED: dict[str, tuple[Json, str, Json]] = {
    "a guard without rules": (
        guarded(**{rule: {"enabled": False} for rule in RULES}),
        f"{GUARD}.enabled: there is no rule that is on; switch one on, or the guard off",
        guarded(**{rule: {"enabled": False} for rule in RULES[1:]}),
    ),
    "a guard that denies and warns": (
        guarded(validationActions=["Deny", "Warn"]),
        f"{GUARD}.validationActions: have Deny and Warn, which the API server refuses: a denial warns by itself; remove one of them",
        guarded(validationActions=["Deny", "Audit"]),
    ),
    "a service account that is none": (
        account("Tenant A"),
        'controlPlane.advanced.serviceAccount.name: "Tenant A" is not the name of a service account; '
        "use lower-case letters, digits, '-' and '.'",
        account("tenant-a"),
    ),
    "the syncer as a known creator": (
        guarded(creators=["istio-system/istiod", "ns/vc-a"]),
        f"{GUARD}.creators[1]: ns/vc-a is the vCluster's own service account, of which the guard judges every request; remove it",
        guarded(creators=["istio-system/istiod", "ns/vc-b"]),
    ),
    "the syncer of another name as a known creator": (
        account("tenant-a", creators=["ns/tenant-a"]),
        f"{GUARD}.creators[0]: ns/tenant-a is the vCluster's own service account, of which the guard judges every request; remove it",
        account("tenant-a", creators=["ns/vc-a"]),
    ),
    "a guard of namespaces without a name": (
        mapped({"v": "h", "team-*": "host-*"}),
        f'{GUARD}.enabled: sync.toHost.namespaces.mappings has "host-*", which names no namespace, {BOUND}',
        mapped({"v": "h", "team-*": "host-*"}, {"namespaces": ["host-a"]}),
    ),
    "a guard of namespaces without a name, where others are listed": (
        mapped({"team-*": "host.*"}, {"namespaces": ["hostx"]}),
        f'{GUARD}.enabled: sync.toHost.namespaces.mappings has "host.*", which names no namespace, {BOUND}',
        mapped({"team-*": "hos*"}, {"namespaces": ["hostx"]}),
    ),
    "a guard of any namespaces": (
        mapped({}),
        f"{GUARD}.enabled: sync.toHost.namespaces is on and names no namespace, {BOUND}",
        mapped({}, {"namespaces": ["h"]}),
    ),
    "a guard in multi-namespace mode": (
        {**guarded(), "experimental": {"multiNamespaceMode": {"enabled": True}}},
        f"{GUARD}.enabled: experimental.multiNamespaceMode is on and names no namespace, {BOUND}",
        {**guarded({"namespaces": ["h"]}), "experimental": {"multiNamespaceMode": {"enabled": True}}},
    ),
    "a range with host bits": (
        guarded(endpoints={"cidrs": ["10.7.0.1/24"]}),
        f"{GUARD}.endpoints.cidrs[0]: 10.7.0.1/24 has bits set beyond its prefix length; "
        "write the first address of the network, or /32 for this one address",
        guarded(endpoints={"cidrs": ["10.7.0.1/32"]}),
    ),
    "endpoints in the range of pods": contradicting(
        "endpoints.cidrs", "pods", "10.2.0.0/16", "10.0.0.0/8", "10.3.0.0/16"
    ),
    "endpoints inside the range of nodes": contradicting(
        "endpoints.cidrs", "nodes", "10.1.0.0/16", "10.1.7.0/24", "10.2.7.0/24"
    ),
    "endpoints that are the API server": contradicting(
        "endpoints.cidrs", "hostApiServer", "2600:1f00::/64", "2600::/16", "2601::/16"
    ),
    "a policy to pods": contradicting("networkPolicies.to", "pods", "10.2.0.0/16", "10.2.0.0/16", "10.3.0.0/16"),
    "a policy to nodes": contradicting("networkPolicies.to", "nodes", "10.2.0.0/16", "10.2.0.0/15", "10.4.0.0/15"),
    "a policy to the API server": contradicting(
        "networkPolicies.to", "hostApiServer", "10.2.0.0/16", "10.2.9.0/24", "10.3.9.0/24"
    ),
    "a policy from pods": contradicting("networkPolicies.from", "pods", "10.2.0.0/16", "10.2.3.0/24", "10.3.3.0/24"),
    **{
        f"{path} that {'are' if ':' in cidr else 'hold'} metadata at {address}": (
            guarded(**{rule: {field: [cidr]}}),
            f"{GUARD}.{path}[0]: {cidr} has addresses in common with cloud metadata ({address}), {WITHOUT}",
            guarded(**{rule: {field: ["10.7.0.0/24"]}}),
        )
        for path in ("endpoints.cidrs", "networkPolicies.to")
        for rule, _, field in [path.partition(".")]
        for cidr, address in [
            ("169.254.0.0/16", "169.254.169.254/32"),
            ("fd00:ec2::254/128", "fd00:ec2::254/128"),
            ("168.63.129.16/32", "168.63.129.16/32"),
        ]
    },
}
# What only a user who skips the schema can write.
WITHOUT_SCHEMA: dict[str, tuple[Json, str]] = {
    "guard.enabled": (isolating(guard={"enabled": "yes"}), f"{GUARD}.enabled: {SWITCH}"),
    **{
        f"guard.{rule}.enabled": (guarded(**{rule: {"enabled": "false"}}), f"{GUARD}.{rule}.enabled: {SWITCH}")
        for rule in RULES
    },
    "a failurePolicy that is none": (
        guarded(failurePolicy="Fail\nx: y"),
        f"{GUARD}.failurePolicy: is neither Fail nor Ignore; write one of the two",
    ),
    "an action that is none": (
        guarded(validationActions=["Deny", "Drop"]),
        f"{GUARD}.validationActions[1]: is none of Deny, Warn, Audit; write one of these",
    ),
    "no action": (
        guarded(validationActions=[]),
        f"{GUARD}.validationActions: names no action; list Deny, or Warn and Audit for a roll-out",
    ),
    "a creator that breaks out": (
        guarded(creators=['a/b" || true || "']),
        f'{GUARD}.creators[0]: "a/b\\" || true || \\"" is no service account; write namespace/name, or namespace/* for all of a namespace',
    ),
    "a label that breaks out": (
        guarded(
            reservedLabels=["team", 'a"]}'],
        ),
        f'{GUARD}.reservedLabels[1]: "a\\"]}}" is no label; write its key, or key=value',
    ),
    "a resource without a group": (
        guarded(templates={"resources": ["pods"]}),
        f'{GUARD}.templates.resources[0]: "pods" is no resource; write it with its group, as in clusters.postgresql.cnpg.io',
    ),
    "a Service that is none": (
        guarded(endpoints={"services": ["b\nc"]}),
        f'{GUARD}.endpoints.services[0]: "b\\nc" is not the name of a Service; write one of the release\'s namespace',
    ),
    "a domain that is none": (
        guarded(services={"externalNames": ["example.com."]}),
        f'{GUARD}.services.externalNames[0]: "example.com." is not a domain; write one in lower case, without a dot at its end',
    ),
    "a number as a label": (
        guarded(reservedLabels=[7]),
        f'{GUARD}.reservedLabels[0]: "7" is no label; write its key, or key=value',
    ),
}
