"""A schedule that an agent must survive: what explore has found once stays a test."""

from toggle_mock.contract.explore import Schedule, play

SCHEDULE = {
    "settings": {"RODENT_EVENTS_SPOOL_MODE": "journal", "RODENT_EVENTS_BATCH_TIMEOUT": "0.05"},
    "steps": [
        {"answer": "lose_answer"},
        {"emit": 3},
        {"restart": "SIGKILL", "amid": "accepted"},
    ],
}


def test_nothing_is_lost_repeated_or_reordered():
    play(Schedule.read(SCHEDULE))
