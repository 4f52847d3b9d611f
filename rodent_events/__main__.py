"""``python -m rodent_events``: for bug reports, what lies in a spool folder, what codes mean."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

from google.protobuf.json_format import MessageToDict

from rodent_events.bus import EventBus
from rodent_events.code_table import with_notes
from rodent_events.codes import CODES, ELSEWHERE
from rodent_events.config import EventConfig
from rodent_events.debug import settings_info
from rodent_events.disk.files import FolderLockedError
from rodent_events.disk.folder import check_unused
from rodent_events.disk.listing import listed
from rodent_events.errors import RodentEventsError
from rodent_events.pb.base_pb2 import EventBatch

_PROGRAM = "python -m rodent_events"

Command: TypeAlias = Callable[[EventConfig, argparse.Namespace], int]


def main(arguments: list[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: Those of the command line unless they are given.

    Returns:
        The exit status.
    """
    parsed = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = parsed.command
    try:
        return command(parsed)
    except RodentEventsError as error:
        return _fail(error)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=_PROGRAM,
        description="What a bug report needs, what lies in a spool folder, and what a code means.",
    )
    parser.set_defaults(command=_configured(_info))
    parser.add_argument("--config", metavar="FILE", help="rodent.yml; else as for initialize()")
    parser.add_argument("--events-dir", type=Path, metavar="DIR", help="the spool folder")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for name, command, text in (
        ("info", _info, "print versions, settings and files, without secrets (the default)"),
        ("ls", _ls, "list the files of the spool, with the events that wait in each"),
        ("cat", _cat, "print the events that wait, oldest first, as JSON, one a line"),
    ):
        subparser = commands.add_parser(name, help=text, description=text)
        subparser.set_defaults(command=_configured(command))
    drain = commands.add_parser("drain", help="deliver what waits in the spool, and end")
    drain.add_argument("--timeout", type=float, default=60.0, metavar="SECONDS")
    drain.set_defaults(command=_configured(_drain))
    explain = commands.add_parser("explain", help="say what a code means, such as RE-101")
    explain.add_argument("code", metavar="CODE", help="the code, or the name of an error")
    explain.set_defaults(command=_explain)
    return parser


def _configured(command: Command) -> Callable[[argparse.Namespace], int]:
    """A command that wants the settings too."""
    return lambda parsed: command(
        EventConfig.load(parsed.config, events_dir=parsed.events_dir), parsed
    )


def _explain(parsed: argparse.Namespace) -> int:
    try:
        return _print([CODES.explained(parsed.code)])
    except LookupError as error:
        error.add_note(ELSEWHERE)
        return _fail(error)


def _info(config: EventConfig, _parsed: argparse.Namespace) -> int:
    return _print([settings_info(config)])


def _ls(config: EventConfig, _parsed: argparse.Namespace) -> int:
    return _print(_rows(config.events_dir))


def _rows(folder: Path) -> Iterator[str]:
    total = 0
    for segment, wrong in listed(folder):
        total += segment.count
        note = f"  {getattr(wrong, 'reason', wrong)}" if wrong else ""
        unit = "event " if segment.count == 1 else "events"
        yield f"{segment.count:>8} {unit} {segment.size:>12} bytes  {segment.path.name}{note}"
    yield f"{total:>8} {'event waits' if total == 1 else 'events wait'} in {folder}"


def _cat(config: EventConfig, _parsed: argparse.Namespace) -> int:
    return _print(
        json.dumps(MessageToDict(event, preserving_proto_field_name=True))
        for segment, wrong in listed(config.events_dir)
        if not isinstance(wrong, OSError)
        for batch in segment.batches()
        for event in EventBatch.FromString(batch.data).events
    )


def _drain(config: EventConfig, parsed: argparse.Namespace) -> int:
    try:
        check_unused(config.events_dir)
    except FolderLockedError:
        sys.stderr.write(f"{_PROGRAM}: an agent uses {config.events_dir}, and delivers it itself\n")
        return 1
    with EventBus(config, require_disk=True) as bus:
        delivered = bus.flush(parsed.timeout)
        stats = bus.get_stats()
    _print([f"{stats['delivered']} of {stats['recovered']} events were delivered."])
    if not delivered:
        health = stats["health"]
        sys.stderr.write(
            f"{_PROGRAM}: {stats['waiting']} events still wait, {stats['quarantined']} are "
            f"quarantined; {health['last_error']}: {health['remedy']}\n"
        )
    return 0 if delivered else 1


def _fail(error: Exception) -> int:
    sys.stderr.write(f"{_PROGRAM}: {with_notes(error)}\n")
    return 1


def _print(lines: Iterator[str] | list[str]) -> int:
    for line in lines:
        sys.stdout.write(f"{line}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
