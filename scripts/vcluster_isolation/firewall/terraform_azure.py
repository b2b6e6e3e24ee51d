"""Rules as resources of Terraform's provider for Azure; source: its reference of azurerm_network_security_rule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vcluster_isolation.firewall.ends import names, one_kind_each, ranges
from vcluster_isolation.firewall.hcl import resource
from vcluster_isolation.firewall.model import ProviderSettings, Rule


def render(rules: Sequence[Rule], settings: ProviderSettings) -> Iterator[str]:
    """Yield a resource for each rule and kind of its ends, each with a priority of its own."""
    parts = (part for rule in rules for part in one_kind_each(rule))
    for priority, part in enumerate(parts, settings.first_priority):
        yield _resource(part, settings, priority)


def _resource(rule: Rule, settings: ProviderSettings, priority: int) -> str:
    """Return the resource for one rule."""
    return resource(
        "azurerm_network_security_rule",
        rule.name,
        {
            "resource_group_name": settings.resource_group,
            "network_security_group_name": settings.nsg,
            "name": rule.name,
            "description": rule.description,
            "priority": priority,
            "direction": "Inbound",
            "access": "Allow",
            "protocol": rule.protocol.capitalize(),
            "source_port_range": "*",
            "source_address_prefixes": ranges(rule.sources) or None,
            "source_application_security_group_ids": names(rule.sources) or None,
            "destination_port_ranges": [str(port) for port in rule.ports],
            "destination_address_prefixes": ranges(rule.targets) or None,
            "destination_application_security_group_ids": names(rule.targets) or None,
        },
    )
