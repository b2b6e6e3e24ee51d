"""What the API server refuses in a NetworkPolicy: each refusal whole, beside its nearest accepted neighbour."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vcluster_isolation.check.api_rules import findings, ineffective, is_policy, problems
from vcluster_isolation.errors import Problem
from vcluster_isolation.kubernetes import cidr
from vcluster_isolation.kubernetes.names import name_of
from vcluster_isolation.values.strict_yaml import parse_mapping
from vcluster_isolation.wording import dotted

HEAD = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
KEY = "use [prefix/]name: prefix a DNS name, name 1 to 63 of A-Z, a-z, 0-9, -, _ and . between letters or digits"
VALUE = "use at most 63 of A-Z, a-z, 0-9, -, _ and ., a letter or digit first and last"
OBJECT_NAME = "use lower-case letters, digits, - and ., at most 253 characters"
NAMESPACE = "use lower-case letters, digits and -, at most 63 characters"
PORT_NAME = "(1 to 15 of a-z, 0-9 and -, one letter at least)"
CIDR = "write an address without leading zeros and a prefix length, like 10.0.0.0/8 or 2001:db8::/32"
OPERATOR = "use In, NotIn, Exists or DoesNotExist"
ENTRIES = "write a list"
KEYS = "write a mapping"
IDLE = "add it to policyTypes, or remove the rules"
PORTS = "use 1 to 65535"

METADATA = [
    ("{}", "metadata.name: is missing; give the object a name", "{generateName: a-}"),
    ("{name: ''}", "metadata.name: is missing; give the object a name", "{name: a}"),
    ("{name: Vc}", f'metadata.name: "Vc" is not an object name; {OBJECT_NAME}', "{name: vc}"),
    ("{name: a_b}", f'metadata.name: "a_b" is not an object name; {OBJECT_NAME}', "{name: a.b-c.9}"),
    ("{name: a..b}", f'metadata.name: "a..b" is not an object name; {OBJECT_NAME}', "{name: a.b}"),
    ("{name: a-}", f'metadata.name: "a-" is not an object name; {OBJECT_NAME}', "{name: a-b}"),
    (
        f"{{name: {'a' * 254}}}",
        f'metadata.name: "{"a" * 78}…" is not an object name; {OBJECT_NAME}',
        f"{{name: {'a' * 253}}}",
    ),
    (r'{name: "a\n"}', rf'metadata.name: "a\n" is not an object name; {OBJECT_NAME}', '{name: "a"}'),
    ("{name: 5}", "metadata.name: 5 is not a string; put it in quotes", "{name: '5'}"),
    (
        "{name: a, namespace: b.c}",
        f'metadata.namespace: "b.c" is not a namespace name; {NAMESPACE}',
        "{name: a, namespace: b-c}",
    ),
    (
        f"{{name: a, namespace: {'b' * 64}}}",
        f'metadata.namespace: "{"b" * 64}" is not a namespace name; {NAMESPACE}',
        f"{{name: a, namespace: {'b' * 63}}}",
    ),
    ("[]", "metadata: [] is not a mapping; write a mapping", "{name: a, namespace: null, labels: null}"),
    ("{name: a, labels: [x]}", f'metadata.labels: ["x"] is not a mapping; {KEYS}', "{name: a, labels: {}}"),
    (
        "{name: a, labels: {b: 123}}",
        "metadata.labels.b: 123 is not a string; put it in quotes",
        "{name: a, labels: {b: '123'}}",
    ),
    (
        "{name: a, labels: {b: true}}",
        "metadata.labels.b: true is not a string; put it in quotes",
        "{name: a, labels: {b: 'true'}}",
    ),
    (
        "{name: a, labels: {b: [1]}}",
        "metadata.labels.b: [1] is not a string; write a string",
        "{name: a, labels: {b: null}}",
    ),
    (
        "{name: a, labels: {b: a b}}",
        f'metadata.labels.b: "a b" is not a label value; {VALUE}',
        "{name: a, labels: {b: A_b.c-d}}",
    ),
    (
        f"{{name: a, labels: {{b: {'x' * 64}}}}}",
        f'metadata.labels.b: "{"x" * 64}" is not a label value; {VALUE}',
        f"{{name: a, labels: {{b: {'x' * 63}}}}}",
    ),
    (
        "{name: a, labels: {b: -x}}",
        f'metadata.labels.b: "-x" is not a label value; {VALUE}',
        "{name: a, labels: {b: ''}}",
    ),
    (
        "{name: a, labels: {/b: x}}",
        f'metadata.labels["/b"]: "/b" is not a key; {KEY}',
        "{name: a, labels: {a/b: x}}",
    ),
    ("{name: a, labels: {a/: x}}", f'metadata.labels["a/"]: "a/" is not a key; {KEY}', "{name: a, labels: {a/B: x}}"),
    (
        "{name: a, labels: {a/b/c: x}}",
        f'metadata.labels["a/b/c"]: "a/b/c" is not a key; {KEY}',
        "{name: a, labels: {a.b/c: x}}",
    ),
    (
        "{name: a, labels: {A/b: x}}",
        f'metadata.labels["A/b"]: "A/b" is not a key; {KEY}',
        "{name: a, annotations: {A/b: x}}",
    ),
    (
        f"{{name: a, labels: {{{'k' * 64}: x}}}}",
        f'metadata.labels.{"k" * 64}: "{"k" * 64}" is not a key; {KEY}',
        f"{{name: a, labels: {{{'k' * 63}: x}}}}",
    ),
    (
        "{name: a, annotations: {a b: x}}",
        f'metadata.annotations["a b"]: "a b" is not a key; {KEY}',
        "{name: a, annotations: {a_b: 'any text: # {{ at all'}}",
    ),
]

SPEC = [
    ("[]", "spec: [] is not a mapping; write a mapping", "{}"),
    ("{policyTypes: Ingress}", f'spec.policyTypes: "Ingress" is not a list; {ENTRIES}', "{policyTypes: [Ingress]}"),
    (
        "{policyTypes: [ingress]}",
        'spec.policyTypes[0]: "ingress" is not a policy type; use Ingress or Egress',
        "{policyTypes: [Ingress, Ingress]}",
    ),
    (
        "{policyTypes: [null]}",
        'spec.policyTypes[0]: "" is not a policy type; use Ingress or Egress',
        "{policyTypes: []}",
    ),
    (
        "{policyTypes: [Ingress, Egress, Ingress]}",
        "spec.policyTypes: has 3 entries; name Ingress and Egress at most once each",
        "{policyTypes: [Ingress, Egress]}",
    ),
    ("{egress: {}}", f"spec.egress: {{}} is not a list; {ENTRIES}", "{egress: [{}]}"),
    ("{egress: [[]]}", f"spec.egress[0]: [] is not a mapping; {KEYS}", "{egress: [null]}"),
    ("{ingress: x}", f'spec.ingress: "x" is not a list; {ENTRIES}', "{ingress: null}"),
    (
        "{podSelector: {matchLabels: {a: 1}}}",
        "spec.podSelector.matchLabels.a: 1 is not a string; put it in quotes",
        "{podSelector: {matchLabels: {a: '1'}}}",
    ),
    (
        "{podSelector: {matchLabels: {a: b c}}}",
        f'spec.podSelector.matchLabels.a: "b c" is not a label value; {VALUE}',
        "{podSelector: {matchLabels: {a: null}}}",
    ),
    (
        "{podSelector: {matchLabels: {a?: b}}}",
        f'spec.podSelector.matchLabels["a?"]: "a?" is not a key; {KEY}',
        "{podSelector: {matchLabels: {app.kubernetes.io/name: b}}}",
    ),
]

PORT = [
    ("{port: 0}", f"port: 0 is not a valid port number; {PORTS}", "{port: 1}"),
    ("{port: -1}", f"port: -1 is not a valid port number; {PORTS}", "{port: null}"),
    ("{port: 65536}", f"port: 65536 is not a valid port number; {PORTS}", "{port: 65535}"),
    ("{port: 80.5}", "port: 80.5 is not a whole number or a string; write a whole number or a string", "{port: 80.0}"),
    ("{port: true}", "port: true is not a whole number or a string; write a whole number or a string", "{}"),
    (
        "{port: '8443'}",
        f'port: "8443" is not a valid port name; write a number without quotes {PORT_NAME}',
        "{port: 8443}",
    ),
    (
        "{port: HTTP}",
        f'port: "HTTP" is not a valid port name; use a container port\'s name {PORT_NAME}',
        "{port: http}",
    ),
    ("{port: a--b}", f'port: "a--b" is not a valid port name; use a container port\'s name {PORT_NAME}', "{port: a-b}"),
    ("{port: -a}", f'port: "-a" is not a valid port name; use a container port\'s name {PORT_NAME}', "{port: 9-a}"),
    ("{port: 1-2}", f'port: "1-2" is not a valid port name; use a container port\'s name {PORT_NAME}', "{port: 1-2a}"),
    (
        "{port: abcdefghijklmnop}",
        f'port: "abcdefghijklmnop" is not a valid port name; use a container port\'s name {PORT_NAME}',
        "{port: abcdefghijklmno}",
    ),
    ("{port: ''}", f'port: "" is not a valid port name; use a container port\'s name {PORT_NAME}', "{port: a}"),
    ("{protocol: tcp}", 'protocol: "tcp" is not a protocol; use TCP, UDP or SCTP', "{protocol: TCP}"),
    ("{protocol: ICMP}", 'protocol: "ICMP" is not a protocol; use TCP, UDP or SCTP', "{protocol: SCTP}"),
    ("{protocol: ''}", 'protocol: "" is not a protocol; use TCP, UDP or SCTP', "{protocol: null}"),
    ("{protocol: 6}", "protocol: 6 is not a string; put it in quotes", "{protocol: UDP}"),
    (
        "{port: 9, endPort: 8}",
        "endPort: 8 is below port 9; set it to the last port of the range",
        "{port: 9, endPort: 9}",
    ),
    (
        "{port: 2, endPort: 1}",
        "endPort: 1 is below port 2; set it to the last port of the range",
        "{port: 1, endPort: 1}",
    ),
    ("{port: 9, endPort: 65536}", f"endPort: 65536 is not a valid port number; {PORTS}", "{port: 9, endPort: 65535}"),
    ("{endPort: 8}", "endPort: has no port to begin at; set port, or remove endPort", "{port: 8, endPort: null}"),
    (
        "{port: dns, endPort: 8}",
        "endPort: cannot follow a named port; write port as a number, or remove endPort",
        "{port: dns}",
    ),
    ("{port: 8, endPort: '9'}", 'endPort: "9" is not a whole number; write it without quotes', "{port: 8, endPort: 9}"),
    ("{port: 8, endPort: x}", 'endPort: "x" is not a whole number; write a whole number', "{port: 8, endPort: 8}"),
    ("80", "80 is not a mapping; write a mapping", "{port: 80}"),
]

PEER = [
    ("{}", "names no peer; set podSelector, namespaceSelector or ipBlock", "{podSelector: {}}"),
    ("null", "names no peer; set podSelector, namespaceSelector or ipBlock", "{namespaceSelector: {}}"),
    (
        "{podSelector: null}",
        "names no peer; set podSelector, namespaceSelector or ipBlock",
        "{podSelector: {}, namespaceSelector: null}",
    ),
    (
        "{podSelector: {}, ipBlock: {cidr: 10.0.0.0/8}}",
        "has ipBlock together with podSelector; make them entries of their own",
        "{ipBlock: {cidr: 10.0.0.0/8}}",
    ),
    (
        "{podSelector: {}, namespaceSelector: {}, ipBlock: {cidr: 10.0.0.0/8}}",
        "has ipBlock together with podSelector and namespaceSelector; make them entries of their own",
        "{podSelector: {}, namespaceSelector: {}}",
    ),
    ("[]", "[] is not a mapping; write a mapping", "{podSelector: {matchLabels: {}}}"),
    ("{ipBlock: x}", 'ipBlock: "x" is not a mapping; write a mapping', "{ipBlock: {cidr: '::/0'}}"),
    (
        "{ipBlock: {}}",
        "ipBlock.cidr: is missing; write one, like 10.0.0.0/8 or 2001:db8::/32",
        "{ipBlock: {cidr: 0.0.0.0/0, except: null}}",
    ),
    (
        "{ipBlock: {cidr: 7}}",
        "ipBlock.cidr: 7 is not a string; put it in quotes",
        "{ipBlock: {cidr: '7::/16', except: []}}",
    ),
]

EXPRESSION = [
    (
        "{key: a, operator: In}",
        "values: is missing, In needs it; list at least one value",
        "{key: a, operator: Exists}",
    ),
    (
        "{key: a, operator: NotIn, values: []}",
        "values: is missing, NotIn needs it; list at least one value",
        "{key: a, operator: NotIn, values: [b]}",
    ),
    (
        "{key: a, operator: Exists, values: [b]}",
        "values: cannot stand beside Exists; remove it, or use In or NotIn",
        "{key: a, operator: Exists, values: []}",
    ),
    (
        "{key: a, operator: DoesNotExist, values: [b]}",
        "values: cannot stand beside DoesNotExist; remove it, or use In or NotIn",
        "{key: a, operator: DoesNotExist, values: null}",
    ),
    (
        "{key: a, operator: in, values: [b]}",
        f'operator: "in" is not an operator; {OPERATOR}',
        "{key: a, operator: In, values: [b]}",
    ),
    ("{key: a}", f'operator: "" is not an operator; {OPERATOR}', "{key: a, operator: DoesNotExist}"),
    ("{operator: Exists}", f'key: "" is not a key; {KEY}', "{key: a.b/c, operator: Exists}"),
    ("{key: a b, operator: Exists}", f'key: "a b" is not a key; {KEY}', "{key: a_b, operator: Exists}"),
    (
        "{key: a, operator: In, values: [b, c d]}",
        f'values[1]: "c d" is not a label value; {VALUE}',
        "{key: a, operator: In, values: [b, c.d, null]}",
    ),
    (
        "{key: a, operator: In, values: [1]}",
        "values[0]: 1 is not a string; put it in quotes",
        "{key: a, operator: In, values: ['1']}",
    ),
    (
        "{key: a, operator: In, values: b}",
        f'values: "b" is not a list; {ENTRIES}',
        "{key: a, operator: In, values: [b]}",
    ),
]

BEYOND = "has bits set beyond its prefix length; write"
CIDRS = [
    ("10.0.0.0", f'"10.0.0.0" is not a CIDR; {CIDR}', "10.0.0.0/32"),
    ("10.0.0.0/33", f'"10.0.0.0/33" is not a CIDR; {CIDR}', "10.0.0.0/9"),
    ("10.0.0.0/08", f'"10.0.0.0/08" is not a CIDR; {CIDR}', "10.0.0.0/8"),
    ("10.0.0.0/255.0.0.0", f'"10.0.0.0/255.0.0.0" is not a CIDR; {CIDR}', "10.0.0.0/24"),
    ("10.0.0/8", f'"10.0.0/8" is not a CIDR; {CIDR}', "10.0.0.0/8"),
    ("010.0.0.0/8", f'"010.0.0.0/8" is not a CIDR; {CIDR}', "0.0.0.0/8"),
    ("10.0.0.256/32", f'"10.0.0.256/32" is not a CIDR; {CIDR}', "10.0.0.255/32"),
    (" 10.0.0.0/8", f'" 10.0.0.0/8" is not a CIDR; {CIDR}', "10.0.0.0/8"),
    ("10.0.0.0/8\n", rf'"10.0.0.0/8\n" is not a CIDR; {CIDR}', "10.0.0.0/8"),
    ("10.0.0.0/-1", f'"10.0.0.0/-1" is not a CIDR; {CIDR}', "0.0.0.0/0"),
    ("10.0.0.٣/32", f'"10.0.0.٣/32" is not a CIDR; {CIDR}', "10.0.0.3/32"),
    ("10.1.2.3/8", f"10.1.2.3/8 {BEYOND} 10.0.0.0/8, or 10.1.2.3/32", "10.1.2.3/32"),
    ("0.0.0.1/0", f"0.0.0.1/0 {BEYOND} 0.0.0.0/0, or 0.0.0.1/32", "0.0.0.0/0"),
    ("fe80::1%eth0/128", f'"fe80::1%eth0/128" is not a CIDR; {CIDR}', "fe80::1/128"),
    ("2001:db8::/129", f'"2001:db8::/129" is not a CIDR; {CIDR}', "2001:DB8:0::/128"),
    ("2001:db8::1::/64", f'"2001:db8::1::/64" is not a CIDR; {CIDR}', "2001:db8::/64"),
    ("12345::/16", f'"12345::/16" is not a CIDR; {CIDR}', "1234::/16"),
    ("2001:db8::1/32", f"2001:db8::1/32 {BEYOND} 2001:db8::/32, or 2001:db8::1/128", "2001:db8::/32"),
    ("::ffff:10.0.0.0/104", "::ffff:10.0.0.0/104 is an IPv4 address in IPv6 form; write it as IPv4", "::10.0.0.0/104"),
    ("::ffff:0:0/96", "::ffff:0:0/96 is an IPv4 address in IPv6 form; write it as IPv4", "::fffe:0:0/96"),
    ("::ffff:a00:1/128", "::ffff:a00:1/128 is an IPv4 address in IPv6 form; write it as IPv4", "::fffe:a00:1/128"),
]  # fmt: skip

OUTSIDE = "is not strictly inside cidr %s; remove it or widen cidr"
EXCEPTS = [
    ("10.0.0.0/8", "11.0.0.0/16", OUTSIDE % "10.0.0.0/8", "10.1.0.0/16"),
    ("10.0.0.0/8", "10.0.0.0/8", OUTSIDE % "10.0.0.0/8", "10.0.0.0/9"),
    ("10.0.0.0/8", "0.0.0.0/0", OUTSIDE % "10.0.0.0/8", "10.255.255.255/32"),
    ("0.0.0.0/0", "::/1", OUTSIDE % "0.0.0.0/0", "0.0.0.0/1"),
    ("::/0", "10.0.0.0/8", OUTSIDE % "::/0", "::/1"),
    ("2000::/3", "fc00::/7", OUTSIDE % "2000::/3", "2002::/16"),
    ("10.0.0.0/8", "10.1.0.1/16", f"{BEYOND} 10.1.0.0/16, or 10.1.0.1/32", "10.1.0.1/32"),
]


def said(document: dict[str, Any]) -> list[str]:
    """Return what is said of a document, without the object's name."""
    return [str(problem).removeprefix("NetworkPolicy/a ") for problem in problems(document, "NetworkPolicy/a")]


