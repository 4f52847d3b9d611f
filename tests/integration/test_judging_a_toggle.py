"""What judging a Toggle needs from outside: what it stores, tokens, and certificates."""

import base64
import json
import shlex
from contextlib import closing

import pytest
from msgspec import structs
from support.judging_toggles import TOGGLE_CASES

from rodent_events.pb.events.event_messages_pb2 import Event
from toggle_mock import ToggleServer
from toggle_mock.contract.runner import Suite
from toggle_mock.contract.settings import ToggleContract, ToggleTimes
from toggle_mock.contract.toggle.batches import MARK, Batches
from toggle_mock.contract.toggle.caller import bearer
from toggle_mock.contract.toggle.observers import CommandObserver, HttpObserver, observer_of
from toggle_mock.contract.toggle.rig import ToggleRig
from toggle_mock.contract.verdicts import Verdict
from toggle_mock.dialing import channel
from toggle_mock.errors import ContractError
from toggle_mock.recording.text import message_object

TIMES = ToggleTimes(answer=5, stored=5, slack=20)


@pytest.fixture(scope="module")
def server():
    with ToggleServer(http_port=0, deduplicate=True) as server:
        yield server


@pytest.fixture
def contract(server):
    return ToggleContract(to=server.address, jwt=server.jwt(), times=TIMES)


def judged(contract, case_id):
    suite = Suite(
        TOGGLE_CASES.values(),
        lambda case_id, folder, story: ToggleRig(contract, case_id, folder, story),
        contract.abilities,
        structs.asdict(contract.times),
    )
    return suite.run_case(TOGGLE_CASES[case_id])


def printing(*lines: str) -> str:
    return f"printf '%s\\n' {shlex.join(lines)}"


# The events that are shown


def test_http_shows_the_events_of_a_mark_from_the_beginning_of_the_case_on(server):
    mine, other = "mine", Batches("other")
    batches, before = Batches(mine), Batches(mine)
    observing = closing(HttpObserver(f"http://{server.http_address}"))
    with observing as observer, channel(server.address) as connection:
        send = connection.unary_unary("/rodent.RodentService/SendEvents")

        def store(batch):
            send(batch.SerializeToString(), metadata=bearer(server.jwt()))

        store(before.batch(2))
        observer.begin()
        sent = batches.batch(3)
        store(other.batch(1))
        store(sent)
        assert [event.message for event in observer.events(mine)] == list(sent.events)
        assert observer.count(mine) == 3


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://127.0.0.1:1", "Connection refused"),
        ("nowhere", "nowhere/api/v1/events does not answer as the mock's HTTP API"),
        ("{http}/elsewhere", "404"),
    ],
)
def test_a_wrong_url_is_told(server, url, problem):
    observing = closing(HttpObserver(url.format(http=f"http://{server.http_address}")))
    with observing as observer, pytest.raises(ContractError, match=problem):
        observer.events("mark")


def test_a_url_that_is_none_is_told():
    with pytest.raises(ContractError, match=r"observe is 'http://\[::1'"):
        HttpObserver("http://[::1")


def test_a_command_shows_events_as_json_or_as_bytes():
    event, other = Batches("mine").event(), Batches("other").event()
    raw = event.SerializeToString() + b"\xf8\x7c\x05"  # field 1999
    lines = [
        json.dumps(message_object(event)),
        json.dumps(message_object(other)),
        "",
        json.dumps({"raw": base64.b64encode(raw).decode()}),
    ]
    found = CommandObserver(printing(*lines)).events("mine")
    assert found[0].message == event
    assert found[1].message == Event.FromString(raw)
    assert found[1].unknown_fields == {"1999": 5}
    assert len(found) == 2


