"""Settings: sources, precedence, checks, contradictions."""

from pathlib import Path

import pytest

from rodent_events import ConfigError, EventConfig
from rodent_events.config import PROFILES, Fsync, Overflow, SpoolMode

SEED_YAML = """
server:
  port: 8042
events:
  profile: "default"  # default, high-throughput, low-latency, minimal
  buffer_size: 20000
  flush_threshold: 18000
  batch_size: 100
  batch_timeout: 30
"""


def load(config=None, environ=None, **settings):
    return EventConfig.load(config, environ=environ or {}, **settings)


@pytest.fixture
def yaml_file(tmp_path):
    def write(text: str) -> Path:
        path = tmp_path / "rodent.yml"
        path.write_text(text)
        return path

    return write


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        ("default", (20_000, 18_000, 100, 30.0, {"INFO", "WARN", "ERROR", "CRITICAL"})),
        ("high-throughput", (50_000, 45_000, 500, 60.0, {"INFO", "WARN", "ERROR", "CRITICAL"})),
        ("low-latency", (5_000, 4_000, 50, 5.0, {"INFO", "WARN", "ERROR", "CRITICAL"})),
        ("minimal", (2_000, 1_800, 25, 30.0, {"ERROR", "CRITICAL"})),
    ],
)
def test_a_profile_sets_what_the_seed_says(profile, expected):
    config = load(profile=profile)
    assert (
        config.buffer_size,
        config.flush_threshold,
        config.batch_size,
        config.batch_timeout,
        config.enabled_levels,
    ) == expected


def test_default_categories_are_all_but_usage():
    assert "USAGE" not in load().enabled_categories
    assert len(load().enabled_categories) == 10


def test_the_seeds_file_is_read(yaml_file):
    config = load(yaml_file(SEED_YAML))
    assert (config.buffer_size, config.flush_threshold) == (20_000, 18_000)
    assert (config.batch_size, config.batch_timeout) == (100, 30.0)


def test_the_camel_case_of_deployed_files_is_read(yaml_file):
    path = yaml_file(
        "events:\n  bufferSize: 500\n  flushThreshold: 400\n  enabledLevels: [ERROR]\n"
    )
    config = load(path)
    assert (config.buffer_size, config.flush_threshold) == (500, 400)
    assert config.enabled_levels == {"ERROR"}


def test_single_values_override_the_profile(yaml_file):
    config = load(yaml_file("events:\n  profile: minimal\n  batch_size: 7\n"))
    assert (config.batch_size, config.buffer_size) == (7, 2_000)


def test_the_later_of_profile_file_environment_and_keywords_wins(yaml_file):
    path = yaml_file("events:\n  batch_size: 2\n  batch_timeout: 2\n  send_timeout: 2\n")
    environ = {"RODENT_EVENTS_BATCH_TIMEOUT": "3", "RODENT_EVENTS_SEND_TIMEOUT": "3"}
    config = load(path, environ, send_timeout=4)
    assert config.buffer_size == PROFILES["default"]["buffer_size"]
    assert (config.batch_size, config.batch_timeout, config.send_timeout) == (2, 3.0, 4.0)


def test_the_environment_may_name_the_file(yaml_file):
    path = yaml_file("events: {batch_size: 9}")
    assert load(environ={"RODENT_EVENTS_CONFIG": str(path)}).batch_size == 9


def test_every_kind_of_setting_is_read_from_the_environment():
    environ = {
        "RODENT_EVENTS_TARGET": "https://toggle.example.com:443",
        "RODENT_EVENTS_JWT": "a.b.c",
        "RODENT_EVENTS_TLS": "true",
        "RODENT_EVENTS_TLS_CA_FILE": "/etc/ca.pem",
        "RODENT_EVENTS_EVENTS_DIR": "/var/spool/rodent",
        "RODENT_EVENTS_ENABLED_LEVELS": "error, EVENT_LEVEL_CRITICAL",
        "RODENT_EVENTS_BATCH_SIZE": "12",
        "RODENT_EVENTS_BATCH_TIMEOUT": "0.5",
    }
    config = load(environ=environ)
    assert not load(environ={"RODENT_EVENTS_CONFIG": ""}).secure
    assert (config.target, config.jwt, config.tls) == ("toggle.example.com:443", "a.b.c", True)
    assert (config.tls_ca_file, config.events_dir) == (
        Path("/etc/ca.pem"),
        Path("/var/spool/rodent"),
    )
    assert config.enabled_levels == {"ERROR", "CRITICAL"}
    assert (config.batch_size, config.batch_timeout) == (12, 0.5)


