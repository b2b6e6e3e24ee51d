"""What to render for a release, and where helm can read its layers."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from vcluster_isolation.errors import InputError, IsolationError
from vcluster_isolation.helm.template import CHART, Request
from vcluster_isolation.isolate import EXAMPLE_NAME, target
from vcluster_isolation.values import releases
from vcluster_isolation.values.releases import Release
from vcluster_isolation.wording import printable

_RENDERED = ("policies.networkPolicy", "controlPlane.advanced.globalMetadata")
"""Values that stand in what is rendered, though no flow depends on them."""


def one_release(files: Sequence[Path], name: str | None) -> Release:
    """Return the one release in files; of several, the one that is called `name`.

    What is going to be installed may hold no expression, not even in a label. Raises InputError for what cannot be
    read or resolved, IsolationError for manifests, for no values, and for several
    releases of which `name` chooses none.
    """
    found = releases.read(files, CHART)
    if problems := [*found.unreadable, *found.problems]:
        raise InputError(problems)
    if found.manifests and not found.releases:
        what = f"{found.manifests[0].name}: has manifests, and no values"
        raise IsolationError(what, "give a vcluster.yaml, or an object that holds one")
    chosen = list(found.releases) if len(found.releases) == 1 else _called(found.releases, name)
    if not chosen and not found.releases:
        raise IsolationError("there are no values of a vCluster", "\n".join(map(printable, found.notes)))
    if len(chosen) != 1:
        titles = "; ".join(printable(one.title or "the plain values files") for one in chosen or found.releases)
        if name is not None and chosen and chosen[0].name == name:
            raise IsolationError(f"{len(chosen)} releases are called {name}: {titles}", "give a file with one of them")
        raise IsolationError(f"there are several releases: {titles}", "choose one by its name with --name, or a file")
    rendered = [one for one in chosen[0].remarks if one.where.startswith(_RENDERED)]
    if problems := [*chosen[0].refused, *chosen[0].problems, *rendered]:
        raise InputError(chosen[0].named(problems))
    passed = (
        f"{manifest.name}: the manifests in it are passed over: only values are rendered"
        for manifest in found.manifests
    )
    return replace(chosen[0], notes=tuple(passed))


def _called(found: Sequence[Release], name: str | None) -> list[Release]:
    """Return the releases of a name; where none has it, those that have no name."""
    if name is None:
        return []
    return [one for one in found if one.name == name] or [one for one in found if one.name is None]


def request_of(release: Release, name: str | None, namespace: str | None) -> Request:
    """Return what to render for a release: it has the name and namespace that it says, or else those given.

    Raises IsolationError for a name or namespace that cannot be one.
    """
    called = release.name or name or EXAMPLE_NAME
    try:
        chosen = target(called, namespace=release.namespace or namespace, release=called)
    except IsolationError as error:
        if not release.title:
            raise
        raise IsolationError(f"{printable(release.title)}: {error}") from error
    return Request(readable(release), chosen.release, chosen.namespace, release.chart)


def readable(release: Release) -> tuple[Path, ...]:
    """Return where helm can read a release's layers: those that are no file by themselves are written to one."""
    kept = release.paths or (None,) * len(release.layers)
    if all(kept):
        return tuple(path for path in kept if path is not None)
    place = Path(tempfile.mkdtemp(prefix="vcluster-isolation-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    paths = []
    for index, (layer, path) in enumerate(zip(release.layers, kept, strict=True)):
        copy = path or place / f"{index}.yaml"
        if path is None:
            copy.write_text(layer.text, encoding="utf-8")
        paths.append(copy)
    return tuple(paths)
