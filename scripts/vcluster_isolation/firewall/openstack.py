"""Rules as commands of OpenStack's client.

Source: the reference of `openstack security group rule create`: --protocol defaults to any, and --ethertype to IPv4
where the source is a group.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vcluster_isolation.firewall.ends import is_ipv4, is_ipv6, is_name
from vcluster_isolation.firewall.model import ProviderSettings, Rule
from vcluster_isolation.firewall.shell import command, option


def render(rules: Sequence[Rule], settings: ProviderSettings) -> Iterator[str]:
    """Yield a command for each port, source and group that a rule is for; there are no settings."""
    del settings
    for rule in rules:
        for group in rule.targets:
            for port in rule.ports:
                for source in rule.sources:
                    yield from _commands(rule, group, port, source)


def _commands(rule: Rule, group: str, port: int, source: str) -> Iterator[str]:
    """Yield the command for one source; a group of machines may have addresses of both families."""
    families = [*["IPv4"] * (not is_ipv6(source)), *["IPv6"] * (not is_ipv4(source))]
    for family in families:
        options = [
            ["--ingress"],
            *option("ethertype", family),
            *option("protocol", rule.protocol.lower()),
            *option("dst-port", str(port)),
            *option("remote-group" if is_name(source) else "remote-ip", source),
            *option("description", rule.description),
            [group],
        ]
        yield command(["openstack", "security", "group", "rule", "create"], options)
