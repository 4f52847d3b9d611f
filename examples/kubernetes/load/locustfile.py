"""Rodents of two kinds. What the master says of all of them, as by --rodent-rate, comes first."""

import locust.runners

from toggle_mock.locust import RodentUser

# Seconds, more than usual: a worker is not gone because its node is busy.
locust.runners.HEARTBEAT_LIVENESS = 30


class StorageNode(RodentUser):
    weight = 9
    rate = 1.0  # events a second


class QuietNode(RodentUser):
    rate = 0.1
