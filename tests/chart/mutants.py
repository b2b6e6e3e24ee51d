"""Mutants of the chart: each rule dropped, each peer and port list of a rule removed, each selector and check broken.

Mutants of the policies are made from the templates themselves, so a new rule is mutated without being listed here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vcluster_isolation.helm import CHART

POLICIES = ("control-plane.yaml", "coredns.yaml", "snapshots.yaml", "workloads.yaml")


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
    """Return the text of a template."""
    return (CHART / "templates" / file).read_text(encoding="utf-8")


def of_the_rules() -> Iterator[Mutant]:
    """Yield, for each rule in a policy: the rule dropped, its peers removed (everybody), its ports removed (all)."""
    for file in POLICIES:
        text = read(file)
        for block in re.finditer(
            r"^    # (.*)\n(?:(?!    #|  ingress:|(?:    )?\{\{- (?:end|if|with)).*\n)+", text, re.MULTILINE
        ):
            flow = f"{file} line {text.count(chr(10), 0, block.start()) + 1}, {block[1]}"
            before, after = text[: block.start()], text[block.end() :]
            yield Mutant(f"{flow}: dropped", file, before + after)
            for key in ("to", "from", "ports"):
                if f" {key}:\n" in block[0]:
                    yield Mutant(f"{flow}: without {key}", file, before + without(block[0], key) + after)


def without(block: str, key: str) -> str:
    """Return a rule of a template without one of its keys; an empty rule when it was the only one."""
    comment, rule = block.split("\n", 1)
    rule = re.sub(rf"^(    - |      ){key}:\n(?:        .*\n)+", "", rule, flags=re.MULTILINE)
    if "    - " not in rule:
        rule = rule.replace("      ", "    - ", 1) if re.match(r"      \w", rule) else "    - {}\n" + rule
    return f"{comment}\n{rule}"


def of_the_policies() -> Iterator[Mutant]:
    """Yield, for each policy: its selector emptied, and each of its policyTypes removed."""
    for file in POLICIES:
        text = read(file)
        selector = re.compile(r"  podSelector:\n    matchLabels:\n(?:      .*\n)+")
        yield Mutant(f"{file}: selects everything", file, selector.sub("  podSelector: {}\n", text, count=1))
        for kind in ("Egress", "Ingress"):
            yield Mutant(f"{file}: policyTypes without {kind}", file, text.replace(f"    - {kind}\n", ""))


def of_the_helpers() -> Iterator[Mutant]:
    """Yield the listed changes of named templates. Raises ValueError for one whose text is not there exactly once."""
    for number, (file, old, new) in enumerate(HELPERS):
        text = read(file)
        if text.count(old) != 1:
            raise ValueError(f"mutant {number}: {old!r} occurs {text.count(old)} times in {file}")
        yield Mutant(f"{file} {number}: {old.strip()!r} is now {new.strip()!r}", file, text.replace(old, new))


# Who a peer is, which ports a rule has, what is checked: file, text that occurs once, text in its place.
HELPERS = [
    ("_peers.tpl", "    matchLabels:\n      release: {{", "    matchLabels:\n      app: {{"),
    ("_peers.tpl", "      vcluster.loft.sh/managed-by: {{ include", "      vcluster.loft.sh/namespace: {{ include"),
    ("_peers.tpl", "      app: vcluster-snapshot", "      app: snapshot"),
    (
        "_peers.tpl",
        "- namespaceSelector: {}\n  podSelector:\n    matchLabels:\n      app: loft",
        "- namespaceSelector: {}",
    ),
    (
        "_peers.tpl",
        "- namespaceSelector: {}\n  podSelector:\n    matchLabels:\n      app: loft",
        "- podSelector:\n    matchLabels:\n      app: loft",
    ),
    ("_peers.tpl", "  podSelector:\n    matchLabels:\n      k8s-app: kube-dns", "  podSelector: {}"),
    (
        "_peers.tpl",
        "- namespaceSelector:\n    matchLabels:\n      kubernetes.io/metadata.name: kube-system",
        "- namespaceSelector: {}",
    ),
    ("_peers.tpl", "    except:\n      {{- toYaml . | nindent 6 }}\n", ""),
    ("_peers.tpl", '{{- if include "vcluster-isolation.cidr.inside" (list (include', "{{- if print (list (include"),
    ("_peers.tpl", "{{- $except = append $except $entry }}", "{{- $except = list $entry }}"),
    ("_rules.tpl", "- port: 1053\n  protocol: UDP\n", ""),
    ("_rules.tpl", "- port: 1053\n  protocol: TCP\n", ""),
    ("_rules.tpl", "- port: 8443\n  protocol: TCP\n{{- end }}", "- protocol: TCP\n{{- end }}"),
    ("_rules.tpl", "    - port: 443\n      protocol: TCP\n", ""),
    ("_rules.tpl", "    - port: 8443\n      protocol: TCP\n", ""),
    ("_rules.tpl", "    - port: 6443\n      protocol: TCP\n", "    - protocol: TCP\n"),
    ("_rules.tpl", '(has $key (list "podSelector" "namespaceSelector"))', '(has $key (list "podSelector"))'),
    (
        "_rules.tpl",
        '(has $key (list "podSelector" "namespaceSelector"))',
        '(has $key (list "podSelector" "namespaceSelector" "except"))',
    ),
    ("_helpers.tpl", "{{- if (((.Values).policies).networkPolicy).enabled }}true{{ end }}", "true"),
    ("_helpers.tpl", "(not ((.Values).privateNodes).enabled)", "true"),
    ("_helpers.tpl", "| or $coredns.embedded", ""),
    ("_helpers.tpl", '(hasKey $coredns "enabled") (not $coredns.enabled)', "false"),
    ("_helpers.tpl", "((.Values).vcluster).name | default .Release.Name", ".Release.Name"),
    ("_helpers.tpl", "  release: {{ include", "  releases: {{ include"),
    (
        "_helpers.tpl",
        'omit (include "vcluster-isolation.labels" . | fromJson) "app"',
        'omit (include "vcluster-isolation.labels" . | fromJson)',
    ),
    (
        "_helpers.tpl",
        "{{ $key | quote }}: {{ $value | quote }}\n  {{- end }}\n{{- with",
        "{{ $key | quote }}: {{ $value }}\n  {{- end }}\n{{- with",
    ),
    (
        "_helpers.tpl",
        "{{- $_ := set $annotations $key $text }}",
        "{{- $_ := set $annotations $key (get $annotations $key | default $text) }}",
    ),
    ("_helpers.tpl", '{{- if not (include "vcluster-isolation.hook" $key) }}', "{{- if true }}"),
    ("_helpers.tpl", "^(helm\\\\.sh|argocd\\\\.argoproj\\\\.io)/hook", "^helm\\\\.sh/hook"),
    ("_helpers.tpl", "^(helm\\\\.sh|argocd\\\\.argoproj\\\\.io)/hook", "^argocd\\\\.argoproj\\\\.io/hook"),
    ("_deprecated.tpl", "{{- $merged := deepCopy $below }}", "{{- $merged := dict }}"),
    ("_deprecated.tpl", "{{- if $others }}{{ .Files.Get", "{{- if false }}{{ .Files.Get"),
    ("_deprecated.tpl", '{{- include "vcluster-isolation.put" (list $values .to $found.value) }}', ""),
    ("_cidr.tpl", "(ge $octet 0)", "true"),
    ("_cidr.tpl", "(eq . (toString $octet)) ", ""),
    ("_cidr.tpl", '{{- else if contains "1" (substr $prefix (len $bits) $bits) }}', "{{- else if false }}"),
    (
        "_cidr.tpl",
        '{{- else if hasPrefix (print (repeat 80 "0") (repeat 16 "1")) $bits | and (eq (len $bits) 128) }}',
        "{{- else if false }}",
    ),
    ("_cidr.tpl", "(eq (len $inner.bits) (len $outer.bits)) ", ""),
    ("_cidr.tpl", "(gt $inner.prefix $outer.prefix) ", ""),
    ("_cidr.tpl", " (hasPrefix $outer.network $inner.network)", ""),
    ("_cidr.tpl", "(le (len $halves) 2) ", ""),
    *(
        ("_validate.tpl", f'"{family}" ', "")
        for family in ("name", "switches", "metadata", "deprecated", "fallback-dns", "public-egress", "rules")
    ),
    ("_validate.tpl", "{{- if lt (int $port.endPort) (int $port.port) }}", "{{- if false }}"),
    ("_validate.tpl", "{{- else if $found.problem }}", "{{- else if false }}"),
    ("_validate.tpl", "{{- if gt (len $value) 63 }}", "{{- if gt (len $value) 64 }}"),
    ("_validate.tpl", '"extraControlPlaneRules" ', ""),
    ("_validate.tpl", '"controlPlane.egress" ', ""),
    ("_references.tpl", '(contains "{{" $value)', "false"),
    ("_references.tpl", '(eq $value "")', "false"),
    ("_references.tpl", '{{- if contains "{{" $literal }}', "{{- if false }}"),
    ("_references.tpl", "(gt (float64 $found.value) 9007199254740991.0)", "false"),
    ("_references.tpl", "(lt (float64 $found.value) -9007199254740991.0)", "false"),
    ("_references.tpl", "| trunc 80 }}", "}}"),
    ("_validate.tpl", "{{- gt (len .) 80 |", "{{- gt (len .) 81 |"),
    ("_validate.tpl", "{{- gt (len .) 80 |", "{{- gt (len .) 79 |"),
    ("_validate.tpl", "{{- if gt $size 262144 }}", "{{- if gt $size 262145 }}"),
    ("_validate.tpl", '{{- else if include "vcluster-isolation.hook" $key }}', "{{- else if false }}"),
    *(
        ("_validate.tpl", f'"{switch}"', '"platform.enabled"')
        for switch in ("enabled", "controlPlane.apiAccess.enabled", "workload.publicEgress.enabled")
    ),
    ("_notes.tpl", '(eq (contains ":" $cidr) (contains ":" $range)) ', ""),
    ("_notes.tpl", "(hasPrefix $outer $overlap) ", ""),
    ("_notes.tpl", " (hasPrefix $inner $overlap)", ""),
    ("_notes.tpl", "{{- $overlap := gt (len $outer)", "{{- $overlap := lt (len $outer)"),
    ("_notes.tpl", "{{ $open = false }}", ""),
    ("_notes.tpl", "{{- if not $possible -}}", "{{- if false -}}"),
    ("_notes.tpl", "{{ if not (get . $key) }}", "{{ if true }}"),
    ("_notes.tpl", '(list "" .Release.Namespace)', '(list "")'),
    ("_notes.tpl", ".controlPlane.apiAccess.enabled }}", ".platform.enabled }}"),
]


def every() -> list[Mutant]:
    """Return all mutants."""
    return [*of_the_rules(), *of_the_policies(), *of_the_helpers()]
