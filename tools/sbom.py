"""Keep, of a CycloneDX list of all that is installed, what the distribution brings with its extras.

python tools/sbom.py ALL.json OUT.json     with the Python of the environment that is listed
"""

from __future__ import annotations

import json
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

from licences import dependencies
from packaging.utils import canonicalize_name


def narrowed(listed: dict[str, Any], wanted: Collection[str]) -> dict[str, Any]:
    """A list of components with those that are wanted, and what they need of each other.

    Args:
        listed: All of them, as CycloneDX has it.
        wanted: The names of libraries, as pip normalizes them.
    """
    kept = [one for one in listed["components"] if canonicalize_name(one["name"]) in wanted]
    known = {one["bom-ref"] for one in [*kept, listed["metadata"]["component"]]}
    needs = [
        one | {"dependsOn": [ref for ref in one.get("dependsOn", []) if ref in known]}
        for one in listed["dependencies"]
        if one["ref"] in known
    ]
    return listed | {"components": kept, "dependencies": needs}


def main() -> int:
    source, out = map(Path, sys.argv[1:])
    wanted = {one.name for one in dependencies()}
    bill = narrowed(json.loads(source.read_text()), wanted)
    missing = wanted - {canonicalize_name(one["name"]) for one in bill["components"]}
    assert not missing, missing
    out.write_text(json.dumps(bill, indent=2) + "\n")
    print(f"{out}: {len(bill['components'])} components")
    return 0


if __name__ == "__main__":
    sys.exit(main())
