"""One line for each allowed flow, and its words depend on that flow only."""

from __future__ import annotations

import random

import pytest

from tests.connectivity.flows import given, lines, manifests, of, policy, with_rules
from tests.subject.subjects import SITUATIONS, subject
from vcluster_isolation.connectivity.connectivity import matrix_of, scene
from vcluster_isolation.connectivity.fold import folded
from vcluster_isolation.netpol.objects.model import External
from vcluster_isolation.netpol.sets.addresses import EVERYWHERE, AddressSet, address_set
from vcluster_isolation.netpol.sets.ports import parse_ports
from vcluster_isolation.subject.subject import Subject

WORKLOAD = [
    "control-plane : TCP 8443, TCP+UDP 1053",
    "coredns : all ports",
    "etcd : TCP 8443, TCP+UDP 1053",
    "internet-ipv4 : all ports",
    "metadata 168.63.129.16 : all ports",
    "metadata 169.254.169.254 : all ports",
    "metadata 169.254.170.2 : all ports",
    "metadata 169.254.170.23 : all ports",
    "special-ipv4 without 127.0.0.0/8 : all ports",
    "workload : all ports",
]
SNAPSHOT = [
    "agent : TCP 443, TCP 6443, TCP 8443",
    "any address : TCP 443, TCP 6443, TCP 8443",
    "control-plane : all ports",
    "elsewhere : TCP 443, TCP 6443, TCP 8443",
    "etcd : all ports",
    "host-api-server : TCP 443, TCP 6443, TCP 8443",
    "host-dns : all ports",
    "ingress-controller : TCP 443, TCP 6443, TCP 8443",
    "monitoring : TCP 443, TCP 6443, TCP 8443",
    "neighbour's control-plane : all ports",
    "neighbour's etcd : all ports",
    "node : TCP 443, TCP 6443, TCP 8443",
    "platform : TCP 443, TCP 6443, TCP 8443",
    "pods [app=loft] in all namespaces : TCP 443, TCP 6443, TCP 8443",
    "stray : TCP 443, TCP 6443, TCP 8443",
]


def more(one: Subject) -> list[str]:
    """Return the lines that the default does not have."""
    return sorted(set(lines(one)) - set(lines("default")))


def test_default_output_lets_workloads_reach_this_and_nothing_else() -> None:
    assert of("workload", lines("default")) == WORKLOAD


def test_default_output_lets_snapshots_reach_this_and_nothing_else() -> None:
    assert of("snapshot", lines("default")) == SNAPSHOT


def test_deployed_coredns_reaches_what_workloads_reach_and_host_dns() -> None:
    assert of("coredns", lines("default")) == sorted([*WORKLOAD, "host-dns : all ports"])


def test_only_these_reach_a_workload() -> None:
    reach = [line.partition(" => ")[0] for line in lines("default") if " => workload : " in line]
    assert reach == ["control-plane", "coredns", "etcd", "workload"]


def test_without_policies_everything_reaches_everything() -> None:
    who = ["control-plane", "coredns", "etcd", "snapshot", "workload"]
    both = [f"anything => {one} : all ports" for one in who] + [f"{one} => anything : all ports" for one in who]
    assert lines("off") == both


def test_pods_that_are_not_there_have_no_flows() -> None:
    private, embedded = lines("private-nodes"), lines("embedded-coredns")
    assert not [line for line in private if {"workload", "coredns"} & set(line.replace(" : ", " => ").split(" => "))]
    assert not [line for line in embedded if "coredns" in line]
    assert "workload => workload : all ports" in embedded


@pytest.mark.parametrize(
    ("cidr", "without", "line"),
    [
        ("10.20.30.40/32", [], "10.20.30.40/32"),
        ("10.0.0.0/8", [], "private 10.0.0.0/8"),
        ("10.0.0.0/8", ["10.1.0.0/16"], "private 10.0.0.0/8 without 10.1.0.0/16"),
        (
            "172.16.0.0/12",
            ["172.16.9.0/24", "172.20.0.0/16"],
            "private 172.16.0.0/12 without 172.16.9.0/24, 172.20.0.0/16",
        ),
        ("fc00::/7", [], "unique local fc00::/7"),
        ("2000::/4", [], "internet-ipv6 in 2000::/4"),
        ("2600::/12", [], "2600::/12"),
    ],
)
def test_rule_for_addresses_is_named_by_them(cidr: str, without: list[str], line: str) -> None:
    block = {"cidr": cidr, **({"except": without} if without else {})}
    one = with_rules("vc-work", "egress", {"to": [{"ipBlock": block}], "ports": [{"port": 5432}]})
    assert f"workload => {line} : TCP 5432" in more(one)


