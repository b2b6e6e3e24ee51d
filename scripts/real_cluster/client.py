"""A client of the API server, over HTTP: many requests at once are faster than with kubectl, and so is a watch."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from vcluster_isolation.errors import IsolationError

Json = dict[str, Any]

STRATEGIC: Final = "application/strategic-merge-patch+json"
MERGE: Final = "application/merge-patch+json"
_JSON: Final = "application/json"
_ERROR: Final = 400
_GONE: Final = 404
_CONFLICT: Final = 409
_PARALLEL: Final = 8
_TIMEOUT: Final = 30
_CLUSTER_SCOPED: Final = frozenset(
    {"Namespace", "Node", "CustomResourceDefinition", "AdminNetworkPolicy", "BaselineAdminNetworkPolicy"}
    | {"ClusterNetworkPolicy", "APIService", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"}
)
_IN_NAMESPACES: Final = (
    ("/api/v1", "pods"),
    ("/api/v1", "secrets"),
    ("/api/v1", "configmaps"),
    ("/apis/networking.k8s.io/v1", "networkpolicies"),
    ("/apis/discovery.k8s.io/v1", "endpointslices"),
)
_KEPT: Final = ("default", "kube-system", "kube-public", "kube-node-lease")
"""Namespaces that the API server does not let anybody delete, or makes again."""

_PLURALS: Final = {"NetworkPolicy": "networkpolicies", "Endpoints": "endpoints"}


class Refused(IsolationError):
    """The API server refused a request; `code` is HTTP's."""

    def __init__(self, code: int, message: str) -> None:
        """Keep the code, and what the API server said."""
        self.code = code
        super().__init__(message, "see the API server's log")


class Client:
    """One API server, one user; usable from any thread: a connection serves one request at a time."""

    def __init__(self, port: int, token: str, authority: Path) -> None:
        """Take where it listens on 127.0.0.1, the user's token, and the file of the certificate."""
        self._port = port
        self._headers = {"Authorization": f"Bearer {token}"}
        self._tls = ssl.create_default_context(cafile=str(authority))
        self._idle: list[http.client.HTTPSConnection] = []

    def close(self) -> None:
        """Close all connections."""
        while self._idle:
            self._idle.pop().close()

    def request(self, method: str, path: str, body: Any = None, content: str = _JSON) -> Json:
        """Send a request and return the answer. Raises Refused, OSError or http.client.HTTPException."""
        text = None if body is None else json.dumps(body)
        answer, data = self._exchange(method, path, text, content)
        found: Json = json.loads(data) if data.startswith(b"{") else {"text": data.decode(errors="replace")}
        if answer.status >= _ERROR:
            raise Refused(answer.status, str(found.get("message", found.get("text", data))))
        return found

    def get(self, path: str) -> Json:
        """Return an object or a list."""
        return self.request("GET", path)

    def create(self, item: Json, query: str = "") -> Json:
        """Create an object; `query` is `?fieldValidation=Strict` and the like."""
        return self.request("POST", collection(item) + query, item)

    def put(self, item: Json) -> None:
        """Create an object, or replace the one of that name."""
        try:
            self.create(item)
        except Refused as refused:
            if refused.code != _CONFLICT:
                raise
            version = self.get(path_of(item))["metadata"]["resourceVersion"]
            metadata = {**item["metadata"], "resourceVersion": version}
            self.request("PUT", path_of(item), {**item, "metadata": metadata})

    def patch(self, item: Json, change: Json, part: str = "", content: str = MERGE) -> Json:
        """Merge a change into an object, or into a `part` of it such as `/status`."""
        return self.request("PATCH", path_of(item) + part, change, content)

    def delete(self, item: Json) -> None:
        """Delete an object at once; one that is gone already is fine."""
        try:
            self.request("DELETE", path_of(item), {"gracePeriodSeconds": 0})
        except Refused as refused:
            if refused.code != _GONE:
                raise

    def put_all(self, items: Iterable[Json]) -> None:
        """Create or replace objects: namespaces first, several at a time."""
        waiting = list(items)
        spaces = [item for item in waiting if item["kind"] == "Namespace"]
        with ThreadPoolExecutor(_PARALLEL) as pool:
            list(pool.map(self.put, spaces))
            list(pool.map(self.put, (item for item in waiting if item["kind"] != "Namespace")))

    def delete_all(self, items: Iterable[Json]) -> None:
        """Delete objects, several at a time."""
        with ThreadPoolExecutor(_PARALLEL) as pool:
            list(pool.map(self.delete, list(items)))

    def delete_namespaces(self, names: Iterable[str]) -> None:
        """Delete namespaces with what tests put into them: there is no namespace controller to do it."""
        spaces = list(names)
        for name in spaces:
            for root, resource in _IN_NAMESPACES:
                self.request("DELETE", f"{root}/namespaces/{name}/{resource}", {"gracePeriodSeconds": 0})
            services = self.get(f"/api/v1/namespaces/{name}/services")["items"]
            self.delete_all({"apiVersion": "v1", "kind": "Service", **service} for service in services)
        with ThreadPoolExecutor(_PARALLEL) as pool:
            list(pool.map(self._finalize, (name for name in spaces if name not in _KEPT)))

    def _finalize(self, name: str) -> None:
        """Delete a namespace, and say in the place of its controller that nothing is in it."""
        space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        self.delete(space)
        try:
            self.request("PUT", f"{path_of(space)}/finalize", {**space, "spec": {"finalizers": []}})
        except Refused as refused:
            if refused.code not in (_GONE, _CONFLICT):
                raise

    def watch(self, path: str, version: str) -> Iterator[Json]:
        """Yield the changes of a collection after a version, until the server ends it. Raises as `request` does."""
        connection = http.client.HTTPSConnection("127.0.0.1", self._port, context=self._tls)
        try:
            connection.request("GET", f"{path}?watch=1&resourceVersion={version}", headers=self._headers)
            answer = connection.getresponse()
            if answer.status >= _ERROR:
                raise Refused(answer.status, answer.read().decode(errors="replace"))
            while line := answer.readline():
                yield json.loads(line)
        finally:
            connection.close()

    def _exchange(
        self, method: str, path: str, text: str | None, content: str
    ) -> tuple[http.client.HTTPResponse, bytes]:
        """Send over a connection that is open; the server may have closed it meanwhile, and then over the next."""
        while True:
            connection, fresh = self._connection()
            try:
                connection.request(method, path, text, {**self._headers, "Content-Type": content})
                answer = connection.getresponse()
                data = answer.read()
            except (OSError, http.client.HTTPException):
                connection.close()
                if fresh:
                    raise
            else:
                self._idle.append(connection)
                return answer, data

    def _connection(self) -> tuple[http.client.HTTPSConnection, bool]:
        """Return a connection that nothing uses, and whether it is a new one."""
        try:
            return self._idle.pop(), False
        except IndexError:
            new = http.client.HTTPSConnection("127.0.0.1", self._port, context=self._tls, timeout=_TIMEOUT)
            return new, True


def collection(item: Json) -> str:
    """Return the path under which objects like this one are."""
    version, kind = item["apiVersion"], item["kind"]
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    plural = _PLURALS.get(kind) or (
        f"{kind[:-1]}ies" if kind.endswith("y") else f"{kind}es" if kind.endswith(("s", "x")) else f"{kind}s"
    )
    space = "" if kind in _CLUSTER_SCOPED else f"/namespaces/{item['metadata'].get('namespace', 'default')}"
    return f"{root}{space}/{plural.lower()}"


def path_of(item: Json) -> str:
    """Return the path of an object."""
    return f"{collection(item)}/{item['metadata']['name']}"
