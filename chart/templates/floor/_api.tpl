{{/*
The floor's rules in the form of policy.networking.k8s.io: AdminNetworkPolicy v1alpha1, ClusterNetworkPolicy v1alpha2 and
v1beta1, which say the same.
*/}}

{{/*
What the floor is, by `floor.api`, in JSON: its kind and version, its priority (that of CoreDNS; the workloads' is one more),
the last priority that leaves room for one more, and the most rules, peers and ports. OVN-Kubernetes, where AdminNetworkPolicy
lives, takes priorities up to 99; the API itself has 1000.
*/}}
{{- define "vcluster-isolation.floor" -}}
{{- $floor := (get .Values "vcluster-isolation.resolved").values.floor }}
{{- $found := dict "kind" "ClusterNetworkPolicy" "version" "v1alpha2" "priority" 100 "last" 999 "most" 25 }}
{{- if eq (toString $floor.api) "AdminNetworkPolicy" }}
{{- $found = dict "kind" "AdminNetworkPolicy" "version" "v1alpha1" "priority" 50 "last" 98 "most" 100 }}
{{- else if eq (toString $floor.api) "ClusterNetworkPolicy/v1beta1" }}
{{- $_ := set $found "version" "v1beta1" }}
{{- end }}
{{- if not (kindIs "string" $floor.priority) }}{{ $_ := set $found "priority" (int $floor.priority) }}{{ end }}
{{- toJson $found }}
{{- end }}

{{/* A list of rules with their comments, as text: `list ROOT SIDE RULES`, SIDE being `to` or `from`. */}}
{{- define "vcluster-isolation.floor.rules" -}}
{{- $root := index . 0 }}
{{- $side := index . 1 }}
{{- $above := "" }}
{{- range $rule := index . 2 }}
{{- $comment := print .flow (.key | empty | ternary "" (printf " (%s)" .key)) }}
{{- $peers := include "vcluster-isolation.floor.peers" (list $root $side .peers) | fromJsonArray }}
{{- if $peers }}
{{- if ne $comment $above }}
# {{ $comment }}
{{- end }}
{{- $above = $comment }}
{{ include "vcluster-isolation.floor.rule" (list $root $side $rule $peers) }}
{{- end }}
{{- end }}
{{- end }}

{{/* One rule, as text: `list ROOT SIDE RULE PEERS`. */}}
{{- define "vcluster-isolation.floor.rule" -}}
{{- $kind := (get (index . 0).Values "vcluster-isolation.resolved").floor.kind }}
{{- $rule := index . 2 }}
{{- $ports := list }}
{{- range $rule.ports }}{{ $ports = append $ports (include (print "vcluster-isolation.floor.port." $kind) . | fromJson) }}{{ end }}
{{- $whole := dict "name" (trunc 100 $rule.flow) "action" $rule.action (index . 1) (index . 3) }}
{{- if $ports }}{{ $_ := set $whole (eq $kind "ClusterNetworkPolicy" | ternary "protocols" "ports") $ports }}{{ end }}
{{- list $whole | toYaml }}
{{- end }}

{{/*
Peers of a NetworkPolicy rule as those of the floor, as a JSON list: `list ROOT SIDE PEERS`. Without peers it is everybody.
Addresses are peers of egress only, and 25 to a peer; of ingress rules there may be nothing left.
*/}}
{{- define "vcluster-isolation.floor.peers" -}}
{{- $root := index . 0 }}
{{- $peers := list }}
{{- $networks := list }}
{{- range index . 2 }}
{{- if .ipBlock }}{{ $networks = append $networks .ipBlock.cidr }}
{{- else }}{{ $peers = append $peers (include "vcluster-isolation.floor.peer" (list $root .) | fromJson) }}
{{- end }}
{{- end }}
{{- if empty (index . 2) }}
{{- $peers = list (dict "namespaces" dict) }}
{{- $networks = list "0.0.0.0/0" "::/0" }}
{{- end }}
{{- if eq (index . 1) "to" }}
{{- range chunk 25 (uniq $networks) }}{{ $peers = append $peers (dict "networks" .) }}{{ end }}
{{- end }}
{{- toJson $peers }}
{{- end }}

{{/* A peer that is pods, in JSON: `list ROOT PEER`. Pods without a namespace are those of the vCluster's namespaces. */}}
{{- define "vcluster-isolation.floor.peer" -}}
{{- $peer := index . 1 }}
{{- if not (hasKey $peer "podSelector") }}
{{- dict "namespaces" $peer.namespaceSelector | toJson }}
{{- else }}
{{- $here := include "vcluster-isolation.in-namespaces" (get (index . 0).Values "vcluster-isolation.resolved").namespaces | fromYaml }}
{{- $namespaces := hasKey $peer "namespaceSelector" | ternary $peer.namespaceSelector $here }}
{{- dict "pods" (dict "namespaceSelector" $namespaces "podSelector" $peer.podSelector) | toJson }}
{{- end }}
{{- end }}

{{/* A port of a NetworkPolicy as one of AdminNetworkPolicy, in JSON. */}}
{{- define "vcluster-isolation.floor.port.AdminNetworkPolicy" -}}
{{- $protocol := .protocol | default "TCP" }}
{{- $last := .endPort | default .port }}
{{- if and .port (eq (int .port) (int $last)) }}
{{- dict "portNumber" (dict "protocol" $protocol "port" .port) | toJson }}
{{- else }}
{{- dict "portRange" (dict "protocol" $protocol "start" (.port | default 1) "end" ($last | default 65535)) | toJson }}
{{- end }}
{{- end }}

{{/* A port of a NetworkPolicy as one of ClusterNetworkPolicy, in JSON. */}}
{{- define "vcluster-isolation.floor.port.ClusterNetworkPolicy" -}}
{{- $last := .endPort | default .port }}
{{- $port := dict "range" (dict "start" (.port | default 1) "end" ($last | default 65535)) }}
{{- if and .port (eq (int .port) (int $last)) }}{{ $port = dict "number" .port }}{{ end }}
{{- dict (.protocol | default "TCP" | lower) (dict "destinationPort" $port) | toJson }}
{{- end }}

{{/* Tier, priority and namespaces of the floor, up to its podSelector: `list ROOT PRIORITY`. */}}
{{- define "vcluster-isolation.floor.place" -}}
{{- $root := index . 0 }}
{{- if eq (get $root.Values "vcluster-isolation.resolved").floor.kind "ClusterNetworkPolicy" -}}
tier: Admin
{{ end -}}
priority: {{ index . 1 }}
subject:
  pods:
    namespaceSelector:
      {{- include "vcluster-isolation.in-namespaces" (get $root.Values "vcluster-isolation.resolved").namespaces | nindent 6 }}
{{- end }}
