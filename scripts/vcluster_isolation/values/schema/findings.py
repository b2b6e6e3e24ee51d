"""JSON Schema errors in the user's words: every one of them, each at the key it is about."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from jsonschema import Draft7Validator
from jsonschema.exceptions import SchemaError, ValidationError, best_match
from jsonschema.validators import extend
from referencing.exceptions import Unresolvable

from vcluster_isolation.errors import IsolationError
from vcluster_isolation.kubernetes.names import KEY_RULE
from vcluster_isolation.kubernetes.shapes import Path, ShapeProblem
from vcluster_isolation.values.schema.context import Condition, condition, description, known_paths
from vcluster_isolation.values.schema.words import WORDS, Case
from vcluster_isolation.wording import mistyped, printable, quoted

Schema = dict[str, Any]

_UNUSABLE = (SchemaError, Unresolvable, re.error, json.JSONDecodeError, RecursionError)
_EXACT = extend(  # type: ignore[no-untyped-call]
    Draft7Validator,
    type_checker=Draft7Validator.TYPE_CHECKER.redefine(
        "integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool)
    ),
)
_LONGEST = 200  # characters of a message that is not ours


def read(text: str, name: str) -> Schema:
    """Return the JSON schema in `text`, made ready for `findings`; `name` stands for it in messages.

    Raises IsolationError when it is no JSON schema.
    """
    try:
        schema = _as_python(json.loads(text))
        Draft7Validator.check_schema(schema)
    except _UNUSABLE as error:
        raise _unusable(name, error) from error
    return schema if isinstance(schema, dict) else {"allOf": [schema]}


def findings(
    value: Any, schema: Schema, name: str = "values.schema.json", *, whole_floats: bool = True
) -> list[ShapeProblem]:
    """Return everything that `schema` has against `value`: path, what is wrong, what to do; ordered by path.

    `whole_floats` says that 1.0 is an integer, as JSON Schema has it.
    Raises IsolationError when the schema refers to what is not in it; `name` stands for it in the message.
    """
    try:
        validator = Draft7Validator if whole_floats else _EXACT
        errors = list(validator(schema).iter_errors(value))
    except _UNUSABLE as error:
        raise _unusable(name, error) from error
    known = known_paths(schema)
    told = [(reason, finding) for error in errors for reason, finding in _explain(error, value, schema, known)]
    wrong = {path for reason, (path, _, _) in told if not reason.paths}
    # A rule that depends on a key says nothing while that key itself is wrong.
    found = [finding for reason, finding in told if wrong.isdisjoint(reason.paths)]
    return sorted(_once(found), key=lambda finding: _order(finding[0]))


def _unusable(name: str, error: Exception) -> IsolationError:
    """Return the error for a schema that cannot be used."""
    said = printable(str(error).partition("\n")[0])[:_LONGEST]
    return IsolationError(f"{name} cannot be used: {said}", "repair it, or use another chart")


def _as_python(node: Any) -> Any:
    r"""Return a schema whose patterns mean to Python what they mean to helm: `$` is the very end, Python's `\Z`."""
    if isinstance(node, list):
        return [_as_python(item) for item in node]
    if not isinstance(node, dict):
        return node
    copy = {key: _as_python(item) for key, item in node.items()}
    if isinstance(copy.get("pattern"), str):
        copy["pattern"] = _to_the_end(copy["pattern"])
    if isinstance(copy.get("patternProperties"), dict):
        copy["patternProperties"] = {_to_the_end(key): item for key, item in copy["patternProperties"].items()}
    if isinstance(copy.get("properties"), dict):  # jsonschema forgets where a `false` stood
        copy["properties"] = {key: {"not": {}} if item is False else item for key, item in copy["properties"].items()}
    return copy


def _to_the_end(pattern: str) -> str:
    """Translate the `$` of one pattern."""
    return re.sub(r"(?<!\\)\$", r"\\Z", pattern)


def _explain(
    error: ValidationError, value: Any, schema: Schema, known: dict[str, list[str]]
) -> Iterator[tuple[Condition, ShapeProblem]]:
    """Say what one error is about, and on what it depends.

    Where one of several schemas should have fitted, say what the nearest of them wants.
    """
    path, rules = _steps(error.absolute_path), _steps(error.absolute_schema_path)
    reason = condition(schema, rules, value, path)
    if context := _context(error):
        leaf = best_match([error])
        if all(inner.validator == "type" and not inner.relative_path for inner in context):
            yield reason, (path, *mistyped(error.instance, _types(context)))
        elif leaf is None or _context(leaf):
            yield reason, (path, f"{quoted(error.instance)} fits none of the forms that are allowed", "")
        else:
            yield from _explain(leaf, value, schema, known)
    elif "propertyNames" in rules:
        yield reason, ((*path, str(error.instance)), f"{quoted(error.instance)} is not a key", KEY_RULE)
    elif words := WORDS.get(error.validator if isinstance(error.validator, str) else None):
        node = error.schema if isinstance(error.schema, dict) else {}
        hint = description(schema, rules)
        case = Case(path, error.instance, error.validator_value, node, hint, reason.text, known)
        yield from ((reason, finding) for finding in words(case))
    else:
        yield reason, (path, printable(error.message)[:_LONGEST], "")


def _context(error: ValidationError) -> list[ValidationError]:
    """Return the errors of the schemas of which one should have fitted."""
    return list(error.context) if isinstance(error.context, list) else []


def _types(errors: Iterable[ValidationError]) -> list[str]:
    """Return all types that several `type` errors want."""
    limits: list[Any] = [error.validator_value for error in errors]
    return [kind for limit in limits for kind in ([limit] if isinstance(limit, str) else limit)]


def _steps(path: Iterable[Any]) -> Path:
    """Return a path of jsonschema as ours."""
    return tuple(path)


def _once(found: Iterable[ShapeProblem]) -> Iterator[ShapeProblem]:
    """Keep one finding of each that says the same of the same key."""
    seen: set[tuple[Path, str]] = set()
    for path, what, next_step in found:
        if (path, what) not in seen:
            seen.add((path, what))
            yield path, what, next_step


def _order(path: Path) -> list[tuple[bool, int, str]]:
    """Return what sorts paths: list entries by number, keys by name."""
    return [(isinstance(step, str), step if isinstance(step, int) else 0, str(step)) for step in path]
