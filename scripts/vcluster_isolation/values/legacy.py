"""Recognising values of vCluster 0.19 and older, whose charts had other keys for nearly everything.

Source: the charts k3s, k0s, k8s and eks of vCluster 0.19, and `config/legacyconfig` of vCluster 0.20, which reads them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from vcluster_isolation.errors import Problem
from vcluster_isolation.values.layers import Layer
from vcluster_isolation.wording import dotted

Path = tuple[str | int, ...]

_SYNC: Final = frozenset(
    {
        *("services", "configmaps", "secrets", "endpoints", "pods", "events", "persistentvolumeclaims", "ingresses"),
        *("ingressclasses", "fake-nodes", "fake-persistentvolumes", "nodes", "persistentvolumes", "storageclasses"),
        *("hoststorageclasses", "legacy-storageclasses", "priorityclasses", "networkpolicies", "volumesnapshots"),
        *("poddisruptionbudgets", "serviceaccounts", "csistoragecapacities", "csinodes", "csidrivers", "generic"),
    }
)
_VCLUSTER: Final = frozenset(
    {"image", "imagePullPolicy", "command", "baseArgs", "extraArgs", "volumeMounts", "extraVolumeMounts", "env"}
)
_ISOLATION: Final = frozenset(
    {
        "enabled",
        "namespace",
        "podSecurityStandard",
        "nodeProxyPermission",
        "resourceQuota",
        "limitRange",
        "networkPolicy",
    }
)
_STORAGE: Final = frozenset({"persistence", "size", "className", "binariesVolume"})
_MARKS: Final[Mapping[str, frozenset[str] | None]] = {
    "isolation": _ISOLATION,
    "sync": _SYNC,
    "vcluster": _VCLUSTER,
    "storage": _STORAGE,
    "syncer": None,
    "mapServices": None,
    "coredns": None,
    "embeddedEtcd": None,
    "multiNamespaceMode": None,
    "fallbackHostDns": None,
    "noopSyncer": None,
    "k3sToken": None,
    "globalAnnotations": None,
    "defaultImageRegistry": None,
    "enableHA": None,
    "headless": None,
    "proLicenseSecret": None,
    "hostpathMapper": None,
    "openshift": None,
    "workloadServiceAccount": None,
}
"""Root keys that only those charts had, and what of a mapping there is theirs (None: all of it)."""
ROOT_KEYS: Final = frozenset({"isolation", *(key for key, theirs in _MARKS.items() if theirs is None)})
"""Root keys of those charts that no later vCluster has."""

_TODAY: Final = frozenset(
    {"controlPlane", "policies", "networking", "integrations", "experimental", "exportKubeConfig"}
)
"""Root keys that only a vcluster.yaml of 0.20 and later has."""


def marks(values: Mapping[str, Any]) -> list[Path]:
    """Return the keys by which values are those of vCluster 0.19 or older; none for later or other values.

    Values that also have keys of 0.20 and later are no whole file of 0.19.
    """
    sync = values.get("sync")
    today = isinstance(sync, Mapping) and not {"toHost", "fromHost"}.isdisjoint(sync)
    if today or not _TODAY.isdisjoint(values):
        return []
    return list(_marks(values))


def _marks(values: Mapping[str, Any]) -> Iterator[Path]:
    """Yield the keys that only the old charts had."""
    for key, theirs in _MARKS.items():
        value = values.get(key)
        if key in values and theirs is None:
            yield (key,)
        elif isinstance(value, Mapping) and theirs is not None:
            yield from ((key, below) for below in value if below in theirs)


def problem_of(layers: Sequence[Layer], source: str = "values") -> Problem | None:
    """Return what to say of layers of which one is a values file of vCluster 0.19 or older; None if none is."""
    for layer in layers:
        found = marks(layer.values)
        if found:
            shown = ", ".join(dict.fromkeys(dotted(path) for path in found[:4]))
            more = f" and {len(found) - 4} more" if len(found) > 4 else ""  # noqa: PLR2004 - as many as are shown
            what = f"these are values of vCluster 0.19 or older ({shown}{more}); vCluster 0.20 renamed nearly all keys"
            next_step = "`vcluster-isolation migrate FILE` says what each key is now"
            return Problem(dotted(found[0][:1]), what, next_step, source, layer.name, layer.line(found[0][:1]))
    return None
