"""The values of the two documents that the project comes from."""

from __future__ import annotations

V0_30 = {
    "extraControlPlaneRules": [{"ports": [{"port": 8443}]}],
    "extraWorkloadRules": [{"ports": [{"port": 6060}]}],
    "outgoingConnections": {"ipBlock": {"cidr": "172.19.10.23/32"}},
}
TODAY = {
    "controlPlane": {"egress": [{"ports": [{"port": 8443}]}]},
    "workload": {"egress": [{"ports": [{"port": 6060}]}], "publicEgress": {"cidr": "172.19.10.23/32"}},
}
