"""What is said of a program that is to be judged: ``contract.yml``, or options.

::

    command: [./rodent, --config, "{config}"]
    emit: driver                # or stimuli, or nothing
    features: [register, connect, tls]
    environment: {RODENT_LOG: debug}
    times: {batch: 0.2, redial: 1}
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta, structs

from toggle_mock.contract.cases import Profile
from toggle_mock.errors import ContractError, FaultSpecError
from toggle_mock.faults.record import Record, components_of, refuse_unknown
from toggle_mock.yaml_files import read_yaml

Emit = Literal["driver", "stimuli", "nothing"]
"""How a Rodent is made to emit: by a driver, by stimuli, or by nothing but itself."""

RodentFeature = Literal["register", "connect", "tls", "token_file", "disk", "journal", "stats"]

RODENT_FEATURES: Mapping[RodentFeature, str] = {
    "register": "calls Register before all else",
    "connect": "keeps a Connect stream, and answers commands",
    "tls": "speaks TLS if TOGGLE_CA_FILE is set",
    "token_file": "reads its token from TOGGLE_JWT_FILE, and again when it is refused",
    "disk": "keeps in EVENTS_DIR, over an orderly end, what could not be sent",
    "journal": "keeps in EVENTS_DIR, over any end, what it has accepted",
    "stats": "counts events in its driver's stats: emitted, recovered (found on disk), delivered, "
    "waiting, filtered, dropped, quarantined",
}

ToggleFeature = Literal[
    "register",
    "connect",
    "heartbeat",
    "deduplicates",
    "keeps_unknown_fields",
    "shown_when_stored",
    "health",
    "reflection",
]

TOGGLE_FEATURES: Mapping[ToggleFeature, str] = {
    "register": "answers Register",
    "connect": "keeps Connect streams",
    "heartbeat": "sends system.status to connected Rodents",
    "deduplicates": "takes a batch of an id that it has had for the same batch",
    "keeps_unknown_fields": "stores fields that its schema does not know, and observe shows them",
    "shown_when_stored": "shows an event by observe from the moment on at which it is stored",
    "health": "answers grpc.health.v1.Health",
    "reflection": "answers grpc.reflection.v1alpha.ServerReflection",
}

Positive = Annotated[float, Meta(gt=0, le=1e6)]
R = TypeVar("R", bound=Record)


class RodentTimes(Record, frozen=True, kw_only=True):
    """What a Rodent is set to, in seconds: the longest that a case has to wait for it.

    By default they are those of the published Rodent. A case whose times are more than ten seconds
    together is run with ``--slow`` only.
    """

    start: Positive = 10.0
    """From its start until it is ready, or calls."""
    register_again: Positive = 60.0
    """From a refused Register to the next."""
    connect: Positive = 3.0
    """From Register to Connect."""
    batch: Positive = 30.0
    """Until a batch goes out that is not full."""
    retry: Positive = 2.0
    """Between two tries of a batch, for the first of them."""
    outage: Positive = 30.0
    """Between two tries of a batch at the longest, while Toggle is away."""
    send: Positive = 30.0
    """Until it gives up a call that is not answered."""
    redial: Positive = 30.0
    """From the end of its stream to the next."""
    redial_refused: Positive = 60.0
    """The same after a status such as PERMISSION_DENIED."""
    keepalive: Positive = 40.0
    """Between two pings on a connection that is silent."""
    keepalive_timeout: Positive = 20.0
    """From a ping that is not answered until the connection is given up."""
    token: Positive = 30.0
    """From a refused token until it uses another one."""
    answer: Positive = 10.0
    """Until a command is answered, of Toggle or of the suite."""
    stop: Positive = 10.0
    """From SIGTERM to its end."""
    slack: Positive = 10.0
    """What a busy machine may add to anything, which is no breach."""


class Stimulus(Record, frozen=True, kw_only=True):
    """What makes a daemon emit an event: a command to it through Connect, or one of the shell."""

    expect: str
    """A query that the event matches."""
    command: str | None = None
    """The type of a command, such as ``system.users.create``."""
    payload: Any = None
    """What the command is sent with, as JSON."""
    target: str = ""
    shell: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.command is None) == (self.shell is None):
            raise FaultSpecError("a stimulus has either a command or a shell line", "expect")


class SlowCommand(Record, frozen=True, kw_only=True):
    """A command that a Rodent takes longer for than for ``system.status``."""

    command: str
    """Its type."""
    payload: Any = None
    """What it is sent with, as JSON."""
    target: str = ""


class RodentContract(Record, frozen=True, kw_only=True):
    """What is said of a Rodent that is to be judged."""

    command: tuple[str, ...] = ()
    """The program and its arguments; ``{config}`` stands for the path of its rendered file."""
    emit: Emit = "nothing"
    stimuli: tuple[Stimulus, ...] = ()
    slow_command: SlowCommand | None = None
    """One that takes half a second or longer, if there is any: what else is asked must not wait for
    it."""
    features: tuple[RodentFeature, ...] = tuple(RODENT_FEATURES)
    """What it can do; see ``RODENT_FEATURES``."""
    profile: Profile = "guarantees"
    environment: dict[str, str] = msgspec.field(default_factory=dict)
    """Besides what the suite sets."""
    folder: str = ""
    """Where it is started; its own folder, in EVENTS_DIR and HOME, is another one for each case."""
    config_template: str | None = None
    """A file in which ``${TOGGLE_ADDRESS}`` and the like are replaced."""
    times: RodentTimes = RodentTimes()
    batch_size: Annotated[int, Meta(ge=1, le=100_000)] = 100
    """Events in a full batch."""

    @property
    def abilities(self) -> frozenset[str]:
        """What cases may need: its features, and how it is made to emit."""
        emits = {"driver": {"driver", "events"}, "stimuli": {"events"}, "nothing": set[str]()}
        slow = {"slow_command"} if self.slow_command else set[str]()
        return frozenset(self.features) | emits[self.emit] | slow


class ToggleTimes(Record, frozen=True, kw_only=True):
    """How long a Toggle takes, in seconds, at the longest.

    A case whose times are more than ten seconds together is run with ``--slow`` only.
    """

    answer: Positive = 10.0
    """Until it answers a call, or ends a stream."""
    stored: Positive = 5.0
    """From its answer until an event is seen by ``observe``."""
    heartbeat: Positive = 60.0
    """From the beginning of a stream to the first heartbeat, and between two."""
    idle: Positive = 300.0
    """Where nothing is said, a stream must stay up for at least so long."""
    keepalive: Positive = 40.0
    """Between two pings of the published Rodent, which it must allow."""
    shortest_keepalive: Positive = 10.0
    """Between two pings of any Rodent, which it must allow."""
    slack: Positive = 10.0
    """What a busy machine may add to anything, which is no breach."""


class ToggleContract(Record, frozen=True, kw_only=True):
    """What is said of a Toggle that is to be judged."""

    to: str = ""
    """``host:port``, perhaps behind ``https://``, which is TLS."""
    jwt: str | None = None
    """A token that it takes. All cases are of the same Rodent then, and run one after the other."""
    jwt_key: str | None = None
    """A file with the key that it verifies tokens by, so that the suite can sign its own."""
    jwt_algorithm: Literal["HS256", "RS256", "ES256"] = "HS256"
    organization: str | None = None
    """The organization of the Rodents that the suite signs tokens for; None for one each."""
    foreign_jwt: str | None = None
    """A token that is right in all but its organization, which is none of this Toggle's."""
    revoke_command: str | None = None
    """A command of the shell that revokes the tokens of the Rodent ``$RODENT_ID``, of the
    organization ``$ORGANIZATION_ID``."""
    tls: bool = False
    """Whether it speaks TLS; it does if ``ca`` is given."""
    ca: str | None = None
    """A file with its root certificate as PEM, if that is none that this machine trusts."""
    server_name: str | None = None
    """The name that its certificate is for, if that is not in ``to``."""
    observe: str | None = None
    """URL of an HTTP API such as the mock's, at which its events are seen."""
    observe_command: str | None = None
    """A command of the shell that prints the stored events as JSON lines, those of ``$SUITE_MARK``
    at least: each an Event in protobuf's JSON, or ``{"raw": …}`` with its bytes in base64."""
    features: tuple[ToggleFeature, ...] = ("register", "connect")
    """What it does; see ``TOGGLE_FEATURES``."""
    times: ToggleTimes = ToggleTimes()
    max_message_bytes: Annotated[int, Meta(ge=1024, le=1 << 30)] = 4 * 1024 * 1024
    """Bytes in a request at the most."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.jwt is not None and self.jwt_key is not None:
            raise FaultSpecError("either jwt or jwt_key is given: not both", "jwt")
        if self.observe is not None and self.observe_command is not None:
            raise FaultSpecError("either observe or observe_command is given: not both", "observe")

    @property
    def is_secure(self) -> bool:
        """Whether it speaks TLS."""
        return self.tls or self.ca is not None or self.to.startswith("https://")

    @property
    def abilities(self) -> frozenset[str]:
        """What cases may need: its features, and what the suite was given."""
        given = {
            "key": self.jwt_key,
            "public_key": self.jwt_key and self.jwt_algorithm != "HS256",
            "foreign_jwt": self.foreign_jwt,
            "revoke": self.revoke_command,
            "observe": self.observe or self.observe_command,
            "tls": self.is_secure,
        }
        return frozenset(self.features) | {name for name, value in given.items() if value}


_PATHS = ("folder", "config_template", "jwt_key", "ca")
"""The keys that are paths: in a file they are relative to where that is."""


def read_contract(kind: type[R], path: Path) -> R:
    """What a file says of a program.

    Args:
        kind: RodentContract or ToggleContract.
        path: The YAML file.

    Raises:
        ContractError: It says something that means nothing; the text has the line.
        OSError: It cannot be read.
    """
    file = read_yaml(path, ContractError)
    if not isinstance(file.data, dict):
        raise ContractError(f"{path} says nothing of a program: it needs keys such as command")
    try:
        contract = kind.read(file.data)
    except FaultSpecError as error:
        raise ContractError(f"{file.where(key=error.key)}: {error}") from None
    paths = {name: getattr(contract, name, None) for name in _PATHS}
    given = {name: value for name, value in paths.items() if value is not None}
    return replaced(contract, given, path.absolute().parent)


def replaced(contract: R, values: Mapping[str, Any], folder: Path) -> R:
    """A contract of which something else is said; of times and environment, what is not stays.

    Args:
        contract: The contract.
        values: What is said, by its keys.
        folder: What paths are relative to.

    Raises:
        ContractError: A key is none, or a value is none for it.
    """
    try:
        refuse_unknown(values, contract.__struct_fields__)
        new = {name: _merged(getattr(contract, name), value) for name, value in values.items()}
        new |= {name: str(folder / str(new[name])) for name in _PATHS if new.get(name) is not None}
        return _with(contract, new)
    except FaultSpecError as error:
        raise ContractError(str(error)) from None


def _with(record: R, values: Mapping[str, Any]) -> R:
    """A record with other values; msgspec's own way checked none of them before 0.20."""
    return type(record)(**{**structs.asdict(record), **values})


def _merged(old: object, new: object) -> object:
    if not isinstance(new, Mapping):
        return new
    if isinstance(old, Record):
        refuse_unknown(new, old.__struct_fields__)
        return _with(old, new)
    return {**old, **new} if isinstance(old, Mapping) else new


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a file, of a Rodent or a Toggle."""
    kinds, components = components_of(
        [RodentContract, ToggleContract], ref_template="#/$defs/{name}"
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A file for toggle-mock verify: what is said of a program that is to be judged",
        "anyOf": list(kinds),
        "$defs": components,
    }
