{{/* The warnings of NOTES.txt about what public egress reaches. */}}

{{/* Says so when public egress reaches the metadata service of most clouds, or private addresses. */}}
{{- define "vcluster-isolation.notes.public" -}}
{{- $public := (get .Values "vcluster-isolation.resolved").values.workload.publicEgress }}
{{- if and (get .Values "vcluster-isolation.resolved").workloads $public.enabled }}
{{- $except := ((get .Values "vcluster-isolation.resolved").publicBlocks | first).except }}
{{- $old := contains "outgoingConnections.ipBlock." (include "vcluster-isolation.deprecated" .) }}
{{- $path := $old | ternary "outgoingConnections.ipBlock.except" "workload.publicEgress.except" }}
{{- range $address, $ranges := dict "169.254.169.254" (list "169.254.0.0/16" "169.254.169.254/32") "fd00:ec2::254"
      (list "fd00:ec2::254/128") }}
{{- if include "vcluster-isolation.public.reaches" (list $ $public.cidr $except (last $ranges)) }}
  - Workloads reach cloud metadata at {{ $address }}. {{ include "vcluster-isolation.notes.close"
      (list $ $public.cidr $except $ranges $path) }}
{{- end }}
{{- end }}
{{- $reached := list }}
{{- range list "10.0.0.0/8" "172.16.0.0/12" "192.168.0.0/16" "100.64.0.0/10" "fc00::/7" }}
{{- if include "vcluster-isolation.public.reaches" (list $ $public.cidr $except .) }}{{ $reached = append $reached . }}{{ end }}
{{- end }}
{{- with $reached }}
  - Workloads reach private addresses in {{ join ", " . }}: pods of other tenants, nodes and services may be there.
{{- end }}
{{- end }}
{{- end }}

{{/* How to close the first of some ranges that can be an exception: `list ROOT CIDR EXCEPT RANGES PATH-OF-EXCEPT`. */}}
{{- define "vcluster-isolation.notes.close" -}}
{{- $root := index . 0 }}
{{- $outer := include "vcluster-isolation.cidr.once" (list $root (index . 1)) | fromJson }}
{{- $possible := list }}
{{- range index . 3 }}
{{- $inner := include "vcluster-isolation.cidr.once" (list $root .) | fromJson }}
{{- if include "vcluster-isolation.cidr.inside" (list $inner $outer) }}
{{- $possible = append $possible . }}{{ end }}
{{- end }}
{{- if not $possible -}}
To close it, set workload.publicEgress.enabled: false.
{{- else -}}
To close it, put {{ first $possible }} into
    {{ index . 4 }}{{ if index . 2 }}, beside the entries shown above: a list of yours replaces the default one{{ end }}.
{{- end }}
{{- end }}

{{/*
Whether public egress lets any address of a range through: `list ROOT CIDR EXCEPT RANGE` -> "true" or nothing. Two networks
overlap where one contains the other, and the overlap is the smaller one. It counts as closed when one exception holds
all of it.
*/}}
{{- define "vcluster-isolation.public.reaches" -}}
{{- $root := index . 0 }}
{{- $cidr := index . 1 | toString }}
{{- $except := index . 2 }}
{{- $range := index . 3 }}
{{- if and (eq (contains ":" $cidr) (contains ":" $range)) (not (has $range $except)) }}
{{- $outer := (include "vcluster-isolation.cidr.once" (list $root $cidr) | fromJson).network }}
{{- $inner := (include "vcluster-isolation.cidr.once" (list $root $range) | fromJson).network }}
{{- $overlap := gt (len $outer) (len $inner) | ternary $outer $inner }}
{{- $open := and (hasPrefix $outer $overlap) (hasPrefix $inner $overlap) }}
{{- range $except }}
{{- if and $open (hasPrefix (include "vcluster-isolation.cidr.once" (list $root .) | fromJson).network $overlap) }}{{ $open = false }}
{{- end }}
{{- end }}
{{- if $open }}true{{ end }}
{{- end }}
{{- end }}
