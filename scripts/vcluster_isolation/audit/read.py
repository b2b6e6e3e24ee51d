"""Reading what `kubectl get namespaces,pods,networkpolicies -A -o json` prints, however long it is."""

from __future__ import annotations

import codecs
import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

from vcluster_isolation.audit.audit import Tell
from vcluster_isolation.audit.promises import READ, Promises
from vcluster_isolation.errors import InputError, Problem
from vcluster_isolation.netpol.objects.fields import legal_name
from vcluster_isolation.netpol.parse.parse import Cluster, flatten, parse_cluster
from vcluster_isolation.netpol.parse.stream import objects
from vcluster_isolation.values.strict_yaml import STDIN
from vcluster_isolation.vcluster.cast import MANAGED_BY
from vcluster_isolation.wording import printable

KUBECTL = "kubectl get namespaces,pods,networkpolicies -A -o json"


class _Text:
    """A stream of UTF-8 text that tells how much of it was read; the one method is all that `objects` asks for."""

    def __init__(self, stream: BinaryIO, name: str, tell: Tell) -> None:
        """Begin at the beginning of a stream, whose `name` is for messages."""
        self._stream, self._name, self._tell = stream, name, tell
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._size = _size(stream)
        self._read = 0

    def read(self, size: int) -> str:
        """Return the next characters, at most `size`; nothing at the end. Raises InputError if it is not UTF-8."""
        text = ""
        while not text:
            chunk = self._stream.read(size)
            self._read += len(chunk)
            try:
                text = self._decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                raise InputError([_problem(self._name, f"is not UTF-8: {error.reason}")]) from error
            if not chunk:
                break
        self._tell("reading", self._read, self._size)
        return text


def read_cluster(
    path: Path, standard_input: BinaryIO, tell: Tell, promises: Promises | None = None
) -> tuple[Cluster, set[tuple[str, str]]]:
    """Return what a file says (`-`: standard input) of a cluster, and what its policies' labels declare.

    The latter are the (namespace, release) of policies labelled `app: vcluster` that no vCluster synced. Objects that
    are wrong are problems of the cluster; `promises` is told what objects say of policies that are there. Raises
    InputError when the file cannot be read or is not JSON.
    """
    name = "standard input" if path == STDIN else printable(str(path))
    declared: set[tuple[str, str]] = set()
    try:
        with _opened(path, standard_input) as stream:
            items = flatten(objects(_Text(stream, name, tell), name))  # type: ignore[arg-type]
            cluster = parse_cluster(_noticed(items, declared, promises or Promises()))
    except OSError as error:
        raise InputError([_problem(name, f"cannot be read: {error.strerror}")]) from error
    rest = {kind: count for kind, count in cluster.passed_over.items() if promises is None or kind not in READ}
    problems = (*cluster.problems, *(promises.problems if promises else ()))
    return replace(cluster, passed_over=rest, problems=problems), declared


def _opened(path: Path, standard_input: BinaryIO) -> BinaryIO:
    """Return the stream to read."""
    return standard_input if path == STDIN else path.open("rb")


def _problem(name: str, what: str) -> Problem:
    return Problem("", what, f"give the output of {KUBECTL}", "json", name)


def _size(stream: BinaryIO) -> int:
    """Return how long a stream is, 0 if nobody knows: a pipe, or what is no file at all."""
    try:
        return os.fstat(stream.fileno()).st_size
    except (OSError, AttributeError):
        return 0


def _noticed(items: Iterable[Any], declared: set[tuple[str, str]], promises: Promises) -> Iterator[Any]:
    """Yield all objects, and note the vClusters that labels of policies name, and what others say of policies."""
    for item in items:
        if isinstance(item, dict):
            promises.notice(item)
        if isinstance(item, dict) and item.get("kind") == "NetworkPolicy":
            metadata = _mapping(item.get("metadata"))
            labels = _mapping(metadata.get("labels"))
            space, release = metadata.get("namespace"), labels.get("release")
            synced = MANAGED_BY in labels  # in a namespace that namespace sync made, the rest is the tenant's choice
            if labels.get("app") == "vcluster" and not synced and _is_name(space) and _is_name(release):
                declared.add((str(space), str(release)))
        yield item


def _mapping(value: Any) -> dict[str, Any]:
    """Return a mapping; what is none is reported when it is parsed."""
    return value if isinstance(value, dict) else {}


def _is_name(value: Any) -> bool:
    """Return whether a value can name a namespace or a vCluster."""
    return isinstance(value, str) and legal_name(value)
