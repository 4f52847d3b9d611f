"""Print what CHANGELOG.md says of a release, once all fits together.

python tools/release_notes.py v1.2.3     the tag that is to be released
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def notes(root: Path, tag: str) -> str:
    """What the changelog says of the version of a tag.

    Raises:
        ValueError: The tag is of another version than pyproject.toml, or the changelog is not made.
    """
    version = tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"]
    if tag != f"v{version}":
        raise ValueError(f"the tag is {tag}, and pyproject.toml has version {version}: v{version}")
    changelog = (root / "CHANGELOG.md").read_text()
    pattern = rf"^## \[{re.escape(version)}\].*?\n(.*?)(?=^## \[|\Z)"
    section = re.search(pattern, changelog, re.MULTILINE | re.DOTALL)
    left = sorted((root / "changelog.d").glob("*.md"))
    if section is None or left:
        raise ValueError(
            f"CHANGELOG.md has not all of {version}: towncrier build --version {version}"
        )
    return section[1].strip() + "\n"


def main() -> int:
    try:
        print(notes(ROOT, sys.argv[1]), end="")
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