def test_range_is_not_reached_because_an_address_in_it_is() -> None:
    one = with_rules("vc-work", "egress", {"to": [{"ipBlock": {"cidr": "10.20.30.40/32"}}], "ports": [{"port": 5432}]})
    assert more(one) == ["coredns => 10.20.30.40/32 : TCP 5432", "workload => 10.20.30.40/32 : TCP 5432"]


def test_group_of_which_little_more_than_half_is_reached_is_not_named_for_it() -> None:
    reached = of("workload", more(with_rules("vc-work", "egress", {"to": [{"ipBlock": {"cidr": "192.0.0.0/3"}}]})))
    assert reached == ["private 192.168.0.0/16 : all ports"]  # the others are in the default's lines
    alone = with_rules("vc-cp", "egress", {"to": [{"ipBlock": {"cidr": "192.0.0.0/3"}}]})
    opened = of("control-plane", more(alone))
    assert "benchmarking 198.18.0.0/15 : all ports" in opened
    assert not [line for line in opened if line.startswith("special-ipv4")]


def test_address_that_the_policies_split_off_for_others_is_not_named() -> None:
    outer = {"to": [{"ipBlock": {"cidr": "10.20.0.0/16"}}]}
    alone = of("workload", more(with_rules("vc-work", "egress", outer)))
    documents = manifests()
    for name, cidr in (("vc-work-a", "10.20.0.0/16"), ("vc-cp-a", "10.20.30.0/24")):
        spec = next(one["spec"] for one in documents if one["metadata"]["name"] == name)
        spec["egress"].append({"to": [{"ipBlock": {"cidr": cidr}}]})
    both = given(documents).subjects[0]
    assert of("workload", more(both)) == alone == ["10.20.0.0/16 : all ports"]
    assert of("control-plane", more(both)) == ["10.20.30.0/24 : all ports"]


