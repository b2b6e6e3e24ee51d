"""Mutants of the chart: each rule dropped, each peer and port list of a rule removed, each selector and check broken.

Mutants of the policies are made from the templates themselves, so a new rule is mutated without being listed here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.chart.mutants_listed import HELPERS
from vcluster_isolation.helm.template import CHART

POLICIES = (
    "vcluster/control-plane.yaml",
    "vcluster/coredns.yaml",
    "vcluster/default-deny.yaml",
    "floor/floor.yaml",
    "vcluster/snapshots.yaml",
    "vcluster/workloads.yaml",
)
RULES = ("vcluster/_api-server.tpl", "vcluster/_dns.tpl")
"""Files of named templates that are rules, at no indentation."""
FLOORS = ("floor/_rules.tpl", "floor/_coredns.tpl")
SELECTORS = (
    "vcluster/_dns.tpl",
    "floor/_rules.tpl",
    "vcluster/_peers.tpl",
    "vcluster/_namespaces.tpl",
    "vcluster/control-plane.yaml",
    "vcluster/coredns.yaml",
    "floor/floor.yaml",
)
GRANTS = "../grants.yaml"
GRANT_CHANGES = (
    ("kind: (?:grant|rules)", "kind: other"),
    ("empty: refused", "empty: anyone"),
    (r"floor: \[.*\]", "floor: []"),
    (r"peers: from\b(?=[\s\S]*empty: refused)", "peers: to"),
    (r"peers: to\b(?=[\s\S]*empty: refused)", "peers: from"),
)
"""What is changed in a row of grants.yaml: what refusals go by."""
SWITCHES = r"hardened|multi-namespace|project|coredns\.embedded"
"""Named templates that are "true" or nothing, and decide on what other templates render."""

COMMENTS = r'^ *# [^\n]*\n|\{\{- define "vcluster-isolation\.webhooks" .*?(?=\{\{- define)'
"""What renders to a comment, which the API server does not see."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One changed file of the chart, and what was changed."""

    name: str
    file: str
    text: str

    def apply(self, chart: Path) -> None:
        """Write the changed file into a copy of the chart."""
        (chart / "templates" / self.file).write_text(self.text, encoding="utf-8")


def read(file: str) -> str:
    """Return the text of a template, by its path below the chart's templates."""
    return (CHART / "templates" / file).read_text(encoding="utf-8")


def changed(file: str, text: str, found: re.Match[str], new: str, what: str) -> Mutant:
    """Return the mutant with `new` in the place of what was found, named by the line and the flow."""
    before = text[: found.start()]
    flows = re.findall(r'"?flow"?:? "(.*?)"', found[0]) or re.findall(r"^ *# (.*)\n", before, re.MULTILINE)[-1:]
    flow = flows[0] if flows else ""
    name = f"{file} line {before.count(chr(10)) + 1}, {flow}: {what}"
    return Mutant(name, file, before + new + text[found.end() :])


def of_the_rules() -> Iterator[Mutant]:
    """Yield, for each rule of a policy: the rule dropped, its peers removed (everybody), its ports removed (all)."""
    for file, indent in [*((file, "    ") for file in POLICIES), *((file, "") for file in RULES)]:
        text = read(file)
        written = re.compile(rf"^{indent}- (?:to|from|ports):\n(?:{indent}  .*\n)+", re.MULTILINE)
        for found in written.finditer(text):
            yield changed(file, text, found, "", "dropped")
            for key in ("to", "from", "ports"):
                rest = without(found[0], key, indent)
                if rest != found[0]:
                    yield changed(file, text, found, rest, f"without {key}")
        yield from _included(file, text, indent)


def _included(file: str, text: str, indent: str) -> Iterator[Mutant]:
    """Yield the mutants of rules that are a named template: of a grant, also with less of the grant."""
    named = r"vcluster-isolation\.(?:rules?(?:\.[a-z-]+)?|to-yaml-without-empties)"
    line = rf'^{indent}\{{\{{- (?:with )?include "{named}" (.*?) (?:\| (?:trim|nindent)|\}}).*\n'
    for found in re.finditer(line, text, re.MULTILINE) if indent else ():
        yield changed(file, text, found, "", "dropped")
        if "rule.grant" in found[0]:
            for keys in ('"to" "from"', '"ports"'):
                less = found[0].replace(found[1], f"(omit {found[1]} {keys})")
                yield changed(file, text, found, less, f"without {keys}")


def without(block: str, key: str, indent: str) -> str:
    """Return a rule of a template with one of its keys empty, which means everybody or every port."""
    rule = re.sub(rf"^({indent}(?:- |  ){key}):\n(?:{indent}    .*\n)+", r"\1: []\n", block, flags=re.MULTILINE)
    included = rf'^{indent}  \{{\{{- (?:with )?include "vcluster-isolation\.ports\..*\n'
    return re.sub(included, "", rule, flags=re.MULTILINE) if key == "ports" else rule


