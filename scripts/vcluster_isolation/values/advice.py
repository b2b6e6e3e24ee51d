"""What values are, that are refused as a whole: those of an umbrella chart, of an old vCluster, or a kind of object.

A schema only sees unknown keys, each for itself. What they are together is the better advice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from typing import Any, Final

from vcluster_isolation.kubernetes.shapes import ShapeProblem
from vcluster_isolation.values import legacy
from vcluster_isolation.values.delivery.kinds import ROOT_KEYS
from vcluster_isolation.values.renames import Keys, policy_places
from vcluster_isolation.wording import dotted

UNKNOWN: Final = "unknown key"
_SHOWN: Final = 4

_OF_A_VCLUSTER_YAML: Final = (ROOT_KEYS - {"global", "platform", "external", "plugin", "plugins", "logging", "pro"}) | {
    "platformNetworkPolicy"
}
"""Root keys that hardly anything else has."""

_OF_0_19_TOO: Final = frozenset({"storage", "serviceAccount", "replicas", "ingress", "service", "init", "api", "etcd"})
"""Other root keys of vCluster 0.19 and older, which only mean something beside `legacy.ROOT_KEYS`."""

_MARK: Final = re.compile(r"\$[{(]|\$[A-Za-z_]|%\{|(?P<erb><%)|\(\( |\{\{|\[\[ |@@[^@]+@@|#\{")
"""Marks of shells, Terraform, ERB, spruce, Go templates, and programs that replace words."""
_OLD: Final = "it is one of vCluster 0.19 and older: remove it, or convert the whole file (vcluster convert config)"
_RENDER: Final = "it looks like a template of {}: render that first, and check what comes out"


def better(values: Mapping[str, Any], findings: Sequence[ShapeProblem]) -> list[ShapeProblem]:
    """Return what a schema found in the values of this chart, with better advice where all of it gives some."""
    umbrella = list(_whole_files(values))
    if umbrella:
        inside = {path[0] for path, _, _ in umbrella}
        rest = [
            finding
            for finding in findings
            if finding[0][:1] and finding[0][0] not in inside and not _is_unknown_root(finding)
        ]
        return [*umbrella, *rest]
    old = any(_is_unknown_root(finding) and finding[0][0] in legacy.ROOT_KEYS for finding in findings)
    return [_advised(finding, old=old) for finding in findings]


def _is_unknown_root(finding: ShapeProblem) -> bool:
    """Whether a finding is about a root key that the schema does not know."""
    return len(finding[0]) == 1 and finding[1] == UNKNOWN


def _whole_files(values: Mapping[str, Any]) -> Iterator[ShapeProblem]:
    """Yield each key that holds a whole vcluster.yaml, as it does in the values of a chart with subcharts."""
    for key, value in values.items():
        if key in _OF_A_VCLUSTER_YAML or key == "global" or not isinstance(value, Mapping):
            continue
        for path, found in _vclusters_in(key, value):
            shown = ", ".join(found[:_SHOWN]) + (", …" if len(found) > _SHOWN else "")
            what = f"holds a whole vcluster.yaml ({shown}), as the values of an umbrella chart do"
            here = f"give what is below {dotted(path)} as a file of its own"
            yield path, what, f"name that chart with --chart, or {here}"


def _vclusters_in(key: str, value: Mapping[str, Any]) -> Iterator[tuple[Keys, list[str]]]:
    """Yield the path of each vcluster.yaml in a root key's value, at any depth, with the keys that tell it is one."""
    places = list(policy_places(value)) or [()]
    for place in places:
        inner = reduce(lambda above, step: above[step], place, value)
        if found := sorted(_OF_A_VCLUSTER_YAML & inner.keys()):
            yield (key, *place), found


def _advised(finding: ShapeProblem, *, old: bool) -> ShapeProblem:
    """Return a finding with better advice, if there is some; `old` says that the values are of vCluster 0.19."""
    path, what, next_step = finding
    if what == UNKNOWN and path in {("apiVersion",), ("kind",)}:
        return path, what, "remove it: a vcluster.yaml is not a Kubernetes object"
    is_old = path[0] in legacy.ROOT_KEYS or (old and path[0] in _OF_0_19_TOO) if path else False
    if what == UNKNOWN and (is_old or (path[0] == "vcluster" and len(path) > 1)):
        return path, what, next_step if next_step.startswith("did you mean") else _OLD
    return path, what, for_template(what, next_step)


def for_template(what: str, next_step: str) -> str:
    """Return the next step for a problem: to render first, where the value that is refused has a template's mark."""
    mark = _MARK.search(what)
    if mark is None:
        return next_step
    return _RENDER.format("ERB (Puppet, Chef)" if mark["erb"] else "another program")
