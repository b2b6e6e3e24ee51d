"""Two network namespaces with a cable between them, a firewall in each, and listeners in the far one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

HERE_ADDRESS, THERE_ADDRESS, THERE_V6 = "10.231.77.1", "10.231.77.2", "fd00:231:77::2"
NO_WAY = "10.231.88.1"
"""An address that no route leads to."""

LISTENERS = Path(__file__).parents[1] / "verify" / "listeners.py"
_RULES = """
table inet verify {{
  chain in {{ type filter hook input priority 0; {there} }}
  chain out {{ type filter hook output priority 0; {here} }}
}}
"""


def needed() -> None:
    """Skip the test on a machine that has not what it needs, with a sentence; fail in CI, which has."""
    missing = [name for name in ("ip", "nft") if not shutil.which(name)]
    if os.geteuid() == 0 and not missing:
        return
    what = "needs root, and ip and nft on PATH (Debian: apt-get install iproute2 nftables)"
    if os.environ.get("CI"):
        pytest.fail(f"{what}; CI has to have them")
    pytest.skip(what)


@dataclass(frozen=True)
class Wire:
    """The names of the two namespaces: `verify` runs here, the listeners there."""

    here: str
    there: str

    def firewall(self, *, there: str = "", here: str = "") -> None:
        """Put nftables rules where packets come in there and leave here; whatever was there before is gone."""
        for space, rules in ((self.there, {"there": there, "here": ""}), (self.here, {"there": "", "here": here})):
            _within(space, "nft", "flush", "ruleset")
            _within(space, "nft", "-f", "-", stdin=_RULES.format(**rules))

    def rules_here(self) -> str:
        """Return the rules of this side with their counters."""
        return _within(self.here, "nft", "list", "ruleset")

    def verify(self, *words: str, path: str = "") -> subprocess.CompletedProcess[str]:
        """Run `verify` on this side, and return how it ended."""
        program = "from vcluster_isolation.cli.verify import command; command(prog_name='verify')"
        environment = {**os.environ, "PATH": path or os.environ["PATH"]}
        inside = ["ip", "netns", "exec", self.here]
        return subprocess.run(
            [*inside, sys.executable, "-c", program, *words],
            capture_output=True,
            text=True,
            check=False,
            env=environment,
        )


@contextmanager
def wire() -> Iterator[Wire]:
    """Lay the wire, and take it away again."""
    mark = f"vi{os.getpid()}"
    made = Wire(f"{mark}-here", f"{mark}-there")
    with ExitStack() as stack:
        for space in (made.here, made.there):
            _ip("netns", "add", space)
            stack.callback(_ip, "netns", "delete", space)
        _ip("link", "add", "v0", "netns", made.here, "type", "veth", "peer", "name", "v0", "netns", made.there)
        ends = ((made.here, HERE_ADDRESS, "fd00:231:77::1"), (made.there, THERE_ADDRESS, THERE_V6))
        for space, address, address_v6 in ends:
            _ip("-n", space, "address", "add", f"{address}/24", "dev", "v0")
            _ip("-n", space, "address", "add", f"{address_v6}/64", "dev", "v0", "nodad")
            _ip("-n", space, "link", "set", "v0", "up")
            _ip("-n", space, "link", "set", "lo", "up")
        yield made


@contextmanager
def listeners(space: str, address: str, *words: str) -> Iterator[None]:
    """Run listeners in a namespace until the end."""
    command = ["ip", "netns", "exec", space, sys.executable, str(LISTENERS), address, *words]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            assert process.stdout.readline() == "listening\n"
            yield
        finally:
            process.communicate()  # its standard input ends, and so does it
            assert process.returncode == 0


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)  # noqa: S607 # `needed` has found it


def _within(space: str, *words: str, stdin: str = "") -> str:
    command = ["ip", "netns", "exec", space, *words]
    return subprocess.run(command, input=stdin, check=True, capture_output=True, text=True).stdout
