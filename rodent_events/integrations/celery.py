"""The global bus in Celery's workers: one for each process that runs tasks."""

from __future__ import annotations

from typing import Any

from celery import signals
from celery.concurrency import get_implementation

import rodent_events
from rodent_events.bus import DEFAULT_SHUTDOWN_TIMEOUT

__all__ = ["install"]

# The pools that send worker_process_init, in whichever process runs tasks.
_TELL_OF_PROCESSES = {"celery.concurrency.prefork", "celery.concurrency.solo"}


def install(*, shutdown_timeout: float = DEFAULT_SHUTDOWN_TIMEOUT, **settings: Any) -> None:
    """Have each process that runs tasks initialize as it begins, and shut down as it ends.

    Called in the module of the Celery application, whatever pool its workers have::

        app = Celery("tasks")
        rodent_events.integrations.celery.install(target="toggle:50051", jwt_file="/etc/token")

    Args:
        shutdown_timeout: Seconds, as for :func:`rodent_events.shutdown`.
        settings: As for :func:`rodent_events.initialize`.
    """

    def begin(**_kwargs: object) -> None:
        rodent_events.initialize(**settings)

    def end(**_kwargs: object) -> None:
        rodent_events.shutdown(shutdown_timeout)

    def begin_without_children(sender: Any, **_kwargs: object) -> None:
        # By its name as well: under Celery's test helper it is not looked up yet.
        pool = get_implementation(sender.pool_cls).__module__
        if pool not in _TELL_OF_PROCESSES:
            begin()

    for signal, receiver in (
        (signals.worker_process_init, begin),
        (signals.worker_process_shutdown, end),
        (signals.worker_init, begin_without_children),
        (signals.worker_shutdown, end),
    ):
        signal.connect(receiver, weak=False)
