"""How many events of a type pass in a second, and what is told of the rest."""

import threading

import pytest
from support.delivery import assert_balanced
from support.payloads import PLACES

from rodent_events import (
    EVENT_LEVEL_DEBUG,
    EVENT_LEVEL_ERROR,
    ConfigError,
    EventBus,
    EventConfig,
    StoragePoolPayload,
    StorageTransferPayload,
)
from rodent_events.rate_limit import Rate, TokenBucket

POOL = StoragePoolPayload()
TRANSFER = StorageTransferPayload()


def passed(bucket, now, count=100):
    return sum(bucket.take(now) for _ in range(count))


def test_a_burst_passes_and_then_as_many_as_the_time_allows():
    bucket = TokenBucket(Rate(10, 5), 0.0)
    assert passed(bucket, 0.0) == 5
    assert passed(bucket, 0.05) == 0
    assert passed(bucket, 0.1) == 1
    assert passed(bucket, 0.4) == 3
    assert passed(bucket, 1000.0) == 5


def test_fractions_add_up():
    bucket = TokenBucket(Rate(0.25, 1), 0.0)
    assert [bucket.take(second) for second in range(9)] == [
        True, False, False, False, True, False, False, False, True,
    ]  # fmt: skip


def test_a_clock_that_goes_back_changes_nothing():
    bucket = TokenBucket(Rate(1, 1), 100.0)
    assert bucket.take(100.0)
    assert not bucket.take(50.0)
    assert not bucket.take(100.5)
    assert bucket.take(101.0)


def test_of_many_threads_no_more_pass_than_may():
    bucket = TokenBucket(Rate(1, 500), 0.0)
    counts = []
    threads = [
        threading.Thread(target=lambda: counts.append(passed(bucket, 0.0, 500))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counts) == 500


# The setting


@pytest.mark.parametrize(
    ("given", "rate"),
    [
        (100, Rate(100.0, 100)),
        (0.5, Rate(0.5, 1)),
        (2.5, Rate(2.5, 3)),
        ({"per_second": 10, "burst": 200}, Rate(10.0, 200)),
        (Rate(1.0, 2), Rate(1.0, 2)),
    ],
)
def test_a_rate_is_a_number_or_has_a_burst_too(given, rate):
    config = EventConfig(rate_limits={"storage_pool": given})
    assert config.rate_limits == {"storage_pool": rate}
    assert EventConfig.load(config, batch_size=5).rate_limits == config.rate_limits
    assert hash(config)


def test_each_payload_type_is_called_as_its_emitter():
    names = [place.emitter.removeprefix("emit_") for place in PLACES]
    assert EventConfig(rate_limits=dict.fromkeys(names, 1)).rate_limits.keys() == set(names)


def test_file_and_environment_say_the_same(tmp_path):
    wanted = {"storage_pool": Rate(100.0, 100), "data_transfer": Rate(0.5, 20)}
    path = tmp_path / "rodent.yml"
    path.write_text(
        "events:\n  rateLimits:\n    storage_pool: 100\n"
        "    data_transfer: {per_second: 0.5, burst: 20}\n"
    )
    text = "{storage_pool: 100, data_transfer: {per_second: 0.5, burst: 20}}"
    assert EventConfig.load(path, environ={}).rate_limits == wanted
    environ = {"RODENT_EVENTS_RATE_LIMITS": text}
    assert EventConfig.load(environ=environ).rate_limits == wanted


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"storage_pol": 1}, "names 'storage_pol', no payload type: did you mean storage_pool?"),
        ({"StoragePoolPayload": 1}, "did you mean"),
        ({"xyz": 1}, "known are: access_acl, access_permission, data_transfer"),
        ({7: 1}, "names 7, no payload type: known are"),
        (100, "rate_limits is int 100: give events per second by payload type"),
        (["storage_pool"], "rate_limits is list"),
        ({"storage_pool": 0}, r"rate_limits.storage_pool is int 0: give events per second"),
        ({"storage_pool": True}, "rate_limits.storage_pool is bool True"),
        ({"storage_pool": None}, "rate_limits.storage_pool is None"),
        ({"storage_pool": "100"}, "rate_limits.storage_pool is str '100'"),
        ({"storage_pool": {"burst": 1}}, "or both per_second and burst"),
        ({"storage_pool": {"per_second": -1, "burst": 1}}, "rate_limits.storage_pool.per_second"),
        ({"storage_pool": {"per_second": 1, "burst": 0.5}}, "rate_limits.storage_pool.burst"),
    ],
)
def test_what_is_wrong_is_told_with_the_remedy(given, told):
    with pytest.raises(ConfigError, match=told.replace("(", r"\(").replace("?", r"\?")):
        EventConfig(rate_limits=given)


