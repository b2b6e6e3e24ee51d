{{/*
The warning of NOTES.txt about peers that pods of other tenants can match. An approximation that misses none: `prove` goes
through all labels and says for certain.
*/}}

{{/* The warning for a vCluster, or nothing. */}}
{{- define "vcluster-isolation.notes.forgeable" -}}
{{- $values := (get .Values "vcluster-isolation.resolved").values }}
{{- $lists := dict "hostDns.extra" $values.hostDns.extra }}
{{- $narrowed := include "vcluster-isolation.hardened" . }}
{{- $there := list "control-plane" "snapshot" }}
{{- if (get .Values "vcluster-isolation.resolved").workloads }}{{ $there = append $there "workload" }}{{ end }}
{{- if (get .Values "vcluster-isolation.resolved").coredns }}{{ $there = append $there "coredns" }}{{ end }}
{{- range $row := (get .Values "vcluster-isolation.resolved").grants.vcluster }}
{{- $pods := list }}
{{- range .rules }}{{ range .pods }}{{ if has . $there }}{{ $pods = append $pods . }}{{ end }}{{ end }}{{ end }}
{{- if not $pods }}
{{- else if eq .kind "rules" }}
{{- range $i, $rule := .value }}{{ $_ := set $lists (printf "%s[%d].%s" $row.path $i $row.peers) (index $rule $row.peers) }}{{ end }}
{{- else if and (eq .kind "grant") .value.enabled (not (and $narrowed (eq .whose "tenant"))) }}
{{- $_ := set $lists (printf "%s.%s" .path .peers) (get .value .peers) }}
{{- end }}
{{- end }}
{{- if $values.pods.cidrs }}
{{- $blocks := list }}
{{- range $values.hostApiServer.cidrs }}{{ $blocks = append $blocks (dict "ipBlock" (dict "cidr" .)) }}{{ end }}
{{- $_ := set $lists "hostApiServer.cidrs" $blocks }}
{{- with $values.fallbackDns }}
{{- $cidr := printf "%s/%s" . (contains ":" . | ternary "128" "32") }}
{{- $_ := set $lists "fallbackDns" (list (dict "ipBlock" (dict "cidr" $cidr))) }}
{{- end }}
{{- end }}
{{- $namespaces := (get .Values "vcluster-isolation.resolved").namespaces }}
{{- include "vcluster-isolation.notes.forgeable.of" (list . "policies.networkPolicy." $lists $namespaces list) }}
{{- end }}

{{/* The warning for the platform, or nothing. */}}
{{- define "vcluster-isolation.notes.platform.forgeable" -}}
{{- $values := (get .Values "vcluster-isolation.resolved").platform }}
{{- $lists := dict "apiServer.peers" $values.apiServer.peers "https.from" $values.https.from "http.from" $values.http.from }}
{{- range $i, $rule := $values.ingress }}{{ $_ := set $lists (printf "ingress[%d].from" $i) $rule.from }}{{ end }}
{{- $tenants := list }}
{{- if $values.egress.enabled }}
{{- range (get .Values "vcluster-isolation.resolved").grants.platform }}
{{- $path := print .path "." .peers }}
{{- if .value.enabled }}{{ $_ := set $lists $path (get .value .peers) }}{{ end }}
{{- if eq .whose "tenants" }}{{ $tenants = append $tenants $path }}{{ end }}
{{- end }}
{{- range $i, $rule := $values.egress.rules }}{{ $_ := set $lists (printf "egress.rules[%d].to" $i) $rule.to }}{{ end }}
{{- end }}
{{- include "vcluster-isolation.notes.forgeable.of" (list . "platformNetworkPolicy." $lists (list $values.namespace) $tenants) }}
{{- end }}

{{/*
The warning about lists of peers by their paths: `list ROOT PREFIX LISTS NAMESPACES TENANTS`; pods of tenants without managed-by
are the purpose of the lists at the paths TENANTS.
*/}}
{{- define "vcluster-isolation.notes.forgeable.of" -}}
{{- $root := index . 0 }}
{{- $found := list }}
{{- range $path, $peers := index . 2 }}
{{- range $i, $peer := $peers }}
{{- if include "vcluster-isolation.forgeable" (list $root $peer (index $ 3) (not (has $path (index $ 4)))) }}
{{- $at := eq $path "fallbackDns" | ternary "" (printf "[%d]" $i) }}
{{- $found = append $found (printf "%s%s%s" (index $ 1) $path $at) }}
{{- end }}
{{- end }}
{{- end }}
{{- if $found }}
  - Pods of other tenants may match these peers, for a tenant chooses the labels of its pods:
{{- range $i, $path := $found }}{{ if lt $i 10 }}
      {{ $path }}
{{- end }}{{ end }}
{{- if gt (len $found) 10 }}
      and {{ sub (len $found) 10 }} more
{{- end }}
    Name the namespace by kubernetes.io/metadata.name, and exclude pods that vCluster syncs: in podSelector.matchExpressions,
    {key: vcluster.loft.sh/managed-by, operator: DoesNotExist}. Addresses: set policies.networkPolicy.pods.cidrs.
    `vcluster-isolation prove --strict` says for certain.
{{- end }}
{{- end }}
