"""Mutants of the platform's templates: each rule dropped, its peers and its ports removed, each selector emptied."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.chart.mutants import Mutant, read, without

POLICIES = ("platform/platform.yaml", "platform/prometheus.yaml")
HELPERS = ("platform/_platform.tpl", "platform/_values.tpl")


def changed(file: str, text: str, found: re.Match[str], new: str, what: str) -> Mutant:
    """Return the mutant with `new` in the place of what was found."""
    line = text.count("\n", 0, found.start()) + 1
    return Mutant(f"{file} line {line}: {what}", file, text[: found.start()] + new + text[found.end() :])


def every() -> list[Mutant]:
    """Return all mutants."""
    return [*_of_written_rules(), *_of_included_rules(), *_of_helpers(), *_of_selectors()]


def _of_written_rules() -> Iterator[Mutant]:
    """Yield the mutants of the rules that stand in a policy."""
    for file in POLICIES:
        text = read(file)
        for found in re.finditer(r"^    - ports:\n(?:      .*\n)+", text, re.MULTILINE):
            yield changed(file, text, found, "", "dropped")
            for key in ("to", "from", "ports"):
                rest = without(found[0], key, "    ")
                if key == "ports":
                    rest = re.sub(r"(ports:)\n +\{\{- include .*\n", r"\1 []\n", rest)
                if rest != found[0]:
                    yield changed(file, text, found, rest, f"without {key}")


def _of_included_rules() -> Iterator[Mutant]:
    """Yield the mutants of the rules that are a named template, as a policy includes them."""
    text = read("platform/platform.yaml")
    named = r"platform\.(?:grant|rule)|rules\.resolvers|to-yaml-without-empties"
    line = rf'^    \{{\{{- (?:with )?include "vcluster-isolation\.(?:{named})" [^}}]*\}}\}}.*\n(?:    \{{\{{- \. .*\n    .* end \}}\}}\n)?'
    for found in re.finditer(line, text, re.MULTILINE):
        yield changed("platform/platform.yaml", text, found, "", "dropped")
    peers = r"\$server\)|\$values\.https?\.from\)"
    for found in re.finditer(peers, text):
        yield changed("platform/platform.yaml", text, found, "list)", f"{found[0]} for anybody")


def _of_helpers() -> Iterator[Mutant]:
    """Yield the mutants of the named templates that are rules."""
    for old, new in (
        ('(dict "to" $peers "ports" .value.ports)', '(dict "ports" .value.ports)'),
        ('"ports" .value.ports)', ")"),
        ("(eq .path (index $ 1)) .value.enabled", "(eq .path (index $ 1))"),
        (' (eq .empty "public")', " false"),
        ("{{- with .peers }}", "{{- with list }}"),
        ("{{- if has $who .dialledBy }}", "{{- if true }}"),
        ("{{- if has $end .servedBy }}", "{{- if true }}"),
        ('ternary "platform" "agent"', 'ternary "agent" "platform"'),
        ("{{- range $server.cidrs }}", "{{- range list }}"),
        ("{{- concat $peers $server.peers", "{{- concat $peers"),
        ("$values.namespace | default .Release.Namespace", ".Release.Namespace"),
    ):
        ((file, text),) = ((file, read(file)) for file in HELPERS if old in read(file))
        found = re.search(re.escape(old), text)
        assert found, old
        yield changed(file, text, found, new, f"{old} is now {new}")


def _of_selectors() -> Iterator[Mutant]:
    """Yield the mutants of what selects: a label of another name, and pods that a tenant made."""
    for file in (*POLICIES, *HELPERS):
        text = read(file)
        for found in re.finditer(r"(?<=matchLabels:\n)( +)(app|kubernetes\.io/metadata\.name): .*\n", text):
            yield changed(file, text, found, found[0].replace(found[2], f"x-{found[2]}"), f"x-{found[2]}")
        for found in re.finditer(r" *matchExpressions:\n +- key: .*\n +operator: DoesNotExist\n", text):
            yield changed(file, text, found, "", "may be synced")
    text = read("platform/platform.yaml")  # not Prometheus': without policyTypes, a policy is one of ingress
    for found in re.finditer(r"    - (?:Egress|Ingress)\n", text):
        yield changed("platform/platform.yaml", text, found, "", f"policyTypes without {found[0].strip(' -')}".strip())
