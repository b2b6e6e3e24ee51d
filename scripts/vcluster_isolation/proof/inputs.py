"""Reading what commands about flows are given: values files, or manifests, from files, folders or standard input.

A file holds manifests when a document in it has apiVersion and kind, which no vcluster.yaml has at its root. Values
files are layers of one release; manifests are one cluster, in which each vCluster with its policies is a subject.
"""

from __future__ import annotations

import atexit
import io
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vcluster_isolation.checks.values_check import or_refused
from vcluster_isolation.errors import InputError, IsolationError, Problem
from vcluster_isolation.helm import Request
from vcluster_isolation.isolate import EXAMPLE_NAME, target
from vcluster_isolation.layers import Layer
from vcluster_isolation.proof.platform_subject import platforms_of, subjects_of_values
from vcluster_isolation.proof.subject import Subject, is_home, of_cluster
from vcluster_isolation.reach import stream
from vcluster_isolation.reach.parse import Cluster, flatten, parse_cluster
from vcluster_isolation.strict_yaml import STDIN, parse_documents, parse_mapping, read_text, show_name
from vcluster_isolation.values.kinds import is_manifest

_SHOWN = 3
_SUFFIXES = {".yaml", ".yml", ".json"}


@dataclass(frozen=True, slots=True)
class Input:
    """What was read: the vClusters in it and vCluster Platform, and the cluster if it was manifests."""

    subjects: list[Subject]
    cluster: Cluster | None = None


@dataclass(frozen=True, slots=True)
class _File:
    """A file's text and documents; `path` is where helm can read it."""

    path: Path
    name: str
    text: str
    documents: list[Any]

    @property
    def holds_manifests(self) -> bool:
        """Whether a document is a Kubernetes object."""
        return any(isinstance(one, dict) and is_manifest(one) for one in self.documents)


def read_subjects(files: Sequence[Path], *, name: str | None, namespace: str | None, chart: Path) -> list[Subject]:
    """Return the vClusters in `files`: one of values files, each of those in manifests, sorted by namespace and name.

    After them is vCluster Platform, where it has a policy; of values that guard nothing else it is alone.

    A folder stands for the .yaml, .yml and .json files below it, in the order of their names, `-` for standard input.
    `name`, `namespace` and `chart` are what values files are rendered with, as for `check`; of manifests, those that
    name no namespace are in `namespace`, or else in `default`.
    Raises InputError for what cannot be read, IsolationError for a mixture of both kinds, for nothing at all and for
    manifests without a vCluster, and what rendering raises.
    """
    return read_input(files, name=name, namespace=namespace, chart=chart).subjects


def read_input(files: Sequence[Path], *, name: str | None, namespace: str | None, chart: Path) -> Input:
    """Return what `read_subjects` returns, and the cluster that manifests describe. Raises the same."""
    found = _read(files)
    manifests = [one.name for one in found if one.holds_manifests]
    values = [one.name for one in found if not one.holds_manifests]
    if manifests and values:
        raise IsolationError(
            f"{_few(values)}: values, beside manifests in {_few(manifests)}",
            "give either values files, or manifests",
        )
    if values:
        chosen = target(name or EXAMPLE_NAME, namespace=namespace, release=name or EXAMPLE_NAME)
        return Input(_of_values(found, Request((), chosen.release, chosen.namespace, chart)))
    cluster = parse_cluster((item for one in found for item in one.documents), home=namespace or "default")
    if cluster.problems:
        raise InputError(cluster.problems)
    platforms = platforms_of(cluster)
    vclusters = [] if platforms and not any(map(is_home, cluster.policies)) else of_cluster(cluster)
    return Input([*vclusters, *platforms], cluster)


def _few(names: Sequence[str]) -> str:
    """Return some names, and how many more there are."""
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def _read(files: Sequence[Path]) -> list[_File]:
    """Return the files, folders opened. Raises InputError with everything that is wrong with them."""
    found: list[_File] = []
    problems: list[Problem] = []
    for path in (one for given in files for one in _opened(given)):
        try:
            found.append(_parsed(path, read_text(path)))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    if not found:
        raise IsolationError("there is nothing to read", "name values files, manifests, or a folder of either")
    return found


def _opened(path: Path) -> Iterator[Path]:
    """Yield a file, or the files below a folder, without those whose name begins with a dot."""
    if path == STDIN or not path.is_dir():
        yield path
        return
    below = [one for one in sorted(path.rglob("*")) if one.is_file() and one.suffix in _SUFFIXES]
    visible = [one for one in below if not any(part.startswith(".") for part in one.relative_to(path).parts)]
    if not visible:
        what = f"{show_name(path)}: has no .yaml, .yml or .json files"
        raise IsolationError(what, "name a folder of values files or manifests")
    yield from visible


def _parsed(path: Path, text: str) -> _File:
    """Return a file's documents. JSON, which may be what kubectl prints of a whole cluster, is read as such."""
    name = show_name(path)
    documents = _json(text) if text.lstrip().startswith("{") else None
    if documents is None:
        documents = [document.value for document in parse_documents(text, name)]
    return _File(path, name, text, documents)


def _json(text: str) -> list[Any] | None:
    """Return the objects of a JSON text; None for other texts that begin with a brace, as YAML can."""
    try:
        return list(flatten(stream.objects(io.StringIO(text))))
    except InputError:
        return None


def _of_values(found: Sequence[_File], request: Request) -> list[Subject]:
    """Return the subjects of values files; those that helm cannot read again are written to a file for it."""
    layers = [Layer(one.name, one.text, parse_mapping(one.text, one.name)) for one in found]
    paths = tuple(map(_readable, found))
    whole = Request(paths, request.name, request.namespace, request.chart)
    return or_refused(lambda: subjects_of_values(whole), layers, whole)


def _readable(one: _File) -> Path:
    """Return where helm can read a file: standard input is read up by now, and is rendered more than once."""
    if one.path != STDIN:
        return one.path
    place = Path(tempfile.mkdtemp(prefix="vcluster-isolation-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    copy = place / "standard-input.yaml"
    copy.write_text(one.text, encoding="utf-8")
    return copy
