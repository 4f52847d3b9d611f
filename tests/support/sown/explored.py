"""Faults of delivery that ``toggle-mock explore`` must find: an agent that forks, with one sown in.

``python tests/support/sown/explored.py FAULT DESCRIPTOR`` is the server that forks, see
``toggle_mock.contract.explore.fork_server``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from rodent_events import account, buffer, client, ids, retry_policy, worker
from rodent_events.disk import segment, store
from rodent_events.ledger import Place
from rodent_events.pb.base_pb2 import EventBatch


@dataclass(frozen=True)
class Sown:
    """A fault, and what there is to complain of."""

    sow: Callable[[], None]
    complaint: str
    """The kind of the complaint that is about it."""


def dropped_after_three_tries() -> None:
    """A batch that has failed three times is forgotten."""
    worker.Worker._requeue = lambda self: self._buffer.acknowledge()


def new_batch_ids() -> None:
    """Each try has a batch id of its own."""
    send = client.EventClient._send

    def changed(self, data):
        batch = EventBatch.FromString(data)
        batch.batch_id = ids.new_id()
        return send(self, batch.SerializeToString())

    client.EventClient._send = changed


def cut_anew() -> None:
    """A batch of several events whose answer is lost is sent again in halves."""
    decide = worker.decide

    def changed(outcome, *, events, **rest):
        if outcome.status is retry_policy.Status.UNAVAILABLE and events > 1:
            return retry_policy.Decision(retry_policy.Action.SPLIT)
        return decide(outcome, events=events, **rest)

    worker.decide = changed


def rejected_is_retried_for_ever() -> None:
    """A batch that is refused for good is sent again and again, before all others."""
    decide = worker.decide

    def changed(outcome, **rest):
        if outcome.status is retry_policy.Status.INVALID_ARGUMENT:
            return retry_policy.Decision(retry_policy.Action.RETRY, 0.01)
        return decide(outcome, **rest)

    worker.decide = changed


def unavailable_is_delivered() -> None:
    """A status that it does not know well counts as delivered."""
    rules = dict(retry_policy.RULES)
    rules[retry_policy.Status.RESOURCE_EXHAUSTED] = retry_policy.Rule.ACKNOWLEDGE
    retry_policy.RULES = rules
    rule = retry_policy._rule

    def changed(outcome, policy):
        if outcome.status is retry_policy.Status.RESOURCE_EXHAUSTED and not outcome.too_large:
            return retry_policy.Rule.ACKNOWLEDGE
        return rule(outcome, policy)

    retry_policy._rule = changed


def memory_lost_at_sigterm() -> None:
    """What is only in memory at an orderly end is not brought to disk."""

    def close(self):
        while self._parts:
            self.ledger.move(self._parts.popleft().count, Place.IN_FLIGHT, Place.DELIVERED)
        self.ledger.move(len(self.memory.drain()), Place.MEMORY, Place.DELIVERED)
        self._store.release()

    buffer.EventBuffer.close = close
    buffer.EventBuffer.save = lambda self: None


def spool_not_read() -> None:
    """What earlier processes have left is not sent."""

    def open_(self):
        self._spool.take_folder()

    store.Store.open = open_


def later_ones_first() -> None:
    """A batch whose try has failed goes behind those that wait."""
    act = worker.Worker._act

    def changed(self, action, outcome):
        if action is retry_policy.Action.RETRY and len(self._buffer.memory.frames):
            parts, self._buffer._parts = self._buffer._parts, type(self._buffer._parts)()
            frames = [frame for part in parts for frame in part.single_frames()]
            self._buffer.ledger.move(len(frames), Place.IN_FLIGHT, Place.MEMORY)
            self._buffer.memory.frames.extend(frames)
            return
        act(self, action, outcome)

    worker.Worker._act = changed


def sent_again_after_a_restart() -> None:
    """What was delivered of a file is not noted, and the file is kept until the end."""
    segment.Segment.remove = lambda self: None
    segment.Segment._write_progress = lambda self: None


def first_half_only() -> None:
    """Of a batch that is split only the first half is sent."""

    def split(self):
        first, second = self._parts.popleft().halves()
        self.ledger.move(second.count, Place.IN_FLIGHT, Place.DELIVERED)
        self._parts.appendleft(first)

    buffer.EventBuffer.split = split


def counts_retries() -> None:
    """A try that has failed counts as delivered in the statistics."""
    init, stats = account.Account.__init__, account.Account.stats
    decide = worker.decide
    failures = []

    def anew(self, *arguments, **more):
        failures.clear()
        init(self, *arguments, **more)

    def changed(outcome, **rest):
        if outcome.status is not retry_policy.Status.OK:
            failures.append(rest["events"])
        return decide(outcome, **rest)

    def wrong(self):
        told = stats(self)
        return told | {"delivered": told["delivered"] + sum(failures)}

    worker.decide = changed
    account.Account.__init__, account.Account.stats = anew, wrong


def journal_too_late() -> None:
    """Accepted events wait in memory, with the journal too, and are written later."""
    init = store.Store.__init__

    def changed(self, *arguments):
        init(self, *arguments)
        self.takes_each = False

    store.Store.__init__ = changed


def neighbours_of_poison() -> None:
    """A batch with one bad event is quarantined as a whole."""
    decide = worker.decide

    def changed(outcome, **rest):
        decision = decide(outcome, **rest)
        if decision.action is retry_policy.Action.SPLIT and not outcome.too_large:
            return retry_policy.Decision(retry_policy.Action.QUARANTINE)
        return decision

    worker.decide = changed


def old_token() -> None:
    """It goes on with the token that it has read first."""
    from rodent_events import tokens

    current = tokens.TokenSource.current

    def changed(self):
        if not hasattr(self, "first"):
            self.first = current(self)
        return self.first

    tokens.TokenSource.current = changed


def two_at_once() -> None:
    """A batch whose answer is lost is sent twice by the next try."""
    send = client.EventClient._send
    failed = []

    def changed(self, data):
        outcome = send(self, data)
        if outcome.status is retry_policy.Status.OK and failed:
            failed.clear()
            return send(self, data)
        if outcome.status is not retry_policy.Status.OK:
            failed.append(data)
        return outcome

    client.EventClient._send = changed


def flush_says_yes() -> None:
    """A flush says that all is delivered whenever its time is over."""
    worker.Flush._answer = lambda self: self._over.set() or True


def new_times_on_a_retry() -> None:
    """A retry has a timestamp of its own, under the same id."""
    send = client.EventClient._send
    tries = {}

    def changed(self, data):
        batch = EventBatch.FromString(data)
        tries[batch.batch_id] = tries.get(batch.batch_id, -1) + 1
        batch.batch_timestamp += tries[batch.batch_id]
        return send(self, batch.SerializeToString())

    client.EventClient._send = changed


FAULTS: Mapping[str, Sown] = {
    "dropped-after-three-tries": Sown(dropped_after_three_tries, "lost"),
    "new-batch-ids": Sown(new_batch_ids, "re-cut"),
    "cut-anew": Sown(cut_anew, "re-cut"),
    "refused-for-ever": Sown(rejected_is_retried_for_ever, "restless"),
    "exhausted-is-delivered": Sown(unavailable_is_delivered, "lost"),
    "memory-lost-at-sigterm": Sown(memory_lost_at_sigterm, "lost"),
    "spool-not-read": Sown(spool_not_read, "lost"),
    "later-ones-first": Sown(later_ones_first, "reordered"),
    "sent-again-after-a-restart": Sown(sent_again_after_a_restart, "repeated"),
    "first-half-only": Sown(first_half_only, "untrue"),
    "counts-retries": Sown(counts_retries, "untrue"),
    "journal-too-late": Sown(journal_too_late, "lost"),
    "neighbours-of-poison": Sown(neighbours_of_poison, "lost"),
    "old-token": Sown(old_token, "restless"),
    "sent-twice-after-a-failure": Sown(two_at_once, "repeated"),
    "flush-says-yes": Sown(flush_says_yes, "untrue"),
    "new-times-on-a-retry": Sown(new_times_on_a_retry, "re-cut"),
}


def main() -> None:
    """Sow the fault, and be the server that forks."""
    from toggle_mock.contract.explore import fork_server

    FAULTS[sys.argv.pop(1)].sow()
    fork_server.main()


if __name__ == "__main__":
    main()
