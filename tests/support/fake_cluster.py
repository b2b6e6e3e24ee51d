"""A host cluster as far as `helm upgrade --install` needs one: an API server that keeps objects in memory."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml

Json = dict[str, Any]

_VERBS = ["create", "delete", "get", "list", "patch", "update", "watch"]
_GROUPS = {
    "v1": [("secrets", "Secret"), ("namespaces", "Namespace")],
    "networking.k8s.io/v1": [("networkpolicies", "NetworkPolicy")],
    "discovery.k8s.io/v1": [("endpointslices", "EndpointSlice")],
}


def _resources(group: str) -> Json:
    """Return the discovery document of an API group."""
    found = [
        {"name": name, "singularName": kind.lower(), "namespaced": name != "namespaces", "kind": kind, "verbs": _VERBS}
        for name, kind in _GROUPS[group]
    ]
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group, "resources": found}


_DISCOVERY: Json = {
    "/version": {"major": "1", "minor": "36", "gitVersion": "v1.36.0"},
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/api/v1": _resources("v1"),
    "/apis": {
        "kind": "APIGroupList",
        "apiVersion": "v1",
        "groups": [
            {
                "name": group.partition("/")[0],
                "versions": [{"groupVersion": group, "version": "v1"}],
                "preferredVersion": {"groupVersion": group, "version": "v1"},
            }
            for group in _GROUPS
            if "/" in group
        ],
    },
    "/apis/discovery.k8s.io/v1": _resources("discovery.k8s.io/v1"),
    "/apis/networking.k8s.io/v1": _resources("networking.k8s.io/v1"),
    "/openapi/v3": {
        "paths": {"apis/networking.k8s.io/v1": {"serverRelativeURL": "/openapi/v3/apis/networking.k8s.io/v1"}}
    },
    # Says that the server checks fields itself (`fieldValidation`), so that helm does not ask for the schemas.
    "/openapi/v3/apis/networking.k8s.io/v1": {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": "v1.36.0"},
        "paths": {
            "/apis/networking.k8s.io/v1/namespaces/{namespace}/networkpolicies/{name}": {
                "patch": {
                    "parameters": [{"name": "fieldValidation", "in": "query", "schema": {"type": "string"}}],
                    "responses": {"200": {"description": "OK"}},
                    "x-kubernetes-group-version-kind": {
                        "group": "networking.k8s.io",
                        "version": "v1",
                        "kind": "NetworkPolicy",
                    },
                }
            }
        },
    },
}


class FakeCluster:
    """The objects that were created, by the path of their URL."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.objects: dict[str, Json] = {}
        self.url = ""

    def named(self, resource: str) -> dict[str, Json]:
        """Return the objects of one resource, such as `networkpolicies`, by their names."""
        return {path.rsplit("/", 1)[1]: found for path, found in self.objects.items() if f"/{resource}/" in path}

    def kubeconfig(self, place: Path) -> Path:
        """Write a kubeconfig whose current context is this cluster."""
        user = {"name": "u", "user": {"token": "x"}}
        cluster = {"name": "c", "cluster": {"server": self.url}}
        context = {"name": "x", "context": {"cluster": "c", "user": "u"}}
        content = {"apiVersion": "v1", "kind": "Config", "current-context": "x", "clusters": [cluster], "users": [user]}
        place.write_text(yaml.safe_dump({**content, "contexts": [context]}), encoding="utf-8")
        return place


class _Handler(BaseHTTPRequestHandler):
    """Answers helm's requests."""

    cluster: FakeCluster

    def log_message(self, *_: object) -> None:
        """Say nothing: the test's output is the test's."""

    def do_GET(self) -> None:
        """Answer with discovery, an object, or a list of objects."""
        path = urlsplit(self.path).path
        if path in _DISCOVERY:
            return self._answer(200, _DISCOVERY[path])
        if path in self.cluster.objects:
            return self._answer(200, self.cluster.objects[path])
        if path.endswith(("/secrets", "/networkpolicies")):
            wanted = parse_qs(urlsplit(self.path).query).get("labelSelector", [""])[0]
            pairs = dict(pair.split("=", 1) for pair in wanted.split(",") if "=" in pair)
            items = [
                found for at, found in self.cluster.objects.items() if at.startswith(f"{path}/") and _has(found, pairs)
            ]
            return self._answer(200, {"kind": "List", "apiVersion": "v1", "metadata": {}, "items": items})
        return self._answer(404, {"kind": "Status", "status": "Failure", "reason": "NotFound", "code": 404})

    def do_POST(self) -> None:
        """Create an object."""
        body = self._body()
        self._keep(f"{urlsplit(self.path).path}/{body['metadata']['name']}", body, 201)

    def do_PUT(self) -> None:
        """Replace an object."""
        self._keep(urlsplit(self.path).path, self._body(), 200)

    def do_PATCH(self) -> None:
        """Apply an object (server-side apply, or a merge patch whose fields are all at the top)."""
        path = urlsplit(self.path).path
        self._keep(path, {**self.cluster.objects.get(path, {}), **self._body()}, 200)

    def _body(self) -> Json:
        text = self.rfile.read(int(self.headers["Content-Length"]))
        if "protobuf" in self.headers["Content-Type"]:  # helm writes its releases so, and nothing else
            name = re.search(rb"sh\.helm\.release\.v1\.[a-z0-9.-]+", text)
            return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name[0].decode() if name else "?"}}
        body: Json = yaml.safe_load(text)
        return body

    def _keep(self, path: str, body: Json, code: int) -> None:
        body.setdefault("metadata", {}).setdefault("resourceVersion", "1")
        self.cluster.objects[path] = body
        self._answer(code, body)

    def _answer(self, code: int, content: Json) -> None:
        body = json.dumps(content).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _has(found: Json, pairs: dict[str, str]) -> bool:
    labels = found["metadata"].get("labels", {})
    return all(labels.get(key) == value for key, value in pairs.items())


@contextmanager
def fake_cluster() -> Iterator[FakeCluster]:
    """Run a fake cluster on a port of this machine's loopback address."""
    cluster = FakeCluster()
    handler = type("Handler", (_Handler,), {"cluster": cluster})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    cluster.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield cluster
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
