"""Reports each line of its input as a pool; its settings are those of the environment."""

import sys

import rodent_events
from rodent_events import EVENT_LEVEL_INFO, StoragePoolPayload, emit_storage_pool


def say(word):
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


rodent_events.initialize()
say("ready")
for line in sys.stdin:
    emit_storage_pool(EVENT_LEVEL_INFO, StoragePoolPayload(pool_name=line.strip()))
    say("reported")
rodent_events.shutdown(timeout=10)
