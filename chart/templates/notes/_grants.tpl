{{/* The lines of NOTES.txt about what grants open. */}}

{{/* What grants open, a line each, in the order of grants.yaml. */}}
{{- define "vcluster-isolation.notes.open" -}}
{{- $values := (get .Values "vcluster-isolation.resolved").values }}
{{- $hosted := (get .Values "vcluster-isolation.resolved").workloads }}
{{- range (get .Values "vcluster-isolation.resolved").grants.vcluster }}
{{- if eq .path "workload.publicEgress" }}
{{- if and $hosted .value.enabled }}
{{- range $block := (get $.Values "vcluster-isolation.resolved").publicBlocks }}
  workloads --> {{ .cidr }}{{ with .except }} except {{ include "vcluster-isolation.notes.except" (list $ $block) }}{{ end }}, on any port
{{- end }}
{{- end }}
{{- else if eq .path "project" }}
{{- if and $hosted (include "vcluster-isolation.project" $) }}
  workloads <-> workloads in namespaces {{ include "vcluster-isolation.notes.project" $ }}, {{ include "vcluster-isolation.notes.ports"
      .value }} (project)
{{- end }}
{{- else if and (eq .kind "grant") (not (.default).enabled) .value.enabled (or $hosted (not .hosted)) }}
  {{ include "vcluster-isolation.notes.grant" (list . $hosted) }} ({{ .path }})
{{- end }}
{{- end }}
{{- end }}

{{/* What a grant that is on opens, in words: `list ROW HOSTED`, a row of grants.yaml. */}}
{{- define "vcluster-isolation.notes.grant" -}}
{{- $row := index . 0 }}
{{- $peers := get $row.value $row.peers }}
{{- $who := $row.who | default (printf "the listed peers (%d)" (len $peers)) }}
{{- if and (empty $peers) (eq $row.empty "anyone") }}{{ $who = "anyone" }}{{ end }}
{{- if and (empty $peers) (eq $row.empty "public") }}{{ $who = print $who " at every public address" }}{{ end }}
{{- $own := include "vcluster-isolation.notes.ports" $row.value }}
{{- $rules := list }}
{{- range $row.rules }}
{{- if or (index $ 1) (without .pods "workload" "coredns") }}
{{- $ports := .ports | empty | ternary $own (printf "TCP %s" (include "vcluster-isolation.notes.numbers" (.ports | default (list "")))) }}
{{- $pods := include "vcluster-isolation.notes.pods" .pods }}
{{- if eq $row.peers "to" }}{{ $rules = append $rules (printf "%s --> %s, %s" $pods $who $ports) }}
{{- else }}{{ $rules = append $rules (print $pods (gt (len $row.rules) 1 | ternary " " ", ") $ports) }}{{ end }}
{{- end }}
{{- end }}
{{- eq $row.peers "from" | ternary (print $who " --> ") "" }}{{ join ", " $rules }}
{{- end }}

{{/* Pods as grants.yaml calls them, in words. */}}
{{- define "vcluster-isolation.notes.pods" -}}
{{- $words := dict "control-plane" "control plane" "coredns" "CoreDNS" "snapshot" "snapshots" "workload" "workloads" }}
{{- range $i, $pods := . }}{{ if $i }}, {{ end }}{{ get $words $pods }}{{ end }}
{{- end }}

{{/*
The exceptions of a block of public egress, in words: `list ROOT BLOCK`. The many ranges that the hardened profile leaves out
by default are named together; without one of them, all are listed.
*/}}
{{- define "vcluster-isolation.notes.except" -}}
{{- $block := index . 1 }}
{{- $shown := $block.except }}
{{- if gt (len $shown) 8 }}
{{- $defaults := include "vcluster-isolation.public.defaults" (first .) | fromJson }}
{{- $default := contains ":" $block.cidr | ternary (concat $defaults.outside6 $defaults.special6) $defaults.special4 }}
{{- $default = include "vcluster-isolation.public.inside" (list (first .) $block.cidr $default) | fromJsonArray }}
{{- $all := gt (len $default) 8 }}
{{- range $default }}{{ if not (has . $block.except) }}{{ $all = false }}{{ end }}{{ end }}
{{- if $all }}
{{- $shown = list (printf "private, special-purpose and metadata ranges (%d)" (len $default)) }}
{{- range $block.except }}{{ if not (has . $default) }}{{ $shown = append $shown . }}{{ end }}{{ end }}
{{- end }}
{{- end }}
{{- join ", " $shown }}
{{- end }}

{{/* The namespaces of the project, in words. */}}
{{- define "vcluster-isolation.notes.project" -}}
{{- $project := (get .Values "vcluster-isolation.resolved").values.project }}
{{- if $project.namespaceSelector -}}
of project.namespaceSelector
{{- else -}}
labelled loft.sh/project: {{ (include "vcluster-isolation.resolve" (list . $project.name) | fromJson).value }}
{{- end }}
{{- end }}

{{/* The ports of a grant, in words. */}}
{{- define "vcluster-isolation.notes.ports" -}}
{{- $words := list }}
{{- range .ports }}
{{- $words = append $words (printf "%s %s%s" (.protocol | default "TCP") (.port | default "any port" | toString)
      (.endPort | empty | ternary "" (print "-" .endPort))) }}
{{- end }}
{{- $words | join ", " | default "any port" }}
{{- end }}
