"""The Rodent in Go with the faults of the published one does what is asked of that one."""

import pytest
from click.testing import CliRunner
from support.go_driver import QUICK

from toggle_mock.cli.main import main

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),  # the first one may have to build it
]

FLAGS = QUICK | {
    "own-events": "true",
    "batch-timeout": "300ms",
    "register-again": "500ms",
    "redial": "200ms",
    "redial-max": "30s",
    "redial-refused": "1s",
}
"""Quick, but not so quick that its pauses were none."""

TIMES = {
    **dict.fromkeys(("retry", "outage", "connect"), 0.05),
    **dict.fromkeys(("batch", "register_again"), 0.5),
    **dict.fromkeys(("redial", "redial_refused", "token"), 1.0),
}

CASES = (
    *("register.*", "redial.slow-after-refusal", "content.payloads", "batching.*"),
    *("shutdown.*", "status.unavailable"),
)
"""Where the published one has ways of its own."""


def verify(program, profile, *cases):
    flags = [f"-{name}={value}" for name, value in FLAGS.items()]
    options = ["--emit", "driver", "--profile", profile]
    options += [part for name, value in TIMES.items() for part in ("--time", f"{name}={value}")]
    options += [part for case in cases for part in ("--case", case)]
    return CliRunner().invoke(
        main, ["verify", "rodent", *options, "--", str(program), "-published", *flags]
    )


def test_all_is_there_that_is_asked_of_the_published_one(go_program):
    done = verify(go_program, "published", *CASES)
    assert done.exit_code == 0, done.output
    assert "rodent passed" in done.output


def test_what_is_guaranteed_is_not(go_program):
    done = verify(go_program, "guarantees", "token.expired", "retry.rejected", "restart.spill-file")
    assert done.exit_code == 5, done.output
    assert "rodent failed: 2 failed, 1 warning" in done.output
