"""Expressions `{{ }}` of another engine in the text of values: vCluster Platform's, Argo CD's, Helm's around Helm.

An expression is replaced by what it stands for where that is known. Elsewhere a word takes its place, so that the text
can be read as YAML: what it decides on is then known by the path at which the word stands. A line that is nothing but
an expression may be any part of the structure, so nothing is known about such a text. The same holds of an expression
in a comment: an engine runs it there as anywhere else, and what it prints need not stay in the comment.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

from vcluster_isolation.errors import InputError
from vcluster_isolation.helm.template import CHART
from vcluster_isolation.values.layers import chart_defaults
from vcluster_isolation.values.strict_yaml import Stream, parse_stream

Path = tuple[str | int, ...]
_Parsed = TypeVar("_Parsed")

_EXPRESSION: Final = re.compile(r"\{\{.*?\}\}")
_WITHOUT_TEXT: Final = re.compile(r"\{\{/\*(?:(?!\*/).)*\*/\}\}")
"""A comment of Go templates, on one line, that trims nothing around it (text/template, "Actions")."""

_MAY_BE_HIDDEN: Final = re.compile(r"[#%].*\{\{")
_TRIMS_A_LINE: Final = re.compile(r"^\s*(\{\{-.*?\}\})|(\{\{(?:(?!\{\{).)*-\}\})\s*$")
_REFERENCE: Final = re.compile(r"\{\{-?\s*(?P<path>\.?[A-Za-z_][\w.-]*?)\s*(?P<quote>\|\s*quote\s*)?-?\}\}", re.ASCII)

_POLICY: Final = ("policies", "networkPolicy")
_WITHOUT_EFFECT: Final[Sequence[Path]] = (
    (*_POLICY, "labels"),
    (*_POLICY, "annotations"),
    ("controlPlane", "advanced", "globalMetadata", "annotations"),
    ("external", "platform", "autoSnapshot", "schedule"),
    ("external", "platform", "autoSnapshot", "retention"),
    ("snapshots", "auto", "schedule"),
    ("snapshots", "auto", "retention"),
)
"""Values that decide on no flow: they only label or annotate policies, or say when something happens."""

_WITH_EFFECT: Final[Sequence[Path]] = (
    _POLICY,  # all of it: deprecated keys are honoured, and in no values.yaml
    ("platformNetworkPolicy",),
    ("vcluster",),
    ("integrations",),
    ("experimental",),
    ("networking",),
    ("privateNodes",),
    ("deploy",),
    ("plugin",),
    ("plugins",),
    ("snapshots",),
    ("external",),
    ("platform",),
    ("policies", "centralAdmission"),
    ("controlPlane", "backingStore"),
    ("controlPlane", "standalone"),
    ("controlPlane", "ingress"),
    ("controlPlane", "service"),
    ("controlPlane", "endpoint"),
    ("controlPlane", "serviceMonitor"),
    ("controlPlane", "coredns"),
)
"""The chart's own values, and others that need a flow or change who is who in the host cluster."""


@dataclass(frozen=True, slots=True)
class Engine:
    """Who fills in the expressions of a text, and what is known of it.

    `variables` maps paths, as an expression has them (`.Values.team`), to their values. `advice` says how a user can
    make an unknown one known.
    """

    variables: Mapping[str, Any] = field(default_factory=dict)
    advice: str = "fill it in, and read the result"

    def resolve(self, expression: str) -> str | None:
        """Return what an expression becomes in a text; None when that is not known, or is more than one line."""
        found = _REFERENCE.fullmatch(expression)
        value = self.variables.get(found["path"]) if found else None
        if found is None or value is None or isinstance(value, (dict, list)):
            return None
        text = value if isinstance(value, str) else json.dumps(value)
        text = json.dumps(text) if found["quote"] else text
        return text if text.isprintable() and "{{" not in text else None


