{{/*
Everything that the API server would refuse and that values.schema.json cannot say, refused here: all of it at once,
each problem as one line `path: what is wrong; what to do`. Texts of users are quoted with %q, so that none breaks out.
They come on top of values.schema.json and do not say again what it says, but for the switches: with the schema skipped,
a text "false" would switch something on.
*/}}
{{- define "vcluster-isolation.validate" -}}
{{- $problems := list }}
{{- if (get .Values "vcluster-isolation.resolved").isolated }}
{{- range list "name" "switches" "metadata" "deprecated" "fallback-dns" "public-egress" "host-api-server" "cluster-addresses"
      "grants" "webhooks" "project" "namespaces" "rules" "floor" "guard" }}
{{- $found := include (print "vcluster-isolation.problems." .) $ | trim }}
{{- if $found }}{{ $problems = concat $problems (regexSplit "\n+" $found -1) }}{{ end }}
{{- end }}
{{- end }}
{{- if (get .Values "vcluster-isolation.resolved").platform }}
{{- $found := include "vcluster-isolation.platform.problems" . | trim }}
{{- if $found }}{{ $problems = concat $problems (regexSplit "\n+" $found -1) | uniq }}{{ end }}
{{- end }}
{{- if $problems }}
{{- fail (printf "\n\nvcluster-isolation refuses these values:\n  - %s\n" (join "\n  - " $problems)) }}
{{- end }}
{{- end }}

{{- define "vcluster-isolation.problems.name" -}}
{{- $name := (get .Values "vcluster-isolation.resolved").name }}
{{- $path := ((.Values).vcluster).name | empty | ternary "the release name" "vcluster.name" }}
{{- if not (regexMatch "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$" $name) }}
{{ $path }}: {{ include "vcluster-isolation.quoted" $name }} is not a name for a release; use lower-case letters, digits, '-' and '.'
{{- else if gt (len $name) 53 }}
{{ $path }}: {{ include "vcluster-isolation.quoted" $name }} has {{ len
      $name }} characters; a release name, and with it the labels that selectors match, has at most 53
{{- end }}
{{- end }}

