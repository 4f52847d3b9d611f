"""``toggle-mock verify``: a Rodent or a Toggle is judged, case by case."""

from __future__ import annotations

import os
import shlex
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import reduce, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click
from click.core import ParameterSource

from rodent_events import clock
from toggle_mock.cli.options import IN_FILE, OUT_FILE
from toggle_mock.cli.verify_progress import progress
from toggle_mock.contract.reports.clean import cleaned, is_secret, without_tokens
from toggle_mock.contract.settings import (
    RODENT_FEATURES,
    TOGGLE_FEATURES,
    RodentContract,
    ToggleContract,
    read_contract,
    replaced,
)
from toggle_mock.contract.standing import Run, in_words, notes_of
from toggle_mock.contract.verdicts import Result, Verdict
from toggle_mock.wording import one_of

if TYPE_CHECKING:
    from toggle_mock.contract.cases import Case
    from toggle_mock.contract.suites import Subject

F = TypeVar("F", bound=Callable[..., Any])
C = TypeVar("C", RodentContract, ToggleContract)

_STDOUT = "-"
"""Where Markdown goes if no file is named."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_FOLDER: Any = {"prefix": "toggle-verify-", "ignore_cleanup_errors": True}

_NOT_REPEATED = {
    *("cases", "groups", "command", "jwt"),
    *("jobs", "known_failing", "junit", "json", "markdown", "github"),
}
"""Options for all cases, which are not those of a case alone; and a secret."""

_EXIT_CODES = """The exit code is 0 if it passes, 5 if a case fails, or one passes that is known to
fail; 4 if there are but warnings, with --strict; 3 if a case was inconclusive; 1 or 2 if it could
not be judged, or no case applies."""


@click.group()
def verify() -> None:
    """Judge a Rodent or a Toggle as a black box, case by case."""


@dataclass(frozen=True)
class _Wishes:
    """What is asked of a run, whoever is judged."""

    cases: tuple[str, ...]
    groups: tuple[str, ...]
    list_cases: bool
    slow: bool
    jobs: int
    strict: bool
    known_failing: Path | None
    junit: Path | None
    json: Path | None
    markdown: str | None
    github: bool


def _run_options(command: F) -> F:
    """Add what is asked of a run; the command gets it as ``wishes``."""

    @wraps(command)
    def taking(**options: Any) -> Any:
        theirs = {name: options.pop(name) for name in _Wishes.__dataclass_fields__}
        return command(wishes=_Wishes(**theirs), **options)

    return reduce(
        lambda wrapped, option: option(wrapped), reversed(_RUN_OPTIONS), cast("F", taking)
    )


_RUN_OPTIONS: Sequence[Callable[[Any], Any]] = (
    click.option(
        "--feature", "features", multiple=True, metavar="NAME", help="Something that it can do too."
    ),
    click.option("--without", multiple=True, metavar="NAME", help="Something that it cannot do."),
    click.option(
        "--time",
        "times",
        multiple=True,
        metavar="NAME=SECONDS",
        help="How long it takes for something, such as retry=0.5.",
    ),
    click.option(
        "--case",
        "cases",
        multiple=True,
        metavar="ID",
        help="Run this case, or those of a pattern such as 'retry.*'; may be repeated.",
    ),
    click.option(
        "--group", "groups", multiple=True, metavar="NAME", help="Run the cases of this group."
    ),
    click.option("--list", "list_cases", is_flag=True, help="Print the cases, and run none."),
    click.option("--slow", is_flag=True, help="Run those too that wait for more than 10 s."),
    click.option(
        "--jobs",
        type=click.IntRange(1, 64),
        default=4,
        show_default=True,
        help="How many cases run at a time.",
    ),
    click.option("--strict", is_flag=True, help="Let warnings fail the run."),
    click.option(
        "--known-failing",
        type=IN_FILE,
        help="File with ids of cases, one a line, that must go on failing.",
    ),
    click.option("--junit", type=OUT_FILE, help="Write a report as JUnit's XML."),
    click.option("--json", type=OUT_FILE, help="Write a report as JSON."),
    click.option(
        "--markdown",
        type=click.Path(dir_okay=False, allow_dash=True),
        is_flag=False,
        flag_value=_STDOUT,
        help="Write a report as Markdown; without FILE, print it instead of the text.",
    ),
    click.option(
        "--github",
        is_flag=True,
        help="Print annotations of a workflow of GitHub, and write its summary.",
    ),
)


@verify.command(context_settings={"allow_interspersed_args": False}, epilog=_EXIT_CODES)
@click.option("--config", type=IN_FILE, help="YAML file that says the same; options come first.")
@click.option("--emit", metavar="HOW", help="How it emits: by a driver, by stimuli or by nothing.")
@click.option("--profile", metavar="NAME", help="What is asked: guarantees (all) or published.")
@click.option(
    "--env", "environment", multiple=True, metavar="NAME=VALUE", help="A variable that it gets."
)
@click.option(
    "--config-template", type=IN_FILE, help="Its configuration, with ${TOGGLE_ADDRESS} and so on."
)
@_run_options
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
def rodent(
    *,
    config: Path | None,
    emit: str | None,
    profile: str | None,
    environment: tuple[str, ...],
    config_template: Path | None,
    command: tuple[str, ...],
    features: tuple[str, ...],
    without: tuple[str, ...],
    times: tuple[str, ...],
    wishes: _Wishes,
) -> None:
    """Judge the Rodent that COMMAND starts, once for each case, each with folders of its own.

    Its environment tells it TOGGLE_ADDRESS, TOGGLE_JWT, TOGGLE_JWT_FILE, EVENTS_DIR and more; the
    page docs/contract.md has all of it, and the driver protocol.
    """
    from toggle_mock.contract.suites import rodent_groups, rodent_subject

    if wishes.list_cases:
        _list(rodent_groups(), wishes)
        return
    contract = _read(RodentContract, config)
    given = {
        "emit": emit,
        "profile": profile,
        "config_template": config_template,
        "environment": dict(_pair(text, "--env", "NAME=VALUE") for text in environment),
        "command": command or None,
        "folder": "." if command else None,
    }
    contract = _overridden(contract, given, features, without, times, RODENT_FEATURES)
    _judge(rodent_subject(contract), wishes)


@verify.command(epilog=_EXIT_CODES)
@click.option("--config", type=IN_FILE, help="YAML file that says the same; options come first.")
@click.option("--to", metavar="HOST:PORT", help="Where it listens.")
@click.option("--jwt", envvar="TOGGLE_JWT", show_envvar=True, help="A token that it takes.")
@click.option(
    "--jwt-key", type=IN_FILE, help="File with the key that it takes tokens by: HS256's, or a PEM."
)
@click.option("--jwt-algorithm", metavar="NAME", help="How tokens are signed; HS256 if not given.")
@click.option("--ca", type=IN_FILE, help="File with its root certificate, if it speaks TLS.")
@click.option("--observe", metavar="URL", help="HTTP API, as the mock's, that shows its events.")
@click.option(
    "--observe-command", metavar="COMMAND", help="Shell command that prints its events as JSON."
)
@_run_options
def toggle(
    *,
    config: Path | None,
    features: tuple[str, ...],
    without: tuple[str, ...],
    times: tuple[str, ...],
    wishes: _Wishes,
    **given: Any,
) -> None:
    """Judge the Toggle that listens at --to."""
    from toggle_mock.contract.suites import toggle_groups, toggle_subject

    if wishes.list_cases:
        _list(toggle_groups(), wishes)
        return
    contract = _read(ToggleContract, config)
    contract = _overridden(contract, given, features, without, times, TOGGLE_FEATURES)
    _judge(toggle_subject(contract), wishes)


def _read(kind: type[C], config: Path | None) -> C:
    return kind() if config is None else read_contract(kind, config)


def _overridden(
    contract: C,
    given: Mapping[str, Any],
    features: Sequence[str],
    without: Sequence[str],
    times: Sequence[str],
    choices: Mapping[Any, str],
) -> C:
    """A contract with what the options say instead.

    Raises:
        ContractError, ValueError: An option means nothing.
    """
    for name in (*features, *without):
        one_of("a feature", name, choices)
    can = [name for name in (*contract.features, *features) if name not in without]
    pairs = (_pair(text, "--time", "NAME=SECONDS") for text in times)
    said = {
        **given,
        "features": tuple(dict.fromkeys(can)),
        "times": {name: _seconds(text) for name, text in pairs},
    }
    values = {name: value for name, value in said.items() if value is not None}
    return replaced(contract, values, Path.cwd())


def _pair(text: str, option: str, form: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise click.BadParameter(f"{option} is {text!r}: give {form}")
    return name, value


def _seconds(text: str) -> float | str:
    """The number that a text is; what is none is told of where its name is known."""
    try:
        return float(text)
    except ValueError:
        return text


def _list(groups: Sequence[Any], wishes: _Wishes) -> None:
    from toggle_mock.contract.reports.table import case_list
    from toggle_mock.contract.selection import select

    click.echo(case_list(select(groups, wishes.cases, wishes.groups)))


# Running


@contextmanager
def _interrupts_raised() -> Iterator[None]:
    """Raise the first of the signals that ask for the end, with its number."""
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    heard = [number for number, handler in before.items() if handler is not signal.SIG_IGN]

    def react(number: int, _frame: object) -> None:
        for one in heard:
            signal.signal(one, signal.SIG_IGN)
        raise KeyboardInterrupt(number)

    for number in heard:
        signal.signal(number, react)
    try:
        yield
    finally:
        for number in heard:
            signal.signal(number, before[number])


def _judge(subject: Subject, wishes: _Wishes) -> None:
    """Run the cases, report, and end the process with what came of it."""
    from toggle_mock.contract.cases import all_cases
    from toggle_mock.contract.selection import read_known_failing, select

    cases = select(subject.groups, wishes.cases, wishes.groups)
    listed = wishes.known_failing
    known = read_known_failing(listed, all_cases(subject.groups)) if listed else frozenset()
    running = _Running(subject, cases, wishes, known)
    try:
        with _interrupts_raised(), tempfile.TemporaryDirectory(**_FOLDER) as folder:
            running.run(Path(folder))
    except KeyboardInterrupt as error:
        number = signal.Signals(error.args[0])
        click.echo(
            f"interrupted by {number.name}, of {len(cases)} cases: {in_words(running.came())}"
        )
        sys.stdout.flush()
        os._exit(128 + number)  # a case may still wait for something
    came = running.came()
    _report(came, wishes)
    sys.exit(came.exit_code)


class _Running:
    """A run, and what has come of it so far."""

    def __init__(
        self,
        subject: Subject,
        cases: Sequence[Case[Any]],
        wishes: _Wishes,
        known: frozenset[str],
    ) -> None:
        self._subject, self._cases, self._wishes, self._known = subject, cases, wishes, known
        self._begin = clock.monotonic()
        self._results: dict[str, Result] = {}
        self._tried: Result | None = None
        self._context = click.get_current_context()

    def run(self, folder: Path) -> None:
        """See whether the program can be judged, and judge it."""
        suite = self._subject.suite(
            self._cases, slow=self._wishes.slow, known=self._known, folder=folder
        )
        if any(suite.reason_against(case) is None for case in self._cases):
            self._tried = self._subject.try_out(folder)
            if self._tried.verdict is not Verdict.PASSED:
                return
        with (
            progress(len(self._cases)) as told,
            closing(suite.run(self._wishes.jobs, told.begins)) as results,
        ):
            for result in results:
                self._results[result.case.id] = result
                told.ends(result)

    def came(self) -> Run:
        """What has come of it so far."""
        tried = self._tried
        refused = tried if tried and tried.verdict is not Verdict.PASSED else None
        done = [self._results[case.id] for case in self._cases if case.id in self._results]
        results = [refused] if refused else done
        return Run(
            self._subject.name,
            [cleaned(one, self._subject.secrets) for one in results],
            self._subject.titles,
            self._alone,
            profile=self._subject.profile,
            strict=self._wishes.strict,
            seconds=clock.monotonic() - self._begin,
            notes=notes_of(tried) if tried else (),
            is_judged=refused is None,
        )

    def _alone(self, case_id: str) -> str:
        is_case = case_id != self._subject.preflight.id
        return alone(self._context, case_id if is_case else None)


def alone(context: click.Context, case_id: str | None) -> str:
    """The command that runs a case alone, as it was called for all; secrets are left out of it.

    Args:
        context: Of the command for all.
        case_id: The case; None for none in particular.
    """
    words = ["toggle-mock", "verify", context.info_name or ""]
    words += ["--case", case_id] if case_id else []
    for option in context.command.params:
        source = context.get_parameter_source(option.name or "")
        if option.name in _NOT_REPEATED or source is not ParameterSource.COMMANDLINE:
            continue
        value = context.params[option.name or ""]
        name = max(option.opts, key=len)
        values = value if isinstance(value, tuple) else [value]
        words += [name] if value is True else [w for one in values for w in (name, _shown(one))]
    command = context.params.get("command")
    words += ["--", *command] if command else []
    return without_tokens(shlex.join(words))


def _shown(value: object) -> str:
    name, equals, _ = str(value).partition("=")
    return f"{name}=…" if equals and is_secret(name) else str(value)


def _report(run: Run, wishes: _Wishes) -> None:
    """Write all reports that are asked for."""
    from toggle_mock.contract.reports.annotations import as_github
    from toggle_mock.contract.reports.junit import as_junit
    from toggle_mock.contract.reports.markdown import as_markdown
    from toggle_mock.contract.reports.objects import as_json
    from toggle_mock.contract.reports.table import as_text

    if wishes.junit:
        wishes.junit.write_text(as_junit(run), "utf-8")
    if wishes.json:
        wishes.json.write_text(as_json(run) + "\n", "utf-8")
    if wishes.markdown not in {None, _STDOUT}:
        Path(str(wishes.markdown)).write_text(as_markdown(run), "utf-8")
    click.echo(as_markdown(run) if wishes.markdown == _STDOUT else as_text(run))
    if wishes.github:
        click.echo(as_github(run))
        if path := os.environ.get("GITHUB_STEP_SUMMARY"):
            with Path(path).open("a", encoding="utf-8") as summary:
                summary.write(as_markdown(run))
