"""Cuts the JSON schemas in `schemas/` from the CustomResourceDefinitions that sigs.k8s.io/network-policy-api publishes.

`python -m vcluster_isolation.check.cut_schemas FILE…` writes them anew. A FILE is a module archive of the Go module
proxy (`<version>.zip`: what its `config/crd/experimental` holds counts, a superset of the standard channel), or one
CRD as YAML.

A schema has what says whether a manifest is right: descriptions, formats and defaults go, and what the API server
would drop in silence, an unknown field, is an error. A field that may be missing may be null, and one with a default
may be missing: the API server fills it in before it looks. ObjectMeta and LabelSelector are those of Kubernetes (see
`kubernetes_schemas.py`). Rules in CEL are in `tier_rules.py`.
"""

from __future__ import annotations

import json
import sys
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from vcluster_isolation.check.kubernetes_schemas import OWN, SHARED, file_name
from vcluster_isolation.errors import EXIT_CANNOT_RUN, EXIT_OK, InputError, IsolationError, Problem

_CHANNEL: Final = "/config/crd/experimental/"
_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1"
_SELECTOR: Final = {"matchLabels", "matchExpressions"}
_KEPT: Final = (
    "additionalProperties",
    "enum",
    "items",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "pattern",
    "type",
)


def cut(crd: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the schema of each version of a CRD by the name of its file."""
    kind, group = crd["spec"]["names"]["kind"], crd["spec"]["group"]
    found = {}
    for version in crd["spec"]["versions"]:
        api_version = f"{group}/{version['name']}"
        spec = version["schema"]["openAPIV3Schema"]["properties"]["spec"]
        name = str(file_name({"kind": kind, "apiVersion": api_version}))
        found[name] = {
            "additionalProperties": False,
            "properties": {
                "apiVersion": {"enum": [api_version], "type": "string"},
                "kind": {"enum": [kind], "type": "string"},
                "metadata": _shared("ObjectMeta"),
                "spec": _cut(spec),
                "status": {"type": ["object", "null"]},
            },
            "required": ["apiVersion", "kind", "metadata", "spec"],
            "type": "object",
        }
    return found


def text(schema: Mapping[str, Any]) -> str:
    """Return a schema as it is committed."""
    return f"{json.dumps(schema, indent=1, sort_keys=True)}\n"


def read(path: Path) -> Iterator[Mapping[str, Any]]:
    """Yield the CRDs of a file. Raises InputError if it cannot be read, or has none."""
    try:
        texts = list(_archived(path)) if zipfile.is_zipfile(path) else [path.read_text(encoding="utf-8")]
        found = [one for some in texts for one in yaml.safe_load_all(some) if _is_crd(one)]
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise _unreadable(path, f"cannot be read: {str(error).partition(chr(10))[0]}") from error
    if not found:
        raise _unreadable(path, "has no CustomResourceDefinition")
    yield from found


def main(arguments: Sequence[str]) -> int:
    """Cut the schemas of all files, write them, and return the exit code; nothing is written unless all are read."""
    if not arguments:
        sys.stderr.write("no file is named; give module archives of the Go proxy, or CRDs\n")
        return EXIT_CANNOT_RUN
    try:
        crds = [crd for name in arguments for crd in read(Path(name))]
        schemas = {name: one for crd in crds for name, one in cut(crd).items()}
    except IsolationError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    for name, one in sorted(schemas.items()):
        fresh = OWN / f"{name}.new"
        fresh.write_text(text(one), encoding="utf-8")
        fresh.replace(OWN / name)
        sys.stdout.write(f"{name}\n")
    return EXIT_OK


def _archived(path: Path) -> Iterator[str]:
    """Yield the text of each CRD file in a module archive."""
    with zipfile.ZipFile(path) as archive:
        for name in sorted(archive.namelist()):
            if _CHANNEL in name and name.endswith(".yaml"):
                yield archive.read(name).decode("utf-8")


def _is_crd(document: Any) -> bool:
    """Whether a document is a CustomResourceDefinition."""
    return isinstance(document, dict) and document.get("kind") == "CustomResourceDefinition"


def _unreadable(path: Path, what: str) -> InputError:
    """Return the error for a file without anything to cut."""
    return InputError([Problem(path.name, what, "give a module archive of the Go proxy, or a CRD", "file")])


def _shared(name: str) -> dict[str, Any]:
    """Return a reference to what Kubernetes defines itself."""
    return {"$ref": f"{SHARED}#/$defs/{_META}.{name}"}


def _cut(node: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is needed of one schema."""
    properties = node.get("properties", {})
    if set(properties) == _SELECTOR:
        return _shared("LabelSelector")
    kept = {key: node[key] for key in _KEPT if key in node}
    if node.get("x-kubernetes-list-type") == "set":
        kept["uniqueItems"] = True
    for key in ("items", "additionalProperties"):
        if key in kept:
            kept[key] = _cut(kept[key])
    if needed := [key for key in node.get("required", ()) if "default" not in properties[key]]:
        kept["required"] = needed
    if properties:
        kept["properties"] = {
            key: _cut(one) if key in needed else _or_null(_cut(one)) for key, one in properties.items()
        }
        kept["additionalProperties"] = False
    return kept


def _or_null(node: dict[str, Any]) -> dict[str, Any]:
    """Let a field that may be missing be null; a reference leads to what may be null already."""
    nulls = {"type": [node["type"], "null"]} if "type" in node else {}
    return {**node, **nulls, **({"enum": [*node["enum"], None]} if "enum" in node else {})}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
