"""Two symbolic tenants stand for any number: what is proved of them is what concrete fleets of 3, 10 and 50 do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.subject.subjects import subject
from vcluster_isolation.claims.claims import ISOLATION_CLAIMS, Claim
from vcluster_isolation.netpol.engine.evaluate import Evaluator
from vcluster_isolation.netpol.objects.model import Policy
from vcluster_isolation.prove.prove import FAILS, GRANTED, KNOWN_GAP, broken, prove
from vcluster_isolation.subject.subject import Subject
from vcluster_isolation.vcluster.actor_ref import NEIGHBOUR, OTHER, OWN
from vcluster_isolation.vcluster.tenants import Tenant, is_floor_of, renamed, renamed_tier
from vcluster_isolation.worlds.world import World

AMONG_TENANTS = [
    claim
    for claim in ISOLATION_CLAIMS
    if any(who.tenant != OWN for flow in claim.flows for side in flow for who in side)
]
OPEN = {FAILS, GRANTED, KNOWN_GAP}


def among_tenants(whole: Subject) -> list[Claim]:
    return [claim for claim in AMONG_TENANTS if claim.applies(whole)]


class Fleet(World):
    """A world of many concrete tenants, half in the vCluster's namespace, and two more that nobody isolated."""

    def __init__(self, whole: Subject, size: int) -> None:
        super().__init__(whole, (whole.policies, whole.tiers))
        own = self.tenants[OWN]
        beside = [Tenant(f"n{number}", own.namespace) for number in range(size // 2)]
        away = [Tenant(f"o{number}", f"vcluster-o{number}") for number in range(size - size // 2)]
        policies: list[Policy] = [*whole.policies]
        policies += [renamed(policy, own, tenant) for tenant in (*beside, *away) for policy in whole.policies]
        floors = [tier for tier in whole.tiers if is_floor_of(tier, own)]
        above = [*whole.tiers, *(renamed_tier(tier, own, tenant) for tenant in (*beside, *away) for tier in floors)]
        self.evaluator = Evaluator(dict.fromkeys(policies), above)
        free = (Tenant("f0", own.namespace), Tenant("f1", "vcluster-f1"))
        self._variants = {NEIGHBOUR: (*beside, free[0]), OTHER: (*away, free[1])}


@pytest.mark.parametrize("size", [3, 10, 50])
@pytest.mark.parametrize("claim", among_tenants(subject()), ids=lambda claim: claim.name)
def test_claim_about_other_tenants_is_true_of_a_fleet_iff_it_is_proved(claim: Claim, size: int) -> None:
    (outcome,) = prove(subject(), [claim])
    assert any(broken(claim, Fleet(subject(), size))) == (outcome.status in OPEN)


@pytest.mark.parametrize(
    "situation",
    [
        "own-rules",
        "platform-off",
        "embedded-coredns",
        "hardened",
        "hardened-api-server",
        "hardened-floor",
        "hardened-project",
        "floor-admin-network-policy",
        "floor-cluster-network-policy",
        "default-deny",
    ],
)
def test_so_it_is_with_other_values(situation: str) -> None:
    whole = subject(situation)
    for outcome in prove(whole, among_tenants(whole)):
        seen = any(broken(outcome.claim, Fleet(whole, 10)))
        assert seen == (outcome.status in OPEN), outcome.claim.name


def test_so_it_is_when_the_policies_are_mended() -> None:
    """With snapshots and platform gone every claim among tenants holds, in a fleet as well."""
    whole = subject("platform-off")
    gone = tuple(
        replace(policy, ingress=tuple(rule for rule in policy.ingress if "vcluster-snapshot" not in str(rule.peers)))
        for policy in whole.policies
        if not policy.name.startswith("vc-snapshot")
    )
    mended = replace(whole, policies=gone)
    claims = [claim for claim in among_tenants(mended) if claim.name != "snapshots-closed"]
    for outcome in prove(mended, claims):
        seen = any(broken(outcome.claim, Fleet(mended, 10)))
        assert seen == (outcome.status in OPEN), outcome.claim.name
    assert sum(outcome.status == FAILS for outcome in prove(mended, claims)) < sum(
        outcome.status == FAILS for outcome in prove(whole, claims)
    )
