"""What is wrong with manifests: kubeconform for what a schema can say, the API server's rules for the rest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from vcluster_isolation.check import api_rules, kubeconform
from vcluster_isolation.check.kubernetes_schemas import has_own_schema, is_custom
from vcluster_isolation.errors import Problem
from vcluster_isolation.kubernetes.names import name_of
from vcluster_isolation.kubernetes.shapes import Path, ShapeProblem
from vcluster_isolation.kubernetes.twins import Standing, key_of, rendered_twice, source_of, twins
from vcluster_isolation.netpol.parse.parse import is_read, parse_cluster
from vcluster_isolation.netpol.policy_kinds import MEANINGS
from vcluster_isolation.netpol.unevaluated import unevaluated
from vcluster_isolation.values import strict_yaml
from vcluster_isolation.values.strict_yaml import json_text, line_of
from vcluster_isolation.wording import dotted


@dataclass(frozen=True, slots=True)
class JudgedManifests:
    """The verdict on a stream of manifests: problems, warnings, every object's name, and where it stands."""

    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    objects: tuple[str, ...]
    standing: tuple[Standing, ...]


@dataclass(frozen=True, slots=True)
class _Object:
    """One object and where it stands: the number of its document, and its path there (inside a List)."""

    value: dict[str, Any]
    document: int
    path: Path


@dataclass(frozen=True, slots=True)
class _Stream:
    """Where objects stand: the text, the file's name (None for text that is in no file), and their namespace."""

    text: str
    file: str | None
    namespace: str

    def place(self, found: _Object, path: Path = ()) -> tuple[str | None, int | None]:
        """Return file and line of a path in an object, both None for text that is in no file."""
        if self.file is None:
            return None, None
        return self.file, line_of(self.text, (*found.path, *path), found.document)


def judge(
    given: strict_yaml.Stream,
    against: Sequence[str] = (),
    *,
    in_file: bool = True,
    namespace: str = "default",
    but: frozenset[int] = frozenset(),
) -> JudgedManifests:
    """Judge manifests for the Kubernetes versions `against` (see kubeconform.findings).

    Problems name file and line unless `in_file` is false, for text that is in no file.
    `namespace` is where objects go that name none. The documents `but` are left out, by their numbers. That a custom
    resource was not validated is a warning, and so is a policy that is not evaluated. Raises nothing.
    """
    stream = _Stream(given.text, given.name if in_file else None, namespace)
    written = json_text.value_of(given.text)
    objects = [
        item
        for index, value in enumerate(given.values)
        if index not in but
        for item in _objects(_with_floats(value, written), index)
    ]
    problems: list[Problem] = []
    warnings: list[Problem] = []
    schemas = kubeconform.findings([item.value for item in objects], against)
    for found, by_schema in zip(objects, schemas, strict=True):
        by_rule = api_rules.findings(found.value)
        said = {path for path, _, _ in by_rule}
        rest = [finding for finding in by_schema if finding[0] not in said]
        problems += _problems(found, by_rule, "api", stream)
        told = warnings if is_custom(found.value) else problems
        told += _problems(found, rest, "kubeconform", stream)
        if not by_rule and not rest:
            problems += _unreadable(found, stream)
        warnings += _problems(found, api_rules.ineffective(found.value), "api", stream)
        warnings += _problems(found, tuple(_not_evaluated(found.value)), "api", stream)
    problems += _twins(objects, stream, [document.line for document in given.documents])
    names = tuple(name_of(item.value) for item in objects)
    return JudgedManifests(tuple(problems), tuple(warnings), names, tuple(_standing(objects, names, stream)))


def _standing(objects: Sequence[_Object], names: Sequence[str], stream: _Stream) -> Iterator[Standing]:
    """Yield where each object stands."""
    for found, name in zip(objects, names, strict=True):
        yield Standing(key_of(found.value, stream.namespace), name, *stream.place(found))


def _objects(document: dict[str, Any], index: int) -> Iterator[_Object]:
    """Yield the object that a document holds, or the entries of a List, or of a list of one kind, as a PodList.

    What an entry of a list of one kind does not say of itself, its kind, the list says.
    """
    items, kind = document.get("items"), document.get("kind")
    if not isinstance(kind, str) or not kind.endswith("List") or not isinstance(items, list):
        yield _Object(document, index, ())
        return
    own = kind.removesuffix("List")
    implied = {"apiVersion": document.get("apiVersion"), "kind": own} if own else {}
    for number, item in enumerate(items):
        yield _Object({**implied, **item} if isinstance(item, dict) else {}, index, ("items", number))


def _not_evaluated(value: dict[str, Any]) -> Iterator[ShapeProblem]:
    """Yield what is to say of a policy that the commands about flows do not evaluate."""
    if all(isinstance(value.get(key), str) for key in ("apiVersion", "kind")) and not is_read(value):
        policy = unevaluated(value, "default")
        if policy and policy.changes:
            next_step = "prove, audit, connectivity, diff and explain call undecided what it could change"
            yield (), f"is not evaluated: it {MEANINGS[policy.effect]}", next_step


def _with_floats(value: Any, written: Any) -> Any:
    """Return a value with the numbers that JSON writes like 1.0: YAML reads a whole number there.

    Not in custom resources, where the API server takes them for whole numbers, too.
    """
    if isinstance(value, dict) and isinstance(written, dict):
        if has_own_schema(value):
            return value
        return {key: _with_floats(inner, written.get(key)) for key, inner in value.items()}
    if isinstance(value, list) and isinstance(written, list):
        return [_with_floats(*pair) for pair in zip(value, written, strict=True)]
    return written if isinstance(value, int) and isinstance(written, float) else value


def _problems(found: _Object, findings: Sequence[ShapeProblem], source: str, stream: _Stream) -> Iterator[Problem]:
    """Yield findings as problems of their object, with file and line if it is in a file."""
    for path, what, next_step in findings:
        where = f"{name_of(found.value)} {dotted(path)}".strip()
        yield Problem(where, what, next_step, source, *stream.place(found, path))


def _unreadable(found: _Object, stream: _Stream) -> Iterator[Problem]:
    """Yield what `prove` and its like would refuse in an object that is right to everybody else.

    They want names, where the API server takes a generateName as well: that is not wrong.
    """
    if key_of(found.value, stream.namespace) is None:
        return
    for problem in parse_cluster([found.value], home=stream.namespace).problems:
        yield replace(problem, file=stream.place(found)[0], line=stream.place(found)[1])


def _twins(objects: Sequence[_Object], stream: _Stream, lines: Sequence[int]) -> Iterator[Problem]:
    """Yield each object that is a second one of its name; `lines` are those where documents begin."""
    values = [item.value for item in objects]
    names = [name_of(value) for value in values]
    if stream.file is None:
        sources = [source_of(stream.text, lines[item.document]) for item in objects]
        yield from rendered_twice(values, names, sources, stream.namespace)
        return
    for index, first in twins(values, stream.namespace):
        what = f"is defined twice, here and on line {stream.place(objects[first])[1]}, and only the last one counts"
        yield Problem(names[index], what, "keep one of them", "api", *stream.place(objects[index]))
