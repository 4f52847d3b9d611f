"""Each link of a Markdown file leads somewhere; what is below docs/, make docs checks."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLACES = ["*.md", ".github/**/*.md", "ci/**/*.md", "examples/**/*.md"]
PAGES = sorted(page for place in PLACES for page in ROOT.glob(place))
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def without_blocks(page: Path) -> str:
    """A page without its blocks of code, which have brackets and comments too."""
    return re.sub(r"^( *)```.*?^\1```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """The names of a page's headings, as GitHub and MkDocs make them."""
    pattern = r"^#+ (.*?)(?: \{#([\w-]+)\})?$"
    headings = re.findall(pattern, without_blocks(page), re.MULTILINE)
    return {
        name or re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text, name in headings
    }


def broken(page: Path) -> Iterator[str]:
    """The links of a page that lead nowhere."""
    for link in LINK.findall(re.sub(r"`[^`\n]*`", "`code`", without_blocks(page))):
        path, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", path):
            continue
        target = page.parent / path if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            yield link


@pytest.mark.parametrize("page", [str(page.relative_to(ROOT)) for page in PAGES])
def test_each_link_leads_somewhere(page):
    assert list(broken(ROOT / page)) == []


@pytest.mark.parametrize(
    ("link", "leads"),
    [
        ("other.md", True),
        ("other.md#what-it-is-and-is-not", True),
        ("other.md#named", True),
        ("#here", True),
        ("https://example.com/nowhere", True),
        ("missing.md", False),
        ("other.md#missing", False),
        ("other.md#a-comment", False),
        ("#there", False),
    ],
)
def test_what_leads_nowhere_is_found(tmp_path, link, leads):
    other = "## What it `is`, and is not\n\n```sh\n# a comment\n```\n\n## Other {#named}\n"
    (tmp_path / "other.md").write_text(other)
    page = tmp_path / "page.md"
    page.write_text(
        f"# Here\n\nSee [it]({link}), but for `[x](code.md)`.\n\n```py\n[y](block.md)\n```\n"
    )
    assert list(broken(page)) == ([] if leads else [link])


def test_the_pages_are_found():
    assert {"README.md", "ARCHITECTURE.md", "SECURITY.md"} <= {page.name for page in PAGES}