def of_the_floor() -> Iterator[Mutant]:
    """Yield, for each rule of the floor's data: the rule dropped, for everybody, on all ports, of the other action."""
    for file in FLOORS:
        text = read(file)
        for found in re.finditer(r"^- (?:flow: .*\n(?:  .*\n)+|\{\{ dict .*\n)", text, re.MULTILINE):
            yield changed(file, text, found, "", "dropped")
            yield from _less(file, text, found)
        for found in re.finditer(r'append \$rules \(dict "flow".*\)(?= \}\}| \| toJson \}\})', text):
            yield changed(file, text, found, "$rules", "dropped")
            yield from _less(file, text, found)


def _less(file: str, text: str, found: re.Match[str]) -> Iterator[Mutant]:
    for key in ("peers", "ports"):
        rest = re.sub(rf'(?<=["\s]){key}(?=[":])', "unread", found[0])
        everybody = key == "peers" and "every other" in rest  # as without peers
        if rest != found[0] and not everybody:
            yield changed(file, text, found, rest, f"without {key}")
    action = {"Pass": "Deny", "Deny": "Pass"}
    yield changed(file, text, found, re.sub("Pass|Deny", lambda word: action[word[0]], found[0]), "the other action")


def of_the_policies() -> Iterator[Mutant]:
    """Yield, for each policy: its selector emptied, each of its policyTypes removed, its other namespaces left out."""
    for file in POLICIES:
        text = read(file)
        selector = re.compile(r"  podSelector:\n    matchLabels:\n(?:      .*\n)+(?:    \{\{- with include.*\n)?")
        where = re.compile(r"(?<=\$namespace := )\$resolved\.namespaces")
        for found in selector.finditer(text) if file != "floor/floor.yaml" else ():
            yield changed(file, text, found, "  podSelector: {}\n", "selects everything")
        for found in re.finditer(r"    - (?:Egress|Ingress)\n", text):
            yield changed(file, text, found, "", f"policyTypes without {found[0].strip(' -')}".strip())
        for found in where.finditer(text):
            yield changed(file, text, found, "list .Release.Namespace", "in the release's namespace only")


def of_the_selectors() -> Iterator[Mutant]:
    """Yield, for each label that a selector names: another label; and each requirement that pods are not synced gone."""
    label = r"^ +([a-z0-9./-]+): .*\n"
    for file in SELECTORS:
        text = read(file)
        for found in re.finditer(r"(?<=matchLabels:\n)(?: +[a-z0-9./-]+: .*\n| +\{\{- .*\n)+", text):
            for line in re.finditer(label, found[0], re.MULTILINE):
                new = found[0][: line.start(1)] + "x-" + found[0][line.start(1) :]
                yield changed(file, text, found, new, f"x-{line[1]}")
        for found in re.finditer(r"(?<=- key: )\S+\n", text):
            yield changed(file, text, found, f"x-{found[0]}", f"x-{found[0].strip()}")
        for found in re.finditer(r'^ +\{\{- with include "vcluster-isolation\.not-synced".*\n', text, re.MULTILINE):
            yield changed(file, text, found, "", "may be synced")


def of_the_switches() -> Iterator[Mutant]:
    """Yield, for each place where a profile or the like decides: decided one way, and the other."""
    for path in sorted((CHART / "templates").glob("*/*")):
        file = path.relative_to(CHART / "templates").as_posix()
        text = "" if file.startswith(("notes/", "test/_")) else read(file)
        comments = [found.span() for found in re.finditer(COMMENTS, text, re.DOTALL | re.MULTILINE)]
        for found in re.finditer(rf'include "vcluster-isolation\.(?:{SWITCHES})" (?:\([^()]*\)|[$.]+)', text):
            if any(first <= found.start() < last for first, last in comments):
                continue
            yield changed(file, text, found, '"true"', f"always {found[0]}")
            yield changed(file, text, found, '""', f"never {found[0]}")


def of_the_grants() -> Iterator[Mutant]:
    """Yield, for each row of grants.yaml about a vCluster: of another kind or side, without what refuses values."""
    text = read(GRANTS)
    for found in re.finditer(
        r"^  - (?:path: |\{path: ).*\n(?:    .*\n)*", text[: text.index("\nplatform:")], re.MULTILINE
    ):
        row = re.sub(r"^  - \{?path: |[,\n].*", "", found[0], flags=re.DOTALL)
        for old, new in GRANT_CHANGES:
            rest = re.sub(old, new, found[0])
            if rest != found[0]:
                yield Mutant(
                    f"grants.yaml {row}: {old} is {new}", GRANTS, text[: found.start()] + rest + text[found.end() :]
                )


def of_the_helpers() -> Iterator[Mutant]:
    """Yield the listed changes of named templates. Raises ValueError for one whose text is not there exactly once."""
    for number, (file, old, new) in enumerate(HELPERS):
        text = read(file)
        if text.count(old) != 1:
            raise ValueError(f"mutant {number}: {old!r} occurs {text.count(old)} times in {file}")
        yield Mutant(f"{file} {number}: {old.strip()!r} is now {new.strip()!r}", file, text.replace(old, new))


def made() -> list[Mutant]:
    """Return the mutants that are made from the templates."""
    return [*of_the_rules(), *of_the_floor(), *of_the_policies(), *of_the_selectors(), *of_the_switches()]


def every() -> list[Mutant]:
    """Return all mutants."""
    return [*made(), *of_the_grants(), *of_the_helpers()]