def policy(yaml: str) -> dict[str, Any]:
    return parse_mapping(HEAD + yaml, "policy")


def with_spec(spec: dict[str, Any]) -> dict[str, Any]:
    return {**policy("metadata: {name: a}\n"), "spec": spec}


@pytest.mark.parametrize(("refused", "message", "accepted"), METADATA)
def test_metadata(refused: str, message: str, accepted: str) -> None:
    assert said(policy(f"metadata: {refused}\n")) == [message]
    assert said(policy(f"metadata: {accepted}\n")) == []


def test_the_size_of_annotations() -> None:
    full = {"key": "ö" * 131070}
    assert said({**policy(""), "metadata": {"name": "a", "annotations": {**full, "k": ""}}}) == []
    assert said({**policy(""), "metadata": {"name": "a", "annotations": {**full, "k": "x"}}}) == [
        "metadata.annotations: has 262145 bytes of keys and values, more than 262144; shorten them"
    ]


@pytest.mark.parametrize(("refused", "message", "accepted"), SPEC)
def test_spec(refused: str, message: str, accepted: str) -> None:
    assert said(policy(f"metadata: {{name: a}}\nspec: {refused}\n")) == [message]
    assert said(policy(f"metadata: {{name: a}}\nspec: {accepted}\n")) == []


