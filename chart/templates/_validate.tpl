{{/*
Everything that the API server would refuse and that values.schema.json cannot say, refused here: all of it at once,
each problem as one line `path: what is wrong; what to do`. Texts of users are quoted with %q, so that none breaks out.
They come on top of values.schema.json and do not say again what it says, but for the switches: with the schema skipped,
a text "false" would switch something on.
*/}}
{{- define "vcluster-isolation.validate" -}}
{{- $problems := list }}
{{- range list "name" "switches" "metadata" "deprecated" "fallback-dns" "public-egress" "rules" }}
{{- $found := include (print "vcluster-isolation.problems." .) $ | trim }}
{{- if $found }}{{ $problems = concat $problems (regexSplit "\n+" $found -1) }}{{ end }}
{{- end }}
{{- if $problems }}
{{- fail (printf "\n\nvcluster-isolation refuses these values:\n  - %s\n" (join "\n  - " $problems)) }}
{{- end }}
{{- end }}

{{- define "vcluster-isolation.problems.name" -}}
{{- $name := include "vcluster-isolation.name" . }}
{{- $path := ((.Values).vcluster).name | empty | ternary "the release name" "vcluster.name" }}
{{- if not (regexMatch "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$" $name) }}
{{ $path }}: {{ include "vcluster-isolation.quoted" $name }} is not a name for a release; use lower-case letters, digits, '-' and '.'
{{- else if gt (len $name) 53 }}
{{ $path }}: {{ include "vcluster-isolation.quoted" $name }} has {{ len $name }} characters; a release name, and with it the labels that selectors match, has at most 53
{{- end }}
{{- end }}

{{- define "vcluster-isolation.problems.switches" -}}
{{- $values := include "vcluster-isolation.values" . | fromJson }}
{{- range list "enabled" "platform.enabled" "controlPlane.apiAccess.enabled" "workload.publicEgress.enabled" }}
{{- if not (kindIs "bool" (include "vcluster-isolation.dig" (list $values .) | fromJson).value) }}
policies.networkPolicy.{{ . }}: is neither true nor false; write one of the two, without quotes
{{- end }}
{{- end }}
{{- end }}

{{/* A text of the user's in quotes, cut when it is long. */}}
{{- define "vcluster-isolation.quoted" -}}
{{- gt (len .) 80 | ternary (printf "%q…" (trunc 80 .)) (printf "%q" .) }}
{{- end }}

{{- define "vcluster-isolation.problems.metadata" -}}
{{- $policy := .Values.policies.networkPolicy }}
{{- range $field := list "labels" "annotations" }}
{{- range $key, $text := get $policy $field | default dict }}
{{- $path := printf "policies.networkPolicy.%s[%q]" $field $key }}
{{- $found := include "vcluster-isolation.resolve" (list $ $text) | fromJson }}
{{- if not (kindIs "string" $text) }}
{{ $path }}: is not a text; put quotes around it
{{- else if $found.problem }}
{{ $path }}: {{ $found.problem }}
{{- else if eq $field "labels" }}
{{- include "vcluster-isolation.problems.label" (list $path $found.value) }}
{{- else if include "vcluster-isolation.hook" $key }}
{{ $path }}: makes hooks of the policies, and a hook does not stay in the cluster; remove it
{{- end }}
{{- end }}
{{- end }}
{{- $size := 0 }}
{{- range $key, $text := include "vcluster-isolation.annotations" . | fromJson }}{{ $size = add $size (len $key) (len $text) }}{{ end }}
{{- if gt $size 262144 }}
policies.networkPolicy.annotations: have more than 262144 bytes with their keys, global annotations included; shorten them
{{- end }}
{{- end }}

{{/* A label value: `list PATH VALUE` (Kubernetes: Labels and Selectors, syntax and character set). */}}
{{- define "vcluster-isolation.problems.label" -}}
{{- $path := index . 0 }}
{{- $value := index . 1 }}
{{- if gt (len $value) 63 }}
{{ $path }}: {{ include "vcluster-isolation.quoted" $value }} has {{ len $value }} characters; a label value has at most 63
{{- else if not (regexMatch "^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$" $value) }}
{{ $path }}: {{ include "vcluster-isolation.quoted" $value }} is not a label value; use letters, digits, '-', '_' and '.', with a letter or digit at both ends
{{- end }}
{{- end }}

{{/* A deprecated key is honoured, but not beside its successor: one of the two would be lost. */}}
{{- define "vcluster-isolation.problems.deprecated" -}}
{{- $policy := include "vcluster-isolation.given" . | fromJson }}
{{- range $row := include "vcluster-isolation.deprecated" . | fromJsonArray }}
{{- range $path, $default := merge (dict .to .default) (.with | default dict) }}
{{- $set := (include "vcluster-isolation.dig" (list $policy $path) | fromJson).value }}
{{- if ne (toJson $set) (toJson $default) }}
policies.networkPolicy.{{ $row.from }}: is the deprecated name of {{ $row.to }}, and {{ $path }} is set too; keep {{ $row.to }} and remove {{ $row.from }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "vcluster-isolation.problems.fallback-dns" -}}
{{- $dns := (include "vcluster-isolation.values" . | fromJson).fallbackDns | toString }}
{{- if not (include "vcluster-isolation.ip.bits" $dns) }}
policies.networkPolicy.fallbackDns: {{ include "vcluster-isolation.quoted" $dns }} is not an IP address; write one, like 8.8.8.8 or 2001:4860:4860::8888
{{- end }}
{{- end }}

