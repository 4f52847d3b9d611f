"""Where the token of a call comes from, and when it is asked for again."""

import os
import threading

import pytest

from rodent_events.tokens import TokenError, TokenSource


def source(jwt, path=None, timeout=60.0):
    return TokenSource(jwt, path, timeout)


async def in_a_while() -> str:
    return "async.a.b"


@pytest.mark.parametrize(
    ("jwt", "token"),
    [
        ("a.b.c", "a.b.c"),
        (lambda: " a.b.c\n", "a.b.c"),
        (in_a_while, "async.a.b"),
    ],
)
def test_a_token_is_given_or_asked_for(jwt, token):
    assert source(jwt).current() == token


def test_a_function_is_asked_again_only_when_its_token_is_forgotten():
    numbers = iter(range(10))
    tokens = source(lambda: f"token-{next(numbers)}")
    assert [tokens.current(), tokens.current()] == ["token-0", "token-0"]
    tokens.forget()
    assert [tokens.current(), tokens.current()] == ["token-1", "token-1"]


def test_a_file_is_read_again_when_it_changes(tmp_path):
    path = tmp_path / "token"
    path.write_text("old.a.b\n")
    tokens = source(None, path)
    assert tokens.current() == "old.a.b"
    path.write_text("new.a.b\n")
    os.utime(path, (1, 1))
    assert tokens.current() == "new.a.b"
    path.unlink()
    with pytest.raises(TokenError, match="raised FileNotFoundError"):
        tokens.current()
    path.write_text("last.a.b")
    assert tokens.current() == "last.a.b"


def end() -> str:
    raise SystemExit("secret")


@pytest.mark.parametrize(
    ("provider", "message"),
    [
        (end, "the token provider raised SystemExit"),
        (lambda: None, "the token provider returned NoneType, not text"),
        (lambda: "secret token", "text with other characters than a token has"),
        (lambda: "", "text with other characters than a token has"),
    ],
)
def test_an_error_says_what_is_wrong_and_no_secret(provider, message):
    with pytest.raises(TokenError, match=message) as caught:
        source(provider).current()
    assert "secret" not in str(caught.value)


def test_a_function_that_hangs_is_waited_for_no_longer_than_it_may_take():
    may_answer, calls = threading.Event(), []

    def hang() -> str:
        calls.append(threading.current_thread())
        may_answer.wait()
        return "late.a.b"

    tokens = source(hang, timeout=0.01)
    for _ in range(2):
        with pytest.raises(TokenError, match=r"the token provider has not answered within 0\.01 s"):
            tokens.current()
    may_answer.set()
    calls[0].join()
    assert tokens.current() == "late.a.b"
    assert len(calls) == 1
    tokens.forget()
    assert tokens.current() == "late.a.b"
    assert len(calls) == 2


def test_a_function_is_called_here_where_no_thread_can_be_started(monkeypatch):
    def start(_thread):
        raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(threading.Thread, "start", start)
    assert source(lambda: "a.b.c").current() == "a.b.c"
