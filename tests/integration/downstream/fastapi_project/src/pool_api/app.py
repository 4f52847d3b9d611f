"""The application; its settings are those of the environment."""

from contextlib import asynccontextmanager

from fastapi import FastAPI

import rodent_events
from rodent_events import (
    EVENT_LEVEL_INFO,
    StoragePoolPayload,
    StorageSnapshotPayload,
    emit_storage_pool,
    emit_storage_snapshot,
)


@asynccontextmanager
async def lifespan(_app: FastAPI):
    rodent_events.initialize()
    yield
    await rodent_events.shutdown_async(timeout=5)


app = FastAPI(lifespan=lifespan)


@app.post("/pools/{name}/scrub", status_code=202)
async def scrub(name: str) -> None:
    emit_storage_pool(EVENT_LEVEL_INFO, StoragePoolPayload(pool_name=name), {"action": "scrub"})


@app.post("/snapshots/{dataset}", status_code=201)
def snapshot(dataset: str, size: int = 0) -> None:
    payload = StorageSnapshotPayload(dataset_name=dataset, size_bytes=size)
    emit_storage_snapshot(EVENT_LEVEL_INFO, payload)
