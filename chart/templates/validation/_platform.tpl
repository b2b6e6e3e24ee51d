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
{{- range list "enabled" "agentOnly" "prometheus.enabled" "prometheus.isolated" "egress.enabled" "egress.dns.enabled"
      "egress.vclusters.enabled" "egress.apiServers.enabled" "egress.platform.enabled" "egress.licenseServer.enabled"
      "egress.identityProviders.enabled" "egress.database.enabled" }}
{{- if not (kindIs "bool" (include "vcluster-isolation.get-path" (list $values .) | fromJson).value) }}
platformNetworkPolicy.{{ . }}: is neither true nor false; write one of the two, without quotes
{{- end }}
{{- end }}
{{- end }}

{{/* A grant that is on and names nobody would be one for everybody; so would one without ports be for all of them. */}}
{{- define "vcluster-isolation.platform.problems.grants" -}}
{{- $egress := (get .Values "vcluster-isolation.resolved").platform.egress }}
{{- if $egress.enabled }}
{{- range $key := list "vclusters" "apiServers" "platform" "licenseServer" "identityProviders" "database" }}
{{- $grant := get $egress $key }}
{{- if and $grant.enabled (empty $grant.to) (not (has $key (list "licenseServer" "identityProviders"))) }}
platformNetworkPolicy.egress.{{ $key }}.to: is empty, which would allow every destination; list at least one peer
{{- end }}
{{- if $grant.enabled }}{{ include "vcluster-isolation.problems.every-port"
      (list (print "platformNetworkPolicy.egress." $key) $grant) }}{{ end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "vcluster-isolation.platform.problems.rules" -}}
{{- $values := (get .Values "vcluster-isolation.resolved").platform }}
{{- range $i, $cidr := $values.apiServer.cidrs }}
{{- with (include "vcluster-isolation.cidr" $cidr | fromJson).problem }}
platformNetworkPolicy.apiServer.cidrs[{{ $i }}]: {{ . }}
{{- end }}
{{- end }}
{{- range list "apiServer.peers" "https.from" "http.from" }}
{{- include "vcluster-isolation.problems.peers" (list (print "platformNetworkPolicy." .)
      (include "vcluster-isolation.get-path" (list $values .) | fromJson).value) }}
{{- end }}
{{- range list "vclusters" "apiServers" "platform" "licenseServer" "identityProviders" "database" }}
{{- include "vcluster-isolation.problems.rule" (list (print "platformNetworkPolicy.egress." .) (get $values.egress .)) }}
{{- end }}
{{- range $path := list "ingress" "egress.rules" }}
{{- range $i, $rule := (include "vcluster-isolation.get-path" (list $values $path) | fromJson).value }}
{{- include "vcluster-isolation.problems.rule" (list (printf "platformNetworkPolicy.%s[%d]" $path $i) $rule) }}
{{- end }}
{{- end }}
{{- end }}

{{/* What the platform's egress takes from the values of vClusters. */}}
{{- define "vcluster-isolation.platform.problems.shared" -}}
{{- if (get .Values "vcluster-isolation.resolved").platform.egress.enabled }}
{{- $policy := (get .Values "vcluster-isolation.resolved").values }}
{{- include "vcluster-isolation.problems.peers" (list "policies.networkPolicy.hostDns.extra" $policy.hostDns.extra) }}
{{- include "vcluster-isolation.problems.extra-except" $policy.workload.publicEgress }}
{{- include "vcluster-isolation.problems.cluster-addresses.form" $policy }}
{{- end }}
{{- end }}
