"""A verdict names the policies and rules that made it so, and what is missing where it denies."""

from __future__ import annotations

from tests.netpol.cast import egress, ingress, verdict
from vcluster_isolation.netpol.objects.verdict import EVERYONE, IP_BLOCK, LOOPBACK, SELECTOR, Mode
from vcluster_isolation.netpol.sets.addresses import address_set
from vcluster_isolation.netpol.sets.ports import parse_ports

WEB = {"podSelector": {"matchLabels": {"app": "web"}}}
BLUE = {"namespaceSelector": {"matchLabels": {"team": "blue"}}}


def test_a_grant_names_the_policy_the_direction_and_the_rule() -> None:
    found = verdict("a/web", "a/db", ingress(), ingress({"from": [BLUE]}, {"from": [WEB]}))
    assert [str(grant.origin) for grant in found.ingress.grants] == ["NetworkPolicy/a/p1 spec.ingress[1]"]


def test_a_grant_names_the_peer_and_how_it_matched() -> None:
    block = {"ipBlock": {"cidr": "10.0.0.0/8"}}
    found = verdict("a/web", "a/db", ingress({"from": [BLUE, WEB]}, {}, {"from": [block]}))
    assert [(grant.peer, grant.via) for grant in found.ingress.grants] == [
        (1, SELECTOR),
        (None, EVERYONE),
        (0, IP_BLOCK),
    ]


def test_a_grant_has_the_ports_of_its_rule_with_names_resolved() -> None:
    found = verdict("a/web", "a/db", ingress({"from": [WEB], "ports": [{"port": "http"}, {"port": 22}]}))
    assert [str(grant.ports) for grant in found.ingress.grants] == ["TCP 22, TCP 80"]


def test_a_grant_by_ip_block_has_the_part_of_the_addresses_that_it_covers() -> None:
    found = verdict("a/db", "net", egress({"to": [{"ipBlock": {"cidr": "10.9.0.0/25"}}]}))
    assert [grant.addresses for grant in found.egress.grants] == [address_set("10.9.0.0/25")]


def test_only_the_grants_of_some_ports_can_be_asked_for() -> None:
    found = verdict("a/web", "a/db", ingress({"ports": [{"port": 80}]}, {"ports": [{"port": 443}]}))
    assert [grant.origin.index for grant in found.ingress.granting(parse_ports("TCP 443"))] == [1]


def test_a_side_names_the_policies_that_isolate_it() -> None:
    found = verdict("a/web", "a/db", ingress(), egress(), ingress(selected={}))
    assert list(map(str, found.ingress.policies)) == ["NetworkPolicy/a/p0", "NetworkPolicy/a/p2"]


def test_an_open_side_says_whether_policies_could_apply_to_it() -> None:
    found = verdict("v4", "a/web", ingress())
    assert [(side.isolated, side.governed) for side in (found.egress, found.ingress)] == [(False, False), (False, True)]


def test_a_denial_names_the_side_and_the_missing_ports() -> None:
    found = verdict("a/web", "a/db", ingress({"ports": [{"port": 80}]}))
    denied = [(one.side.direction, str(one.ports)) for one in found.denials(parse_ports("TCP 79-81"))]
    assert denied == [("Ingress", "TCP 79, TCP 81")]


def test_both_sides_can_deny() -> None:
    out = egress(selected={"matchLabels": {"app": "web"}})
    assert [one.side.direction for one in verdict("a/web", "a/db", out, ingress()).denials()] == ["Egress", "Ingress"]


def test_what_is_allowed_is_not_denied() -> None:
    assert verdict("a/web", "a/db", ingress({})).denials() == ()


def test_a_denial_by_one_reading_of_host_network_pods_names_the_reading() -> None:
    found = verdict("a/db", "host", egress({"to": [{"namespaceSelector": {}}]}), mode=Mode.MUST)
    assert [(one.hosts_are, one.side.direction) for one in found.denials()] == [("nodes", "Egress")]


def test_ends_without_a_common_family_are_denied_by_no_side() -> None:
    assert verdict("host", "v6").denials() == ()


def test_loopback_is_said_to_be_loopback() -> None:
    found = verdict("a/db", "a/db", ingress())
    assert (found.shortcut, found.denials()) == (LOOPBACK, ())


def test_an_open_pod_has_no_grants() -> None:
    found = verdict("a/web", "a/db")
    assert (found.egress.grants, found.ingress.grants, str(found.ingress.ports)) == ((), (), "all ports")
