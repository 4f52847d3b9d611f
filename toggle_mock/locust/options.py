"""What the command line of Locust says of Rodents; its master passes it on to its workers."""

from __future__ import annotations

from typing import Any, get_args

import msgspec

from toggle_mock.clients.profiles import PROFILES
from toggle_mock.locust.pools import MIXES
from toggle_mock.locust.shapes import SHAPES


class LoadOptions(msgspec.Struct, frozen=True):
    """The options, by their names there without dashes."""

    observe: str | None = None
    settle: float = 30.0
    report: str | None = None
    shape: str = "steady"
    cycle: float = 300.0
    mix: str = "usual"
    seed: int = 0
    rodent_profile: str | None = None
    rodent_rate: float | None = None
    rodent_pace: float | None = None
    jwt_algorithm: str = "HS256"
    jwt_key: str | None = None
    jwt_tokens: str | None = None
    ca_file: str | None = None
    expect_workers: int = 1


_HELP = {
    "observe": "URL of the HTTP API that shows what has arrived, such as http://127.0.0.1:8080",
    "settle": "Seconds until all that waits is sent, and to be seen, when a run ends",
    "report": "Write what was found of a run to this file, as JSON",
    "shape": "How the load changes over time",
    "cycle": "Seconds of a cycle of the shape",
    "mix": "Which payloads are emitted",
    "seed": "Makes events repeatable",
    "rodent_profile": "Which faults Rodents have, whatever the locustfile says",
    "rodent_rate": "Events a second that each Rodent emits, likewise",
    "rodent_pace": "By what a Rodent's pauses are multiplied, likewise",
    "jwt_algorithm": "How tokens are signed",
    "jwt_key": "File with the secret of HS256, or the private key as PEM",
    "jwt_tokens": "File with tokens instead, one a line, which the workers divide",
    "ca_file": "Root certificate, if Toggle speaks TLS",
}
_CHOICES = {
    "shape": [*SHAPES],
    "mix": [*MIXES],
    "rodent_profile": [*PROFILES],
    "jwt_algorithm": ["HS256", "RS256", "ES256"],
}


def add_options(parser: Any, **_kwargs: Any) -> None:
    """Add them to Locust's own; a listener of its ``init_command_line_parser``.

    Args:
        parser: Locust's parser.
    """
    group = parser.add_argument_group("Options of Rodents")
    for field in msgspec.structs.fields(LoadOptions):
        if field.name in _HELP:
            kinds = get_args(field.type) or (field.type,)
            group.add_argument(
                f"--{field.name.replace('_', '-')}",
                type=kinds[0],
                default=field.default,
                choices=_CHOICES.get(field.name),
                env_var=f"LOAD_{field.name.upper()}",
                help=_HELP[field.name],
            )


def options_of(environment: Any) -> LoadOptions:
    """The options of an environment of Locust; of one without a command line, what is usual."""
    given = environment.parsed_options
    names = [field.name for field in msgspec.structs.fields(LoadOptions)]
    return LoadOptions(**{name: getattr(given, name) for name in names if hasattr(given, name)})
