"""``toggle-mock explore``: the smallest schedule of faults that an agent does not survive."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rodent_events import clock
from toggle_mock.cli.options import IN_FILE, Duration
from toggle_mock.errors import ContractError
from toggle_mock.recording.text import printable

if TYPE_CHECKING:
    from toggle_mock.contract.explore import Explored, Played, Progress

HELD, FOUND, UNJUDGED = 0, 1, 2
"""The exit codes: no schedule was found, one was, or it cannot be judged."""


_TOLD_EACH = 5.0
"""Seconds between two lines of progress where nobody watches."""

_WATCHED_EACH = 0.2

_SHOWN_EFFECTS = 6


@click.command()
@click.argument("command", nargs=-1, metavar="[-- COMMAND [ARG]…]")
@click.option(
    "--contract",
    type=IN_FILE,
    help="What is said of the agent: command, features, environment, times.",
)
@click.option("--examples", type=click.IntRange(1), help="Schedules at the most; 300 unless given.")
@click.option("--time", "seconds", type=Duration(), help="How long, such as 10m; until then.")
@click.option("--seed", type=int, help="Makes the schedules the same in each run.")
@click.option(
    "--database",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".toggle-explore"),
    show_default=True,
    help="Folder that keeps what was found: that is played first the next time.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1),
    default=4,
    show_default=True,
    help="Schedules that are played at a time, each with an agent and a Toggle of its own.",
)
@click.option("--play", "schedule", type=IN_FILE, help="Play this schedule only.")
@click.option(
    "--variant",
    "variants",
    multiple=True,
    metavar="NAME=VALUE[,NAME=VALUE…]",
    help="An environment that the agent may be started with; several are drawn from.",
)
def explore(
    command: tuple[str, ...],
    contract: Path | None,
    examples: int | None,
    seconds: float | None,
    seed: int | None,
    database: Path,
    jobs: int,
    schedule: Path | None,
    variants: tuple[str, ...],
) -> None:
    """Look for a schedule of faults under which an agent loses, repeats or reorders events.

    COMMAND is a program that speaks the driver protocol; without one it is rodent_events itself,
    which is much faster. What is found is made as small as can be, and told as a story, as a
    scenario for toggle-mock serve, and as a test.

    The exit code is 0 if nothing was found, 1 if something was, 2 if it cannot be judged.
    """
    try:
        agent = _agent(command, contract, variants)
        if schedule is not None:
            sys.exit(_play(agent, schedule))
        if examples is None and seconds is None:
            examples = 300
        seed = secrets.randbelow(2**31) if seed is None else seed
        sys.exit(_search(agent, contract, examples, seconds, seed, database, jobs))
    except (ContractError, OSError) as error:
        click.echo(f"cannot be judged: {error}", err=True)
        sys.exit(UNJUDGED)


def _agent(command: tuple[str, ...], contract: Path | None, variants: tuple[str, ...]) -> Explored:
    from toggle_mock.contract.explore import program, rodent_events
    from toggle_mock.contract.settings import RodentContract, read_contract, replaced

    if contract is None and not command:
        if variants:
            raise ContractError("--variant is about a COMMAND: give one, or a --contract")
        return rodent_events()
    said = RodentContract() if contract is None else read_contract(RodentContract, contract)
    if command:
        said = replaced(said, {"command": command}, Path())
    return program(said, [_variant(text) for text in variants])


def _variant(text: str) -> dict[str, str]:
    pairs = [part.partition("=") for part in text.split(",")]
    if not all(name and equals for name, equals, _ in pairs):
        raise ContractError(f"--variant is {text!r}: give NAME=VALUE, several with commas")
    return {name: value for name, _, value in pairs}


def _play(agent: Explored, path: Path) -> int:
    from toggle_mock.contract.explore import read_schedule
    from toggle_mock.contract.explore.report import story

    schedule = read_schedule(path)
    with agent.player() as player:
        played = player.play(schedule)
    if played.complaints:
        click.echo(printable(story(played)))
        return FOUND
    click.echo(f"It holds: {len(played.history.emissions)} events, all as they should be.")
    return HELD


def _search(
    agent: Explored,
    contract: Path | None,
    examples: int | None,
    seconds: float | None,
    seed: int,
    database: Path,
    jobs: int,
) -> int:
    from toggle_mock.contract.explore import Search

    watch = _Watch()
    click.echo(f"seed {seed}; what is found is kept in {database}", err=True)
    with agent.players(jobs) as players:
        search = Search(agent, players, seed=seed, database=database, on_played=watch.tell)
        most = float("inf")
        found = search.run(most if examples is None else examples, seconds or most)
    watch.end(search.progress)
    if found is None:
        click.echo(f"It holds: {search.progress.played} schedules in {_seconds(search.progress)}.")
        return HELD
    click.echo(f"Found after {found.after} schedules, and then made smaller:\n")
    _tell(found.played, contract, database)
    if not found.is_certain:
        click.echo(
            f"\nIt was seen once, and in none of {found.replays} replays: a race, or a machine "
            "that is too busy. It cannot be judged."
        )
        return UNJUDGED
    if found.failed < found.replays:
        click.echo(f"\nIt fails in {found.failed} of {found.replays} replays.")
    return FOUND


def _seconds(progress: Progress) -> str:
    return f"{progress.seconds:.0f} s"


def _tell(played: Played, contract: Path | None, folder: Path) -> None:
    """Tell of it, and write it down: as a schedule, a scenario, a test."""
    from toggle_mock.contract.explore.report import pytest_test, scenario, story
    from toggle_mock.contract.explore.steps import dump_schedule

    click.echo(printable(story(played)))
    said = None if contract is None else str(contract)
    texts = {
        "failure.yml": dump_schedule(played.schedule),
        "failure-scenario.yml": scenario(played),
        "test_failure.py": pytest_test(played.schedule, said),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text, "utf-8")
        click.echo(f"\n── {folder / name}\n{text}", nl=False)
    click.echo(f"\nTo play it again: toggle-mock explore --play {folder / 'failure.yml'}")


class _Watch:
    """Says how far a search has come."""

    def __init__(self) -> None:
        self._is_watched = sys.stderr.isatty()
        self._last = clock.monotonic()

    def tell(self, progress: Progress) -> None:
        """Say it, unless it was said just now."""
        now = clock.monotonic()
        if now - self._last < (_WATCHED_EACH if self._is_watched else _TOLD_EACH):
            return
        self._last = now
        self._say(progress)

    def _say(self, progress: Progress) -> None:
        rate = progress.played / max(progress.seconds, 0.001)
        what = "making it smaller" if progress.is_shrinking else "all hold so far"
        seen = ", ".join(
            f"{name} {count}" for name, count in progress.effects.most_common(_SHOWN_EFFECTS)
        )
        kinds = len(progress.effects)
        line = f"{progress.played} schedules, {rate:.1f}/s, {what}; {kinds} kinds: {seen}, …"
        if self._is_watched:
            click.echo(f"\r\x1b[K{line[:118]}", err=True, nl=False)
        else:
            click.echo(line, err=True)

    def end(self, progress: Progress) -> None:
        """Say the last of it."""
        if progress.played:
            self._say(progress)
        if self._is_watched:
            click.echo("", err=True)
