{{/* The part of the validation that is about switches, and words of which only some mean something. */}}

{{/* Switches, and words of which only some mean something: with the schema skipped, others would mean "compatible". */}}
{{- define "vcluster-isolation.problems.switches" -}}
{{- $values := (get .Values "vcluster-isolation.resolved").values }}
{{- $public := $values.workload.publicEgress }}
{{- $switches := dict "enabled" $values.enabled "platform.enabled" $values.platform.enabled
      "hostApiServer.discover" $values.hostApiServer.discover
      "defaultDeny.enabled" $values.defaultDeny.enabled "floor.enabled" $values.floor.enabled
      "guard.enabled" $values.guard.enabled
      "workload.publicEgress.enabled" $public.enabled "workload.publicEgress.ipv6.enabled" $public.ipv6.enabled }}
{{- range (get .Values "vcluster-isolation.resolved").grants.vcluster }}
{{- if eq .kind "grant" }}{{ $_ := set $switches (print .path ".enabled") .value.enabled }}{{ end }}
{{- end }}
{{- range $path, $switch := $switches }}
{{- if not (kindIs "bool" $switch) }}
policies.networkPolicy.{{ $path }}: is neither true nor false; write one of the two, without quotes
{{- end }}
{{- end }}
{{- $coredns := (.Values.controlPlane).coredns | default dict }}
{{- $sync := (.Values.sync).toHost | default dict }}
{{- $read := dict "privateNodes.enabled" (.Values.privateNodes).enabled
      "controlPlane.coredns.enabled" $coredns.enabled "controlPlane.coredns.embedded" $coredns.embedded
      "sync.toHost.networkPolicies.enabled" ($sync.networkPolicies).enabled "sync.toHost.namespaces.enabled" ($sync.namespaces).enabled
      "experimental.multiNamespaceMode.enabled" ((.Values.experimental).multiNamespaceMode).enabled }}
{{- range $path, $switch := $read }}
{{- if not (has (kindOf $switch) (list "bool" "invalid")) }}
{{ $path }}: is neither true nor false; write one of the two, without quotes
{{- end }}
{{- end }}
{{- $floor := (get .Values "vcluster-isolation.resolved").floor }}
{{- $numbers := list "int" "int64" "float64" }}
{{- $room := printf "0 to %v" $floor.last }}
{{- $above := "the API ends at 1000" }}
{{- if eq $floor.kind "AdminNetworkPolicy" }}{{ $above = "OVN-Kubernetes enforces no AdminNetworkPolicy above 99" }}{{ end }}
{{- if not (or (eq (toString $values.floor.priority) "") (has (kindOf $values.floor.priority) $numbers)) }}
policies.networkPolicy.floor.priority: is not a number; write one from {{ $room }} without quotes, or leave it empty
{{- else if and $values.floor.enabled (or (lt (int $floor.priority) 0) (gt (int $floor.priority) (int $floor.last))) }}
{{- $problem := printf "%v is not in %s: one more is used as well, and %s" $floor.priority $room $above }}
policies.networkPolicy.floor.priority: {{ $problem }}; use one of these, or leave it empty
{{- end }}
{{- if not (has $values.profile (list "compatible" "hardened")) }}
policies.networkPolicy.profile: is neither compatible nor hardened; write one of the two
{{- end }}
{{- $apis := list "AdminNetworkPolicy" "ClusterNetworkPolicy" "ClusterNetworkPolicy/v1beta1" }}
{{- if not (has $values.floor.api $apis) }}
policies.networkPolicy.floor.api: is none of {{ join ", " $apis }}; write one of these
{{- end }}
{{- $presets := list "kube-dns" "node-local" "aks-local" "gke-cloud-dns" "aws" "azure" "openshift" }}
{{- range $i, $preset := $values.hostDns.presets }}
{{- if not (has $preset $presets) }}
policies.networkPolicy.hostDns.presets[{{ $i }}]: {{ include "vcluster-isolation.quoted"
      (toString $preset) }} is not a preset; use one of {{ join ", " $presets }}
{{- end }}
{{- end }}
{{- end }}
