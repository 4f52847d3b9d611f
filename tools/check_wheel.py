"""Check a wheel, in an environment that has it installed without its extras.

python tools/check_wheel.py WHEEL
"""

from __future__ import annotations

import sys
import zipfile

import rodent_events

REQUIRED = [
    "rodent_events/py.typed",
    "rodent_events/pb/base_pb2.pyi",
    "rodent_events/pb/events/event_messages_pb2.pyi",
    "toggle_mock/page/static/index.html",
    "toggle_mock/page/static/js/events/view.js",
    "toggle_mock/page/static/vendor/LICENSE-preact.txt",
    "toggle_mock/py.typed",
    "toggle_mock/revisions/2025-12-09/events/event_messages.proto",
]


def main() -> int:
    names = zipfile.ZipFile(sys.argv[1]).namelist()
    missing = [name for name in REQUIRED if name not in names]
    pages = [name for name in names if ".data/data/share/man/man1/toggle-mock" in name]
    packages = {name.split("/")[0] for name in names if ".dist-info" not in name} - {
        name.split("/")[0] for name in pages
    }
    assert not missing, missing
    assert len(pages) > 20, pages
    assert packages == {"rodent_events", "toggle_mock"}, packages
    assert "site-packages" in rodent_events.__file__
    assert rodent_events.emit(rodent_events.StoragePoolPayload()) is not None
    assert rodent_events.get_stats()["waiting"] == 1
    print(f"{sys.argv[1]}: {len(names)} files, importable without its extras")
    return 0


if __name__ == "__main__":
    sys.exit(main())
