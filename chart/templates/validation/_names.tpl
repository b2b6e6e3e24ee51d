{{/* The part of the validation that is about names, labels, annotations and namespaces. */}}

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

{{- define "vcluster-isolation.problems.metadata" -}}
{{- $policy := .Values.policies.networkPolicy }}
{{- range $field := list "labels" "annotations" }}
{{- range $key, $text := get $policy $field | default dict }}
{{- $path := printf "policies.networkPolicy.%s[%q]" $field $key }}
{{- $found := include "vcluster-isolation.resolve" (list $ $text) | fromJson }}
{{- if not (kindIs "string" $text) }}
{{ $path }}: is not a string; put quotes around it
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
