"""Reading, through kubectl, what `verify platform` needs to know of a cluster."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence

from vcluster_isolation.errors import IsolationError
from vcluster_isolation.kubectl import Access, server
from vcluster_isolation.vcluster.ports import Port
from vcluster_isolation.verify.cluster import PlatformCluster, cluster
from vcluster_isolation.verify.kubectl import get_all

DNS_SELECTOR = "k8s-app=vcluster-kube-dns,vcluster.loft.sh/managed-by,vcluster.loft.sh/namespace=kube-system"
"""The pods of deployed CoreDNS; the label k8s-app alone is one that any tenant's pod may carry."""


def selector(rows: Sequence[Port], end: str) -> str:
    """Return the label selector of an end's pods, as the table of ports has it."""
    labels = {each.name: each.pod_labels for row in rows for each in row.served_by}[end]
    return ",".join(f"{key}={value}" for key, value in labels)


def wanted(rows: Sequence[Port], namespace: str, prometheus: str) -> dict[str, list[str]]:
    """Return what to list, by name, as the words after `kubectl get`. `prometheus` selects pods in any namespace."""
    return {
        "platform": ["pods", f"--namespace={namespace}", f"--selector={selector(rows, 'platform')}"],
        "prometheus": ["pods", "--all-namespaces", f"--selector={prometheus}"],
        "dns": ["pods", "--all-namespaces", f"--selector={DNS_SELECTOR}"],
        "nodes": ["nodes"],
        "services": ["services", f"--namespace={namespace}"],
        "apiservices": ["apiservices.apiregistration.k8s.io"],
    }


def read(access: Access, rows: Sequence[Port], namespace: str, prometheus: str) -> PlatformCluster:
    """Return the cluster.

    Raises ToolMissing and ToolFailed when kubectl cannot say, IsolationError when the platform is not there.
    """
    listed = get_all(access, wanted(rows, namespace, prometheus), required="platform")
    found = cluster(server(access), namespace, listed)
    if not found.platform:
        what = f"no pod with {selector(rows, 'platform')} runs in namespace {namespace}"
        raise IsolationError(what, "name the namespace of the platform, or of its agent, with --namespace")
    return found


def is_inside(found: PlatformCluster) -> bool:
    """Whether this machine is a node or a pod of the cluster, so that pods can be dialled from here.

    It is when its own address towards a pod is a node's, or in a node's pod range; or when kubectl has no kubeconfig
    and so speaks for the pod that it runs in. Nothing is sent: connecting a UDP socket only chooses an address.
    """
    if not found.server and os.environ.get("KUBERNETES_SERVICE_HOST"):
        return True
    address = found.platform[0].address
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect((address, 9))
        except OSError:  # no way there, so not inside
            return False
        return found.nodes.has(str(sock.getsockname()[0]))
