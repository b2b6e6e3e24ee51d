{{/* The values of vCluster Platform, over their defaults. */}}

{{/* Resolve the values of the platform; whether a vCluster is isolated makes no difference. Prints nothing. */}}
{{- define "vcluster-isolation.resolve-platform" -}}
{{- $table := .Files.Get "ports.yaml" | fromYaml }}
{{- $grants := .Files.Get "grants.yaml" | splitList "\nplatform:\n" | last | fromYamlArray }}
{{- $values := deepCopy .Values.platformNetworkPolicy }}
{{- include "vcluster-isolation.merge-defaults" (list $values
      (include "vcluster-isolation.platform.defaults" $table | fromJson)) }}
{{- include "vcluster-isolation.merge-grants" (list $values $grants) }}
{{- $values = set $values "namespace" ($values.namespace | default .Release.Namespace) }}
{{- if not (include "vcluster-isolation.tidy" $values.prometheus.podSelector | fromJson) }}
{{- $_ := set $values.prometheus "podSelector" (dict "matchLabels" $table.ends.prometheus.podLabels) }}
{{- end }}
{{- $end := not $values.agentOnly | ternary "platform" "agent" }}
{{- $rows := list }}
{{- range $table.ports }}
{{- if has $end .servedBy }}{{ $rows = append $rows . }}{{ end }}
{{- end }}
{{- $resolved := get .Values "vcluster-isolation.resolved" }}
{{- $_ := set $resolved "platform" $values }}
{{- $_ := set $resolved.grants "platform" $grants }}
{{- include "vcluster-isolation.with-values" (list $grants $values) }}
{{- $_ := set $resolved "platformPorts" $rows }}
{{- end }}

{{/*
platformNetworkPolicy as it is in values.yaml, as JSON, without the grants, whose defaults are in grants.yaml; a test holds
them equal. The argument is ports.yaml.
*/}}
{{- define "vcluster-isolation.platform.defaults" -}}
{
  "enabled": false,
  "namespace": "",
  "agentOnly": false,
  "apiServer": {"cidrs": [], "peers": []},
  "https": {"from": []},
  "http": {"from": []},
  "prometheus": {
    "enabled": false,
    "namespace": "monitoring",
    "podSelector": {},
    "port": {{ range .ports }}{{ if eq .name "prometheus" }}{{ .port }}{{ end }}{{ end }},
    "isolated": false
  },
  "ingress": [],
  "egress": {"enabled": false, "dns": {"enabled": true}, "rules": []}
}
{{- end }}