@pytest.mark.parametrize("direction", ["ingress", "egress"])
@pytest.mark.parametrize(("refused", "message", "accepted"), PORT)
def test_ports(refused: str, message: str, accepted: str, direction: str) -> None:
    place = f"spec.{direction}[0].ports[1]"
    spec = f"metadata: {{name: a}}\nspec: {{{direction}: [{{ports: [{{port: 1}}, %s]}}]}}\n"
    joint = ": " if message[0].isdigit() else "."
    assert said(policy(spec % refused)) == [f"{place}{joint}{message}"]
    assert said(policy(spec % accepted)) == []


@pytest.mark.parametrize(("direction", "side"), [("ingress", "from"), ("egress", "to")])
@pytest.mark.parametrize(("refused", "message", "accepted"), PEER)
def test_peers(refused: str, message: str, accepted: str, direction: str, side: str) -> None:
    place = f"spec.{direction}[0].{side}[0]"
    spec = f"metadata: {{name: a}}\nspec: {{{direction}: [{{{side}: [%s]}}]}}\n"
    joint = "." if message.startswith("ipBlock") else ": "
    assert said(policy(spec % refused)) == [f"{place}{joint}{message}"]
    assert said(policy(spec % accepted)) == []


@pytest.mark.parametrize(
    ("place", "around"),
    [
        ("spec.podSelector", "{podSelector: {%s}}"),
        ("spec.ingress[0].from[0].podSelector", "{ingress: [{from: [{podSelector: {%s}}]}]}"),
        ("spec.egress[0].to[0].namespaceSelector", "{egress: [{to: [{namespaceSelector: {%s}}]}]}"),
    ],
)
@pytest.mark.parametrize(("refused", "message", "accepted"), EXPRESSION)
def test_match_expressions(refused: str, message: str, accepted: str, place: str, around: str) -> None:
    spec = f"metadata: {{name: a}}\nspec: {around}\n"
    assert said(policy(spec % f"matchExpressions: [{refused}]")) == [f"{place}.matchExpressions[0].{message}"]
    assert said(policy(spec % f"matchExpressions: [{accepted}]")) == []


