{{/* The part of the validation that is about grants and projects. */}}

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
{{ $path }}.{{ .peers }}: is empty, which would allow every {{ eq .peers "from"
      | ternary "source" "destination" }}; list at least one peer
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

{{/* In the hardened profile, peers of webhooks that are no workloads of this vCluster. */}}
{{- define "vcluster-isolation.problems.webhooks" -}}
{{- $webhooks := (get .Values "vcluster-isolation.resolved").values.controlPlane.webhooks }}
{{- if and (include "vcluster-isolation.hardened" .) $webhooks.enabled }}
{{- $name := (get .Values "vcluster-isolation.resolved").name }}
{{- $namespaces := (get .Values "vcluster-isolation.resolved").namespaces }}
{{- $elsewhere := "or put the rule into controlPlane.egress" }}
{{- range $i, $peer := $webhooks.to }}
{{- $path := printf "policies.networkPolicy.controlPlane.webhooks.to[%d]" $i }}
{{- if $peer.ipBlock }}
{{ $path }}.ipBlock: is not a workload of this vCluster; select workloads by their labels, {{ $elsewhere }}
{{- end }}
{{- range include "vcluster-isolation.wanted" (list $peer.namespaceSelector "kubernetes.io/metadata.name") | fromJsonArray }}
{{- if not (has . $namespaces) }}
{{ $path }}.namespaceSelector: {{ include "vcluster-isolation.quoted" . }} is not a namespace of this vCluster ({{ join ", "
      $namespaces }}); remove it, {{ $elsewhere }}
{{- end }}
{{- end }}
{{- range include "vcluster-isolation.wanted" (list $peer.podSelector "vcluster.loft.sh/managed-by") | fromJsonArray }}
{{- if ne . $name }}
{{ $path }}.podSelector: {{ include "vcluster-isolation.quoted"
      . }} is another vCluster; remove the label vcluster.loft.sh/managed-by, {{ $elsewhere }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* The values of a label that a selector wants, by matchLabels or In: `list SELECTOR KEY` -> a JSON list. */}}
{{- define "vcluster-isolation.wanted" -}}
{{- $selector := index . 0 | default dict }}
{{- $key := index . 1 }}
{{- $wanted := list }}
{{- with $selector.matchLabels }}{{ if hasKey . $key }}{{ $wanted = append $wanted (get . $key | toString) }}{{ end }}{{ end }}
{{- range $selector.matchExpressions }}
{{- if and (eq .key $key) (eq .operator "In") }}{{ $wanted = concat $wanted .values }}{{ end }}
{{- end }}
{{- toJson $wanted }}
{{- end }}
