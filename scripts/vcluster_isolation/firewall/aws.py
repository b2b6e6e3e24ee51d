"""Rules as commands of AWS' CLI.

Source: the EC2 API reference of AuthorizeSecurityGroupIngress: a permission has one protocol and one range of ports;
a description has letters, digits, spaces and ._-:/()#,@[]+=&;{}!$*.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from vcluster_isolation.firewall.ends import is_ipv4, is_ipv6, names
from vcluster_isolation.firewall.model import ProviderSettings, Rule
from vcluster_isolation.firewall.shell import command, option


def render(rules: Sequence[Rule], settings: ProviderSettings) -> Iterator[str]:
    """Yield a command for each rule and security group that it is for."""
    for rule in rules:
        permissions = ",\n    ".join(json.dumps(permission) for permission in _permissions(rule))
        for group in rule.targets:
            options = [
                *option("region", settings.region),
                *option("group-id", group),
                ["--ip-permissions", f"[\n    {permissions}\n  ]"],
            ]
            yield command(["aws", "ec2", "authorize-security-group-ingress"], options)


def _permissions(rule: Rule) -> Iterator[dict[str, Any]]:
    """Yield the IpPermission of each port."""
    about = {"Description": rule.description}
    sources = {
        "IpRanges": [{"CidrIp": end, **about} for end in filter(is_ipv4, rule.sources)],
        "Ipv6Ranges": [{"CidrIpv6": end, **about} for end in filter(is_ipv6, rule.sources)],
        "UserIdGroupPairs": [{"GroupId": end, **about} for end in names(rule.sources)],
    }
    given = {key: value for key, value in sources.items() if value}
    for port in rule.ports:
        yield {"IpProtocol": rule.protocol.lower(), "FromPort": port, "ToPort": port, **given}
