"""Rendering each distinct input once in a process, whatever its files are called.

The key is everything that decides what helm prints: every file of the chart, the values' content in their order,
release name and namespace, and the helm program itself. A failed render is not kept, for its message names files.
The cache lives in memory: one on disk would save 45 ms a render, and would have to be trusted and cleaned.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import Future
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from vcluster_isolation.helm import notes
from vcluster_isolation.helm import template as helm_cli
from vcluster_isolation.helm.notes import Rendered
from vcluster_isolation.helm.template import Request
from vcluster_isolation.tools import find

_Result = TypeVar("_Result")

_results: dict[Hashable, Future[Any]] = {}
_lock = Lock()


def template(request: Request, *, helm: Path | None = None) -> str:
    """Return what `helm.template` returns, from memory if it can. Raises what that raises, and OSError."""
    program = helm or find("helm")
    return _once(("template", *key(request, program)), lambda: helm_cli.template(request, helm=program))


def template_with_notes(request: Request) -> Rendered:
    """Return what `notes.template_with_notes` returns, from memory if it can. Raises what that raises, and OSError."""
    return _once(("notes", *key(request, find("helm"))), lambda: notes.template_with_notes(request))


def key(request: Request, helm: Path) -> tuple[Hashable, ...]:
    """Return what a render depends on, with the content of files in the place of their names.

    Raises OSError when one of the files cannot be read.
    """
    program = helm.stat()
    return (
        digest(request.chart),
        tuple(digest(path) for path in request.values),
        request.inline,
        request.name,
        request.namespace,
        request.skip_schema,
        (helm.resolve(), program.st_size, program.st_mtime_ns),
    )


def digest(path: Path) -> str:
    """Return a hash of a file, or of all files in a folder and where they are in it."""
    whole = hashlib.sha256()
    for file in [path] if path.is_file() else sorted(_files(path)):
        content = hashlib.sha256(file.read_bytes()).hexdigest()
        name = "" if file == path else file.relative_to(path).as_posix()
        whole.update(f"{content} {name}\0".encode())
    return whole.hexdigest()


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files in a folder and its folders, those behind symbolic links too, as helm reads them."""
    for place, _, names in os.walk(folder, followlinks=True):
        yield from (Path(place, name) for name in names)


def _once(name: Hashable, compute: Callable[[], _Result]) -> _Result:
    """Return the result kept under `name`; compute it if there is none, or wait for the thread that does."""
    with _lock:
        known = _results.get(name)
        mine: Future[_Result] = known or Future()
        _results[name] = mine
    if known:
        # Should that thread fail, then so does this one, with its own names in the message.
        return compute() if known.exception() else known.result()
    try:
        mine.set_result(compute())
    except BaseException as error:
        with _lock:
            del _results[name]
        mine.set_exception(error)
        raise
    return mine.result()
