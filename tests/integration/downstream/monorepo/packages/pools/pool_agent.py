from rodent_events import StoragePoolPayload


def scrub(report, pool):
    report(StoragePoolPayload(pool_name=pool), action="scrub")
