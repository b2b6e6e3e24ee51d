{{/* What the floor's API cannot say of the user's own rules and peers. */}}
{{- define "vcluster-isolation.problems.floor" -}}
{{- $values := (get .Values "vcluster-isolation.resolved").values }}
{{- if and (get .Values "vcluster-isolation.resolved").workloads $values.floor.enabled }}
{{- $limit := (get .Values "vcluster-isolation.resolved").floor.most | int }}
{{- $old := contains "extraWorkloadRules" (include "vcluster-isolation.deprecated" .) }}
{{- range $row := (get .Values "vcluster-isolation.resolved").grants.vcluster }}
{{- if and .floor (eq .kind "rules") }}
{{- $rules := .value }}
{{- $path := and $old (eq .path "workload.egress") | ternary "extraWorkloadRules" .path }}
{{- if gt (add 8 (len $rules)) $limit }}
policies.networkPolicy.{{ $path }}: has {{ len $rules }} rules, and {{ sub $limit
      8 }} fit into the floor; put peers of the same ports into one rule
{{- end }}
{{- range $i, $rule := $rules }}
{{- include "vcluster-isolation.problems.floor.rule" (list (printf "policies.networkPolicy.%s[%d]" $path $i) $rule $limit) }}
{{- end }}
{{- else if and .floor (or (not .default) (.default).enabled .value.enabled) }}
{{- $rule := dict }}
{{- range $key := .floor }}{{ $_ := set $rule $key (get $row.value $key) }}{{ end }}
{{- include "vcluster-isolation.problems.floor.rule" (list (print "policies.networkPolicy." .path) $rule $limit) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* One rule of the user's own: `list PATH RULE LIMIT`, the limit being that of peers and ports. */}}
{{- define "vcluster-isolation.problems.floor.rule" -}}
{{- $path := index . 0 }}
{{- $rule := index . 1 }}
{{- $limit := index . 2 }}
{{- range $side := list "from" "to" "extra" "ports" }}
{{- if gt (len (get $rule $side | default list)) $limit }}
{{ $path }}.{{ $side }}: has {{ len (get $rule $side) }} entries, and a rule of the floor at most {{ $limit }}; split it
{{- end }}
{{- range $i, $entry := get $rule $side | default list }}
{{- if ($entry.ipBlock).except }}
{{ $path }}.{{ $side }}[{{ $i }}].ipBlock.except: the floor cannot leave addresses out of a rule; list the CIDRs that remain, or turn
{{- " floor off" }}
{{- else if kindIs "string" $entry.port }}
{{ $path }}.ports[{{ $i }}].port: the floor cannot go by the name {{ include "vcluster-isolation.quoted"
      $entry.port }}; write the port's number, or turn floor off
{{- end }}
{{- end }}
{{- end }}
{{- end }}
