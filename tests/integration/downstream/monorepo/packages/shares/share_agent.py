from rodent_events import SharingSharePayload


def share(report, name):
    report(SharingSharePayload(share_name=name), action="share")
