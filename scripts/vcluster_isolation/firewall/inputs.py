"""What a user said: sources, targets and settings, from options and from values files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from vcluster_isolation.errors import InputError, Problem
from vcluster_isolation.firewall.cluster import Addresses
from vcluster_isolation.firewall.model import ProviderSettings
from vcluster_isolation.firewall.rules import ENDS, PURPOSES
from vcluster_isolation.values.layers import Layer, in_order, locate, overlay, read_layers
from vcluster_isolation.wording import dotted, mistyped, quoted, undotted

SOURCE = "firewall"
"""Who finds problems."""

_PORTS = range(1, 65536)


@dataclass(frozen=True, slots=True)
class Given:
    """A text, and how messages name the place where it was given."""

    where: str
    text: str


@dataclass(frozen=True, slots=True)
class Inputs:
    """All that was said: purposes (none: all that apply), ends by name of ENDS, settings by name of Settings."""

    purposes: tuple[str, ...]
    ends: Mapping[str, tuple[Given, ...]]
    settings: Mapping[str, Given]
    agent_only: bool = False
    prometheus_port: int | None = None

    def over(self, below: Inputs) -> Inputs:
        """Return what this and another say together: where both say something, this counts."""
        return Inputs(
            self.purposes or below.purposes,
            {**below.ends, **self.ends},
            {**below.settings, **self.settings},
            self.agent_only or below.agent_only,
            self.prometheus_port or below.prometheus_port,
        )


def from_options(
    purposes: Iterable[str], ends: Mapping[str, Iterable[str]], settings: Mapping[str, str | None], *, agent_only: bool
) -> Inputs:
    """Return what options say; those that were not given are empty or None."""
    return Inputs(
        tuple(purposes),
        {name: tuple(Given(f"--{name}", text) for text in texts) for name, texts in ends.items() if texts},
        {name: Given(_option(name), text) for name, text in settings.items() if text is not None},
        agent_only,
    )


def from_cluster(addresses: Addresses) -> Inputs:
    """Return what a cluster says of itself."""
    found = {"api-server": addresses.api_server, "nodes": addresses.nodes}
    ends = {name: tuple(Given("the cluster", text) for text in texts) for name, texts in found.items() if texts}
    return Inputs((), ends, {})


def from_values(paths: Sequence[Path]) -> Inputs:
    """Return what values files (layers, as for helm) say below `firewall` and `platformNetworkPolicy`.

    The keys of `firewall` are the options in camelCase. What policies and firewalls share is read from the
    former's values: `apiServer.cidrs`, `agentOnly`, `prometheus.port`. Raises InputError with every problem.
    """
    layers = read_layers(paths)
    values = overlay([layer.values for layer in layers])
    problems: list[Problem] = []
    reader = _Reader(values, problems)
    ends = {name: reader.texts("firewall", _camel(name)) for name in ENDS}
    ends["api-server"] = ends["api-server"] or reader.texts("platformNetworkPolicy", "apiServer", "cidrs")
    settings = {name: reader.setting(name) for name in _settings()}
    purposes = reader.texts("firewall", "for")
    agent_only = reader.one(bool, "boolean", "platformNetworkPolicy", "agentOnly")
    port = reader.one(int, "integer", "platformNetworkPolicy", "prometheus", "port")
    problems += _unknown(values.get("firewall"), purposes)
    if port is not None and port not in _PORTS:
        where = "platformNetworkPolicy.prometheus.port"
        problems.append(Problem(where, f"{port} is not a valid port number", "write 1 to 65535", SOURCE))
    if problems:
        raise InputError(in_order((_located(problem, layers) for problem in problems), layers))
    return Inputs(
        tuple(each.text for each in purposes),
        {name: given for name, given in ends.items() if given},
        {name: given for name, given in settings.items() if given},
        agent_only or False,
        port,
    )


def _located(problem: Problem, layers: Sequence[Layer]) -> Problem:
    """Return a problem with the file and line of the value that it is about."""
    file, line = locate(layers, undotted(problem.where) or ())
    return replace(problem, file=file, line=line)


def _option(name: str) -> str:
    """Return the option for a name of Settings."""
    return f"--{name.replace('_', '-')}"


def _settings() -> list[str]:
    """Return the names of Settings."""
    return [field.name for field in fields(ProviderSettings)]


def _camel(name: str) -> str:
    """Return a name as a key of values: api-server and api_server become apiServer."""
    first, *others = name.replace("_", "-").split("-")
    return first + "".join(map(str.capitalize, others))


def _unknown(firewall: Any, purposes: Iterable[Given]) -> Iterator[Problem]:
    """Yield what is wrong with the keys of `firewall`, and with what is `for`."""
    known = ["for", *map(_camel, (*ENDS, *_settings()))]
    for key in firewall if isinstance(firewall, Mapping) else ():
        if key not in known:
            next_step = f"use one of {', '.join(known)}"
            yield Problem(dotted(("firewall", key)), "is not a key of firewall", next_step, SOURCE)
    for each in purposes:
        if each.text not in PURPOSES:
            yield Problem(
                each.where, f"{quoted(each.text)} is not something to open", f"use {', '.join(PURPOSES)}", SOURCE
            )


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads values by path; what has another type than expected becomes a problem and counts as not given."""

    values: Mapping[str, Any]
    problems: list[Problem]

    def one(self, kind: type[Any], name: str, *path: str) -> Any:
        """Return the value at a path if it is there and of a kind, which JSON calls by `name`."""
        value: Any = self.values
        for depth, key in enumerate(path):
            if not isinstance(value, Mapping):
                self._mistyped(path[:depth], value, "object")
                return None
            value = value.get(key)
            if value is None:
                return None
        if isinstance(value, kind) and (kind is not int or not isinstance(value, bool)):
            return value
        self._mistyped(path, value, name)
        return None

    def setting(self, name: str) -> Given | None:
        """Return one of Settings, None if it is not given."""
        path = ("firewall", _camel(name))
        value = self.one(int, "integer", *path) if name == "first_priority" else self.one(str, "string", *path)
        return None if value is None else Given(dotted(path), str(value))

    def texts(self, *path: str) -> tuple[Given, ...]:
        """Return the text at a path, or the list of texts."""
        value = self.one(object, "array", *path)
        if isinstance(value, str):
            return (Given(dotted(path), value),)
        if value is not None and not isinstance(value, list):
            self._mistyped(path, value, "string", "array")
            return ()
        items: list[tuple[tuple[str | int, ...], Any]] = [
            ((*path, index), item) for index, item in enumerate(value or ())
        ]
        for place, item in items:
            if not isinstance(item, str):
                self._mistyped(place, item, "string")
        return tuple(Given(dotted(place), item) for place, item in items if isinstance(item, str))

    def _mistyped(self, path: Sequence[str | int], value: Any, *types: str) -> None:
        """Report a value of another type."""
        self.problems.append(Problem(dotted(path), *mistyped(value, types), SOURCE))
