"""The layers of one release: values at their places in an object, with what nobody resolved."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from vcluster_isolation.errors import InputError, Problem
from vcluster_isolation.values.delivery.expressions import Engine, Text, decides_on_flows, parsed, without_expressions
from vcluster_isolation.values.delivery.nodes import place_of
from vcluster_isolation.values.delivery.set_values import path_of, put, value_of
from vcluster_isolation.values.delivery.sites import (
    Path,
    Site,
    each,
)
from vcluster_isolation.values.layers import Layer, locate, overlay
from vcluster_isolation.values.paths import at_path
from vcluster_isolation.values.strict_yaml import Stream, line_of, parse_mapping
from vcluster_isolation.wording import dotted, quoted

SOURCE: Final = "values"
"""Who finds problems."""


@dataclass(frozen=True, slots=True)
class Source:
    """An object that holds releases: its file's name and text, and where it is there.

    `document` is None where lines are not known, `outer` has the expressions that were taken out of the text.
    """

    name: str
    text: str
    document: int | None
    above: Path
    item: Mapping[str, Any]
    outer: Text | None = None

    def line(self, path: Path) -> int | None:
        """Return the line of what is at a path of the object."""
        return None if self.document is None else line_of(self.text, (*self.above, *path), self.document)

    def restore(self, text: str) -> str:
        """Return a text with the expressions that were taken out of it."""
        return text if self.outer is None else self.outer.restore(text)


@dataclass(slots=True)
class Content:
    """The layers of a release, what was not resolved, and the words that stand for it.

    `remarks` are about what was not resolved and decides on no flow. That is known of the values of a vCluster
    (`known`); of those of an umbrella, flows may depend on anything.
    """

    known: bool = True

    layers: list[Layer] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    remarks: list[Problem] = field(default_factory=list)
    words: set[str] = field(default_factory=set)


def content_of(site: Site, source: Source, *, known: bool = True) -> Content:
    """Return the values of a release. What is not YAML, or not resolved, is among the problems."""
    content = Content(known)
    for path in site.values:
        value = at_path(source.item, path)
        try:
            if isinstance(value, str):
                content.layers.append(_of_text(value, path, site, source, content))
            elif isinstance(value, Mapping):
                content.layers.append(_of_mapping(value, path, site, source, content))
            else:
                content.problems.append(_problem(path, "holds no values", "write a mapping, or a text", source))
        except InputError as error:
            content.problems += error.problems
    if site.parameters:
        _add_parameters(site.parameters, site, source, content)
    for one in site.elsewhere:
        what = f"{site.title} also uses {one.what}: not resolved"
        content.problems.append(_problem(one.path, what, one.next_step, source))
    _add_lines(site, source, content)
    return content


def _add_lines(site: Site, source: Source, content: Content) -> None:
    """Add the lines of an object, outside of values that are a text, that are nothing but an expression.

    They may be anything, values too. Around a whole document they only decide whether and how often it is there.
    """
    if source.outer is None or source.document is None:
        return
    whole, after = (place_of(source.text, number, ()) for number in (source.document, source.document + 1))
    if whole is None:
        return
    written = source.text.split("\n")
    blocks = [place_of(source.text, source.document, (*source.above, *path)) for path in site.values]
    texts = [block for block in blocks if block is not None and not block.block]
    for number, expression in source.outer.lines:
        below = whole.end < number and (after is None or number <= after.first) and written[number - 1].startswith(" ")
        inside = whole.first < number <= whole.end or below
        if inside and not any(text.first < number <= text.end for text in texts):
            what = f"{expression} decides on the lines around it, and is not resolved"
            content.problems.append(Problem("", what, Engine().advice, SOURCE, source.name, number))


_SPEAKS_OF_A_VALUE: Final = re.compile(r"\{\{ *\.[A-Za-z][A-Za-z0-9_.]* *\}\}")


def of_plain(stream: Stream, outer: Text | None, *, known: bool = True) -> Content:
    """Return the values of a plain values file; `outer` has the expressions that were taken out of its text.

    Helm fills in no values file, so a comment that only speaks of a value (`{{ .Values.team }}`), as those of this
    chart's values.yaml do, decides on nothing in one that is YAML as it is. Raises
    InputError for what is no values file.
    """
    content = Content(known)
    content.layers.append(Layer(stream.name, stream.text, stream.mapping()))
    if outer is not None:
        if not outer.words:
            outer = replace(outer, lines=[one for one in outer.lines if not _SPEAKS_OF_A_VALUE.fullmatch(one[1])])
        _add_unresolved(outer, content.layers[0], Engine().advice, content)
    return content


def _of_text(value: str, path: Path, site: Site, source: Source, content: Content) -> Layer:
    """Return the layer that a text is. Of a literal block, empty lines above it let messages count the file's lines."""
    raw = source.restore(value)
    place = None if source.document is None else place_of(source.text, source.document, (*source.above, *path))
    known = place is not None and place.first and not place.borrowed
    text = "\n" * place.first + raw if place is not None and known else raw
    line = None if known else source.line(path)
    engine = site.engine if site.engine is not None or source.outer is None else Engine()
    try:
        filled, words = _filled(text, source.name, engine)
    except InputError as error:
        raise InputError([problem if known else replace(problem, line=line) for problem in error.problems]) from error
    layer = Layer(source.name, filled, parse_mapping(filled, source.name), None if known else lambda _: line)
    if words is not None:
        _add_unresolved(words, layer, (engine or Engine()).advice, content)
    return layer


