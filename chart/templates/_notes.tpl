{{/* The warnings of NOTES.txt: what the rendered policies cannot do, or stop doing with these values. */}}
{{- define "vcluster-isolation.notes.warnings" -}}
{{- $sync := ((.Values).sync).toHost | default dict }}
{{- with include "vcluster-isolation.deprecated" . | fromJsonArray }}

DEPRECATED keys under policies.networkPolicy, honoured as their successors (`vcluster-isolation migrate` rewrites them):
{{- range . }}
  {{ .from }} --> {{ .to }}, since vCluster {{ .since }}
{{- end }}
{{- end }}

WARNINGS:
  - A CNI that enforces NetworkPolicy has to run in the host cluster. Without one, these policies change nothing.
  - Keep policies.networkPolicy.enabled false in the values of the vCluster itself. If its own policies are on too, they
    have the same names, and the two releases take turns at overwriting each other.
  - Tenants choose their pods' labels. With these policies, as with vCluster's own, a pod in this namespace labelled
    `app: vcluster-snapshot` gets what snapshots get
{{- if (include "vcluster-isolation.values" . | fromJson).platform.enabled }}, and a pod labelled `app: loft` anywhere counts as vCluster Platform
{{- end }}.
{{- include "vcluster-isolation.notes.metadata" . }}
{{- if ($sync.networkPolicies).enabled }}
  - sync.toHost.networkPolicies is on: NetworkPolicies add up, so a tenant's own policy can open again what these close.
{{- end }}
{{- if ($sync.namespaces).enabled }}
  - sync.toHost.namespaces is on: workloads in namespaces of their own are not isolated, because these policies are in
    {{ .Release.Namespace }} and reach no further. DNS from there is closed.
{{- end }}
{{- if ((.Values).privateNodes).enabled }}
  - privateNodes is on: workloads run on nodes of their own, where no NetworkPolicy of the host cluster reaches them.
{{- end }}
{{- with pick (.Values.policies.networkPolicy.labels | default dict) "app" "chart" "heritage" "release" }}
  - policies.networkPolicy.labels: {{ keys . | sortAlpha | join ", " }} are the chart's own labels; your values are not used.
{{- end }}
{{- end }}

{{/* Says so when workloads reach the metadata service of most clouds. */}}
{{- define "vcluster-isolation.notes.metadata" -}}
{{- $public := (include "vcluster-isolation.values" . | fromJson).workload.publicEgress | default dict }}
{{- if and (include "vcluster-isolation.workloads" .) $public.enabled }}
{{- $metadata := include "vcluster-isolation.cidr" "169.254.169.254/32" | fromJson }}
{{- $reached := hasPrefix (include "vcluster-isolation.cidr" $public.cidr | fromJson).network $metadata.bits }}
{{- range include "vcluster-isolation.public.except" $public | fromJsonArray }}
{{- if hasPrefix (include "vcluster-isolation.cidr" . | fromJson).network $metadata.bits }}{{ $reached = false }}{{ end }}
{{- end }}
{{- if $reached }}
  - Workloads reach cloud metadata at 169.254.169.254. Add 169.254.0.0/16 to workload.publicEgress.except to close it.
{{- end }}
{{- end }}
{{- end }}
