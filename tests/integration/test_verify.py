"""``toggle-mock verify``: what it says of Rodents that are right, wrong, or no Rodents at all."""

import json
import os
import signal
import subprocess
import sys
import uuid
import xml.etree.ElementTree as ET

import psutil
import pytest
from click.testing import CliRunner
from support.commands import TOGGLE_MOCK
from support.judging import FAST, ROOT

from toggle_mock.cli.main import main

pytestmark = pytest.mark.slow

DRIVER = (sys.executable, "-m", "toggle_mock.contract.driver", "--pace", "0.01")
SOWN = (sys.executable, str(ROOT / "tests" / "support" / "sown" / "rodent.py"))

READY = """echo '{"ready": true}'; """


def answering_stats(otherwise: str = ":") -> str:
    """A driver in shell that answers the first command if that is stats; what it does else."""
    return (
        READY + """while read line; do case "$line" in *stats*) echo '{"id": 1, "stats": {}}';; """
        f"*) {otherwise};; esac; done"
    )


SOON = [f"--time={name}" for name in ("start=0.1", "answer=0.1", "stop=0.1", "slack=1.5")]
IN_TIME = [
    *(f"--time={name}={getattr(FAST.times, name)}" for name in FAST.times.__struct_fields__),
    *(f"--env={name}={value}" for name, value in FAST.environment.items()),
]
RETRY = "retry.same-bytes"
REGISTER = "register.before-connect"


def verify(*arguments: str):
    return CliRunner().invoke(main, ["verify", "rodent", *arguments])


@pytest.fixture
def mark(wait_until):
    """What marks all processes of the test's programs in their environment; none must stay."""
    mark = uuid.uuid4().hex
    yield mark
    wait_until(lambda: not marked(mark))


