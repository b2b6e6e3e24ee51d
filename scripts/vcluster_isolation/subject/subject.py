"""What is to be proved about: one vCluster, its policies, and what its user did to them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from vcluster_isolation.errors import IsolationError
from vcluster_isolation.helm import render_cache
from vcluster_isolation.helm.rule_notes import PLATFORM_KEY, RuleId, RuleNote
from vcluster_isolation.helm.template import Request
from vcluster_isolation.netpol.objects.model import EGRESS, EVERYTHING, INGRESS, Origin, Peer, Policy, Rule, selector
from vcluster_isolation.netpol.objects.tiers import PolicySet, TierPolicy
from vcluster_isolation.netpol.parse.parse import Cluster
from vcluster_isolation.netpol.unevaluated import UnevaluatedPolicy
from vcluster_isolation.netpol.words.naming import policy_of, rule_of
from vcluster_isolation.subject.deployed import Deployed, deployed_by
from vcluster_isolation.subject.granting import API_SERVER_ANYWHERE, DEFAULT_ON, PUBLIC_EGRESS, reset
from vcluster_isolation.subject.granting import changed as changed_values
from vcluster_isolation.subject.needs import Need, needs_of
from vcluster_isolation.subject.render import Render, later, read_render
from vcluster_isolation.subject.said_rule import SaidRule
from vcluster_isolation.subject.settings import Settings, settings_of
from vcluster_isolation.subject.settings_of_policies import settings_of_policies
from vcluster_isolation.subject.without_grants import without
from vcluster_isolation.values.chart_instances import Instance, instances
from vcluster_isolation.values.paths import at_path
from vcluster_isolation.vcluster.old_policies import old_homes
from vcluster_isolation.vcluster.policy_names import CONTROL_PLANE, COREDNS, SNAPSHOTS, is_of, is_role, recognise

PLATFORM_ANYWHERE = f"{PLATFORM_KEY}.apiServer"
"""As API_SERVER_ANYWHERE, a value without which the chart leaves something open: nobody said where it is."""

VCLUSTER, PLATFORM = "vcluster", "platform"
"""Kinds of subjects."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A vCluster and the policies around it; or of another `kind`, vCluster Platform with its agents.

    `hosted` says that its workloads run in the host cluster, `coredns` that CoreDNS is a pod of its own, and the two
    syncs that workloads run in namespaces that nobody names, and that the tenant's NetworkPolicies reach the host
    cluster. `tiers` are the cluster-scoped policies, `settings` what else values say. `notes` say of each rule why
    it is there. `changed` maps each value that the user set to something else than the
    default, as far as it decides on rules, to the path that the user wrote. `render_at_default_values` gives those with
    all of these values at their defaults. `render` is what the chart rendered. Of policies that came as manifests none
    of this is known. `not_evaluated` are policies of other APIs beside them. `where` says in which object the values
    are, if they are in one. `below` are the keys below which its values stand, where this chart is a subchart.
    `deployed` is what its values make vCluster apply to the host cluster; it is among the policies too.
    """

    name: str
    namespace: str
    policies: tuple[Policy, ...]
    tiers: tuple[TierPolicy, ...] = ()
    hosted: bool = True
    coredns: bool = True
    namespace_sync: bool = False
    policy_sync: bool = False
    notes: Mapping[RuleId, RuleNote] = field(default_factory=dict)
    changed: Mapping[str, str] = field(default_factory=dict)
    render_at_default_values: Callable[[], PolicySet] = lambda: ((), ())
    render: Render | None = None
    settings: Settings = field(default_factory=Settings)
    kind: str = VCLUSTER
    not_evaluated: tuple[UnevaluatedPolicy, ...] = ()
    where: str = ""
    below: tuple[str, ...] = ()
    policy: Mapping[str, Any] = field(default_factory=dict)
    needs: tuple[Need, ...] = ()
    deployed: Deployed = field(default_factory=Deployed)

    @property
    def title(self) -> str:
        """What a report calls it."""
        who = "vCluster Platform" if self.kind == PLATFORM else f"vCluster {self.name}"
        return f"{who} in namespace {self.namespace}" + (f" ({self.where})" if self.where else "")

    @property
    def manifests(self) -> str:
        """What the chart rendered; empty for policies that came as manifests."""
        return self.render.text if self.render else ""

    @property
    def at_default_values(self) -> PolicySet:
        """The policies with every value that grants or closes at its default; rendered when asked for."""
        return self.render_at_default_values()

    @property
    def spaces(self) -> tuple[str, ...]:
        """The namespaces of the vCluster, its own first."""
        return (self.namespace, *self.settings.workload_namespaces)

    def note(self, origin: Origin) -> RuleNote | None:
        """Return why a rule is there, if that is known."""
        if origin.namespace not in ("", *self.spaces):
            return None
        return self.notes.get((origin.policy, origin.direction, origin.index))

    def granted(self, origin: Origin) -> str:
        """Return the path of the value with which the user put a rule there; empty for the chart's own."""
        note = self.note(origin)
        if note is None or note.key not in self.changed or note.key in DEFAULT_ON:
            return ""
        index = "" if note.item is None else f"[{note.item}]"
        return self.changed[note.key] + index

    def said(self, origin: Origin, homes: Collection[str], own: Origin | None = None) -> SaidRule:
        """Return a rule as reports name it, its policy without its namespace if that is one of `homes`.

        `own` is the subject's rule that it is a copy of, if it is one.
        """
        note, yours = self.note(own or origin), self.granted(own or origin)
        flow, value = (note.flow, yours or note.path) if note else ("", yours)
        return SaidRule(policy_of(origin, homes), rule_of(origin), flow, value, bool(yours))

    def with_worst_synced_policies(self, policies: Iterable[Policy], *, pods_only: bool = False) -> tuple[Policy, ...]:
        """Return policies, and beside them the worst that the tenant can sync: everything open for its pods.

        With `pods_only` the synced policies admit pods only, and no other addresses.
        """
        given = tuple(policies)
        if not self.policy_sync:
            return given
        anyone = (Peer(namespaces=EVERYTHING),) if pods_only else ()
        return (*given, *(self._synced(space, anyone) for space in self.spaces))

    def _synced(self, space: str, anyone: tuple[Peer, ...]) -> Policy:
        """Return a policy that a tenant may sync to a namespace."""
        name = "synced-by-the-tenant"
        pods = selector({"vcluster.loft.sh/managed-by": self.name})
        into = Rule(Origin(space, name, INGRESS, 0), anyone)
        out = Rule(Origin(space, name, EGRESS, 0))
        return Policy(space, name, pods, frozenset({INGRESS, EGRESS}), (into,), (out,))

    def without_user_grants(self, *, to_workloads: bool = False, but: str = "") -> PolicySet:
        """Return the policies without what the user granted: what they let through then is the chart's doing.

        A rule that a user's value put there is left out; of public egress, what the default allows as well stays.
        What is granted to the control plane and to snapshots is not granted to a workload that passes for one: with
        `to_workloads` only what is granted to workloads is left out. What the value `but` grants stays.
        """
        control_plane = _of_the_control_plane(self.policies)

        def granted(origin: Origin) -> str:
            note = self.note(origin)
            theirs = to_workloads and control_plane(origin)
            return "" if theirs or (note is not None and note.key == but) else self.granted(origin)

        usual = self.at_default_values[0]
        blocks = [peer.block for policy in usual for rule in policy.egress for peer in rule.peers if peer.block]
        return without((self.policies, self.tiers), granted, self._is_public, blocks)

    def without_known_gaps(self, rendered: PolicySet, *, to_workloads: bool = False) -> PolicySet:
        """Return policies without the rules that the chart leaves open because nobody said where something is.

        With `to_workloads` those of the control plane and of snapshots stay, as in `without_user_grants`.
        """
        control_plane = _of_the_control_plane(self.policies)

        def is_known_gap(origin: Origin) -> bool:
            note = self.note(origin)
            there = note is not None and note.key in (API_SERVER_ANYWHERE, PLATFORM_ANYWHERE)
            return there and not (to_workloads and control_plane(origin))

        policies, tiers = rendered
        return tuple(_without_open(policy, is_known_gap) for policy in policies), tiers

    def _is_public(self, origin: Origin) -> bool:
        """Return whether a rule is that of public egress."""
        note = self.note(origin)
        return note is not None and note.key == PUBLIC_EGRESS


