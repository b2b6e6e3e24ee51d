"""The JSON schemas of Kubernetes that the package kubernetes-validate carries, one file for each kind.

In that package a kind's schema refers to `/api/_definitions.json`, a place that kubeconform cannot reach. Here
each kind gets what it refers to put inside. Kinds that no Kubernetes version has, but that we know, are in `schemas/`
beside this file (see `cut_schemas.py`); they refer to the same definitions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from vcluster_isolation.errors import ToolMissing

OWN = Path(__file__).parent / "schemas"
_FOLDER = re.compile(r"v(?P<version>[0-9]+\.[0-9]+)\.0-local-strict")
SHARED = "/api/_definitions.json"
_KIND = re.compile(r"[A-Za-z0-9]{1,100}")
_API_VERSION = re.compile(r"[a-z][a-z0-9.-]{0,252}(/[a-z0-9]{1,100})?")


@cache
def versions() -> dict[str, Path]:
    """Return the Kubernetes versions (`1.36`), oldest first, and the folder with the schemas of each.

    Raises ToolMissing when kubernetes-validate is not installed, or holds no schemas.
    """
    spec = find_spec("kubernetes_validate")
    roots = (
        [Path(place) / "kubernetes-json-schema" for place in (spec.submodule_search_locations or [])] if spec else []
    )
    folders = [folder for root in roots if root.is_dir() for folder in root.iterdir()]
    found = {match["version"]: folder for folder in folders if (match := _FOLDER.fullmatch(folder.name))}
    if not found:
        raise ToolMissing("the Python package kubernetes-validate has no schemas", "run scripts/bootstrap")
    return dict(sorted(found.items(), key=lambda item: tuple(map(int, item[0].split(".")))))


def spread() -> tuple[str, ...]:
    """Return the versions to check against when none are named: the oldest, the middle one and the newest."""
    known = list(versions())
    return tuple(dict.fromkeys((known[0], known[len(known) // 2], known[-1])))


def file_name(document: Mapping[str, Any]) -> str | None:
    """Return the name of the file with the schema of an object's kind, as kubeconform looks for it.

    None when the object has no apiVersion and kind, when one of them is no name at all, or when it is a list of
    objects: kubeconform takes those apart.
    """
    kind, api_version = document.get("kind"), document.get("apiVersion")
    if not (isinstance(kind, str) and _KIND.fullmatch(kind)) or kind.lower() == "list":
        return None
    if not (isinstance(api_version, str) and _API_VERSION.fullmatch(api_version)):
        return None
    group, slash, version = api_version.partition("/")
    return f"{kind.lower()}-{group.split('.')[0]}{'-' if slash else ''}{version}.json"


def is_custom(document: Mapping[str, Any]) -> bool:
    """Whether an object is of a custom kind, which no Kubernetes version knows.

    A misspelt kind in a group and version of Kubernetes is none, nor is one of its kinds in a version of its
    group that is gone. Neither is anything in a group and version of which we have schemas. Groups of Kubernetes are
    one word, or end in `.k8s.io`: the name of a file has only the first word, and other groups begin with it, too.
    """
    name = file_name(document)
    if name is None or document["apiVersion"] in _own_versions():
        return False
    whole_group = document["apiVersion"].rpartition("/")[0]
    if "." in whole_group and not whole_group.endswith(".k8s.io"):
        return True
    kind, _, group_version = name.removesuffix(".json").partition("-")
    group = group_version.rpartition("-")[0]
    return not any(
        of == group_version or (known == kind and of.rpartition("-")[0] == group) for known, of in _all_kinds()
    )


def has_own_schema(document: Mapping[str, Any]) -> bool:
    """Whether an object is of a custom kind of which we have the schema."""
    return (OWN / str(file_name(document))).is_file()


@cache
def _all_kinds() -> frozenset[tuple[str, str]]:
    """Return (kind, group and version), as file names have them, of every schema of every version."""
    files = (path.stem.partition("-") for folder in versions().values() for path in folder.glob("*-*.json"))
    return frozenset((kind, of) for kind, _, of in files)


@cache
def _own_versions() -> frozenset[str]:
    """Return the apiVersions of the kinds in `schemas/`."""
    schemas = (json.loads(path.read_text(encoding="utf-8")) for path in OWN.glob("*.json"))
    return frozenset(word for schema in schemas for word in schema["properties"]["apiVersion"]["enum"])


@cache
def complete(version: str, name: str) -> dict[str, Any] | None:
    """Return the schema in the file `name` of a Kubernetes version, complete in itself; None when there is none."""
    path = next((path for path in (versions()[version] / name, OWN / name) if path.is_file()), None)
    if path is None:
        return None
    needed: dict[str, Any] = {}
    own: dict[str, Any] = _inlined(json.loads(path.read_text(encoding="utf-8")), _definitions(version), needed)
    return {**own, "$defs": needed}


@cache
def _definitions(version: str) -> dict[str, Any]:
    """Return what the schemas of a version share."""
    definitions = json.loads((versions()[version] / "_definitions.json").read_text(encoding="utf-8"))
    shared: dict[str, Any] = definitions["$defs"]
    return shared


def _inlined(node: Any, shared: Mapping[str, Any], needed: dict[str, Any]) -> Any:
    """Return a schema that refers to `$defs` of its own, and put what it refers to into `needed`."""
    if isinstance(node, list):
        return [_inlined(item, shared, needed) for item in node]
    if not isinstance(node, dict):
        return node
    reference = node.get("$ref")
    if not isinstance(reference, str):
        return {key: _inlined(item, shared, needed) for key, item in node.items()}
    name = reference.removeprefix(SHARED).removeprefix("#/$defs/")
    if name not in needed:
        needed[name] = {}
        needed[name] = _inlined(shared[name], shared, needed)
    return {"$ref": f"#/$defs/{name}"}
