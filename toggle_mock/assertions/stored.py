"""What a store has recorded, searched there: only what may match comes from it."""

from __future__ import annotations

from toggle_mock.assertions.view import RecordingView, search
from toggle_mock.errors import StorageError
from toggle_mock.extras import extras
from toggle_mock.matching import Matchable
from toggle_mock.recording.files import place_of
from toggle_mock.recording.playback import Player
from toggle_mock.recording.postgres.url import StoreUrl
from toggle_mock.recording.recorder import Recording
from toggle_mock.recording.records import Kind, RecordedEvent


def find_stored(url: StoreUrl | str, matcher: Matchable = None) -> list[RecordedEvent]:
    """The events of a run that match, in the order of their arrival.

    They are those that :func:`load` and a search find. Whatever the query says of ``level``,
    ``category`` and ``payload``, of ``event_id``, ``rid``, ``sub``, ``peer`` and ``batch_id`` that
    are equal to something, and of ``after`` and ``before``, is looked up in the store; the rest is
    asked of the events that are left.

    Args:
        url: ``postgresql://HOST/DATABASE?run=NAME``.
        matcher: What is searched for; see :data:`Matchable`.

    Raises:
        StorageError: The store cannot be used, or has no such run.
        TypeError: It is no matcher.
        QueryError: It is text, but no query; or it asks for what no event can have.
        MissingExtraError: A store needs the extra ``postgres``.

    Example:
        ``find_stored("postgresql://db/recordings?run=nightly", "level:ERROR rid:r7")``
    """
    place = place_of(url)
    if not isinstance(place, StoreUrl):
        raise StorageError(f"{place} is no URL of a store: give it to load()")
    with extras():  # loaded only where it is asked for
        from toggle_mock.matching.narrowing import bound_of  # noqa: PLC0415
        from toggle_mock.recording.postgres.asking import (  # noqa: PLC0415
            OF_ARRIVAL,
            TEXTS,
            play_matching,
            play_schemas,
        )
        from toggle_mock.recording.postgres.connecting import reading  # noqa: PLC0415
        from toggle_mock.recording.postgres.run import run_of  # noqa: PLC0415

    recording = Recording(max_bytes=1 << 62, max_calls=1 << 62)
    player = Player(recording)
    with reading(place) as connection:
        run = run_of(connection, place)
        play_schemas(connection, place, run, player)
        wanted = RecordingView(recording).checked(matcher)
        if recording.schema is None:
            bound = bound_of(wanted, {*TEXTS, "timestamp"})

            def may_match(kind: Kind) -> bool:
                return wanted.judge(kind) is not False

            play_matching(connection, place, run, player, bound, may_match=may_match)
        else:  # the store knows its events by the project's own schema
            play_matching(connection, place, run, player, bound_of(wanted, OF_ARRIVAL))
    player.end()
    return list(search(recording.batches, wanted, recording.schema))
