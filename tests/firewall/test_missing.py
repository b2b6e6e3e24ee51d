"""What is missing or wrong is named all at once, and nothing is printed that could be run."""

from __future__ import annotations

import pytest

from tests.firewall.cases import AZURE, NODE, printed
from vcluster_isolation.errors import InputError
from vcluster_isolation.firewall.providers import PROVIDERS
from vcluster_isolation.firewall.rules import PURPOSES

ENDS = {"--agent", "--api-server", "--nodes", "--platform", "--prometheus"}
NEEDS = {
    "gcloud": {"--network"},
    "terraform-google": {"--network"},
    "azure": {"--nsg", "--resource-group"},
    "terraform-azure": {"--nsg", "--resource-group"},
}


def refused(*words: str) -> InputError:
    with pytest.raises(InputError) as found:
        printed(*words)
    return found.value


@pytest.mark.parametrize("provider", PROVIDERS)
def test_without_any_input_all_options_are_named_once(provider: str) -> None:
    found = [problem.where for problem in refused(f"--provider={provider}").problems]
    assert sorted(found) == sorted(ENDS | NEEDS.get(provider, set()))


@pytest.mark.parametrize(
    ("purpose", "named"),
    [
        ("platform", {"--api-server", "--platform"}),
        ("agent", {"--api-server", "--agent"}),
        ("prometheus", {"--agent", "--prometheus"}),
        ("dns", {"--nodes"}),
    ],
)
@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_a_purpose_needs_is_named(provider: str, purpose: str, named: set[str]) -> None:
    found = [problem.where for problem in refused(f"--provider={provider}", f"--for={purpose}").problems]
    assert sorted(found) == sorted(named | NEEDS.get(provider, set()))


def test_messages_say_what_and_how() -> None:
    assert str(refused("--provider=gcloud", "--platform=p", "--api-server=10.0.0.1/8", "--nsg=n")).splitlines() == [
        '--api-server: "10.0.0.1/8" has bits set beyond its prefix length: the network is 10.0.0.0/8; write a CIDR, such as 10.0.0.0/28',
        "--network: is missing: the VPC network; give it, in the form my-network",
        "--nsg: is not an option of gcloud; leave it out",
    ]


def test_an_agent_that_is_source_and_target_is_asked_for_as_a_target() -> None:
    [agent, api, _] = refused("--provider=aws", "--for=agent", "--for=prometheus").problems
    assert str(api).endswith("give a CIDR or the ID of a security group, such as sg-0123456789abcdef0")
    assert str(agent) == (
        "--agent: is missing: where the platform's agent runs; give the ID of a security group, such as sg-0123456789abcdef0"
    )


@pytest.mark.parametrize("provider", [name for name, each in PROVIDERS.items() if not each.range_targets])
def test_a_range_is_no_target_where_rules_are_for_machines(provider: str) -> None:
    network = ("--network=n",) if "--network" in NEEDS.get(provider, set()) else ()
    [problem] = refused(f"--provider={provider}", *network, "--nodes=10.0.0.0/16").problems
    assert (
        problem.what == 'is missing: the nodes that vClusters run on; a CIDR such as "10.0.0.0/16" cannot select them'
    )


@pytest.mark.parametrize(
    "end",
    ["10.0.0.256", "10.0.0.0/33", "010.0.0.1", "1.2.3", "fd00::/129", "::g", "fe80::1%eth0", "1.2.3.4/x", "/8", "5"],
)
def test_what_looks_like_an_address_and_is_none_is_refused(end: str) -> None:
    [problem] = refused("--provider=azure", *AZURE, "--platform=10.0.0.0/16", f"--api-server={end}").problems
    assert problem.where == "--api-server"


@pytest.mark.parametrize("group", ["sg-0123", "SG-0123456789abcdef0", "default", "pl-0123456789abcdef0"])
def test_what_is_no_security_group_of_aws_is_refused(group: str) -> None:
    assert "is neither a CIDR nor the ID of a security group" in str(refused("--provider=aws", f"--nodes={group}"))


def test_wrong_ends_that_no_rule_uses_are_not_looked_at() -> None:
    assert printed("--provider=aws", "--for=dns", f"--nodes={NODE}", "--platform=whatever")


def test_every_purpose_can_be_asked_for() -> None:
    words = [f"--for={name}" for name in PURPOSES]
    assert printed("--provider=aws", *words, f"--nodes={NODE}", "--api-server=10.0.0.0/28").count("aws ec2") == 5
