"""The syntax of labels and names (Kubernetes: "Labels and Selectors", "Object Names and IDs")."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from vcluster_isolation.wording import quoted

KEY_RULE = "use [prefix/]name: prefix a DNS name, name 1 to 63 of A-Z, a-z, 0-9, -, _ and . between letters or digits"
VALUE_RULE = "use at most 63 of A-Z, a-z, 0-9, -, _ and ., a letter or digit first and last"

_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_PLAIN = re.compile(r"[A-Za-z0-9._-]{1,253}")
_DNS_SUBDOMAIN = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


def is_key(text: str) -> bool:
    """Whether a text may be the key of a label: a name, with a DNS subdomain and `/` before it if wanted."""
    prefix, slash, name = text.rpartition("/")
    return bool(_NAME.fullmatch(name)) and (not slash or is_subdomain(prefix))


def is_value(text: str) -> bool:
    """Whether a text may be the value of a label; an empty one may."""
    return not text or bool(_NAME.fullmatch(text))


def is_dns_label(text: str) -> bool:
    """Whether a text may name a namespace (RFC 1123 label)."""
    return bool(_DNS_LABEL.fullmatch(text))


def is_subdomain(text: str) -> bool:
    """Whether a text may name an object (RFC 1123 subdomain)."""
    return bool(_DNS_SUBDOMAIN.fullmatch(text))


def name_of(document: Mapping[str, Any]) -> str:
    """Return how messages name an object: `Kind/name`, odd characters escaped."""
    metadata = document.get("metadata")
    name = metadata.get("name") if isinstance(metadata, Mapping) else None
    parts = (document.get("kind"), name)
    shown = (part if isinstance(part, str) and _PLAIN.fullmatch(part) else quoted(part) for part in parts)
    return "/".join(text for text in shown if text != "null")
