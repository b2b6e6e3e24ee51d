"""The table of ports: what it says, where templates find it, and what the command prints of it."""

from __future__ import annotations

import json
import re
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from vcluster_isolation import tools
from vcluster_isolation.cli.ports import HEADS, command
from vcluster_isolation.helm.template import CHART
from vcluster_isolation.vcluster.ports import Port, read_ports

PORTS = read_ports()
BY_NUMBER = {port.port: port for port in PORTS}
TABLE: dict[str, Any] = yaml.safe_load((CHART / "ports.yaml").read_text(encoding="utf-8"))

SNAKE = re.compile(r"([A-Z])")


def printed(*words: str) -> str:
    result = CliRunner().invoke(command, words)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


def numbers(*, dialled_by: str, **needs: str) -> list[int]:
    return [
        port.port
        for port in PORTS
        if port.is_dialled_by(dialled_by) and all(getattr(port, key) == need for key, need in needs.items())
    ]


def test_the_api_server_dials_three_ports_of_the_platform_and_two_of_an_agent_alone() -> None:
    assert numbers(dialled_by="kube-apiserver", platform_cluster="required") == [8443, 9443, 9444]
    assert numbers(dialled_by="kube-apiserver", agent_cluster="required") == [9443, 9444]


def test_vclusters_and_users_dial_https() -> None:
    assert numbers(dialled_by="vclusters") == numbers(dialled_by="users") == [10443]


@pytest.mark.parametrize(("number", "api"), [(8443, "v1.management.loft.sh"), (9444, "v1.cluster.loft.sh")])
def test_api_services_are_where_the_platforms_chart_has_them(number: int, api: str) -> None:
    assert api in BY_NUMBER[number].serves
    other = {8443: "v1.cluster.loft.sh", 9444: "v1.management.loft.sh"}[number]
    assert BY_NUMBER[number].note.startswith(f"The platform's documentation names {other} here")


def test_dns_of_vclusters_is_on_both_protocols_and_all_else_on_tcp() -> None:
    assert {port.protocols for port in PORTS if port.port != 1053} == {("TCP",)}
    assert BY_NUMBER[1053].protocols == ("UDP", "TCP")


def test_the_agent_dials_prometheus_in_its_own_cluster() -> None:
    port = BY_NUMBER[9090]
    assert (port.is_dialled_by("agent"), port.is_served_by("prometheus"), port.agent_cluster) == (
        True,
        True,
        "required",
    )
    assert port.served_by[0].pod_labels == (
        ("app.kubernetes.io/name", "prometheus"),
        ("app.kubernetes.io/component", "server"),
    )


def test_rows_have_the_keys_that_the_files_head_explains() -> None:
    head = (CHART / "ports.yaml").read_text(encoding="utf-8").split("\nends:")[0]
    for key in {key for row in TABLE["ports"] for key in row} | {key for end in TABLE["ends"].values() for key in end}:
        assert f"#   {key} " in head
    assert all(row.keys() == TABLE["ports"][0].keys() for row in TABLE["ports"])


def test_every_end_is_used_and_every_word_is_one_of_few() -> None:
    used = {name for row in TABLE["ports"] for name in (*row["servedBy"], *row["dialledBy"])}
    assert used == set(TABLE["ends"])
    needs = {row[key] for row in TABLE["ports"] for key in ("platformCluster", "agentCluster")}
    assert needs == {"required", "optional", "unused"}


def test_names_and_ports_are_unique() -> None:
    assert len({port.name for port in PORTS}) == len(BY_NUMBER) == len(PORTS)


def test_a_packaged_chart_has_the_table(tmp_path: Path) -> None:
    done = tools.run([tools.find("helm"), "package", CHART, "--destination", tmp_path])
    assert done.code == 0, done.stderr
    [package] = tmp_path.glob("*.tgz")
    with tarfile.open(package) as archive:
        file = archive.extractfile("vcluster-isolation/ports.yaml")
        assert file is not None
        assert file.read() == (CHART / "ports.yaml").read_bytes()


def test_text_has_a_line_for_each_port_and_the_notes_below() -> None:
    lines = printed().splitlines()
    assert lines[0].split("  ")[0] == "Port"
    assert [line.split()[:2] for line in lines[1:8]] == [[*_shown(port).split()] for port in PORTS]
    assert lines[8] == ""
    assert lines[9:] == [f"{port.port}: {port.note}" for port in PORTS if port.note]


def _shown(port: Port) -> str:
    return f"{'/'.join(port.protocols)} {port.port}"


def test_markdown_is_a_table_with_everything() -> None:
    lines = printed("--output", "markdown").splitlines()
    assert lines[0] == f"| {' | '.join(HEADS)} |"
    assert len(lines) == len(PORTS) + 2
    assert {line.count("|") for line in lines} == {len(HEADS) + 1}
    assert lines[-1] == (
        "| UDP/TCP 1053 | DNS of a vCluster, which is never on 53 | dns | workloads | optional | required |"
        " From node to node, both ways, wherever vClusters run, in the platform's cluster as well. |"
    )


def test_json_is_the_table_with_its_ends_looked_up() -> None:
    found = json.loads(printed("--output", "json"))
    for row, written in zip(found, TABLE["ports"], strict=True):
        ends = {key: [end["name"] for end in row.pop(key)] for key in ("served_by", "dialled_by")}
        assert row | ends == {SNAKE.sub(r"_\1", key).lower(): value for key, value in written.items()}
    ends = json.loads(printed("--output", "json"))[0]["served_by"]
    assert ends == [{"name": "platform", "about": "vCluster Platform", "pod_labels": {"app": "loft"}}]