{{/* Switches, and words of which only some mean something: with the schema skipped, others would mean "compatible". */}}
{{- define "vcluster-isolation.problems.switches" -}}
{{- $values := (get .Values "vcluster-isolation.resolved").values }}
{{- $control := $values.controlPlane }}
{{- $public := $values.workload.publicEgress }}
{{- $switches := dict "enabled" $values.enabled "platform.enabled" $values.platform.enabled
      "hostApiServer.discover" $values.hostApiServer.discover "prometheus.enabled" $values.prometheus.enabled
      "defaultDeny.enabled" $values.defaultDeny.enabled "floor.enabled" $values.floor.enabled
      "guard.enabled" $values.guard.enabled
      "controlPlane.apiAccess.enabled" $control.apiAccess.enabled "controlPlane.webhooks.enabled" $control.webhooks.enabled
      "controlPlane.metricsServer.enabled" $control.metricsServer.enabled "controlPlane.backingStore.enabled" $control.backingStore.enabled
      "workload.publicEgress.enabled" $public.enabled "workload.publicEgress.ipv6.enabled" $public.ipv6.enabled
      "workload.ingressControllers.enabled" $values.workload.ingressControllers.enabled
      "snapshots.objectStorage.enabled" $values.snapshots.objectStorage.enabled }}
{{- range $path, $switch := $switches }}
{{- if not (kindIs "bool" $switch) }}
policies.networkPolicy.{{ $path }}: is neither true nor false; write one of the two, without quotes
{{- end }}
{{- end }}
{{- $coredns := (.Values.controlPlane).coredns | default dict }}
{{- $sync := (.Values.sync).toHost | default dict }}
{{- $read := dict "privateNodes.enabled" (.Values.privateNodes).enabled
      "controlPlane.coredns.enabled" $coredns.enabled "controlPlane.coredns.embedded" $coredns.embedded
      "sync.toHost.networkPolicies.enabled" ($sync.networkPolicies).enabled "sync.toHost.namespaces.enabled" ($sync.namespaces).enabled
      "experimental.multiNamespaceMode.enabled" ((.Values.experimental).multiNamespaceMode).enabled }}
{{- range $path, $switch := $read }}
{{- if not (has (kindOf $switch) (list "bool" "invalid")) }}
{{ $path }}: is neither true nor false; write one of the two, without quotes
{{- end }}
{{- end }}
{{- $floor := (get .Values "vcluster-isolation.resolved").floor }}
{{- $numbers := list "int" "int64" "float64" }}
{{- $room := printf "0 to %v" $floor.last }}
{{- $above := "the API ends at 1000" }}
{{- if eq $floor.kind "AdminNetworkPolicy" }}{{ $above = "OVN-Kubernetes enforces no AdminNetworkPolicy above 99" }}{{ end }}
{{- if not (or (eq (toString $values.floor.priority) "") (has (kindOf $values.floor.priority) $numbers)) }}
policies.networkPolicy.floor.priority: is not a number; write one from {{ $room }} without quotes, or leave it empty
{{- else if and $values.floor.enabled (or (lt (int $floor.priority) 0) (gt (int $floor.priority) (int $floor.last))) }}
{{- $problem := printf "%v is not in %s: one more is used as well, and %s" $floor.priority $room $above }}
policies.networkPolicy.floor.priority: {{ $problem }}; use one of these, or leave it empty
{{- end }}
{{- if not (has $values.profile (list "compatible" "hardened")) }}
policies.networkPolicy.profile: is neither compatible nor hardened; write one of the two
{{- end }}
{{- $apis := list "AdminNetworkPolicy" "ClusterNetworkPolicy" "ClusterNetworkPolicy/v1beta1" }}
{{- if not (has $values.floor.api $apis) }}
policies.networkPolicy.floor.api: is none of {{ join ", " $apis }}; write one of these
{{- end }}
{{- $presets := list "kube-dns" "node-local" "aks-local" "gke-cloud-dns" "aws" "azure" "openshift" }}
{{- range $i, $preset := $values.hostDns.presets }}
{{- if not (has $preset $presets) }}
policies.networkPolicy.hostDns.presets[{{ $i }}]: {{ include "vcluster-isolation.quoted"
      (toString $preset) }} is not a preset; use one of {{ join ", " $presets }}
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
{{ $path }}: {{ include "vcluster-isolation.quoted"
      $value }} is not a label value; use letters, digits, '-', '_' and '.', with a letter or digit at both ends
{{- end }}
{{- end }}

{{/* A deprecated key is honoured, but not beside its successor: one of the two would be lost. */}}
{{- define "vcluster-isolation.problems.deprecated" -}}
{{- $used := include "vcluster-isolation.deprecated" . | fromJsonArray }}
{{- $policy := dict }}
{{- if $used }}
{{- $policy = deepCopy .Values.policies.networkPolicy }}
{{- include "vcluster-isolation.merge-defaults" (list $policy (include "vcluster-isolation.defaults" . | fromJson)) }}
{{- end }}
{{- range $row := $used }}
{{- range $path, $default := merge (dict .to .default) (.with | default dict) }}
{{- $set := (include "vcluster-isolation.get-path" (list $policy $path) | fromJson).value }}
{{- if ne (toJson $set) (toJson $default) }}
policies.networkPolicy.{{ $row.from }}: is the deprecated name of {{ $row.to }}, and {{ $path }} is set too; keep {{ $row.to }} and
{{- " remove " }}{{ $row.from }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "vcluster-isolation.problems.fallback-dns" -}}
{{- $dns := (get .Values "vcluster-isolation.resolved").values.fallbackDns | toString }}
{{- if not (include "vcluster-isolation.ip.bits" $dns) }}
policies.networkPolicy.fallbackDns: {{ include "vcluster-isolation.quoted"
      $dns }} is not an IP address; write one, like 8.8.8.8 or 2001:4860:4860::8888
{{- else if (include "vcluster-isolation.cidr" (include "vcluster-isolation.cidr.of-address" $dns) | fromJson).problem }}
policies.networkPolicy.fallbackDns: {{ $dns }} is an IPv4 address in IPv6 form; write it as IPv4
{{- end }}
{{- end }}
