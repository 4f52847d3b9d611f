"""Annotate a job of GitHub with what its mock Toggle has seen, and write the job's summary.

FOLDER is that of the mock, TOGGLE_MOCK_URL where its HTTP API is.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.request
from pathlib import Path
from typing import Any

SHOWN = 20
"""How many of the last events and calls the summary has."""

LONGEST = 200
"""Characters of an event in the summary."""


def asked(path: str) -> Any:
    """What the mock answers; whatever proxy the job has, it is asked straight."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{os.environ['TOGGLE_MOCK_URL']}/api/v1/{path}", timeout=30) as answer:
        return json.load(answer)


def annotate(kind: str, text: str) -> None:
    """Have GitHub show a text beside the job: its lines are escaped as GitHub asks for it."""
    for character, code in (("%", "%25"), ("\r", "%0D"), ("\n", "%0A")):
        text = text.replace(character, code)
    print(f"::{kind} title=Toggle mock::{text}")


def table(titles: list[str], rows: list[list[Any]]) -> list[str]:
    """A table of Markdown."""
    cells = [titles, ["---"] * len(titles), *rows]
    shown = [[str(cell).replace("|", "\\|").replace("\n", " ") for cell in row] for row in cells]
    return [f"| {' | '.join(row)} |" for row in shown]


def event_row(event: dict[str, Any]) -> list[Any]:
    """An event of the summary."""
    head = {"level", "category", "source", "event_id", "timestamp"}
    rest = json.dumps({key: value for key, value in event["event"].items() if key not in head})
    body = rest if len(rest) <= LONGEST else rest[:LONGEST] + "…"
    named = [event["event"].get(name, "") for name in ("level", "category")]
    return [event["rid"], *named, f"`{body}`"]


def main() -> int:
    try:
        refusals = asked(f"refusals?limit={SHOWN}")
        events = asked(f"events?limit={SHOWN}")
        calls = asked(f"calls?limit={SHOWN}")
    except (OSError, KeyError, ValueError) as error:
        log = Path(os.environ["FOLDER"]) / "log.txt"
        said = log.read_text(errors="replace") if log.exists() else "it has no log"
        annotate("error", f"the mock does not answer: {error}\n{said}")
        return 0
    for refusal in refusals["refusals"]:
        annotate("error", f"turned away: {refusal['details']}")
    if not calls["total"]:
        annotate(
            "error", "nobody has called: see that the agent takes TOGGLE_ADDRESS and TOGGLE_JWT"
        )
    annotate("notice", f"{events['total']} events in {calls['total']} calls")
    call_rows = [
        [call["number"], call["method"], call["rid"], call["status"] or "goes on", call["details"]]
        for call in calls["calls"]
    ]
    lines = [
        "## What the Toggle mock has seen",
        "",
        *table(["rid", "level", "category", "event"], [event_row(e) for e in events["events"]]),
        "",
        *table(["call", "method", "rid", "status", "details"], call_rows),
    ]
    with Path(os.environ["GITHUB_STEP_SUMMARY"]).open("a", encoding="utf-8") as summary:
        summary.write("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
