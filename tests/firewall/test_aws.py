"""The calls for AWS are what botocore's model of EC2 takes, and mean what the rules mean."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import pytest
from botocore.loaders import Loader  # type: ignore[import-untyped]
from botocore.model import ServiceModel  # type: ignore[import-untyped]
from botocore.validate import ParamValidator  # type: ignore[import-untyped]

from tests.firewall.cases import CASES, CONTROL, GOLDEN, NODE, OTHER, printed
from tests.firewall.grammar import aws_parameters, commands

DESCRIPTION = re.compile(r"[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{0,255}")  # EC2 API reference, IpRange


@cache
def ec2() -> ServiceModel:
    return ServiceModel(Loader().load_service_model("ec2", "service-2"))


def refusals(parameters: dict[str, Any]) -> str:
    """Return what the model has against the parameters of a call."""
    shape = ec2().operation_model("AuthorizeSecurityGroupIngress").input_shape
    report: str = ParamValidator().validate(parameters, shape).generate_report()
    return report


def calls(text: str) -> list[dict[str, Any]]:
    return [aws_parameters(words) for words in commands(text)]


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("aws")])
def test_calls_are_what_the_model_takes(name: str) -> None:
    found = calls((GOLDEN / name).read_text(encoding="utf-8"))
    assert found
    assert [refusals(call) for call in found] == [""] * len(found)


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("aws")])
def test_descriptions_have_only_letters_that_ec2_takes(name: str) -> None:
    permissions = [
        each for call in calls((GOLDEN / name).read_text(encoding="utf-8")) for each in call["IpPermissions"]
    ]
    texts = [source["Description"] for each in permissions for kind in KINDS for source in each.get(kind, ())]
    assert texts
    assert all(map(DESCRIPTION.fullmatch, texts))


KINDS = ("IpRanges", "Ipv6Ranges", "UserIdGroupPairs")


@pytest.mark.parametrize("wrong", [{"FromPort": "1053"}, {"Port": 1}, {"UserIdGroupPairs": [{"GroupID": NODE}]}])
def test_the_model_refuses_what_is_wrong(wrong: dict[str, Any]) -> None:
    call = calls(printed("--provider=aws", f"--nodes={NODE}"))[0]
    call["IpPermissions"][0] |= wrong
    assert refusals(call)


def test_dns_is_open_between_members_of_a_group_on_both_protocols() -> None:
    for call, protocol in zip(calls(printed("--provider=aws", f"--nodes={NODE}")), ("udp", "tcp"), strict=True):
        [permission] = call["IpPermissions"]
        [pair] = permission.pop("UserIdGroupPairs")
        assert permission == {"IpProtocol": protocol, "FromPort": 1053, "ToPort": 1053}
        assert (call["GroupId"], pair["GroupId"]) == (NODE, NODE)


def test_each_kind_of_source_has_its_own_list_and_each_port_its_own_permission() -> None:
    sources = ("10.0.0.0/28", "fd00::/64", CONTROL)
    [call] = calls(
        printed("--provider=aws", "--for=platform", f"--nodes={NODE}", *(f"--api-server={s}" for s in sources))
    )
    assert [each["FromPort"] for each in call["IpPermissions"]] == [8443, 9443, 9444]
    for each in call["IpPermissions"]:
        assert [source["CidrIp"] for source in each["IpRanges"]] == ["10.0.0.0/28"]
        assert [source["CidrIpv6"] for source in each["Ipv6Ranges"]] == ["fd00::/64"]
        assert [source["GroupId"] for source in each["UserIdGroupPairs"]] == [CONTROL]


def test_every_group_gets_a_call() -> None:
    found = calls(printed("--provider=aws", f"--agent={NODE}", f"--prometheus={NODE}", f"--prometheus={OTHER}"))
    assert [call["GroupId"] for call in found] == [NODE, OTHER]
