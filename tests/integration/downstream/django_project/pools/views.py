from django.http import HttpResponse

from rodent_events import EVENT_LEVEL_INFO, StoragePoolPayload, emit_storage_pool


def scrub(request, pool):
    payload = StoragePoolPayload(pool_name=pool)
    emit_storage_pool(EVENT_LEVEL_INFO, payload, {"action": "scrub", "by": request.method})
    return HttpResponse(status=202)
