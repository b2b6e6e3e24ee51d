"""What to do about a failure, from what the failing program said."""

from __future__ import annotations

import errno

_AGAIN = "then run the command again: it goes on where it can"
_DISK = f"free some disk space (building both helms takes 4 GB for a while, 0.5 GB stay), {_AGAIN}"
_WRITE = "make the project's folder writable for you, or clone it to a place that is"
_OTHER_PYTHON = "name another Python with PYTHON=/path/to/python3"

# What a program says (in lower case), and what to do. The first that matches speaks: the most specific come first.
_ADVICE: tuple[tuple[tuple[str, ...], str], ...] = (
    (("no space left on device", "disk quota exceeded"), _DISK),
    (
        ("signal: killed", "out of memory", "cannot allocate memory"),
        "the machine ran out of memory: close other programs, set GOMAXPROCS=1, or put helm and kubeconform on PATH",
    ),
    (
        ("certificate_verify_failed", "x509: ", "certificate signed by unknown authority"),
        "the server's certificate is not trusted: name your company's with PIP_CERT (pip) or SSL_CERT_FILE (Go)",
    ),
    (
        ("do not match the hashes", "checksum mismatch", "security error"),
        "the download is not the file that was pinned: do not use it; check which index or proxy served it",
    ),
    (("ensurepip",), f"`apt-get install python3-venv` (Debian, Ubuntu), or {_OTHER_PYTHON}"),
    (
        (
            "temporary failure in name resolution",
            "name or service not known",
            "no such host",
            "network is unreachable",
            "no route to host",
            "connection refused",
            "connection reset",
            "i/o timeout",
            "timed out",
            "server misbehaving",
            "proxyerror",
            "proxy authentication",
        ),
        f"no connection: check the network and its settings (HTTPS_PROXY, PIP_INDEX_URL, GOPROXY), {_AGAIN}",
    ),
    (("permission denied", "read-only file system", "operation not permitted"), _WRITE),
)

_BY_NUMBER = {
    errno.ENOSPC: _DISK,
    errno.EDQUOT: _DISK,
    errno.EACCES: _WRITE,
    errno.EPERM: _WRITE,
    errno.EROFS: _WRITE,
}


def for_output(text: str, otherwise: str) -> str:
    """Return what to do about a program that said `text` and failed; `otherwise` when that is not known."""
    said = text.lower()
    return next((advice for signs, advice in _ADVICE if any(sign in said for sign in signs)), otherwise)


def for_error(error: OSError) -> str:
    """Return what to do about a failure of our own to read or write."""
    return _BY_NUMBER.get(error.errno or 0, f"remove .tools and .venv, {_AGAIN}")