def with_block(cidr: str, *excepts: str) -> dict[str, Any]:
    return with_spec({"egress": [{"to": [{"ipBlock": {"cidr": cidr, "except": list(excepts)}}]}]})


@pytest.mark.parametrize(("refused", "message", "accepted"), CIDRS)
def test_cidrs(refused: str, message: str, accepted: str) -> None:
    assert said(with_block(refused)) == [f"spec.egress[0].to[0].ipBlock.cidr: {message}"]
    assert said(with_block(accepted)) == []


@pytest.mark.parametrize(("outer", "refused", "message", "accepted"), EXCEPTS)
def test_excepts(outer: str, refused: str, message: str, accepted: str) -> None:
    assert said(with_block(outer, accepted, refused)) == [
        f"spec.egress[0].to[0].ipBlock.except[1]: {refused} {message}"
    ]
    assert said(with_block(outer, accepted)) == []


def test_an_except_is_not_compared_with_a_cidr_that_is_none() -> None:
    assert said(with_block("10.0.0.0", "10.0.0.0/8")) == [
        f'spec.egress[0].to[0].ipBlock.cidr: "10.0.0.0" is not a CIDR; {CIDR}'
    ]


def networks(family: type[IPv4Network | IPv6Network], bits: int) -> st.SearchStrategy[IPv4Network | IPv6Network]:
    """Return networks whose addresses share long prefixes, so that one often contains another."""
    nearby = st.integers(0, 7).map(lambda low: low << (bits - 3)) | st.integers(0, 2**bits - 1)
    return st.builds(lambda address, length: family((address, length), strict=False), nearby, st.integers(0, bits))


