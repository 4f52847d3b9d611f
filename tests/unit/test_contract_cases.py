"""What the cases for a Rodent are made of, without a Rodent."""

import pytest
from support.judging import RODENT_CASES
from support.sown.rodent import FAULTS

from toggle_mock.contract.cases import PROFILES
from toggle_mock.contract.filling import PLACES, filled, greatest, least
from toggle_mock.contract.rodent.catalogue import GROUPS
from toggle_mock.contract.rodent.door import ClientFrames
from toggle_mock.contract.settings import RODENT_FEATURES, RodentTimes
from toggle_mock.faults.first_bytes import PREFACE

_NEEDS = {*RODENT_FEATURES, "driver", "events", "slow_command"}


@pytest.mark.parametrize("case_id", RODENT_CASES)
def test_a_case_says_all_that_a_report_needs(case_id):
    case = RODENT_CASES[case_id]
    assert all((case.title, case.rule, case.source, case.cost))
    assert set(case.needs) <= _NEEDS
    assert set(case.waits) <= set(RodentTimes.__struct_fields__)
    assert set(case.profiles) <= set(PROFILES)


def test_no_two_cases_have_the_same_id():
    assert len(RODENT_CASES) == sum(len(group.cases) for group in GROUPS)


def test_each_case_catches_a_sown_fault():
    caught_by = {case_id for fault in FAULTS.values() for case_id in fault.caught_by}
    # gRPC for Python lets nobody ping so fast.
    assert set(RODENT_CASES) - caught_by == {"keepalive.not-too-fast"}
    assert not caught_by - set(RODENT_CASES)


def frame(kind: int, flags: int = 0, stream: int = 0, body: bytes = b"") -> bytes:
    head = len(body).to_bytes(3) + bytes([kind, flags]) + stream.to_bytes(4)
    return head + body


HEADERS, PING, GOAWAY = (
    frame(1, 4, 1, b"x" * 300),
    frame(6, 0, 0, b"p" * 8),
    frame(7, 0, 0, b"g" * 8),
)


@pytest.mark.parametrize("size", [1, 2, 8, 9, 10, 17, 1000])
@pytest.mark.parametrize(
    ("sent", "pings", "streams"),
    [
        ([], 0, 0),
        ([HEADERS], 0, 1),
        ([HEADERS, frame(0, 0, 1, b"data")], 0, 1),
        ([HEADERS, frame(0, 1, 1, b"data")], 0, 0),
        ([HEADERS, frame(3, 0, 1, b"why?")], 0, 0),
        ([HEADERS, frame(1, 5, 3, b"whole")], 0, 1),
        ([HEADERS, GOAWAY], 0, 0),
        ([HEADERS, PING, frame(6, 1, 0, b"p" * 8), PING], 2, 1),
    ],
)
def test_a_clients_frames_are_understood_in_whatever_pieces_they_come(size, sent, pings, streams):
    frames, data = ClientFrames(), PREFACE + frame(4) + b"".join(sent)
    for start in range(0, len(data), size):
        frames.take(data[start : start + size])
    assert (frames.pings, len(frames.streams)) == (pings, streams)


@pytest.mark.parametrize("name", PLACES)
def test_a_filled_payload_has_every_field(name):
    for message in (filled(name), filled(name, least), filled(name, greatest)):
        fields = {field.name for field, _ in message.ListFields()}
        assert fields == {field.name for field in message.DESCRIPTOR.fields}
