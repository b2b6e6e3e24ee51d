"""From what a user said to rules that a provider can write, or to everything that is missing and wrong, at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from vcluster_isolation.errors import InputError, Problem
from vcluster_isolation.firewall.ends import is_wide, looks_like_range, names, one_kind_each, range_of
from vcluster_isolation.firewall.inputs import SOURCE, Given, Inputs
from vcluster_isolation.firewall.model import ProviderSettings, Rule
from vcluster_isolation.firewall.providers import PROVIDERS, SETTINGS, Provider
from vcluster_isolation.firewall.references import Reference, reference
from vcluster_isolation.firewall.rules import ENDS, PURPOSES, applying, candidates, make_rules, standing_in
from vcluster_isolation.vcluster.ports import Port
from vcluster_isolation.wording import quoted

_OR_REFERENCE = ", or a reference like var.x or cidr:var.x"
_PRIORITIES = range(100, 4097)  # of an Azure network security group


@dataclass(frozen=True, slots=True)
class Plan:
    """Rules, where they go, and what to say above them."""

    rules: tuple[Rule, ...]
    settings: ProviderSettings
    notes: tuple[str, ...]


def make_plan(provider_name: str, inputs: Inputs, ports: Sequence[Port]) -> Plan:
    """Return the rules for a provider. Raises InputError with all that is missing or that it cannot take."""
    provider = PROVIDERS[provider_name]
    inputs = _with_references(inputs) if provider.references else inputs
    purposes = inputs.purposes or tuple(applying(inputs.ends, agent_only=inputs.agent_only))
    problems = [*_wrong_settings(provider_name, inputs), *_wrong_ends(provider, inputs, purposes)]
    problems += _missing(provider, inputs, purposes)
    if problems:
        raise InputError(sorted(set(problems)))
    rules = tuple(_rules(provider, inputs, purposes, ports))
    settings = _settings(inputs)
    if problems := [*_unmatched(provider, rules), *_too_low(provider, rules, settings)]:
        raise InputError(problems)
    return Plan(rules, settings, tuple(_notes(provider, inputs, purposes, rules)))


def _with_references(inputs: Inputs) -> Inputs:
    """Return what a user said with the texts that are references to values of Terraform as such."""

    def read(given: Given) -> Given:
        return replace(given, text=reference(given.text) or given.text)

    ends = {name: tuple(map(read, each)) for name, each in inputs.ends.items()}
    return replace(inputs, ends=ends, settings={name: read(given) for name, given in inputs.settings.items()})


def _rules(provider: Provider, inputs: Inputs, purposes: Iterable[str], ports: Sequence[Port]) -> Iterator[Rule]:
    """Yield the rules for some purposes."""
    if inputs.prometheus_port:
        port = inputs.prometheus_port
        ports = [replace(row, port=port) if row.is_served_by("prometheus") else row for row in ports]
    for name in dict.fromkeys(purposes):
        purpose = PURPOSES[name]
        sources, targets = _texts(inputs, purpose.source), _texts(inputs, purpose.target)
        targets = targets if provider.range_targets else tuple(names(targets))
        yield from make_rules(purpose, sources, targets, ports)


def _texts(inputs: Inputs, end: str) -> tuple[str, ...]:
    """Return who an end is, each once, CIDRs as they would be printed."""
    given = inputs.ends.get(standing_in(end, inputs.ends), ())
    texts = (range_of(each.text) if looks_like_range(each.text) else each.text for each in given)
    return tuple({(text, looks_like_range(text)): text for text in texts}.values())


def _settings(inputs: Inputs) -> ProviderSettings:
    """Return the settings, numbers as such."""
    texts = {name: given.text for name, given in inputs.settings.items()}
    number = {"first_priority": int(texts.pop("first_priority"))} if "first_priority" in texts else {}
    return ProviderSettings(**texts, **number)  # type: ignore[arg-type]


def _wrong_settings(provider_name: str, inputs: Inputs) -> Iterator[Problem]:
    """Yield which settings are missing, of no use to the provider, or not in its form."""
    provider = PROVIDERS[provider_name]
    for name in provider.needs:
        if name not in inputs.settings:
            option, kind = f"--{name.replace('_', '-')}", SETTINGS[name]
            yield _problem(option, f"is missing: {kind.what}", f"give it, in the form {kind.example}")
    for name, given in inputs.settings.items():
        kind = SETTINGS[name]
        if name not in (*provider.needs, *provider.takes):
            yield _problem(given.where, f"is not an option of {provider_name}", "leave it out")
        elif isinstance(given.text, Reference) and given.text.kind == "name" and name != "first_priority":
            continue
        elif not kind.allows(given.text) or (name == "first_priority" and int(given.text) not in _PRIORITIES):
            may_refer = provider.references and name != "first_priority"  # rules count from it
            next_step = f"give it in the form {kind.example}{_OR_REFERENCE * may_refer}"
            yield _problem(given.where, f"{quoted(given.text)} cannot be {kind.what}", next_step)


def _wrong_ends(provider: Provider, inputs: Inputs, purposes: Iterable[str]) -> Iterator[Problem]:
    """Yield which sources and targets are in no form that the provider has."""
    for given in _used(inputs, purposes):
        if isinstance(given.text, Reference):
            continue
        if looks_like_range(given.text):
            try:
                range_of(given.text)
            except ValueError as error:
                yield _problem(given.where, f"{quoted(given.text)} {error}", "write a CIDR, such as 10.0.0.0/28")
        elif not provider.machines.allows(given.text):
            kind = provider.machines
            next_step = f"write a CIDR, or the latter in the form {kind.example}{_OR_REFERENCE * provider.references}"
            yield _problem(given.where, f"{quoted(given.text)} is neither a CIDR nor {kind.what}", next_step)


def _used(inputs: Inputs, purposes: Iterable[str]) -> list[Given]:
    """Return the sources and targets of some purposes."""
    chosen = [PURPOSES[name] for name in purposes]
    ends = {standing_in(end, inputs.ends) for each in chosen for end in (each.source, each.target)}
    return [given for end in ENDS if end in ends for given in inputs.ends.get(end, ())]


def _missing(provider: Provider, inputs: Inputs, purposes: Sequence[str]) -> Iterable[Problem]:
    """Return what is missing for some purposes, once for each end; without a purpose, for all that there could be."""
    chosen = [PURPOSES[name] for name in purposes or candidates(agent_only=inputs.agent_only)]
    missing: dict[str, Problem] = {}
    for purpose in chosen:
        if not inputs.ends.get(standing_in(purpose.source, inputs.ends)):
            next_step = f"give a CIDR or {provider.machines.what}, such as {provider.machines.example}"
            missing[purpose.source] = _problem(f"--{purpose.source}", f"is missing: {ENDS[purpose.source]}", next_step)
    for purpose in chosen:  # after the sources: a target may be less
        what = _wrong_target(provider, inputs.ends.get(standing_in(purpose.target, inputs.ends), ()))
        if what is not None:
            forms = "a CIDR or " * provider.range_targets + provider.machines.what
            next_step = f"give {forms}, such as {provider.machines.example}"
            what = f"is missing: {ENDS[purpose.target]}{what}"
            missing[purpose.target] = _problem(f"--{purpose.target}", what, next_step)
    return missing.values()


def _wrong_target(provider: Provider, given: Sequence[Given]) -> str | None:
    """Return what to add to the words for a missing target, None if it is there."""
    if not given:
        return ""
    if provider.range_targets or any(not looks_like_range(each.text) for each in given):
        return None
    return f"; a CIDR such as {quoted(given[0].text)} cannot select them"


def _unmatched(provider: Provider, rules: Iterable[Rule]) -> Iterator[Problem]:
    """Yield which sources no target has the family of, where targets are ranges."""
    for rule in rules if provider.range_targets else ():
        matched = {source for part in one_kind_each(rule) for source in part.sources}
        for source in rule.sources:
            if source not in matched:
                what = f"source {source} is of another family of addresses than all of its targets"
                yield _problem(rule.name, what, "give a target of the same family")


def _too_low(provider: Provider, rules: Iterable[Rule], settings: ProviderSettings) -> Iterator[Problem]:
    """Yield whether the last rule's priority is none."""
    if "first_priority" not in provider.takes:
        return
    last = settings.first_priority + sum(1 for rule in rules for _ in one_kind_each(rule)) - 1
    if last not in _PRIORITIES:
        yield _problem("--first-priority", f"the last rule would have {last}", f"begin {last - 4096} earlier, or more")


def _notes(provider: Provider, inputs: Inputs, purposes: Sequence[str], rules: Iterable[Rule]) -> Iterator[str]:
    """Yield what to know before the rules are used."""
    yield from provider.notes
    used = _used(inputs, purposes)
    if any(each.where == "the cluster" for each in used):
        yield "Addresses read from the cluster are those of today; nodes and API servers get others in time."
    wide = dict.fromkeys(source for rule in rules for source in rule.sources if is_wide(source))
    yield from (f"{source} is every address there is: narrow it if you can." for source in wide)
    possible = [] if inputs.purposes else candidates(agent_only=inputs.agent_only)
    left_out = [name for name in possible if name not in purposes]
    yield from (f"Left out: {name} ({PURPOSES[name].about}). Ask for it with --for {name}." for name in left_out)


def _problem(where: str, what: str, next_step: str) -> Problem:
    """Return a problem of what was given."""
    return Problem(where, what, next_step, SOURCE)
