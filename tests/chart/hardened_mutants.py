"""Mutants of the templates that the hardened profile renders."""

from __future__ import annotations

import re

from tests.chart import mutants


def of_the_hardened_profile() -> list[mutants.Mutant]:
    """Return the mutants of rules, peers, ports and selectors that the hardened profile has."""
    made = [*mutants.of_the_rules(), *mutants.of_the_floor(), *mutants.of_the_policies(), *mutants.of_the_selectors()]
    return [
        one
        for one in made
        if one.file not in ("platform/platform.yaml", "platform/prometheus.yaml") and not of_vcluster_only(one)
    ]


def of_vcluster_only(mutant: mutants.Mutant) -> bool:
    """Return whether a mutant is of rules that only the compatible profile has."""
    found = re.search(r" line (\d+), ", mutant.name)
    lines = mutants.read(mutant.file).splitlines()
    inside = ""
    for line in lines[: int(found[1]) - 1] if found else ():
        if re.search(r"if (\$asVCluster|not \(include \"vcluster-isolation.hardened\")", line):
            inside = line[: len(line) - len(line.lstrip())] + "{{- end }}"
        elif line == inside:
            inside = ""
    return bool(inside)
