"""What cases for a Toggle are made of, and what is said of a Toggle."""

import pytest

from rodent_events.pb.base_pb2 import EventBatch
from toggle_mock.contract.cases import all_cases
from toggle_mock.contract.filling import PLACES
from toggle_mock.contract.settings import TOGGLE_FEATURES, ToggleContract, ToggleTimes
from toggle_mock.contract.toggle.batches import (
    Batches,
    batch_with_unknown_fields,
)
from toggle_mock.contract.toggle.catalogue import GROUPS
from toggle_mock.errors import FaultSpecError

CASES = list(all_cases(GROUPS))


def test_there_are_forty_cases_and_more_with_ids_of_their_own():
    assert len({case.id for case in CASES}) == len(CASES) >= 40


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_case_says_what_it_is_about(case):
    assert all((case.title, case.rule, case.source, case.cost, case.judge.__doc__))
    assert not case.title.endswith(".")
    assert case.rule.endswith(".")
    assert case.cost.endswith(".")
    given = {"key", "public_key", "foreign_jwt", "revoke", "observe", "tls"}
    assert set(case.needs) <= given | set(TOGGLE_FEATURES)
    assert all(hasattr(ToggleTimes(), name) for name in case.waits)


@pytest.mark.parametrize("size", [300, 1_000, 65_536, 4 * 1024 * 1024])
def test_a_batch_has_the_size_that_it_is_asked_for(size):
    assert Batches("mark").batch_of_size(size).ByteSize() == size


def test_a_batch_cannot_be_smaller_than_its_event():
    with pytest.raises(ValueError, match="no batch of one event has 10 bytes"):
        Batches("mark").batch_of_size(10)


def test_an_event_of_each_type_has_all_fields_set():
    events = Batches("mark").filled()
    assert len(events) == len(PLACES)
    for event, place in zip(events, PLACES.values(), strict=True):
        payload = getattr(getattr(event, place.wrapper.name), place.member.name)
        in_oneofs = [field for field in place.descriptor.fields if field.containing_oneof]
        assert len(payload.ListFields()) >= len(place.descriptor.fields) - len(in_oneofs)


def test_unknown_fields_are_on_each_level_and_change_nothing_else():
    batch = Batches("mark").batch(2)
    raw = batch_with_unknown_fields(batch)
    read = EventBatch.FromString(raw)
    assert len(raw) - len(batch.SerializeToString()) > 2 * 3 * 5
    read.DiscardUnknownFields()
    assert read == batch


def test_events_are_numbered():
    batches = Batches("mark")
    numbers = [event.metadata["suite_number"] for event in [*batches.events(2), batches.event()]]
    assert numbers == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"jwt": "a", "jwt_key": "b"}, "either jwt or jwt_key is given"),
        ({"observe": "a", "observe_command": "b"}, "either observe or observe_command is given"),
        ({"jwt_algorithm": "HS512"}, "jwt_algorithm is 'HS512': give one of ES256, HS256, RS256"),
        ({"features": ["hartbeat"]}, "features is"),
        ({"times": {"answr": 1}}, "did you mean answer"),
        ({"max_message_bytes": 3}, "max_message_bytes is 3"),
    ],
)
def test_what_means_nothing_of_a_toggle_is_refused(said, problem):
    with pytest.raises(FaultSpecError, match=problem):
        ToggleContract.read(said)


@pytest.mark.parametrize(
    ("said", "abilities"),
    [
        ({"jwt": "a"}, {"register", "connect"}),
        ({"jwt_key": "a"}, {"register", "connect", "key"}),
        ({"jwt_key": "a", "jwt_algorithm": "ES256", "features": []}, {"key", "public_key"}),
        ({"features": [], "tls": True}, {"tls"}),
        ({"features": [], "to": "https://toggle:443"}, {"tls"}),
        ({"features": [], "ca": "a", "observe": "b"}, {"tls", "observe"}),
        ({"features": [], "observe_command": "a", "revoke_command": "b"}, {"observe", "revoke"}),
        ({"features": [], "foreign_jwt": "a"}, {"foreign_jwt"}),
    ],
)
def test_what_cases_may_need_follows_from_what_is_said(said, abilities):
    assert ToggleContract.read(said).abilities == abilities
