"""All that the packages raise, log and warn of has a code, and each code is explained."""

import ast
import copy
import inspect
import io
import logging
import pickle
import re
import subprocess
import sys
import traceback
import warnings
from functools import cache
from pathlib import Path

import pytest
from support.modules import modules_of

import rodent_events
import rodent_events.codes
import toggle_mock
import toggle_mock.codes
from rodent_events.__main__ import main as rodent_events_main
from toggle_mock import load_schema
from toggle_mock.compat import IncompatibleError, check
from toggle_mock.matching.where import where

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "troubleshooting.md").read_text()
PACKAGES = {rodent_events: rodent_events.codes.CODES, toggle_mock: toggle_mock.codes.CODES}
ROWS = [row for codes in PACKAGES.values() for row in codes.rows]
ROOT_ERRORS = {
    rodent_events: rodent_events.RodentEventsError,
    toggle_mock: toggle_mock.ToggleMockError,
}


@pytest.fixture(params=PACKAGES, ids=lambda package: package.__name__)
def package(request):
    return request.param


@pytest.fixture
def codes(package):
    return PACKAGES[package]


def error_classes(package):
    """Those that are not private: what is private is caught where it is raised."""
    assert list(modules_of(package))  # whose classes are known once they are loaded
    found, seen = [ROOT_ERRORS[package]], set()
    while found:
        kind = found.pop()
        found += [one for one in kind.__subclasses__() if one not in seen]
        seen.add(kind)
        if kind.__module__.startswith(f"{package.__name__}.") and not kind.__name__.startswith("_"):
            yield kind


@cache
def calls(package):
    """Those of methods and of functions of modules, each with its file."""
    return [
        (path.name, node)
        for path in sorted(Path(package.__file__).parent.rglob("*.py"))
        if "pb" not in path.parts  # generated, and large
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]


LEVELS = {"warning": 0, "error": 0, "exception": 0, "critical": 0, "log": 1}
"""The methods that log what has a code, each with the place of its text."""


def told_texts(package):
    """What is logged and warned of, before values are put into it."""
    for file, call in calls(package):
        match call.func:
            case ast.Attribute(ast.Name("logger"), method) if method in LEVELS:
                text = call.args[LEVELS[method]]
            case ast.Attribute(ast.Name("CODES"), "text"):
                (text, *_) = call.args
            case _:
                continue
        assert isinstance(text, ast.Constant), f"{file}:{call.lineno} has no text to be looked up"
        yield text.value


def test_each_error_has_a_code_and_each_code_of_an_error_its_error(package, codes):
    names = sorted(f"{kind.__module__}.{kind.__qualname__}" for kind in error_classes(package))
    assert names == sorted(row.of for row in codes.rows if row.is_error)
    assert len(names) >= 11


def test_each_line_of_the_log_and_each_warning_has_a_code_and_no_code_is_left_over(package, codes):
    told = set(told_texts(package))
    assert told == {row.of for row in codes.rows if not row.is_error}
    assert len(told) >= 13


def test_nothing_is_logged_or_warned_of_but_with_its_code(package):
    loggers = set()
    for file, call in calls(package):
        match call.func:
            case ast.Attribute(ast.Name("logging"), "getLogger"):
                loggers.add(file)
            case ast.Attribute(ast.Name("logging"), method):
                assert method not in LEVELS, f"{file}:{call.lineno}"
            case ast.Attribute(ast.Name("warnings"), "warn"):
                assert ast.unparse(call.args[0]).startswith("CODES.text("), f"{file}:{call.lineno}"
    assert loggers <= {"code_table.py", "locustfile.py"}  # which quiets another library's


def test_no_code_is_given_twice_and_each_is_of_its_kind():
    numbers = [row.code for row in ROWS]
    assert len(set(numbers)) == len(numbers)
    assert numbers == sorted(numbers)
    for package, kinds in zip(PACKAGES, ("12", "34"), strict=True):
        for row in PACKAGES[package].rows:
            assert re.fullmatch(rf"RE-{kinds[0 if row.is_error else 1]}\d\d", row.code), row
    assert len({row.of for row in ROWS}) == len(ROWS)


