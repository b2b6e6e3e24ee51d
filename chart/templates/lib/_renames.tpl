{{/* The keys of vCluster 0.20 to 0.30, honoured in the place of their successors: see renames.yaml. */}}

{{/* The rows of renames.yaml as a JSON list; none when no key is there but today's, which spares reading the file. */}}
{{- define "vcluster-isolation.renames" -}}
{{- if pick .Values.policies.networkPolicy "extraControlPlaneRules" "extraWorkloadRules" "outgoingConnections" }}
{{- .Files.Get "renames.yaml" | fromYamlArray | toJson }}{{ else }}[]{{ end }}
{{- end }}

{{/* Set a dotted path in place: `list MAP "a.b" VALUE`. Prints nothing. */}}
{{- define "vcluster-isolation.set-path" -}}
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
{{- $found := include "vcluster-isolation.get-path" (list $.Values.policies.networkPolicy .from) | fromJson }}
{{- if not (kindIs "invalid" $found.value) }}
{{- $used = append $used . }}
{{- end }}
{{- end }}
{{- toJson $used }}
{{- end }}
