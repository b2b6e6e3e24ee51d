{{/* The part of the validation that is about rules, ports and peers. */}}

{{/* An ipBlock: `list ROOT PATH-OF-CIDR PATH-OF-EXCEPT BLOCK`. */}}
{{- define "vcluster-isolation.problems.ip-block" -}}
{{- $root := index . 0 }}
{{- $exceptPath := index . 2 }}
{{- $block := index . 3 }}
{{- $cidr := $block.cidr | default "" | toString }}
{{- $outer := include "vcluster-isolation.cidr.once" (list $root $cidr) | fromJson }}
{{- if $outer.problem }}
{{ index . 1 }}: {{ $outer.problem }}
{{- end }}
{{- range $i, $entry := $block.except }}
{{- $inner := include "vcluster-isolation.cidr.once" (list $root $entry) | fromJson }}
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
{{- $lists := dict "extraControlPlaneRules" $policy.extraControlPlaneRules "extraWorkloadRules" $policy.extraWorkloadRules }}
{{- $grants := dict }}
{{- range (get .Values "vcluster-isolation.resolved").grants.vcluster }}
{{- if eq .kind "rules" }}
{{- $keys := splitList "." .path }}
{{- $part := get $policy (first $keys) }}
{{- $_ := set $lists .path (get (kindIs "map" $part | ternary $part dict) (last $keys) | default list) }}
{{- else if or (eq .kind "grant") (eq .path "project") }}{{ $_ := set $grants .path .value }}{{ end }}
{{- end }}
{{- range $path, $rules := $lists }}
{{- range $i, $rule := $rules }}
{{- include "vcluster-isolation.problems.rule" (list $ (printf "policies.networkPolicy.%s[%d]" $path $i) $rule) }}
{{- end }}
{{- end }}
{{- range $path, $grant := $grants }}
{{- if or ($grant).ports ($grant).from ($grant).to }}
{{- include "vcluster-isolation.problems.rule" (list $ (print "policies.networkPolicy." $path) $grant) }}
{{- end }}
{{- end }}
{{- include "vcluster-isolation.problems.peers" (list . "policies.networkPolicy.hostDns.extra" ($policy.hostDns).extra) }}
{{- end }}

{{/* One rule, or a grant: `list ROOT PATH RULE`. */}}
{{- define "vcluster-isolation.problems.rule" -}}
{{- $root := index . 0 }}
{{- $path := index . 1 }}
{{- $rule := index . 2 }}
{{- include "vcluster-isolation.problems.ports" (list (print $path ".ports") $rule.ports) }}
{{- include "vcluster-isolation.problems.peers" (list $root (print $path ".from") $rule.from) }}
{{- include "vcluster-isolation.problems.peers" (list $root (print $path ".to") $rule.to) }}
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

{{/* Peers: `list ROOT PATH PEERS`. */}}
{{- define "vcluster-isolation.problems.peers" -}}
{{- $root := index . 0 }}
{{- $path := index . 1 }}
{{- range $i, $peer := index . 2 }}
{{- range $field := list "podSelector" "namespaceSelector" }}
{{- include "vcluster-isolation.problems.selector" (list (printf "%s[%d].%s" $path $i $field) (get $peer $field | default dict)) }}
{{- end }}
{{- with $peer.ipBlock }}
{{- include "vcluster-isolation.problems.ip-block" (list $root (printf "%s[%d].ipBlock.cidr" $path $i)
      (printf "%s[%d].ipBlock.except" $path $i) .) }}
{{- end }}
{{- end }}
{{- end }}

{{/* A selector: `list PATH SELECTOR`. A label without a value would be left out, and the rest select more. */}}
{{- define "vcluster-isolation.problems.selector" -}}
{{- $path := index . 0 }}
{{- range $key, $value := (index . 1).matchLabels }}
{{- if not (kindIs "string" $value) }}
{{ $path }}.matchLabels[{{ include "vcluster-isolation.quoted" $key }}]: is not a string; write a label's value, in quotes
{{- end }}
{{- end }}
{{- end }}