@dataclass(frozen=True, slots=True)
class Text:
    """A text without expressions: `words` maps each word that stands for one to it.

    `lines` are the lines, counted from 1, whose expressions may be any part of the structure, and what these are: those
    that were nothing but expressions, which are comments now and whose words are in `whole`; those on which an
    expression begins that does not end there, or that trims the end of the line; and those of `with_hidden`.
    """

    text: str
    words: Mapping[str, str] = field(default_factory=dict)
    lines: Sequence[tuple[int, str]] = ()
    whole: frozenset[str] = frozenset()

    def restore(self, text: str) -> str:
        """Return a text with its expressions back in the place of their words."""
        for word, expression in self.words.items():
            text = text.replace(f"# {word}" if word in self.whole else word, expression)
        return text

    def of(self, value: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
        """Yield each path in a value at which expressions decide, in keys too, and these expressions."""
        if isinstance(value, Mapping):
            for key, below in value.items():
                yield from self._in(key, path)
                yield from self.of(below, (*path, key))
        elif isinstance(value, list):
            for index, below in enumerate(value):
                yield from self.of(below, (*path, index))
        elif isinstance(value, str):
            yield from self._in(value, path)

    def with_hidden(self, value: Any) -> Text:
        """Return this with the lines of expressions that are nowhere in `value`, which the text was read as.

        They are in comments, anchors, tags or directives. A comment of Go templates prints nothing.
        """
        texts = "\n".join(_texts(value))
        lost = [
            (word, expression)
            for word, expression in self.words.items()
            if word not in self.whole and word not in texts and not _WITHOUT_TEXT.fullmatch(expression)
        ]
        rows = self.text.split("\n") if lost else []
        known = {number for number, _ in self.lines}
        more = {
            number: expression
            for word, expression in reversed(lost)
            for number, row in enumerate(rows, 1)
            if word in row and number not in known
        }
        return replace(self, lines=sorted((*self.lines, *more.items())))

    def _in(self, text: str, path: Path) -> Iterator[tuple[Path, str]]:
        """Yield a path with each expression whose word is in a text."""
        yield from ((path, expression) for word, expression in self.words.items() if word in text)


@dataclass(slots=True)
class _Words:
    """Hands out words that are nowhere in a text."""

    prefix: str
    given: dict[str, str] = field(default_factory=dict)

    def instead(self, expression: str) -> str:
        """Return a new word for an expression."""
        word = f"{self.prefix}{len(self.given)}e"
        self.given[word] = expression
        return word


def without_expressions(text: str, engine: Engine | None = None, *, scalar: bool = False) -> Text:
    """Return a text with what its expressions stand for, or words in the place of those that nobody knows.

    No line is added or removed. An expression of several lines stays as it is, and is among `lines`. In the text of a
    `scalar` nothing is part of a structure.
    """
    known = engine or Engine()
    words = _Words("unresolved")
    while words.prefix in text:
        words.prefix += "x"

    def replaced(found: re.Match[str]) -> str:
        value = known.resolve(found[0])
        return words.instead(found[0]) if value is None else value

    kept, lines, whole = [], [], set()
    for number, line in enumerate(text.split("\n"), 1):
        content = line.strip()
        if content and not scalar and not _EXPRESSION.sub("", content).strip():
            word = words.instead(content)
            whole.add(word)
            lines.append((number, content))
            kept.append(line.replace(content, f"# {word}", 1))
            continue
        if not scalar and (found := _around(line)):
            lines.append((number, found))
        kept.append(_EXPRESSION.sub(replaced, line))
    return Text("\n".join(kept), words.given, tuple(lines), frozenset(whole))


def _around(line: str) -> str:
    """Return the expression of a line that goes on after it, or takes the break before or after it away; else empty."""
    start = _EXPRESSION.sub("", line).find("{{")
    if start >= 0:
        return line[line.rfind("{{") :].strip()
    trims = _TRIMS_A_LINE.search(line)
    return (trims[1] or trims[2]) if trims else ""


def _texts(value: Any) -> Iterator[str]:
    """Yield every text in a value, keys too; what aliases repeat only once."""
    waiting, seen = [value], set()
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, (Mapping, list, tuple)) and id(one) not in seen:
            seen.add(id(one))
            waiting += [*one, *one.values()] if isinstance(one, Mapping) else one


def parsed(text: str, parse: Callable[[str], _Parsed]) -> tuple[_Parsed, Text | None]:
    """Return what `parse` makes of a text; if that is not YAML and has expressions, of the text without them.

    Of YAML with expressions in comments, the `Text` is the text as it is, with these lines. `parse` returns mappings,
    lists, tuples and scalars. Raises InputError with what is wrong with the text as it is, if it is not YAML without
    expressions either.
    """
    try:
        value = parse(text)
    except InputError as error:
        if not _EXPRESSION.search(text):
            raise
        found = without_expressions(text)
        try:
            value = parse(found.text)
        except InputError:
            raise error from None
        return value, found.with_hidden(value)
    hidden = _hidden(text, parse) if _MAY_BE_HIDDEN.search(text) else ()
    return value, Text(text, lines=hidden) if hidden else None


def parsed_stream(text: str, name: str) -> tuple[Stream, Text | None]:
    """Return what a text of manifests or values holds, as `parsed` does; `name` stands for the file in messages."""
    known: dict[str, Stream] = {}

    def values(given: str) -> tuple[Any, ...]:
        known[given] = parse_stream(given, name)
        return known[given].values

    _, found = parsed(text, values)
    return known[text if found is None else found.text], found


def _hidden(text: str, parse: Callable[[str], Any]) -> Sequence[tuple[int, str]]:
    """Return the lines of YAML on which an expression is, or begins, that is in no value, and these expressions."""
    words = _Words("hidden")
    while words.prefix in text:
        words.prefix += "x"

    def begins(found: re.Match[str]) -> str:
        rest = text[found.start() :].partition("\n")[0]
        whole = _EXPRESSION.match(rest)
        return words.instead(whole[0] if whole else rest.strip())

    marked = Text(re.sub(r"\{\{", begins, text), words.given)
    try:
        return marked.with_hidden(parse(marked.text)).lines
    except InputError:  # a mapping is a key: then nothing tells which of them are in values
        return marked.with_hidden(None).lines


def decides_on_flows(path: Path) -> bool:
    """Return whether a value at a path, or below it, may change which flows are open or needed.

    What the chart reads is what its values.yaml declares (held by tests/chart/test_drift.py).
    """
    if any(path[: len(free)] == free for free in _WITHOUT_EFFECT):
        return False
    if any(path[: len(root)] == root[: len(path)] for root in _WITH_EFFECT):
        return True
    declared: Any = chart_defaults(CHART)
    for key in path:
        if not isinstance(declared, Mapping) or not declared:
            return True
        if key not in declared:
            return False
        declared = declared[str(key)]
    return True
