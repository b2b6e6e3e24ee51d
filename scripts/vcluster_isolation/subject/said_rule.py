"""A rule as every report names it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class SaidRule:
    """Where a rule is written (`vc-work-a`, `spec.egress[0]`), what the chart says of it, and the value behind it.

    `flow` and `value` are empty where that is not known. `yours` says that the value is not the default's.
    """

    policy: str
    rule: str
    flow: str = ""
    value: str = ""
    yours: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return it JSON-ready; what is not known is null."""
        flow, value = self.flow or None, self.value or None
        return {"policy": self.policy, "rule": self.rule, "flow": flow, "value": value, "yours": self.yours}
