"""Reports the organizations that use more than they may."""

from rodent_events import EVENT_LEVEL_WARN, EventBus, UsageQuotaPayload


def report(bus: EventBus, usage: dict[str, int], limit: int) -> None:
    for organization, current in usage.items():
        if current > limit:
            payload = UsageQuotaPayload(
                organization_id=organization, current_usage=current, quota_limit=limit
            )
            bus.emit_usage_quota(EVENT_LEVEL_WARN, payload)
