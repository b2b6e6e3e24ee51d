"""What each value changes in the pod of `helm test`."""

from __future__ import annotations

from typing import Any

OWN = [{"address": "10.0.0.7", "port": 5432}, {"address": "fd00::7", "port": 443}]


# Each value of isolationTest, and a setting that must show in the pod.
EFFECTS: dict[str, Any] = {
    "enabled": False,
    "image": "mirror/busybox:1",
    "imagePullPolicy": "Always",
    "imagePullSecrets": [{"name": "s"}],
    "command": ["true"],
    "runAsUser": 1,
    "resources.requests.cpu": "1m",
    "resources.requests.memory": "1Mi",
    "resources.limits.cpu": "1",
    "resources.limits.memory": "1Gi",
    "timeout": 5,
    "rejects": True,
    "checks": ["api"],
    "open": OWN,
    "closed": OWN,
}
