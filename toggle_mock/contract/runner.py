"""Runs cases, several at a time, and says what became of each."""

from __future__ import annotations

import tempfile
import traceback
from collections.abc import Callable, Collection, Generator, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed, wait
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from rodent_events import clock
from toggle_mock.contract.cases import Case
from toggle_mock.contract.program import end_programs
from toggle_mock.contract.story import Story
from toggle_mock.contract.verdicts import Breach, Inconclusive, Result, Verdict
from toggle_mock.errors import ContractError, NotReceivedError, UnexpectedEventError

SLOW = 10.0
"""A case that waits for so many seconds, by what is said of the program, is a slow one."""

_GRACE = 5.0
"""Seconds for what runs to end once a run is interrupted."""


class _Rig(Protocol):
    @property
    def output(self) -> Mapping[str, str]:
        """The end of what the program has printed."""


R = TypeVar("R", bound=_Rig)


@dataclass(frozen=True)
class Suite(Generic[R]):
    """Cases, and how a program is brought before them.

    Args:
        cases: The cases.
        rig: Makes what a case holds, of the case's id, an own empty folder, and the story to tell.
        abilities: What the program can do; see ``features``.
        times: What is said of it, in seconds, by name.
        profile: What is asked of it; None for all.
        slow: Whether slow cases are run.
        known: The ids of cases that are known to fail.
        folder: Where each case gets a folder of its own; None for the system's usual place.
    """

    cases: Collection[Case[R]]
    rig: Callable[[str, Path, Story], AbstractContextManager[R]]
    abilities: frozenset[str]
    times: Mapping[str, float]
    profile: str | None = None
    slow: bool = False
    known: frozenset[str] = field(default_factory=frozenset)
    folder: Path | None = None

    def run(
        self, jobs: int, begins: Callable[[Case[R]], object] = lambda _: None
    ) -> Generator[Result, None, None]:
        """Run all cases, so many at a time; their results as they come.

        Who stops in the middle, by an interrupt too, ends all programs that run.

        Args:
            jobs: How many at a time.
            begins: Is called with each case as it begins, in a thread.
        """

        def run_case(case: Case[R]) -> Result:
            begins(case)
            return self.run_case(case)

        pool = ThreadPoolExecutor(jobs, "contract")
        running = [pool.submit(run_case, case) for case in self._longest_first()]
        try:
            for future in as_completed(running):
                yield future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            _end(running)
            raise
        pool.shutdown()

    def _longest_first(self) -> Iterable[Case[R]]:
        return sorted(self.cases, key=self._waiting, reverse=True)

    def _waiting(self, case: Case[R]) -> float:
        return sum(self.times[name] for name in case.waits)

    def run_case(self, case: Case[R]) -> Result:
        """Run a case; what becomes of it."""
        known = case.id in self.known
        reason = self.reason_against(case)
        if reason is not None:
            return Result(case, Verdict.NOT_APPLICABLE, reason, known=known)
        story, begin = Story(), clock.monotonic()
        with tempfile.TemporaryDirectory(
            prefix="toggle-contract-", dir=self.folder, ignore_cleanup_errors=True
        ) as folder:
            result = self._judge(case, Path(folder), story)
        seconds = clock.monotonic() - begin
        return replace(result, seconds=seconds, story=story.moments, known=known)

    def _judge(self, case: Case[R], folder: Path, story: Story) -> Result:
        output: Mapping[str, str] = {}
        try:
            with self.rig(case.id, folder, story) as rig:
                try:
                    case.judge(rig)
                finally:
                    output = rig.output
        except (Breach, NotReceivedError, UnexpectedEventError) as error:
            return Result(case, Verdict.FAILED, str(error), output=output)
        except (Inconclusive, ContractError) as error:
            return Result(case, Verdict.INCONCLUSIVE, str(error), output=output)
        except Exception as error:  # noqa: BLE001 - one case must not take the others with it
            text = f"the suite itself failed: {type(error).__name__}: {error}"
            output = {**output, "traceback": traceback.format_exc()}
            return Result(case, Verdict.INCONCLUSIVE, text, output=output)
        return Result(case, Verdict.PASSED, output=output)

    def reason_against(self, case: Case[R]) -> str | None:
        """Why a case does not apply; None if it does."""
        if self.profile is not None and self.profile not in case.profiles:
            return f"it is not asked of the profile {self.profile}"
        missing = [need for need in case.needs if need not in self.abilities]
        if missing:
            return f"the program has no {' and no '.join(missing)}"
        if not self.slow and self._waiting(case) > SLOW:
            waits = ", ".join(
                f"{name} {self.times[name]:g} s" for name in dict.fromkeys(case.waits)
            )
            return f"it waits for {self._waiting(case):g} s ({waits}): --slow runs it"
        return None


def _end(running: Collection[Future[Result]]) -> None:
    """Have cases end soon, by ending their programs, also those that they start meanwhile."""
    end = clock.monotonic() + _GRACE
    while clock.monotonic() < end:
        end_programs()
        if not wait(running, timeout=0.1).not_done:
            return