ANY_NETWORK = networks(IPv4Network, 32) | networks(IPv6Network, 128).filter(
    lambda network: not network.overlaps(IPv6Network("::ffff:0:0/96"))
)


@given(ANY_NETWORK, ANY_NETWORK)
def test_an_except_is_accepted_exactly_when_its_addresses_are_some_of_the_cidrs(outer: Any, inner: Any) -> None:
    first, last = int(inner[0]), int(inner[-1])
    within = outer.version == inner.version and int(outer[0]) <= first and last <= int(outer[-1])
    strictly = within and outer.num_addresses > inner.num_addresses
    assert (said(with_block(str(outer), str(inner))) == []) == strictly


@given(st.text("0123456789abcdef.:/", min_size=1, max_size=22))
def test_whatever_is_accepted_as_a_cidr_is_what_ipaddress_calls_one(text: str) -> None:
    try:
        network = cidr.parse(text)
    except cidr.BadCidr:
        return
    assert network == ip_network(text)
    assert network.prefixlen == int(text.partition("/")[2])


@given(ANY_NETWORK)
def test_every_network_that_ipaddress_prints_is_accepted(network: Any) -> None:
    assert cidr.parse(str(network)) == network


def test_everything_wrong_is_said_at_once() -> None:
    assert said(
        policy(
            "metadata: {name: a, labels: {x: 1}}\n"
            "spec:\n"
            "  podSelector: {matchLabels: {a b: c}}\n"
            "  policyTypes: [egress]\n"
            "  egress: [{ports: [{port: 0, protocol: tcp}], to: [{}]}]\n"
        )
    ) == [
        "metadata.labels.x: 1 is not a string; put it in quotes",
        f'spec.podSelector.matchLabels["a b"]: "a b" is not a key; {KEY}',
        'spec.policyTypes[0]: "egress" is not a policy type; use Ingress or Egress',
        'spec.egress[0].ports[0].protocol: "tcp" is not a protocol; use TCP, UDP or SCTP',
        f"spec.egress[0].ports[0].port: 0 is not a valid port number; {PORTS}",
        "spec.egress[0].to[0]: names no peer; set podSelector, namespaceSelector or ipBlock",
    ]


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"kind": "NetworkPolicy"},
        {"kind": "NetworkPolicy", "apiVersion": "crd.projectcalico.org/v1", "spec": 5},
        {"kind": "Service", "apiVersion": "networking.k8s.io/v1", "metadata": {"name": "A B"}},
    ],
)
def test_objects_of_other_kinds_are_passed_over(document: dict[str, Any]) -> None:
    assert not is_policy(document)
    assert findings(document) == []
    assert ineffective(document) == []


