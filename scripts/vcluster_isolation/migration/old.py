"""Values of vCluster 0.19 and older: what each key is called since 0.20, as far as that is one key for another.

Source: `config/legacyconfig/migrate.go` of vCluster 0.20, which is what `vcluster convert config` does. A file in which
every key has such a successor is rewritten. In any other, vCluster's own tool has to convert the rest, so that nothing
is written, and what isolation becomes is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from vcluster_isolation.errors import Problem
from vcluster_isolation.migration.layout import CannotEdit
from vcluster_isolation.migration.meaning import check_meaning, has_own
from vcluster_isolation.migration.migrate import Migration, layout_notes
from vcluster_isolation.migration.moves import edit
from vcluster_isolation.values.paths import at_path
from vcluster_isolation.values.renames import BASE, Keys
from vcluster_isolation.values.strict_yaml import line_of
from vcluster_isolation.wording import dotted

_IP_BLOCK: Final[Keys] = ("isolation", "networkPolicy", "outgoingConnections", "ipBlock")
_SYNCED: Final[Mapping[str, str]] = {
    "services": "services",
    "configmaps": "configMaps",
    "secrets": "secrets",
    "endpoints": "endpoints",
    "pods": "pods",
    "persistentvolumeclaims": "persistentVolumeClaims",
    "persistentvolumes": "persistentVolumes",
    "storageclasses": "storageClasses",
    "priorityclasses": "priorityClasses",
    "networkpolicies": "networkPolicies",
    "volumesnapshots": "volumeSnapshots",
    "poddisruptionbudgets": "podDisruptionBudgets",
    "serviceaccounts": "serviceAccounts",
}
_CLAIM: Final[Keys] = ("controlPlane", "statefulSet", "persistence", "volumeClaim")
_SUCCESSORS: Final[Mapping[Keys, Keys]] = {
    (*_IP_BLOCK, "cidr"): (*BASE, "workload", "publicEgress", "cidr"),
    (*_IP_BLOCK, "except"): (*BASE, "workload", "publicEgress", "except"),
    ("isolation", "podSecurityStandard"): ("policies", "podSecurityStandard"),
    **{
        ("isolation", kind, key): ("policies", kind, key)
        for kind, keys in (
            ("resourceQuota", ("enabled", "quota", "scopeSelector", "scopes")),
            ("limitRange", ("enabled", "default", "defaultRequest")),
        )
        for key in keys
    },
    ("coredns", "enabled"): ("controlPlane", "coredns", "enabled"),
    ("coredns", "integrated"): ("controlPlane", "coredns", "embedded"),
    ("coredns", "replicas"): ("controlPlane", "coredns", "deployment", "replicas"),
    ("coredns", "fallback"): (*BASE, "fallbackDns"),
    ("multiNamespaceMode", "enabled"): ("experimental", "multiNamespaceMode", "enabled"),
    ("globalAnnotations",): ("controlPlane", "advanced", "globalMetadata", "annotations"),
    ("storage", "persistence"): (*_CLAIM, "enabled"),
    ("storage", "size"): (*_CLAIM, "size"),
    ("storage", "className"): (*_CLAIM, "storageClass"),
    **{("sync", old, "enabled"): ("sync", "toHost", new, "enabled") for old, new in _SYNCED.items()},
}
"""Keys that one key replaced, with values of the same meaning."""

_ON: Final[Keys] = ("isolation", "enabled")
_POLICY_ON: Final[Keys] = ("isolation", "networkPolicy", "enabled")
_KEPT: Final = frozenset({"pro", "serviceCIDR", "plugin", "global"})
"""Root keys that stayed what they were."""

_DEFAULTS: Final[Mapping[Keys, tuple[Keys, str]]] = {
    ("isolation", "resourceQuota", "enabled"): (("policies", "resourceQuota", "enabled"), "true"),
    ("isolation", "limitRange", "enabled"): (("policies", "limitRange", "enabled"), "true"),
    ("isolation", "podSecurityStandard"): (("policies", "podSecurityStandard"), "baseline"),
}
"""What isolation.enabled brought along where nothing else was said, and what has to be said since 0.20."""

_CONVERT: Final = "convert the file with `vcluster convert config` of vCluster 0.20, and migrate its result"
_BY_HAND: Final[Mapping[Keys, str]] = {
    (
        "isolation",
        "namespace",
    ): "experimental.syncSettings.targetNamespace is what comes nearest; it has to be set by hand",
    ("isolation", "nodeProxyPermission"): "rbac.clusterRole.overwriteRules is what comes nearest; set it by hand",
}


def migrate_old(text: str, name: str, values: Mapping[str, Any]) -> Migration:
    """Return what a values file of vCluster 0.19 or older becomes, or why that is not done: see `migrate.migrate`.

    `values` is what the text says.
    """
    on = bool(at_path(values, _ON))
    moves, removals = _changes(values, on=on)
    known = {*(source for source, _ in moves), *removals}
    left = [path for path in _leaves(values) if not any(path[: len(one)] == one for one in known)]
    left = [path for path in left if path[0] not in _KEPT]
    borrowed = [path for path in sorted(known) if not has_own(text, path)]
    if left or borrowed:
        problems = dict.fromkeys(_problems(text, name, moves, left, borrowed))
        return Migration(text, problems=tuple(sorted(problems, key=_by_line)))
    additions = [new for old, new in _DEFAULTS.items() if on and at_path(values, old) is None]
    try:
        edited = edit(text, moves, removals, additions)
        check_meaning(text, edited, moves, removals, additions)
    except CannotEdit as error:
        where, number = dotted(next(iter(known))[:1]), line_of(text, next(iter(known))[:1])
        problem = Problem(where, f"cannot be moved: {error}", "rename it by hand", "migrate", name, number)
        return Migration(text, problems=(problem,))
    done = [f"{name}:{line_of(text, old)}: {dotted(old)} is now {dotted(new)}" for old, new in moves]
    done += [f"{name}:{line_of(text, path)}: {dotted(path)} set nothing more and is removed" for path in removals]
    done += [f"{name}: {dotted(path)} is {scalar}, as isolation.enabled made it" for path, scalar in additions]
    notes = layout_notes(text, edited, name, sorted(known))
    return Migration(
        edited, tuple(done), (f"{name}: was a file of vCluster 0.19 or older, and is one of 0.31 now", *notes)
    )


def _changes(values: Mapping[str, Any], *, on: bool) -> tuple[list[tuple[Keys, Keys]], list[Keys]]:
    """Return the keys to move and those to remove. What stood below isolation had no effect unless that was on."""
    moves = [(old, new) for old, new in _SUCCESSORS.items() if at_path(values, old) is not None]
    removals = [path for path in (*_SUCCESSORS, *_BY_HAND) if _there(values, path) and at_path(values, path) is None]
    if not on:
        moves = [pair for pair in moves if pair[0][0] != "isolation"]
        removals = [path for path in removals if path[0] != "isolation"]
        return moves, [*removals, *([("isolation",)] if "isolation" in values else [])]
    if at_path(values, _POLICY_ON) is None:
        return [(_ON, (*BASE, "enabled")), *moves], removals
    return [(_POLICY_ON, (*BASE, "enabled")), *moves], [*removals, _ON]


def _problems(
    text: str, name: str, moves: list[tuple[Keys, Keys]], left: list[Keys], borrowed: list[Keys]
) -> Iterator[Problem]:
    """Yield why a file is not rewritten: keys that vCluster has to convert; and what those of isolation are now."""
    for path in left:
        short = next((one for one in _BY_HAND if path[: len(one)] == one), path)
        next_step = _BY_HAND.get(short, _CONVERT)
        what = "is a key of vCluster 0.19 or older that this command does not rewrite"
        yield Problem(dotted(short), what, next_step, "migrate", name, line_of(text, short))
    for old, new in moves:
        if left and new[: len(BASE)] == BASE:
            what, next_step = f"is {dotted(new)} since vCluster 0.31", "nothing was written: see the other keys"
            yield Problem(dotted(old), what, next_step, "migrate", name, line_of(text, old))
    for path in borrowed:
        what, next_step = "comes from an alias (*) or a merge (<<)", "write it out here, or rename it by hand"
        yield Problem(dotted(path), what, next_step, "migrate", name, line_of(text, path))


def _by_line(problem: Problem) -> int:
    """Return the line of a problem, as a reader meets them."""
    return problem.line or 0


def _leaves(values: Any, path: Keys = ()) -> Iterator[Keys]:
    """Yield the paths of everything that is not a mapping, and of empty mappings."""
    if isinstance(values, Mapping) and (values or not path):
        for key, below in values.items():
            yield from _leaves(below, (*path, key))
    else:
        yield path


def _there(values: Any, path: Keys) -> bool:
    """Return whether there is something, even null, at a path."""
    above = at_path(values, path[:-1])
    return isinstance(above, Mapping) and path[-1] in above
