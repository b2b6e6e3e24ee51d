"""Where Helm keeps the release that policies belong to: not always in the namespace that their annotations name.

Flux keeps a release in the namespace of its HelmRelease unless `spec.storageNamespace` says otherwise (API reference of
helm-controller), and Helm in Secrets unless HELM_DRIVER says otherwise. A release that is not found may be there still,
and delete its policies one day: only the user knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from vcluster_isolation import kubectl
from vcluster_isolation.errors import ToolFailed
from vcluster_isolation.helm import template as helm
from vcluster_isolation.helm.template import Release
from vcluster_isolation.kubectl import Access

_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?")
"""What Helm takes as a release's name, and a selector as a label's value; no option and no list of several."""


@dataclass(frozen=True, slots=True)
class Owner:
    """A release that may render policies, by its name and the namespace that it installs into.

    `storage` are namespaces in which it may be kept as well. It is `certain` that there was one if policies are
    annotated with it.
    """

    name: str
    namespace: str
    storage: frozenset[str] = frozenset()
    certain: bool = False


@dataclass(frozen=True, slots=True)
class Lost:
    """A release that was not found, where it was looked for, and in words what could not be looked at."""

    name: str
    namespace: str
    looked: tuple[str, ...]
    unseen: str = ""


@dataclass(frozen=True, slots=True)
class ReleaseSearch:
    """Releases that were found, and those that were not although they are or may be there."""

    releases: tuple[Release, ...]
    lost: tuple[Lost, ...]


def look_for(owners: Iterable[Owner], access: Access) -> ReleaseSearch:
    """Return what is found of releases in all namespaces. Raises ToolFailed where helm fails, ToolMissing without it.

    Where nothing is found and namespaces could not be looked through, the first that is not certain is lost as well.
    """
    releases: dict[Release, None] = {}
    lost: list[Lost] = []
    unsure: list[Lost] = []
    for owner in owners:
        found, missed = _look_for(owner, access)
        releases |= dict.fromkeys(found)
        if not found and owner.certain:
            lost.append(missed)
        elif not found and missed.unseen:
            unsure.append(missed)
    return ReleaseSearch(tuple(releases), tuple(lost or (() if releases else unsure[:1])))


def _look_for(owner: Owner, access: Access) -> tuple[list[Release], Lost]:
    """Return the releases that an owner may be, and what there is to say if these are none."""
    if not _NAME.fullmatch(owner.name):
        return [], Lost(owner.name, owner.namespace, (), "Helm takes no such name")
    unseen, namespaces = "", {owner.namespace, *owner.storage} - {""}
    try:
        kept = kubectl.namespaces_of_release(access, owner.name)
    except ToolFailed as error:
        kept, unseen = set(), f"other namespaces could not be looked through: {' '.join(str(error).split())}"
    looked = tuple(sorted(namespaces | kept))
    every = (helm.release_of(owner.name, namespace, access.context) for namespace in looked)
    found = [one for one in every if one and owner.namespace in ("", one.namespace)]
    return found, Lost(owner.name, owner.namespace, looked, unseen)
