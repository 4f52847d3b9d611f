"""When a simulated Rodent dials again and sends again, without a clock."""

import grpc
import pytest

from toggle_mock.clients.profiles import Redialing, conduct_of

Code = grpc.StatusCode
REFUSALS = ["PERMISSION_DENIED", "UNAUTHENTICATED", "FAILED_PRECONDITION", "INVALID_ARGUMENT"]
EACH = pytest.mark.parametrize("profile", ["published", "guarantees"])


def middle(low, high):
    return (low + high) / 2


@EACH
@pytest.mark.parametrize("code", list(Code), ids=lambda code: code.name)
def test_after_a_stream_that_ended_with_a_status_the_pause_is_always_the_same(profile, code):
    redialing = Redialing(conduct_of(profile), middle)
    pauses = {redialing.after_status(code) for _ in range(10)}
    assert pauses == {60.0 if code.name in REFUSALS else 30.0}


def test_the_published_one_dials_five_times_and_never_again():
    redialing = Redialing(conduct_of("published"), middle)
    pauses = [redialing.after_status(Code.UNAVAILABLE)]
    pauses += [redialing.after_no_connection() for _ in range(5)]
    assert pauses == [30, 45, 67.5, 101.25, 151.875, None]
    assert redialing.after_no_connection() is None


def test_so_it_does_if_it_has_never_been_connected():
    redialing = Redialing(conduct_of("published"), middle)
    pauses = [redialing.after_no_connection() for _ in range(6)]
    assert pauses == [30, 45, 67.5, 101.25, 151.875, None]


def test_a_stream_in_between_lets_it_begin_anew():
    redialing = Redialing(conduct_of("published"), middle)
    for _ in range(3):
        redialing.after_no_connection()
    redialing.after_status(Code.OK)
    assert [redialing.after_no_connection() for _ in range(5)][-2:] == [151.875, None]


def test_a_guaranteeing_one_dials_for_ever_and_each_quarter_of_an_hour_at_least():
    redialing = Redialing(conduct_of("guarantees"), middle)
    pauses = [redialing.after_no_connection() for _ in range(10_000)]
    assert pauses[:5] == [30, 45, 67.5, 101.25, 151.875]
    assert set(pauses[10:]) == {900.0}


def test_a_pause_varies_by_a_tenth():
    asked = []

    def vary(low, high):
        asked.append((low, high))
        return high

    assert Redialing(conduct_of("published"), vary).after_no_connection() == pytest.approx(33)
    assert asked == [(0.9, 1.1)]


def test_a_batch_is_sent_three_times_or_until_it_is_taken():
    assert [conduct_of("published").send_pause(tries) for tries in (1, 2, 3)] == [1, 2, None]
    pauses = [conduct_of("guarantees").send_pause(tries) for tries in (1, 2, 3, 5, 6, 10**6)]
    assert pauses == [1, 2, 4, 16, 30, 30]
