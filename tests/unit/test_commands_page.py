"""The page of commands says what `--help` says, in Markdown that shows it as it is."""

from pathlib import Path

import click
import markdown
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def page(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "tools")
    from commands_page import page

    return page


def test_all_commands_and_options_are_on_the_page(page):
    from toggle_mock.cli.main import main

    text = (ROOT / "docs" / "commands.md").read_text()
    assert text == page(main)
    headings = [line for line in text.splitlines() if line.startswith("## ")]
    commands = {f"## toggle-mock {name}" for name in main.list_commands(click.Context(main))}
    assert commands < set(headings)
    assert "| `--jwt-key FILE` |" in text


def test_what_looks_like_markdown_is_shown_as_it_is(page):
    @click.group(epilog="Said at the end.")
    def main() -> None:
        """Do *it*, [see](nothing) <b>.

        \b
        as it
          stands
        """

    @main.command()
    @click.option("--to", metavar="A|B", help="Where to | from, `so`.")
    def go(to: str) -> None:
        """Go there."""

    @main.command(hidden=True)
    def secret() -> None:
        """Hide."""

    shown = markdown.markdown(page(main), extensions=["tables", "fenced_code"])
    assert "<p>Do *it*, [see](nothing) &lt;b&gt;.</p>" in shown
    assert "as it\n  stands\n</code>" in shown
    assert "<p>Said at the end.</p>" in shown
    assert "<td><code>--to A&#124;B</code></td>\n<td>Where to | from, `so`.</td>" in shown
    assert "Hide" not in shown
