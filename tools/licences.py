"""The licences of all that the distribution depends on, in docs/licences.md.

python tools/licences.py           write the page
python tools/licences.py --check   fail if the written one differs

Either fails if one is not known, or none of those that are permitted.
"""

from __future__ import annotations

import argparse
import re
import sys
from dataclasses import dataclass
from importlib.metadata import Distribution
from pathlib import Path

from brought import OURS, PROJECT, brought_by

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "licences.md"
NOT_FOR_USERS = {"all", "dev"}
"""Of the extras, the one that is the others together, and that of the project's own developers."""

HEAD = """\
# Licences

What comes with `rodent-events` and with each of its [extras](install.md), and under which licence,
as the library's metadata says; the extra is the first that needs it. A licence is one of those that
ask for no more than to be named ({permitted}), or that bind changes of the library's own files, but
nothing that uses it ({weak}): otherwise `make lint` fails.

The distribution itself is Apache-2.0. The page of the mock has htm (Apache-2.0) and Preact (MIT) in
it, whose texts come with it.

| library | licence | comes with |
|---|---|---|
"""

PERMITTED = {
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "PSF-2.0",
    "Python-2.0",
    "Unlicense",
    "ZPL-2.1",
    "Zlib",
}
"""Those that ask for no more than to be named."""

WEAK = {"LGPL-3.0-only", "MPL-2.0"}
"""Those that bind changes of the library's own files, but nothing that uses it."""

SPDX = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "Apache Software License 2.0": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
"""What metadata says instead of an identifier of SPDX."""


@dataclass(frozen=True)
class Dependency:
    """A library, and what says that it is needed."""

    name: str
    licence: str
    brought_by: str
    """The first extra that needs it; empty if every install has it."""


def dependencies() -> list[Dependency]:
    """All that the distribution and its extras bring, here and now."""
    found: dict[str, Dependency] = {}
    extras = [name for name in PROJECT["optional-dependencies"] if name not in NOT_FOR_USERS]
    for extra in ["", *extras]:
        for name, library in brought_by([f"{OURS}[{extra}]"]).items():
            found.setdefault(name, Dependency(name, licence(library), extra))
    return sorted(found.values(), key=lambda one: one.name)


def licence(one: Distribution) -> str:
    """What a distribution says of its licence, as identifiers of SPDX."""
    said = one.metadata
    if "License-Expression" in said:
        return said["License-Expression"]
    classifiers = [text.split(" :: ") for text in said.get_all("Classifier") or []]
    names = [parts[-1] for parts in classifiers if parts[0] == "License" and len(parts) > 2]
    if not names and "License" in said:
        names = [said["License"]]
    return " OR ".join(SPDX.get(name, name) for name in names) or "unknown"


def refused(one: Dependency) -> bool:
    """Whether a licence is none that is permitted; one of several to choose from is enough."""
    ways = re.split(r"\s+OR\s+", one.licence.replace("(", "").replace(")", ""))
    parts = (set(re.split(r"\s+(?:AND|WITH)\s+", way.strip())) for way in ways)
    return not any(each <= PERMITTED | WEAK for each in parts)


def page(found: list[Dependency]) -> str:
    """docs/licences.md."""
    head = HEAD.format(permitted=", ".join(sorted(PERMITTED)), weak=", ".join(sorted(WEAK)))
    rows = (f"| {one.name} | {one.licence} | {shown(one)} |\n" for one in found)
    return head + "".join(rows)


def shown(one: Dependency) -> str:
    """What brings a library, as the page says it."""
    return f"`{one.brought_by}`" if one.brought_by else "every install"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    found = dependencies()
    wrong = [one for one in found if refused(one)]
    for one in wrong:
        print(f"{one.name}: its licence {one.licence!r} is none that is permitted")
    if not options.check:
        PAGE.write_text(page(found))
    elif PAGE.read_text() != page(found):
        print("docs/licences.md is not what make licences makes of what is installed")
        return 1
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
