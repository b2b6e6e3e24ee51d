"""A real API server with guards in it: each in a namespace of its own, and requests by whichever user.

The requests are dry runs by impersonation: admission judges them like others, and nothing is stored. What a request
changes or deletes is there for as long as the request takes.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Protocol

from tests.chart.rendering import Json, policies
from tests.guard.admission import CREATE, DELETE, Request
from tests.guard.host_objects import KINDS, PERSON, account
from tests.guard.judged import named
from tests.guard.meaning import World

POLICIES = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies"
BINDINGS = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings"
RBAC = "rbac.authorization.k8s.io"
ADMINISTRATORS = [account("argo", "x"), PERSON]
PATIENCE = 60


class Answer(Protocol):
    """What sends a request: method, path, body and headers, and returns the status and the answer."""

    def __call__(
        self, method: str, path: str, body: Json | None, headers: Iterable[tuple[str, str]]
    ) -> tuple[int, Json]:
        """Send it."""


@dataclass(frozen=True)
class Guarded:
    """A namespace with a guard of its own."""

    space: str
    values: Json


@dataclass(frozen=True)
class Server:
    """An API server that authorizes by RBAC, and how to send it requests as an administrator."""

    send: Answer

    def prepare(self) -> None:
        """Make the kinds that are not Kubernetes', and let everybody write: admission is what is tested."""
        for resource, (version, kind) in KINDS.items():
            group = version.partition("/")[0]
            if "." in group and group not in ("networking.k8s.io", "discovery.k8s.io"):
                self.put(
                    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", _definition(resource, version, kind)
                )
        roles = {
            "writers": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["create", "update", "patch"]}],
            "deleters": [{"apiGroups": [""], "resources": ["*"], "verbs": ["delete"]}],
            "administrators": [
                {"apiGroups": ["networking.k8s.io"], "resources": ["networkpolicies"], "verbs": ["delete"]}
            ],
        }
        everyone = [{"kind": "Group", "name": "system:authenticated", "apiGroup": RBAC}]
        for name, rules in roles.items():
            role = {"apiVersion": f"{RBAC}/v1", "kind": "ClusterRole", "metadata": {"name": name}, "rules": rules}
            users = [{"kind": "User", "name": user, "apiGroup": RBAC} for user in ADMINISTRATORS]
            self.put(f"/apis/{RBAC}/v1/clusterroles", role)
            self.bind(name, users if name == "administrators" else everyone)
        self.until(
            lambda: all(self.get(_collection("x", KINDS[kind][0], kind)) for kind in KINDS), "the kinds are served"
        )

    def bind(self, role: str, subjects: list[Json]) -> None:
        """Give a role to users."""
        binding = {
            "apiVersion": f"{RBAC}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "-".join([role, *(each["name"].replace(":", "-") for each in subjects[:1])])},
            "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": role},
            "subjects": subjects,
        }
        self.put(f"/apis/{RBAC}/v1/clusterrolebindings", binding)

    def guard(self, space: str, values: Json, change: Callable[[Json], Json] = lambda policy: policy) -> Guarded:
        """Make a namespace and put a guard into it; `change` may change the policy."""
        guarded = Guarded(space, values)
        for name in ("ns", "other", "n"):
            self.put(
                "/api/v1/namespaces",
                {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": _placed(name, guarded)}},
            )
        syncer = account(space, World(values).syncer.rpartition(":")[2])
        self.bind(
            "administrators", [{"kind": "User", "name": syncer, "apiGroup": RBAC}]
        )  # what vCluster's RBAC can give
        moved = json.loads(json.dumps(values).replace('"other"', json.dumps(_placed("other", guarded))))
        found = policies(moved, namespace=space)
        self.put(POLICIES, change(found[f"vc-guard.{space}.a"]))
        self.put(BINDINGS, found[f"vc-guard.{space}.a (binding)"])
        return guarded

    def outcome(self, guarded: Guarded, request: Request) -> str:
        """Return the name of the refusal, the empty text if the request is allowed. Fails for other answers."""
        code, answer = self._ask(_moved(request, guarded))
        said = str(answer.get("message", ""))
        if code < 300:
            return ""
        assert "denied request: " in said, (code, said, request)
        return named(said.partition("denied request: ")[2])

    def _ask(self, request: Request) -> tuple[int, Json]:
        item = request.object or request.old or {}
        there = _collection(request.namespace, request.api_version, request.resource)
        path = f"{there}/{item['metadata']['name']}"
        headers = [("Impersonate-User", request.user), *(("Impersonate-Group", group) for group in request.groups)]
        part = f"/{request.subresource}" if request.subresource else ""
        old = request.old or (_plain_pod(item) if part else None)
        if old is not None:
            self.succeed("POST", there, old)
        try:
            if request.operation == CREATE:
                return self.send("POST", f"{path if part else there}{part}?dryRun=All", request.object, headers)
            if request.operation == DELETE:
                return self.send("DELETE", f"{path}?dryRun=All", None, headers)
            changed = _changed(self.get(path), request)
            return self.send("PUT", f"{path}{part}?dryRun=All", changed, headers)
        finally:
            if old is not None:
                self.succeed("DELETE", path, {"gracePeriodSeconds": 0, "propagationPolicy": "Background"})

    def put(self, collection: str, item: Json) -> None:
        """Create an object, or replace the one of that name."""
        code, answer = self.send("POST", collection, item, [])
        if code == 409:
            path = f"{collection}/{item['metadata']['name']}"
            version = self.get(path)["metadata"]["resourceVersion"]
            code, answer = self.send(
                "PUT", path, {**item, "metadata": {**item["metadata"], "resourceVersion": version}}, []
            )
        assert code < 300, answer

    def succeed(self, method: str, path: str, body: Json | None = None) -> None:
        """Send a request as an administrator, who is refused nothing."""
        code, answer = self.send(method, path, body, [])
        assert code < 300, (method, path, answer)

    def get(self, path: str) -> Json:
        """Return an object or a list; nothing if there is none."""
        code, answer = self.send("GET", path, None, [])
        return answer if code < 300 else {}

    def metrics(self) -> str:
        """Return the API server's own metrics."""
        return str(self.send("GET", "/metrics", None, [])[1]["text"])

    @staticmethod
    def until(ask: Callable[[], Any], what: str) -> None:
        """Ask again and again until the answer is true; fail when that takes too long."""
        deadline = time.monotonic() + PATIENCE
        while not ask():
            assert time.monotonic() < deadline, f"not within {PATIENCE} s: {what}"
            time.sleep(0.1)


def _collection(space: str, version: str, resource: str) -> str:
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    return f"{root}/namespaces/{space}/{resource}"


def _placed(space: str, guarded: Guarded) -> str:
    """Return the namespace that stands for one of the cases' own: `ns` is the guard's, others are beside it."""
    return guarded.space if space == "ns" else f"{guarded.space}-{space}"


def _moved(request: Request, guarded: Guarded) -> Request:
    """Return a request as it is made in the guard's namespace."""
    where = _placed(request.namespace, guarded)
    text = json.dumps([request.object, request.old]).replace('"namespace": "ns"', f'"namespace": "{where}"')
    for name in ("other", "n"):
        text = text.replace(f'"namespace": "{name}"', f'"namespace": "{where}"')
    for name in ("ns", "other"):
        text = text.replace(
            f'"kubernetes.io/metadata.name": "{name}"', f'"kubernetes.io/metadata.name": "{_placed(name, guarded)}"'
        )
    item, old = json.loads(text)
    user = request.user.replace("system:serviceaccount:ns:", f"system:serviceaccount:{guarded.space}:")
    return replace(request, user=user, object=item, old=old, namespace=where)


def _changed(there: Json, request: Request) -> Json:
    """Return what is there with what a request changes, so that nothing else is refused: a pod's spec stays."""
    new = request.object or {}
    changed = {**there, **{key: value for key, value in new.items() if key != "metadata"}}
    changed["metadata"] = {
        **there["metadata"],
        **{key: value for key, value in new["metadata"].items() if key != "name"},
    }
    if request.resource in ("pods", "services"):
        changed["spec"] = {**there["spec"], **(new["spec"] if request.resource == "services" else {})}
    return changed


def _plain_pod(item: Json) -> Json:
    containers = [{"name": "c", "image": "i"}]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": item["metadata"], "spec": {"containers": containers}}


def _definition(resource: str, version: str, kind: str) -> Json:
    group, _, number = version.partition("/")
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    versions = [{"name": number, "served": True, "storage": True, "schema": schema}]
    names = {"plural": resource, "kind": kind, "singular": kind.lower()}
    approved = {"api-approved.kubernetes.io": "unapproved, a stand-in for tests"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{resource}.{group}", "annotations": approved},
        "spec": {"group": group, "scope": "Namespaced", "names": names, "versions": versions},
    }