def _of_the_control_plane(policies: Iterable[Policy]) -> Callable[[Origin], bool]:
    """Return what says of a rule whether it is one of what the control plane or snapshots reach."""
    theirs = {(policy.namespace, policy.name) for policy in policies if is_role(policy, CONTROL_PLANE, SNAPSHOTS)}
    return lambda origin: origin.direction == EGRESS and (origin.namespace, origin.policy) in theirs


def _without_open(policy: Policy, is_known_gap: Callable[[Origin], bool]) -> Policy:
    """Return a policy without the rules to and from anywhere that are known gaps."""

    def kept(rules: Iterable[Rule]) -> tuple[Rule, ...]:
        return tuple(rule for rule in rules if rule.peers or not is_known_gap(rule.origin))

    return replace(policy, ingress=kept(policy.ingress), egress=kept(policy.egress))


def of_values(request: Request) -> Subject:
    """Return the one subject that values files describe: `request.name` is the release.

    Raises InputError for files that are no values, RenderFailed when helm or the chart refuses them, ToolMissing, what
    `read_render` raises, and ValueError for a chart that has this one as a subchart.
    """
    (instance,) = instances(request)
    return of_render(request, instance, read_render(render_cache.template(request), request.namespace))


def of_render(request: Request, instance: Instance, render: Render) -> Subject:
    """Return the subject that is one instance of this chart in what `request` renders.

    Its policies are all that are rendered: those of other subcharts add up with them. Raises nothing.
    """
    values, policy = instance.values, instance.policy
    changed = changed_values(instance)
    usual = replace(request, inline=reset(instance)) if changed else request
    coredns = at_path(values, ("controlPlane", "coredns")) or {}
    hosted = not at_path(values, ("privateNodes", "enabled"))
    name = str(at_path(values, ("vcluster", "name")) or request.name)
    whole = {**values, "policies": {"networkPolicy": policy}}
    settings = settings_of(whole, name, (request.name, request.namespace), hosted=hosted)
    needs = needs_of(values, policy, changed, request.namespace, hosted=hosted)
    named = {**settings.named, **{f"needs-{need.key}": need.other for need in needs}}
    subject = Subject(
        name,
        request.namespace,
        render.cluster.policies,
        render.cluster.tiers,
        hosted,
        hosted and coredns.get("enabled") is not False and not coredns.get("embedded"),
        settings.unlisted_namespaces,
        bool(at_path(values, ("sync", "toHost", "networkPolicies", "enabled"))),
        render.notes_of(instance),
        changed,
        later(lambda: render_cache.template(usual), request.namespace),
        render,
        replace(settings, named=named),
        not_evaluated=render.cluster.not_evaluated,
        below=instance.path,
        policy=policy,
        needs=needs,
    )
    return with_deployed(subject, instance, request.namespace)


