"""The claims about vCluster Platform and its agents: who never reaches them, whom they never reach, and who surely.

They speak of whom values name, and of everybody but those: so they are made from the settings, always the same ones.
"""

from __future__ import annotations

from typing import Final

from vcluster_isolation.claims.claim import (
    API,
    Claim,
    Flow,
    addresses,
    availability_claim,
    isolation_claim,
    own,
    tenants,
    usual,
)
from vcluster_isolation.helm.rule_notes import PLATFORM_KEY
from vcluster_isolation.netpol.sets.addresses import EVERYWHERE
from vcluster_isolation.netpol.sets.ports import ALL, NONE, PortSet
from vcluster_isolation.subject.platform_settings import (
    API_SERVER,
    EGRESS_KEY,
    HTTP,
    HTTPS,
    PROMETHEUS,
    named_addresses,
    served,
)
from vcluster_isolation.subject.settings import RESOLVER, PeersAndPorts, Settings
from vcluster_isolation.vcluster import cast
from vcluster_isolation.vcluster.actor_ref import OTHER, ActorRef
from vcluster_isolation.vcluster.cast import AddressActor, NamedActor
from vcluster_isolation.vcluster.grant_rows import platform_grant_rows

LEFT_OPEN: Final = (
    "the ports that kube-apiserver dials, to any source: its addresses are not configured; "
    "set platformNetworkPolicy.apiServer.cidrs or peers"
)
"""What the chart has to leave open, and how to close it."""

_EVERY_POD: Final = tuple(actor.name for actor in cast.OF_A_VCLUSTER)
_NO_CONTROL_PLANE: Final = tuple(name for name in _EVERY_POD if name != "control-plane")
_PLATFORM: Final = own("platform", "agent")
_LABELLED: Final = own("elsewhere", "monitoring", "ingress-controller", "stray")
"""Pods of the host cluster that cannot pass for a control plane of a vCluster."""

_USUAL: Final = {
    API_SERVER: served(agent_only=False)["kube-apiserver"],
    HTTPS: served(agent_only=False)["users"],
    HTTP: served(agent_only=False)["ingress-controllers"],
}


def platform_claims(settings: Settings | None = None) -> tuple[Claim, ...]:
    """Return the claims about the platform; without settings of one, as far as they need none."""
    given = settings or Settings(named={key: PeersAndPorts((), ports) for key, ports in _USUAL.items()})
    return (*_into(given), *_beside(given), *_out_of(given), *_availability(given))


def _ports(settings: Settings, *keys: str) -> PortSet:
    found = NONE
    for key in keys:
        found |= settings.named[key].ports
    return found


def _others(settings: Settings, key: str) -> tuple[ActorRef, ...]:
    """Return the addresses and nodes that a value does not name."""
    rest = EVERYWHERE - named_addresses(settings, key)
    about = f"what {key} does not name"
    return (
        ActorRef(AddressActor("any other address", rest, about)),
        ActorRef(AddressActor("any other node", rest & settings.node_addresses, about, node=True)),
    )


def _named(key: str) -> tuple[ActorRef, ...]:
    name = key.removeprefix("platformNetworkPolicy.")
    return (ActorRef(NamedActor(f"named by {name}", key, f"whom {key} names")),)


def _into(settings: Settings) -> tuple[Claim, ...]:
    """Return the claims about who never reaches the platform."""
    api, https, http = (_ports(settings, key) for key in (API_SERVER, HTTPS, HTTP))
    everybody = (*tenants(*_EVERY_POD), *own("anybody", "host-dns", "node"), *_LABELLED, *addresses(cast.ADDRESSES))

    def rest(key: str) -> Flow:
        pods = (*tenants(*_NO_CONTROL_PLANE), *own("host-dns"), *_LABELLED)
        return (*pods, *_others(settings, f"{key}.from")), _PLATFORM

    caller = (*tenants(*_EVERY_POD), *own("anybody", "host-dns"), *_LABELLED, *_others(settings, API_SERVER))
    return (
        isolation_claim(
            "platform-ports",
            "No pod and no address reaches vCluster Platform or its agents on a port that they do not serve.",
            (everybody, _PLATFORM),
            ports=ALL - api - https - http,
        ),
        isolation_claim(
            "tenants-to-platform",
            "No pod of a tenant, whatever its labels, reaches the platform but for HTTPS and HTTP on 10443 and 8080.",
            (tenants(*_EVERY_POD), _PLATFORM),
            ports=ALL - https - http,
        ),
        isolation_claim(
            "others-to-platform-api",
            "Only kube-apiserver reaches the API services and the webhook of the platform.",
            (caller, _PLATFORM),
            ports=api,
        ),
        isolation_claim(
            "others-to-platform-https",
            "No tenant's workload, and no peer that https.from does not name, reaches HTTPS of the platform.",
            rest(HTTPS),
            ports=https,
            value=f"{HTTPS}.from",
        ),
        isolation_claim(
            "others-to-platform-http",
            "No tenant's workload, and no peer that http.from does not name, reaches HTTP of the platform.",
            rest(HTTP),
            ports=http,
            value=f"{HTTP}.from",
        ),
    )


