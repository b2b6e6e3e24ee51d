{{/* Rules, and the ports in them, that more than one policy has. */}}

{{/* In the hardened profile, the key `ports` of a rule, for TCP ports: `list ROOT PORT...`; nothing in the compatible one. */}}
{{- define "vcluster-isolation.ports.hardened" -}}
{{- if include "vcluster-isolation.hardened" (first .) -}}
ports:
  {{- range rest . }}
  - port: {{ . }}
    protocol: TCP
  {{- end }}
{{- end }}
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

{{/* The key `ports` of a rule of a grant; nothing for an empty list, which is every port. The argument is the grant. */}}
{{- define "vcluster-isolation.ports.of-grant" -}}
{{- with .ports -}}
ports:
  {{- include "vcluster-isolation.to-yaml-without-empties" . | nindent 2 }}
{{- end }}
{{- end }}

{{/*
The comment above the rules from the control plane to workloads: `list ROOT FLOW REASON`. In the compatible profile and
at its default it is as it always was; else it names the value, and in the hardened profile the reason for any port.
*/}}
{{- define "vcluster-isolation.webhooks" -}}
{{- $webhooks := (get (index . 0).Values "vcluster-isolation.resolved").values.controlPlane.webhooks }}
{{- if or $webhooks.to $webhooks.ports -}}
{{ index . 1 }}: webhooks and aggregated APIs (controlPlane.webhooks)
{{- else if include "vcluster-isolation.hardened" (index . 0) -}}
{{ index . 1 }}, on any port: webhooks and aggregated APIs listen where the tenant wants (controlPlane.webhooks)
{{- else -}}
{{ index . 1 }}{{ index . 2 }}
{{- end }}
{{- end }}

{{/* A rule from a grant `{enabled, from|to, ports}`: its peers, on its ports. The argument is the grant. */}}
{{- define "vcluster-isolation.rule.grant" -}}
{{- include "vcluster-isolation.to-yaml-without-empties" (list (omit . "enabled")) }}
{{- end }}

{{/*
The user's own rules (or peers), as written, less empty lists and maps: a missing one means the same. An empty selector
stays, it means everything, and so does an empty rule.
*/}}
{{- define "vcluster-isolation.to-yaml-without-empties" -}}
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
