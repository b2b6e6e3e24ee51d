"""The script of `helm test`, as the rendered pod runs it, in network namespaces where nftables stands for policies.

The tenant's pod is on one side of a cable; the vCluster's DNS and API, the host's API server and DNS, and cloud metadata
are on the other. Of the tools that the pod's image has, these are BusyBox's shell and nslookup, and an nc with -z.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.live.netns import THERE_ADDRESS, Wire, needed, wire
from tests.support.helm_test_pod import pod_of, service, started

METADATA = "169.254.169.254"
DNS, API, HOST_API, HOST_DNS = 1053, 8443, 6443, 53
SERVICES = {
    **service("kube-dns-x-kube-system-x-a", THERE_ADDRESS, DNS),
    **service("a", THERE_ADDRESS, API),
    **service("kubernetes", THERE_ADDRESS, HOST_API),
}
VALUES = {"policies": {"networkPolicy": {"enabled": True, "profile": "hardened"}}}
# What each line is about.
OPEN = [f"DNS of the vCluster, {THERE_ADDRESS} UDP {DNS}", f"DNS of the vCluster, {THERE_ADDRESS} TCP {DNS}"]
OPEN += [f"API of the vCluster, {THERE_ADDRESS} TCP {API}"]
CLOSED = [f"cloud metadata, {METADATA} TCP 80", f"host API server, {THERE_ADDRESS} TCP {HOST_API}"]
CLOSED += [f"host DNS in another namespace, {THERE_ADDRESS} {protocol} {HOST_DNS}" for protocol in ("UDP", "TCP")]


@dataclass(frozen=True)
class Tenant:
    """A pod on this side of the wire, with the tools of its image in a folder."""

    wire: Wire
    tools: Path

    def close(self, tcp: str = "drop", udp: str = "drop") -> None:
        """Do what the policies of the hardened profile do to this pod: what they close, they close like this."""
        self.wire.firewall(there=f"tcp dport {{ 80, {HOST_API}, {HOST_DNS} }} {tcp}; udp dport {HOST_DNS} {udp};")

    def test(self, shell: str = "sh", **test: Any) -> tuple[int, dict[str, str]]:
        """Run what the pod runs; return its exit code, and the status and what was seen by what it is about."""
        pod = pod_of(yaml.safe_dump({**VALUES, "isolationTest": {"timeout": 1, **test}}))
        assert pod
        (program, *words), environment = started(pod, SERVICES)
        assert program == "sh"
        environment |= {"PATH": f"{self.tools}:{os.environ['PATH']}", "ATTEMPTS": "1"}
        environment |= {"RESOLV_CONF": str(self.tools / "resolv.conf")}
        command = ["ip", "netns", "exec", self.wire.here, *shell.split(), *words]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.stderr == ""
        *lines, counted = done.stdout.splitlines()
        assert counted.strip() == f"{len(lines)} checked, {sum(line.startswith('FAIL') for line in lines)} failed"
        read = [(line[:6].strip(), *line[6:].split(": ", 1)) for line in lines]
        return done.returncode, {what: f"{status} {seen}" for status, what, seen in read}


def nc() -> str:
    """Return an nc that knows -z, as BusyBox' does where it is built with its defaults (Debian's is not)."""
    for name in ("nc", "nc.openbsd"):
        found = shutil.which(name)
        told = subprocess.run([found, "-h"], capture_output=True, text=True, check=False) if found else None
        if found and told and "-z" in told.stdout + told.stderr:
            return found
    return ""


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    needed()
    found = {"nc": nc(), "nslookup": shutil.which("busybox")}
    if not all(found.values()):
        what = "needs busybox, and an nc that knows -z, on PATH (Debian: apt-get install busybox netcat-openbsd)"
        if os.environ.get("CI"):
            pytest.fail(f"{what}; CI has to have them")
        pytest.skip(what)
    folder = tmp_path_factory.mktemp("tools")
    for name, program in found.items():
        (folder / name).symlink_to(str(program))
    (folder / "resolv.conf").write_text(f"search ns.svc.cluster.local\nnameserver {THERE_ADDRESS}\n")
    return folder


@pytest.fixture(scope="module")
def tenant(tools: Path) -> Iterator[Tenant]:
    ends = [f"tcp:{THERE_ADDRESS}:{port}" for port in (DNS, API, HOST_API, HOST_DNS)]
    ends += [f"dns:{THERE_ADDRESS}:{port}" for port in (DNS, HOST_DNS)]
    with wire() as laid:
        for more in (
            ("-n", laid.there, "address", "add", f"{METADATA}/32", "dev", "v0"),
            ("-n", laid.here, "route", "add", METADATA, "via", THERE_ADDRESS),
            # A host says only once a second that something is unreachable; each of these tests is to hear it.
            ("netns", "exec", laid.there, "sysctl", "-w", "net.ipv4.icmp_ratelimit=0"),
        ):
            subprocess.run(["ip", *more], check=True, capture_output=True)  # noqa: S607 # `needed` has found it
        with listening(laid.there, *ends, f"tcp:{METADATA}:80"):
            yield Tenant(laid, tools)


@contextmanager
def listening(space: str, *ends: str) -> Iterator[None]:
    """Run listeners in a namespace until the end."""
    command = ["ip", "netns", "exec", space, sys.executable, str(Path(__file__).with_name("far_ends.py")), *ends]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            assert process.stdout.readline() == "listening\n"
            yield
        finally:
            process.communicate()  # its standard input ends, and so does it
            assert process.returncode == 0


@pytest.mark.parametrize("shell", ["sh", "busybox sh"])
def test_with_the_policies_in_force_all_is_well(tenant: Tenant, shell: str) -> None:
    tenant.close()
    assert tenant.test(shell) == (
        0,
        {**dict.fromkeys(OPEN, "ok open"), **dict.fromkeys(CLOSED, "ok closed (timed out)")},
    )


@pytest.mark.parametrize("shell", ["sh", "busybox sh"])
def test_without_policies_everything_that_has_to_be_closed_fails(tenant: Tenant, shell: str) -> None:
    tenant.wire.firewall()
    code, seen = tenant.test(shell)
    assert code == 1
    assert {what: seen[what] for what in OPEN} == dict.fromkeys(OPEN, "ok open")
    assert all(seen[what].startswith("FAIL open, and has to be closed.") for what in CLOSED)


@pytest.mark.parametrize("leak", ["tcp dport 80", f"tcp dport {HOST_API}", f"udp dport {HOST_DNS}"])
def test_one_leak_is_found_among_what_is_closed(tenant: Tenant, leak: str) -> None:
    port = leak.rpartition(" ")[2]
    tenant.wire.firewall(there=f"{leak} accept; tcp dport {{ 80, {HOST_API}, {HOST_DNS} }} drop; udp dport 53 drop;")
    code, seen = tenant.test(checks=["metadata", "host-api-server", "host-dns"])
    assert code == 1
    protocol = leak[:3].upper()
    assert [what for what in CLOSED if seen[what].startswith("FAIL")] == [
        what for what in CLOSED if what.endswith(f" {protocol} {port}")
    ]


@pytest.mark.parametrize(
    ("dropped", "what"), [(f"udp dport {DNS}", OPEN[0]), (f"tcp dport {DNS}", OPEN[1]), (f"tcp dport {API}", OPEN[2])]
)
def test_what_has_to_be_open_and_is_dropped_fails(tenant: Tenant, dropped: str, what: str) -> None:
    tenant.wire.firewall(there=f"{dropped} drop;")
    code, seen = tenant.test(checks=["dns", "api"])
    assert code == 1
    assert seen == {**dict.fromkeys(OPEN, "ok open"), what: "FAIL closed (timed out), and has to be open"}


# The error for a first SYN often goes unnoticed, that for the second, a second later, does not: hence three seconds.
@pytest.mark.parametrize("how", ["reject with tcp reset", "reject with icmp port-unreachable"])
def test_a_refusal_is_no_silence(tenant: Tenant, how: str) -> None:
    tenant.close(how, "reject")
    code, seen = tenant.test(checks=["metadata", "host-dns"], timeout=3)
    assert code == 1
    assert [outcome.partition(":")[0] for outcome in seen.values()] == ["FAIL refused"] * 3


def test_a_refusal_is_how_some_network_plugins_close(tenant: Tenant) -> None:
    tenant.close("reject with icmp port-unreachable", "reject with icmp port-unreachable")  # as kube-router does
    code, seen = tenant.test(checks=["metadata", "host-dns"], timeout=3, rejects=True)
    assert (code, list(seen.values())) == (0, ["ok refused"] * 3)


def test_a_host_where_nobody_listens_is_not_closed(tenant: Tenant) -> None:
    tenant.wire.firewall()
    code, seen = tenant.test(checks=[], closed=[{"address": THERE_ADDRESS, "port": 7}])
    assert code == 1
    assert seen[f"of your own, {THERE_ADDRESS} TCP 7"].startswith("FAIL refused")


def test_a_prohibition_that_is_said_aloud_is_closed(tenant: Tenant) -> None:
    tenant.close("reject with icmp admin-prohibited", "reject with icmp admin-prohibited")
    code, seen = tenant.test(checks=["metadata", "host-dns"], timeout=3)
    assert (code, set(seen.values())) == (0, {"ok closed (unreachable)"})


def test_addresses_of_ones_own_are_checked(tenant: Tenant) -> None:
    tenant.close()
    there = {"address": THERE_ADDRESS}
    code, seen = tenant.test(checks=[], open=[{**there, "port": API}], closed=[{**there, "port": HOST_API}])
    assert code == 0
    assert seen == {
        f"of your own, {THERE_ADDRESS} TCP {API}": "ok open",
        f"of your own, {THERE_ADDRESS} TCP {HOST_API}": "ok closed (timed out)",
    }
