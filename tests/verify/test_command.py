"""`verify tcp` and `verify dns` as users meet them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.verify.listeners import LOOPBACK, closed_port, framed, listening, resolver, tcp, udp
from vcluster_isolation.cli.verify import command
from vcluster_isolation.vcluster.ports import read_ports
from vcluster_isolation.verify import plan
from vcluster_isolation.verify.model import Answer, Check, ProbeKind, ProbeOutcome, Target, VerifyReport
from vcluster_isolation.verify.model import Result as Made
from vcluster_isolation.verify.names import service_name
from vcluster_isolation.verify.report import text


def run(*words: str) -> Result:
    return CliRunner().invoke(command, words)


def lines_of(outcome: ProbeOutcome, check: Check, detail: str = "", address: str = "10.1.2.3") -> list[str]:
    return text(VerifyReport((Made(check, Answer(outcome, detail, address)),), timeout=2)).splitlines()[:-1]


def of_tcp(port: int, host: str = "10.1.2.3") -> Check:
    (check,) = plan.of_tcp(read_ports(), host, [port])
    return check


def test_an_open_port_is_told_in_the_words_of_nc() -> None:
    with listening() as server:
        port = server.getsockname()[1]
        done = run("tcp", LOOPBACK, str(port))
    assert done.exit_code == 0
    assert done.stdout.splitlines()[0] == f"ok    Connection to 127.0.0.1 {port} port [tcp/*] succeeded!"
    assert done.stdout.splitlines()[1].startswith("1 ok, 0 FAIL, 0 skip in ")


def test_prometheus_is_named_as_the_platforms_documentation_does() -> None:
    assert of_tcp(9090, "<IP>").success == "Connection to <IP> 9090 port [tcp/http] succeeded!"
    assert service_name(1) in {"*", "tcpmux"}  # by the machine's /etc/services


def test_a_closed_port_fails_and_no_firewall_is_blamed() -> None:
    port = closed_port()
    done = run("tcp", LOOPBACK, str(port), "--timeout", "5")
    assert done.exit_code == 1
    assert done.stdout.splitlines()[:-1] == [
        f"FAIL  127.0.0.1 accepts connections on TCP {port}: refused (connection refused)",
        "      probably: nothing listens there, or a firewall rejects; is the pod ready?",
    ]


def test_one_failure_among_many_gives_exit_code_1_and_each_port_its_line_once() -> None:
    port = closed_port()
    with listening() as server:
        opened = server.getsockname()[1]
        done = run("tcp", LOOPBACK, str(opened), str(port), str(opened))
    assert done.exit_code == 1
    assert [line[:4] for line in done.stdout.splitlines()[:2]] == ["ok  ", "FAIL"]
    assert done.stdout.splitlines()[-1].startswith("1 ok, 1 FAIL, 0 skip")


def test_what_is_dropped_comes_with_the_command_that_opens_it() -> None:
    assert lines_of(ProbeOutcome.TIMED_OUT, of_tcp(9443)) == [
        "FAIL  10.1.2.3 accepts connections on TCP 9443: timed out after 2 s",
        "      probably: a firewall between here and there drops it; or the host is down",
        "      opened by: vcluster-isolation firewall --provider PROVIDER --for platform",
    ]


@pytest.mark.parametrize(
    ("port", "purpose"),
    [(8443, "platform"), (9443, "platform"), (9444, "platform"), (9090, "prometheus"), (1053, "dns")],
)
def test_each_port_has_its_own_firewall_command(port: int, purpose: str) -> None:
    assert of_tcp(port).opens.endswith(f" --for {purpose}")


@pytest.mark.parametrize("port", [10443, 8080, 22])
def test_a_port_that_no_firewall_rule_of_ours_opens_has_none(port: int) -> None:
    assert of_tcp(port).opens == ""
    assert len(lines_of(ProbeOutcome.TIMED_OUT, of_tcp(port))) == 2


def test_a_name_that_nobody_could_look_up_is_no_matter_of_the_ports_firewall() -> None:
    shown = lines_of(ProbeOutcome.TIMED_OUT, of_tcp(9090, "prometheus"), "no name server answered", address="")
    assert shown == [
        "FAIL  prometheus accepts connections on TCP 9090: timed out after 2 s (no name server answered)",
        "      probably: the name server of this machine does not answer",
    ]


def test_the_address_behind_a_name_is_shown() -> None:
    (line, *_) = lines_of(ProbeOutcome.UNREACHABLE, of_tcp(9090, "prometheus"), "no route to host")
    assert line == "FAIL  prometheus accepts connections on TCP 9090: unreachable at 10.1.2.3 (no route to host)"


@pytest.mark.parametrize("outcome", sorted(set(ProbeOutcome) - {ProbeOutcome.OPEN, ProbeOutcome.SKIPPED}))
def test_every_failure_has_a_probable_cause(outcome: ProbeOutcome) -> None:
    shown = lines_of(outcome, of_tcp(9090))
    assert shown[0].startswith(f"FAIL  10.1.2.3 accepts connections on TCP 9090: {outcome}")
    assert shown[1].startswith("      probably: ")
    assert "{" not in shown[1]


def test_dns_is_asked_over_both_protocols() -> None:
    with tcp(framed(resolver())) as port, udp(resolver(), port=port):
        done = run("dns", LOOPBACK, "--port", str(port))
    assert done.exit_code == 0
    assert done.stdout.splitlines()[:-1] == [
        f"ok    127.0.0.1 answers DNS on UDP {port} (NOERROR)",
        f"ok    127.0.0.1 answers DNS on TCP {port} (NOERROR)",
    ]


def test_dns_over_tcp_may_be_open_where_udp_is_not() -> None:
    with tcp(framed(resolver())) as port:
        done = run("dns", LOOPBACK, "--port", str(port))
    assert done.exit_code == 1
    assert [line[:4] for line in done.stdout.splitlines() if line[0] != " "] == ["FAIL", "ok  ", "1 ok"]


def test_dns_is_on_1053_and_its_firewall_command_is_for_dns() -> None:
    over_udp, over_tcp = plan.of_dns(read_ports(), "10.1.2.3", 1053)
    assert (over_udp.target, over_tcp.target) == (
        Target("10.1.2.3", 1053, ProbeKind.DNS_UDP),
        Target("10.1.2.3", 1053, ProbeKind.DNS_TCP),
    )
    assert over_udp.opens.endswith(" --for dns")
    assert plan.of_dns(read_ports(), "10.1.2.3", 53)[0].opens == ""


def test_the_name_that_is_asked_for_can_be_chosen() -> None:
    asked: list[bytes] = []

    def note(wire: bytes) -> bytes | None:
        asked.append(wire)
        return resolver()(wire)

    with udp(note) as port:
        run("dns", LOOPBACK, "--port", str(port), "--name", "my.example")
    assert b"\x02my\x07example\x00" in asked[0]


def test_json_tells_every_check() -> None:
    port = closed_port()
    with listening() as server:
        done = run("tcp", LOOPBACK, str(server.getsockname()[1]), str(port), "--output", "json")
    assert done.exit_code == 1
    report: dict[str, Any] = json.loads(done.stdout)
    assert (report["ok"], report["counts"], report["timeout"]) == (False, {"ok": 1, "fail": 1, "skip": 0}, 3)
    assert [entry["status"] for entry in report["checks"]] == ["ok", "fail"]
    failed = report["checks"][1]
    assert failed.pop("seconds") < 3
    assert failed == {
        "claim": f"127.0.0.1 accepts connections on TCP {port}",
        "status": "fail",
        "host": LOOPBACK,
        "port": port,
        "protocol": "TCP",
        "outcome": "refused",
        "detail": "connection refused",
        "address": LOOPBACK,
        "cause": "nothing listens there, or a firewall rejects; is the pod ready?",
        "command": None,
    }


def test_brackets_around_an_ipv6_address_are_no_part_of_it() -> None:
    with listening("::1") as server:
        assert run("tcp", "[::1]", str(server.getsockname()[1])).exit_code == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("tcp", LOOPBACK), "Missing argument 'PORT...'"),
        (("tcp", LOOPBACK, "0"), "0 is not in the range"),
        (("tcp", LOOPBACK, "65536"), "65536 is not in the range"),
        (("tcp", LOOPBACK, "https"), "'https' is not a valid integer"),
        (("tcp", "", "80"), "is empty; give a name or an address"),
        (("tcp", LOOPBACK, "80", "--timeout", "0"), "0.0 is not in the range"),
        (("tcp", LOOPBACK, "80", "--timeout", "nan"), "nan is not a number of seconds"),
        (("dns", LOOPBACK, "--name", "a..b"), "cannot be a name in DNS"),
        (("dns", LOOPBACK, "--name", "a" * 64), "cannot be a name in DNS"),
    ],
)
def test_what_makes_no_sense_is_refused(words: tuple[str, ...], message: str) -> None:
    done = run(*words)
    assert done.exit_code == 2
    assert message in " ".join(done.stderr.split())


def test_nothing_that_a_terminal_acts_upon_is_printed() -> None:
    hostile = "10.0.0.1\x1b]0;owned\x07\nok    everything"
    shown = text(
        VerifyReport((Made(of_tcp(9090, hostile), Answer(ProbeOutcome.REPORTED, "\x1b[2J\u202e", hostile)),), 2)
    )
    assert all(character.isprintable() or character == "\n" for character in shown)
    assert not any(line.startswith("ok ") for line in shown.splitlines())
