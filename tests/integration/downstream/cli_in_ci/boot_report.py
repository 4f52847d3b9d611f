"""Reports that this machine has started: its settings are those of the environment."""

import sys

import rodent_events
from rodent_events import SystemStartupPayload

rodent_events.initialize()
for service in sys.argv[1:]:
    rodent_events.emit_system_startup(
        SystemStartupPayload(services_started=[service]), {"component": service}
    )
sys.exit(0 if rodent_events.shutdown(timeout=20) else 1)
