{{/*
What the templates go by is worked out and validated once in a render, by the first line of each of them. They read it from
one map among the values, under a key that no reference can name (it has a dot) and that the validation of a schema refuses:

  name           the release name of the vCluster
  isolated       "true" when the vCluster is to be isolated, else nothing; so are workloads and coredns, see _metadata.tpl
  grants         grants.yaml, each row with its `value`: see "vcluster-isolation.with-values"
  values         policies.networkPolicy over its defaults, deprecated keys in the place of their successors
  namespaces     the namespaces of the workloads, the release's first
  hostApiServer  {cidrs, ports}
  publicBlocks   the ipBlocks of publicEgress, {cidr, except}
  floor          {kind, version, priority, last, most}: see floor/_api.tpl
  platform       platformNetworkPolicy over its defaults when the platform is to be guarded, else nothing
  platformPorts  the rows of ports.yaml that the platform's pods serve in this cluster
  test           isolationTest over its defaults
  metadata       labels and annotations of everything that the chart renders, as text
  cidrs          CIDRs that were parsed already, by their texts: see "vcluster-isolation.cidr.once"
  files          a marker of a type that no values have: with the schema skipped, a user could set this key

Nothing is resolved beside `name` where neither a vCluster nor the platform is isolated.
*/}}
{{- define "vcluster-isolation.resolve-values" -}}
{{- $known := get .Values "vcluster-isolation.resolved" }}
{{- if not (kindIs "map" $known) }}{{ $known = dict }}{{ end }}
{{- if ne (typeOf (get $known "files")) (typeOf .Files) }}
{{- $resolved := dict "files" .Files "cidrs" dict "name" (include "vcluster-isolation.name" .) }}
{{- $_ := set .Values "vcluster-isolation.resolved" $resolved }}
{{- $_ := set $resolved "isolated" (include "vcluster-isolation.isolated" .) }}
{{- $_ := set $resolved "workloads" (include "vcluster-isolation.workloads" .) }}
{{- $_ := set $resolved "coredns" (include "vcluster-isolation.coredns" .) }}
{{- $guarded := ((.Values).platformNetworkPolicy).enabled }}
{{- if or $resolved.isolated $guarded }}
{{- if not (.Values.policies).networkPolicy }}{{ $_ := set .Values "policies" (dict "networkPolicy" dict) }}{{ end }}
{{- include "vcluster-isolation.resolve-vcluster" . }}
{{- if $guarded }}{{ include "vcluster-isolation.resolve-platform" . }}{{ end }}
{{- /* Refused here, before any policy is made of them: Helm runs templates in an order of its own. */}}
{{- include "vcluster-isolation.validate" . }}
{{- $_ := set $resolved "metadata" (include "vcluster-isolation.metadata" .) }}
{{- if $resolved.workloads }}{{ $_ := set $resolved "test" (include "vcluster-isolation.test.values" . | fromJson) }}{{ end }}
{{- end }}
{{- end }}
{{- end }}

{{/* Resolve the values of a vCluster. Prints nothing. */}}
{{- define "vcluster-isolation.resolve-vcluster" -}}
{{- $resolved := get .Values "vcluster-isolation.resolved" }}
{{- /* The rows about the platform are read where it is guarded, because reading takes time. */}}
{{- $_ := set $resolved "grants" (.Files.Get "grants.yaml" | splitList "\nplatform:\n" | first | fromYaml) }}
{{- $values := deepCopy .Values.policies.networkPolicy }}
{{- include "vcluster-isolation.merge-defaults" (list $values (include "vcluster-isolation.defaults" . | fromJson)) }}
{{- include "vcluster-isolation.merge-grants" (list $values $resolved.grants.vcluster) }}
{{- range include "vcluster-isolation.renames" . | fromJsonArray }}
{{- $found := include "vcluster-isolation.get-path" (list $values .from) | fromJson }}
{{- if not (kindIs "invalid" $found.value) }}
{{- include "vcluster-isolation.set-path" (list $values .to $found.value) }}
{{- end }}
{{- end }}
{{- $_ := set $resolved "values" $values }}
{{- include "vcluster-isolation.with-values" (list $resolved.grants.vcluster $values) }}
{{- /* In this order: the blocks of publicEgress leave out where the API server is. */}}
{{- $_ := set $resolved "namespaces" (include "vcluster-isolation.namespaces" . | fromJsonArray) }}
{{- $_ := set $resolved "hostApiServer" (include "vcluster-isolation.host-api-server" . | fromJson) }}
{{- $_ := set $resolved "publicBlocks" (include "vcluster-isolation.public.blocks" . | fromJsonArray) }}
{{- $_ := set $resolved "floor" (include "vcluster-isolation.floor" . | fromJson) }}
{{- end }}

{{/* Put into each row of grants.yaml the `value` at its path: `list ROWS VALUES`. Prints nothing. */}}
{{- define "vcluster-isolation.with-values" -}}
{{- range index . 0 }}
{{- $value := index $ 1 }}
{{- range splitList "." .path }}{{ $value = get $value . }}{{ end }}
{{- $_ := set . "value" $value }}
{{- end }}
{{- end }}
