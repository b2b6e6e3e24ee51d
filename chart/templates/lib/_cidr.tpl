{{/*
CIDR arithmetic of both families. Sprig knows no addresses and no bit operations, so an address becomes a text of 32
or 128 zeros and ones: a network contains another when its prefix is a prefix of the other's text.
*/}}

{{/*
An IP address as a text of bits; nothing when it is none. Leading zeros are refused, as the API server does: a number
must be written as it would be printed. One above 255 has more than eight bits, and so the text has more than 32.
*/}}
{{- define "vcluster-isolation.ip.bits" -}}
{{- $octets := splitList "." . }}
{{- if gt (len .) 45 }}{{/* longer than any address: not looked into */}}
{{- else if contains ":" . }}
{{- include "vcluster-isolation.ip.bits6" (lower .) }}
{{- else if eq (len $octets) 4 }}
{{- $bits := "" }}
{{- range $octets }}
{{- $octet := atoi . }}
{{- if and (eq . (toString $octet)) (ge $octet 0) }}{{ $bits = printf "%s%08b" $bits $octet }}{{ end }}
{{- end }}
{{- if eq (len $bits) 32 }}{{ $bits }}{{ end }}
{{- end }}
{{- end }}

{{/* An IPv6 address in lower case (RFC 4291, section 2.2) as 128 bits; nothing when it is none. */}}
{{- define "vcluster-isolation.ip.bits6" -}}
{{- $text := . }}
{{- if contains "." $text }}
{{- $dotted := last (splitList ":" $text) }}
{{- $bits := include "vcluster-isolation.ip.bits" $dotted }}
{{- $octets := splitList "." $dotted }}
{{- $text = eq $bits "" | ternary "" (trimSuffix $dotted $text) }}
{{- if $text }}{{ $text = printf "%s%02x%02x:%02x%02x" $text (atoi (index $octets 0)) (atoi (index $octets 1)) (atoi (index $octets 2))
      (atoi (index $octets 3)) }}{{ end }}
{{- end }}
{{- $halves := splitList "::" $text }}
{{- $groups := first $halves | eq "" | ternary list (splitList ":" (first $halves)) }}
{{- if eq (len $halves) 2 }}
{{- $tail := last $halves | eq "" | ternary list (splitList ":" (last $halves)) }}
{{- $missing := sub 8 (add (len $groups) (len $tail)) | int }}
{{- $groups = concat $groups (gt $missing 0 | ternary (splitList "" (repeat (max 0 $missing | int) "0")) (list "")) $tail }}
{{- end }}
{{- $bits := "" }}
{{- range $groups }}{{ $bits = print $bits (include "vcluster-isolation.ip.group" .) }}{{ end }}
{{- if and (le (len $halves) 2) (eq (len $groups) 8) (eq (len $bits) 128) }}{{ $bits }}{{ end }}
{{- end }}

{{/* One group of an IPv6 address, one to four hexadecimal digits in lower case, as 16 bits; nothing when it is none. */}}
{{- define "vcluster-isolation.ip.group" -}}
{{- $nibbles := dict "0" "0000" "1" "0001" "2" "0010" "3" "0011" "4" "0100" "5" "0101" "6" "0110" "7" "0111" "8" "1000" "9" "1001"
      "a" "1010" "b" "1011" "c" "1100" "d" "1101" "e" "1110" "f" "1111" }}
{{- if and (ge (len .) 1) (le (len .) 4) }}
{{- $bits := repeat (sub 4 (len .) | int) "0000" }}
{{- range splitList "" . }}{{ $bits = print $bits (get $nibbles .) }}{{ end }}
{{- if eq (len $bits) 16 }}{{ $bits }}{{ end }}
{{- end }}
{{- end }}

{{/*
A CIDR: `"10.0.0.0/8"` -> JSON {"bits", "prefix", "network": the bits of the prefix, "problem": "" or what the API
server of Kubernetes 1.36 has against it}.
*/}}
{{- define "vcluster-isolation.cidr" -}}
{{- $text := toString . }}
{{- $parts := splitList "/" $text }}
{{- $bits := include "vcluster-isolation.ip.bits" (first $parts) }}
{{- $prefix := last $parts | atoi | toString | eq (last $parts) | ternary (last $parts | atoi) 999 }}
{{- $problem := "" }}
{{- if or (ne (len $parts) 2) (eq $bits "") (lt $prefix 0) (gt $prefix (len $bits)) }}
{{- $problem = printf "%s is not a CIDR; write an address without leading zeros and a prefix length, like 10.0.0.0/8 or 2001:db8::/32"
      (include "vcluster-isolation.quoted" $text) }}
{{- else if hasPrefix (print (repeat 80 "0") (repeat 16 "1")) $bits | and (eq (len $bits) 128) }}
{{- $problem = printf "%s is an IPv4 address in IPv6 form; write it as IPv4" $text }}
{{- else if contains "1" (substr $prefix (len $bits) $bits) }}
{{- $problem = printf "%s has bits set beyond its prefix length; write the first address of the network, or /%d for this one address"
      $text (len $bits) }}
{{- end }}
{{- dict "bits" $bits "prefix" $prefix "network" (eq $problem "" | ternary (trunc $prefix $bits) "") "problem" $problem | toJson }}
{{- end }}

{{/* The same as "vcluster-isolation.cidr", and each text is parsed once in a render: `list ROOT TEXT`. Others call this one. */}}
{{- define "vcluster-isolation.cidr.once" -}}
{{- $parsed := (get (index . 0).Values "vcluster-isolation.resolved").cidrs }}
{{- $text := index . 1 | toString }}
{{- if not (hasKey $parsed $text) }}{{ $_ := set $parsed $text (include "vcluster-isolation.cidr" $text) }}{{ end }}
{{- get $parsed $text }}
{{- end }}

{{/* The CIDR that is one address: `"8.8.8.8"` -> `8.8.8.8/32`. */}}
{{- define "vcluster-isolation.cidr.of-address" -}}
{{ . }}/{{ contains ":" . | ternary 128 32 }}
{{- end }}

{{/* Whether a CIDR lies strictly inside another, as `except` must: `list INNER OUTER` of parsed CIDRs -> "true" or nothing. */}}
{{- define "vcluster-isolation.cidr.inside" -}}
{{- $inner := index . 0 }}
{{- $outer := index . 1 }}
{{- if and (empty $inner.problem) (empty $outer.problem) (eq (len $inner.bits) (len $outer.bits))
      (gt $inner.prefix $outer.prefix) (hasPrefix $outer.network $inner.network) }}true{{ end }}
{{- end }}

{{/*
Whether some networks hold every address of another: `list NETWORK NETWORKS`, each the text of a network's bits, all of one
family -> "true" or nothing. A network is covered by one that contains it, or where both its halves are.
*/}}
{{- define "vcluster-isolation.cidr.covered" -}}
{{- $whole := index . 0 }}
{{- $covered := false }}
{{- $low := list }}
{{- $high := list }}
{{- range index . 1 }}
{{- if hasPrefix . $whole }}{{ $covered = true }}
{{- else if hasPrefix (print $whole "0") . }}{{ $low = append $low . }}
{{- else if hasPrefix (print $whole "1") . }}{{ $high = append $high . }}
{{- end }}
{{- end }}
{{- if $covered }}true
{{- else if and $low $high }}
{{- if include "vcluster-isolation.cidr.covered" (list (print $whole "0") $low) }}
{{- include "vcluster-isolation.cidr.covered" (list (print $whole "1") $high) }}
{{- end }}
{{- end }}
{{- end }}
