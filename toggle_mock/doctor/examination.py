"""The steps in their order: each is looked at once what it needs is there."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

from rodent_events.config import EventConfig
from rodent_events.tokens import TokenError, TokenSource
from toggle_mock.doctor import network, ports, proxies, toggles, tokens
from toggle_mock.doctor.findings import Finding, fail, ok
from toggle_mock.doctor.versions import versions


def examined(config: EventConfig, url: str | None, timeout: float) -> Iterator[Finding]:
    """What an agent with these settings would see.

    Args:
        config: Its settings.
        url: The HTTP API of a mock; None if none is to be asked.
        timeout: Seconds for each step.
    """
    yield versions()
    if config.target:
        yield _token(config, timeout)
        yield from _way(config, config.target, timeout)
    else:
        yield ok("target", "none is given: --to HOST:PORT has the way to a Toggle looked at")
        yield from ports.judged()
    if url:
        yield toggles.over_http(url)


def _token(config: EventConfig, timeout: float) -> Finding:
    try:
        token = TokenSource(config.jwt, config.jwt_file, timeout).current()
    except TokenError as error:
        return fail("token", str(error), "see jwt and jwt_file of the agent's settings")
    return tokens.judged(token, time.time())


def _way(config: EventConfig, target: str, timeout: float) -> Iterator[Finding]:
    endpoint = network.Endpoint.of(target)
    if endpoint is None:
        yield ok("target", f"{target} is for gRPC itself to find")
        yield from toggles.answers(config, timeout)
        return
    yield proxies.judged(endpoint.host, os.environ, use_proxy=config.use_proxy)
    named, found = network.addresses(endpoint)
    yield named
    tried = list(network.connected(found, timeout))
    yield from network.settled([finding for finding, _ in tried])
    reached = [address for _, address in tried if address]
    if not reached:
        return
    spoken = network.spoken(config, endpoint.host, reached[0], timeout)
    yield spoken
    if spoken.level != "fail":
        yield from toggles.answers(config, timeout)
