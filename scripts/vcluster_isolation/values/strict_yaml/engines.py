"""Texts that are no YAML yet: templates of another program, recognised by its marks.

A mark only counts where YAML stops to make sense, or where it would lose a value without a word: the text between
quotes may hold any of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from vcluster_isolation.errors import Problem
from vcluster_isolation.wording import quoted

_NEAR: Final = 3  # lines below a mark on which YAML may stop because of it
_SHOWN: Final = 40  # characters


@dataclass(frozen=True, slots=True)
class _Engine:
    """A program that makes YAML of a template: its name, its marks, and what to run."""

    name: str
    marks: re.Pattern[str]
    run: str
    near: int = _NEAR


_SHELL: Final = "a shell, envsubst or Terraform"
_ENGINES: Final = (
    _Engine(
        "Terraform",
        re.compile(r"%\{[-~]?\s*(?:if|else|endif|for|endfor)\b.*"),
        "terraform console, with templatefile()",
    ),
    _Engine("Jinja (Ansible, Salt)", re.compile(r"\{[%#][-+]?\s*.*"), "ansible's template module, or jinja2"),
    _Engine("ERB (Puppet, Chef)", re.compile(r"<%.*"), "erb"),
    _Engine(
        "Helm, or another program with Go templates or Jinja",
        re.compile(r"\{\{.*"),
        "helm template, helmfile template or gomplate; of Jinja, ansible",
    ),
    _Engine(_SHELL, re.compile(r"^\s*\$\{?[A-Za-z_][A-Za-z0-9_]*\}?\s*$"), "envsubst"),
    _Engine(_SHELL, re.compile(r"\$\{?[A-Za-z_][A-Za-z0-9_]*\}?.*"), "envsubst", near=0),
)
_YTT: Final = _Engine("ytt", re.compile(r"#@.*"), "ytt -f FILE")
# A value that only ytt sees, which is null to YAML, and statements between the lines.
_ONLY_YTT: Final = re.compile(r"^(?:[^#'\"]*[:-][ \t]+|[ \t]*)(?=#@[ \t])")
_QUOTED: Final = re.compile(r"\"[^\"]*\"|'[^']*'")
_COMMENT: Final = re.compile(r"(?:^|[ \t])#(?!@).*")


def explained(problems: Sequence[Problem], text: str, name: str) -> list[Problem]:
    """Return what is wrong with a text, with what a template of another program causes said as that, once a program.

    A text without problems has one all the same if it is a template of ytt, whose values are comments to YAML.
    `name` stands for the file.
    """
    lines = text.split("\n")
    found = {problem: _near(lines, problem.line) for problem in problems}
    templates = dict.fromkeys(engine for engine in found.values() if engine)
    first = {engine.name: (line, engine, mark) for line, engine, mark in sorted(templates, key=_by_line, reverse=True)}
    first |= {} if problems else {engine.name: (line, engine, mark) for line, engine, mark in _of_ytt(lines)}
    told = [_problem(line, engine, mark, name) for line, engine, mark in first.values()]
    return [*told, *(problem for problem in problems if not found[problem])]


_Found = tuple[int, _Engine, str]


def _by_line(found: _Found) -> int:
    """Return the line of a mark."""
    return found[0]


def _near(lines: Sequence[str], line: int | None) -> _Found | None:
    """Return the mark that is nearest to a line on which YAML does not make sense, on it or above."""
    if line is None:
        return None
    for number in range(line, max(0, line - _NEAR - 1), -1):
        content = _COMMENT.sub("", lines[number - 1]) if number <= len(lines) else ""
        content = content if number == line else _QUOTED.sub("", content)
        for engine in _ENGINES:
            if line - number <= engine.near and (mark := engine.marks.search(content)):
                return number, engine, mark[0]
    return None


def _of_ytt(lines: Sequence[str]) -> Iterator[_Found]:
    """Yield the first mark of ytt."""
    for number, line in enumerate(lines, start=1):
        if (begin := _ONLY_YTT.match(line)) and (mark := _YTT.marks.search(line, begin.end())):
            yield number, _YTT, mark[0]
            return


def _problem(line: int, engine: _Engine, mark: str, name: str) -> Problem:
    """Return the problem that a text is a template."""
    shown = quoted(mark.strip()[:_SHOWN])
    what = f"is a template of {engine.name} ({shown}), and becomes YAML only when that renders it"
    return Problem("", what, f"render it first ({engine.run}), and give what comes out", "yaml", name, line)