{{/* The public addresses, with each problem named at the key that the user wrote, deprecated or not. */}}
{{- define "vcluster-isolation.problems.public-egress" -}}
{{- $public := (include "vcluster-isolation.values" . | fromJson).workload.publicEgress | default dict }}
{{- $paths := dict "cidr" "workload.publicEgress.cidr" "except" "workload.publicEgress.except" }}
{{- range include "vcluster-isolation.deprecated" . | fromJsonArray }}
{{- if hasPrefix "outgoingConnections.ipBlock." .from }}{{ $_ := set $paths (base (replace "." "/" .from)) .from }}{{ end }}
{{- end }}
{{- if $public.enabled }}
{{- $except := include "vcluster-isolation.public.except" $public | fromJsonArray }}
{{- $block := dict "cidr" $public.cidr "except" $except }}
{{- include "vcluster-isolation.problems.ip-block" (list (print "policies.networkPolicy." $paths.cidr) (print "policies.networkPolicy." $paths.except) $block) }}
{{- end }}
{{- end }}

{{/* An ipBlock: `list PATH-OF-CIDR PATH-OF-EXCEPT BLOCK`. */}}
{{- define "vcluster-isolation.problems.ip-block" -}}
{{- $exceptPath := index . 1 }}
{{- $block := index . 2 }}
{{- $cidr := $block.cidr | default "" | toString }}
{{- $outer := include "vcluster-isolation.cidr" $cidr | fromJson }}
{{- if $outer.problem }}
{{ index . 0 }}: {{ $outer.problem }}
{{- end }}
{{- range $i, $entry := $block.except }}
{{- $inner := include "vcluster-isolation.cidr" $entry | fromJson }}
{{- if $inner.problem }}
{{ $exceptPath }}[{{ $i }}]: {{ $inner.problem }}
{{- else if $outer.problem }}
{{- else if and (eq $inner.prefix $outer.prefix) (eq $inner.bits $outer.bits) }}
{{ $exceptPath }}[{{ $i }}]: {{ $entry }} is all of cidr {{ $cidr }}; remove the rule, or narrow the entry
{{- else if not (include "vcluster-isolation.cidr.inside" (list $inner $outer)) }}
{{ $exceptPath }}[{{ $i }}]: {{ $entry }} is not inside cidr {{ $cidr }}; remove it or widen cidr
{{- end }}
{{- end }}
{{- end }}

{{/* The user's own rules and peers, with deprecated keys under the name that the user wrote. */}}
{{- define "vcluster-isolation.problems.rules" -}}
{{- $policy := .Values.policies.networkPolicy }}
{{- range list "controlPlane.ingress" "controlPlane.egress" "extraControlPlaneRules" "workload.ingress" "workload.egress" "extraWorkloadRules" }}
{{- $path := print "policies.networkPolicy." . }}
{{- range $i, $rule := (include "vcluster-isolation.dig" (list $policy .) | fromJson).value }}
{{- include "vcluster-isolation.problems.ports" (list (printf "%s[%d].ports" $path $i) $rule.ports) }}
{{- include "vcluster-isolation.problems.peers" (list (printf "%s[%d].from" $path $i) $rule.from) }}
{{- include "vcluster-isolation.problems.peers" (list (printf "%s[%d].to" $path $i) $rule.to) }}
{{- end }}
{{- end }}
{{- include "vcluster-isolation.problems.peers" (list "policies.networkPolicy.controlPlane.apiAccess.from" (($policy.controlPlane).apiAccess).from) }}
{{- end }}

{{- define "vcluster-isolation.problems.ports" -}}
{{- $path := index . 0 }}
{{- range $i, $port := index . 1 }}
{{- if and $port.port $port.endPort (not (kindIs "string" $port.port)) }}
{{- if lt (int $port.endPort) (int $port.port) }}
{{ $path }}[{{ $i }}].endPort: {{ $port.endPort | int }} is below port {{ $port.port | int }}; swap the two, or remove endPort
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "vcluster-isolation.problems.peers" -}}
{{- $path := index . 0 }}
{{- range $i, $peer := index . 1 }}
{{- with $peer.ipBlock }}
{{- include "vcluster-isolation.problems.ip-block" (list (printf "%s[%d].ipBlock.cidr" $path $i) (printf "%s[%d].ipBlock.except" $path $i) .) }}
{{- end }}
{{- end }}
{{- end }}
