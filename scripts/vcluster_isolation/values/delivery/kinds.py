"""Telling a Kubernetes object from a values file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_CONFIG_GROUP: Final = "config.vcluster.loft.sh/"

ROOT_KEYS: Final = frozenset(
    {
        *("global", "exportKubeConfig", "sync", "integrations", "networking", "policies", "controlPlane", "rbac"),
        *("plugins", "experimental", "telemetry", "serviceCIDR", "pro", "plugin", "deploy", "privateNodes", "logging"),
        *("sleep", "snapshots", "deletion", "platform", "external", "sleepMode"),
    }
)
"""Root keys of a vcluster.yaml of 0.20 to 0.37 (vCluster's chart/values.schema.json)."""

_OF_NO_OBJECT: Final = ROOT_KEYS - {
    "global",
    "plugins",
    "plugin",
    "pro",
    "platform",
    "external",
    "logging",
    "snapshots",
}
"""Those that no known Kubernetes object has at its root."""


def is_manifest(document: Mapping[str, Any]) -> bool:
    """Return whether a document is a Kubernetes object: it has apiVersion and kind, and is no vcluster.yaml.

    A vcluster.yaml with these two keys, as people write for symmetry, is still values: every object has `metadata` or
    is a List, and no object has vCluster's root keys.
    """
    if "apiVersion" not in document or "kind" not in document:
        return False
    version = document["apiVersion"]
    if isinstance(version, str) and version.startswith(_CONFIG_GROUP):
        return False
    return "metadata" in document or _OF_NO_OBJECT.isdisjoint(document)
