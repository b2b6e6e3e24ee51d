"""A plan as text: what to know as comments, then what the provider's module writes."""

from __future__ import annotations

import textwrap

from vcluster_isolation.firewall.plan import Plan
from vcluster_isolation.firewall.providers import PROVIDERS

_WIDTH = 100


def text(provider: str, plan: Plan) -> str:
    """Return the whole of a plan: `#` begins a comment in a shell and in Terraform's language alike."""
    notes = [_comment(note) for note in plan.notes]
    parts = [*(["\n".join(notes)] if notes else []), *PROVIDERS[provider].render(plan.rules, plan.settings)]
    return "\n\n".join(parts)


def _comment(note: str) -> str:
    """Return a sentence as a comment; it is one of ours, with a CIDR at most."""
    return textwrap.fill(note, _WIDTH, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)
