"""What `audit` prints for people: text that stays readable with ten thousand vClusters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from vcluster_isolation.audit.audit import Audit, Audited
from vcluster_isolation.audit.cover import Uncovered
from vcluster_isolation.audit.find import DiscoveredVCluster
from vcluster_isolation.audit.judge import Finding
from vcluster_isolation.claims.claims import ISOLATION
from vcluster_isolation.netpol.objects.model import Endpoint, External, Pod
from vcluster_isolation.netpol.unevaluated import caveats, listed
from vcluster_isolation.netpol.words import shorten
from vcluster_isolation.prove.example import Example
from vcluster_isolation.prove.prove import FAILS
from vcluster_isolation.vcluster.actor_ref import OWN, ActorRef
from vcluster_isolation.wording import printable

SHOWN = 3
"""So many names of a long list are shown."""

NOW, POSSIBLE = "FAILS for an existing pod", "FAILS for a possible pod"


def text(audit: Audit, *, everything: bool = False) -> str:
    """Return the report for people: vClusters with the same findings together, `everything` with all their names."""
    return "\n".join(_lines(audit, everything=everything))


def _lines(audit: Audit, *, everything: bool) -> Iterator[str]:
    """Yield the lines of the report."""
    cluster = audit.cluster
    yield (
        f"{_count(len(audit.vclusters), 'vCluster')} in {_count(len(cluster.namespaces), 'namespace')} with "
        f"{_count(len(cluster.pods), 'pod')} and {_count(len(cluster.policies), 'policy', 'policies')}"
        + (f", {len(cluster.tiers):,} cluster-scoped" if cluster.tiers else "")
    )
    yield from _passed_over(audit, everything=everything)
    if audit.broken:
        yield f"\nNOT THERE: {_count(len(audit.broken), 'policy', 'policies')} that should be; a vCluster may be open"
        yield from _first(list(_broken(audit)), 10, everything=everything)
    for members in groups(audit):
        yield ""
        yield from _group(members, everything=everything)
    fine = sum(is_fine(vcluster) for vcluster in audit.vclusters)
    bare = sum(not vcluster.isolated for vcluster in audit.vclusters)
    yield ""
    yield f"every claim holds for {fine:,} of {_count(len(audit.vclusters), 'vCluster')}" + (
        f"; {bare:,} not isolated at all" if bare else ""
    )


def _passed_over(audit: Audit, *, everything: bool) -> Iterator[str]:
    """Yield what could not be read, and what was not looked at."""
    cluster = audit.cluster
    if cluster.problems:
        yield f"\n{_count(len(cluster.problems), 'problem')}: an object that has one is left out of everything below"
        yield from (f"  {one}" for one in _first(list(map(str, cluster.problems)), 10, everything=everything))
    for warning in warnings(audit):
        yield f"warning: {warning}"


def warnings(audit: Audit) -> list[str]:
    """Return what the report does not cover in this cluster, in words."""
    cluster = audit.cluster
    found = list(caveats(cluster.not_evaluated))
    found += [f"{count:,} of {kind} were not looked at" for kind, count in cluster.passed_over.items()]
    if cluster.undeclared:
        names = ", ".join(_first(sorted(cluster.undeclared), SHOWN, everything=False))
        found.append(
            f"labels of {_count(len(cluster.undeclared), 'namespace')} are not known, for lack of them: {names}"
        )
    if not cluster.pods:
        found.append("there are no pods: what claims say of pods that are there was not judged")
    return found


def groups(audit: Audit) -> list[list[Audited]]:
    """Return the vClusters, those with the same findings together: the worst first, then by their first names."""
    found: dict[object, list[Audited]] = {}
    for vcluster in audit.vclusters:
        found.setdefault(_sameness(vcluster), []).append(vcluster)
    return sorted(found.values(), key=lambda members: _rank(members[0]))


def _sameness(one: Audited) -> object:
    """Return what makes the findings about a vCluster."""
    claims = tuple((finding.there, finding.possible) for finding in one.verdicts.findings)
    pods = frozenset((pod.role, pod.ingress, pod.egress, pod.host_network) for pod in one.uncovered)
    return claims, one.verdicts.unjudged, one.isolated, one.hosted, pods


def _rank(one: Audited) -> tuple[bool, bool, int, int, int]:
    """Return how bad it is, the worst first."""
    failing = [finding for finding in one.verdicts.findings if finding.fails]
    open_claims = [finding for finding in failing if finding.claim.kind == ISOLATION]
    undecided = sum(finding.undecided for finding in one.verdicts.findings)
    return one.isolated, not one.verdicts.unjudged, -len(open_claims), -len(failing), -undecided


def is_fine(one: Audited) -> bool:
    """Return whether every claim about a vCluster holds."""
    return not one.verdicts.unjudged and not any(
        finding.fails or finding.undecided for finding in one.verdicts.findings
    )


def _group(members: Sequence[Audited], *, everything: bool) -> Iterator[str]:
    """Yield what there is to say of vClusters with the same findings."""
    first = members[0]
    failing = [finding for finding in first.verdicts.findings if finding.fails]
    names = ", ".join(_first([_name(member.found) for member in members], SHOWN, everything=everything))
    undecided = [finding.claim.name for finding in first.verdicts.findings if finding.undecided]
    yield f"{_headline(first, len(failing), len(undecided))}: {names}"
    if first.verdicts.unjudged:
        yield f"  not judged: {first.verdicts.unjudged}"
    if not first.hosted:
        yield "  taken to have private nodes: no synced pods are there, and no policy for workloads"
    if first.isolated:
        for found in failing:
            yield from _failing(found)
        if failing and (len(members) > 1 or first.verdicts.first is not first.found):
            yield f"  (the examples are of {_name(first.verdicts.first)})"
    else:
        yield f"  FAILS: {', '.join(finding.claim.name for finding in failing)}"
    yield from _undecided(members, undecided)
    yield from _pods([pod for member in members for pod in member.uncovered], everything=everything)
    yield from _policies(members, everything=everything)


def _headline(one: Audited, failing: int, undecided: int) -> str:
    """Return what is the matter with vClusters, in a word."""
    if not one.isolated:
        return f"NOT ISOLATED, no policy selects any of their pods, {_count(failing, 'claim')} fail"
    if one.verdicts.unjudged:
        return "NOT JUDGED"
    doubted = f"{_count(undecided, 'claim')} {'is' if undecided == 1 else 'are'} undecided" if undecided else ""
    fail = f"{_count(failing, 'claim')} {'fails' if failing == 1 else 'fail'}" if failing else ""
    return ", ".join(filter(None, (fail, doubted))) or "every claim holds"


def _undecided(members: Sequence[Audited], claims: Sequence[str]) -> Iterator[str]:
    """Yield which claims are undecided, and what could break them."""
    if claims:
        yield f"  undecided: {', '.join(claims)}"
        distinct = {id(member.not_evaluated): member.not_evaluated for member in members}
        about = sorted({policy for policies in distinct.values() for policy in policies})
        what = listed(about) if about else "policies of other namespaces, see above"
        yield f"  not evaluated, and could break them: {what}"


def _failing(found: Finding) -> Iterator[str]:
    """Yield the lines about a claim that fails: for pods that are there if it does, else for those that could be."""
    example = found.there_example or found.possible_example
    status = NOW if found.there == FAILS else POSSIBLE
    yield f"  {status:<25}  {found.claim.name}: {found.claim.sentence}"
    if example:
        yield f"      {_flow(found, example)}"
        yield from (f"      {line}" for line in _why(found, example))


def _flow(found: Finding, example: Example) -> str:
    """Return the flow that breaks a claim."""
    arrow = "=>" if found.claim.kind == ISOLATION else "=/=>"
    source, destination = (
        end_words(who, end) for who, end in zip((example.source, example.destination), example.ends, strict=True)
    )
    return f"{source} {arrow} {destination} : {shorten.ports(example.ports)}"


def _why(found: Finding, example: Example) -> Iterator[str]:
    """Yield the rules that let a flow through, and the sides without any policy; or the rules that deny it."""
    if found.claim.kind != ISOLATION:
        yield from (f"denied by {rule}" for rule in example.denials)
        return
    yield from (f"by {rule}" for rule in example.rules)
    yield from (f"no policy isolates the {_SIDES[side]}" for side in example.open_sides)
    if any(isinstance(end, Pod) and end.host_network for end in example.ends):
        yield "policies may pass by a pod in the host's network"


_SIDES = {"egress": "source", "ingress": "destination"}


def end_words(who: ActorRef, end: Endpoint) -> str:
    """Return an end of a flow: a pod by its name if it has one, else by its labels; addresses by an example."""
    called = str(who) if who.tenant == OWN else f"another tenant's {who.actor.name}"
    if isinstance(end, Pod) and end.name and who.actor.name in ("anybody", "elsewhere"):
        called = "host pod"
    if isinstance(end, External):
        return called if end.addresses.example() in called else f"{called} ({end.addresses.example()})"
    if end.name:
        return f"{called} {end.namespace.name}/{end.name}"
    labels = ",".join(sorted(f"{key}={value}" for key, value in end.labels)) or "no labels"
    return f"{called} {{{labels}}} in {end.namespace.name}"


def _pods(pods: Sequence[Uncovered], *, everything: bool) -> Iterator[str]:
    """Yield the pods that no policy covers, by role and direction."""
    kinds: dict[str, list[str]] = {}
    for pod in pods:
        kinds.setdefault(f"{pod.role}, {_uncovered(pod)}", []).append(f"{pod.namespace}/{pod.name}")
    for kind, names in sorted(kinds.items()):
        listed = ", ".join(_first(names, SHOWN, everything=everything))
        yield f"  {_count(len(names), 'pod')} not covered ({kind}): {listed}"


def _uncovered(pod: Uncovered) -> str:
    """Return in which way a pod is not covered."""
    if pod.host_network:
        return "in the host's network, which policies may pass by"
    missing = [way for way, there in (("ingress", pod.ingress), ("egress", pod.egress)) if not there]
    return f"no policy for {' and '.join(missing)}"


def _policies(members: Sequence[Audited], *, everything: bool) -> Iterator[str]:
    """Yield the policies that select no pod; those that differ in the vCluster's name only are one."""
    patterns = Counter(
        _pattern(name, member, keep=everything or len(members) == 1) for member in members for name in member.unselected
    )
    if patterns:
        listed = [name if count == len(members) else f"{name} ({count:,} times)" for name, count in patterns.items()]
        shown = ", ".join(_first(sorted(listed), SHOWN, everything=everything))
        yield f"  policies that select no pod that is there: {shown}"


