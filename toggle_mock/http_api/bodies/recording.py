"""The recording as a whole."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from msgspec import Meta

from toggle_mock.http_api.bodies.base import Answer, Body, InSession

RECORDING_FORMAT = "toggle-recording"
"""The format, as JSON Schema has it, of text that is a recording."""

Speed: TypeAlias = Annotated[float, Meta(ge=1, le=1e6, title="Speed")]


class Mark(Body):
    """A mark, and the feed to put it into."""

    feed: Annotated[str, Meta(description="As the first line of the feed names it.")]
    mark: Annotated[Any, Meta(description="What comes out of the feed again.")] = None


class LoadRecording(Body):
    """A recording, to be looked at as a session of its own."""

    name: Annotated[str, Meta(description="What it is called, such as its file.")]
    content: Annotated[
        str,
        Meta(
            description="Its entries, one JSON object a line (.ndjson).",
            extra_json_schema={"format": RECORDING_FORMAT},
        ),
    ]


class Replay(Body):
    """How to send recorded calls again."""

    speed: Annotated[
        Speed | None,
        Meta(description="How much faster than recorded; null for as fast as it goes."),
    ] = None


class Replayed(Answer):
    """What was sent again, and whether the mock has answered as it is recorded."""

    sent: Annotated[int, Meta(description="Calls.")]
    different: Annotated[list[str], Meta(description="What was answered otherwise.")]


class CompareRecordings(InSession):
    """Which two to compare."""

    other: Annotated[
        str | None, Meta(description="The other session; without it, the whole server.")
    ] = None


class Difference(Answer):
    """How many events of a kind are in each."""

    level: str
    category: str
    payload: str
    here: int
    there: int


class Comparison(Answer):
    """How many events of each kind two recordings have, those that differ first."""

    kinds: list[Difference]
