"""The contract suites as tests of pytest: what becomes of a test, case by case."""

import pytest

from toggle_mock.contract import pytest_tests

CONFTEST = """
import pytest
from contextlib import contextmanager
from toggle_mock.contract import pytest_tests
from toggle_mock.contract.cases import Case, Group
from toggle_mock.contract.suites import Subject
from toggle_mock.contract.verdicts import Breach, Inconclusive

class Rig:
    output = {"stderr": "the last words"}

@contextmanager
def rig(case_id, folder, story):
    story.tell("suite", "start it")
    with open("judged.txt", "a") as file:
        file.write(case_id + chr(10))
    yield Rig()

def judge(rig):
    raise Breach("it is broken")

def unclear(rig):
    raise Inconclusive("it never came to that")

said = dict(rule="r", source="s", cost="c")
FIRST = Group("first", "The first things", [
    Case("first.kept", "t", judge=lambda rig: None, **said),
    Case("first.broken", "It is whole", judge=judge, **said),
    Case("first.untidy", "t", judge=judge, severity="should", **said),
    Case("first.unclear", "t", judge=unclear, **said),
    Case("first.listed", "t", judge=judge, **said),
    Case("first.mended", "t", judge=lambda rig: None, **said),
    Case("first.doubtful", "t", judge=unclear, **said),
    Case("first.absent", "t", judge=judge, needs=("tls",), **said),
])

def subject(contract):
    fails = getattr(contract, "to", "") == "nowhere"
    preflight = Case("preflight.it", "p", judge=judge if fails else lambda rig: None, **said)
    return Subject("rodent", [FIRST], rig, frozenset(), {}, preflight)

pytest_tests.rodent_groups = pytest_tests.toggle_groups = lambda: [FIRST]
pytest_tests.rodent_subject = pytest_tests.toggle_subject = subject
"""


@pytest.fixture
def project(pytester, monkeypatch):
    """A project whose suite has a case that ends in each way."""
    for name in ("rodent_groups", "toggle_groups", "rodent_subject", "toggle_subject"):
        monkeypatch.setattr(pytest_tests, name, getattr(pytest_tests, name))  # is undone
    plain = [f"-p no:{name}" for name in ("cacheprovider", "asyncio", "randomly", "rerunfailures")]
    pytester.makeini(f"[pytest]\naddopts = {' '.join(plain)}\n")
    pytester.makeconftest(CONFTEST)
    pytester.makefile(".txt", known="first.listed\nfirst.mended # soon\nfirst.doubtful\n")
    return pytester


def judged(project) -> list[str]:
    path = project.path / "judged.txt"
    return path.read_text().splitlines() if path.exists() else []


def run(project, *options: str):
    return project.runpytest_inprocess("-Walways", "-v", "-rA", *options)


def test_each_end_of_a_case_is_one_of_a_test(project):
    project.makepyfile(
        """
        from toggle_mock.contract import rodent_contract
        test_contract = rodent_contract(command=["x"], known_failing="known.txt")
        """
    )
    result = run(project)
    result.stdout.fnmatch_lines_random(
        [
            "*::test_contract[[]first.kept] PASSED*",
            "*::test_contract[[]first.broken] FAILED*",
            "*::test_contract[[]first.untidy] PASSED*",
            "*::test_contract[[]first.unclear] FAILED*",
            "*::test_contract[[]first.listed] XFAIL*",
            "*::test_contract[[]first.mended] FAILED*",
            "*::test_contract[[]first.doubtful] FAILED*",
            "*::test_contract[[]first.absent] SKIPPED*",
        ]
    )
    result.assert_outcomes(passed=2, failed=4, xfailed=1, skipped=1)
    result.stdout.fnmatch_lines(
        [
            "failed: first.broken (must) - It is whole",
            "  seen:   it is broken",
            "      0.000 suite  start it",
            "    the last words",
            "  alone:  pytest '*::test_contract[[]first.broken]'",
        ]
    )
    result.stdout.fnmatch_lines(["*SKIPPED*not applicable: the program has no tls*"])
    result.stdout.fnmatch_lines(["*PytestWarning: warning: first.untidy (should)*"])
    result.stdout.no_fnmatch_line("*pytest_tests.py*Failed*")  # no traceback
    assert judged(project).count("preflight.it") == 1
    assert "first.absent" not in judged(project)


def test_warnings_fail_who_is_strict_and_known_failures_who_wants_them_run(project):
    project.makepyfile(
        """
        from toggle_mock.contract import rodent_contract
        test_contract = rodent_contract(
            command=["x"], strict=True, cases=["*.untidy", "*.listed"], known_failing="known.txt"
        )
        """
    )
    run(project, "--runxfail").assert_outcomes(failed=2)


def test_a_program_that_cannot_be_judged_is_tried_out_once(project):
    project.makepyfile(
        """
        from toggle_mock.contract import toggle_contract
        test_contract = toggle_contract(to="nowhere", cases=["first.kept", "first.mended"])
        """
    )
    result = run(project)
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["failed: preflight.it (must) - p"])
    assert judged(project) == ["preflight.it"]


def test_the_address_of_a_toggle_comes_from_text_a_function_or_a_fixture(project):
    project.makepyfile(
        """
        import pytest
        from toggle_mock.contract import pytest_tests, toggle_contract

        seen = []
        subject = pytest_tests.toggle_subject
        pytest_tests.toggle_subject = lambda contract: seen.append(contract) or subject(contract)

        @pytest.fixture
        def address():
            return "fixture:1"

        @pytest.fixture
        def server():
            class Server:
                address = "server:1"
                def jwt(self):
                    return "a.b.c"
            return Server()

        one = {"cases": ["first.kept"]}
        test_text = toggle_contract(to="text:1", **one)
        test_call = toggle_contract(to=lambda: {"to": "call:1", "max_message_bytes": 4096}, **one)
        test_fixture = toggle_contract(fixture="address", **one)
        test_server = toggle_contract(fixture="server", jwt="x.y.z", **one)

        def test_seen():
            assert [(one.to, one.jwt, one.max_message_bytes) for one in seen] == [
                ("text:1", None, 4 * 1024 * 1024),
                ("call:1", None, 4096),
                ("fixture:1", None, 4 * 1024 * 1024),
                ("server:1", "a.b.c", 4 * 1024 * 1024),
            ]
        """
    )
    run(project).assert_outcomes(passed=5)


def test_files_are_found_beside_the_tests_and_what_they_say_comes_second(project):
    folder = project.mkdir("inner")
    (folder / "contract.yml").write_text("command: [./agent]\nenvironment: {A: '1'}\n")
    (folder / "test_it.py").write_text(
        """
from toggle_mock.contract import pytest_tests, rodent_contract

seen = []
subject = pytest_tests.rodent_subject
pytest_tests.rodent_subject = lambda contract: seen.append(contract) or subject(contract)
test_contract = rodent_contract("contract.yml", environment={"B": "2"}, cases=["first.kept"])

def test_seen():
    (contract,) = seen
    assert contract.environment == {"A": "1", "B": "2"}
    assert contract.folder == __file__.rpartition("/")[0]
"""
    )
    run(project).assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("cases=['first.kep']", "there is no case first.kep, did you mean first.kept?"),
        ("emmit='driver'", "'emmit' means nothing here, did you mean emit?"),
        ("'no.yml'", "*No such file or directory*no.yml*"),
    ],
)
def test_a_mistake_is_told_as_tests_are_collected(project, said, text):
    project.makepyfile(
        f"""
        from toggle_mock.contract import rodent_contract
        test_contract = rodent_contract({said})
        """
    )
    result = run(project)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"*{text}*"])
