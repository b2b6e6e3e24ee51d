"""Options, values files and the cluster: what they say, which of them counts, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.firewall.cases import CASES, GOLDEN, NODE, OTHER, printed
from vcluster_isolation.errors import InputError


@pytest.fixture
def values(tmp_path: Path) -> Path:
    return tmp_path / "values.yaml"


def write(values: Path, text: str) -> str:
    values.write_text(text, encoding="utf-8")
    return f"--values={values}"


def test_values_say_the_same_as_options(values: Path) -> None:
    option = write(
        values,
        """
        firewall:
          for: [platform, prometheus, dns]
          apiServer: [172.16.0.0/28, "fd00:a::/64"]
          nodes: gke-a-1234-node
          network: my-network
          project: my-project
        """,
    )
    expected = (GOLDEN / "gcloud-everything.sh").read_text(encoding="utf-8")
    assert printed("--provider=gcloud", option) == expected
    assert printed(*CASES["gcloud-everything.sh"]) == expected


def test_values_of_azure_are_taken(values: Path) -> None:
    option = write(values, "firewall: {nodes: 10.0.0.0/16, resourceGroup: my-rg, nsg: my-nsg, firstPriority: 300}\n")
    options = ("--nodes=10.0.0.0/16", "--resource-group=my-rg", "--nsg=my-nsg", "--first-priority=300")
    assert printed("--provider=azure", option) == printed("--provider=azure", *options)


def test_what_policies_and_firewalls_share_is_said_once(values: Path) -> None:
    option = write(
        values,
        f"""
        platformNetworkPolicy:
          enabled: true
          apiServer: {{cidrs: [10.0.0.0/28], peers: []}}
          agentOnly: true
          prometheus: {{enabled: true, port: 9999}}
        firewall: {{nodes: {NODE}, prometheus: {OTHER}}}
        """,
    )
    text = printed("--provider=aws", option)
    assert [port for port in (8443, 9443, 9444, 9090, 9999, 1053) if f'"FromPort": {port}' in text] == [
        9443,
        9444,
        9999,
        1053,
    ]
    assert '"CidrIp": "10.0.0.0/28"' in text


def test_the_firewalls_own_ranges_count_more_than_those_of_policies(values: Path) -> None:
    option = write(
        values, "platformNetworkPolicy: {apiServer: {cidrs: [10.0.0.0/28]}}\nfirewall: {apiServer: 10.1.0.0/28}\n"
    )
    text = printed("--provider=aws", option, f"--nodes={NODE}")
    assert ("10.1.0.0/28" in text, "10.0.0.0/28" in text) == (True, False)


def test_options_count_more_than_values(values: Path) -> None:
    option = write(values, f"firewall: {{nodes: {NODE}, apiServer: 10.0.0.0/28, region: us-east-1, for: dns}}\n")
    text = printed("--provider=aws", option, "--api-server=10.1.0.0/28", "--region=eu-west-3", "--for=platform")
    assert ("10.1.0.0/28" in text, "10.0.0.0/28" in text) == (True, False)
    assert ("--region=eu-west-3" in text, "us-east-1" in text, "1053" in text.split("\n\n", 1)[1]) == (
        True,
        False,
        False,
    )


def test_of_several_files_the_last_counts(values: Path, tmp_path: Path) -> None:
    first = write(tmp_path / "first.yaml", f"firewall: {{nodes: {OTHER}, region: us-east-1}}\n")
    last = write(values, f"firewall: {{nodes: {NODE}}}\n")
    assert printed("--provider=aws", first, last) == printed("--provider=aws", f"--nodes={NODE}", "--region=us-east-1")


def test_null_and_empty_lists_say_nothing(values: Path) -> None:
    option = write(
        values, "firewall: {apiServer: [], region: null}\nplatformNetworkPolicy: {apiServer: null, agentOnly: null}\n"
    )
    assert printed("--provider=aws", option, f"--nodes={NODE}") == printed("--provider=aws", f"--nodes={NODE}")


def test_everything_wrong_with_values_is_said_at_once(values: Path) -> None:
    option = write(
        values,
        """
        firewall: {apiserver: 10.0.0.0/28, nodes: {a: b}, agent: [1, a], for: [all], firstPriority: "1000", region: 3}
        platformNetworkPolicy: {agentOnly: "true", prometheus: {port: yes}, apiServer: [10.0.0.0/28]}
        """,
    )
    with pytest.raises(InputError) as refused:
        printed("--provider=aws", option)
    known = "for, apiServer, platform, agent, prometheus, nodes, network, project, region, resourceGroup, nsg, firstPriority"
    assert [line.removeprefix(f"{values}:") for line in str(refused.value).splitlines()] == [
        "2: firewall.agent[0]: 1 is not a string; put it in quotes",
        f"2: firewall.apiserver: is not a key of firewall; use one of {known}",
        '2: firewall.firstPriority: "1000" is not a whole number; write it without quotes',
        '2: firewall.for[0]: "all" is not something to open; use platform, agent, prometheus, dns',
        '2: firewall.nodes: {"a": "b"} is not a list or a string; write a list or a string',
        "2: firewall.region: 3 is not a string; put it in quotes",
        '3: platformNetworkPolicy.agentOnly: "true" is not true or false; write it without quotes',
        '3: platformNetworkPolicy.apiServer: ["10.0.0.0/28"] is not a mapping; write a mapping',
        "3: platformNetworkPolicy.prometheus.port: true is not a whole number; write a whole number",
    ]


@pytest.mark.parametrize("text", ["firewall: [a]\n", "firewall: text\n"])
def test_what_is_no_mapping_is_refused_once(values: Path, text: str) -> None:
    with pytest.raises(InputError) as refused:
        printed("--provider=aws", write(values, text))
    assert len(refused.value.problems) == 1


def test_a_wrong_end_of_values_is_named_by_its_place(values: Path) -> None:
    with pytest.raises(
        InputError, match=r'^firewall\.nodes\[1\]: "x" is neither a CIDR nor the ID of a security group'
    ):
        printed("--provider=aws", write(values, f"firewall: {{nodes: [{NODE}, x]}}\n"))


def test_a_setting_is_one_text(values: Path) -> None:
    with pytest.raises(InputError, match=r'^\S+:1: firewall\.region: \["a", "b"\] is not a string; write a string$'):
        printed("--provider=aws", write(values, f"firewall: {{nodes: {NODE}, region: [a, b]}}\n"))


@pytest.mark.parametrize("port", ["0", "65536", "-1"])
def test_a_port_that_is_none_is_refused(values: Path, port: str) -> None:
    option = write(values, f"platformNetworkPolicy: {{prometheus: {{port: {port}}}}}\n")
    with pytest.raises(
        InputError,
        match=rf"^\S+:1: platformNetworkPolicy.prometheus.port: {port} is not a valid port number; write 1 to 65535",
    ):
        printed("--provider=aws", option, f"--prometheus={NODE}", f"--agent={NODE}")
