"""Rules as resources of Terraform's provider for Google Cloud; source: its reference of google_compute_firewall."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vcluster_isolation.firewall.ends import names, one_family_each, ranges
from vcluster_isolation.firewall.hcl import resource
from vcluster_isolation.firewall.model import ProviderSettings, Rule


def render(rules: Sequence[Rule], settings: ProviderSettings) -> Iterator[str]:
    """Yield a resource for each rule and family of addresses."""
    return (_resource(part, settings) for rule in rules for part in one_family_each(rule))


def _resource(rule: Rule, settings: ProviderSettings) -> str:
    """Return the resource for one rule."""
    return resource(
        "google_compute_firewall",
        rule.name,
        {
            "project": settings.project,
            "name": rule.name,
            "network": settings.network,
            "description": rule.description,
            "direction": rule.direction,
            "source_ranges": ranges(rule.sources) or None,
            "source_tags": names(rule.sources) or None,
            "target_tags": rule.targets,
            "allow": {"protocol": rule.protocol.lower(), "ports": [str(port) for port in rule.ports]},
        },
    )
