{{/*
The guard's rules, a named template each: what it refuses, why in the comment, and what the tenant does instead in the message,
which the syncer puts into the events of the tenant's object.
*/}}

{{/* The validations of the rules that are on, as a list at no indentation. */}}
{{- define "vcluster-isolation.guard.validations" -}}
{{- $guard := (get .Values "vcluster-isolation.resolved").values.guard }}
{{- range $rule := list "ownership" "networkPolicies" "pods" "labels" "templates" "endpoints" "services" "addresses" }}
{{- if (get $guard $rule).enabled }}
{{- include (print "vcluster-isolation.guard.rule." $rule) $ }}
{{- end }}
{{- end }}
{{- end }}

{{- define "vcluster-isolation.guard.rule.ownership" }}
{{- $name := (get .Values "vcluster-isolation.resolved").name | toJson }}
# RBAC gives the service account every pod, policy and endpoint of the namespace (guard.ownership)
- expression: >-
    !(variables.written in ["pods", "networkpolicies", "endpoints", "endpointslices"]) ||
    !(variables.part in ["binding", "eviction"]) && [object, oldObject].all(one, one == null || has(one.metadata.labels) &&
    "vcluster.loft.sh/managed-by" in one.metadata.labels && one.metadata.labels["vcluster.loft.sh/managed-by"] == {{ $name }})
  reason: Forbidden
  message: >-
    a vCluster may write only what carries its vcluster.loft.sh/managed-by, before and after; leave other objects alone
{{- end }}

{{- define "vcluster-isolation.guard.rule.networkPolicies" }}
{{- $resolved := get .Values "vcluster-isolation.resolved" }}
{{- $name := toJson $resolved.name }}
{{- $from := $resolved.values.guard.networkPolicies.from }}
{{- $sides := and (has "0.0.0.0/0" $from) (has "::/0" $from) | ternary "[0]" "[0, 1]" }}
# policies add up (guard.networkPolicies)
- expression: >-
    variables.written != "networkpolicies" ||
    object == null || {{ $sides }}.all(side, variables.rules[side].all(peers, size(peers) > 0))
  reason: Forbidden
  message: >-
    a rule of this NetworkPolicy has no peers, which means everyone; list them in `from` and `to`
- expression: >-
    variables.written != "networkpolicies" || object == null ||
    (variables.rules + [[[{"podSelector": object.spec.podSelector}]]]).all(side, side.all(peers, peers.all(peer,
    has(peer.ipBlock) || has(peer.podSelector) && has(peer.podSelector.matchLabels) &&
    "vcluster.loft.sh/managed-by" in peer.podSelector.matchLabels &&
    peer.podSelector.matchLabels["vcluster.loft.sh/managed-by"] == {{ $name }} && (!has(peer.namespaceSelector)
    {{- if include "vcluster-isolation.multi-namespace" . }} ||
    has(peer.namespaceSelector.matchLabels) && "kubernetes.io/metadata.name" in peer.namespaceSelector.matchLabels &&
    peer.namespaceSelector.matchLabels["kubernetes.io/metadata.name"] in {{ toJson $resolved.namespaces }}
    {{- end }}))))
  reason: Forbidden
  message: this NetworkPolicy selects pods of other tenants; select pods of this vCluster
- expression: variables.written != "networkpolicies" || object == null || variables.closed == ""
  reason: Forbidden
  messageExpression: >-
    "this NetworkPolicy opens addresses that are closed to this vCluster: " + variables.closed +
    "; leave them out with except, or ask your administrators for guard.networkPolicies"
{{- end }}

{{- define "vcluster-isolation.guard.rule.pods" }}
# no NetworkPolicy isolates the node's network (guard.pods)
- expression: >-
    variables.written != "pods" || request.operation != "CREATE" || variables.part != "" ||
    !(has(object.spec.hostNetwork) && object.spec.hostNetwork) && !(has(object.spec.hostPID) && object.spec.hostPID) &&
    [object.spec.containers, has(object.spec.initContainers) ? object.spec.initContainers : []].all(containers,
    containers.all(container, !has(container.ports) || container.ports.all(port, !has(port.hostPort) || port.hostPort == 0)))
  reason: Forbidden
  message: hostNetwork, hostPID and hostPort leave the isolation; use a Service
{{- end }}

{{- define "vcluster-isolation.guard.rule.labels" }}
# policies would take it for another's pod (guard.labels)
- expression: variables.kind != "pods" || variables.part == "eviction" || size(variables.reserved) == 0
  reason: Forbidden
  messageExpression: >-
    "host policies trust these labels of the pod: " + variables.reserved.join(", ") + "; remove or rename them"
- expression: >-
    !(request.resource.group in ["apps", "batch"]) && variables.kind != "replicationcontrollers" || variables.made == ""
  reason: Forbidden
  messageExpression: >-
    "host policies trust these labels of the template: " + variables.made +
    "; remove them (set spec.infrastructure.labels of a Gateway), or ask your administrators for guard.creators"
{{- end }}

