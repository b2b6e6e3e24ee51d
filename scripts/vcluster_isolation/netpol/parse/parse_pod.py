"""A Pod, or the template of something that makes pods, becomes a `Pod`.

Source: the core/v1 API reference (PodSpec, ContainerPort, PodStatus). Fields that have nothing to do with who
reaches whom are not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from vcluster_isolation.errors import Problem
from vcluster_isolation.netpol.objects.fields import label_mapping, mapping, note, sequence, shown
from vcluster_isolation.netpol.objects.model import ContainerPort, Namespace, Pod, labels_of
from vcluster_isolation.netpol.sets.addresses import AddressSet, address_set
from vcluster_isolation.netpol.sets.ports import HIGHEST, LOWEST, PROTOCOLS

TEMPLATES = {
    ("apps/v1", "DaemonSet"): ("spec", "template"),
    ("apps/v1", "Deployment"): ("spec", "template"),
    ("apps/v1", "ReplicaSet"): ("spec", "template"),
    ("apps/v1", "StatefulSet"): ("spec", "template"),
    ("batch/v1", "CronJob"): ("spec", "jobTemplate", "spec", "template"),
    ("batch/v1", "Job"): ("spec", "template"),
    ("v1", "ReplicationController"): ("spec", "template"),
}
"""Where the kinds that make pods keep the pod's template."""

_FINISHED = ("Succeeded", "Failed")


def finished(item: Mapping[str, Any]) -> bool:
    """Return whether this is a pod that has ended: it has no network any more."""
    status = item.get("status")
    return isinstance(status, Mapping) and status.get("phase") in _FINISHED


def parse_pod(item: Mapping[str, Any], space: Namespace, name: str, where: str, problems: list[Problem]) -> Pod:
    """Return the pod, without addresses if it has none yet; to be used only if no problem was added."""
    path = TEMPLATES.get((item["apiVersion"], item["kind"]), ())
    status = {} if path else mapping(item.get("status"), f"{where} status", problems)
    owner = f"{item['kind']}/{name}" if path else _controller(item)
    template, prefix = item, f"{where} {'.'.join((*path, ''))}"
    for step in path:
        template = mapping(template.get(step), prefix.rstrip("."), problems)
    metadata = mapping(template.get("metadata"), f"{prefix}metadata", problems)
    spec = mapping(template.get("spec"), f"{prefix}spec", problems)
    return Pod(
        space,
        labels_of(label_mapping(metadata.get("labels"), f"{prefix}metadata.labels", problems)),
        "" if path else name,
        tuple(_ports(spec, f"{prefix}spec", problems)),
        _addresses(status, f"{prefix}status", problems),
        spec.get("hostNetwork") is True,
        owner,
    )


def _controller(pod: Mapping[str, Any]) -> str:
    """Return what made a pod, as `Kind/name`; empty where it does not say (API reference, OwnerReference)."""
    metadata = pod.get("metadata")
    owners = metadata.get("ownerReferences") if isinstance(metadata, Mapping) else None
    for owner in owners if isinstance(owners, list) else ():
        if isinstance(owner, Mapping) and owner.get("controller") is True:
            return f"{owner.get('kind')}/{owner.get('name')}"
    return ""


def _addresses(status: Mapping[str, Any], where: str, problems: list[Problem]) -> AddressSet:
    """Return the addresses of a pod that runs, of one or two families."""
    listed = sequence(status.get("podIPs"), f"{where}.podIPs", problems)
    found = [one.get("ip") if isinstance(one, Mapping) else one for one in listed] or [status.get("podIP")]
    try:
        return address_set(*(str(ip) for ip in found if ip))
    except ValueError as error:
        note(problems, f"{where}.podIPs", str(error), "give the pod's IP addresses")
        return AddressSet()


def _ports(spec: Mapping[str, Any], where: str, problems: list[Problem]) -> Iterator[ContainerPort]:
    """Yield the named ports; those of an init container are certain only if it keeps running (a sidecar)."""
    for field in ("containers", "initContainers"):
        for at, value in enumerate(sequence(spec.get(field), f"{where}.{field}", problems)):
            path = f"{where}.{field}[{at}]"
            container = mapping(value, path, problems)
            certain = field == "containers" or container.get("restartPolicy") == "Always"
            for nth, port in enumerate(sequence(container.get("ports"), f"{path}.ports", problems)):
                yield from _port(port, f"{path}.ports[{nth}]", problems, certain=certain)


def _port(value: Any, where: str, problems: list[Problem], *, certain: bool) -> Iterator[ContainerPort]:
    """Yield one container port if it has a name: without one no policy can name it."""
    value = mapping(value, where, problems)
    name, number, protocol = value.get("name"), value.get("containerPort"), value.get("protocol")
    if not name:
        return
    protocol = PROTOCOLS[0] if protocol is None else protocol
    if isinstance(name, str) and isinstance(number, int) and LOWEST <= number <= HIGHEST and protocol in PROTOCOLS:
        yield ContainerPort(name, protocol, number, certain)
    else:
        note(problems, where, f"{shown(value)} is not a container port", "give name, containerPort and protocol")
