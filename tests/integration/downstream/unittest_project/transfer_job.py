"""Copies a snapshot to another pool, and reports how it goes."""

from collections.abc import Iterable

from rodent_events import (
    EVENT_LEVEL_ERROR,
    EVENT_LEVEL_INFO,
    StorageTransferPayload,
    emit_storage_transfer,
)


def transfer(source: str, destination: str, chunks: Iterable[bytes]) -> int:
    done = 0
    payload = StorageTransferPayload(source=source, destination=destination)
    payload.operation = StorageTransferPayload.STORAGE_TRANSFER_OPERATION_STARTED
    emit_storage_transfer(EVENT_LEVEL_INFO, payload)
    try:
        for chunk in chunks:
            done += len(chunk)
    except OSError as error:
        payload.operation = StorageTransferPayload.STORAGE_TRANSFER_OPERATION_FAILED
        payload.transferred_bytes = done
        emit_storage_transfer(EVENT_LEVEL_ERROR, payload, {"error": str(error)})
        raise
    payload.operation = StorageTransferPayload.STORAGE_TRANSFER_OPERATION_COMPLETED
    payload.size_bytes = payload.transferred_bytes = done
    emit_storage_transfer(EVENT_LEVEL_INFO, payload)
    return done
