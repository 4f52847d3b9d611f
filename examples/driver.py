"""A driver: it does what the contract suite says on stdin, and answers on stdout."""

import json
import os
import sys

from google.protobuf import json_format

import rodent_events as events


def emit(*, payload, fields, level="INFO", metadata=None, source=None, count=1):
    message = json_format.ParseDict(fields, getattr(events, payload)())
    number = getattr(events, f"EVENT_LEVEL_{level}")
    ids = [
        events.emit(message, level=number, metadata=metadata, source=source) for _ in range(count)
    ]
    return {"accepted": sum(one is not None for one in ids)}


COMMANDS = {
    "emit": emit,
    "flush": lambda timeout: {"complete": events.flush(timeout)},
    "stats": lambda: {"stats": events.get_stats()},
    "shutdown": lambda timeout: {"complete": events.shutdown(timeout)},
}


def answer(line):
    command = json.loads(line)
    number = command.pop("id")
    ((name, arguments),) = command.items()
    try:
        return {"id": number, **COMMANDS[name](**arguments)}
    except Exception as error:  # noqa: BLE001 - the suite is told of all of them
        return {"id": number, "error": str(error)}


events.initialize(
    target=os.environ["TOGGLE_ADDRESS"],
    jwt_file=os.environ["TOGGLE_JWT_FILE"],
    tls_ca_file=os.environ.get("TOGGLE_CA_FILE"),
    events_dir=os.environ["EVENTS_DIR"],
)
print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    print(json.dumps(answer(line)), flush=True)
events.shutdown(timeout=5)
