{{/*
The floor: rules of a tier above NetworkPolicies, which pass on what the chart's policies are about and deny the rest, so
that no NetworkPolicy of the tenant's opens more. First they are data, {flow, key, action, ports, peers}, with ports and
peers as in a NetworkPolicy; `_api.tpl` makes AdminNetworkPolicy or ClusterNetworkPolicy of them.
*/}}

{{/* What workloads may be allowed to reach, as a JSON list of rules: the rest is denied. */}}
{{- define "vcluster-isolation.floor.workloads.egress" -}}
{{- $values := (get .Values "vcluster-isolation.resolved").values }}
{{- $rules := include "vcluster-isolation.floor.workloads.egress.chart" . | fromYamlArray }}
{{- $rules = concat $rules (include "vcluster-isolation.floor.own" (list "workload.egress" $values.workload.egress) | fromJsonArray) }}
{{- $rules = append $rules (dict "flow" "workloads -/-> every other pod" "action" "Deny" "peers" (list (dict "namespaceSelector" dict))) }}
{{- if $values.workload.publicEgress.enabled }}
{{- $rules = concat $rules (include "vcluster-isolation.floor.public" . | fromJsonArray) }}
{{- end }}
{{- $everywhere := list (dict "ipBlock" (dict "cidr" "0.0.0.0/0")) (dict "ipBlock" (dict "cidr" "::/0")) }}
{{- append $rules (dict "flow" "workloads -/-> every other address" "action" "Deny" "peers" $everywhere) | toJson }}
{{- end }}

{{- define "vcluster-isolation.floor.workloads.egress.chart" -}}
- flow: "workloads --> control plane: DNS and API"
  action: Pass
  ports:
    {{- include "vcluster-isolation.ports.dns" . | nindent 4 }}
    {{- include "vcluster-isolation.ports.api" . | nindent 4 }}
  peers:
    {{- include "vcluster-isolation.floor.control-plane" . | nindent 4 }}
- flow: "workloads --> workloads, deployed CoreDNS among them"
  action: Pass
  peers:
    {{- include "vcluster-isolation.peer.workloads" . | nindent 4 }}
{{- if include "vcluster-isolation.project" . }}
- flow: "workloads --> workloads of the same project"
  key: project
  action: Pass
  ports: {{ (get .Values "vcluster-isolation.resolved").values.project.ports | toJson }}
  peers:
    {{- include "vcluster-isolation.peer.project" . | nindent 4 }}
{{- end }}
{{- end }}

{{/* By whom workloads may be reached, as a JSON list of rules: other pods are denied. The API has no addresses in ingress. */}}
{{- define "vcluster-isolation.floor.workloads.ingress" -}}
{{- $values := (get .Values "vcluster-isolation.resolved").values }}
{{- $rules := include "vcluster-isolation.floor.workloads.ingress.chart" . | fromYamlArray }}
{{- $rules = concat $rules (include "vcluster-isolation.floor.own" (list "workload.ingress" $values.workload.ingress) | fromJsonArray) }}
{{- append $rules (dict "flow" "every other pod -/-> workloads" "action" "Deny" "peers" (list (dict "namespaceSelector" dict))) | toJson }}
{{- end }}

{{- define "vcluster-isolation.floor.workloads.ingress.chart" -}}
{{- $values := (get .Values "vcluster-isolation.resolved").values }}
{{- if $values.controlPlane.webhooks.enabled }}
- flow: "control plane --> workloads"
  action: Pass
  ports: {{ toJson $values.controlPlane.webhooks.ports }}
  peers:
    {{- include "vcluster-isolation.floor.control-plane" . | nindent 4 }}
{{- end }}
- flow: "workloads --> workloads"
  action: Pass
  peers:
    {{- include "vcluster-isolation.peer.workloads" . | nindent 4 }}
{{- range $key, $grant := dict "workload.ingressControllers" $values.workload.ingressControllers "prometheus" $values.prometheus }}
{{- if $grant.enabled }}
{{- $flow := eq $key "prometheus" | ternary "Prometheus --> workloads" "ingress controllers --> workloads" }}
- {{ dict "flow" $flow "key" $key "action" "Pass" "ports" $grant.ports "peers" $grant.from | toJson }}
{{- end }}
{{- end }}
{{- if include "vcluster-isolation.project" . }}
- flow: "workloads of the same project --> workloads"
  key: project
  action: Pass
  ports: {{ toJson $values.project.ports }}
  peers:
    {{- include "vcluster-isolation.peer.project" . | nindent 4 }}
{{- end }}
{{- end }}

{{/* The user's own rules, passed on: `list KEY RULES` -> a JSON list of rules. */}}
{{- define "vcluster-isolation.floor.own" -}}
{{- $rules := list }}
{{- $key := index . 0 }}
{{- range index . 1 }}
{{- $rules = append $rules (dict "flow" "your own rules" "key" $key "action" "Pass" "ports" .ports "peers" (.to | default .from)) }}
{{- end }}
{{- toJson $rules }}
{{- end }}

{{/*
Public egress, as a JSON list of rules: its exceptions denied, with the metadata addresses that are in it, then the rest
passed on. The API has no exceptions within a rule.
*/}}
{{- define "vcluster-isolation.floor.public" -}}
{{- $metadata := list "169.254.0.0/16" "169.254.169.254/32" "169.254.170.2/32" "169.254.170.23/32" "168.63.129.16/32"
      "100.100.100.200/32" "fd00:ec2::254/128" "fd00:ec2::23/128" "fd20:ce::254/128" }}
{{- $open := list }}
{{- $closed := list }}
{{- range (get .Values "vcluster-isolation.resolved").publicBlocks }}
{{- $open = append $open (dict "ipBlock" (dict "cidr" .cidr)) }}
{{- $except := include "vcluster-isolation.public.add" (list $ .cidr (.except | default list) $metadata) | fromJsonArray }}
{{- if has .cidr (rest $metadata) }}{{ $except = list .cidr }}{{ end }}
{{- range $except }}{{ $closed = append $closed (dict "ipBlock" (dict "cidr" .)) }}{{ end }}
{{- end }}
{{- $rules := list }}
{{- if $closed }}
{{- $rules = append $rules (dict "flow" "workloads -/-> exceptions of publicEgress, and metadata" "action" "Deny" "peers" $closed) }}
{{- end }}
{{- $flow := "workloads --> the addresses of publicEgress, on any port" }}
{{- append $rules (dict "flow" $flow "key" "workload.publicEgress" "action" "Pass" "peers" $open) | toJson }}
{{- end }}

{{/* The control plane as a peer that no tenant can forge, in either profile. */}}
{{- define "vcluster-isolation.floor.control-plane" -}}
- namespaceSelector:
    matchLabels:
      kubernetes.io/metadata.name: {{ .Release.Namespace | quote }}
  podSelector:
    matchLabels:
      release: {{ (get .Values "vcluster-isolation.resolved").name | quote }}
    matchExpressions:
      - key: vcluster.loft.sh/managed-by
        operator: DoesNotExist
{{- end }}
