{{/* Named grants of which the hardened profile takes out the pods of other tenants. */}}

{{/*
controlPlane.webhooks as JSON. In the hardened profile its peers select workloads of this vCluster only, whatever else they
would select: each podSelector requires managed-by, and each namespaceSelector the vCluster's namespaces. An ipBlock and the
name of another namespace are refused by the validation.
*/}}
{{- define "vcluster-isolation.webhooks.own" -}}
{{- $webhooks := (get .Values "vcluster-isolation.resolved").values.controlPlane.webhooks }}
{{- if include "vcluster-isolation.hardened" . }}
{{- $ours := dict "vcluster.loft.sh/managed-by" (get .Values "vcluster-isolation.resolved").name }}
{{- $here := dict "key" "kubernetes.io/metadata.name" "operator" "In" "values" (get .Values "vcluster-isolation.resolved").namespaces }}
{{- $peers := list }}
{{- range $webhooks.to }}
{{- $pods := .podSelector | default dict }}
{{- $peer := dict "podSelector" (merge (dict "matchLabels" (merge dict $ours ($pods.matchLabels | default dict))) $pods) }}
{{- if hasKey . "namespaceSelector" }}
{{- $spaces := .namespaceSelector | default dict }}
{{- $expressions := append ($spaces.matchExpressions | default list) $here }}
{{- $_ := set $peer "namespaceSelector" (merge (dict "matchExpressions" $expressions) $spaces) }}
{{- end }}
{{- $peers = append $peers $peer }}
{{- end }}
{{- $webhooks = merge (dict "to" $peers) $webhooks }}
{{- end }}
{{- toJson $webhooks }}
{{- end }}

{{/*
controlPlane.metricsServer as JSON. In the hardened profile its default peer is none that a tenant made, because a vCluster
may live in kube-system as well. Peers of the user's own stay as they are.
*/}}
{{- define "vcluster-isolation.metrics-server" -}}
{{- $grant := deepCopy (get .Values "vcluster-isolation.resolved").values.controlPlane.metricsServer }}
{{- $default := list }}
{{- range (get .Values "vcluster-isolation.resolved").grants.vcluster }}
{{- if eq .path "controlPlane.metricsServer" }}{{ $default = .default.to }}{{ end }}
{{- end }}
{{- if and (include "vcluster-isolation.hardened" .) (eq (toJson $grant.to) (toJson $default)) }}
{{- $unsynced := list (dict "key" "vcluster.loft.sh/managed-by" "operator" "DoesNotExist") }}
{{- $_ := set (first $grant.to).podSelector "matchExpressions" $unsynced }}
{{- end }}
{{- toJson $grant }}
{{- end }}
