{{/* The host cluster's API server: where it is, if anybody knows, and the rule that reaches it. */}}

{{/*
Where it is, as JSON {"cidrs", "ports"}: what the user says, or else what a look-up finds in the cluster, if that is asked for;
without cidrs nobody knows. `helm template` and Argo CD have no cluster to look into.
*/}}
{{- define "vcluster-isolation.host-api-server" -}}
{{- $server := (get .Values "vcluster-isolation.resolved").values.hostApiServer }}
{{- $cidrs := $server.cidrs }}
{{- $ports := $server.ports }}
{{- if and $server.discover (empty $cidrs) }}
{{- with lookup "discovery.k8s.io/v1" "EndpointSlice" "default" "kubernetes" }}
{{- range .endpoints }}
{{- range .addresses }}{{ $cidrs = append $cidrs (include "vcluster-isolation.cidr.of-address" .) }}{{ end }}
{{- end }}
{{- $found := list }}
{{- range .ports }}{{ $found = append $found .port }}{{ end }}
{{- $ports = $found | default $ports }}
{{- end }}
{{- $cidrs = sortAlpha $cidrs }}
{{- end }}
{{- dict "cidrs" $cidrs "ports" $ports | toJson }}
{{- end }}

{{/*
The egress rule to it, with its comment: `list ROOT WHO ANYWHERE`. Where nobody knows where it is, its ports are open to
any address, and ANYWHERE says of what: the API server differs from cluster to cluster, and no selector matches it.
*/}}
{{- define "vcluster-isolation.rule.to-api-server" -}}
{{- $server := (get (index . 0).Values "vcluster-isolation.resolved").hostApiServer }}
{{- if $server.cidrs -}}
# {{ index . 1 }} --> host API server (hostApiServer)
{{- else -}}
# {{ index . 2 }}{{ if include "vcluster-isolation.hardened" (index . 0) }} (hostApiServer){{ end }}
{{- end }}
- ports:
    {{- range $server.ports }}
    - port: {{ int . }}
      protocol: TCP
    {{- end }}
  {{- with $server.cidrs }}
  to:
    {{- range . }}
    - ipBlock:
        cidr: {{ . | quote }}
    {{- end }}
  {{- end }}
{{- end }}
