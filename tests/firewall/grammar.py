"""Readers of what the command prints, none of which shares code with what writes it."""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any, NoReturn

import hcl2

DOCUMENTED: dict[str, Any] = tomllib.loads(Path(__file__).with_name("documented.toml").read_text(encoding="utf-8"))

_ESCAPE = re.compile(r'\\U([0-9a-fA-F]{8})|\\u([0-9a-fA-F]{4})|\\([nrt"\\])|\$\$\{|%%\{|\\|\$\{|%\{')


class _Refusing(argparse.ArgumentParser):
    """A parser that raises."""

    def error(self, message: str) -> NoReturn:
        raise ValueError(message)


_PROGRAMS = ("gcloud", "aws", "az", "openstack", "program")


def commands(text: str) -> list[list[str]]:
    """Return the words of each command that a shell runs: it is run, with functions for programs that say their words.

    Nothing but these functions can be run, and the shell must have nothing to say.
    """
    functions = "".join(f"{name}() {{ printf '%s\\0' $# {name} \"$@\"; }}\n" for name in _PROGRAMS)
    done = subprocess.run(["/bin/sh", "-euc", functions + text], capture_output=True, check=True, env={"PATH": ""})
    assert done.stderr == b""
    words = done.stdout.decode().split("\0")[:-1]
    found = []
    while words:
        size = int(words[0]) + 2
        found.append(words[1:size])
        words = words[size:]
    return found


def options(program: str, words: list[str]) -> dict[str, Any]:
    """Return a command's options (by name, without dashes) and positional arguments (`names`), as documented.

    Raises ValueError when the program would not take it, or when it lacks what we never leave out.
    """
    grammar = DOCUMENTED[program]
    size = len(grammar["words"])
    if words[:size] != grammar["words"]:
        raise ValueError(words[:size])
    parser = _Refusing(allow_abbrev=False, add_help=False)
    for form, settings in (("one", {}), ("many", {"nargs": "+"}), ("none", {"action": "store_true"})):
        for name in grammar.get(form, ()):
            choices = {"choices": grammar["values"][name]} if name in grammar["values"] else {}
            parser.add_argument(name, required=name in grammar["needed"], **settings, **choices)
    if grammar["positional"]:
        parser.add_argument("names", nargs=grammar["positional"])
    given = vars(parser.parse_args(words[size:]))
    return {key: value for key, value in given.items() if value not in (None, False)}


def resources(text: str) -> list[tuple[str, str, dict[str, Any]]]:
    """Return the kind, name and attributes of each resource; raises what the parser of HCL raises."""
    tree = hcl2.loads(text)
    assert set(tree) <= {"resource", "__comments__"}, tree.keys()
    return [
        (meaning(kind), meaning(name), _plain(body))
        for block in tree["resource"]
        for kind, named in block.items()
        if isinstance(named, dict)
        for name, body in named.items()
        if isinstance(body, dict)
    ]


def _plain(value: Any) -> Any:
    """Return parsed HCL without the parser's own marks, strings as what they mean."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items() if not key.startswith("__")}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return meaning(value) if isinstance(value, str) else value


def meaning(literal: str) -> str:
    """Return what a quoted template of HCL means; ValueError when it interpolates, or is none.

    Source: HCL native syntax specification, "Template Expressions".
    """
    if not re.fullmatch(r'"(?:[^"\\\n]|\\.)*"', literal):
        raise ValueError(literal)
    return _ESCAPE.sub(_one, literal[1:-1])


def _one(found: re.Match[str]) -> str:
    """Return what one escape means."""
    long, short, letter = found.groups()
    if long or short:
        return chr(int(long or short, 16))
    if letter:
        return {"n": "\n", "r": "\r", "t": "\t"}.get(letter, letter)
    if found[0] in ("$${", "%%{"):
        return found[0][1:]
    raise ValueError(f"{found[0]} interpolates, or is no escape")


def aws_parameters(words: list[str]) -> dict[str, Any]:
    """Return the parameters of a call of authorize-security-group-ingress."""
    assert words[:3] == ["aws", "ec2", "authorize-security-group-ingress"]
    parser = _Refusing(allow_abbrev=False, add_help=False)
    parser.add_argument("--region")
    parser.add_argument("--group-id", required=True)
    parser.add_argument("--ip-permissions", required=True, type=json.loads)
    given = parser.parse_args(words[3:])
    return {"GroupId": given.group_id, "IpPermissions": given.ip_permissions}
