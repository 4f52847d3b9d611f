"""A WSGI application that emits: gunicorn --workers 4 wsgi:app"""

import rodent_events
from rodent_events import StoragePoolPayload, emit

rodent_events.initialize()  # the environment says where Toggle is


def app(environ, start_response):
    emit(StoragePoolPayload(pool_name="tank"))
    start_response("204 No Content", [])
    return []