def with_deployed(subject: Subject, instance: Instance, release: str) -> Subject:
    """Return the subject of an instance, in the namespace of a release, with what its values deploy to the host."""
    names = {policy.name for policy in subject.policies} | {tier.name for tier in subject.tiers}
    found = deployed_by(instance.values, instance.path, release, names)
    beside = with_beside(subject, found.policies, found.tiers)
    return replace(beside, deployed=found, not_evaluated=(*subject.not_evaluated, *found.not_evaluated))


def with_beside(subject: Subject, policies: tuple[Policy, ...], tiers: tuple[TierPolicy, ...]) -> Subject:
    """Return a subject with more policies, which no value of the chart grants: they are there by default as well."""
    if not policies and not tiers:
        return subject

    def usual(before: Callable[[], PolicySet] = subject.render_at_default_values) -> PolicySet:
        usual_policies, clusterwide = before()
        return (*usual_policies, *policies), (*clusterwide, *tiers)

    both = (*subject.policies, *policies), (*subject.tiers, *tiers)
    return replace(subject, policies=both[0], tiers=both[1], render_at_default_values=usual)


def of_cluster(cluster: Cluster) -> list[Subject]:
    """Return a subject for each vCluster whose policy for the control plane is in a cluster.

    Raises IsolationError when no vCluster is in it.
    """
    known = ((policy.namespace, recognise(policy)) for policy in cluster.policies)
    found = {(namespace, one.vcluster) for namespace, one in known if one and one.role == CONTROL_PLANE}
    found |= old_homes(cluster.policies)
    if not found:
        raise IsolationError(
            "no policy `vc-cp-NAME` is among the manifests that selects `release: NAME`",
            "give the manifests that the chart renders",
        )
    return [_of_cluster(cluster, name, namespace) for namespace, name in sorted(found)]


def is_home(policy: Policy) -> bool:
    """Return whether a policy says that a vCluster is in its namespace: it is the chart's for a control plane."""
    return is_role(policy, CONTROL_PLANE)


def _of_cluster(cluster: Cluster, name: str, namespace: str) -> Subject:
    coredns = any(policy.namespace == namespace and is_of(policy, name, COREDNS) for policy in cluster.policies)
    settings = settings_of_policies(cluster.policies, name, namespace)
    return Subject(
        name,
        namespace,
        cluster.policies,
        cluster.tiers,
        coredns=coredns,
        settings=settings,
        not_evaluated=cluster.not_evaluated,
    )
