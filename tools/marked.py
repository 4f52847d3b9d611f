"""Parts of pages that a tool writes: they stand between two comments, which no reader sees."""

from __future__ import annotations

import re


def with_part(page: str, name: str, content: str, made_by: str = "make proto") -> str:
    """A page with the content of one such part replaced.

    Args:
        page: The page's text.
        name: What the part is called in its comments.
        content: What comes to stand between them.
        made_by: The command that is named there.

    Raises:
        ValueError: The page has no such part.
    """
    begin, end = f"<!-- {name}: made by {made_by} -->\n", f"\n<!-- end of {name} -->"
    pattern = re.escape(begin) + ".*?" + re.escape(end)
    replaced, count = re.subn(
        pattern, lambda _: f"{begin}\n{content}\n{end}", page, flags=re.DOTALL
    )
    if count != 1:
        raise ValueError(f"the page has {count} parts called {name}, not 1")
    return replaced