def marked(mark: str) -> list[psutil.Process]:
    """The processes that run with this in their environment."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("MARK") == mark and process.status() != "zombie":
                found.append(process)
        except psutil.Error:  # it has ended, or is somebody else's
            continue
    return found


def judged_shell(mark: str, script: str, *options: str):
    return verify(*SOON, "--emit=driver", f"--env=MARK={mark}", *options, "--", "sh", "-c", script)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo no config >&2; exit 3", "it has ended with exit code 3; it has printed 'no config'"),
        ("kill -SEGV $$", "it has ended by SIGSEGV"),
        ("echo hello; exec sleep 600", "within 1.65 s, but 'hello', which is no answer"),
        ("exec sleep 600", """has not printed {"ready": true} within 1.65 s"""),
        (READY + "exec sleep 600", "has not printed an answer to stats within 1.65 s"),
        (READY + "exec 1>&-; exec sleep 600", "an answer to stats: it has closed its stdout"),
        ("exec yes flood", "within 1.65 s, but 'flood', which is no answer"),
        ("sleep 600 & echo no; exit 1", "it has ended with exit code 1; it has printed 'no'"),
    ],
)
def test_what_is_no_driver_is_told_once(mark, script, said):
    result = judged_shell(mark, script)
    text = " ".join(result.stdout.split())
    assert result.exit_code == 2, result.output
    assert said in text
    assert text.count("failed:") == 1
    assert "rodent not judged: 1 failed" in text
    assert "alone: toggle-mock verify rodent --emit driver --env MARK=" in text


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["./no-such-rodent"], "./no-such-rodent cannot be started: No such file or directory"),
        (["sleep", "600"], "it has not called Toggle at all within 1.65 s"),
        (["sh", "-c", "echo usage; exit 64"], "it has ended with exit code 64; it has printed 'us"),
    ],
)
def test_what_calls_no_toggle_is_told_once(mark, command, said):
    result = verify(*SOON, f"--env=MARK={mark}", "--", *command)
    assert result.exit_code == 2, result.output
    assert said in " ".join(result.stdout.split())
    assert "rodent not judged" in result.stdout


def test_reports_are_written_of_what_cannot_be_judged_too(mark, tmp_path):
    files = [f"--junit={tmp_path / 'j.xml'}", f"--json={tmp_path / 'r.json'}", "--markdown"]
    result = judged_shell(mark, "exit 3", *files)
    assert "**rodent not judged: 1 failed" in result.stdout
    assert json.loads((tmp_path / "r.json").read_text())["exit_code"] == 2
    assert len(list(ET.parse(tmp_path / "j.xml").iter("failure"))) == 1


def test_a_program_that_dies_in_the_middle(mark):
    script = answering_stats("echo out of memory >&2; exit 7")
    result = judged_shell(mark, script, "--case", RETRY, "--time=batch=0.1", "--time=retry=0.1")
    assert result.exit_code == 5, result.output
    text = " ".join(result.stdout.split())
    assert "it has ended with exit code 7; it has printed 'out of memory'" in text


@pytest.mark.parametrize(
    ("before", "note"),
    [
        ("trap '' TERM; ", "it does not end by SIGTERM, and is killed: it still runs"),
        ("sleep 600 & ", "it ends, and leaves processes behind"),
        ("seq 200000; ", "it floods stdout: 1,288,"),
    ],
)
def test_what_is_remarkable_is_noted(mark, before, note):
    times = ["--time=batch=0.1", "--time=retry=0.1", "--time=start=20"]
    result = judged_shell(mark, before + answering_stats(), *times, "--case", RETRY)
    assert f"note: {note}" in result.stdout
    assert "the driver has not printed an answer to emit within 1.6 s" in result.stdout
    assert result.exit_code == 5


@pytest.mark.parametrize(
    ("number", "script"),
    [
        (signal.SIGINT, READY + "echo >>{seen}; sleep 600 & exec sleep 600"),
        (signal.SIGTERM, "sleep 600 & " + answering_stats("echo >>{seen}")),
    ],
    ids=["while it is tried out", "amid the cases"],
)
def test_an_interrupt_leaves_nothing_running(mark, wait_until, tmp_path, number, script):
    seen = tmp_path / "seen"
    times = [f"--time={name}=60" for name in ("answer", "slack")]
    options = ["--emit=driver", f"--env=MARK={mark}", *times, "--time=batch=0.1"]
    command = ["sh", "-c", script.replace("{seen}", str(seen))]
    process = subprocess.Popen(
        [TOGGLE_MOCK, "verify", "rodent", *options, "--case", RETRY, "--", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    wait_until(seen.exists, 60)
    assert marked(mark)
    process.send_signal(number)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert f"interrupted by {number.name}, of 1 cases: no case was run" in out
    assert list(tmp_path.iterdir()) == [seen]


# Right and wrong Rodents


@pytest.fixture(scope="module")
def breach(tmp_path_factory):
    """A run in which one case passes, one fails, and one does not apply; and all its reports."""
    folder = tmp_path_factory.mktemp("reports")
    os.environ["GITHUB_STEP_SUMMARY"] = str(folder / "summary.md")
    try:
        result = verify(
            *IN_TIME,
            *("--emit=driver", "--env=API_TOKEN=abcdefgh", "--without=tls", "--without=register"),
            *(f"--junit={folder / 'j.xml'}", f"--json={folder / 'r.json'}", "--github"),
            *("--case", RETRY, "--case", REGISTER, "--", *SOWN, "new-batch-ids", *DRIVER[3:]),
        )
    finally:
        del os.environ["GITHUB_STEP_SUMMARY"]
    return result, folder


def test_a_breach_is_told_with_its_rule_its_story_and_how_to_repeat_it(breach):
    result, _ = breach
    assert result.exit_code == 5
    assert f"failed            {RETRY} (" in result.stderr
    text = result.stdout
    assert f"failed: {RETRY} (must) - A retry has the id and the bytes of the first try" in text
    assert "  seen:   the first try was " in text
    assert "Rodent SendEvents #" in text
    assert "it ends with UNAVAILABLE" in text
    assert f"not applicable:\n  the program has no register: {REGISTER}\n" in text
    assert "rodent failed: 1 failed, 1 not applicable (" in text
    (alone,) = [line for line in text.splitlines() if line.startswith("  alone:")]
    assert f"toggle-mock verify rodent --case {RETRY} --emit driver" in alone
    assert "'API_TOKEN=…'" in alone
    assert "abcdefgh" not in text
    assert "--without tls --without register --time start=" in alone
    assert alone.endswith(f"-- {SOWN[0]} {SOWN[1]} new-batch-ids --pace 0.01")
    assert "junit" not in alone


def test_the_other_reports_say_the_same(breach):
    result, folder = breach
    data = json.loads((folder / "r.json").read_text())
    assert data["counts"]["failed"] == data["counts"]["not applicable"] == 1
    (failed,) = [one for one in data["cases"] if one["standing"] == "failed"]
    assert failed["id"] == RETRY
    assert any("SIGTERM" in one["what"] or "SendEvents" in one["what"] for one in failed["story"])
    root = ET.parse(folder / "j.xml").getroot()
    assert [case.get("name") for case in root.iter("testcase") if case.find("failure") is not None]
    assert f"::error title=failed%3A {RETRY} - " in result.stdout
    assert f"<b>failed: {RETRY}</b>" in (folder / "summary.md").read_text()


def test_a_right_rodent_passes_and_a_known_failure_that_passes_is_to_be_struck(tmp_path):
    known = tmp_path / "known.txt"
    known.write_text(f"# since May\n{RETRY}\n")
    options = [*IN_TIME, "--emit=driver", f"--known-failing={known}"]
    result = verify(*options, "--case", RETRY, "--case", REGISTER, "--", *DRIVER)
    assert result.exit_code == 5, result.output
    assert "strike it from the list" in result.stdout
    assert "rodent failed: 1 passed, 1 no longer failing (" in result.stdout


def test_the_driver_of_the_documentation_is_one():
    without = ["--without=register", "--without=connect"]
    result = verify(
        *IN_TIME,
        *("--emit=driver", *without, "--case", RETRY, "--case", REGISTER),
        *("--", sys.executable, str(ROOT / "examples" / "driver.py")),
    )
    assert result.exit_code == 0, result.output
    assert "rodent passed: 1 passed, 1 not applicable (" in result.stdout


def test_a_known_failure_does_not_fail_the_run(mark, tmp_path):
    known = tmp_path / "known.txt"
    known.write_text(RETRY)
    script = answering_stats("exit 7")
    options = ["--case", RETRY, "--time=batch=0.1", f"--known-failing={known}"]
    result = judged_shell(mark, script, *options)
    assert result.exit_code == 0, result.output
    assert "rodent passed: 1 known failing (" in result.stdout


def test_a_run_in_which_no_case_applies_fails_and_starts_nothing():
    result = verify("--case", RETRY, "--", "./no-such-rodent")
    assert result.exit_code == 2
    assert f"the program has no events: {RETRY}" in result.stdout
    assert "rodent not judged: 1 not applicable (" in result.stdout


def test_a_file_says_what_options_may_and_the_command_runs_where_it_is(mark, tmp_path):
    (tmp_path / "agent.sh").write_text("cat $1; pwd; exit 9")
    (tmp_path / "agent.conf").write_text("target=${TOGGLE_ADDRESS} dir=${EVENTS_DIR} $HOME_IS")
    (tmp_path / "contract.yml").write_text(
        f"""
