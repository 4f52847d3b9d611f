"""What a program asks of the system, so that it can have many files open."""

import resource

import pytest

from toggle_mock import open_files

ANY = resource.RLIM_INFINITY
MANY = 1 << 20


@pytest.mark.parametrize(
    ("soft", "hard", "asked"),
    [
        (1024, 20_000, [(20_000, 20_000)]),
        (1024, ANY, [(MANY, ANY)]),
        (20_000, 20_000, []),
        (2 * MANY, ANY, []),
        (ANY, ANY, []),
    ],
)
def test_as_many_as_it_may_and_no_fewer_than_before(soft, hard, asked, monkeypatch):
    told = []
    monkeypatch.setattr(resource, "getrlimit", lambda _what: (soft, hard))
    monkeypatch.setattr(resource, "setrlimit", lambda _what, limits: told.append(limits))
    open_files.allow_many()
    assert told == asked


@pytest.mark.parametrize("refusal", [ValueError, OSError])
def test_a_system_that_grants_less_than_it_says_is_no_reason_to_end(refusal, monkeypatch):
    def refuse(_what, _limits):
        raise refusal

    monkeypatch.setattr(resource, "getrlimit", lambda _what: (1024, ANY))
    monkeypatch.setattr(resource, "setrlimit", refuse)
    open_files.allow_many()
