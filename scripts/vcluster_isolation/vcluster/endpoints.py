"""Where a text of a vcluster.yaml says that something is: hosts and ports of data sources, URLs and `host:port` lists.

Sources: the data sources of kine (`postgres://`, `mysql://user:password@tcp(host:port)/name` as go-sql-driver has it,
`nats://`, etcd endpoints joined by commas), RFC 3986 for URLs. No text of a data source leaves this module but hosts
and ports: the rest has passwords.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_SCHEME: Final = re.compile(r"(?P<scheme>[a-zA-Z][a-zA-Z0-9+.-]*)://(?P<rest>.*)", re.DOTALL)
_DRIVER: Final = re.compile(r"(?P<net>[a-z0-9]+)\((?P<address>[^()]*)\)")
_HOST: Final = re.compile(
    r"\[(?P<six>[0-9a-fA-F:.]+)(?:%[^\]]*)?\](?::(?P<port6>[0-9]+))?|(?P<host>[^:\[\]]+)(?::(?P<port>[0-9]+))?"
)
_NAME: Final = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_.])?")
_PORTS: Final = {
    "postgres": 5432,
    "postgresql": 5432,
    "mysql": 3306,
    "mariadb": 3306,
    "nats": 4222,
    "http": 80,
    "https": 443,
    "etcd": 2379,
    "oci": 443,
    "s3": 443,
}
"""The port that each scheme means where the text has none."""

_WEB: Final = ("http", "https")
_HIGHEST: Final = 65535
_SERVICE: Final = "svc"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A host, and a TCP port if the text says one or its scheme means one."""

    host: str
    port: int | None

    def __str__(self) -> str:
        """Return `host:port`, an IPv6 address in brackets; without a port only the host."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"

    @property
    def address(self) -> str:
        """The CIDR that is the host, if it is an address; else nothing."""
        try:
            return str(ipaddress.ip_network(self.host))
        except ValueError:
            return ""

    @property
    def inside(self) -> bool:
        """Whether the host is the pod itself: loopback, which no NetworkPolicy sees."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host.rstrip(".") == "localhost"

    def namespace(self, home: str) -> str:
        """Return the namespace of the Service that the host is, seen from a pod in `home`; nothing for other hosts.

        Source: "DNS for Services and Pods" of Kubernetes: `name` and `name.namespace.svc`.
        """
        if self.address or self.inside:
            return ""
        labels = self.host.rstrip(".").split(".")
        if len(labels) == 1:
            return home
        return labels[labels.index(_SERVICE, 2) - 1] if _SERVICE in labels[2:] else ""


def endpoints(text: str) -> tuple[Endpoint, ...]:
    """Return the hosts and ports in a text, each once, in its order; none where it says none that can be read.

    Of a port that is none (0, or above 65535) the host stays. Raises nothing, whatever the text is.
    """
    found = _SCHEME.fullmatch(text.strip())
    scheme, rest = (found["scheme"].lower(), found["rest"]) if found else ("", text.strip())
    driver = _DRIVER.search(rest)
    if driver:
        hosts = driver["address"] if driver["net"].startswith("tcp") else ""
    else:
        hosts = ",".join([_authority(scheme, rest), *_further(scheme, rest)])
    return tuple(dict.fromkeys(_each(hosts, _PORTS.get(scheme))))


def _authority(scheme: str, rest: str) -> str:
    """Return the hosts in what follows a scheme: what is before the path, without user and password.

    Nothing where the password may go on after a slash: what stands before that would be a part of it.
    """
    before = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if "@" in before:
        return before.rpartition("@")[2]
    return "" if "@" in rest and scheme not in _WEB else before


def _further(scheme: str, rest: str) -> Iterator[str]:
    """Yield the further endpoints of a list in which each has a scheme of its own: `https://a:2379,https://b:2379`."""
    for one in rest.split(",")[1:]:
        found = _SCHEME.fullmatch(one.strip())
        if found:
            yield _authority(scheme, found["rest"])


def _each(hosts: str, port: int | None) -> Iterator[Endpoint]:
    """Yield each host of a list joined by commas."""
    for one in (item.strip() for item in hosts.split(",")):
        found = _HOST.fullmatch(one)
        if not found or not (found["six"] or _NAME.fullmatch(found["host"])):
            continue
        number = int((found["port"] or found["port6"] or "0")[:6])
        host = found["six"] or found["host"]
        yield Endpoint(host.lower(), number if 0 < number <= _HIGHEST else port)
