"""What to render for a release, and where helm can read its layers."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from pathlib import Path

from vcluster_isolation.errors import IsolationError
from vcluster_isolation.helm import Request
from vcluster_isolation.isolate import EXAMPLE_NAME, target
from vcluster_isolation.values.releases import Release
from vcluster_isolation.wording import printable


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
