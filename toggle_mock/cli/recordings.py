"""``toggle-mock recordings``: the runs of a store in PostgreSQL."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import click

from rodent_events.payload_types import snake_case
from toggle_mock.cli.options import Duration, Size, StoreType
from toggle_mock.recording.records import Kind, category_name, level_name
from toggle_mock.recording.text import printable
from toggle_mock.tables import aligned

if TYPE_CHECKING:
    from toggle_mock.recording.postgres.runs import StoredRun
    from toggle_mock.recording.postgres.url import StoreUrl

F = TypeVar("F", bound=Callable[..., Any])


@click.group()
def recordings() -> None:
    """List, show, compare and delete the recordings of a store in PostgreSQL."""


def _store_option(command: F) -> F:
    return click.option(
        "--store",
        type=StoreType(),
        required=True,
        envvar="TOGGLE_MOCK_STORE",
        show_envvar=True,
        metavar="URL",
        help="The store, postgresql://HOST/DATABASE.",
    )(command)


def _json_option(command: F) -> F:
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")(
        command
    )


@recordings.command(name="list")
@_store_option
@_json_option
def list_runs(store: StoreUrl, as_json: bool) -> None:
    """List the runs, the oldest first."""
    from toggle_mock.recording.postgres.connecting import reading
    from toggle_mock.recording.postgres.runs import stored_runs

    with reading(store) as connection:
        runs = stored_runs(connection)
    _print_runs(runs, as_json=as_json)


@recordings.command()
@click.argument("name")
@_store_option
@_json_option
def show(name: str, store: StoreUrl, as_json: bool) -> None:
    """Show how many events of each kind the run NAME has."""
    kinds = _kinds(store, name)
    rows = [(kind, kinds[kind]) for kind in sorted(kinds)]
    if as_json:
        _print_objects({**_kind_object(kind), "events": count} for kind, count in rows)
    else:
        table = [(*_kind_cells(kind), str(count)) for kind, count in rows]
        _print_table(("level", "category", "payload", "events"), table)


@recordings.command()
@click.argument("name")
@click.argument("other")
@_store_option
@_json_option
def compare(name: str, other: str, store: StoreUrl, as_json: bool) -> None:
    """Compare how many events of each kind the runs NAME and OTHER have.

    Those that differ come first. The exit code is 1 if one differs.
    """
    one, two = _kinds(store, name), _kinds(store, other)
    kinds = sorted(one.keys() | two.keys(), key=lambda kind: (one[kind] == two[kind], kind))
    if as_json:
        _print_objects(
            {**_kind_object(kind), "here": one[kind], "there": two[kind]} for kind in kinds
        )
    else:
        rows = [(*_kind_cells(kind), str(one[kind]), str(two[kind])) for kind in kinds]
        _print_table(("level", "category", "payload", name, other), rows)
    if one != two:
        sys.exit(1)


@recordings.command()
@click.option(
    "--older-than",
    type=Duration(),
    help="Delete those to which nothing was added for so long: 30d.",
)
@click.option("--keep", type=click.IntRange(0), help="Keep so many of the newest.")
@click.option(
    "--max-size", type=Size(), help="Keep so much of the newest, in bytes of messages, as 10GB."
)
@click.option("--dry-run", is_flag=True, help="Only show which would be deleted.")
@_store_option
@_json_option
def prune(
    older_than: float | None,
    keep: int | None,
    max_size: float | None,
    dry_run: bool,
    store: StoreUrl,
    as_json: bool,
) -> None:
    """Delete the runs that a limit lets go, and list them; never one that is being recorded."""
    from toggle_mock.recording.postgres.connecting import reading
    from toggle_mock.recording.postgres.runs import expired, forget, stored_runs

    if older_than is None and keep is None and max_size is None:
        raise click.UsageError("give a limit: --older-than, --keep or --max-size")
    with reading(store) as connection:
        gone = expired(
            stored_runs(connection),
            datetime.now(UTC),
            older_than=None if older_than is None else timedelta(seconds=older_than),
            keep=keep,
            max_size=max_size,
        )
        if not dry_run:
            gone = forget(connection, gone)
    _print_runs(gone, as_json=as_json)


@recordings.command()
@_store_option
def migrate(store: StoreUrl) -> None:
    """Make the tables of a store, or bring them up to date, as their owner."""
    from toggle_mock.recording.postgres.runs import prepare

    click.echo(f"{store.store} is of version {prepare(store)}.")


def _kinds(store: StoreUrl, name: str) -> Counter[Kind]:
    from toggle_mock.recording.postgres.connecting import reading
    from toggle_mock.recording.postgres.run import run_of
    from toggle_mock.recording.postgres.runs import kinds_of

    with reading(store) as connection:
        found = run_of(connection, replace(store, run=name))
        return kinds_of(connection, found.run, found.day)


def _kind_cells(kind: Kind) -> tuple[str, str, str]:
    payload = snake_case(kind.payload_type.removesuffix("Payload"))
    return level_name(kind.level), category_name(kind.category), payload or "(no payload)"


def _kind_object(kind: Kind) -> dict[str, object]:
    return {
        "level": level_name(kind.level),
        "category": category_name(kind.category),
        "payload": snake_case(kind.payload_type.removesuffix("Payload")),
    }


def _print_runs(runs: Sequence[StoredRun], *, as_json: bool) -> None:
    if as_json:
        _print_objects(map(_run_object, runs))
    else:
        head = ("name", "begun", "written", "calls", "events", "bytes", "in use")
        _print_table(head, [_run_cells(run) for run in runs])


def _run_object(run: StoredRun) -> dict[str, object]:
    return {
        "name": run.name,
        "begun": run.begun.timestamp(),
        "written": run.written.timestamp(),
        "calls": run.calls,
        "events": run.events,
        "bytes": run.size,
        "in_use": run.in_use,
    }


def _run_cells(run: StoredRun) -> tuple[str, ...]:
    times = (f"{one.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" for one in (run.begun, run.written))
    counts = map(str, (run.calls, run.events, run.size))
    return run.name, *times, *counts, "yes" if run.in_use else ""


def _print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    for line in aligned([head, *rows]):
        click.echo(printable(line))


def _print_objects(objects: Iterable[dict[str, object]]) -> None:
    for one in objects:
        click.echo(json.dumps(one))
