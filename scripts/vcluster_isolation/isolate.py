"""What `isolate` is about to isolate: which vCluster, in which namespace, under which helm release."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vcluster_isolation.errors import IsolationError, Problem
from vcluster_isolation.wording import quoted

EXAMPLE_NAME = "my-vcluster"
"""Stands for the vCluster's name when policies are only printed and no name is known."""

_LONGEST_RELEASE = 53  # helm refuses longer release names (https://helm.sh/docs/topics/charts)
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_RELEASE = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LABEL_RULE = "use at most 63 of a-z, 0-9 and -, beginning and ending with a letter or digit"


@dataclass(frozen=True, slots=True)
class Target:
    """A vCluster called `name` whose policies go to `namespace`, as helm release `release`."""

    name: str
    namespace: str
    release: str


def name_in(values: Sequence[Mapping[str, Any]]) -> str | None:
    """Return `vcluster.name` as the last of these values files sets it; None when none does.

    Raises IsolationError when it is not text: helm would lay our `vcluster.name` over it in silence.
    """
    name: Any = None
    for content in values:
        section = content.get("vcluster", {})
        if section is not None and not isinstance(section, Mapping):
            raise IsolationError(f"vcluster: is {quoted(section)} and not a mapping", "write vcluster: {name: …}")
        name = None if section is None else section.get("name", name)
    if name is not None and not isinstance(name, str):
        raise IsolationError(f"vcluster.name: is {quoted(name)} and not text", f'write it as "{quoted(name)}"')
    return name or None


def target(name: str, *, namespace: str | None = None, release: str | None = None) -> Target:
    """Return what to isolate. Namespace and release have defaults that follow from `name`.

    Raises IsolationError with everything that is wrong with the three: a vCluster's name and a namespace are
    DNS labels (https://kubernetes.io/docs/concepts/overview/working-with-objects/names), release names are
    helm's.
    """
    found = Target(name, namespace or f"vcluster-{name}", release or f"{name}-isolation")
    problems = [*_name_problems(found), *_namespace_problems(found), *_release_problems(found)]
    if problems:
        raise IsolationError("\n".join(map(str, problems)))
    return found


def _name_problems(found: Target) -> Iterator[Problem]:
    """Yield what is wrong with the vCluster's name."""
    if not _LABEL.fullmatch(found.name):
        yield Problem("--name", f"{quoted(found.name)} cannot be a vCluster's name", _LABEL_RULE, "isolate")


def _namespace_problems(found: Target) -> Iterator[Problem]:
    """Yield what is wrong with the namespace, unless a wrong name is the reason."""
    if not _LABEL.fullmatch(found.namespace) and _LABEL.fullmatch(found.name):
        yield Problem("--namespace", f"{quoted(found.namespace)} cannot be a namespace", _LABEL_RULE, "isolate")


def _release_problems(found: Target) -> Iterator[Problem]:
    """Yield what is wrong with the release's name, unless a wrong vCluster name is the reason."""
    if len(found.release) > _LONGEST_RELEASE:
        what = f"{quoted(found.release)} has {len(found.release)} characters, and helm takes {_LONGEST_RELEASE}"
        yield Problem("--release", what, "give a shorter one with --release", "isolate")
    elif not _RELEASE.fullmatch(found.release) and _LABEL.fullmatch(found.name):
        what = f"{quoted(found.release)} cannot be a helm release's name"
        yield Problem(
            "--release", what, "use a-z, 0-9, - and ., beginning and ending with a letter or digit", "isolate"
        )
