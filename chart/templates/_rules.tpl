{{/* Rules, and the ports in them, that more than one policy has. */}}

{{/* Egress: host DNS. */}}
{{- define "vcluster-isolation.rule.to-host-dns" -}}
- to:
    {{- include "vcluster-isolation.peer.host-dns" . | nindent 4 }}
{{- end }}

{{/* Egress: the API server ports of the host cluster, at any address: where it is differs from cluster to cluster. */}}
{{- define "vcluster-isolation.rule.to-api-server-ports-anywhere" -}}
- ports:
    - port: 443
      protocol: TCP
    - port: 8443
      protocol: TCP
    - port: 6443
      protocol: TCP
{{- end }}

{{/* vCluster's DNS listens on 1053 and not on 53, to stay out of the way of the host's. */}}
{{- define "vcluster-isolation.ports.dns" -}}
- port: 1053
  protocol: UDP
- port: 1053
  protocol: TCP
{{- end }}

{{- define "vcluster-isolation.ports.api" -}}
- port: 8443
  protocol: TCP
{{- end }}

{{/*
The user's own rules (or peers), as written, less empty lists and maps: a missing one means the same. An empty selector
stays, it means everything, and so does an empty rule.
*/}}
{{- define "vcluster-isolation.rules" -}}
{{- include "vcluster-isolation.tidy" (dict "rules" .) | fromJson | dig "rules" list | toYaml }}
{{- end }}

{{/* A map without the empty lists, empty maps and nulls in it, at any depth, as JSON. Items of lists stay. */}}
{{- define "vcluster-isolation.tidy" -}}
{{- $tidy := dict }}
{{- range $key, $value := . }}
{{- if kindIs "map" $value }}
{{- $value = include "vcluster-isolation.tidy" $value | fromJson }}
{{- else if kindIs "slice" $value }}
{{- $items := list }}
{{- range $value }}
{{- $items = append $items (include "vcluster-isolation.tidy" (dict "podSelector" .) | fromJson).podSelector }}
{{- end }}
{{- $value = $items }}
{{- end }}
{{- $empty := has (kindOf $value) (list "map" "slice" "invalid") | and (empty $value) }}
{{- if or (not $empty) (has $key (list "podSelector" "namespaceSelector")) }}
{{- $_ := set $tidy $key $value }}
{{- end }}
{{- end }}
{{- toJson $tidy }}
{{- end }}
