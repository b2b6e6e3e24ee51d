{{/* Public addresses: the ipBlocks of workload.publicEgress and of object storage. */}}

{{/* The addresses of `publicEgress`, as peers. */}}
{{- define "vcluster-isolation.peer.public" -}}
{{- range $i, $block := (get .Values "vcluster-isolation.resolved").publicBlocks }}{{ if $i }}{{ "\n" }}{{ end -}}
- ipBlock:
    cidr: {{ $block.cidr | quote }}
    {{- with $block.except }}
    except:
      {{- toYaml . | nindent 6 }}
    {{- end }}
{{- end }}
{{- end }}

{{/* The blocks of `publicEgress`, as a JSON list of {cidr, except}: one, and the second for IPv6. */}}
{{- define "vcluster-isolation.public.blocks" -}}
{{- $public := (get .Values "vcluster-isolation.resolved").values.workload.publicEgress }}
{{- $defaults := include "vcluster-isolation.public.defaults" . | fromJson }}
{{- $hardened := eq (get .Values "vcluster-isolation.resolved").values.profile "hardened" }}
{{- $more := $public.extraExcept }}
{{- if $hardened }}{{ $more = concat $more (get .Values "vcluster-isolation.resolved").hostApiServer.cidrs }}{{ end }}
{{- if $hardened }}{{ $more = concat $more (include "vcluster-isolation.cluster-addresses" . | fromJsonArray) }}{{ end }}
{{- $except := $public.except }}
{{- if eq (sortAlpha $except | toJson) (sortAlpha $defaults.except | toJson) }}
{{- $except = $hardened | ternary (concat $defaults.special4 $defaults.outside6 $defaults.special6) $except }}
{{- $except = include "vcluster-isolation.public.inside" (list $ $public.cidr $except) | fromJsonArray }}
{{- end }}
{{- $blocks := list (dict "cidr" $public.cidr "except"
      (include "vcluster-isolation.public.add" (list $ $public.cidr $except $more) | fromJsonArray)) }}
{{- with $public.ipv6 }}
{{- if .enabled }}
{{- $except := .except }}
{{- if eq (sortAlpha $except | toJson) (sortAlpha $defaults.special6 | toJson) }}
{{- if $hardened }}{{ $except = concat $defaults.outside6 $except }}{{ end }}
{{- $except = include "vcluster-isolation.public.inside" (list $ .cidr $except) | fromJsonArray }}
{{- end }}
{{- $blocks = append $blocks (dict "cidr" .cidr "except"
      (include "vcluster-isolation.public.add" (list $ .cidr $except $more) | fromJsonArray)) }}
{{- end }}
{{- end }}
{{- toJson $blocks }}
{{- end }}

{{/*
The entries of a default that are strictly inside a cidr, because the API server refuses others: `list ROOT CIDR EXCEPT` ->
a JSON list. Inside all addresses of a family is what has its form.
*/}}
{{- define "vcluster-isolation.public.inside" -}}
{{- $inside := list }}
{{- $root := index . 0 }}
{{- if eq (index . 1) "0.0.0.0/0" }}
{{- range index . 2 }}{{ if not (contains ":" .) }}{{ $inside = append $inside . }}{{ end }}{{ end }}
{{- else }}
{{- $outer := include "vcluster-isolation.cidr.once" (list $root (index . 1)) | fromJson }}
{{- range index . 2 }}
{{- $inner := include "vcluster-isolation.cidr.once" (list $root .) | fromJson }}
{{- if include "vcluster-isolation.cidr.inside" (list $inner $outer) }}{{ $inside = append $inside . }}{{ end }}
{{- end }}
{{- end }}
{{- toJson $inside }}
{{- end }}

{{/*
Exceptions, and more of them: `list ROOT CIDR EXCEPT MORE` -> a JSON list. Of MORE only those strictly inside the cidr, and of
these only what no exception holds already. EXCEPT is as the user wrote it, and refused by the validation if it is wrong.
*/}}
{{- define "vcluster-isolation.public.add" -}}
{{- $root := index . 0 }}
{{- $all := index . 2 }}
{{- range $entry := index . 3 }}
{{- $inner := include "vcluster-isolation.cidr.once" (list $root $entry) | fromJson }}
{{- $outer := include "vcluster-isolation.cidr.once" (list $root (index $ 1)) | fromJson }}
{{- $wanted := include "vcluster-isolation.cidr.inside" (list $inner $outer) }}
{{- range $all }}
{{- if $wanted }}
{{- $outer := include "vcluster-isolation.cidr.once" (list $root .) | fromJson }}
{{- if or (eq $entry .) (include "vcluster-isolation.cidr.inside" (list $inner $outer)) }}{{ $wanted = "" }}{{ end }}
{{- end }}
{{- end }}
{{- if $wanted }}{{ $all = append $all $entry }}{{ end }}
{{- end }}
{{- toJson $all }}
{{- end }}

{{/*
The defaults of publicEgress.except as JSON: `except`, vCluster's, which a test holds equal to values.yaml; `special4` and
`special6`, what IANA's special-purpose registries call not globally reachable, and Azure's platform address; `outside6`,
what is not handed out to the public (RFC 4291: global unicast is 2000::/3), for those who open ::/0.
*/}}
{{- define "vcluster-isolation.public.defaults" -}}
{
  "except": ["100.64.0.0/10", "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"],
  "special4": ["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "168.63.129.16/32", "169.254.0.0/16", "172.16.0.0/12",
    "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
    "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"],
  "outside6": ["::/3", "4000::/2", "8000::/1"],
  "special6": ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"]
}
{{- end }}

{{/* Every public address, as a JSON list of peers: where object storage is when nobody says where. */}}
{{- define "vcluster-isolation.public.anywhere" -}}
{{- $defaults := include "vcluster-isolation.public.defaults" . | fromJson }}
{{- $more := (get .Values "vcluster-isolation.resolved").values.workload.publicEgress.extraExcept }}
{{- $more = concat $more (include "vcluster-isolation.cluster-addresses" . | fromJsonArray) }}
{{- $peers := list }}
{{- range $cidr, $except := dict "0.0.0.0/0" $defaults.special4 "2000::/3" $defaults.special6 }}
{{- $peers = append $peers (dict "ipBlock" (dict "cidr" $cidr "except"
      (include "vcluster-isolation.public.add" (list $ $cidr $except $more) | fromJsonArray))) }}
{{- end }}
{{- toJson $peers }}
{{- end }}

{{/* The addresses that nodes and pods of the host cluster are said to have, as a JSON list. */}}
{{- define "vcluster-isolation.cluster-addresses" -}}
{{- with (get .Values "vcluster-isolation.resolved").values }}{{ concat .nodes.cidrs .pods.cidrs | toJson }}{{ end }}
{{- end }}