def _filled(text: str, name: str, engine: Engine | None) -> tuple[str, Text | None]:
    """Return a text with its expressions filled in; without an engine they are the chart's, if it is YAML with them."""
    if engine is not None:
        without = without_expressions(text, engine)
        return without.text, without.with_hidden(parse_mapping(without.text, name))
    _, found = parsed(text, lambda one: parse_mapping(one, name))
    return (text if found is None else found.text), found


def _of_mapping(value: Mapping[str, Any], path: Path, site: Site, source: Source, content: Content) -> Layer:
    """Return the layer that a mapping is."""
    whole = source.restore(json.dumps(value, ensure_ascii=False))
    engine = site.engine if site.engine is not None or source.outer is None else Engine()
    values = dict(value)
    layer = Layer(source.name, "", {}, lambda below: source.line((*path, *below)))
    if engine is not None and "{{" in whole:
        values = _Filling(engine, layer, source, content).of(value, ())
    return replace(layer, text=json.dumps(values, ensure_ascii=True), values=values)


@dataclass(frozen=True, slots=True)
class _Filling:
    """Fills in the expressions in the texts of a mapping; what is not resolved becomes a problem."""

    engine: Engine
    layer: Layer
    source: Source
    content: Content

    def of(self, value: Any, path: Path) -> Any:
        """Return a value with its expressions filled in, those in keys too."""
        if isinstance(value, Mapping):
            return {self.of(key, path): self.of(below, (*path, key)) for key, below in value.items()}
        if isinstance(value, list):
            return [self.of(below, (*path, index)) for index, below in enumerate(value)]
        return self._text(value, path) if isinstance(value, str) else value

    def _text(self, value: str, path: Path) -> str:
        """Return a text with its expressions filled in."""
        found = without_expressions(self.source.restore(value), self.engine, scalar=True)
        self.content.words |= set(found.words)
        for expression in found.words.values():
            _add_expression(path, expression, self.layer, self.engine.advice, self.content)
        return found.text


def _add_parameters(path: Path, site: Site, source: Source, content: Content) -> None:
    """Lay single values over the layers, as `helm --set` does."""
    lower = tuple(content.layers)
    below = overlay([layer.values for layer in lower])
    merged, given = copy.deepcopy(below), []
    for place, parameter in each(source.item, path):
        name, value = parameter.get("name"), parameter.get("value")
        steps = path_of(name) if isinstance(name, str) else None
        filled = (
            without_expressions(source.restore(value), site.engine, scalar=True) if isinstance(value, str) else None
        )
        content.words |= set(filled.words) if filled else set()
        string = bool(parameter.get("forceString"))
        new = value_of(filled.text if filled else value, string=string)
        if steps is None or not put(merged, steps, new):
            content.problems.append(_problem(place, f"{quoted(name)} is not resolved", "write it as values", source))
            continue
        given.append((steps, place))
        for expression in filled.words.values() if filled is not None else ():
            here = Layer(source.name, "", {}, lambda _, place=place: source.line(place))  # type: ignore[misc]
            _add_expression(steps, expression, here, (site.engine or Engine()).advice, content)
    tops: dict[str, Any] = {str(steps[0]): merged[str(steps[0])] for steps, _ in given}

    def line(wanted: tuple[str | int, ...]) -> int | None:
        near = [place for steps, place in given if steps[: len(wanted)] == wanted or wanted[: len(steps)] == steps]
        return source.line(near[-1]) if near else locate(lower, wanted)[1]

    if tops:
        content.layers.append(Layer(source.name, json.dumps(tops), tops, line))


def _add_unresolved(text: Text, layer: Layer, advice: str, content: Content) -> None:
    """Add what the expressions decide on that are left in a layer's text."""
    content.words |= set(text.words)
    for number, expression in text.lines:
        what = f"{expression} decides on the lines around it, and is not resolved"
        line = number if layer.place is None else layer.line(())
        content.problems.append(Problem("", what, advice, SOURCE, layer.name, line))
    for path, expression in text.of(layer.values):
        _add_expression(path, expression, layer, advice, content)


def _add_expression(path: Path, expression: str, layer: Layer, advice: str, content: Content) -> None:
    """Add a problem with an expression that may decide on flows, or a remark about one that does not."""
    decides = not content.known or decides_on_flows(path)
    what = f"{expression} is not resolved, and may decide on flows"
    what = what if decides else f"{expression} is not resolved; no flow depends on it"
    found = content.problems if decides else content.remarks
    found.append(Problem(dotted(path), what, advice if decides else "", SOURCE, layer.name, layer.line(path)))


def _problem(path: Sequence[str | int], what: str, next_step: str, source: Source) -> Problem:
    """Return a problem with what is at a path of an object."""
    return Problem(dotted(path), what, next_step, SOURCE, source.name, source.line(tuple(path)))
