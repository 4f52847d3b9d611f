"""Write ``docs/openapi.json`` from the table of endpoints; with ``--check``, tell what differs."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from toggle_mock.http_api.endpoints import ENDPOINTS
from toggle_mock.http_api.openapi import document

TARGET = Path(__file__).parents[1] / "docs" / "openapi.json"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing, fail on drift")
    check = parser.parse_args().check
    text = json.dumps(document(ENDPOINTS), indent=2, ensure_ascii=False) + "\n"
    if check:
        if TARGET.read_text("utf-8") == text:
            return 0
        print(f"{TARGET} is not what the endpoints are: run make openapi")
        return 1
    TARGET.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
