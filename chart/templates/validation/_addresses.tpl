{{/* The part of the validation that is about the addresses of the host cluster. */}}

{{/* The addresses of nodes and pods, and whether the hardened profile can take them and the API server's out of public egress. */}}
{{- define "vcluster-isolation.problems.cluster-addresses" -}}
{{- $values := (get .Values "vcluster-isolation.resolved").values }}
{{- include "vcluster-isolation.problems.cluster-addresses.form" . }}
{{- if and (include "vcluster-isolation.hardened" .) (or $values.hostApiServer.cidrs $values.nodes.cidrs $values.pods.cidrs) }}
{{- if include "vcluster-isolation.cluster-addresses.may-be-wide" $values }}
{{- include "vcluster-isolation.problems.cluster-addresses.wide" . }}
{{- end }}
{{- end }}
{{- end }}

{{/* Addresses of nodes and pods that are no CIDRs. */}}
{{- define "vcluster-isolation.problems.cluster-addresses.form" -}}
{{- range $key, $given := pick (get .Values "vcluster-isolation.resolved").values "nodes" "pods" }}
{{- range $i, $cidr := $given.cidrs }}
{{- with (include "vcluster-isolation.cidr.once" (list $ $cidr) | fromJson).problem }}
policies.networkPolicy.{{ $key }}.cidrs[{{ $i }}]: {{ . }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/*
Whether it is worth asking, because it takes time: "true" or nothing. Not with public egress at its default addresses and at
most 64 CIDRs of a host cluster, none wider than /8 or, of IPv6, than /10: they hold a quarter of all addresses at most, and
the default exceptions less than a sixth. The argument is policies.networkPolicy.
*/}}
{{- define "vcluster-isolation.cluster-addresses.may-be-wide" -}}
{{- $public := .workload.publicEgress }}
{{- $cidrs := concat .hostApiServer.cidrs .nodes.cidrs .pods.cidrs }}
{{- $wide := or (gt (len $cidrs) 64) (ne $public.cidr "0.0.0.0/0") (not (empty $public.extraExcept)) }}
{{- range $cidrs }}
{{- if lt (splitList "/" . | last | atoi) (contains ":" . | ternary 10 8) }}{{ $wide = true }}{{ end }}
{{- end }}
{{- if not $wide }}
{{- $defaults := include "vcluster-isolation.public.defaults" . | fromJson }}
{{- $wide = ne (toJson $public.except) (toJson $defaults.except) }}
{{- if $public.ipv6.enabled }}
{{- $wide = or $wide (ne $public.ipv6.cidr "2000::/3") (ne (toJson $public.ipv6.except) (toJson $defaults.special6)) }}
{{- end }}
{{- end }}
{{- if $wide }}true{{ end }}
{{- end }}

{{/*
Addresses of the host cluster that are as wide as public egress. As exceptions they would leave nothing of it, or, where they
contain its cidr, they could be none; and a rule to such an API server is one to any public address.
*/}}
{{- define "vcluster-isolation.problems.cluster-addresses.wide" -}}
{{- $values := (get .Values "vcluster-isolation.resolved").values }}
{{- $defaults := include "vcluster-isolation.public.defaults" . | fromJson }}
{{- $server := include "vcluster-isolation.networks" (list . $values.hostApiServer.cidrs) | fromJson }}
{{- $everywhere := false }}
{{- range $family, $special := dict "4" $defaults.special4 "6" $defaults.special6 }}
{{- if get $server $family }}
{{- $whole := eq $family "6" | ternary "001" "" }}
{{- $closed := get (include "vcluster-isolation.networks" (list $ $special) | fromJson) $family }}
{{- if include "vcluster-isolation.cidr.covered" (list $whole (concat $closed (get $server $family))) }}
{{- $everywhere = true }}
policies.networkPolicy.hostApiServer.cidrs: hold every public IPv{{ $family }} address,
{{- " which is no narrower than naming none; list the addresses of the API server only" }}
{{- end }}
{{- end }}
{{- end }}
{{- if and $values.workload.publicEgress.enabled (not $everywhere) }}
{{- $cluster := concat $values.hostApiServer.cidrs $values.nodes.cidrs $values.pods.cidrs }}
{{- range $block := (get .Values "vcluster-isolation.resolved").publicBlocks }}
{{- $family := contains ":" $block.cidr | ternary "6" "4" }}
{{- $whole := (include "vcluster-isolation.cidr.once" (list $ $block.cidr) | fromJson).network }}
{{- $others := list }}
{{- range $block.except }}{{ if not (has . $cluster) }}{{ $others = append $others . }}{{ end }}{{ end }}
{{- $closed := get (include "vcluster-isolation.networks" (list $ $others) | fromJson) $family }}
{{- $all := concat $closed (get (include "vcluster-isolation.networks" (list $ $cluster) | fromJson) $family) }}
{{- $covered := include "vcluster-isolation.cidr.covered" (list $whole $all) }}
{{- if and $covered (not (include "vcluster-isolation.cidr.covered" (list $whole $closed))) }}
{{- range $key := list "hostApiServer" "nodes" "pods" }}
{{- if get (include "vcluster-isolation.networks" (list $ (get $values $key).cidrs) | fromJson) $family }}
policies.networkPolicy.{{ $key }}.cidrs: hold all that workload.publicEgress leaves open of {{ $block.cidr }},
{{- " so none of it can be told from the cluster; list fewer addresses, or set workload.publicEgress.enabled: false" }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* CIDRs as texts of the bits of their networks: `list ROOT CIDRS` -> JSON {"4": [...], "6": [...]}; what is none is left out. */}}
{{- define "vcluster-isolation.networks" -}}
{{- $networks := dict "4" list "6" list }}
{{- range index . 1 }}
{{- $cidr := include "vcluster-isolation.cidr.once" (list (index $ 0) .) | fromJson }}
{{- if not $cidr.problem }}
{{- $family := eq (len $cidr.bits) 32 | ternary "4" "6" }}
{{- $_ := set $networks $family (append (get $networks $family) $cidr.network) }}
{{- end }}
{{- end }}
{{- toJson $networks }}
{{- end }}

{{- define "vcluster-isolation.problems.host-api-server" -}}
{{- $ports := (get .Values "vcluster-isolation.resolved").values.hostApiServer.ports }}
{{- range $i, $port := $ports }}
{{- if or (not (has (kindOf $port) (list "int" "int64" "float64"))) (lt (int $port) 1) (gt (int $port) 65535) }}
policies.networkPolicy.hostApiServer.ports[{{ $i }}]: is not a valid port number; write a number from 1 to 65535, without quotes
{{- end }}
{{- end }}
{{- if empty $ports }}
policies.networkPolicy.hostApiServer.ports: names no port, which would mean every one; list those of the API server
{{- end }}
{{- range $i, $cidr := (get .Values "vcluster-isolation.resolved").values.hostApiServer.cidrs }}
{{- with (include "vcluster-isolation.cidr.once" (list $ $cidr) | fromJson).problem }}
policies.networkPolicy.hostApiServer.cidrs[{{ $i }}]: {{ . }}
{{- end }}
{{- end }}
{{- end }}