def test_a_command_is_told_of_which_case_it_is():
    shown = '{"metadata": {"' + MARK + '": "\'$SUITE_MARK\'"}}'
    assert CommandObserver(f"echo '{shown}'").count("mine") == 1


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ("echo oops >&2; exit 3", "observe_command has ended with exit code 3: oops"),
        ("exit 4", "observe_command has ended with exit code 4: exit 4"),
        ("no-such-command", "exit code 127: .*not found"),
        (printing("{}", "hello"), "line 2 of observe_command is no JSON: 'hello'"),
        (printing("[1]"), r"line 1 of observe_command is no object: '\[1\]'"),
        (printing('{"nmae": 1}'), 'is no rodent.events.Event: .*no field named "nmae"'),
        (printing('{"raw": "?"}'), "line 1 of observe_command has bytes that are no event"),
        (printing('{"raw": "/w=="}'), "line 1 of observe_command has bytes that are no event"),
    ],
)
def test_a_command_that_fails_or_prints_garbage_is_told(command, problem):
    with pytest.raises(ContractError, match=problem):
        CommandObserver(command).events("mine")


def test_without_anything_to_look_at_that_is_told(contract):
    with pytest.raises(ContractError, match="give observe, or observe_command"):
        observer_of(contract)


def test_a_case_whose_observer_fails_is_inconclusive(contract):
    seen = structs.replace(contract, observe_command="exit 7")
    result = judged(seen, "stored.accepted")
    assert result.verdict is Verdict.INCONCLUSIVE
    assert result.text == "observe_command has ended with exit code 7: exit 7"


def test_a_case_sees_what_a_command_shows(server, contract):
    script = (
        "import http.client, json, os; "
        f"api = http.client.HTTPConnection('{server.http_address}'); "
        "api.request('GET', '/api/v1/events?limit=1000'); "
        "[print(json.dumps(one['event'])) for one in json.load(api.getresponse())['events']]"
    )
    seen = structs.replace(contract, observe_command=f'python3 -c "{script}"')
    result = judged(seen, "stored.content")
    assert result.verdict is Verdict.PASSED, result.text


def test_a_case_that_observes_does_not_apply_without(contract):
    result = judged(contract, "stored.accepted")
    assert (result.verdict, result.text) == (Verdict.NOT_APPLICABLE, "the program has no observe")


# Tokens and certificates


@pytest.mark.parametrize(
    "case_id", ["tokens.accepted", "tokens.other-key", "tokens.tampered", "connect.many"]
)
def test_one_token_is_enough_for_cases_that_sign_none(contract, case_id):
    result = judged(contract, case_id)
    assert result.verdict is Verdict.PASSED, result.text


def test_a_case_that_signs_tokens_does_not_apply_with_one_token(contract):
    result = judged(contract, "tokens.expired")
    assert (result.verdict, result.text) == (Verdict.NOT_APPLICABLE, "the program has no key")


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"to": ""}, "there is no Toggle to judge: give its address as host:port"),
        ({"to": "localhost"}, "to is 'localhost': "),
        ({"jwt": None}, "there is no token: give jwt, or jwt_key"),
        ({"jwt": "opaque"}, "jwt is no JWT: it has three parts"),
        ({"jwt": None, "jwt_key": "/no/such/key"}, "jwt_key is /no/such/key: .*No such file"),
        ({"jwt": None, "jwt_key": "/dev/null"}, "jwt_key is /dev/null: key has 0 bytes"),
    ],
)
def test_an_address_a_token_or_a_key_that_is_none_is_told(contract, tmp_path, said, problem):
    from toggle_mock.contract.story import Story

    with pytest.raises(ContractError, match=problem):
        ToggleRig(structs.replace(contract, **said), "group.case", tmp_path, Story())


def test_a_toggle_that_is_not_there_fails_its_cases(contract):
    nobody = structs.replace(contract, to="127.0.0.1:1", times=ToggleTimes(answer=0.1, slack=5))
    result = judged(nobody, "send_events.success")
    assert result.verdict is Verdict.FAILED
    assert "SendEvents ends with UNAVAILABLE" in result.text


def test_a_case_that_waits_for_long_is_left_to_the_slow_ones(contract):
    result = judged(contract, "connect.idle")
    assert result.verdict is Verdict.NOT_APPLICABLE
    assert "it waits for 300 s (idle 300 s): --slow runs it" in result.text


def test_the_story_tells_calls_and_answers(contract):
    story = [f"{one.who}: {one.what}" for one in judged(contract, "send_events.success").story]
    assert story[0].startswith("Rodent: SendEvents, ")
    assert story[1].startswith("Toggle: SendEvents ends with OK, ")