def _beside(settings: Settings) -> tuple[Claim, ...]:
    """Return the claims about the policy at Prometheus; of those that isolate it beside this one nothing is known."""
    others = (*tenants(*_EVERY_POD), *own("anybody", "host-dns", "node"), *_LABELLED, *addresses(cast.ADDRESSES))
    port = settings.named[PROMETHEUS].ports if PROMETHEUS in settings.named else NONE
    return (
        isolation_claim(
            "others-to-prometheus",
            "The policy that admits the agent to Prometheus admits no other peer.",
            (others, _named(PROMETHEUS)),
            value=f"{PROMETHEUS}.isolated",
        ),
        isolation_claim(
            "agent-to-prometheus",
            "The policy that admits the agent to Prometheus admits it on one port.",
            (own("agent"), _named(PROMETHEUS)),
            ports=ALL - port,
            value=f"{PROMETHEUS}.isolated",
        ),
    )


def _out_of(settings: Settings) -> tuple[Claim, ...]:
    """Return the claims about whom the platform never reaches, where its egress is closed."""
    return (
        isolation_claim(
            "platform-to-tenants",
            "The platform reaches no pod of a tenant but control planes.",
            (_PLATFORM, tenants(*_NO_CONTROL_PLANE)),
            value=EGRESS_KEY,
        ),
        isolation_claim(
            "platform-to-control-planes",
            "The platform reaches control planes of vClusters, and pods that look like one, on 8443 only.",
            (_PLATFORM, (*tenants("control-plane"), *own("anybody"))),
            ports=ALL - API,
            value=EGRESS_KEY,
        ),
        isolation_claim(
            "platform-to-host",
            "The platform reaches no other pod of the host cluster that no value names.",
            (_PLATFORM, _LABELLED),
            value=EGRESS_KEY,
        ),
        isolation_claim(
            "platform-to-metadata",
            "The platform reaches no metadata address.",
            (_PLATFORM, addresses(cast.METADATA_ADDRESSES)),
            value=EGRESS_KEY,
        ),
        isolation_claim(
            "platform-to-addresses",
            "The platform reaches no address, private or public, and no node, that no value names.",
            (_PLATFORM, _others(settings, EGRESS_KEY)),
            value=EGRESS_KEY,
        ),
    )


def _availability(settings: Settings) -> tuple[Claim, ...]:
    """Return the claims about who surely reaches the platform, and whom it surely reaches."""
    api, https, http = (_ports(settings, key) for key in (API_SERVER, HTTPS, HTTP))
    agents = own("platform", "agent") if api >= _USUAL[API_SERVER] else ()
    probes = () if settings.named[HTTP].peers else own("node", "ingress-controller", "monitoring")
    vclusters = usual("control-plane", whose=OTHER)
    return (
        availability_claim(
            "api-server-platform",
            "kube-apiserver reaches the API services and the webhook of the platform.",
            (_named(API_SERVER), _PLATFORM),
            ports=api,
        ),
        availability_claim(
            "users-platform",
            "Users, agents and control planes of vClusters reach HTTPS of the platform.",
            ((*_named(HTTPS), *agents, *vclusters), _PLATFORM),
            ports=https,
        ),
        availability_claim(
            "ingress-platform",
            "Ingress controllers, probes and Prometheus reach HTTP of the platform.",
            ((*_named(HTTP), *probes), _PLATFORM),
            ports=http,
        ),
        availability_claim(
            "agent-prometheus",
            "The agent reaches Prometheus.",
            (own("agent"), _named(PROMETHEUS)),
            ports=None,
            value=PROMETHEUS,
        ),
        availability_claim(
            "platform-host-dns",
            "The platform reaches host DNS.",
            (_PLATFORM, _named(f"{EGRESS_KEY}.dns")),
            ports=RESOLVER,
            value=f"{EGRESS_KEY}.dns",
        ),
        *(
            availability_claim(
                rule.claim,
                rule.says,
                (_PLATFORM, _named(f"{PLATFORM_KEY}.{row.path}")),
                ports=None,
                value=f"{PLATFORM_KEY}.{row.path}",
            )
            for row in platform_grant_rows()
            for rule in row.rules
        ),
    )
