"""What a store has recorded, searched there: only what may match comes from it."""

from __future__ import annotations

from toggle_mock.assertions.view import RecordingView, search
from toggle_mock.errors import StorageError
from toggle_mock.extras import extras
from toggle_mock.matching import Matchable
from toggle_mock.recording.files import place_of
from toggle_mock.recording.playback import Player
from toggle_mock.recording.postgres.url import StoreUrl
from toggle_mock.recording.recorder import unlimited
from toggle_mock.recording.records import RecordedEvent


def find_stored(
    url: StoreUrl | str, matcher: Matchable = None, *, limit: int | None = None
) -> list[RecordedEvent]:
    """The events of a run that match, in the order of their arrival.

    They are those that :func:`load` and a search find. Whatever the query says of ``level``,
    ``category`` and ``payload``, of ``event_id``, ``rid``, ``sub``, ``peer`` and ``batch_id`` that
    are equal to something, and of ``after`` and ``before``, is looked up in the store; the rest is
    asked of the events that are left.

    Args:
        url: ``postgresql://HOST/DATABASE?run=NAME``.
        matcher: What is searched for; see :data:`Matchable`.
        limit: How many of the latest that match are wanted; None for all. With it no more is read
            than is needed.

    Raises:
        StorageError: The store cannot be used, or has no such run.
        ValueError: The limit is negative.
        TypeError: It is no matcher.
        QueryError: It is text, but no query; or it asks for what no event can have.
        MissingExtraError: A store needs the extra ``postgres``.

    Example:
        ``find_stored("postgresql://db/recordings?run=nightly", "level:ERROR rid:r7")``
    """
    place = place_of(url)
    if not isinstance(place, StoreUrl):
        raise StorageError(f"{place} is no URL of a store: give it to load()")
    if limit is not None and limit < 0:
        raise ValueError(f"limit is {limit}: give how many events are wanted, or None for all")
    with extras():  # loaded only where it is asked for
        from toggle_mock.matching.narrowing import bound_of  # noqa: PLC0415
        from toggle_mock.recording.postgres import asking, bounds  # noqa: PLC0415
        from toggle_mock.recording.postgres.connecting import reading  # noqa: PLC0415
        from toggle_mock.recording.postgres.run import run_of  # noqa: PLC0415

    with reading(place) as connection:
        run = run_of(connection, place)
        about = unlimited()
        asking.play_schemas(connection, place, run, Player(about))
        wanted = RecordingView(about).checked(matcher)
        bound: bounds.Bound = bound_of(wanted, bounds.OF_ARRIVAL)
        if about.schema is None:  # else the store knows its events by another schema
            kinds = asking.kinds_that(connection, run, lambda kind: wanted.judge(kind) is not False)
            if kinds is None:
                return []
            bound = bounds.all_of(bound_of(wanted, {*bounds.TEXTS, "timestamp"}), kinds)
        found: list[RecordedEvent] = []
        for calls in asking.matching(connection, run, bound, limit):
            recording = unlimited()
            player = Player(recording)
            asking.play_calls(connection, place, run, player, calls)
            player.end()
            numbers = {one.call for one in calls}
            events = search(recording.batches, wanted, about.schema)
            found[:0] = [event for event in events if event.batch.call.number in numbers]
            if limit is not None and len(found) >= limit:
                break
    return found if limit is None else found[max(0, len(found) - limit) :]
