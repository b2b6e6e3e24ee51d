{{/* "true" when the vCluster is to be isolated, else nothing. */}}
{{- define "vcluster-isolation.isolated" -}}
{{- if (((.Values).policies).networkPolicy).enabled }}true{{ end }}
{{- end }}

{{/* "true" when the vCluster's workloads run in the host cluster: not on private nodes. */}}
{{- define "vcluster-isolation.workloads" -}}
{{- if and (include "vcluster-isolation.isolated" .) (not ((.Values).privateNodes).enabled) }}true{{ end }}
{{- end }}

{{/* "true" when CoreDNS is a pod of its own among the workloads. Where `enabled` was removed with null, vCluster's default holds. */}}
{{- define "vcluster-isolation.coredns" -}}
{{- $coredns := ((.Values).controlPlane).coredns | default dict }}
{{- $off := and (hasKey $coredns "enabled") (not $coredns.enabled) | or $coredns.embedded }}
{{- if and (include "vcluster-isolation.workloads" .) (not $off) }}true{{ end }}
{{- end }}

{{/* "true" when CoreDNS runs inside the control plane, for workloads in the host cluster. */}}
{{- define "vcluster-isolation.coredns.embedded" -}}
{{- $coredns := ((.Values).controlPlane).coredns | default dict }}
{{- $on := or (not (hasKey $coredns "enabled")) $coredns.enabled }}
{{- if and (include "vcluster-isolation.workloads" .) $on $coredns.embedded }}true{{ end }}
{{- end }}

{{/* "true" in the hardened profile. */}}
{{- define "vcluster-isolation.hardened" -}}
{{- if eq (get .Values "vcluster-isolation.resolved").values.profile "hardened" }}true{{ end }}
{{- end }}

{{/* The vCluster's release name: names, selectors and labels follow it. */}}
{{- define "vcluster-isolation.name" -}}
{{- ((.Values).vcluster).name | default .Release.Name }}
{{- end }}

{{/* Labels and annotations of everything that the chart renders. */}}
{{- define "vcluster-isolation.metadata" -}}
labels:
  app: vcluster
  chart: {{ include "vcluster-isolation.chart" . | quote }}
  heritage: {{ .Release.Service | quote }}
  release: {{ (get .Values "vcluster-isolation.resolved").name | quote }}
  {{- range $key, $value := omit (include "vcluster-isolation.labels" . | fromJson) "app" "chart" "heritage" "release" }}
  {{ $key | quote }}: {{ $value | quote }}
  {{- end }}
{{- with include "vcluster-isolation.annotations" . | fromJson }}
annotations:
  {{- /* Quoted by Go and not by toYaml, which writes U+0085 as it is: a line break to YAML. */}}
  {{- range $key, $value := . }}
  {{ $key | quote }}: {{ $value | quote }}
  {{- end }}
{{- end }}
{{- end }}

{{/* Chart name and version as a label value. The name is fixed: .Chart.Name is the alias of an aliased subchart. */}}
{{- define "vcluster-isolation.chart" -}}
{{- regexReplaceAll "[+@]" (printf "vcluster-isolation-%s" .Chart.Version) "_" | trunc 63 | trimAll "-_." }}
{{- end }}

{{/* The user's labels, references resolved, as JSON. */}}
{{- define "vcluster-isolation.labels" -}}
{{- $labels := dict }}
{{- range $key, $text := .Values.policies.networkPolicy.labels | default dict }}
{{- $_ := set $labels $key (include "vcluster-isolation.resolve" (list $ $text) | fromJson).value }}
{{- end }}
{{- toJson $labels }}
{{- end }}

{{/* The user's annotations, references resolved, below those that vCluster puts on everything, as JSON. */}}
{{- define "vcluster-isolation.annotations" -}}
{{- $annotations := dict }}
{{- range $key, $text := .Values.policies.networkPolicy.annotations | default dict }}
{{- $_ := set $annotations $key (include "vcluster-isolation.resolve" (list $ $text) | fromJson).value }}
{{- end }}
{{- range $key, $text := (((.Values.controlPlane).advanced).globalMetadata).annotations | default dict }}
{{- if not (include "vcluster-isolation.hook" $key) }}
{{- $_ := set $annotations $key $text }}
{{- end }}
{{- end }}
{{- toJson $annotations }}
{{- end }}

{{/* "true" for an annotation that makes Helm or Argo CD take a manifest for a hook: no policy would stay in the cluster. */}}
{{- define "vcluster-isolation.hook" -}}
{{- if regexMatch "^(helm\\.sh|argocd\\.argoproj\\.io)/hook" . }}true{{ end }}
{{- end }}
