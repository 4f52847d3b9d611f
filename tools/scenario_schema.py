"""Write docs/scenario.schema.json, which editors check scenario files against.

python tools/scenario_schema.py           write it
python tools/scenario_schema.py --check   fail if the written one differs
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from toggle_mock.cli.scenario import json_schema

PATH = Path(__file__).parents[1] / "docs" / "scenario.schema.json"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    text = json.dumps(json_schema(), indent=2) + "\n"
    if not check:
        PATH.write_text(text, "utf-8")
    elif not PATH.exists() or PATH.read_text("utf-8") != text:
        sys.exit(f"{PATH} is not what the code says: run python tools/scenario_schema.py")


if __name__ == "__main__":
    main()
