"""Judging objects with kubeconform, strictly and offline, against several versions of Kubernetes.

kubeconform says which objects are wrong; what is wrong with one is then worded by `schema`, from the same JSON
schema. Of an object whose kind has no schema it is said that it was not validated.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from vcluster_isolation.check.kubernetes_schemas import complete, file_name, has_own_schema, spread, versions
from vcluster_isolation.errors import IsolationError, ToolFailed
from vcluster_isolation.kubernetes.api_json import as_text, decoded, has_whole_float
from vcluster_isolation.kubernetes.shapes import Path as Place
from vcluster_isolation.kubernetes.shapes import ShapeProblem
from vcluster_isolation.netpol.objects.fields import shown
from vcluster_isolation.tools import Finished, find, run
from vcluster_isolation.values.schema import findings as schema
from vcluster_isolation.wording import printable, printable_lines

_TEMPLATE = "{{ .ResourceKind }}{{ .KindSuffix }}.json"
_LONGEST = 300  # characters of what kubeconform itself says


def findings(objects: Sequence[Mapping[str, Any]], against: Sequence[str] = ()) -> list[list[ShapeProblem]]:
    """Return what is wrong with each of `objects`: path, what, what next; an empty list for a right one.

    `against` are Kubernetes versions such as `1.36` (see `choose`). Where none are named, an object is not judged for
    versions from before its kind. What is wrong in some of them only says in which. One kubeconform process a
    version. Raises ToolMissing without kubeconform, IsolationError for a version without schemas, and ToolFailed when
    kubeconform does not judge every object.
    """
    chosen = choose(against)
    told: list[list[tuple[str, ShapeProblem]]] = [[] for _ in objects]
    names = [file_name(document) for document in objects]
    asked = [() if name is None else chosen if against else _since_there_is(name, chosen) for name in names]
    with TemporaryDirectory(prefix="vcluster-isolation-") as folder:
        for version in chosen:
            judged = [index for index, versions_of in enumerate(asked) if version in versions_of]
            for index, finding in _judge(Path(folder), objects, judged, version) if judged else ():
                told[index].append((version, finding))
    return [
        [_stranger(document)] if name is None else _by_version(found, versions_of)
        for document, name, found, versions_of in zip(objects, names, told, asked, strict=True)
    ]


def _since_there_is(name: str, chosen: tuple[str, ...]) -> tuple[str, ...]:
    """Return the versions, oldest first, from the first on that has a schema of this name; all if none has."""
    first = next((index for index, version in enumerate(chosen) if complete(version, name) is not None), 0)
    return chosen[first:]


def _stranger(document: Mapping[str, Any]) -> ShapeProblem:
    """Return what is wrong with an object of which there can be no schema. A List with items was taken apart before."""
    items = document.get("items")
    if document.get("kind") == "List" and isinstance(document.get("apiVersion"), str) and not isinstance(items, list):
        return ("items",), f"{shown(items)} is not a list", "write a list of objects, [] for none"
    return (), "has no kind and apiVersion of a Kubernetes object", "set both"


def choose(against: Sequence[str]) -> tuple[str, ...]:
    """Return these Kubernetes versions, or by default the oldest, a middle and the newest that have schemas.

    Raises IsolationError for a version that has none.
    """
    unknown = [version for version in against if version not in versions()]
    if unknown:
        what = f"no schemas of Kubernetes {', '.join(map(printable, unknown))}"
        raise IsolationError(what, f"use {', '.join(versions())}")
    return tuple(dict.fromkeys(against)) or spread()


def _by_version(told: Sequence[tuple[str, ShapeProblem]], chosen: Sequence[str]) -> list[ShapeProblem]:
    """Join what is told of one object for each version; what does not hold in all says in which it does."""
    held: dict[tuple[Place, str], list[str]] = {}
    next_steps: dict[tuple[Place, str], str] = {}
    for version, (path, what, next_step) in told:
        held.setdefault((path, what), []).append(version)
        next_steps[path, what] = next_step
    return [
        (path, what if len(of) == len(chosen) else f"{what} (Kubernetes {', '.join(of)})", next_steps[path, what])
        for (path, what), of in held.items()
    ]


def _write(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON file, which kubeconform reads as YAML."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(as_text(content), encoding="utf-8")


def _judge(
    folder: Path, objects: Sequence[Mapping[str, Any]], judged: Sequence[int], version: str
) -> Iterator[tuple[int, ShapeProblem]]:
    """Run kubeconform once on the objects with these numbers; yield (number of an object, what is wrong)."""
    place = folder / version
    seen = {index: _as_decoded(objects[index], version) for index in judged}
    for name in {str(file_name(objects[index])) for index in judged}:
        if (schema_of_kind := complete(version, name)) is not None:
            _write(place / name, schema_of_kind)
    for index, document in seen.items():
        _write(place / "objects" / f"{index}.json", document)
    options = ["-strict", "-summary", "-output", "json", "-kubernetes-version", f"{version}.0"]
    done = run([find("kubeconform"), *options, "-schema-location", str(place / _TEMPLATE), place / "objects"])
    wrong = {int(Path(result["filename"]).stem): result for result in _results(done, len(judged))}
    for index, result in wrong.items():
        yield from ((index, finding) for finding in _explain(result, seen[index], version))
    for index in judged:
        if index not in wrong and has_whole_float(seen[index]):
            yield from ((index, finding) for finding in _by_schema(seen[index], version))


def _as_decoded(document: Mapping[str, Any], version: str) -> Mapping[str, Any]:
    """Return an object as the API server sees it; one whose kind has no schema as it is."""
    known = complete(version, str(file_name(document)))
    seen: Mapping[str, Any] = decoded(document, known, custom=has_own_schema(document)) if known else document
    return seen


def _results(done: Finished, count: int) -> list[dict[str, Any]]:
    """Return kubeconform's results for wrong objects. Raises ToolFailed unless it judged all `count` of them."""
    try:
        answer = json.loads(done.stdout)
        results: list[dict[str, Any]] = answer["resources"]
        summary = answer["summary"]
        judged = summary["valid"] + summary["invalid"] + summary["errors"]
    except (ValueError, KeyError, TypeError):
        said = printable_lines(done.stderr or done.stdout)
        raise ToolFailed(done.command, said, "run scripts/bootstrap") from None
    if judged != count:
        raise ToolFailed(done.command, f"it judged {judged} of {count} objects", "run scripts/bootstrap")
    return results


def _explain(result: Mapping[str, Any], document: Mapping[str, Any], version: str) -> Iterator[ShapeProblem]:
    """Say what is wrong with one object."""
    known = complete(version, str(file_name(document)))
    if known is None:
        kind = f"{document['apiVersion']} {document['kind']}"
        yield (), f"is a {kind}: no schema available; not validated", "check its kind and apiVersion"
        return
    yield from _by_schema(document, version) or [((), f"kubeconform: {printable(str(result['msg']))[:_LONGEST]}", "")]


def _by_schema(document: Mapping[str, Any], version: str) -> list[ShapeProblem]:
    """Return what the schema of its kind has against an object; none for a kind that has no schema.

    For built-in kinds 1.0 is not an integer: Go's JSON decoder does not take it for one.
    """
    known = complete(version, str(file_name(document)))
    return [] if known is None else schema.findings(document, known, whole_floats=has_own_schema(document))
