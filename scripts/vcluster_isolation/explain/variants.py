"""What a flow of the actor `workload` would be with labels of a tenant's choice, where it has the usual ones."""

from __future__ import annotations

from collections.abc import Iterator

from vcluster_isolation.connectivity.connectivity import NamedEndpoint
from vcluster_isolation.explain.partly import Split, split
from vcluster_isolation.explain.resolver import EndpointResolver
from vcluster_isolation.netpol.objects.model import Pod
from vcluster_isolation.netpol.sets.ports import ALL, PortSet, union_of
from vcluster_isolation.subject.subject import VCLUSTER
from vcluster_isolation.vcluster.actor_ref import DESTINATION, SOURCE, ActorRef
from vcluster_isolation.vcluster.cast import MANAGED_BY, VIRTUAL_NAMESPACE, WORKLOAD
from vcluster_isolation.wording import printable
from vcluster_isolation.worlds.world import World


def variants(
    resolver: EndpointResolver, ends: tuple[NamedEndpoint, NamedEndpoint], whole: Split, asked: PortSet | None
) -> Iterator[str]:
    """Yield a sentence for each end that is a workload for which labels of a tenant's choice let more ports through.

    `whole` is the flow with the usual labels. Raises nothing.
    """
    if resolver.subject.kind != VCLUSTER:
        return
    usual = union_of(part.ports for part in whole.parts)
    for at, role in enumerate((SOURCE, DESTINATION)):
        if ends[at].actor.name != WORKLOAD.name:
            continue
        world = World(resolver.subject, (resolver.subject.policies, resolver.subject.tiers))
        best: tuple[int, PortSet, Pod] | None = None
        for pod in world.ends(ActorRef(WORKLOAD), role):
            flow = (pod, ends[1].end) if at == 0 else (ends[0].end, pod)
            parts = split(resolver.judge, *flow).parts
            more = (union_of(part.ports for part in parts) - usual) & (ALL if asked is None else asked)
            if more and isinstance(pod, Pod) and (best is None or len(pod.labels) < best[0]):
                best = (len(pod.labels), more, pod)
        if best:
            labels = ", ".join(f"{key}: {value}" for key, value in sorted(_chosen(best[2])))
            yield printable(
                f"A tenant chooses labels: a workload labelled {labels} gets {best[1]} through. "
                "`prove` judges every choice."
            )


def _chosen(pod: Pod) -> Iterator[tuple[str, str]]:
    """Yield the labels that make a workload another one: a virtual namespace only where it is the system's."""
    for key, value in pod.labels:
        if key != MANAGED_BY and (key != VIRTUAL_NAMESPACE or value == "kube-system"):
            yield key, value
