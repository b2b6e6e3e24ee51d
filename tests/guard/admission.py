"""Admission as the API server decides it: a request, and what a ValidatingAdmissionPolicy has against it.

The expressions of the policy are evaluated as they are, by a CEL library; what Kubernetes adds to CEL (addresses, texts,
sums, the authorizer) is added here (https://kubernetes.io/docs/reference/using-api/cel/). Optional fields and macros of
later versions are not, so no expression may use them.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import cel

Json = dict[str, Any]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

CREATE, UPDATE, DELETE = "CREATE", "UPDATE", "DELETE"


@dataclass(frozen=True, slots=True)
class Request:
    """A request to write one object, by one user; `administers` is whether the user may delete NetworkPolicies there."""

    user: str
    operation: str
    api_version: str
    resource: str
    object: Json | None = None
    old: Json | None = None
    subresource: str = ""
    namespace: str = "ns"
    administers: bool = False

    @property
    def group(self) -> str:
        return self.api_version.rpartition("/")[0]

    @property
    def groups(self) -> list[str]:
        """The groups of a service account; of others, only that they are somebody."""
        namespace = self.user.split(":")[2] if self.user.startswith("system:serviceaccount:") else ""
        accounts = ["system:serviceaccounts", f"system:serviceaccounts:{namespace}"] if namespace else []
        return [*accounts, "system:authenticated"]

    def as_cel(self) -> Json:
        """Return the variables of an expression; an empty subresource is not there (AdmissionRequest)."""
        part = {"subResource": self.subresource} if self.subresource else {}
        return {
            "request": {
                **part,
                "operation": self.operation,
                "resource": {"group": self.group, "resource": self.resource},
                "namespace": self.namespace,
                "userInfo": {"username": self.user, "groups": self.groups},
            },
            "object": self.object,
            "oldObject": self.old,
        }


class Failed(Exception):
    """An expression could not be evaluated."""


class Judge:
    """One policy and its binding, ready to judge requests."""

    def __init__(self, policy: Json, binding: Json) -> None:
        """Take the two manifests; compiles each expression once."""
        spec = policy["spec"]
        self._rules: list[Json] = spec["matchConstraints"]["resourceRules"]
        self._conditions = [cel.compile(condition["expression"]) for condition in spec["matchConditions"]]
        self._variables = {variable["name"]: _Expression(variable["expression"]) for variable in spec["variables"]}
        self._validations = [
            (_Expression(each["expression"]), _Expression(each.get("messageExpression", '""')), each.get("message", ""))
            for each in spec["validations"]
        ]
        self._fails = spec["failurePolicy"] == "Fail"
        (selector,) = binding["spec"]["matchResources"]["namespaceSelector"]["matchExpressions"]
        assert (selector["key"], selector["operator"]) == ("kubernetes.io/metadata.name", "In")
        assert binding["spec"]["policyName"] == policy["metadata"]["name"]
        self._namespaces: list[str] = selector["values"]

    def refusals(self, request: Request) -> list[str]:
        """Return the messages of the rules that are against a request."""
        if request.namespace not in self._namespaces or not any(_about(rule, request) for rule in self._rules):
            return []
        context = _context(request)
        if not all(condition.execute(context) for condition in self._conditions):
            return []
        known: Json = {}
        said = []
        for expression, told, message in self._validations:
            try:
                if self._value(expression, context, known) is not True:
                    said.append(message or str(self._value(told, context, known)))
            except Failed as failed:
                said += [f"failed: {failed}"] if self._fails else []
        return said

    def _value(self, expression: _Expression, context: cel.Context, known: Json) -> Any:
        """Return an expression's value; `known` has the variables that were worked out. Raises Failed.

        A variable that cannot be worked out is left out, so that only an expression which gets as far as it fails.
        """
        for name in expression.variables:
            if name not in known:
                with suppress(Failed):
                    known[name] = self._value(self._variables[name], context, known)
        context.update({"variables": known})
        try:
            return expression.program.execute(context)
        except (RuntimeError, ValueError, TypeError, LookupError) as error:
            raise Failed(f"{expression.text}: {error}") from error


class _Expression:
    """A compiled expression, and the variables that it names."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.variables = list(dict.fromkeys(re.findall(r"\bvariables\.(\w+)", text)))
        self.program = cel.compile(text)


def _about(rule: Json, request: Request) -> bool:
    """Whether a resource rule is about a request."""
    asked = f"{request.resource}/{request.subresource}" if request.subresource else request.resource
    names = {asked, f"{request.resource}/*"} if request.subresource else {asked}
    return (
        request.operation in rule["operations"]
        and request.group in rule["apiGroups"]
        and not names.isdisjoint(rule["resources"])
    )


def _context(request: Request) -> cel.Context:
    context = cel.Context()
    for name, function in _FUNCTIONS.items():
        context.add_function(name, function)
    context.update({**request.as_cel(), "authorizer": [request.administers]})
    return context


def network(text: str) -> Network:
    """Return a CIDR as `cidr()` of Kubernetes reads it. Raises ValueError for what it does not take."""
    address, _, prefix = text.partition("/")
    if not re.fullmatch(r"0|[1-9][0-9]{0,2}", prefix):
        raise ValueError(f"{text} has no prefix length")
    _address(address)
    return ipaddress.ip_network(text, strict=False)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    found = ipaddress.ip_address(text)
    if found.version == 6 and (found.ipv4_mapped or found.scope_id):
        raise ValueError(f"{text} is an IPv4 address, or has a zone")
    return found


def _is(reader: Callable[[str], object], text: str) -> bool:
    try:
        reader(text)
    except ValueError:
        return False
    return True


def contains(outer: Network, inner: Network) -> bool:
    """Whether a network holds all of another."""
    return outer.version == inner.version and inner.subnet_of(outer)  # type: ignore[arg-type]


def _same(value: Any, *_: Any) -> Any:
    return value


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "dyn": _same,
    "cidr": lambda text: str(network(text)),
    "isCIDR": lambda text: _is(network, text),
    "isIP": lambda text: _is(_address, text),
    "containsCIDR": lambda outer, inner: contains(network(outer), network(inner)),
    "containsIP": lambda outer, text: _address(text) in network(outer),
    "prefixLength": lambda text: network(text).prefixlen,
    "join": lambda words, between: between.join(words),
    "split": lambda text, between: text.split(between),
    "trim": lambda text: text.strip(),
    "replace": lambda text, old, new: text.replace(old, new),
    "sum": sum,
    # authorizer.group(…).resource(…).namespace(…).check(…).allowed(): there is one question, and one answer to it
    "group": lambda answer, name: answer if name == "networking.k8s.io" else [False],
    "resource": lambda answer, name: answer if name == "networkpolicies" else [False],
    "namespace": _same,
    "check": lambda answer, verb: answer[0] and verb == "delete",
    "allowed": _same,
}