@pytest.mark.parametrize(
    ("spec", "messages"),
    [
        (
            "{policyTypes: [Ingress], egress: [{}]}",
            [f"spec.egress: has no effect, policyTypes does not hold Egress; {IDLE}"],
        ),
        (
            "{policyTypes: [Egress], ingress: [{}], egress: [{}]}",
            [f"spec.ingress: has no effect, policyTypes does not hold Ingress; {IDLE}"],
        ),
        ("{policyTypes: [Ingress, Egress], ingress: [{}], egress: [{}]}", []),
        ("{policyTypes: [Ingress], egress: []}", []),
        ("{policyTypes: [], egress: [{}]}", []),
        ("{ingress: [{}], egress: [{}]}", []),
    ],
)
def test_rules_of_a_direction_that_is_no_policy_type_are_called_without_effect(spec: str, messages: list[str]) -> None:
    document = policy(f"metadata: {{name: a}}\nspec: {spec}\n")
    assert [f"{dotted(path)}: {what}; {then}" for path, what, then in ineffective(document)] == messages
    assert findings(document) == []


HOSTILE = "x\n\x1b[31m: # &a {{ \"q' \u202e"


def test_hostile_text_is_shown_on_one_line_and_escaped() -> None:
    document = policy("metadata: {}\n")
    document["metadata"] = {"name": HOSTILE, "labels": {HOSTILE: HOSTILE}}
    document["spec"] = {"policyTypes": [HOSTILE], "egress": [{"to": [{"ipBlock": {"cidr": HOSTILE}}]}]}
    shown = r'"x\n\u001b[31m: # &a {{ \"q' + r"' \u202e" + '"'
    assert [str(problem) for problem in problems(document)] == [
        f"NetworkPolicy/{shown} metadata.name: {shown} is not an object name; {OBJECT_NAME}",
        f"NetworkPolicy/{shown} metadata.labels[{shown}]: {shown} is not a key; {KEY}",
        f"NetworkPolicy/{shown} metadata.labels[{shown}]: {shown} is not a label value; {VALUE}",
        f"NetworkPolicy/{shown} spec.policyTypes[0]: {shown} is not a policy type; use Ingress or Egress",
        f"NetworkPolicy/{shown} spec.egress[0].to[0].ipBlock.cidr: {shown} is not a CIDR; {CIDR}",
    ]


