"""Rules as commands of Google Cloud's gcloud.

Source: the reference of `gcloud compute firewall-rules create`. Without --network a rule is in the VPC `default`,
without --target-tags it is for every machine of the VPC, and it may have CIDRs of one family only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vcluster_isolation.firewall.ends import names, one_family_each, ranges
from vcluster_isolation.firewall.model import ProviderSettings, Rule
from vcluster_isolation.firewall.shell import command, option


def render(rules: Sequence[Rule], settings: ProviderSettings) -> Iterator[str]:
    """Yield a command for each rule and family of addresses."""
    return (_command(part, settings) for rule in rules for part in one_family_each(rule))


def _command(rule: Rule, settings: ProviderSettings) -> str:
    """Return the command for one rule."""
    allowed = ",".join(f"{rule.protocol.lower()}:{port}" for port in rule.ports)
    options = [
        *option("project", settings.project),
        *option("network", settings.network),
        *option("direction", rule.direction),
        *option("allow", allowed),
        *option("source-ranges", ",".join(ranges(rule.sources)) or None),
        *option("source-tags", ",".join(names(rule.sources)) or None),
        *option("target-tags", ",".join(rule.targets)),
        *option("description", rule.description),
    ]
    return command(["gcloud", "compute", "firewall-rules", "create", rule.name], options)
