"""Write what follows from the code: schemas, cases, codes, commands, Go's client, man pages.

python tools/schemas.py           write them
python tools/schemas.py --check   change nothing, fail if one differs
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from capacity_page import capacity
from commands_page import page as commands
from contract_page import Described, page
from go_api import source
from man_pages import pages
from marked import with_part
from troubleshooting_page import by_message

from toggle_mock.cli.main import main as toggle_mock
from toggle_mock.cli.options import config_schema
from toggle_mock.cli.scenario import json_schema
from toggle_mock.cli.serve import serve
from toggle_mock.contract import settings, suites
from toggle_mock.http_api.endpoints import ENDPOINTS
from toggle_mock.http_api.openapi import document

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
MAN = ROOT / "man"
GO_API = ROOT / "go" / "togglemock" / "api" / "api.gen.go"
SCHEMAS = {
    "config.schema.json": lambda: config_schema(serve),
    "contract.schema.json": settings.json_schema,
    "openapi.json": lambda: document(ENDPOINTS),
    "scenario.schema.json": json_schema,
}


def texts() -> dict[Path, str]:
    """What is to stand in each file."""
    schemas = {
        name: json.dumps(make(), indent=2, ensure_ascii=False) + "\n"
        for name, make in SCHEMAS.items()
    }
    rodents = suites.rodent_groups()
    toggles = suites.toggle_groups()
    cases = page(
        [
            Described("For a Rodent", rodents, settings.RODENT_FEATURES, settings.RodentTimes),
            Described("For a Toggle", toggles, settings.TOGGLE_FEATURES, settings.ToggleTimes),
        ]
    )
    whole = {**schemas, "contract-cases.md": cases, "commands.md": commands(toggle_mock)}
    docs = {DOCS / name: text for name, text in whole.items()}
    trouble = DOCS / "troubleshooting.md"
    docs[trouble] = with_part(trouble.read_text("utf-8"), "codes", by_message(), "make schemas")
    reckoned = DOCS / "capacity.md"
    docs[reckoned] = capacity(reckoned.read_text("utf-8"))
    manual = {MAN / name: text for name, text in pages(toggle_mock).items()}
    return {**docs, **manual, GO_API: source(json.loads(schemas["openapi.json"]))}


def main(arguments: list[str]) -> int:
    if arguments not in ([], ["--check"]):
        print(__doc__)
        return 2
    made = texts()
    left_over = [path for path in MAN.glob("*") if path not in made]
    if not arguments:
        for path in left_over:
            path.unlink()
        for path, text in made.items():
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, "utf-8")
        return 0
    written = {path: path.read_text("utf-8") if path.exists() else None for path in made}
    wrong = [path for path, text in made.items() if written[path] != text] + left_over
    for path in wrong:
        print(f"{path} is not what the code says: run make schemas")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
