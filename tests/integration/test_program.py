"""Programs that behave badly: what is found out about each, and that nothing of it stays."""

import os
import time

import psutil
import pytest

from toggle_mock import ContractError
from toggle_mock.contract.cases import Case
from toggle_mock.contract.driver_protocol import Driver, Replies
from toggle_mock.contract.program import Program
from toggle_mock.contract.runner import Suite
from toggle_mock.contract.verdicts import Breach, Verdict

pytestmark = pytest.mark.slow

READY = """echo '{"ready": true}'; """


@pytest.fixture
def start(tmp_path):
    """Starts a program of the shell; it is closed after the test."""
    started = []

    def start(script: str, on_line=None) -> Program:
        program = Program(["sh", "-c", script], {"PATH": os.environ["PATH"]}, tmp_path, on_line)
        started.append(program)
        return program

    yield start
    for program in started:
        program.close()


@pytest.fixture
def drive(start):
    """The same, with its driver."""

    def drive(script: str) -> Driver:
        replies = Replies()
        return Driver(start(script, replies.take), replies)

    return drive


def runs(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["./no-such-rodent"], "./no-such-rodent cannot be started: No such file or directory"),
        (["."], r"\. cannot be started: Permission denied"),
    ],
)
def test_what_cannot_be_started_is_an_error(tmp_path, command, said):
    with pytest.raises(ContractError, match=said):
        Program(command, {}, tmp_path)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ContractError, match=r"No such file or directory: .*/gone"):
        Program(["true"], {}, tmp_path / "gone")


def test_how_it_has_ended_is_told_with_its_last_words(start):
    program = start("echo no config >&2; exit 3")
    assert program.wait(20) == 3
    with pytest.raises(Breach, match="it has ended with exit code 3; it has printed 'no config'"):
        program.must_run()
    killed = start("kill -9 $$")
    killed.wait(20)
    assert killed.ended() == "it has ended by SIGKILL and printed nothing"


def test_children_end_with_it_also_those_that_hold_its_stdout(start, wait_until):
    children = []
    program = start("sleep 1000 & echo $!; exit 0", lambda line: children.append(int(line)))
    assert program.wait(20) == 0
    (child,) = wait_until(lambda: children)
    assert runs(child)
    assert program.has_left_processes
    program.close()
    wait_until(lambda: not runs(child))
    assert not program.has_left_processes


def test_a_program_that_is_closed_twice_ends_nobody_else(start):
    program = start("exec sleep 1000")
    program.close()
    program.close()
    program.end_group()
    assert program.exit_code == -9


def test_a_program_that_leaves_its_stdin_unread_holds_nobody_up(start, drive):
    program = start("exec sleep 1000")
    with pytest.raises(TimeoutError):
        program.write("x" * 1_000_000, timeout=0.1)
    driver = drive(READY + "exec sleep 1000")
    driver.wait_ready(20)
    with pytest.raises(Breach, match="the driver does not read its stdin: emit, command 1, cannot"):
        driver.ask("emit", {"metadata": {"k": "x" * 1_000_000}}, 0.1)


def test_what_is_long_is_written_whole_to_who_reads_slowly(start):
    lines = []
    program = start("sleep 0.1; head -c 1000003 | wc -c", lines.append)
    program.write("x" * 1_000_000)
    program.write("y")
    program.wait(20)
    assert list(map(int, lines)) == [1_000_003]


def test_a_program_that_has_closed_its_stdin_is_told_as_that(drive):
    driver = drive("exec 0<&-; " + READY + "exec sleep 1000")
    driver.wait_ready(20)
    with pytest.raises(Breach, match="it does not read commands: it runs"):
        driver.ask("stats", {}, 20)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("exit 0", r'printed \{"ready": true\}: it has ended with exit code 0 and printed nothing'),
        ("echo out of memory; exit 1", "it has ended with exit code 1; .*out of memory"),
        ("exec 1>&-; exec sleep 1000", "it has closed its stdout"),
    ],
)
def test_who_can_answer_no_more_is_not_waited_for(drive, script, said):
    driver = drive(script)
    begin = time.monotonic()
    with pytest.raises(Breach, match=said):
        driver.wait_ready(60)
    assert time.monotonic() - begin < 50


def test_last_words_count(drive):
    driver = drive(READY + """read line; echo '{"id": 1, "stats": {"n": 1}}'; exit 4""")
    driver.wait_ready(20)
    assert driver.ask("stats", {}, 20)["stats"] == {"n": 1}
    with pytest.raises(Breach, match="exit code 4"):
        driver.ask("stats", {}, 20)


def test_answers_may_come_in_any_order_and_errors_are_told(drive):
    driver = drive(
        READY
        + """read a; read b; echo '{"id": 2, "accepted": 2}'; echo '{"id": 1, "error": "no"}'
        exec sleep 1000"""
    )
    first, second = driver.give("emit", {}), driver.give("emit", {})
    assert driver.answer(second, "emit", 20)["accepted"] == 2
    assert driver.reply(first, "emit", 20)["error"] == "no"
    with pytest.raises(Breach, match=r"(?m)printed an answer to emit within 0.01 s$"):
        driver.answer(3, "emit", 0.01)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("exec yes", "within 1 s, but 'y', which is no answer; [0-9,]{5,} bytes in all"),
        ("exec tr '\\0' x </dev/zero", "within 1 s, but "),
        ("printf 'no line'; exec sleep 1000", "within 1 s, but 7 bytes without an end of line"),
    ],
)
def test_a_flood_and_noise_are_told_and_do_not_fill_memory(drive, script, said):
    before = psutil.Process().memory_info().rss
    with pytest.raises(Breach, match=said):
        drive(script).wait_ready(1)
    assert psutil.Process().memory_info().rss - before < 200 * 1024 * 1024


# The run as a whole


class Sleeping:
    """A rig whose program only sleeps."""

    def __init__(self, _case_id, folder, _story) -> None:
        self.program = Program(["sleep", "1000"], {"PATH": os.environ["PATH"]}, folder)
        self.output = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.program.close()


def sleeping_suite(judge, count: int = 3) -> Suite:
    said = {"title": "t", "rule": "r", "source": "s", "cost": "c"}
    cases = [Case(f"sleep.n{number}", judge=judge, **said) for number in range(count)]
    return Suite(cases, Sleeping, frozenset(), {})


def test_who_stops_in_the_middle_ends_all_programs():
    pids = []

    def judge(rig):
        pids.append(rig.program.pid)
        if len(pids) > 1:
            rig.program.wait(600)

    results = sleeping_suite(judge).run(jobs=3)
    assert next(results).verdict is Verdict.PASSED
    begin = time.monotonic()
    results.close()
    assert time.monotonic() - begin < 60
    assert not any(map(runs, pids))


def test_what_goes_wrong_in_a_case_stays_in_it():
    def judge(rig):
        return 1 / 0

    for result in sleeping_suite(judge, 2).run(jobs=2):
        assert result.verdict is Verdict.INCONCLUSIVE
        assert result.text == "the suite itself failed: ZeroDivisionError: division by zero"
        assert "return 1 / 0" in result.output["traceback"]