command: [sh, ./agent.sh, "{{config}}"]
config_template: agent.conf
environment: {{MARK: {mark}}}
times: {{start: 0.1}}
"""
    )
    result = verify("--config", str(tmp_path / "contract.yml"), "--time=slack=5")
    text = " ".join(result.stdout.split())
    assert result.exit_code == 2, result.output
    assert "target=127.0.0.1:" in text
    assert "/events $HOME_IS" in text
    assert f"{tmp_path}" in text
    assert "it has ended with exit code 9" in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--case=retry.same-byte", "--", "x"], "no case retry.same-byte, did you mean retry.same"),
        (["--group=retri", "--", "x"], "there is no group retri, did you mean retry?"),
        (["--emit=drivr", "--", "x"], "emit is 'drivr': give one of driver, nothing, stimuli"),
        (["--profile=all", "--", "x"], "profile is 'all': give one of guarantees, published"),
        (["--feature=tsl", "--", "x"], "a feature is 'tsl': give one of register, connect, tls"),
        (["--without=diks", "--", "x"], "did you mean disk?"),
        (["--time=retri=1", "--", "x"], "'retri' means nothing here, did you mean retry?"),
        (["--time=retry=soon", "--", "x"], "retry is 'soon': give a number"),
        (["--time=retry", "--", "x"], "--time is 'retry': give NAME=SECONDS"),
        (["--env=A", "--", "x"], "--env is 'A': give NAME=VALUE"),
        (["--emit=stimuli", "--", "x"], "emit is stimuli, and there are none"),
        ([], "there is no command that starts the Rodent: give it after --"),
    ],
)
def test_a_mistake_is_told_with_what_would_be_right(arguments, said):
    result = verify(*arguments)
    assert result.exit_code in {1, 2}
    assert said in " ".join(result.output.split())


def test_the_list_has_each_case_that_is_asked_for():
    result = verify("--list", "--group=retry")
    assert result.exit_code == 0
    head, *rows = result.output.splitlines()
    assert head.split() == ["case", "severity", "needs", "title"]
    assert all(row.startswith("retry.") for row in rows)
    assert any(row.split()[:3] == [RETRY, "must", "events"] for row in rows)


def test_all_options_and_what_follows_from_them_are_told():
    text = " ".join(verify("--help").output.split())
    assert "exit code is 0 if it passes, 5 if a case fails" in text
    assert "[COMMAND]..." in text
