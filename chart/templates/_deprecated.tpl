{{/*
policies.networkPolicy as JSON, with the deprecated keys of renames.yaml put in the place of their successors.
*/}}
{{- define "vcluster-isolation.values" -}}
{{- $values := deepCopy .Values.policies.networkPolicy }}
{{- range .Files.Get "renames.yaml" | fromYamlArray }}
{{- $found := include "vcluster-isolation.dig" (list $values .from) | fromJson }}
{{- if not (kindIs "invalid" $found.value) }}
{{- include "vcluster-isolation.put" (list $values .to $found.value) }}
{{- end }}
{{- end }}
{{- toJson $values }}
{{- end }}

{{/* Set a dotted path in place: `list MAP "a.b" VALUE`. Prints nothing. */}}
{{- define "vcluster-isolation.put" -}}
{{- $map := index . 0 }}
{{- $keys := splitList "." (index . 1) }}
{{- range initial $keys }}
{{- if not (kindIs "map" (get $map .)) }}
{{- $_ := set $map . dict }}
{{- end }}
{{- $map = get $map . }}
{{- end }}
{{- $_ := set $map (last $keys) (index . 2) }}
{{- end }}

{{/* The deprecated keys that are used, as a JSON list of rows of renames.yaml. */}}
{{- define "vcluster-isolation.deprecated" -}}
{{- $used := list }}
{{- range .Files.Get "renames.yaml" | fromYamlArray }}
{{- $found := include "vcluster-isolation.dig" (list $.Values.policies.networkPolicy .from) | fromJson }}
{{- if not (kindIs "invalid" $found.value) }}
{{- $used = append $used . }}
{{- end }}
{{- end }}
{{- toJson $used }}
{{- end }}
