{{/*
Who is who in the host cluster, each a list item of `from` or `to`. One text for each peer, so that both directions of
a flow name the same pods.
*/}}

{{/*
In the hardened profile, that a pod is none that a tenant made: vCluster labels every pod that it syncs, and a tenant
cannot take the label off. Every other label of those pods may be the tenant's choice.
*/}}
{{- define "vcluster-isolation.not-synced" -}}
{{- if include "vcluster-isolation.hardened" . -}}
matchExpressions:
  - key: vcluster.loft.sh/managed-by
    operator: DoesNotExist
{{- end }}
{{- end }}

{{/* The vCluster's control plane: API server, embedded CoreDNS, embedded and deployed etcd. */}}
{{- define "vcluster-isolation.peer.control-plane" -}}
{{- if include "vcluster-isolation.multi-namespace" . -}}
- namespaceSelector:
    matchLabels:
      kubernetes.io/metadata.name: {{ .Release.Namespace | quote }}
  podSelector:
{{- else -}}
- podSelector:
{{- end }}
    matchLabels:
      release: {{ (get .Values "vcluster-isolation.resolved").name | quote }}
    {{- with include "vcluster-isolation.not-synced" . }}{{ . | nindent 4 }}{{ end }}
{{- end }}

{{/* Every pod that the vCluster syncs to the host cluster, deployed CoreDNS included. */}}
{{- define "vcluster-isolation.peer.workloads" -}}
{{- if include "vcluster-isolation.multi-namespace" . -}}
- namespaceSelector:
    {{- include "vcluster-isolation.in-namespaces" (get .Values "vcluster-isolation.resolved").namespaces | nindent 4 }}
  podSelector:
{{- else -}}
- podSelector:
{{- end }}
    matchLabels:
      vcluster.loft.sh/managed-by: {{ (get .Values "vcluster-isolation.resolved").name | quote }}
{{- end }}

{{/* Pods that take and restore snapshots; vCluster gives them this one label only. */}}
{{- define "vcluster-isolation.peer.snapshots" -}}
- podSelector:
    matchLabels:
      app: vcluster-snapshot
    {{- with include "vcluster-isolation.not-synced" . }}{{ . | nindent 4 }}{{ end }}
{{- end }}

{{/* vCluster Platform and its cluster agents: pods `app: loft`, in its namespaces where they are known. */}}
{{- define "vcluster-isolation.peer.platform" -}}
{{- $namespaces := (get .Values "vcluster-isolation.resolved").values.platform.namespaces }}
{{- if and (empty $namespaces) (include "vcluster-isolation.hardened" .) }}{{ $namespaces = list "vcluster-platform" }}{{ end -}}
{{- if $namespaces -}}
- namespaceSelector:
    {{- include "vcluster-isolation.in-namespaces" $namespaces | nindent 4 }}
{{- else -}}
- namespaceSelector: {}
{{- end }}
  podSelector:
    matchLabels:
      app: loft
    {{- with include "vcluster-isolation.not-synced" . }}{{ . | nindent 4 }}{{ end }}
{{- end }}

{{/*
Workloads of any vCluster in a namespace of the project. A namespace that vCluster made for a tenant is none: its labels
are the tenant's.
*/}}
{{- define "vcluster-isolation.peer.project" -}}
- namespaceSelector:
    {{- include "vcluster-isolation.project.namespaces" . | fromJson | toYaml | nindent 4 }}
  podSelector:
    matchExpressions:
      - key: vcluster.loft.sh/managed-by
        operator: Exists
{{- end }}

{{/* A namespaceSelector for namespaces by their names, which nobody can choose for another one: the argument is a list. */}}
{{- define "vcluster-isolation.in-namespaces" -}}
{{- if eq (len .) 1 -}}
matchLabels:
  kubernetes.io/metadata.name: {{ first . | quote }}
{{- else -}}
matchExpressions:
  - key: kubernetes.io/metadata.name
    operator: In
    values:
      {{- range . }}
      - {{ . | quote }}
      {{- end }}
{{- end }}
{{- end }}