def test_possible_address_of_pods_does_not_make_them_reached() -> None:
    one = with_rules("vc-work", "egress", {"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]})
    assert of("workload", more(one)) == ["private 10.0.0.0/8 : all ports"]


def test_every_address_of_pods_makes_them_reached() -> None:
    one = with_rules("vc-work", "egress", {"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]})
    reached = of("workload", more(one))
    assert "any IPv4 address : all ports" in reached
    assert {f"{who} : all ports" for who in ("monitoring", "node", "host-api-server", "stray")} <= set(reached)


def test_two_blocks_that_hold_every_address_of_pods_together_make_them_reached_where_both_do() -> None:
    rules = [
        {"to": [{"ipBlock": {"cidr": "0.0.0.0/1"}}], "ports": [{"port": 80}, {"port": 81}]},
        {"to": [{"ipBlock": {"cidr": "128.0.0.0/1"}}], "ports": [{"port": 80}]},
    ]
    assert "monitoring : TCP 80" in of("workload", more(with_rules("vc-work", "egress", *rules)))


@pytest.mark.parametrize(
    ("peer", "name"),
    [
        ({"podSelector": {"matchLabels": {"app": "web"}}}, "pods [app=web] in this namespace"),
        ({"podSelector": {"matchExpressions": [{"key": "app", "operator": "Exists"}]}}, "pods [app] in this namespace"),
        ({"namespaceSelector": {"matchLabels": {"team": "a"}}}, "all pods in namespaces [team=a]"),
        (
            {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}},
            "all pods in namespace kube-system",
        ),
        (
            {
                "namespaceSelector": {"matchExpressions": [{"key": "team", "operator": "In", "values": ["b", "a"]}]},
                "podSelector": {
                    "matchLabels": {"tier": "x"},
                    "matchExpressions": [
                        {"key": "app", "operator": "Exists"},
                        {"key": "old", "operator": "DoesNotExist"},
                        {"key": "env", "operator": "NotIn", "values": ["dev"]},
                    ],
                },
            },
            "pods [!old,app,env notin (dev),tier=x] in namespaces [team in (a,b)]",
        ),
        (
            {"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "web"}}},
            "pods [app=web] in all namespaces",
        ),
    ],
)
def test_pods_that_a_peer_names_are_an_actor_in_the_words_of_the_selector(peer: dict[str, object], name: str) -> None:
    one = with_rules("vc-cp", "ingress", {"from": [peer], "ports": [{"port": 9}]})
    assert f"{name} => control-plane : TCP 9" in more(one)


@pytest.mark.parametrize(
    "peer",
    [
        {"podSelector": {}},
        {"podSelector": {"matchLabels": {"release": "a"}}},
        {"podSelector": {"matchLabels": {"app": "vcluster-snapshot"}}},
        {"namespaceSelector": {}},
        {"namespaceSelector": {"matchExpressions": [{"key": "team", "operator": "NotIn", "values": ["b"]}]}},
        {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "vcluster-platform"}},
            "podSelector": {"matchLabels": {"app": "loft"}},
        },
    ],
)
def test_pods_of_the_cast_are_no_further_actor(peer: dict[str, object]) -> None:
    one = with_rules("vc-cp", "ingress", {"from": [peer]})
    names = {actor.name for actor in matrix_of(one).actors}
    assert names == {actor.name for actor in matrix_of(subject()).actors}


def test_selector_that_can_select_nothing_is_no_actor() -> None:
    never = [{"key": "a", "operator": "Exists"}, {"key": "a", "operator": "DoesNotExist"}]
    for peer in ({"podSelector": {"matchExpressions": never}}, {"namespaceSelector": {"matchExpressions": never}}):
        assert more(with_rules("vc-cp", "ingress", {"from": [peer]})) == []


def test_pods_that_a_further_policy_isolates_are_an_actor_of_the_vcluster() -> None:
    chosen = {"matchLabels": {"app": "web", "vcluster.loft.sh/managed-by": "a"}}
    extra = policy("ns", "tenants-own", podSelector=chosen, policyTypes=["Egress"], egress=[{}])
    found = lines(given([*manifests(), extra]).subjects[0])
    name = "pods [app=web,vcluster.loft.sh/managed-by=a] in this namespace"
    assert f"{name} => monitoring : all ports" in found
    assert not [line for line in found if line.startswith("workload => monitoring")]


def test_named_port_is_shown_by_its_name() -> None:
    one = with_rules("vc-work", "ingress", {"from": [{"podSelector": {}}], "ports": [{"port": "web"}, {"port": 80}]})
    assert "stray => workload : TCP 80, TCP port web" in more(one)
    cell = next(one for one in matrix_of(one).cells if (one.source, one.destination) == ("stray", "workload"))
    assert cell.ports == parse_ports("TCP all ports")


def test_named_port_behind_numbers_is_shown_with_them() -> None:
    one = with_rules(
        "vc-work", "ingress", {"from": [{"podSelector": {}}], "ports": [{"port": "web", "protocol": "TCP"}]}
    )
    assert "snapshot => workload : TCP port web (if 443, 6443, 8443)" in more(one)


@pytest.mark.parametrize("situation", SITUATIONS)
def test_addresses_of_a_matrix_are_disjoint_and_all_there_are(situation: str) -> None:
    total = AddressSet()
    for actor in matrix_of(subject(situation)).actors:
        assert not total & actor.addresses
        total |= actor.addresses
    assert total == EVERYWHERE


@pytest.mark.parametrize("situation", SITUATIONS)
def test_folding_keeps_every_flow_to_an_address(situation: str) -> None:
    """Ask both for single addresses: every edge of a range, and of a block."""
    whole, short = matrix_of(subject(situation)), folded(matrix_of(subject(situation)))
    for matrix in (whole, short):
        names = [actor.name for actor in matrix.actors]
        assert len(names) == len(set(names))
    where = {actor.name: actor.addresses for actor in (*whole.actors, *short.actors)}
    wide = {"anything": EVERYWHERE}
    for actor in (one for one in whole.actors if one.addresses):
        address = address_set(actor.addresses.example())
        for source in ("control-plane", "workload", "snapshot"):
            full, less = (
                [
                    cell.ports
                    for cell in matrix.cells
                    if cell.source == source
                    and address <= wide.get(cell.destination, where.get(cell.destination, AddressSet()))
                ]
                for matrix in (whole, short)
            )
            union = parse_ports("no ports")
            for ports in less:
                union |= ports
            assert union == (full[0] if full else parse_ports("no ports"))


def test_order_of_manifests_makes_no_difference() -> None:
    documents = [*manifests(), policy("kube-system", "deny", podSelector={}, policyTypes=["Ingress"])]
    expected = lines(given(documents).subjects[0])
    for seed in range(5):
        random.Random(seed).shuffle(documents)  # noqa: S311 -- an order, not a secret
        for one in documents:
            for rules in ("ingress", "egress"):
                random.Random(seed).shuffle(one["spec"].get(rules, []))  # noqa: S311 -- same
        assert lines(given(documents).subjects[0]) == expected


def test_what_else_is_in_the_cluster_changes_no_word() -> None:
    other = {"to": [{"ipBlock": {"cidr": "10.77.0.0/16"}}, {"namespaceSelector": {"matchLabels": {"x": "y"}}}]}
    unrelated = [
        *manifests("b", "vcluster-b", "own-rules"),
        *manifests("c", "ns"),
        policy("shop", "web", podSelector={"matchLabels": {"app": "web"}}, policyTypes=["Egress"], egress=[other]),
    ]
    documents = manifests(situation="api-access-peers")
    alone = lines(given(documents).subjects[0])
    among = next(one for one in given([*unrelated, *documents]).subjects if one.name == "a")
    assert lines(among) == alone


def test_policy_of_a_host_namespace_counts() -> None:
    deny = policy("kube-system", "deny", podSelector={}, policyTypes=["Ingress"])
    found = lines(given([*manifests(), deny]).subjects[0])
    assert set(lines("default")) - set(found) == {
        f"{who} => host-dns : all ports" for who in ("control-plane", "coredns", "etcd", "snapshot")
    }


def test_two_states_of_a_vcluster_have_the_same_actors() -> None:
    before = subject("default")
    after = with_rules("vc-work", "egress", {"to": [{"ipBlock": {"cidr": "10.20.30.40/32"}}], "ports": [{"port": 1}]})
    old, new = matrix_of(before, [after]), matrix_of(after, [before])
    assert old.actors == new.actors
    opened = {(cell.source, cell.destination, str(cell.ports)) for cell in new.cells} - {
        (cell.source, cell.destination, str(cell.ports)) for cell in old.cells
    }
    assert opened == {("workload", "10.20.30.40/32", "TCP 1"), ("coredns", "10.20.30.40/32", "TCP 1")}


def test_state_under_another_name_is_compared_as_the_same() -> None:
    renamed = given(manifests("b", "other")).subjects[0]
    assert matrix_of(subject(), [renamed]).actors == matrix_of(subject()).actors


def test_reasons_name_the_rules_of_both_sides() -> None:
    cell = next(
        one for one in matrix_of(subject()).cells if (one.source, one.destination) == ("workload", "control-plane")
    )
    flow = "workloads --> control plane: DNS and API"
    assert [(one.side, one.policy, one.rule, one.flow) for one in cell.reasons] == [
        ("egress", "vc-work-a", "spec.egress[0]", flow),
        ("ingress", "vc-cp-a", "spec.ingress[1]", flow),
    ]


def test_side_that_nothing_isolates_has_a_reason_without_policy() -> None:
    cells = matrix_of(subject()).cells
    cell = next(one for one in cells if (one.source, one.destination) == ("control-plane", "host-dns"))
    assert [(one.side, one.policy) for one in cell.reasons] == [("egress", "vc-cp-a")] * 2 + [("ingress", "")]


def test_reason_that_the_user_gave_has_the_values_path() -> None:
    cells = matrix_of(subject("own-rules")).cells
    cell = next(one for one in cells if (one.source, one.destination) == ("stray", "workload"))
    assert [one.value for one in cell.reasons] == ["", "policies.networkPolicy.workload.ingress[0]"]


def test_neighbours_rules_are_explained_like_ones_own() -> None:
    cells = matrix_of(subject()).cells
    cell = next(one for one in cells if (one.source, one.destination) == ("snapshot", "neighbour's etcd"))
    shown = {(one.side, one.policy, one.flow) for one in cell.reasons}
    assert ("ingress", "vc-cp-neighbour", "snapshots --> control plane") in shown
    assert ("egress", "vc-snapshot-neighbour", "snapshots --> control plane") in shown


def test_snapshots_of_another_vcluster_in_the_namespace_are_not_said_twice() -> None:
    among = next(one for one in given([*manifests(), *manifests("c", "ns")]).subjects if one.name == "a")
    cells = [cell for cell in matrix_of(among).cells if cell.source == "snapshot"]
    assert {one.policy for cell in cells for one in cell.reasons if one.side == "egress"} == {
        "vc-snapshot-a",
        "vc-snapshot-neighbour",
    }


def test_snapshots_of_another_vcluster_in_the_namespace_count_when_they_reach_more() -> None:
    others = manifests("c", "ns")
    spec = next(one["spec"] for one in others if one["metadata"]["name"] == "vc-snapshot-c")
    spec["egress"].append({"to": [{"ipBlock": {"cidr": "10.9.9.9/32"}}]})
    among = next(one for one in given([*manifests(), *others]).subjects if one.name == "a")
    assert more(among) == ["snapshot => 10.9.9.9/32 : all ports"]


def test_addresses_that_a_block_cuts_are_judged_by_themselves() -> None:
    judge, workload = (found := scene(subject())).judge, found.own[3].end
    inside, cut = (judge.flow(workload, External("x", address_set(cidr))) for cidr in ("10.0.0.0/8", "10.0.0.0/7"))
    assert (len(inside.verdicts), len(cut.verdicts)) == (1, 2)
