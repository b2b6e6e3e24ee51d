{{/* The part of NOTES.txt about vCluster Platform: its policies, what stays open, and what they may close by surprise. */}}
{{- define "vcluster-isolation.notes.platform" -}}
{{- $values := (get .Values "vcluster-isolation.resolved").platform }}
{{- $server := include "vcluster-isolation.platform.api-server" . | fromJsonArray }}
{{- $admitted := and $values.prometheus.enabled $values.prometheus.isolated -}}
NetworkPolicies around vCluster Platform and its agents in namespace {{ $values.namespace | quote }}:
  vc-platform{{ if $admitted }}, and vc-platform-prometheus in namespace {{ $values.prometheus.namespace | quote }}{{ end }}

OPEN, and nothing else that comes in{{ if $values.egress.enabled }} or goes out{{ end }}:
  {{ empty $server | ternary "anyone" "kube-apiserver" }} --> platform, {{ include "vcluster-isolation.notes.platform.ports"
      (list . "kube-apiserver") }} (platformNetworkPolicy.apiServer)
  {{ include "vcluster-isolation.notes.platform.who"
      $values.https.from }}{{ if $values.https.from }}, agents, control planes of vClusters{{ end }} --> platform,
{{- " " }}{{ include "vcluster-isolation.notes.platform.ports" (list . "users") }} (platformNetworkPolicy.https)
  {{ include "vcluster-isolation.notes.platform.who"
      $values.http.from }} --> platform, {{ include "vcluster-isolation.notes.platform.ports"
      (list . "ingress-controllers") }} (platformNetworkPolicy.http)
{{- with $values.ingress }}
  peers of your own ingress rules ({{ len . }}{{ include "vcluster-isolation.notes.anywhere" (list . "from") }}) --> platform
{{- end }}
{{- include "vcluster-isolation.notes.platform.egress" . }}
{{- with include "vcluster-isolation.notes.platform.warnings" (list . $server) }}

WARNINGS:{{ . }}
{{- end }}

Verify that they exist:         kubectl get networkpolicy --namespace {{ $values.namespace }} vc-platform
{{- end }}

{{/* What the platform's policies cannot do, leave open, or stop: `list ROOT API-SERVER`. */}}
{{- define "vcluster-isolation.notes.platform.warnings" -}}
{{- $server := index . 1 }}
{{- with first . }}
{{- $values := (get .Values "vcluster-isolation.resolved").platform }}
{{- if not (get .Values "vcluster-isolation.resolved").isolated }}
  - A CNI that enforces NetworkPolicy has to run in the host cluster. Without one, these policies change nothing.
{{- end }}
{{- if not $server }}
  - The addresses that the API server connects from are not configured, so {{ include "vcluster-isolation.notes.platform.ports"
      (list . "kube-apiserver") }} are open to anyone,
    tenants among them. To close them, set platformNetworkPolicy.apiServer.cidrs or peers.
{{- end }}
{{- if and $values.prometheus.enabled $values.prometheus.isolated }}
  - prometheus.isolated is true: where no other policy isolates these pods, vc-platform-prometheus closes them for
    every peer but the agent.
{{- end }}
{{- include "vcluster-isolation.notes.platform.forgeable" . }}
{{- if and $values.egress.enabled (not $values.egress.apiServers.enabled) }}
  - egress is on and egress.apiServers is off: the platform cannot reach its own API server, unless an egress rule of your
    own lets it. Set platformNetworkPolicy.egress.apiServers.
{{- end }}
{{- end }}
{{- end }}

{{/* Who a list of peers is: `the listed peers (2)`, or `anyone`. */}}
{{- define "vcluster-isolation.notes.platform.who" -}}
{{- empty . | ternary "anyone" (printf "the listed peers (%d)" (len .)) }}
{{- end }}

{{/* The ports that somebody dials, in words: `list ROOT WHO`. */}}
{{- define "vcluster-isolation.notes.platform.ports" -}}
{{- $numbers := list }}
{{- range include "vcluster-isolation.platform.ports" . | fromYamlArray }}{{ $numbers = append $numbers (int .port) }}{{ end -}}
TCP {{ include "vcluster-isolation.notes.numbers" $numbers }}
{{- end }}

{{/* What the platform reaches, a line each. */}}
{{- define "vcluster-isolation.notes.platform.egress" -}}
{{- $values := (get .Values "vcluster-isolation.resolved").platform }}
{{- if not $values.egress.enabled }}
  platform --> anywhere, on any port: egress is off (platformNetworkPolicy.egress)
{{- else }}
{{- if $values.egress.dns.enabled }}
  platform --> host DNS (platformNetworkPolicy.egress.dns)
{{- end }}
{{- if not $values.agentOnly }}
  platform --> platform, {{ include "vcluster-isolation.notes.platform.ports" (list . "agent") }}
{{- end }}
{{- range (get .Values "vcluster-isolation.resolved").grants.platform }}
{{- if .value.enabled }}
  platform --> {{ empty .value.to | ternary "every public address"
      (printf "the listed peers (%d)" (len .value.to)) }}, {{ include "vcluster-isolation.notes.ports"
      .value }} (platformNetworkPolicy.{{ .path }})
{{- end }}
{{- end }}
{{- if $values.prometheus.enabled }}
  platform --> Prometheus in {{ $values.prometheus.namespace }}, TCP {{ $values.prometheus.port | int }} (platformNetworkPolicy.prometheus)
{{- end }}
{{- with $values.egress.rules }}
  platform --> peers of your own egress rules ({{ len . }}{{ include "vcluster-isolation.notes.anywhere" (list . "to") }})
{{- end }}
{{- end }}
{{- end }}
