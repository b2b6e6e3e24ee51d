{{/* The part of the validation that is about named grants, projects, namespaces and the floor. */}}

{{/* A grant that is on and names nobody would be one for everybody. */}}
{{- define "vcluster-isolation.problems.grants" -}}
{{- $values := (get .Values "vcluster-isolation.resolved").values }}
{{- $control := $values.controlPlane }}
{{- range $path, $grant := dict "prometheus.from" $values.prometheus
      "workload.ingressControllers.from" $values.workload.ingressControllers
      "controlPlane.metricsServer.to" $control.metricsServer "controlPlane.backingStore.to" $control.backingStore }}
{{- $side := hasSuffix ".from" $path | ternary "from" "to" }}
{{- if and $grant.enabled (empty (get $grant $side)) }}
policies.networkPolicy.{{ $path }}: is empty, which would allow every {{ eq $side "from"
      | ternary "source" "destination" }}; list at least one peer
{{- end }}
{{- end }}
{{- $known := dict "controlPlane.metricsServer" $control.metricsServer "controlPlane.backingStore" $control.backingStore
      "snapshots.objectStorage" $values.snapshots.objectStorage }}
{{- range $path, $grant := $known }}
{{- if $grant.enabled }}{{ include "vcluster-isolation.problems.every-port" (list (print "policies.networkPolicy." $path) $grant) }}
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
{{- range $key := list "workload.egress" "workload.ingress" "coredns.egress" "coredns.ingress" }}
{{- $rules := (include "vcluster-isolation.get-path" (list $values $key) | fromJson).value }}
{{- $path := and $old (eq $key "workload.egress") | ternary "extraWorkloadRules" $key }}
{{- if gt (add 8 (len $rules)) $limit }}
policies.networkPolicy.{{ $path }}: has {{ len $rules }} rules, and {{ sub $limit
      8 }} fit into the floor; put peers of the same ports into one rule
{{- end }}
{{- range $i, $rule := $rules }}
{{- include "vcluster-isolation.problems.floor.rule" (list (printf "policies.networkPolicy.%s[%d]" $path $i) $rule $limit) }}
{{- end }}
{{- end }}
{{- range $key, $grant := dict "prometheus" $values.prometheus "workload.ingressControllers" $values.workload.ingressControllers }}
{{- if $grant.enabled }}{{ include "vcluster-isolation.problems.floor.rule"
      (list (print "policies.networkPolicy." $key) $grant $limit) }}{{ end }}
{{- end }}
{{- $extra := dict "extra" $values.hostDns.extra }}
{{- include "vcluster-isolation.problems.floor.rule" (list "policies.networkPolicy.hostDns" $extra $limit) }}
{{- range $key, $grant := dict "project" $values.project "controlPlane.webhooks" $values.controlPlane.webhooks }}
{{- include "vcluster-isolation.problems.floor.rule" (list (print "policies.networkPolicy." $key) (pick $grant "ports") $limit) }}
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
