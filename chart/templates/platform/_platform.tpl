{{/* vCluster Platform and its cluster agents: the ports of their pods, their peers and the rules of their policies. */}}

{{/* The ports of the platform's pods that somebody dials, by a name in `ends` of ports.yaml: `list ROOT WHO`. */}}
{{- define "vcluster-isolation.platform.ports" -}}
{{- $who := index . 1 }}
{{- range (get (index . 0).Values "vcluster-isolation.resolved").platformPorts }}
{{- $row := . }}
{{- if has $who .dialledBy }}
{{- range .protocols }}
- port: {{ $row.port }}
  protocol: {{ . }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* Pods of the platform and its agents, and none that a tenant made, whatever profile a vCluster has. */}}
{{- define "vcluster-isolation.platform.pods" -}}
matchLabels:
  app: loft
{{ include "vcluster-isolation.platform.not-synced" . }}
{{- end }}

{{/* What a podSelector of the platform's policies requires besides its labels: the pod is none that a tenant made. */}}
{{- define "vcluster-isolation.platform.not-synced" -}}
matchExpressions:
  - key: vcluster.loft.sh/managed-by
    operator: DoesNotExist
{{- end }}

{{/* The same as a peer, for a policy in any namespace. */}}
{{- define "vcluster-isolation.platform.peer" -}}
- namespaceSelector:
    matchLabels:
      kubernetes.io/metadata.name: {{ (get .Values "vcluster-isolation.resolved").platform.namespace | quote }}
  podSelector:
    {{- include "vcluster-isolation.platform.pods" . | nindent 4 }}
{{- end }}

{{/* Control planes of all vClusters: no tenant's pod can be one, for those carry another label besides. */}}
{{- define "vcluster-isolation.platform.peer.vclusters" -}}
- namespaceSelector: {}
  podSelector:
    matchLabels:
      app: vcluster
    matchExpressions:
      - key: vcluster.loft.sh/managed-by
        operator: DoesNotExist
{{- end }}

{{/*
The rule for those who dial the platform, with its comment: `dict "root" "who" "source" "what" "key" "peers"`. `who` is a name
in `ends` of ports.yaml, `source` and `what` are words, `key` is the value that names the peers; without any the rule is for
every source.
*/}}
{{- define "vcluster-isolation.platform.rule" -}}
# {{ empty .peers | ternary "anywhere" .source }} --> platform: {{ .what }} (platformNetworkPolicy.{{ .key }})
- ports:
    {{- include "vcluster-isolation.platform.ports" (list .root .who) | trim | nindent 4 }}
  {{- with .peers }}
  from:
    {{- include "vcluster-isolation.to-yaml-without-empties" . | nindent 4 }}
  {{- end }}
{{- end }}

{{/* Where the API server connects from, as a JSON list of peers: the addresses, and after them the peers. */}}
{{- define "vcluster-isolation.platform.api-server" -}}
{{- $server := (get .Values "vcluster-isolation.resolved").platform.apiServer }}
{{- $peers := list }}
{{- range $server.cidrs }}{{ $peers = append $peers (dict "ipBlock" (dict "cidr" .)) }}{{ end }}
{{- concat $peers $server.peers | toJson }}
{{- end }}

{{/* A grant of egress where it is on, with its comment: `list ROOT PATH`, of a row of grants.yaml. */}}
{{- define "vcluster-isolation.platform.grant" -}}
{{- range (get (index . 0).Values "vcluster-isolation.resolved").grants.platform }}
{{- if and (eq .path (index $ 1)) .value.enabled -}}
{{- $peers := .value.to }}
{{- if and (empty $peers) (eq .empty "public") }}
{{- $peers = include "vcluster-isolation.public.anywhere" (index $ 0) | fromJsonArray }}
{{- end -}}
# platform --> {{ .who }}{{ if not .value.to }}, at any public address{{ end }} (platformNetworkPolicy.{{ .path }})
{{ include "vcluster-isolation.rule.grant" (dict "to" $peers "ports" .value.ports) }}
{{- end }}
{{- end }}
{{- end }}
