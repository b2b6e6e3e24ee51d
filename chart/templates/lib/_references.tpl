{{/*
Label and annotation values may refer to other values. They are resolved here and never by `tpl`: a value may come
from a tenant, and a template could read the host cluster's secrets with `lookup`.
*/}}

{{/*
Resolve the references in one text: `list ROOT TEXT` -> JSON {"value": TEXT, "problem": "" or what is wrong}.
One pass: what a reference resolves to is never resolved again.
*/}}
{{- define "vcluster-isolation.resolve" -}}
{{- $root := index . 0 }}
{{- $text := index . 1 | toString }}
{{- $value := "" }}
{{- $problem := "" }}
{{- $references := regexFindAll "\\{\\{[^{}]*\\}\\}" $text -1 }}
{{- range $i, $literal := regexSplit "\\{\\{[^{}]*\\}\\}" $text -1 }}
{{- $value = print $value $literal | trunc 262145 }}
{{- if contains "{{" $literal }}
{{- $problem = "opens {{ without a reference; write {{ .Values.a.b }}, {{ .Release.Name }} or {{ .Release.Namespace }}" }}
{{- end }}
{{- if lt $i (len $references) }}
{{- $found := include "vcluster-isolation.resolve.one" (list $root (index $references $i)) | fromJson }}
{{- $value = print $value $found.value | trunc 262145 }}
{{- $problem = $problem | default $found.problem }}
{{- end }}
{{- end }}
{{- dict "value" $value "problem" $problem | toJson }}
{{- end }}

{{/* Resolve one reference: `list ROOT "{{ .Values.a.b }}"` -> JSON {"value", "problem"}. */}}
{{- define "vcluster-isolation.resolve.one" -}}
{{- $root := index . 0 }}
{{- $reference := index . 1 }}
{{- $path := regexFind "\\.[A-Za-z0-9_.-]+" $reference }}
{{- $quoted := include "vcluster-isolation.quoted" $reference }}
{{- $name := trimPrefix ".Values." $path | trunc 80 }}
{{- $value := "" }}
{{- $problem := "" }}
{{- if not (regexMatch "^\\{\\{ *(\\.Values(\\.[A-Za-z0-9_-]+)+|\\.Release\\.Name|\\.Release\\.Namespace) *\\}\\}$" $reference) }}
{{- $problem = printf "%s is not understood; only {{ .Values.a.b }}, {{ .Release.Name }} and {{ .Release.Namespace }} are" $quoted }}
{{- else if hasPrefix ".Release." $path }}
{{- $value = index $root.Release (trimPrefix ".Release." $path) }}
{{- else }}
{{- $found := include "vcluster-isolation.get-path" (list $root.Values (trimPrefix ".Values." $path)) | fromJson }}
{{- if has (kindOf $found.value) (list "int64" "float64")
      | and (or (gt (float64 $found.value) 9007199254740991.0) (lt (float64 $found.value) -9007199254740991.0)) }}
{{- $problem = printf "%s refers to a number that is not exact; put quotes around %s" $quoted $name }}
{{- else if has (kindOf $found.value) (list "string" "bool" "int64" "float64") }}
{{- $value = kindIs "string" $found.value | ternary $found.value (toJson $found.value) }}
{{- end }}
{{- if not $problem | and (or (eq $value "") (contains "{{" $value)) }}
{{- $problem = printf "%s refers to nothing that can be put here; set %s to a text or a number" $quoted $name }}
{{- end }}
{{- end }}
{{- dict "value" $value "problem" $problem | toJson }}
{{- end }}

{{/* Look a dotted path up: `list MAP "a.b"` -> JSON {"value": what is there, or null}. */}}
{{- define "vcluster-isolation.get-path" -}}
{{- $at := dict "value" (index . 0) }}
{{- range $key := splitList "." (index . 1) }}
{{- $inside := ternary $at.value dict (kindIs "map" $at.value) }}
{{- $at = dict "value" (hasKey $inside $key | ternary (get $inside $key) nil) }}
{{- end }}
{{- toJson $at }}
{{- end }}
