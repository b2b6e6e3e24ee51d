{{/* How the pod of `helm test` is set up. */}}

{{/* "true" when there is one: isolation is on, workloads run in the host cluster, and it is not switched off. */}}
{{- define "vcluster-isolation.test" -}}
{{- if and (get .Values "vcluster-isolation.resolved").workloads ((get .Values "vcluster-isolation.resolved").test).enabled }}true{{ end }}
{{- end }}

{{/* isolationTest over its defaults, as JSON. */}}
{{- define "vcluster-isolation.test.values" -}}
{{- $values := (.Values).isolationTest | default dict | deepCopy }}
{{- include "vcluster-isolation.merge-defaults" (list $values (include "vcluster-isolation.test.defaults" . | fromJson)) }}
{{- toJson $values }}
{{- end }}

{{/* isolationTest as it is in values.yaml, as JSON; a test holds the two equal. */}}
{{- define "vcluster-isolation.test.defaults" -}}
{
  "enabled": true,
  "image": "busybox:1.37.0",
  "imagePullPolicy": "IfNotPresent",
  "imagePullSecrets": [],
  "command": [],
  "runAsUser": 65534,
  "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"cpu": "100m", "memory": "32Mi"}},
  "timeout": 3,
  "rejects": false,
  "checks": ["dns", "api", "metadata", "host-api-server", "host-dns"],
  "open": [],
  "closed": []
}
{{- end }}
