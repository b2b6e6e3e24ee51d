{{/*
policies.networkPolicy as JSON: over its defaults, because Helm removes a default where a user wrote null (or nothing, as
in `except:`), and with the deprecated keys of renames.yaml put in the place of their successors.
*/}}
{{- define "vcluster-isolation.values" -}}
{{- $values := include "vcluster-isolation.given" . | fromJson }}
{{- range include "vcluster-isolation.renames" . | fromJsonArray }}
{{- $found := include "vcluster-isolation.dig" (list $values .from) | fromJson }}
{{- if not (kindIs "invalid" $found.value) }}
{{- include "vcluster-isolation.put" (list $values .to $found.value) }}
{{- end }}
{{- end }}
{{- toJson $values }}
{{- end }}

{{/* policies.networkPolicy over its defaults, as JSON. Where nothing was removed, which is nearly always, as it is. */}}
{{- define "vcluster-isolation.given" -}}
{{- $policy := .Values.policies.networkPolicy }}
{{- $public := ($policy.workload).publicEgress }}
{{- $access := ($policy.controlPlane).apiAccess }}
{{- $whole := and $policy.fallbackDns (kindIs "map" $policy.labels) (kindIs "map" $policy.annotations) (kindIs "bool" ($policy.platform).enabled)
      (kindIs "bool" ($access).enabled) (kindIs "slice" ($access).from) (kindIs "slice" ($policy.controlPlane).ingress) (kindIs "slice" ($policy.controlPlane).egress)
      (kindIs "bool" ($public).enabled) ($public).cidr (kindIs "slice" ($public).except) (kindIs "slice" ($policy.workload).ingress) (kindIs "slice" ($policy.workload).egress) }}
{{- if $whole }}{{ toJson $policy }}
{{- else }}{{ include "vcluster-isolation.over" (list (include "vcluster-isolation.defaults" . | fromJson) $policy) }}
{{- end }}
{{- end }}

{{/* The rows of renames.yaml as a JSON list; none when no key is there but today's, which spares reading the file. */}}
{{- define "vcluster-isolation.renames" -}}
{{- $others := omit .Values.policies.networkPolicy "enabled" "labels" "annotations" "fallbackDns" "platform" "controlPlane" "workload" }}
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
