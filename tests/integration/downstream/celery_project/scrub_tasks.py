"""The application: celery --app scrub_tasks worker; its settings are those of the environment."""

import os

from celery import Celery

from rodent_events import EVENT_LEVEL_ERROR, EVENT_LEVEL_INFO, StoragePoolPayload, emit_storage_pool
from rodent_events.integrations.celery import install

app = Celery("scrub_tasks", broker=os.environ.get("BROKER", "memory://"))
install()


@app.task(bind=True, max_retries=1, default_retry_delay=0)
def scrub(self, pool, error_count=0):
    payload = StoragePoolPayload(pool_name=pool)
    if error_count > self.request.retries:
        emit_storage_pool(EVENT_LEVEL_ERROR, payload, {"error": f"{pool} has {error_count} errors"})
        raise self.retry()
    emit_storage_pool(EVENT_LEVEL_INFO, payload, {"action": "scrub"})
    return pool
