{{/* The part of the validation that is about the addresses of the host cluster, and about pods that are not this vCluster's. */}}

{{/* The addresses of nodes and pods, and whether the hardened profile can take them and the API server's out of public egress. */}}
{{- define "vcluster-isolation.problems.cluster-addresses" -}}
{{- $values := (get .Values "vcluster-isolation.resolved").values }}
{{- include "vcluster-isolation.problems.cluster-addresses.form" $values }}
{{- if and (include "vcluster-isolation.hardened" .) (or $values.hostApiServer.cidrs $values.nodes.cidrs $values.pods.cidrs) }}
{{- if include "vcluster-isolation.cluster-addresses.may-be-wide" $values }}
{{- include "vcluster-isolation.problems.cluster-addresses.wide" . }}
{{- end }}
{{- end }}
{{- end }}

{{/* Addresses of nodes and pods that are no CIDRs: the argument is policies.networkPolicy. */}}
{{- define "vcluster-isolation.problems.cluster-addresses.form" -}}
{{- range $key, $given := pick . "nodes" "pods" }}
{{- range $i, $cidr := $given.cidrs }}
{{- with (include "vcluster-isolation.cidr" $cidr | fromJson).problem }}
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
{{- $server := include "vcluster-isolation.networks" $values.hostApiServer.cidrs | fromJson }}
{{- $everywhere := false }}
{{- range $family, $special := dict "4" $defaults.special4 "6" $defaults.special6 }}
{{- if get $server $family }}
{{- $whole := eq $family "6" | ternary "001" "" }}
{{- $closed := get (include "vcluster-isolation.networks" $special | fromJson) $family }}
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
{{- $whole := (include "vcluster-isolation.cidr" $block.cidr | fromJson).network }}
{{- $others := list }}
{{- range $block.except }}{{ if not (has . $cluster) }}{{ $others = append $others . }}{{ end }}{{ end }}
{{- $closed := get (include "vcluster-isolation.networks" $others | fromJson) $family }}
{{- $all := concat $closed (get (include "vcluster-isolation.networks" $cluster | fromJson) $family) }}
{{- $covered := include "vcluster-isolation.cidr.covered" (list $whole $all) }}
{{- if and $covered (not (include "vcluster-isolation.cidr.covered" (list $whole $closed))) }}
{{- range $key := list "hostApiServer" "nodes" "pods" }}
{{- if get (include "vcluster-isolation.networks" (get $values $key).cidrs | fromJson) $family }}
policies.networkPolicy.{{ $key }}.cidrs: hold all that workload.publicEgress leaves open of {{ $block.cidr }},
{{- " so none of it can be told from the cluster; list fewer addresses, or set workload.publicEgress.enabled: false" }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* CIDRs as texts of the bits of their networks, as JSON {"4": [...], "6": [...]}; what is none is left out. */}}
{{- define "vcluster-isolation.networks" -}}
{{- $networks := dict "4" list "6" list }}
{{- range . }}
{{- $cidr := include "vcluster-isolation.cidr" . | fromJson }}
{{- if not $cidr.problem }}
{{- $family := eq (len $cidr.bits) 32 | ternary "4" "6" }}
{{- $_ := set $networks $family (append (get $networks $family) $cidr.network) }}
{{- end }}
{{- end }}
{{- toJson $networks }}
{{- end }}

{{/* In the hardened profile, peers of webhooks that are no workloads of this vCluster. */}}
{{- define "vcluster-isolation.problems.webhooks" -}}
{{- $webhooks := (get .Values "vcluster-isolation.resolved").values.controlPlane.webhooks }}
{{- if and (include "vcluster-isolation.hardened" .) $webhooks.enabled }}
{{- $name := (get .Values "vcluster-isolation.resolved").name }}
{{- $namespaces := (get .Values "vcluster-isolation.resolved").namespaces }}
{{- $elsewhere := "or put the rule into controlPlane.egress" }}
{{- range $i, $peer := $webhooks.to }}
{{- $path := printf "policies.networkPolicy.controlPlane.webhooks.to[%d]" $i }}
{{- if $peer.ipBlock }}
{{ $path }}.ipBlock: is not a workload of this vCluster; select workloads by their labels, {{ $elsewhere }}
{{- end }}
{{- range include "vcluster-isolation.wanted" (list $peer.namespaceSelector "kubernetes.io/metadata.name") | fromJsonArray }}
{{- if not (has . $namespaces) }}
{{ $path }}.namespaceSelector: {{ include "vcluster-isolation.quoted" . }} is not a namespace of this vCluster ({{ join ", "
      $namespaces }}); remove it, {{ $elsewhere }}
{{- end }}
{{- end }}
{{- range include "vcluster-isolation.wanted" (list $peer.podSelector "vcluster.loft.sh/managed-by") | fromJsonArray }}
{{- if ne . $name }}
{{ $path }}.podSelector: {{ include "vcluster-isolation.quoted"
      . }} is another vCluster; remove the label vcluster.loft.sh/managed-by, {{ $elsewhere }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* The values of a label that a selector wants, by matchLabels or In: `list SELECTOR KEY` -> a JSON list. */}}
{{- define "vcluster-isolation.wanted" -}}
{{- $selector := index . 0 | default dict }}
{{- $key := index . 1 }}
{{- $wanted := list }}
{{- with $selector.matchLabels }}{{ if hasKey . $key }}{{ $wanted = append $wanted (get . $key | toString) }}{{ end }}{{ end }}
{{- range $selector.matchExpressions }}
{{- if and (eq .key $key) (eq .operator "In") }}{{ $wanted = concat $wanted .values }}{{ end }}
{{- end }}
{{- toJson $wanted }}
{{- end }}
