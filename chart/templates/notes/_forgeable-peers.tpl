{{/* Whether pods of other tenants can match a peer: for the warning of NOTES.txt in _forgeable.tpl. */}}

{{/*
Whether a pod of another tenant may match a peer: `list ROOT PEER NAMESPACES UNMANAGED`, the own namespaces, and whether pods
without managed-by count -> "true" or nothing.
*/}}
{{- define "vcluster-isolation.forgeable" -}}
{{- $spaces := (index . 1).namespaceSelector | default dict }}
{{- $pods := (index . 1).podSelector | default dict }}
{{- $named := hasKey ($spaces.matchLabels | default dict) "kubernetes.io/metadata.name" | or $spaces.matchExpressions }}
{{- if not (or (index . 1).ipBlock $named $pods.matchExpressions (not (hasKey (index . 1) "namespaceSelector"))) }}
{{- /* Nothing names a namespace or takes pods out: said at once, for it takes time where there are hundreds. */}}true
{{- else if (index . 1).ipBlock }}
{{- include "vcluster-isolation.forgeable.addresses" (list (index . 0) (index . 1).ipBlock) }}
{{- else }}
{{- include "vcluster-isolation.forgeable.pods" . }}
{{- end }}
{{- end }}

{{/* The same of a peer that selects pods. */}}
{{- define "vcluster-isolation.forgeable.pods" -}}
{{- $peer := index . 1 }}
{{- $key := "vcluster.loft.sh/managed-by" }}
{{- $names := include "vcluster-isolation.wanted" (list $peer.namespaceSelector "kubernetes.io/metadata.name") | fromJsonArray }}
{{- $managers := include "vcluster-isolation.wanted" (list $peer.podSelector $key) | fromJsonArray }}
{{- $own := eq (join "," $managers) (get (index . 0).Values "vcluster-isolation.resolved").name }}
{{- $tenants := not (empty $managers) }}
{{- $unsynced := false }}
{{- range ($peer.podSelector).matchExpressions }}
{{- if eq .key $key }}{{ if eq .operator "DoesNotExist" }}{{ $unsynced = true }}{{ else }}{{ $tenants = true }}{{ end }}{{ end }}
{{- end }}
{{- $home := not (hasKey $peer "namespaceSelector") }}
{{- $elsewhere := and (not $home) (empty $names) }}
{{- range $names }}
{{- if has . (index $ 2) }}{{ $home = true }}
{{- else if or $tenants (and (regexMatch "^(vcluster-|(loft-)?p-|loft-.+-v-)" .) (ne . "vcluster-platform")) }}{{ $elsewhere = true }}
{{- end }}
{{- end }}
{{- if not $unsynced }}{{ if or $elsewhere (and $home (not $own)) }}true{{ end }}
{{- else if index . 3 }}
{{- if $elsewhere }}true{{ else if $home }}{{ include "vcluster-isolation.forgeable.snapshot" $peer.podSelector }}{{ end }}
{{- end }}
{{- end }}

{{/* Whether a podSelector may select a snapshot pod, whose only label is app: vcluster-snapshot -> "true" or nothing. */}}
{{- define "vcluster-isolation.forgeable.snapshot" -}}
{{- $snapshot := true }}
{{- range $key, $value := .matchLabels }}
{{- if or (ne $key "app") (ne (toString $value) "vcluster-snapshot") }}{{ $snapshot = false }}{{ end }}
{{- end }}
{{- range .matchExpressions }}
{{- $listed := and (eq .key "app") (has "vcluster-snapshot" (.values | default list)) }}
{{- if eq .operator "NotIn" }}{{ if $listed }}{{ $snapshot = false }}{{ end }}
{{- else if and (eq .operator "In") (not $listed) }}{{ $snapshot = false }}
{{- else if and (eq .operator "Exists") (ne .key "app") }}{{ $snapshot = false }}
{{- else if and (eq .operator "DoesNotExist") (eq .key "app") }}{{ $snapshot = false }}
{{- end }}
{{- end }}
{{- if $snapshot }}true{{ end }}
{{- end }}

{{/*
Whether an ipBlock may hold an address of a pod: `list ROOT BLOCK` -> "true" or nothing. While pods.cidrs is empty any private
address may be one, but one that is named by itself.
*/}}
{{- define "vcluster-isolation.forgeable.addresses" -}}
{{- $pods := (get (index . 0).Values "vcluster-isolation.resolved").values.pods.cidrs }}
{{- $block := index . 1 }}
{{- $found := "" }}
{{- if or $pods (not (hasSuffix (contains ":" $block.cidr | ternary "/128" "/32") $block.cidr)) }}
{{- range $pods | default (list "10.0.0.0/8" "172.16.0.0/12" "192.168.0.0/16" "100.64.0.0/10" "fc00::/7") }}
{{- if include "vcluster-isolation.public.reaches" (list (index $ 0) $block.cidr ($block.except | default list) .) }}
{{- $found = "true" }}{{ end }}
{{- end }}
{{- end }}
{{- $found }}
{{- end }}
