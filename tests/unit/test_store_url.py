"""URLs of stores: what they say, and what they show."""

import pytest

from toggle_mock.recording.postgres.url import StoreUrl, is_store_url


@pytest.mark.parametrize(
    ("text", "parameters"),
    [
        ("postgresql:///d", {"dbname": "d"}),
        ("postgresql://", {}),
        ("postgres://u@h/d", {"user": "u", "host": "h", "dbname": "d"}),
        ("postgresql://u:p%40%2F@h:5", {"user": "u", "password": "p@/", "host": "h", "port": "5"}),
        ("postgresql://h1:1,h2:2", {"host": "h1,h2", "port": "1,2"}),
        ("postgresql://h1,h2:2", {"host": "h1,h2", "port": ",2"}),
        ("postgresql://[::1]:5", {"host": "::1", "port": "5"}),
        ("postgresql://[::1]", {"host": "::1"}),
        ("postgresql://%2Fvar%2Frun", {"host": "/var/run"}),
        ("postgresql://?host=/run&options=-c+x", {"host": "/run", "options": "-c+x"}),
        (
            "postgresql://h?run=a%20b&buffer_mb=1&sslmode=require",
            {"host": "h", "sslmode": "require"},
        ),
    ],
)
def test_a_url_says_what_libpq_is_to_know(text, parameters):
    assert dict(StoreUrl.of(text).parameters) == parameters


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgres://u:secret@h:5/d?run=a b&password=secret", "postgresql://u@h:5/d?run=a%20b"),
        ("postgresql://u:secret@h1:1,[::1]:2/d", "postgresql://u@h1:1,[::1]:2/d"),
        ("postgresql://:secret@h1,h2/d?port=7", "postgresql://h1:7,h2:7/d"),
        ("postgresql://%2Frun/d%3F?sslpassword=secret", "postgresql://%2Frun/d%3F"),
        ("postgresql:///?buffer_mb=7", "postgresql:///"),
    ],
)
def test_a_password_is_not_shown(text, shown):
    url = StoreUrl.of(text)
    assert str(url) == shown
    assert repr(url) == f"<StoreUrl {shown}>"
    assert StoreUrl.of(shown).run == url.run


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://u:secr/et@h/d",
        "postgresql://u:secr?et@h/d",
        "postgresql://u:secr#et@h/d",
        "postgresql://u:secr[et@h/d",
        "postgresql://u:secret\u2100@h/d",
        "postgresql://u:secret@h:secret/d",
        "postgresql://u:secret@h/d#x",
    ],
)
def test_what_cannot_be_read_is_told_without_a_word_of_it(text):
    with pytest.raises(ValueError) as told:
        StoreUrl.of(text)
    assert "secr" not in str(told.value)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("mysql://h/d", "the URL of a store begins with postgresql://"),
        ("postgresql://h:x/d", "the port 'x' of the store is none: give a number from 1 to 65535"),
        ("postgresql://h:0/d", "the port '0'"),
        ("postgresql://h/d?run=", "run is '': give a name of 1 to 200 visible characters"),
        ("postgresql://h/d?run=a%0A", r"run is 'a\\n'"),
        ("postgresql://h/d?buffer_mb=0", "buffer_mb is '0': give megabytes, from 1 to"),
    ],
)
def test_what_is_no_url_is_told(text, problem):
    with pytest.raises(ValueError, match=problem):
        StoreUrl.of(text)


def test_a_run_without_a_name_gets_one_of_its_own():
    url = StoreUrl.of("postgresql://h/d")
    first, second = url.begun(), url.begun()
    assert first.run != second.run
    assert first.begun() == first


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("postgresql://h/d", True),
        ("postgres:/h", True),  # as a Path has it
        ("postgresql.sqlite", False),
        ("postgresql", False),
        ("x/postgresql://", False),
    ],
)
def test_what_is_meant_as_the_url_of_a_store(text, is_one):
    assert is_store_url(text) is is_one
