{{/* The part of the validation that is about named grants, projects, namespaces and the floor. */}}

{{/* Grants that are on and would be for everybody, or for every port. */}}
{{- define "vcluster-isolation.problems.grants" -}}
{{- include "vcluster-isolation.problems.grants.of" (list "policies.networkPolicy."
      (get .Values "vcluster-isolation.resolved").grants.vcluster) }}
{{- end }}

{{/* The same of the rows of grants.yaml with one prefix: `list PREFIX ROWS`. */}}
{{- define "vcluster-isolation.problems.grants.of" -}}
{{- range index . 1 }}
{{- if and (eq .kind "grant") .value.enabled }}
{{- $path := print (index $ 0) .path }}
{{- if and (eq .empty "refused") (empty (get .value .peers)) }}
{{ $path }}.{{ .peers }}: names nobody; list the peers that may {{ eq .peers "from" | ternary "connect" "be reached" }}
{{- end }}
{{- if .default.ports }}{{ include "vcluster-isolation.problems.every-port" (list $path .value) }}{{ end }}
{{- end }}
{{- end }}
{{- end }}

{{/*
A grant of which the ports are known, for every port: `list PATH GRANT`. An empty list means that, and so does an entry
without a port.
*/}}
{{- define "vcluster-isolation.problems.every-port" -}}
{{- $path := index . 0 }}
{{- $ports := (index . 1).ports }}
{{- if empty $ports }}
{{ $path }}.ports: names no port, which would mean every one; list the ports that may be reached, or remove it for the default
{{- end }}
{{- range $i, $port := $ports }}
{{- if kindIs "invalid" $port.port }}
{{ $path }}.ports[{{ $i }}]: names no port, which would mean every one; write the port
{{- end }}
{{- end }}
{{- end }}

{{/* The project: a label value, and a selector that names a label whose value it wants. */}}
{{- define "vcluster-isolation.problems.project" -}}
{{- $project := (get .Values "vcluster-isolation.resolved").values.project }}
{{- with $project.name }}
{{- $found := include "vcluster-isolation.resolve" (list $ .) | fromJson }}
{{- if $found.problem }}
policies.networkPolicy.project.name: {{ $found.problem }}
{{- else }}
{{- include "vcluster-isolation.problems.label" (list "policies.networkPolicy.project.name" $found.value) }}
{{- end }}
{{- end }}
{{- with $project.namespaceSelector }}
{{- include "vcluster-isolation.problems.selector" (list "policies.networkPolicy.project.namespaceSelector" .) }}
{{- $named := .matchLabels | default dict | keys }}
{{- range .matchExpressions }}{{ if eq .operator "In" }}{{ $named = append $named .key }}{{ end }}{{ end }}
{{- if empty $named }}
policies.networkPolicy.project.namespaceSelector: requires no label by its value, so namespaces without any label
{{- " match; name one with matchLabels or In" }}
{{- end }}
{{- end }}
{{- end }}

{{/* Namespaces that workloads run in, each under the key that names it. */}}
{{- define "vcluster-isolation.problems.namespaces" -}}
{{- $wanted := dict }}
{{- range $i, $name := (get .Values "vcluster-isolation.resolved").values.workload.namespaces }}
{{- $_ := set $wanted (printf "policies.networkPolicy.workload.namespaces[%d]" $i) $name }}{{ end }}
{{- range $i, $name := (get .Values "vcluster-isolation.resolved").values.platform.namespaces }}
{{- $_ := set $wanted (printf "policies.networkPolicy.platform.namespaces[%d]" $i) $name }}{{ end }}
{{- $sync := (((.Values).sync).toHost).namespaces | default dict }}
{{- if $sync.enabled }}
{{- range $virtual, $host := ($sync.mappings).byName }}
{{- $name := replace "${name}" (get $.Values "vcluster-isolation.resolved").name (toString $host) }}
{{- if not (contains "*" $name) }}{{ $_ := set $wanted
      (printf "sync.toHost.namespaces.mappings.byName[%s]" (include "vcluster-isolation.quoted" $virtual)) $name }}{{ end }}
{{- end }}
{{- end }}
{{- with (((.Values).experimental).syncSettings).targetNamespace }}{{ $_ := set $wanted "experimental.syncSettings.targetNamespace" . }}
{{- end }}
{{- range $path, $name := $wanted }}
{{- if or (not (regexMatch "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$" $name)) (gt (len $name) 63) }}
{{ $path }}: {{ include "vcluster-isolation.quoted"
      $name }} is not the name of a namespace; use lower-case letters, digits and '-', at most 63
{{- end }}
{{- end }}
{{- end }}

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
