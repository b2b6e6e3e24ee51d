"""Rules as commands of Azure's az.

Source: the reference of `az network nsg rule create`: --destination-port-ranges defaults to 80, --protocol and the
address prefixes to anything, and a side may have only one application security group.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vcluster_isolation.firewall.ends import names, one_kind_each, ranges
from vcluster_isolation.firewall.model import ProviderSettings, Rule
from vcluster_isolation.firewall.shell import command, option


def render(rules: Sequence[Rule], settings: ProviderSettings) -> Iterator[str]:
    """Yield a command for each rule and kind of its ends, each with a priority of its own."""
    parts = (part for rule in rules for part in one_kind_each(rule))
    for priority, part in enumerate(parts, settings.first_priority):
        yield _command(part, settings, priority)


def _command(rule: Rule, settings: ProviderSettings, priority: int) -> str:
    """Return the command for one rule."""
    options = [
        *option("resource-group", settings.resource_group),
        *option("nsg-name", settings.nsg),
        *option("name", rule.name),
        *option("priority", str(priority)),
        *option("direction", "Inbound"),
        *option("access", "Allow"),
        *option("protocol", rule.protocol.capitalize()),
        *_side("source", rule.sources),
        ["--source-port-ranges", "*"],
        *_side("destination", rule.targets),
        ["--destination-port-ranges", *map(str, rule.ports)],
        *option("description", rule.description),
    ]
    return command(["az", "network", "nsg", "rule", "create"], options)


def _side(name: str, ends: Sequence[str]) -> list[list[str]]:
    """Return the option for a rule's sources or targets."""
    if prefixes := ranges(ends):
        return [[f"--{name}-address-prefixes", *prefixes]]
    return [[f"--{name}-asgs", *names(ends)]]
