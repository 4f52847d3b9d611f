"""The locustfile of ``toggle-mock load``: Rodents as its options say."""

import logging

import locust.runners

from toggle_mock.locust import RodentUser

locust.runners.HEARTBEAT_LIVENESS = 30
"""Seconds, more than usual: on one machine a worker is not gone because that is busy."""


logging.getLogger("httpx").setLevel(logging.WARNING)  # it tells of each page of events that is read


class Rodent(RodentUser):
    """One of them."""