CHOICES = {"spool_mode": SpoolMode, "fsync": Fsync, "overflow": Overflow}


@pytest.mark.parametrize(("key", "choices"), CHOICES.items())
def test_a_choice_is_given_as_text_or_as_its_member(yaml_file, key, choices):
    for member in choices:
        loaded = [
            load(**{key: str(member)}),
            load(**{key: member}),
            load({key: str(member)}),
            load(yaml_file(f"events: {{{key}: {member}}}")),
            load(environ={f"RODENT_EVENTS_{key.upper()}": str(member)}),
            load(load(**{key: member})),
        ]
        assert all(getattr(config, key) is member for config in loaded)
        assert member == str(member)


def test_a_whole_config_leaves_out_file_and_environment():
    base = EventConfig(batch_size=5)
    assert load(base, {"RODENT_EVENTS_BATCH_SIZE": "6"}).batch_size == 5
    assert load(base, batch_size=7).batch_size == 7


def test_a_profile_given_over_a_whole_config_sets_what_the_old_profile_set():
    config = load(EventConfig(batch_timeout=2), profile="minimal")
    assert (config.batch_timeout, config.buffer_size) == (2.0, 2_000)
    assert config.enabled_levels == {"ERROR", "CRITICAL"}


def test_a_level_may_be_given_by_number_or_name():
    assert load(enabled_levels=[3, "CRITICAL"]).enabled_levels == {"ERROR", "CRITICAL"}


def test_https_means_tls():
    assert load(target="https://toggle:443").secure
    assert not load(target="http://toggle:80").secure


def test_a_mapping_is_the_section_itself():
    assert load({"batchSize": 3}).batch_size == 3


@pytest.mark.parametrize("text", ["", "server: {}", "events:"])
def test_a_file_without_the_section_sets_nothing(yaml_file, text):
    assert load(yaml_file(text)) == load()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"flush_threshold": 30_000},
            "buffer_size, which is 20000 by profile default: lower flush_threshold or raise",
        ),
        ({"batch_size": 19_000}, "batch_size is 19000, more than flush_threshold"),
        ({"batch_size": 0}, "batch_size is int 0: give a whole number of 1 or more"),
        ({"batch_size": -1}, "batch_size is int -1"),
        ({"batch_size": True}, "batch_size is bool True"),
        ({"batch_size": "100"}, "batch_size is str '100'"),
        ({"batch_size": 1.5}, "batch_size is float 1.5"),
        ({"batch_timeout": 0}, "batch_timeout is int 0: give a number of seconds above 0"),
        ({"batch_timeout": float("nan")}, "batch_timeout is float nan"),
        ({"batch_timeout": float("inf")}, "batch_timeout is float inf"),
        ({"profile": "fast"}, "profile is str 'fast': give one of default, high-throughput"),
        ({"profile": ["default"]}, "profile is list"),
        ({"spool_mode": "disk"}, "spool_mode is str 'disk': give one of spill, journal"),
        ({"fsync": True}, "fsync is bool True: give one of never, interval, always"),
        ({"overflow": "BLOCK"}, "overflow is str 'BLOCK': give one of drop_oldest, drop_newest, b"),
        ({"enabled_levels": "INFO"}, "enabled_levels is str 'INFO': give a list"),
        ({"enabled_levels": []}, "enabled_levels is list []"),
        ({"enabled_levels": ["LOUD"]}, "enabled_levels is str 'LOUD': give one of"),
        ({"enabled_levels": [99]}, "enabled_levels is int 99"),
        ({"enabled_categories": ["DISK"]}, "enabled_categories is str 'DISK'"),
        ({"target": "toggle.example.com"}, "target is str 'toggle.example.com': give host:port"),
        ({"target": "host:99999"}, "target is str 'host:99999'"),
        ({"target": "host:65536"}, "target is str 'host:65536'"),
        ({"target": "host:0"}, "target is str 'host:0'"),
        ({"target": 443}, "target is int 443"),
        ({"target": "unix:"}, "target is str 'unix:': give host:port"),
        ({"target": "unix://run/toggle"}, "target is str 'unix://run/toggle'"),
        ({"target": "unix:/run/a,b"}, "target is str 'unix:/run/a,b'"),
        ({"target": "unix-abstract:a\0b"}, "target is str 'unix-abstract:a"),
        ({"target": "unix:/run/to ggle"}, "target is str 'unix:/run/to ggle'"),
        ({"target": "unix:/" + 107 * "ä"}, ": gRPC takes paths of 107 bytes at the most"),
        ({"events_dir": ""}, "events_dir is str '': give a path"),
        ({"tls": "yes"}, "tls is str 'yes': give true or false"),
        ({"tls_cert_file": "/c.pem"}, "mTLS needs both"),
        ({"max_file_size": 1000}, "max_batch_bytes is 4000000, more than max_file_size"),
        (
            {"max_file_size": 5_000_000, "spool_max_bytes": 4_999_999},
            "max_file_size is 5000000, more than spool_max_bytes",
        ),
        ({"batchsize": 1}, "unknown setting 'batchsize' in the keyword arguments: did you mean"),
        ({"jwt": "Bearer a.b.c"}, "jwt is preceded by 'Bearer'"),
        ({"jwt": "tökén"}, "jwt is text with other characters than a token has"),
        ({"jwt": " "}, "jwt is empty: give a JWT as text"),
        ({"config": 5}, "config is int 5: give a path, a mapping, or an EventConfig"),
        ({"config": "127.0.0.1:5000"}, "; an address is given as target="),
        ({"colour": 1}, "unknown setting 'colour' in the keyword arguments: known are"),
    ],
)
def test_bad_settings_name_key_value_and_remedy(settings, message):
    with pytest.raises(ConfigError) as caught:
        load(**settings)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("events: {batch_sise: 1}", "unknown setting 'batch_sise' in "),
        ("events: [1]", "is list [1]: give a mapping"),
        ("events: {batch_size: 1, batchSize: 2}", "batch_size stands twice in "),
        ("events: {: ", "cannot read the settings in "),
        ("events: {batch_size: many}", "give a whole number of 1 or more (in "),
        ("batch_size: 7", "has 'batch_size' at the top: settings stand in the section 'events'"),
        ("Events: {batch_size: 7}", "has 'Events' at the top"),
        ("events: {tlsCAFile: /ca}", "unknown setting 'tlsCAFile' in "),
    ],
)
def test_what_is_wrong_with_a_file_is_told(yaml_file, text, message):
    with pytest.raises(ConfigError) as caught:
        load(yaml_file(text))
    assert message in str(caught.value)
    assert "rodent.yml" in str(caught.value) or "give a mapping" in str(caught.value)


