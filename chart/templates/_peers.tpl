{{/*
Who is who in the host cluster, each a list item of `from` or `to`. One text for each peer, so that both directions of
a flow name the same pods.
*/}}

{{/* The vCluster's control plane: API server, embedded CoreDNS, embedded and deployed etcd. */}}
{{- define "vcluster-isolation.peer.control-plane" -}}
- podSelector:
    matchLabels:
      release: {{ include "vcluster-isolation.name" . | quote }}
{{- end }}

{{/* Every pod that the vCluster syncs to the host cluster, deployed CoreDNS included. */}}
{{- define "vcluster-isolation.peer.workloads" -}}
- podSelector:
    matchLabels:
      vcluster.loft.sh/managed-by: {{ include "vcluster-isolation.name" . | quote }}
{{- end }}

{{/* Pods that take and restore snapshots; they carry this one label only. */}}
{{- define "vcluster-isolation.peer.snapshots" -}}
- podSelector:
    matchLabels:
      app: vcluster-snapshot
{{- end }}

{{/* vCluster Platform and its cluster agents: pods `app: loft` in any namespace. */}}
{{- define "vcluster-isolation.peer.platform" -}}
- namespaceSelector: {}
  podSelector:
    matchLabels:
      app: loft
{{- end }}

{{/* The host cluster's DNS: pods `k8s-app: kube-dns` in kube-system. */}}
{{- define "vcluster-isolation.peer.host-dns" -}}
- namespaceSelector:
    matchLabels:
      kubernetes.io/metadata.name: kube-system
  podSelector:
    matchLabels:
      k8s-app: kube-dns
{{- end }}

{{/* The addresses of `publicEgress`: the argument is that block. */}}
{{- define "vcluster-isolation.peer.public" -}}
- ipBlock:
    cidr: {{ .cidr | quote }}
    {{- with include "vcluster-isolation.public.except" . | fromJsonArray }}
    except:
      {{- toYaml . | nindent 6 }}
    {{- end }}
{{- end }}

{{/*
What `publicEgress` leaves out, as a JSON list. Entries of the default that are not inside the user's own cidr are
dropped, because the API server refuses them; entries that a user wrote are kept, and refused by the validation.
*/}}
{{- define "vcluster-isolation.public.except" -}}
{{- $except := .except | default list }}
{{- if and (ne .cidr "0.0.0.0/0") (eq (toJson $except) (include "vcluster-isolation.public.except.default" .)) }}
{{- $outer := include "vcluster-isolation.cidr" .cidr | fromJson }}
{{- $except = list }}
{{- range $entry := $.except }}
{{- if include "vcluster-isolation.cidr.inside" (list (include "vcluster-isolation.cidr" $entry | fromJson) $outer) }}
{{- $except = append $except $entry }}
{{- end }}
{{- end }}
{{- end }}
{{- toJson $except }}
{{- end }}

{{/* The default of publicEgress.except as JSON; a test holds it equal to values.yaml. */}}
{{- define "vcluster-isolation.public.except.default" -}}
{{- list "100.64.0.0/10" "127.0.0.0/8" "10.0.0.0/8" "172.16.0.0/12" "192.168.0.0/16" | toJson }}
{{- end }}
