{{/*
policies.networkPolicy as JSON: over its defaults, because Helm removes a default where a user wrote null (or nothing, as
in `except:`), and with the deprecated keys of renames.yaml put in the place of their successors.
*/}}
{{- define "vcluster-isolation.values" -}}
{{- $defaults := include "vcluster-isolation.defaults" . | fromJson }}
{{- $values := include "vcluster-isolation.over" (list $defaults .Values.policies.networkPolicy) | fromJson }}
{{- range include "vcluster-isolation.renames" . | fromJsonArray }}
{{- $found := include "vcluster-isolation.dig" (list $values .from) | fromJson }}
{{- if not (kindIs "invalid" $found.value) }}
{{- include "vcluster-isolation.put" (list $values .to $found.value) }}
{{- end }}
{{- end }}
{{- toJson $values }}
{{- end }}

{{/* The rows of renames.yaml as a JSON list; none when no key is there but today's, which spares reading the file. */}}
{{- define "vcluster-isolation.renames" -}}
{{- $today := include "vcluster-isolation.defaults" . | fromJson }}
{{- $others := list }}
{{- range $key, $_ := .Values.policies.networkPolicy }}
{{- if not (hasKey $today $key) }}{{ $others = append $others $key }}{{ end }}
{{- end }}
{{- if $others }}{{ .Files.Get "renames.yaml" | fromYamlArray | toJson }}{{ else }}[]{{ end }}
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
{{- range include "vcluster-isolation.renames" . | fromJsonArray }}
{{- $found := include "vcluster-isolation.dig" (list $.Values.policies.networkPolicy .from) | fromJson }}
{{- if not (kindIs "invalid" $found.value) }}
{{- $used = append $used . }}
{{- end }}
{{- end }}
{{- toJson $used }}
{{- end }}

{{/* policies.networkPolicy as it is in values.yaml, as JSON; a test holds the two equal. */}}
{{- define "vcluster-isolation.defaults" -}}
{{- $except := include "vcluster-isolation.public.except.default" . | fromJsonArray }}
{{- $public := dict "enabled" true "cidr" "0.0.0.0/0" "except" $except }}
{{- $access := dict "enabled" false "from" list }}
{{- dict "enabled" false "fallbackDns" "8.8.8.8" "labels" dict "annotations" dict "platform" (dict "enabled" true)
      "controlPlane" (dict "apiAccess" $access "ingress" list "egress" list)
      "workload" (dict "publicEgress" $public "ingress" list "egress" list) | toJson }}
{{- end }}

{{/* Lay a map over another, at every depth: `list BELOW ABOVE` -> JSON. A null above is as good as nothing. */}}
{{- define "vcluster-isolation.over" -}}
{{- $below := index . 0 }}
{{- $merged := deepCopy $below }}
{{- range $key, $value := index . 1 }}
{{- if and (kindIs "map" $value) (kindIs "map" (get $below $key)) }}
{{- $_ := set $merged $key (include "vcluster-isolation.over" (list (get $below $key) $value) | fromJson) }}
{{- else if not (kindIs "invalid" $value) }}
{{- $_ := set $merged $key $value }}
{{- end }}
{{- end }}
{{- toJson $merged }}
{{- end }}
