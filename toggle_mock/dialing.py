"""How all of this package connects: straight, whatever proxy the environment names.

Such a proxy is there for the internet. It does not reach a mock, which is mostly on loopback, and
a test that goes through it depends on the machine that it runs on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import grpc
import grpc.aio

from rodent_events.client import WITHOUT_PROXY

if TYPE_CHECKING:
    import httpx


def channel(
    target: str,
    options: Sequence[tuple[str, Any]] = (),
    credentials: grpc.ChannelCredentials | None = None,
) -> grpc.Channel:
    """A channel of gRPC.

    Args:
        target: ``host:port``.
        options: Those of gRPC; what they say of proxies counts.
        credentials: Those of TLS; None is without.
    """
    options = [*options, *WITHOUT_PROXY]  # gRPC goes by the first of a name
    if credentials is None:
        return grpc.insecure_channel(target, options)
    return grpc.secure_channel(target, credentials, options)


def aio_channel(
    target: str,
    options: Sequence[tuple[str, Any]] = (),
    credentials: grpc.ChannelCredentials | None = None,
    *,
    use_proxy: bool = False,
) -> grpc.aio.Channel:
    """The same for asyncio, as :func:`channel`.

    Args:
        target: See there.
        options: See there.
        credentials: See there.
        use_proxy: Whether a proxy is used all the same that the environment names.
    """
    if not use_proxy:
        options = [*options, *WITHOUT_PROXY]  # gRPC goes by the first of a name
    if credentials is None:
        return grpc.aio.insecure_channel(target, options)
    return grpc.aio.secure_channel(target, credentials, options)


def http_client(base_url: str, *, timeout: float, path: str = "") -> httpx.Client:
    """A client of HTTP, of which any number of requests may wait at the same time.

    Args:
        base_url: What the paths of requests follow.
        timeout: Seconds for each step of an answer, unless a request says otherwise.
        path: Of the socket of the file system behind which the server is; empty is none.
    """
    import httpx

    limits = httpx.Limits(max_connections=None, max_keepalive_connections=20)
    # With a transport of its own a client asks for no proxy, while SSL_CERT_FILE still counts.
    transport = httpx.HTTPTransport(uds=path or None, limits=limits)
    return httpx.Client(base_url=base_url, timeout=timeout, transport=transport)
