"""An agent: initialize once, emit from anywhere, shut down at the end."""

import os
import time

import rodent_events as events
from rodent_events import EVENT_LEVEL_INFO, ServiceStatusPayload, SystemStartupPayload

events.initialize(target=os.environ["TOGGLE"], jwt=os.environ["TOGGLE_JWT"])

events.emit_system_startup(
    SystemStartupPayload(
        boot_time_seconds=int(time.time()),
        services_started=["rodent-controller"],
        operation=SystemStartupPayload.SYSTEM_STARTUP_OPERATION_REGISTERED,
    ),
    {"component": "toggle-registration", "action": "registered"},
)
events.emit_service_status(
    EVENT_LEVEL_INFO,
    ServiceStatusPayload(service_name="rodent-controller", status="running", pid=os.getpid()),
    {"component": "service-manager", "action": "start"},
)

all_delivered = events.shutdown(timeout=10)
print("delivered" if all_delivered else "kept on disk for the next start", events.get_stats())
