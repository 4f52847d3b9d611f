"""What must be there of a recording: to wait for events, to assert what came and what did not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from operator import methodcaller
from typing import Final, TypeVar

import grpc

from rodent_events import clock
from toggle_mock.assertions import elsewhere, failures, snapshots
from toggle_mock.assertions.elsewhere import Note, Place
from toggle_mock.assertions.numbers import check_count, check_seconds
from toggle_mock.assertions.ordering import Step, follow
from toggle_mock.assertions.snapshot_text import check_ignored, count_of, snapshot_text
from toggle_mock.assertions.view import EVERYBODY, RecordingView, search
from toggle_mock.assertions.waits import Pause, Wait, block, spend
from toggle_mock.errors import NotReceivedError, SnapshotError, UnexpectedEventError
from toggle_mock.matching import Matchable, Matcher
from toggle_mock.recording.recorder import Recording
from toggle_mock.recording.records import MESSAGES, Events, RecordedCall, RecordedEvent
from toggle_mock.recording.scope import TIMEOUT, Scope
from toggle_mock.schema import Schema
from toggle_mock.wording import one_of

T = TypeVar("T")

_PAUSE = 0.3
"""Seconds without another event after which a snapshot is written."""

# pytest shows where the test asserts, not where in here it is found to fail.
__tracebackhide__: Final = methodcaller("errisinstance", AssertionError)


class Assertions(RecordingView):
    """What must be there of a recording, now or within some time; and what must not.

    Args:
        recording: What arrived.
        scope: Whose records are meant.
        schema: Under which events are read; None for the project's own.
    """

    def __init__(
        self, recording: Recording, scope: Scope = EVERYBODY, schema: Schema | None = None
    ) -> None:
        super().__init__(recording, scope, schema)
        self.notes: list[Note] = []
        """What each miss is to tell besides: functions without arguments that return lines."""

    @property
    def aio(self) -> AsyncAssertions:
        """The methods that wait, for asyncio and Trio."""
        return AsyncAssertions(self)

    # Waiting

    def wait_for(
        self, matcher: Matchable = None, *, count: int = 1, timeout: float = TIMEOUT
    ) -> list[RecordedEvent]:
        """Wait until so many matching events have arrived.

        Args:
            matcher: Which events; see :data:`toggle_mock.matching.matchers.Matchable`.
            count: How many are needed.
            timeout: Seconds.

        Returns:
            All matching events that arrived until then, ``count`` of them or more.

        Raises:
            NotReceivedError: There were fewer in time.
            TypeError: It is no matcher.
            QueryError: It is text, but no query; or it asks for what no event can have.
            ValueError: The count is less than 1, or the timeout no time.
        """
        return block(lambda: self._wait_for(matcher, count, timeout))

    async def _wait_for(
        self, matcher: Matchable, count: int, timeout: float
    ) -> list[RecordedEvent]:
        check_count(count, least=1)
        check_seconds("timeout", timeout)
        matches = self.checked(matcher)
        found = await self._gather(matches, lambda found: len(found) >= count, timeout)
        if len(found) < count:
            wanted = f"{failures.matching(count)}, received {len(found)}"
            late = await self._late(matches, count, timeout)
            raise NotReceivedError(
                self._miss([f"waited {timeout:g} s for {wanted}", *late], matches)
            )
        return found

    def wait_for_sequence(
        self, *matchers: Matchable, timeout: float = TIMEOUT
    ) -> list[RecordedEvent]:
        """Wait until events have arrived that match one after the other; others may stand between.

        Args:
            matchers: Which events, in their order.
            timeout: Seconds.

        Returns:
            One event for each matcher.

        Raises:
            NotReceivedError: The sequence was not complete in time.
        """
        return block(lambda: self._wait_for_sequence(matchers, timeout))

    async def _wait_for_sequence(
        self, matchers: Sequence[Matchable], timeout: float
    ) -> list[RecordedEvent]:
        check_seconds("timeout", timeout)
        wanted = [self.checked(matcher) for matcher in matchers]
        found: list[RecordedEvent] = []
        later: list[RecordedEvent] = []  # behind the last one that was found
        arrivals = self._arrivals(timeout)
        while (news := await arrivals.next()) is not None:
            if news.cleared:
                found, later = [], []
            for event in Events(news.batches, self.schema):
                later.append(event)
                if len(found) < len(wanted) and wanted[len(found)](event):
                    found.append(event)
                    later = []
            if len(found) == len(wanted):
                return found
        raise NotReceivedError(self._broken_sequence(wanted, found, later, timeout))

    def wait_for_call(
        self,
        method: str | None = None,
        *,
        status: str | grpc.StatusCode | None = None,
        count: int = 1,
        timeout: float = TIMEOUT,
    ) -> list[RecordedCall]:
        """Wait until so many calls have arrived.

        Args:
            method: ``Register``, ``Connect`` or ``SendEvents``; None for any.
            status: How they ended, such as ``UNAVAILABLE``, also as a StatusCode; None for any, and
                while they go on.
            count: How many are needed.
            timeout: Seconds.

        Raises:
            NotReceivedError: There were fewer in time.
            ValueError: There is no such method or status; the count is less than 1, or the timeout
                no time.
        """
        return block(lambda: self._wait_for_call(method, status, count, timeout))

    async def _wait_for_call(
        self, method: str | None, status: str | grpc.StatusCode | None, count: int, timeout: float
    ) -> list[RecordedCall]:
        check_count(count, least=1)
        check_seconds("timeout", timeout)
        if method is not None:
            one_of("method", method, MESSAGES)
        if isinstance(status, grpc.StatusCode):
            status = status.name
        elif status is not None:
            one_of("status", status, grpc.StatusCode.__members__)

        def mine() -> list[RecordedCall]:
            return [
                call
                for call in self.calls
                if method in {None, call.method} and status in {None, call.status}
            ]

        deadline = clock.monotonic() + timeout
        while True:
            version = self.recording.version
            if len(found := mine()) >= count:
                return found
            if clock.monotonic() >= deadline:
                break
            await Pause(self.recording, partial(self.recording.has_changed, version), deadline)
        wanted = " ".join(filter(None, [method or "call", status]))
        first = f"waited {timeout:g} s for {count} × {wanted}, received {len(found)}"
        lines = [first, *failures.calls(self.calls), *failures.refused(self.refusals)]
        raise NotReceivedError(failures.limited(lines))

    # Asserting

    def assert_received(
        self, matcher: Matchable = None, *, count: int | None = None, timeout: float = TIMEOUT
    ) -> list[RecordedEvent]:
        """Fail unless matching events arrive.

        Args:
            matcher: Which events.
            count: How many, neither more nor fewer; None for one or more.
            timeout: Seconds to wait for them.

        Raises:
            NotReceivedError: There were fewer in time.
            UnexpectedEventError: There are more.
        """
        return block(lambda: self._assert_received(matcher, count, timeout))

    async def _assert_received(
        self, matcher: Matchable, count: int | None, timeout: float
    ) -> list[RecordedEvent]:
        if count is not None:
            check_count(count, least=0)
        matches = self.checked(matcher)
        found = await self._wait_for(matches, count or 1, timeout) if count != 0 else []
        if count is not None and len(found := self.find(matches)) > count:
            first = f"expected {failures.matching(count)}, received {len(found)}"
            raise UnexpectedEventError(failures.unexpected(first, matches, found))
        return found

    def assert_not_received(self, matcher: Matchable = None, *, within: float = 0.0) -> None:
        """Fail if a matching event has arrived, or arrives within so many seconds.

        Raises:
            UnexpectedEventError: It did.
        """
        block(lambda: self._assert_not_received(matcher, within))

    async def _assert_not_received(self, matcher: Matchable, within: float) -> None:
        check_seconds("within", within)
        matches = self.checked(matcher)
        if found := await self._gather(matches, lambda found: len(found) > 0, within):
            first = f"expected no event that matches, received {len(found)}"
            raise UnexpectedEventError(failures.unexpected(first, matches, found))

    def assert_only(
        self, matcher: Matchable, *, count: int | None = None, no_refusals: bool = False
    ) -> list[RecordedEvent]:
        """Fail unless all events that have arrived match.

        Args:
            matcher: Which events.
            count: How many, neither more nor fewer; None for one or more.
            no_refusals: Whether to fail as :meth:`assert_no_refusals` does, too.

        Raises:
            UnexpectedEventError: There are others, or too many; or something was turned away.
            NotReceivedError: There are too few.
        """
        if count is not None:
            check_count(count, least=0)
        matches = self.checked(matcher)
        if no_refusals:
            self.assert_no_refusals()
        others = self.find(~matches)
        if others:
            first = f"expected only events that match, received {len(others)} other(s)"
            raise UnexpectedEventError(failures.unexpected(first, matches, others, misses=True))
        return self.assert_received(matches, count=count, timeout=0.0)

    def assert_no_refusals(self) -> None:
        """Fail if a call or a connection was turned away before Toggle could answer.

        What Toggle has answered with an error, for example since a token has expired, is a call
        with that status.

        Raises:
            UnexpectedEventError: One was.
        """
        if refusals := self.refusals:
            raise UnexpectedEventError(failures.turned_away(refusals))

    def assert_in_order(
        self, *steps: Matchable | tuple[Assertions, Matchable]
    ) -> list[RecordedEvent]:
        """Fail unless events have arrived that match one after the other; others may stand between.

        Args:
            steps: Matchers, in their order; of an event that is to arrive at another Toggle, that
                one and the matcher. Between Toggles the times of the calls' arrival decide.

        Raises:
            NotReceivedError: They have not.
            TypeError: One is neither.
        """
        places = [self._step(step) for step in steps]
        if all(place.view is self for place in places):
            matchers = [place.matches for place in places]
            return self.wait_for_sequence(*matchers, timeout=0.0)
        found, later = follow(places)
        if len(found) < len(places):
            other = places[len(found)].view
            assert isinstance(other, Assertions)  # as _step has seen to
            wanted = [place.matches for place in places]
            text = other._broken_sequence(wanted, found, later, 0.0)
            raise NotReceivedError(text)
        return found

    def _step(self, step: Matchable | tuple[Assertions, Matchable]) -> Step:
        if not isinstance(step, tuple):
            return Step(self, self.checked(step))
        match step:
            case (Assertions() as other, matcher):
                return Step(other, other.checked(matcher))
        raise TypeError(f"a step is {step!r}: give a matcher, or a Toggle and a matcher")

    def assert_snapshot(
        self,
        name: str,
        matcher: Matchable = None,
        *,
        ignore: Iterable[str] | str = (),
        count: int | None = None,
        timeout: float = TIMEOUT,
    ) -> list[RecordedEvent]:
        """Fail unless the matching events are those that a snapshot of the test has.

        It is in ``__snapshots__`` beside the test's file, as protobuf text with placeholders for
        ids, tokens and times, those of each Rodent in the order of arrival. ``pytest
        --toggle-snapshot-update`` writes it; a ``--snapshot-update`` of others does so too.

        Args:
            name: Its name, among those of the test.
            matcher: Which events.
            ignore: Keys of fields that it does not have, such as ``size_bytes``, ``metadata.host``
                or ``rid``; see :func:`where`.
            count: How many events to wait for; None for as many as the snapshot has. While it is
                written, for those that come without a longer pause.
            timeout: Seconds to wait for them.

        Returns:
            All matching events.

        Raises:
            SnapshotError: They are others, or there is no such snapshot.
            QueryError: It is text, but no query; it asks for what no event can have, or there is no
                such field to ignore.
            RuntimeError: It is not a test of pytest's that asks.
        """
        return block(lambda: self._assert_snapshot(name, matcher, ignore, count, timeout))

    async def _assert_snapshot(
        self,
        name: str,
        matcher: Matchable,
        ignore: Iterable[str] | str,
        count: int | None,
        timeout: float,
    ) -> list[RecordedEvent]:
        if count is not None:
            check_count(count, least=1)
        check_seconds("timeout", timeout)
        matches = self.checked(matcher)
        keys = check_ignored(ignore, self.schema)
        snapshot = snapshots.snapshot(name)
        stored = snapshot.read()
        writes = snapshot.is_to_be_written
        needed = count or (1 if writes or stored is None else count_of(stored))
        found = await self._gather(matches, lambda found: len(found) >= needed, timeout)
        found = await self._until_quiet(matches, found) if writes else self.find(matches)
        text = snapshot_text(found, keys)
        if writes and len(found) >= needed:
            if text != stored:
                snapshot.write(text)
            snapshot.test.written.add(snapshot.path)
        elif text != stored:
            if not found:
                first = f"waited {timeout:g} s for the events of the snapshot {name!r}, received 0"
                raise SnapshotError(self._miss([first], matches))
            notes = self._absent(matches, needed - len(found))
            raise SnapshotError(failures.differing(snapshot, stored, text, len(found), notes))
        return found

    # How

    async def _until_quiet(
        self, matches: Matcher, found: list[RecordedEvent]
    ) -> list[RecordedEvent]:
        """All matching events up to the first pause."""
        count = 0
        while len(found) > count:
            count = len(found)
            found = await self._gather(matches, partial(_is_longer, count), _PAUSE)
        return found

    def _absent(self, matches: Matcher, missing: int) -> list[str]:
        """What may explain that so many events are missing."""
        if missing <= 0:
            return []
        came = failures.Came([], self.calls, self.refusals)
        first = f"{failures.counted(missing, 'event')} did not arrive"
        return [first, *self._notes(matches), *failures.hindered(came)]

    async def _gather(
        self,
        matches: Matcher,
        enough: Callable[[list[RecordedEvent]], bool],
        timeout: float,
    ) -> list[RecordedEvent]:
        """All matching events up to when there are enough, or the time is over."""
        found: list[RecordedEvent] = []
        arrivals = self._arrivals(timeout)
        while (news := await arrivals.next()) is not None:
            found = [] if news.cleared else found
            found += search(news.batches, matches, self.schema)
            if enough(found):
                break
        return found

    async def _late(self, matches: Matcher, count: int, timeout: float) -> list[str]:
        """By how much it was too late, if it comes a little after the time is over."""
        over = clock.monotonic()
        patience = min(elsewhere.LATEST, timeout / 4)
        if not patience:
            return []
        found = await self._gather(matches, lambda found: len(found) >= count, patience)
        if len(found) < count:
            return []
        return elsewhere.late(found[count - 1], clock.monotonic() - over)

    def _miss(self, first: Sequence[str], matcher: Matcher) -> str:
        came = failures.Came(self.events, self.calls, self.refusals)
        return failures.miss(first, matcher, came, self._notes(matcher))

    def _places(self) -> Iterator[Place]:
        """Where an event may have come to, besides to where it is looked for."""
        cleared, batches = list(self.recording.cleared), self.recording.batches
        cleared += [batch for batch in batches if batch.call.number < self._first_call]
        mine = [batch for batch in cleared if self.scope.covers(batch.call)]
        yield Place("before clear(), or the beginning of the test", mine)
        others = [batch for batch in batches if not self.scope.covers(batch.call)]
        yield Place(elsewhere.OUT_OF_SCOPE, others)

    def _notes(self, matcher: Matcher) -> list[str]:
        """What may explain that something is missing, besides what arrived."""
        evicted = self.recording.evicted
        lines = [f"scope: {self.scope}"] if self.scope != EVERYBODY else []
        if evicted:
            lines.append(f"evicted: {evicted} older call(s), to keep the recording's limits")
        lines += elsewhere.found_in(self._places(), matcher, self.schema)
        return lines + elsewhere.noted(self.notes)

    def _broken_sequence(
        self,
        wanted: list[Matcher],
        found: list[RecordedEvent],
        later: list[RecordedEvent],
        timeout: float,
    ) -> str:
        step = len(found)
        waited = f"waited {timeout:g} s for" if timeout else "expected"
        first = f"{waited} a sequence of {len(wanted)} events, received {step} of it"
        after = f"; step {step + 1} did not come" + (f" after {found[-1]!r}" if found else "")
        came = failures.Came(later, self.calls, self.refusals)
        notes = self._notes(wanted[step])
        if found:
            earlier = Place("up to that one", self.batches)
            notes = [*elsewhere.found_in([earlier], wanted[step], self.schema), *notes]
        return failures.miss([first + after], wanted[step], came, notes, after=bool(found))


class AsyncAssertions:
    """The methods that wait, for asyncio and Trio: they do not block the loop.

    They take no thread of its executor, and who is cancelled waits no more.
    """

    def __init__(self, assertions: Assertions) -> None:
        self._assertions = assertions

    async def wait_for(
        self, matcher: Matchable = None, *, count: int = 1, timeout: float = TIMEOUT
    ) -> list[RecordedEvent]:
        """See :meth:`Assertions.wait_for`."""
        return await _wait(lambda: self._assertions._wait_for(matcher, count, timeout))

    async def wait_for_sequence(
        self, *matchers: Matchable, timeout: float = TIMEOUT
    ) -> list[RecordedEvent]:
        """See :meth:`Assertions.wait_for_sequence`."""
        return await _wait(lambda: self._assertions._wait_for_sequence(matchers, timeout))

    async def wait_for_call(
        self,
        method: str | None = None,
        *,
        status: str | grpc.StatusCode | None = None,
        count: int = 1,
        timeout: float = TIMEOUT,
    ) -> list[RecordedCall]:
        """See :meth:`Assertions.wait_for_call`."""
        wait = self._assertions._wait_for_call
        return await _wait(lambda: wait(method, status, count, timeout))

    async def assert_received(
        self, matcher: Matchable = None, *, count: int | None = None, timeout: float = TIMEOUT
    ) -> list[RecordedEvent]:
        """See :meth:`Assertions.assert_received`."""
        return await _wait(lambda: self._assertions._assert_received(matcher, count, timeout))

    async def assert_not_received(self, matcher: Matchable = None, *, within: float = 0.0) -> None:
        """See :meth:`Assertions.assert_not_received`."""
        await _wait(lambda: self._assertions._assert_not_received(matcher, within))

    async def assert_snapshot(
        self,
        name: str,
        matcher: Matchable = None,
        *,
        ignore: Iterable[str] | str = (),
        count: int | None = None,
        timeout: float = TIMEOUT,
    ) -> list[RecordedEvent]:
        """See :meth:`Assertions.assert_snapshot`."""
        return await _wait(
            lambda: self._assertions._assert_snapshot(name, matcher, ignore, count, timeout)
        )


def _is_longer(count: int, found: list[RecordedEvent]) -> bool:
    return len(found) > count


async def _wait(begin: Callable[[], Wait[T]]) -> T:
    """Wait without blocking the loop; a miss is not shown with the frames of a thread."""
    try:
        return await spend(begin)
    except (NotReceivedError, SnapshotError, UnexpectedEventError) as error:
        raise error.with_traceback(None)  # noqa: B904 - it is the same one