FIELDS = [
    *("metadata", "name", "labels", "spec", "podSelector", "matchLabels", "matchExpressions", "key", "operator"),
    *("values", "ingress", "from", "egress", "to", "ports", "port", "endPort", "protocol", "ipBlock", "cidr"),
    *("except", "policyTypes"),
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(FIELDS),
            inner,
            max_size=4,
        )
    ),
    max_leaves=30,
)


@given(JSON, JSON)
def test_no_object_whatever_its_types_makes_the_rules_fail_or_break_a_line(metadata: Any, spec: Any) -> None:
    document = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}
    for problem in problems(document):
        assert isinstance(problem, Problem)
        assert str(problem).isprintable()


@pytest.mark.parametrize(
    ("document", "name"),
    [
        ({"kind": "NetworkPolicy", "metadata": {"name": "a.b-c"}}, "NetworkPolicy/a.b-c"),
        ({"kind": "NetworkPolicy", "metadata": {}}, "NetworkPolicy"),
        ({"kind": "NetworkPolicy", "metadata": 5}, "NetworkPolicy"),
        ({"kind": 5, "metadata": {"name": "a\nb"}}, r'5/"a\nb"'),
    ],
)
def test_an_object_is_named_by_kind_and_name(document: dict[str, Any], name: str) -> None:
    assert name_of(document) == name