def test_each_code_has_an_anchor_and_each_anchor_a_code():
    anchors = re.findall(r"^### (RE-\d+) .*\{ #(re-\d+) \}$", PAGE, re.MULTILINE)
    assert [code for code, _ in anchors] == [row.code for row in ROWS]
    assert all(anchor == code.lower() for code, anchor in anchors)
    assert set(re.findall(r"\(#(re-\d+)\)", PAGE)) <= {anchor for _, anchor in anchors}


def shown(error):
    return "".join(traceback.format_exception(error))


def make(kind):
    """An error of a class, with whatever its arguments have to be."""
    if kind is IncompatibleError:
        return kind(check(load_schema("2025-09-17"), load_schema("2025-09-17"), examples=0))
    required = [
        parameter
        for parameter in inspect.signature(kind.__init__).parameters.values()
        if parameter.default is parameter.empty
        and parameter.kind is parameter.POSITIONAL_OR_KEYWORD
    ]
    return kind(*["why"] * max(1, len(required) - 1))


def test_a_traceback_has_the_code_of_what_was_raised(package, codes):
    code_of = {row.of: row.code for row in codes.rows}
    for kind in error_classes(package):
        error = make(kind)
        code = code_of[f"{kind.__module__}.{kind.__qualname__}"]
        assert error.__notes__ == [codes.note(kind)]
        assert shown(error).endswith(f"\n{code}: {COMMANDS[package]} {code}\n")
        assert "RE-" not in str(error)


COMMANDS = {
    rodent_events: "python -m rodent_events explain",
    toggle_mock: "toggle-mock explain",
}


@pytest.mark.parametrize(
    "error",
    [
        rodent_events.ConfigError("why"),
        rodent_events.SpoolError(28, "no room"),
        toggle_mock.NotConnectedError("why"),
        toggle_mock.QueryError("why", 3),
    ],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))]
)
def test_a_copy_has_the_note_once_and_what_was_added(error, copied):
    error.__notes__[1:] = ["another"]
    again = copied(error)
    assert (str(again), again.__notes__) == (str(error), error.__notes__)
    assert len(again.__notes__) == 2
    assert vars(again) == vars(error)


def test_what_is_derived_from_an_error_has_its_code():
    class NoRoomError(rodent_events.SpoolError):
        def __init__(self, *, path):
            super().__init__(f"no room in {path}")

    class ConfigError(toggle_mock.ToggleMockError):
        """Of the same name as another's."""

    assert str(NoRoomError(path="/x")) == "no room in /x"
    assert NoRoomError(path="/x").__notes__[0].startswith("RE-106: ")
    assert ConfigError("why").__notes__[0].startswith("RE-300: ")


def test_an_error_that_is_raised_again_or_is_a_cause_has_its_note_once():
    error = toggle_mock.StorageError("why")
    for _ in range(3):
        with pytest.raises(toggle_mock.StorageError):
            raise error
    outer = toggle_mock.RemoteError("no")
    outer.__cause__ = error
    assert shown(outer).count("RE-308: ") == shown(outer).count("RE-315: ") == 1


def test_arguments_errno_and_text_are_what_they_were():
    error = rodent_events.SpoolError(28, "no room")
    assert (error.args, error.errno, error.strerror) == ((28, "no room"), 28, "no room")
    assert str(error) == "[Errno 28] no room"
    assert toggle_mock.MissingExtraError("no click", name="click").name == "click"


def test_a_line_of_the_log_ends_with_its_code(package, codes):
    logger = logging.getLogger(package.__name__)
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logger.addHandler(handler)
    try:
        for row in codes.rows:
            if row.is_error or row.of.startswith(("%s wants", "%s\n")):  # those two are warnings
                continue
            values = [
                7.5 if "f" in one or "d" in one else "x"
                for one in re.findall(r"%[.\d]*[a-z]", row.of)
            ]
            logger.warning(row.of, *values)
            assert stream.getvalue().endswith(f" [{row.code}]\n")
            assert "%" not in stream.getvalue()
    finally:
        logger.removeHandler(handler)


