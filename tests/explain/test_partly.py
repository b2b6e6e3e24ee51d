"""What is open in part is neither allowed nor denied: which part is said, and what is missing opens the rest of it."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from tests.connectivity.flows import MANAGED, given, manifests, policy
from tests.explain.asked import ask
from tests.subject.subjects import VALUES, of
from vcluster_isolation.cli.explain import command
from vcluster_isolation.errors import EXIT_OK, EXIT_PARTLY, EXIT_PROBLEMS
from vcluster_isolation.explain.explain import Explanation, explain
from vcluster_isolation.explain.partly import split
from vcluster_isolation.explain.resolver import find, resolver_of
from vcluster_isolation.helm.template import Request
from vcluster_isolation.netpol.objects.model import External
from vcluster_isolation.netpol.objects.verdict import Mode
from vcluster_isolation.netpol.sets.addresses import AddressSet, address_set, union_of
from vcluster_isolation.netpol.sets.ports import parse_ports
from vcluster_isolation.subject.inputs import Input
from vcluster_isolation.subject.subject import of_values

EXCEPT = ["100.64.0.0/10", "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.169.254/32"]
ONE_EXCEPTED = {"workload": {"publicEgress": {"except": EXCEPT}}}


def run(*words: str, values: Path = VALUES / "default.yaml") -> Result:
    return CliRunner().invoke(command, [*words, "-f", str(values)], catch_exceptions=False)


def of_parts(found: Explanation) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    """Return the destinations of the open parts, and of the closed ones."""
    return [one.destination for one in found.open], [one.destination for one in found.closed]


def test_set_of_addresses_with_one_excepted_is_partly_allowed() -> None:
    found = ask("workload", "metadata-ipv4", "80", of(ONE_EXCEPTED))
    assert (found.allowed, found.partly, found.ports) == (False, True, "no ports")
    assert of_parts(found) == (
        [("168.63.129.16/32", "169.254.170.2/32", "169.254.170.23/32")],
        [("100.100.100.200/32", "169.254.169.254/32")],
    )
    assert found.sides[0].lacks_at == ("100.100.100.200/32", "169.254.169.254/32")


def test_partly_allowed_is_printed_with_both_parts_and_has_an_exit_code_of_its_own() -> None:
    result = run("workload", "10.0.0.0/7", "443")
    assert (result.exit_code, result.stdout.splitlines()[:6]) == (
        EXIT_PARTLY,
        [
            "workload => 10.0.0.0/7 : partly allowed, TCP 443",
            "  open:   TCP 443 to 11.0.0.0/8",
            "  closed: TCP 443 to 10.0.0.0/8",
            "  egress of workload: isolated by vc-work-my-vcluster",
            "    lets through all ports by vc-work-my-vcluster spec.egress[2]: workloads --> the addresses of "
            "publicEgress, on any port; put there by the default of policies.networkPolicy.workload.publicEgress",
            "    no rule lets TCP 443 through at 10.0.0.0/8",
        ],
    )
    assert "cidr: 10.0.0.0/8" in result.stdout
    assert "cidr: 10.0.0.0/7" not in result.stdout


def test_json_says_the_parts() -> None:
    found = json.loads(run("workload", "10.0.0.0/7", "443", "--output", "json").stdout)
    assert (found["allowed"], found["partly"]) == (False, True)
    assert found["open"] == [{"source": [], "destination": ["11.0.0.0/8"], "ports": "TCP 443"}]
    assert found["closed"] == [{"source": [], "destination": ["10.0.0.0/8"], "ports": "TCP 443"}]


def test_all_addresses_of_a_family_without_a_port_are_partly_allowed() -> None:
    found = ask("workload", "0.0.0.0/0")
    closed = ("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
    assert (found.allowed, found.partly, of_parts(found)[1]) == (False, True, [closed])


def test_all_addresses_of_one_family_only_are_a_part_of_any_address() -> None:
    found = ask("workload", "any address", "443", of({"workload": {"publicEgress": {"except": []}}}))
    assert (found.allowed, found.partly, of_parts(found)) == (False, True, ([("0.0.0.0/0",)], [("::/0",)]))


def test_part_of_a_range_of_ports_is_partly_allowed() -> None:
    found = ask("workload", "control-plane", "8443-8444")
    assert (found.allowed, found.partly, found.ports) == (False, True, "TCP 8443")
    assert ([one.ports for one in found.open], [one.ports for one in found.closed]) == (["TCP 8443"], ["TCP 8444"])
    assert [one.lacks for one in found.sides] == ["TCP 8444", "TCP 8444"]
    assert all("port: 8444" in one.yaml and "8443" not in one.yaml for one in found.missing)


def test_node_whose_address_is_not_known_is_partly_allowed_where_some_addresses_are() -> None:
    rule = {"egress": [{"to": [{"ipBlock": {"cidr": "10.1.0.0/16"}}]}]}
    found = ask("workload", "node", "10250", of({"workload": rule}))
    assert (found.allowed, found.partly, of_parts(found)[0]) == (False, True, [("10.1.0.0/16",)])


def test_sources_that_are_partly_admitted_are_said() -> None:
    rule = {"ingress": [{"from": [{"ipBlock": {"cidr": "203.0.113.0/24"}}], "ports": [{"port": 8443}]}]}
    found = ask("203.0.112.0/23", "control-plane", "8443", of({"controlPlane": rule}))
    assert [one.source for one in found.open] == [("203.0.113.0/24",)]
    assert [one.source for one in found.closed] == [("203.0.112.0/24",)]
    assert "203.0.112.0/24" in found.missing[0].yaml


def test_wholly_closed_and_wholly_open_sets_stay_what_they_are() -> None:
    assert run("workload", "10.0.0.0/8", "80").exit_code == EXIT_PROBLEMS
    assert run("workload", "11.0.0.0/8", "80").exit_code == EXIT_OK
    found = ask("workload", "10.0.0.0/8", "80")
    assert (found.allowed, found.partly, found.open, found.closed) == (False, False, (), ())


PARTLY = [
    ("workload", "metadata-ipv4", "80", ONE_EXCEPTED),
    ("workload", "0.0.0.0/0", None, {}),
    ("workload", "10.0.0.0/7", "443", {}),
    ("workload", "special-ipv4", "53/UDP", ONE_EXCEPTED),
    ("workload", "control-plane", "8443-8450", {}),
    ("control-plane", "10.0.0.0/8", "440-445", {"hostApiServer": {"cidrs": ["10.1.0.0/16"]}}),
    (
        "203.0.112.0/23",
        "control-plane",
        "8443",
        {"controlPlane": {"apiAccess": {"enabled": True, "from": [{"ipBlock": {"cidr": "203.0.113.0/24"}}]}}},
    ),
]


@pytest.mark.parametrize(("source", "destination", "port", "values"), PARTLY)
def test_what_is_missing_opens_the_rest_and_nothing_else(
    source: str, destination: str, port: str | None, values: dict[str, object], tmp_path: Path
) -> None:
    """The values that are missing are laid over the others: what was asked about is open, what was closed beside it is not."""
    base = tmp_path / "base.yaml"
    base.write_text(yaml.safe_dump({"policies": {"networkPolicy": {"enabled": True, **values}}}))
    before = of_values(Request((base,), name="a", namespace="ns"))
    found = ask(source, destination, port, before)
    assert found.partly
    more = [tmp_path / f"{at}.yaml" for at in range(len(found.missing))]
    for path, one in zip(more, found.missing, strict=True):
        path.write_text(one.yaml)
    after = of_values(Request((base, *more), name="a", namespace="ns"))
    assert ask(source, destination, port, after).allowed
    beside = address_set("0.0.0.0/0", "::/0") - _asked(source) - _asked(destination)
    for end in ("workload", "control-plane"):
        assert _through(before, end, beside) == _through(after, end, beside)


def _asked(words: str) -> AddressSet:
    resolver = resolver_of(Input([of({})]), ())
    end = find(words, resolver).end
    return end.addresses if isinstance(end, External) else AddressSet()


def _through(known: object, name: str, addresses: AddressSet) -> dict[str, list[str]]:
    """Return which ports an actor reaches at which addresses."""
    resolver = resolver_of(Input([known]), ())  # type: ignore[list-item]
    found: dict[str, list[AddressSet]] = {}
    for part in split(resolver.judge, find(name, resolver).end, External("", addresses)).parts:
        found.setdefault(str(part.ports), []).append(part.destination)
    return {ports: union_of(some).cidrs() for ports, some in sorted(found.items())}


def _random_rule(chance: random.Random, key: str) -> dict[str, object]:
    blocks = []
    for _ in range(chance.randint(1, 3)):
        net = f"10.{chance.randint(0, 7) * 32}.0.0/{chance.choice([11, 12, 13])}"
        inside = [f"10.{chance.randint(0, 7) * 32}.{chance.choice([0, 16])}.0/20"]
        outer = address_set(net)
        blocks.append({"ipBlock": {"cidr": net, "except": [one for one in inside if address_set(one) <= outer]}})
    ports = [{"port": chance.randint(80, 83), "protocol": "TCP"} for _ in range(chance.randint(0, 2))]
    return {key: blocks, **({"ports": ports} if ports else {})}


@pytest.mark.parametrize("seed", range(25))
def test_parts_agree_with_every_address_by_itself(seed: int) -> None:
    """Random ipBlocks on both sides: a part says of each of its addresses what the evaluator says of that address."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    out = policy("ns", "out", podSelector={"matchLabels": {"app": "x"}}, policyTypes=["Egress", "Ingress"])
    out["spec"]["egress"] = [_random_rule(chance, "to") for _ in range(chance.randint(1, 3))]
    out["spec"]["ingress"] = [_random_rule(chance, "from") for _ in range(chance.randint(1, 3))]
    asked = parse_ports(chance.choice(["TCP 80", "TCP 80-82", "TCP 81, TCP 83"]))
    outward = chance.choice([True, False])
    names = ("pod:app=x@ns", "10.0.0.0/7") if outward else ("10.0.0.0/7", "pod:app=x@ns")
    resolver = resolver_of(given([*manifests(), out]), names)
    ends = [find(one, resolver).end for one in names]
    seen = AddressSet()
    open_somewhere, closed_somewhere = False, False
    for part in split(resolver.judge, ends[0], ends[1]).parts:
        addresses = part.destination if outward else part.source
        seen |= addresses
        for pair in addresses.v4:
            for number in {pair[0], (pair[0] + pair[1]) // 2, pair[1]}:
                single = External("one", AddressSet(v4=((number, number),)))
                source, destination = (ends[0], single) if outward else (single, ends[1])
                alone = resolver.judge.evaluator.flow(source, destination, Mode.MAY).allowed
                assert alone == part.ports
        open_somewhere |= bool(part.ports & asked)
        closed_somewhere |= bool(asked - part.ports)
    assert seen == address_set("10.0.0.0/7")
    found = explain(resolver, find(names[0], resolver), find(names[1], resolver), asked)
    assert (found.allowed, found.partly) == (not closed_somewhere, open_somewhere and closed_somewhere)


def test_labels_of_a_tenants_choice_that_let_more_through_are_named() -> None:
    found = ask("workload", "10.1.2.3", "443")
    assert (found.allowed, found.partly) == (False, False)
    assert found.caveats == (
        "A tenant chooses labels: a workload labelled app: vcluster-snapshot gets TCP 443 through. "
        "`prove` judges every choice.",
    )
    hostile = f"pod:{MANAGED}=a,vcluster.loft.sh/namespace=default,app=vcluster-snapshot"
    assert ask(hostile, "10.1.2.3", "443").allowed


def test_no_choice_of_labels_is_named_where_none_lets_more_through() -> None:
    hardened = of({"profile": "hardened", "hostApiServer": {"cidrs": ["10.9.0.0/28"]}})
    assert ask("workload", "10.1.2.3", "443", hardened).caveats == ()
    assert ask("workload", "10.1.2.3", "80").caveats == ()
