"""A Celery application whose workers emit: celery --app celery_app worker"""

from celery import Celery

from rodent_events import StoragePoolPayload, emit
from rodent_events.integrations.celery import install

app = Celery("pools")
install(config="/etc/rodent/rodent.yml")


@app.task
def scrub(pool):
    emit(StoragePoolPayload(pool_name=pool), metadata={"action": "scrub"})