@pytest.mark.parametrize("message", ["a program's own %s", "on_drop raised [RE-210]", {"a": 1}, 7])
def test_what_has_no_code_is_logged_as_it_is(message, caplog):
    arguments = ["line"] if "%s" in str(message) else []
    logging.getLogger("rodent_events").warning(message, *arguments)
    assert caplog.messages == [str(message) % tuple(arguments)]


def test_what_is_less_than_a_warning_has_no_code(caplog):
    caplog.set_level(logging.DEBUG)
    text = next(row.of for row in ROWS if row.code == "RE-206")
    logging.getLogger("rodent_events").debug(text, "b", 1, "UNAVAILABLE", "m", "RETRY", 1.0)
    (message,) = caplog.messages
    assert message.endswith("next send in 1.0 s")


def test_a_warning_ends_with_its_code():
    with pytest.warns(UserWarning, match=r"quotes stand around text \[RE-412\]\Z"):
        where(pool_name="ta*")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserWarning, match="RE-412"):
            where(pool_name="ta*")


# explain


def test_each_package_explains_its_codes(package, codes):
    for row in codes.rows:
        first, _, why, _, help_ = codes.explained(row.code).splitlines()
        assert first == f"{row.code}: {row.title}"
        assert (why, help_) == (f"Why: {row.cause}", f"What helps: {row.remedy}")


@pytest.mark.parametrize("asked", ["RE-106", "re-106", "RE106", "106", " re 106 ", "SpoolError"])
def test_a_code_is_found_as_people_write_it(asked, capsys):
    assert rodent_events_main(["explain", asked]) == 0
    assert capsys.readouterr().out.startswith("RE-106: SpoolError\n")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("RE-112", "there is no code 'RE-112': did you mean RE-111 or RE-110?"),
        ("RE-301", "those from RE-300 on are explained by toggle-mock explain"),
        ("SpolError", "did you mean SpoolError"),
        ("", "they go from RE-100 to RE-"),
        ("x" * 100_000, "they go from RE-100 to RE-"),
    ],
)
def test_an_unknown_code_is_answered_with_the_nearest(asked, told, capsys):
    assert rodent_events_main(["explain", asked]) == 1
    assert told in capsys.readouterr().err


def test_settings_that_are_wrong_do_not_keep_a_code_from_being_explained(monkeypatch, capsys):
    monkeypatch.setenv("RODENT_EVENTS_BATCH_SIZE", "many")
    assert rodent_events_main(["ls"]) == 1
    assert capsys.readouterr().err.endswith("\nRE-101: python -m rodent_events explain RE-101\n")
    assert rodent_events_main(["explain", "RE-101"]) == 0


@pytest.mark.parametrize("code", ["RE-106", "RE-301", "RE-407"])
def test_the_command_of_the_mock_explains_all(code):
    from click.testing import CliRunner

    from toggle_mock.cli.main import main

    done = CliRunner().invoke(main, ["explain", code])
    assert (done.exit_code, done.output.split(":")[0]) == (0, code)


def test_the_command_of_the_mock_tells_the_nearest_and_its_errors_have_their_code(tmp_path):
    from click.testing import CliRunner

    from toggle_mock.cli.main import main

    done = CliRunner().invoke(main, ["explain", "RE-324"])
    assert done.exit_code == 1
    assert done.output.startswith("Error: there is no code 'RE-324': did you mean RE-323 or")
    file = tmp_path / "recording.txt"
    file.touch()
    done = CliRunner().invoke(main, ["view", str(file)])
    assert done.exit_code == 1
    assert done.output.endswith("\nRE-308: toggle-mock explain RE-308\n")


def test_whoever_has_no_click_gets_explained_how_to_get_it():
    program = (
        "import sys; sys.modules['click'] = None; sys.argv[1:] = {}\n"
        "from toggle_mock.__main__ import main; main()"
    )

    def run(*arguments):
        return subprocess.run(
            [sys.executable, "-c", program.format(list(arguments))],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    done = run("explain", "RE-316")
    assert (done.returncode, done.stdout.split("\n")[0]) == (0, "RE-316: MissingExtraError")
    missing = run("serve").stderr
    assert missing.startswith("toggle-mock: click is not installed")
    assert missing.endswith("\nRE-316: toggle-mock explain RE-316\n")
    assert run("explain").stderr.startswith("toggle-mock: there is no code ''")
