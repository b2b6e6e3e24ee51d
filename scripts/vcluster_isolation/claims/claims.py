"""All claims: isolation first."""

from __future__ import annotations

from typing import Final

from vcluster_isolation.claims.availability import AVAILABILITY_CLAIMS
from vcluster_isolation.claims.claim import AVAILABILITY, ISOLATION, Claim
from vcluster_isolation.claims.isolation import ISOLATION_CLAIMS
from vcluster_isolation.claims.needs import needs_claims
from vcluster_isolation.claims.platform import platform_claims
from vcluster_isolation.subject.subject import PLATFORM, Subject

__all__ = ["AVAILABILITY", "AVAILABILITY_CLAIMS", "CLAIMS", "ISOLATION", "ISOLATION_CLAIMS", "Claim", "claims_of"]

CLAIMS: Final = (*ISOLATION_CLAIMS, *AVAILABILITY_CLAIMS)


def claims_of(subject: Subject) -> tuple[Claim, ...]:
    """Return the claims about a subject: those about vClusters and what its values need, or those of the platform."""
    return platform_claims(subject.settings) if subject.kind == PLATFORM else (*CLAIMS, *needs_claims(subject))
