{{/* The part of the validation that is about public egress. */}}

{{/* The public addresses, with each problem named at the key that the user wrote, deprecated or not. */}}
{{- define "vcluster-isolation.problems.public-egress" -}}
{{- $public := (get .Values "vcluster-isolation.resolved").values.workload.publicEgress }}
{{- $paths := dict "cidr" "workload.publicEgress.cidr" "except" "workload.publicEgress.except" }}
{{- range include "vcluster-isolation.deprecated" . | fromJsonArray }}
{{- if hasPrefix "outgoingConnections.ipBlock." .from }}{{ $_ := set $paths (base (replace "." "/" .from)) .from }}{{ end }}
{{- end }}
{{- if and $public.enabled $public.ipv6.enabled (not (contains ":" $public.ipv6.cidr)) }}
policies.networkPolicy.workload.publicEgress.ipv6.cidr: {{ include "vcluster-isolation.quoted"
      $public.ipv6.cidr }} is not an IPv6 network; write one, or use cidr for IPv4
{{- end }}
{{- if $public.enabled }}
{{- $blocks := (get .Values "vcluster-isolation.resolved").publicBlocks }}
{{- include "vcluster-isolation.problems.ip-block" (list . (print "policies.networkPolicy." $paths.cidr)
      (print "policies.networkPolicy." $paths.except) (first $blocks)) }}
{{- range rest $blocks }}
{{- include "vcluster-isolation.problems.ip-block" (list $ "policies.networkPolicy.workload.publicEgress.ipv6.cidr"
      "policies.networkPolicy.workload.publicEgress.ipv6.except" .) }}
{{- end }}
{{- if $public.extraExcept }}{{ include "vcluster-isolation.problems.extra-except" . }}{{ end }}
{{- end }}
{{- end }}

{{/* Entries of extraExcept that no block can leave out. */}}
{{- define "vcluster-isolation.problems.extra-except" -}}
{{- $public := (get .Values "vcluster-isolation.resolved").values.workload.publicEgress }}
{{- $cidr := include "vcluster-isolation.cidr.once" (list . $public.cidr) | fromJson }}
{{- $cidr6 := include "vcluster-isolation.cidr.once" (list . $public.ipv6.cidr) | fromJson }}
{{- range $i, $entry := $public.extraExcept }}
{{- $path := printf "policies.networkPolicy.workload.publicEgress.extraExcept[%d]" $i }}
{{- $inner := include "vcluster-isolation.cidr.once" (list $ $entry) | fromJson }}
{{- if $inner.problem }}
{{ $path }}: {{ $inner.problem }}
{{- else if or $cidr.problem $cidr6.problem }}
{{- else if not (or
      (include "vcluster-isolation.cidr.inside" (list $inner $cidr)) (include "vcluster-isolation.cidr.inside" (list $inner $cidr6))) }}
{{ $path }}: {{ $entry }} is inside neither cidr {{ $public.cidr }} nor ipv6.cidr {{ $public.ipv6.cidr
      }}; remove it or widen one of them
{{- end }}
{{- end }}
{{- end }}