@pytest.mark.parametrize("text", ["{storage_pool: ", "storage_pool=100"])
def test_what_is_wrong_in_the_environment_is_told(text):
    with pytest.raises(ConfigError, match=r"(?i)rate_limits is .*give events per second by"):
        EventConfig.load(environ={"RODENT_EVENTS_RATE_LIMITS": text})


# The bus


@pytest.fixture
def clock(monkeypatch):
    """The time that buses see."""
    now = [1000.0]
    monkeypatch.setattr("rodent_events.bus.clock.monotonic", lambda: now[0])
    return now


@pytest.fixture
def bus(clock, tmp_path):
    bus = EventBus(events_dir=tmp_path, rate_limits={"storage_pool": 3})
    yield bus
    bus.shutdown()


def test_what_is_beyond_is_dropped_and_counted(bus, clock):
    ids = [bus.emit(POOL) for _ in range(5)]
    assert [event_id is not None for event_id in ids] == [True] * 3 + [False] * 2
    clock[0] += 1 / 3 + 0.001
    assert bus.emit(POOL)
    assert not bus.emit(POOL)
    stats = assert_balanced(bus)
    assert stats["dropped_by_reason"] == {"rate_limited": {"INFO STORAGE": 3}}
    assert (stats["emitted"], stats["waiting"], stats["dropped"]) == (7, 4, 3)


def test_other_types_are_not_limited_and_what_is_filtered_takes_nothing(bus):
    for _ in range(10):
        assert bus.emit(TRANSFER)
        assert not bus.emit(POOL, level=EVENT_LEVEL_DEBUG)
    assert [bus.emit(POOL) is not None for _ in range(4)] == [True] * 3 + [False]
    stats = assert_balanced(bus)
    assert stats["filtered"] == 10


def test_all_levels_and_sources_of_a_type_share_the_limit(bus):
    for source in ("a", "b", "c"):
        assert bus.emit(POOL, source=source)
    assert not bus.emit(POOL, level=EVENT_LEVEL_ERROR)
    assert bus.get_stats()["dropped_by_reason"] == {"rate_limited": {"ERROR STORAGE": 1}}


def test_the_hook_is_not_asked_about_what_is_dropped(clock, tmp_path):
    seen = []
    bus = EventBus(
        events_dir=tmp_path,
        rate_limits={"storage_pool": 1},
        before_emit=lambda event: seen.append(event) or event,
    )
    bus.emit(POOL)
    bus.emit(POOL)
    assert len(seen) == 1
    bus.shutdown()


def test_what_came_before_initialize_is_not_limited(bus, tmp_path):
    early = EventBus(events_dir=tmp_path / "early")
    for _ in range(10):
        early.emit(POOL)
    bus.take_over(early)
    assert bus.get_stats()["waiting"] == 10
    assert [bus.emit(POOL) is not None for _ in range(4)] == [True] * 3 + [False]


def test_a_forked_child_has_limits_of_its_own(bus):
    for _ in range(4):
        bus.emit(POOL)
    bus.after_fork()
    assert [bus.emit(POOL) is not None for _ in range(4)] == [True] * 3 + [False]
    assert bus.get_stats()["dropped"] == 1
