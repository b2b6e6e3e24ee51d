"""Rules as resources of Terraform's provider for AWS; source: its reference of aws_vpc_security_group_ingress_rule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vcluster_isolation.firewall.ends import is_ipv4, is_ipv6, is_name
from vcluster_isolation.firewall.hcl import distinct, resource
from vcluster_isolation.firewall.model import ProviderSettings, Rule


def render(rules: Sequence[Rule], settings: ProviderSettings) -> Iterator[str]:
    """Yield a resource for each port, source and security group that a rule is for: one has room for one of each."""
    del settings
    return distinct(
        _resource(rule, group, port, source)
        for rule in rules
        for group in rule.targets
        for port in rule.ports
        for source in rule.sources
    )


def _resource(rule: Rule, group: str, port: int, source: str) -> str:
    """Return the resource for one source; its name does not change when others come or go."""
    return resource(
        "aws_vpc_security_group_ingress_rule",
        f"{rule.name}-{port}-from-{source}-to-{group}",
        {
            "security_group_id": group,
            "description": rule.description,
            "ip_protocol": rule.protocol.lower(),
            "from_port": port,
            "to_port": port,
            "cidr_ipv4": source if is_ipv4(source) else None,
            "cidr_ipv6": source if is_ipv6(source) else None,
            "referenced_security_group_id": source if is_name(source) else None,
        },
    )