def _pattern(name: str, one: Audited, *, keep: bool) -> str:
    """Return the name of a policy, with NAME for the vCluster's."""
    policy = name.partition("/")[2]
    own = one.found.tenant.name
    return policy if keep or not policy.endswith(f"-{own}") else f"{policy.removesuffix(own)}NAME"


def _name(one: DiscoveredVCluster) -> str:
    """Return what a vCluster is called: with its namespace unless that is called after it."""
    tenant = one.tenant
    usual = tenant.namespace == f"vcluster-{tenant.name}"
    return tenant.name if usual else f"{tenant.name} (in {tenant.namespace})"


def _broken(audit: Audit) -> Iterator[str]:
    """Yield which policies are not there, those together of which the same says that they are."""
    said: dict[tuple[str, str], list[str]] = {}
    for one in audit.broken:
        said.setdefault((one.said_by, one.namespace), []).append(one.policy)
    for (said_by, namespace), names in said.items():
        yield printable(f"  {said_by} says that namespace {namespace} has {', '.join(names)}")


def _first(names: Sequence[str], count: int, *, everything: bool) -> list[str]:
    """Return the first names of a long list, and how many more there are."""
    if everything or len(names) <= count + 1:
        return list(names)
    return [*names[: count - 1], f"{names[count - 1]} … and {len(names) - count:,} more"]


def _count(number: int, one: str, many: str = "") -> str:
    """Return a number of things: `1 pod`, `2 pods`."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"
