"""What is wrong with manifests: kubeconform for what a schema can say, the API server's rules for the rest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from vcluster_isolation.checks import api_rules, kubeconform
from vcluster_isolation.checks.kubernetes_schemas import is_custom
from vcluster_isolation.checks.shapes import Finding, Path
from vcluster_isolation.errors import Problem
from vcluster_isolation.netpol.policy_kinds import MEANINGS
from vcluster_isolation.netpol.unevaluated import unevaluated
from vcluster_isolation.reach.parse import is_read
from vcluster_isolation.strict_yaml import line_of, parse_documents
from vcluster_isolation.wording import dotted


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdict on a stream of manifests: problems, warnings, and every object's name."""

    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    objects: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Object:
    """One object and where it stands: the number of its document, and its path there (inside a List)."""

    value: dict[str, Any]
    document: int
    path: Path


def judge(
    text: str, name: str, against: Sequence[str] = (), *, in_file: bool = True, but: frozenset[int] = frozenset()
) -> Judged:
    """Judge the manifests in `text` for the Kubernetes versions `against` (see kubeconform.findings).

    The documents `but` are left out, by their numbers. `name` is the file's; problems name file and line unless
    `in_file` is false, for text that is in no file. That a custom resource was not validated is a warning, and so is a
    policy that is not evaluated. Raises InputError when the text is no YAML.
    """
    numbered = [pair for pair in enumerate(parse_documents(text, name)) if pair[0] not in but]
    objects = [found for index, document in numbered for found in _objects(document.value, index)]
    schemas = kubeconform.findings([found.value for found in objects], against)
    problems: list[Problem] = []
    warnings: list[Problem] = []
    for found, by_schema in zip(objects, schemas, strict=True):
        by_rule = api_rules.findings(found.value)
        said = {path for path, _, _ in by_rule}
        rest = [finding for finding in by_schema if finding[0] not in said]
        place = (text, name) if in_file else None
        problems += _problems(found, by_rule, "api", place)
        told = warnings if is_custom(found.value) else problems
        told += _problems(found, rest, "kubeconform", place)
        warnings += _problems(found, api_rules.ineffective(found.value), "api", place)
        warnings += _problems(found, tuple(_not_evaluated(found.value)), "api", place)
    names = tuple(api_rules.name_of(found.value) for found in objects)
    return Judged(tuple(problems), tuple(warnings), names)


def _objects(document: dict[str, Any], index: int) -> Iterator[_Object]:
    """Yield the object that a document holds, or the entries of a List."""
    items = document.get("items")
    if document.get("kind") != "List" or not isinstance(items, list):
        yield _Object(document, index, ())
        return
    for number, item in enumerate(items):
        yield _Object(item if isinstance(item, dict) else {}, index, ("items", number))


def _not_evaluated(value: dict[str, Any]) -> Iterator[Finding]:
    """Yield what is to say of a policy that the commands about flows do not evaluate."""
    if all(isinstance(value.get(key), str) for key in ("apiVersion", "kind")) and not is_read(value):
        policy = unevaluated(value, "default")
        if policy and policy.changes:
            next_step = "prove, audit, connectivity, diff and explain call undecided what it could change"
            yield (), f"is not evaluated: it {MEANINGS[policy.effect]}", next_step


def _problems(
    found: _Object, findings: Sequence[Finding], source: str, place: tuple[str, str] | None
) -> Iterator[Problem]:
    """Yield findings as problems of their object, with file and line if `place` gives text and name."""
    for path, what, next_step in findings:
        where = f"{api_rules.name_of(found.value)} {dotted(path)}".strip()
        file, line = (place[1], line_of(place[0], (*found.path, *path), found.document)) if place else (None, None)
        yield Problem(where, what, next_step, source, file, line)
