{{/* The warnings of NOTES.txt: what the rendered policies cannot do, or stop doing with these values. */}}
{{- define "vcluster-isolation.notes.warnings" -}}
{{- $sync := ((.Values).sync).toHost | default dict }}
{{- $experimental := (.Values).experimental | default dict }}
{{- with include "vcluster-isolation.deprecated" . | fromJsonArray }}

DEPRECATED keys under policies.networkPolicy, honoured as their successors (`vcluster-isolation migrate` rewrites them):
{{- range . }}
  {{ .from }} --> {{ .to }}, since vCluster {{ .since }}
{{- end }}
{{- end }}

WARNINGS:
  - A CNI that enforces NetworkPolicy has to run in the host cluster. Without one, these policies change nothing.
  - Keep policies.networkPolicy.enabled false in the values of the vCluster itself. Its own policies have the same names:
    Helm refuses the second of the two releases, and Argo CD and kubectl apply overwrite one with the other in turn.
{{- include "vcluster-isolation.notes.profile" . }}
{{- include "vcluster-isolation.notes.public" . }}
{{- include "vcluster-isolation.notes.forgeable" . }}
{{- include "vcluster-isolation.notes.synced-policies" . }}
{{- include "vcluster-isolation.notes.guard" . }}
{{- if and ($sync.namespaces).enabled (empty (include "vcluster-isolation.mapped" . | fromJsonArray)) }}
{{- include "vcluster-isolation.notes.elsewhere" (list . "sync.toHost.namespaces is on: workloads in namespaces of their own") }}
{{- end }}
{{- range include "vcluster-isolation.mapped" . | fromJsonArray }}
{{- if contains "*" . }}
  - sync.toHost.namespaces.mappings names no namespace with {{ include "vcluster-isolation.quoted" . }}: workloads in
    namespaces like that are not isolated, and DNS from there is closed, unless workload.namespaces lists them.
{{- end }}
{{- end }}
{{- if ($experimental.multiNamespaceMode).enabled }}
{{- include "vcluster-isolation.notes.elsewhere" (list . "experimental.multiNamespaceMode is on: workloads in namespaces of their own") }}
{{- end }}
{{- if ((.Values).privateNodes).enabled }}
  - privateNodes is on: workloads run on nodes of their own, where no NetworkPolicy of the host cluster reaches them.
{{- end }}
{{- include "vcluster-isolation.notes.needs" . }}
{{- with pick (.Values.policies.networkPolicy.labels | default dict) "app" "chart" "heritage" "release" }}
  - policies.networkPolicy.labels: {{ keys . | sortAlpha | join ", " }} are the chart's own labels; your values are not used.
{{- end }}
{{- range $key, $_ := (((.Values.controlPlane).advanced).globalMetadata).annotations | default dict }}
{{- if include "vcluster-isolation.hook" $key }}
  - controlPlane.advanced.globalMetadata.annotations: {{ include "vcluster-isolation.quoted"
      $key }} makes hooks, and is left out of the policies.
{{- end }}
{{- end }}
{{- end }}

{{/* What the profile leaves open that a tenant, or nobody's knowledge, opens. */}}
{{- define "vcluster-isolation.notes.profile" }}
{{- $server := (get .Values "vcluster-isolation.resolved").hostApiServer }}
{{- if not (include "vcluster-isolation.hardened" .) }}
  - Tenants choose their pods' labels. With these policies, as with vCluster's own, a pod in this namespace labelled
    `app: vcluster-snapshot` gets what snapshots get
{{- if (get .Values "vcluster-isolation.resolved").values.platform.enabled }}, and a pod labelled `app: loft` anywhere counts as
{{- " vCluster Platform" }}
{{- end }}.
{{- else if not $server.cidrs }}
  - The host API server's address is not configured{{ if (get .Values
      "vcluster-isolation.resolved").values.hostApiServer.discover }}, and no cluster was there to look it up in{{ end }}, so the
{{- " control plane and snapshots" }}
    reach TCP {{ include "vcluster-isolation.notes.numbers" $server.ports }} at any address, other tenants and cloud metadata among them.
    To close it, set policies.networkPolicy.hostApiServer.cidrs.
{{- end }}
{{- if and $server.cidrs (get .Values "vcluster-isolation.resolved").values.hostApiServer.discover }}
  - The host cluster's API server was looked up at installation. Where it moves, upgrade this release, or set
    policies.networkPolicy.hostApiServer.cidrs to the range that it moves in.
{{- end }}
{{- end }}

{{/* What a tenant's own NetworkPolicies can open, and what the floor needs. */}}
{{- define "vcluster-isolation.notes.synced-policies" }}
{{- $floor := (get .Values "vcluster-isolation.resolved").values.floor }}
{{- $made := (get .Values "vcluster-isolation.resolved").floor }}
{{- $synced := ((((.Values).sync).toHost).networkPolicies).enabled }}
{{- if and $floor.enabled (get .Values "vcluster-isolation.resolved").workloads }}
  - floor: the network plugin has to know {{ $made.kind }} {{ $made.version }}, and no policy of that kind with a priority below
    {{ add 2 $made.priority }} may let through what the floor denies.
{{- if eq $made.kind "AdminNetworkPolicy" }}
    OVN-Kubernetes says in the conditions and events of a policy if it does not enforce it:
    kubectl describe adminnetworkpolicy vc-floor.{{ .Release.Namespace }}.{{ (get .Values "vcluster-isolation.resolved").name }}
{{- end }}
{{- if $synced }}
  - sync.toHost.networkPolicies is on: a tenant's own policy can still let addresses that are no pod's into its workloads;
    ingress rules of {{ $made.kind }} know no addresses.
{{- end }}
{{- else if and $synced (not (include "vcluster-isolation.guard.denies-policies" .)) }}
  - sync.toHost.networkPolicies is on: NetworkPolicies add up, so a tenant's own policy can open again what these close.
{{- end }}
{{- end }}

{{/* How many rules name no peer, and so mean everybody: `list RULES "from"` -> ", 2 of them from anywhere" or nothing. */}}
{{- define "vcluster-isolation.notes.anywhere" -}}
{{- $key := index . 1 }}
{{- $anywhere := 0 }}
{{- range index . 0 }}{{ if not (get . $key) }}{{ $anywhere = add1 $anywhere }}{{ end }}{{ end }}
{{- if $anywhere }}, {{ $anywhere }} of them {{ $key }} anywhere{{ end }}
{{- end }}

{{/* A warning about workloads in other namespaces: `list ROOT WHO-AND-WHY`. */}}
{{- define "vcluster-isolation.notes.elsewhere" }}
  - {{ index . 1 }} are not isolated,
    because these policies are in {{ (index . 0).Release.Namespace }} and reach no further. DNS from there is closed.
{{- end }}
