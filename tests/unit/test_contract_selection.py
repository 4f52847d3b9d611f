"""Which cases are run, which are known to fail, and what is said of a program in a file."""

from pathlib import Path

import pytest
from support.results import GROUPS

from toggle_mock import ContractError
from toggle_mock.contract.cases import all_cases
from toggle_mock.contract.selection import read_known_failing, select
from toggle_mock.contract.settings import (
    RodentContract,
    ToggleContract,
    read_contract,
    replaced,
)


def chosen(*ids: str, groups: tuple[str, ...] = ()) -> list[str]:
    return [case.id for case in select(GROUPS, ids, groups)]


def test_without_a_wish_all_are_run():
    assert len(chosen()) == 7


def test_a_case_is_chosen_by_its_id_by_a_pattern_and_by_its_group():
    assert chosen("second.unclear", "first.kept") == ["first.kept", "second.unclear"]
    assert chosen("*.un*") == ["first.untidy", "second.unclear"]
    assert chosen("second.listed", groups=("first",)) == [
        *("first.kept", "first.broken", "first.untidy", "second.listed")
    ]


@pytest.mark.parametrize(
    ("ids", "groups", "said"),
    [
        (["first.brken"], (), "there is no case first.brken, did you mean first.broken?"),
        (["zzz.*"], (), r"there is no case zzz.\*; --list shows them"),
        ([], ("secnd",), "there is no group secnd, did you mean second?"),
    ],
)
def test_what_there_is_not_is_an_error_with_what_is_near(ids, groups, said):
    with pytest.raises(ContractError, match=said):
        chosen(*ids, groups=groups)


def listed(tmp_path: Path, text: str) -> frozenset[str]:
    path = tmp_path / "known.txt"
    path.write_text(text)
    return read_known_failing(path, all_cases(GROUPS))


def test_a_list_of_known_failures_may_say_why(tmp_path):
    text = "\ufeff# all\n\nfirst.broken  # as of May\nsecond.listed\n"
    assert listed(tmp_path, text) == {"first.broken", "second.listed"}


def test_a_list_with_an_unknown_case_is_an_error(tmp_path):
    with pytest.raises(ContractError, match=r"known.txt:2: .* second.list, did you mean second.li"):
        listed(tmp_path, "# one\nsecond.list\n")
    (tmp_path / "known.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ContractError, match="is no list of cases"):
        read_known_failing(tmp_path / "known.txt", all_cases(GROUPS))


def contract_in(tmp_path: Path, text: str, kind=RodentContract):
    path = tmp_path / "contract.yml"
    path.write_text(text)
    return read_contract(kind, path)


def test_paths_in_a_file_are_relative_to_it(tmp_path):
    contract = contract_in(tmp_path, "command: [./rodent]\nconfig_template: a/b.yml\n")
    assert contract.folder == str(tmp_path)
    assert contract.config_template == str(tmp_path / "a" / "b.yml")
    toggle = contract_in(tmp_path, "to: h:1\njwt_key: key\n", ToggleContract)
    assert (toggle.jwt_key, toggle.ca) == (str(tmp_path / "key"), None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "says nothing of a program"),
        ("- a\n", "says nothing of a program"),
        ("emit: driver\ncomand: [a]\n", "contract.yml:2: 'comand' means nothing here, did you mea"),
        ("emit: drivr\n", "contract.yml:1: emit is 'drivr': give one of driver, nothing, stimuli"),
        ("times:\n  retri: 1\n", "contract.yml:2: 'retri' means nothing here, did you mean retry?"),
        ("times:\n  retry: soon\n", "contract.yml:2: retry is 'soon': give a number"),
        ("command: ls\n", "contract.yml:1: command is 'ls': give a list, each text"),
        (
            "features: [conect]\n",
            "contract.yml:1: features is .*: give a list, each one of connect, ",
        ),
    ],
)
def test_a_mistake_in_a_file_is_told_with_its_line(tmp_path, text, said):
    with pytest.raises(ContractError, match=said):
        contract_in(tmp_path, text)


def test_what_is_said_beside_a_file_comes_first_and_leaves_the_rest():
    read = RodentContract(environment={"A": "1", "B": "2"}, times={"retry": 3.0, "batch": 4.0})
    said = {"environment": {"B": "3"}, "times": {"retry": 0.5}, "config_template": "t.yml"}
    contract = replaced(read, said, Path("/some"))
    assert contract.environment == {"A": "1", "B": "3"}
    assert (contract.times.retry, contract.times.batch) == (0.5, 4.0)
    assert contract.config_template == "/some/t.yml"


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ({"times": {"retri": 1}}, "'retri' means nothing here, did you mean retry?"),
        ({"times": {"retry": "x"}}, "retry is 'x': give a number"),
        ({"times": {"retry": 0}}, "retry is 0"),
        ({"emmit": "driver"}, "'emmit' means nothing here, did you mean emit?"),
        ({"environment": {"A": 1}}, "environment is"),
    ],
)
def test_a_mistake_beside_a_file_is_told_too(said, text):
    with pytest.raises(ContractError, match=text):
        replaced(RodentContract(), said, Path())
