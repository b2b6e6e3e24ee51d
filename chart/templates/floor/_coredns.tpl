{{/* The rules of the floor for a deployed CoreDNS, which come before those for workloads: see _rules.tpl. */}}

{{/* What a deployed CoreDNS may be allowed to reach beyond that, as a JSON list of rules. */}}
{{- define "vcluster-isolation.floor.coredns.egress" -}}
{{- $values := (get .Values "vcluster-isolation.resolved").values }}
{{- $resolver := include "vcluster-isolation.ports.resolver" 53 | fromYamlArray }}
{{- $rules := list }}
{{- range include "vcluster-isolation.rules.to-host-dns" (list . "CoreDNS") | fromYamlArray }}
{{- $ports := .ports | default $resolver }}
{{- $rules = append $rules (dict "flow" "CoreDNS --> host DNS" "key" "hostDns" "action" "Pass" "ports" $ports "peers" .to) }}
{{- end }}
{{- $fallback := list (dict "ipBlock" (dict "cidr" (include "vcluster-isolation.cidr.of-address" $values.fallbackDns))) }}
{{- $flow := "CoreDNS --> fallback DNS" }}
{{- $rules = append $rules (dict "flow" $flow "key" "fallbackDns" "action" "Pass" "ports" $resolver "peers" $fallback) }}
{{- concat $rules (include "vcluster-isolation.floor.own" (list "coredns.egress" $values.coredns.egress) | fromJsonArray) | toJson }}
{{- end }}

{{/* By whom a deployed CoreDNS may be reached beyond that, as a JSON list of rules. */}}
{{- define "vcluster-isolation.floor.coredns.ingress" -}}
{{- $values := (get .Values "vcluster-isolation.resolved").values }}
{{- $rules := list }}
{{- if $values.prometheus.enabled }}
{{- $ports := list (dict "port" 9153 "protocol" "TCP") }}
{{- $peers := $values.prometheus.from }}
{{- $flow := "Prometheus --> CoreDNS: metrics" }}
{{- $rules = append $rules (dict "flow" $flow "key" "prometheus" "action" "Pass" "ports" $ports "peers" $peers) }}
{{- end }}
{{- concat $rules (include "vcluster-isolation.floor.own" (list "coredns.ingress" $values.coredns.ingress) | fromJsonArray) | toJson }}
{{- end }}
