"""The man pages say what the commands do, in what groff takes."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

ROOT = Path(__file__).parents[2]
MAN = ROOT / "man"


@pytest.fixture
def man_pages(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "tools")
    import man_pages

    return man_pages


def shown(pages: list[Path]) -> str:
    """What man shows."""
    if not shutil.which("groff"):
        (pytest.fail if os.environ.get("CI") else pytest.skip)("groff is not installed")
    form = ["-Tutf8", "-P-cbou", "-rLL=300n", "-rHY=0"]  # no bold, no line or word is broken
    command = ["groff", "-man", "-ww", *form, *pages]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stderr == ""
    return done.stdout.translate(str.maketrans("\u2212\u2010", "--"))


def test_each_command_has_a_page_that_is_no_trouble_to_groff(man_pages):
    from toggle_mock.cli.main import main

    paths = sorted(MAN.glob("*.1"))
    names = {path.name for path in paths}
    assert {f"toggle-mock-{name}.1" for name in main.list_commands(click.Context(main))} < names
    text = shown(paths)
    assert text.count("\nSYNOPSIS\n") == len(paths)
    assert "toggle-mock serve [OPTIONS]" in text
    assert "--jwt-key FILE" in text


def test_what_looks_like_groff_is_shown_as_it_is(man_pages, tmp_path):
    @click.group(epilog="Said at the end.")
    def main() -> None:
        """Do it.

        .TH is no macro here
        'nor that, \\fBthis\\fR neither, with … and --dashes.
        """

    @main.command()
    @click.option("--to", metavar="HOST:PORT", help=".PP where to.")
    def go(to: str) -> None:
        """Go there."""

    @main.command(hidden=True)
    def secret() -> None:
        """Hide."""

    pages = man_pages.pages(main)
    assert sorted(pages) == ["toggle-mock-go.1", "toggle-mock.1"]
    for name, text in pages.items():
        (tmp_path / name).write_text(text, "ascii")
    text = re.sub(r"\s+", " ", shown(sorted(tmp_path.iterdir())))
    assert ".TH is no macro here 'nor that, \\fBthis\\fR neither, with " in text
    assert "--to HOST:PORT .PP where to." in text
    assert "NOTES Said at the end." in text
    assert "SEE ALSO toggle-mock-go(1)" in text


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["toggle-mock", "sch"], "schema"),
        (["toggle-mock", "schema", "exp"], "export"),
        (["toggle-mock", "serve", "--http-allowed"], "--http-allowed-host"),
        (["toggle-mock", "serve", "--log", "js"], "json"),
    ],
)
def test_shells_complete_commands_options_and_values(shell, words, expected, monkeypatch, capsys):
    from click.shell_completion import shell_complete

    from toggle_mock.cli.main import main

    monkeypatch.setenv("COMP_WORDS", " ".join(words))
    # fish says the word itself, the others its place.
    monkeypatch.setenv("COMP_CWORD", words[-1] if shell == "fish" else str(len(words) - 1))
    assert (
        shell_complete(main, {}, "toggle-mock", "_TOGGLE_MOCK_COMPLETE", f"{shell}_complete") == 0
    )
    assert expected in re.split(r"[\s,]+", capsys.readouterr().out)


def test_bash_takes_what_completes():
    toggle_mock = Path(sys.executable).with_name("toggle-mock")
    script = f"""
eval "$(_TOGGLE_MOCK_COMPLETE=bash_source {toggle_mock})"
complete -p toggle-mock
COMP_WORDS=({toggle_mock} doctor --js) COMP_CWORD=2
_toggle_mock_completion {toggle_mock}
echo "${{COMPREPLY[@]}}"
"""
    done = subprocess.run(
        ["bash", "--norc", "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines()[-1] == "--json"
    assert "-F _toggle_mock_completion toggle-mock" in done.stdout
