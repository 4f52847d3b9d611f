"""The proxy that an agent's gRPC goes through, by the variables of the environment.

gRPC's core goes by the first of three, in lower case, and leaves hosts out by the end of their name
or by network: grpc/src/core/handshaker/http_connect/http_proxy_mapper.cc.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

from toggle_mock.doctor.findings import Finding, ok, warn

HEEDED = ("grpc_proxy", "https_proxy", "http_proxy")
EXCEPTIONS = ("no_grpc_proxy", "no_proxy")
FOR_ADDRESSES = "GRPC_ADDRESS_HTTP_PROXY"
OF_GO = "HTTPS_PROXY"


def judged(host: str, environment: Mapping[str, str], *, use_proxy: bool) -> Finding:
    """Whether an agent goes through a proxy to a host.

    Args:
        host: A name or an address.
        environment: The variables.
        use_proxy: The agent's setting of this name.
    """
    name = next((one for one in (*HEEDED, FOR_ADDRESSES) if environment.get(one)), None)
    if name is None:
        if environment.get(OF_GO):
            return ok("proxy", f"none; {OF_GO} counts for agents in Go alone")
        return ok("proxy", "none is named by the environment")
    shown = f"{name}={without_password(environment[name])}"
    if not use_proxy:
        return ok("proxy", f"{shown}, but use_proxy is false")
    left_out = next((one for one in EXCEPTIONS if environment.get(one)), None)
    if left_out and name != FOR_ADDRESSES and is_left_out(host, environment[left_out]):
        return ok("proxy", f"{shown}, but {left_out} has {host}")
    return warn(
        "proxy",
        f"an agent goes through {shown}, and what follows is said of the way without it",
        f"if Toggle is not behind it: no_proxy={host}, or use_proxy: false",
    )


def is_left_out(host: str, listed: str) -> bool:
    """Whether a list such as ``localhost,.example,10.0.0.0/8`` has a host."""
    entries = [entry.strip() for entry in listed.split(",")]
    return any(_has(entry, host) for entry in entries if entry)


def _has(entry: str, host: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return host.lower().endswith(entry.lower())


def without_password(url: str) -> str:
    """A URL without who asks and by which password."""
    parts = urlsplit(url if "://" in url else f"//{url}")
    if "@" not in parts.netloc:
        return url
    return parts._replace(netloc=f"…@{parts.netloc.rpartition('@')[2]}").geturl().lstrip("/")
