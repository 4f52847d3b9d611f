"""Write the schemas in docs/ that follow from typed records: of HTTP, of scenario and config files.

python tools/schemas.py           write them
python tools/schemas.py --check   change nothing, fail if one differs
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from toggle_mock.cli.options import config_schema
from toggle_mock.cli.scenario import json_schema
from toggle_mock.cli.serve import serve
from toggle_mock.http_api.endpoints import ENDPOINTS
from toggle_mock.http_api.openapi import document

DOCS = Path(__file__).parents[1] / "docs"
SCHEMAS = {
    "config.schema.json": lambda: config_schema(serve),
    "openapi.json": lambda: document(ENDPOINTS),
    "scenario.schema.json": json_schema,
}


def main(arguments: list[str]) -> int:
    if arguments not in ([], ["--check"]):
        print(__doc__)
        return 2
    texts = {
        DOCS / name: json.dumps(make(), indent=2, ensure_ascii=False) + "\n"
        for name, make in SCHEMAS.items()
    }
    if not arguments:
        for path, text in texts.items():
            path.write_text(text, "utf-8")
        return 0
    wrong = [path for path, text in texts.items() if path.read_text("utf-8") != text]
    for path in wrong:
        print(f"{path} is not what the code says: run make schemas")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