def test_a_missing_file_is_told():
    with pytest.raises(ConfigError, match=r"cannot read the settings in /no/rodent\.yml"):
        load("/no/rodent.yml")


@pytest.mark.parametrize(
    ("variable", "text"),
    [("BATCH_SIZE", "many"), ("BATCH_TIMEOUT", "long"), ("TLS", "1")],
)
def test_bad_text_in_the_environment_names_the_variable(variable, text):
    with pytest.raises(ConfigError, match=f"RODENT_EVENTS_{variable} is str '{text}'"):
        load(environ={f"RODENT_EVENTS_{variable}": text})


def test_an_unknown_variable_is_told():
    with pytest.raises(ConfigError, match="unknown setting 'batchsize' in the environment"):
        load(environ={"RODENT_EVENTS_BATCHSIZE": "1"})


@pytest.mark.parametrize(
    ("given", "target"),
    [
        ("http://toggle:50051", "toggle:50051"),
        ("unix:/run/toggle.sock", "unix:/run/toggle.sock"),
        ("unix:///run/toggle.sock", "unix:///run/toggle.sock"),
        ("unix:toggle.sock", "unix:toggle.sock"),
        ("unix-abstract:toggle", "unix-abstract:toggle"),
        ("unix:/" + 106 * "x", "unix:/" + 106 * "x"),
        ("https://toggle:50051/", "toggle:50051"),
        ("127.0.0.1:1", "127.0.0.1:1"),
        ("[::1]:50051", "[::1]:50051"),
    ],
)
def test_a_target_is_read_with_or_without_its_scheme(given, target):
    assert load(target=given).target == target


def test_the_token_is_never_shown():
    assert "top.secret.token" not in repr(load(jwt="top.secret.token"))
    with pytest.raises(ConfigError) as caught:
        load(jwt=["top.secret.token"])
    assert "top.secret.token" not in str(caught.value)


def test_a_token_may_be_a_function():
    assert load(jwt=lambda: "a.b.c").jwt() == "a.b.c"


@pytest.mark.parametrize("length", [58, 59])
def test_a_value_is_shown_unless_it_is_long(length):
    with pytest.raises(ConfigError) as caught:
        load(target="x" * length)
    assert ("x" * length in str(caught.value)) is (length == 58)