{{- define "vcluster-isolation.guard.rule.templates" }}
{{- $kinds := list "gateways" "issuers" }}
{{- $labelled := list "gateways" "virtualmachineinstances" }}
{{- range (get .Values "vcluster-isolation.resolved").values.guard.templates.resources }}
{{- $kind := splitList "." . | first }}
{{- $kinds = append $kinds $kind }}
{{- $labelled = append $labelled $kind }}
{{- end }}
# controllers make pods of it, with the tenant's labels (guard.templates)
- expression: >-
    !variables.kind.startsWith("virtualmachine") && !(variables.kind in {{ toJson (uniq $kinds) }}) || variables.made == ""
  reason: Forbidden
  messageExpression: >-
    "host policies trust these labels of its pods: " + variables.made + "; remove or rename them"
- expression: >-
    !variables.kind.endsWith("routes") && !(variables.kind in {{ toJson (uniq $labelled) }}) || size(variables.reserved) == 0
  reason: Forbidden
  messageExpression: >-
    "host policies trust these labels of its pods: " + variables.reserved.join(", ") + "; remove or rename them"
- expression: >-
    variables.written != "gateways" || !has(object.spec.infrastructure) ||
    !has(object.spec.infrastructure.parametersRef)
  reason: Forbidden
  message: parametersRef changes the pods of the Gateway; remove spec.infrastructure.parametersRef
{{- end }}

{{- define "vcluster-isolation.guard.rule.endpoints" }}
{{- $resolved := get .Values "vcluster-isolation.resolved" }}
{{- $name := $resolved.name }}
{{- $services := concat (list $name (print $name "-headless") (print $name "-etcd") (print $name "-etcd-headless"))
      $resolved.values.guard.endpoints.services | uniq | toJson }}
# ingress controllers connect to what it names (guard.endpoints)
- expression: size(variables.foreign) == 0
  reason: Forbidden
  messageExpression: >-
    "these addresses are not open to endpoints of this vCluster: " + variables.foreign.join(", ") +
    "; give the Service a selector, or ask your administrators for guard.endpoints"
# who dials the control plane's Service would be sent to the tenant (guard.endpoints)
- expression: >-
    request.namespace != {{ toJson .Release.Namespace }} ||
    (variables.written != "endpoints" || !(object.metadata.name in {{ $services }})) &&
    (variables.written != "endpointslices" || variables.services[0] == "" || !(variables.services[0] in {{ $services }}) &&
    (variables.services[0].endsWith(variables.suffix) ||
    variables.services[1] == variables.services[0] || variables.services[1] == variables.services[0] + variables.suffix))
  reason: Forbidden
  message: these endpoints are of a Service that is not yours; name one of your namespace, of another name than the vCluster's
{{- end }}

{{- define "vcluster-isolation.guard.rule.services" }}
# kube-proxy diverts what other pods send there (guard.services)
- expression: >-
    variables.written != "services" ||
    (!has(object.spec.externalIPs) || size(object.spec.externalIPs) == 0) &&
    (variables.part != "status" || object.status == oldObject.status)
  reason: Forbidden
  message: externalIPs divert traffic of others; use type LoadBalancer
# ingress controllers follow the name to any address (guard.services)
- expression: >-
    variables.written != "services" || !has(object.spec.type) || object.spec.type != "ExternalName" ||
    {{ (get .Values "vcluster-isolation.resolved").values.guard.services.externalNames | toJson }}.exists(name,
    object.spec.externalName == name || object.spec.externalName.endsWith("." + name))
  reason: Forbidden
  message: this ExternalName stays in the vCluster, where it works; for an Ingress, ask your administrators for guard.services
{{- end }}

{{- define "vcluster-isolation.guard.rule.addresses" }}
# controllers connect to what it names (guard.addresses)
- expression: >-
    variables.written != "ingresses" || !has(object.metadata.annotations) ||
    object.metadata.annotations.all(key, !key.matches("/(auth-url|mirror-target|.*snippets?|config-.*|actions[.].*)$"))
  reason: Forbidden
  message: annotations may not name addresses or configuration; remove auth-url, mirror-target, actions, config and snippets
- expression: >-
    !variables.written.endsWith("routes") || !has(object.spec.rules) || object.spec.rules.all(rule,
    [has(rule.backendRefs) ? rule.backendRefs.map(to, to) : [],
    (has(rule.filters) ? rule.filters : []).filter(one, has(one.requestMirror)).map(one, one.requestMirror.backendRef)
    ].all(targets, targets.all(to, !has(to.kind) || to.kind == "Service")))
  reason: Forbidden
  message: a backend of a route has to be a Service; remove the others
- expression: >-
    !(variables.written in ["servicemonitors", "podmonitors"]) ||
    ["endpoints", "podMetricsEndpoints"].all(field, !(field in object.spec) || object.spec[field].all(endpoint,
    !has(endpoint.proxyUrl) && !has(endpoint.oauth2) && (!has(endpoint.relabelings) || endpoint.relabelings.all(change,
    (!has(change.targetLabel) || !change.targetLabel.matches("^__|[$]")) &&
    (!has(change.action) || !change.action.matches("^(?i)labelmap$"))))))
  reason: Forbidden
  message: a monitor may not name addresses; remove proxyUrl, oauth2, and relabelings to __address__ and the like
- expression: >-
    !(variables.written in ["probes", "scrapeconfigs", "serviceentries", "workloadentries", "backends"])
  reason: Forbidden
  message: this kind names addresses; ask your administrators to make it in the host cluster
{{- end }}
