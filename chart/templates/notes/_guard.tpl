{{/* What NOTES.txt says of the guard. */}}

{{/* "true" when the guard refuses a tenant's policies that open more than the chart's. */}}
{{- define "vcluster-isolation.guard.denies-policies" -}}
{{- $resolved := get .Values "vcluster-isolation.resolved" }}
{{- $guard := $resolved.values.guard }}
{{- if and $resolved.workloads $guard.enabled $guard.networkPolicies.enabled (has "Deny" $guard.validationActions) }}true{{ end }}
{{- end }}

{{/* Its name, beside those of the policies. */}}
{{- define "vcluster-isolation.notes.guard.name" -}}
{{- $resolved := get .Values "vcluster-isolation.resolved" }}
{{- if and $resolved.workloads $resolved.values.guard.enabled }}
and for the API server, a ValidatingAdmissionPolicy bound to {{ join ", " $resolved.namespaces }}:
  vc-guard.{{ .Release.Namespace }}.{{ $resolved.name }}
{{- end }}
{{- end }}

{{/* The warnings about it. */}}
{{- define "vcluster-isolation.notes.guard" }}
{{- $resolved := get .Values "vcluster-isolation.resolved" }}
{{- $guard := $resolved.values.guard }}
{{- if and $resolved.workloads $guard.enabled }}
  - guard: the host cluster needs Kubernetes 1.31 or later. It judges what is written from now on: objects that are there
    already stay. `prove` does not count the guard yet.
{{- if not (has "Deny" $guard.validationActions) }}
  - guard: nothing is refused, because guard.validationActions is {{ join " and " $guard.validationActions }}. Read the audit log or the
    warnings of the syncer, then set it to Deny.
{{- end }}
{{- if eq $guard.failurePolicy "Ignore" }}
  - guard: requests that the guard cannot judge are let through, because guard.failurePolicy is Ignore.
{{- end }}
{{- $off := list }}
{{- range $rule := list "ownership" "networkPolicies" "pods" "labels" "templates" "endpoints" "services" "addresses" }}
{{- if not (get $guard $rule).enabled }}{{ $off = append $off (print "guard." $rule) }}{{ end }}
{{- end }}
{{- with $off }}
  - guard: these rules are off: {{ join ", " . }}.
{{- end }}
{{- end }}
{{- end }}
