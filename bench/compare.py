"""What changed between two runs.

python -m bench.compare OLD.json NEW.json
"""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path
from typing import Any

# Shares of change that a noisy machine makes by itself.
_NOISE = 0.05


def spread(row: dict[str, Any]) -> float:
    """How far the samples of a row lie apart, as a share of their median."""
    values = [ours / (peer or 1) for ours, peer in row["samples"]]
    return (max(values) - min(values)) / statistics.median(values) if len(values) > 1 else 0.0


def verdict(old: dict[str, Any], new: dict[str, Any]) -> str:
    change = new["value"] / old["value"] - 1
    if abs(change) <= max(_NOISE, spread(old) / 2, spread(new) / 2):
        return "same"
    return "better" if (change > 0) == new["more_is_better"] else "WORSE"


def lines(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    found = []
    for key in sorted(old["machine"].keys() | new["machine"].keys()):
        before, after = (document["machine"].get(key) for document in (old, new))
        if before != after:
            found.append(f"{key}: {before}, now {after}")
    for name in {**old["rows"], **new["rows"]}:
        before, after = (document["rows"].get(name) for document in (old, new))
        if before is None or after is None:
            found.append(f"{name:24} {'added' if before is None else 'gone'}")
            continue
        change = after["value"] / before["value"] - 1
        found.append(
            f"{name:24} {before['value']:8.3f} {after['value']:8.3f} {change:+7.1%}  "
            f"{verdict(before, after)}"
        )
    return found


def main() -> int:
    if len(sys.argv) != 3:
        sys.exit("give two files that `python -m bench --json FILE` has written")
    documents = [json.loads(Path(path).read_text("utf-8")) for path in sys.argv[1:]]
    found = lines(*documents)
    print("\n".join(found))
    return 1 if any(line.endswith("WORSE") for line in found) else 0


if __name__ == "__main__":
    sys.exit(main())
