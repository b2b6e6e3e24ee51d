"""The script of `helm test` over an nc and an nslookup that say what those of several systems say."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.helm_test_pod import SCRIPT

SHELLS = [[found] for found in (shutil.which("dash"), shutil.which("sh")) if found][:1]
SHELLS += [[found, "sh"] for found in [shutil.which("busybox")] if found]
HERE = "10.0.0.7"
# A program that notes its arguments, says the next line of its file, and fails unless that begins with `ok`.
FAKE = """#!/bin/sh
printf '%s\\n' "$0 $*" >>"{folder}/called"
read -r said <"{folder}/{name}.says"
sed -i 1d "{folder}/{name}.says"
[ -s "{folder}/{name}.says" ] || echo "$said" >"{folder}/{name}.says"
case $0 in *sleep) exit 0 ;; esac
printf '%b\\n' "$said" >&2
case $said in ok*) exit 0 ;; esac
exit 1
"""


@pytest.fixture(params=SHELLS, ids=[Path(one[0]).name for one in SHELLS])
def shell(request: pytest.FixtureRequest) -> list[str]:
    return list(request.param)


class Pod:
    """The script among fakes."""

    def __init__(self, folder: Path, shell: list[str]) -> None:
        self.folder, self.shell = folder, shell
        for name in ("nc", "nslookup", "sleep"):
            path = folder / name
            path.write_text(FAKE.format(folder=folder, name=name))
            path.chmod(0o755)
            self.says(name, "ok")

    def says(self, name: str, *lines: str) -> None:
        (self.folder / f"{name}.says").write_text("".join(f"{line}\n" for line in lines))

    def run(self, *checks: str, **variables: str) -> tuple[int, list[str]]:
        environment = {
            "PATH": f"{self.folder}:/usr/bin:/bin",
            "CHECKS": "\n".join(checks),
            "ATTEMPTS": "1",
            "RESOLV_CONF": str(self.folder / "resolv.conf"),
            **variables,
        }
        command = [*self.shell, "-c", SCRIPT.read_text(encoding="utf-8")]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.stderr == ""
        return done.returncode, done.stdout.splitlines()

    def verdict(self, check: str, **variables: str) -> str:
        code, (line, counted) = self.run(check, **variables)
        status, said = line[:6].strip(), line[6:]
        assert (code, status) in {(0, "ok"), (1, "FAIL")}
        assert counted.strip() == f"1 checked, {code} failed"
        return f"{status} {said.rpartition(': ')[2] if code == 0 else said.partition(': ')[2]}"

    def called(self) -> list[str]:
        path = self.folder / "called"
        return [line.rpartition("/")[2] for line in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture
def pod(tmp_path: Path, shell: list[str]) -> Pod:
    return Pod(tmp_path, shell)


# What nc says -> what was seen. BusyBox over glibc, musl and uClibc, and OpenBSD's nc.
NC = {
    "ok 10.0.0.7 (10.0.0.7:80) open": "open",
    "nc: 10.0.0.7 (10.0.0.7:80): Connection refused\\nsent 0, rcvd 0": "refused",
    "nc: connect to 10.0.0.7 port 80 (tcp) failed: Connection refused": "refused",
    "nc: 10.0.0.7 (10.0.0.7:80): Connection timed out\\nsent 0, rcvd 0": "closed (timed out)",
    "nc: 10.0.0.7 (10.0.0.7:80): Operation timed out": "closed (timed out)",
    "nc: connect to 10.0.0.7 port 80 (tcp) timed out: Operation now in progress": "closed (timed out)",
    "nc: 10.0.0.7 (10.0.0.7:80): No route to host": "closed (unreachable)",
    "nc: 10.0.0.7 (10.0.0.7:80): Host is unreachable": "closed (unreachable)",
    "nc: fd00::7 ([fd00::7]:80): Network is unreachable": "closed (unreachable)",
    "nc: 10.0.0.7 (10.0.0.7:80): Permission denied": "closed (prohibited)",
    "nc: 10.0.0.7 (10.0.0.7:80): Operation not permitted": "closed (prohibited)",
    "nc: invalid option -- 'z'\\nUsage: nc": "cannot tell: nc: invalid option -- 'z'",
    "": "cannot tell: ",
}
ANSWER = "Server:\\t\\t10.0.0.7\\nAddress:\\t10.0.0.7:53\\n\\n"
SILENCE = "\\n;; connection timed out; no servers could be reached"
# What nslookup says -> what was seen. Its exit code is that of a name that does not exist, unless it says ok.
NSLOOKUP = {
    f"ok {ANSWER}Name:\\tkubernetes.default.svc.cluster.local\\nAddress: 10.0.0.1": "open",
    f"{ANSWER}** server can't find kubernetes.default.svc.cluster.local: NXDOMAIN": "open",
    f"{ANSWER}** server can't find kubernetes.default.svc.cluster.local: REFUSED": "open",
    f"{ANSWER}** server can't find kubernetes.default.svc.cluster.local: SERVFAIL": "open",
    f"nslookup: read: Connection refused{SILENCE}": "refused",
    f"nslookup: write to '10.0.0.7': Connection refused{SILENCE}": "refused",
    f"nslookup: read: No route to host{SILENCE}": "closed (unreachable)",
    f"nslookup: read: Permission denied{SILENCE}": "closed (prohibited)",
    SILENCE: "closed (timed out)",
    f";; communications error to 10.0.0.7#53: timed out{SILENCE}": "closed (timed out)",
    "nslookup: write to '10.0.0.7': Operation not permitted": "closed (prohibited)",
    "nslookup: write to '10.0.0.7': Network is unreachable": "closed (unreachable)",
    "sh: nslookup: not found": "cannot tell: sh: nslookup: not found",
}
CASES = [("tcp", "nc", *case) for case in NC.items()] + [("dns", "nslookup", *case) for case in NSLOOKUP.items()]


@pytest.mark.parametrize(("how", "tool", "said", "seen"), CASES)
def test_what_has_to_be_open_is_ok_only_when_it_answers(pod: Pod, how: str, tool: str, said: str, seen: str) -> None:
    pod.says(tool, said)
    expected = "ok open" if seen == "open" else f"FAIL {seen}, and has to be open"
    assert pod.verdict(f"open {how} {HERE} 80 a thing") == expected


@pytest.mark.parametrize(("how", "tool", "said", "seen"), CASES)
def test_what_has_to_be_closed_is_ok_only_when_nobody_answers(
    pod: Pod, how: str, tool: str, said: str, seen: str
) -> None:
    pod.says(tool, said)
    if seen.startswith("closed"):
        expected = f"ok {seen}"
    elif seen == "open":
        expected = "FAIL open, and has to be closed. If a value of yours opens it on purpose, take the check out of isolationTest"
    elif seen == "refused":
        expected = "FAIL refused: packets get through to a host that answers. Or the network plugin rejects what it closes, as kube-router and K3s do: then set isolationTest.rejects: true"
    else:
        expected = f"FAIL {seen}, and has to be closed"
    assert pod.verdict(f"closed {how} {HERE} 80 a thing") == expected


def test_a_refusal_counts_as_closed_where_the_network_plugin_rejects(pod: Pod) -> None:
    pod.says("nc", "nc: x: Connection refused")
    assert pod.verdict(f"closed tcp {HERE} 80 a thing", REJECTS="true") == "ok refused"
    assert pod.verdict(f"closed tcp {HERE} 80 a thing", REJECTS="false").startswith("FAIL refused")
    assert pod.verdict(f"open tcp {HERE} 80 a thing", REJECTS="true") == "FAIL refused, and has to be open"


def test_a_line_says_what_and_where(pod: Pod) -> None:
    pod.says("nslookup", ANSWER)
    assert pod.run("open dns 10.0.0.7 53 DNS of the vCluster", "", "open tcp fd00::7 443 API") == (
        0,
        [
            "ok    DNS of the vCluster, 10.0.0.7 UDP 53: open",
            "ok    API, fd00::7 TCP 443: open",
            "      2 checked, 0 failed",
        ],
    )
    assert pod.called() == [
        "nslookup -type=a -port=53 -timeout=3 -retry=1 kubernetes.default.svc.cluster.local 10.0.0.7",
        "nc -z -vv -w 3 fd00::7 443",
    ]


def test_the_timeout_reaches_both_programs(pod: Pod) -> None:
    pod.run("open dns 10.0.0.7 53 DNS", "open tcp 10.0.0.7 443 API", TIMEOUT="9")
    asked, connected = pod.called()
    assert "-timeout=9" in asked
    assert "-w 9" in connected


def test_one_failure_fails_all_and_hides_nothing(pod: Pod) -> None:
    pod.says("nc", "ok", "nc: x: Connection timed out", "ok")
    code, lines = pod.run(*(f"open tcp {HERE} {port} thing" for port in (1, 2, 3)))
    assert code == 1
    assert [line[:6].strip() for line in lines] == ["ok", "FAIL", "ok", ""]
    assert lines[-1] == "      3 checked, 1 failed"


def test_what_is_skipped_is_said_and_contacts_nobody(pod: Pod) -> None:
    code, lines = pod.run("skip - - - cloud metadata: because of the values", f"open tcp {HERE} 80 thing")
    assert code == 0
    assert lines[0] == "skip  cloud metadata: because of the values"
    assert len(pod.called()) == 1


@pytest.mark.parametrize("checks", [[], ["skip - - - all of it"]])
def test_nothing_checked_is_no_success(pod: Pod, checks: list[str]) -> None:
    code, lines = pod.run(*checks)
    assert code == 1
    assert lines[-2:] == ["FAIL  nothing was checked", "      0 checked, 0 failed"]


def test_policies_may_take_a_moment(pod: Pod) -> None:
    pod.says("nc", "ok", "ok", "nc: x: Connection timed out")
    assert pod.verdict(f"closed tcp {HERE} 80 thing", ATTEMPTS="3") == "ok closed (timed out)"
    assert pod.called() == [f"nc -z -vv -w 3 {HERE} 80", "sleep 2"] * 2 + [f"nc -z -vv -w 3 {HERE} 80"]


def test_but_not_longer(pod: Pod) -> None:
    pod.says("nc", "ok", "ok", "ok", "nc: x: Connection timed out")
    assert pod.verdict(f"closed tcp {HERE} 80 thing", ATTEMPTS="3").startswith("FAIL open")
    assert len(pod.called()) == 5


def test_without_a_number_there_are_three_attempts(pod: Pod) -> None:
    pod.says("nc", "nc: x: Connection timed out")
    assert pod.verdict(f"open tcp {HERE} 80 thing", ATTEMPTS="").startswith("FAIL")
    assert len([line for line in pod.called() if line.startswith("nc")]) == 3


@pytest.mark.parametrize("address", ["-e", "-", "a.example", "10.0.0.1;id", "`id`", "$(id", "*", "10.0.0.1/8", "?"])
def test_what_is_no_address_reaches_no_program(pod: Pod, address: str) -> None:
    assert pod.verdict(f"closed tcp {address} 80 thing") in {
        "FAIL not an IP address",
        "FAIL no such Service was in this namespace when the pod started",
    }
    assert pod.called() == []


@pytest.mark.parametrize("port", ["80x", "-1", "?", "$(A_SERVICE_PORT)"])
def test_what_is_no_port_reaches_no_program(pod: Pod, port: str) -> None:
    assert pod.verdict(f"closed tcp {HERE} {port} thing") == "FAIL not a port"
    assert pod.called() == []


def test_a_service_that_kubernetes_does_not_know_is_named(pod: Pod) -> None:
    assert pod.run("open tcp $(A_SERVICE_HOST) $(A_SERVICE_PORT) API of the vCluster") == (
        1,
        [
            "FAIL  API of the vCluster, $(A_SERVICE_HOST) TCP $(A_SERVICE_PORT): no such Service was in this namespace when the pod started",
            "      1 checked, 1 failed",
        ],
    )


def test_nothing_of_the_checks_is_run_or_reaches_the_terminal_raw(pod: Pod) -> None:
    code, lines = pod.run(f"open tcp {HERE} 80 `id` $(id) $HOME \\033[31m \x1b[31m\x07 \u202e %s *")
    assert code == 0
    assert lines[0] == f"ok    `id` $(id) $HOME \\033[31m ?[31m? ??? %s *, {HERE} TCP 80: open"


def test_what_a_program_says_reaches_the_terminal_clean_and_short(pod: Pod) -> None:
    pod.says("nc", "\\033]0;owned\\007 first\\nsecond")
    assert pod.verdict(f"open tcp {HERE} 80 thing") == "FAIL cannot tell: ?]0;owned? first, and has to be open"


def test_the_nameserver_is_the_pods_first(pod: Pod) -> None:
    (pod.folder / "resolv.conf").write_text("search x\nnameserver 10.96.0.10\nnameserver 10.96.0.11\n")
    pod.says("nslookup", SILENCE)
    assert pod.run("closed dns nameserver 53 host DNS")[1][0] == "ok    host DNS, 10.96.0.10 UDP 53: closed (timed out)"


def test_a_nameserver_on_the_node_is_skipped_because_policies_need_not_close_it(pod: Pod) -> None:
    (pod.folder / "resolv.conf").write_text("nameserver 169.254.20.10\n")
    _, lines = pod.run("closed tcp nameserver 53 host DNS", f"open tcp {HERE} 80 thing")
    assert lines[0] == "skip  host DNS: 169.254.20.10 is on the node itself, and policies need not close that"
    assert len(pod.called()) == 1


def test_a_pod_without_a_nameserver_fails(pod: Pod) -> None:
    (pod.folder / "resolv.conf").write_text("search x\n")
    assert pod.verdict("closed tcp nameserver 53 host DNS") == "FAIL not an IP address"
