{{/* Where the vCluster's workloads run, and which namespaces belong to its project. */}}

{{/* The namespaces of the workloads, as a JSON list: the release's, and after it those that are named or mapped. */}}
{{- define "vcluster-isolation.namespaces" -}}
{{- $others := list }}
{{- if not ((.Values).privateNodes).enabled }}
{{- $others = (get .Values "vcluster-isolation.resolved").values.workload.namespaces }}
{{- range include "vcluster-isolation.mapped" . | fromJsonArray }}
{{- if not (contains "*" .) }}{{ $others = append $others . }}{{ end }}
{{- end }}
{{- with (((.Values).experimental).syncSettings).targetNamespace }}{{ $others = append $others . }}{{ end }}
{{- end }}
{{- prepend (without $others .Release.Namespace | uniq | sortAlpha) .Release.Namespace | toJson }}
{{- end }}

{{/* "true" when workloads run in more than the release's namespace. */}}
{{- define "vcluster-isolation.multi-namespace" -}}
{{- if gt (len (get .Values "vcluster-isolation.resolved").namespaces) 1 }}true{{ end }}
{{- end }}

{{/*
The host namespaces that vCluster maps the tenant's to, as a JSON list; with a `*` in it, it is a pattern. The name of the
vCluster stands for `${name}` (vCluster documentation: sync.toHost.namespaces.mappings).
*/}}
{{- define "vcluster-isolation.mapped" -}}
{{- $sync := (((.Values).sync).toHost).namespaces | default dict }}
{{- $mapped := list }}
{{- if $sync.enabled }}
{{- range ($sync.mappings).byName }}{{ $mapped = append $mapped
      (replace "${name}" (get $.Values "vcluster-isolation.resolved").name (toString .)) }}{{ end }}
{{- end }}
{{- toJson $mapped }}
{{- end }}

{{/* "true" when vClusters of the same project may talk. */}}
{{- define "vcluster-isolation.project" -}}
{{- $project := (get .Values "vcluster-isolation.resolved").values.project }}
{{- if or $project.name $project.namespaceSelector }}true{{ end }}
{{- end }}

{{/*
The namespaces of the project, as a JSON selector: those that its label or the user's selector names, less what vCluster
made for a tenant.
*/}}
{{- define "vcluster-isolation.project.namespaces" -}}
{{- $project := (get .Values "vcluster-isolation.resolved").values.project }}
{{- $label := dict "loft.sh/project" (include "vcluster-isolation.resolve" (list . $project.name) | fromJson).value }}
{{- $selector := $project.namespaceSelector | default (dict "matchLabels" $label) }}
{{- $own := dict "key" "vcluster.loft.sh/vcluster-namespace" "operator" "DoesNotExist" }}
{{- $expressions := append ($selector.matchExpressions | default list) $own }}
{{- set (include "vcluster-isolation.tidy" $selector | fromJson) "matchExpressions" $expressions | toJson }}
{{- end }}
