{{/*
The part of the validation that is about vCluster Platform, for platformNetworkPolicy.enabled with or without a
vCluster's isolation.
*/}}

{{- define "vcluster-isolation.platform.problems" -}}
{{- include "vcluster-isolation.problems.name" . }}
{{- include "vcluster-isolation.problems.metadata" . }}
{{- include "vcluster-isolation.platform.problems.switches" . }}
{{- include "vcluster-isolation.platform.problems.grants" . }}
{{- include "vcluster-isolation.platform.problems.rules" . }}
{{- include "vcluster-isolation.platform.problems.shared" . }}
{{- end }}

{{- define "vcluster-isolation.platform.problems.switches" -}}
{{- $values := (get .Values "vcluster-isolation.resolved").platform }}
{{- $switches := list "enabled" "agentOnly" "prometheus.enabled" "prometheus.isolated" "egress.enabled" "egress.dns.enabled" }}
{{- range (get .Values "vcluster-isolation.resolved").grants.platform }}{{ $switches = append $switches (print .path ".enabled") }}{{ end }}
{{- range $switches }}
{{- if not (kindIs "bool" (include "vcluster-isolation.get-path" (list $values .) | fromJson).value) }}
platformNetworkPolicy.{{ . }}: is neither true nor false; write one of the two, without quotes
{{- end }}
{{- end }}
{{- end }}

{{/* Grants that are on and would be for everybody, or for every port; they are part of egress. */}}
{{- define "vcluster-isolation.platform.problems.grants" -}}
{{- $resolved := get .Values "vcluster-isolation.resolved" }}
{{- if $resolved.platform.egress.enabled }}
{{- include "vcluster-isolation.problems.grants.of" (list "platformNetworkPolicy." $resolved.grants.platform) }}
{{- end }}
{{- end }}

{{- define "vcluster-isolation.platform.problems.rules" -}}
{{- $values := (get .Values "vcluster-isolation.resolved").platform }}
{{- range $i, $cidr := $values.apiServer.cidrs }}
{{- with (include "vcluster-isolation.cidr.once" (list $ $cidr) | fromJson).problem }}
platformNetworkPolicy.apiServer.cidrs[{{ $i }}]: {{ . }}
{{- end }}
{{- end }}
{{- range list "apiServer.peers" "https.from" "http.from" }}
{{- include "vcluster-isolation.problems.peers" (list $ (print "platformNetworkPolicy." .)
      (include "vcluster-isolation.get-path" (list $values .) | fromJson).value) }}
{{- end }}
{{- range (get .Values "vcluster-isolation.resolved").grants.platform }}
{{- include "vcluster-isolation.problems.rule" (list $ (print "platformNetworkPolicy." .path) .value) }}
{{- end }}
{{- range $path := list "ingress" "egress.rules" }}
{{- range $i, $rule := (include "vcluster-isolation.get-path" (list $values $path) | fromJson).value }}
{{- include "vcluster-isolation.problems.rule" (list $ (printf "platformNetworkPolicy.%s[%d]" $path $i) $rule) }}
{{- end }}
{{- end }}
{{- end }}

{{/* What the platform's egress takes from the values of vClusters. */}}
{{- define "vcluster-isolation.platform.problems.shared" -}}
{{- if (get .Values "vcluster-isolation.resolved").platform.egress.enabled }}
{{- $policy := (get .Values "vcluster-isolation.resolved").values }}
{{- include "vcluster-isolation.problems.peers" (list . "policies.networkPolicy.hostDns.extra" $policy.hostDns.extra) }}
{{- include "vcluster-isolation.problems.extra-except" . }}
{{- include "vcluster-isolation.problems.cluster-addresses.form" . }}
{{- end }}
{{- end }}
