"""A mock Toggle in a container."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from docker.errors import APIError, ImageNotFound
from testcontainers.core.config import ConnectionMode
from testcontainers.core.container import DockerContainer
from testcontainers.core.docker_client import DockerClient
from testcontainers.core.exceptions import ContainerStartException
from testcontainers.core.network import Network
from testcontainers.core.waiting_utils import WaitStrategyTarget

from toggle_mock.address import LOOPBACK, Address, checked_names, is_ip
from toggle_mock.container.logs import add_logs
from toggle_mock.container.waiting import Waiting
from toggle_mock.errors import RemoteError
from toggle_mock.faults.spec import FaultSpec, dump, parse
from toggle_mock.http_api.client import RemoteToggle
from toggle_mock.http_api.remote_api import RemoteApi
from toggle_mock.schema import Schema, load_schema

GRPC_PORT, HTTP_PORT = 50051, 8025
"""Where the mock listens in its container."""

IMAGE = f"toggle-mock:{version('rodent-events')}"
"""The image of this version."""

ALIAS = "toggle"
"""The name of the mock in its network, unless others are given."""

_SCHEMA, _KEY = "/schema.binpb", "/jwt.key"
"""Where files are put."""

_LOCAL = {"localhost", LOOPBACK}
"""How this machine is called as the one that has the engine."""

_ANSWER = 5.0
"""Seconds that a mock has to say whether it is ready."""


class Ready(Waiting):
    """Waits until the mock in a container answers calls.

    For a ``ToggleContainer`` it is in place; ``DockerCompose`` has ``waiting_for`` too.

    Args:
        port: That of the HTTP API, in the container.
    """

    def __init__(self, port: int = HTTP_PORT) -> None:
        super().__init__("the mock is ready")
        self._port = port

    def _problem(self, container: WaitStrategyTarget) -> str | None:
        try:
            host, port = container.get_container_host_ip(), container.get_exposed_port(self._port)
        except (ConnectionError, TimeoutError) as error:  # of one that has just ended, both
            return str(error)
        api = RemoteApi(f"http://{Address(host, port)}")
        try:
            return api.readiness(_ANSWER).reason
        except RemoteError as error:
            return str(error)
        finally:
            api.close()


def new_network() -> Network:
    """A network, not yet made, whose published ports this machine alone reaches if it has them."""
    client = DockerClient()
    is_here = client.get_connection_mode() is ConnectionMode.docker_host and client.host() in _LOCAL
    client.client.close()
    options = {"com.docker.network.bridge.host_binding_ipv4": LOOPBACK} if is_here else {}
    return Network(docker_network_kw={"options": options})


class ToggleContainer(DockerContainer):
    """A mock Toggle in a container.

    In ``with`` it is a :class:`RemoteToggle` that sees all of it, and so has all assertions and
    faults. Whoever starts it otherwise gets that by :meth:`get_toggle`.

    Args:
        image: The image; by default that of this version.
        options: Those of ``DockerContainer``.
    """

    def __init__(self, image: str = IMAGE, **options: Any) -> None:
        super().__init__(image, **options)
        self.with_exposed_ports(GRPC_PORT, HTTP_PORT)
        self.waiting_for(Ready())
        self._faults: list[FaultSpec] = []
        self._tls_names: list[str] | None = None
        self._toggle: RemoteToggle | None = None

    def with_setting(self, name: str, value: object) -> Self:
        """Set an option of ``toggle-mock serve``, by its name there: ``heartbeat``, ``log``.

        Args:
            name: The option, without its dashes.
            value: What is given for it; True and False for a flag.
        """
        text = str(value).lower() if isinstance(value, bool) else str(value)
        return self.with_env(f"TOGGLE_MOCK_{name.replace('-', '_').upper()}", text)

    def with_faults(self, *faults: FaultSpec | Mapping[str, Any]) -> Self:
        """Have faults be in force from the beginning.

        Args:
            faults: Each as data: ``{"method": "SendEvents", "returns": ["UNAVAILABLE"]}``.

        Raises:
            FaultSpecError: One is no fault.
        """
        self._faults += [one if isinstance(one, FaultSpec) else parse(one) for one in faults]
        return self.with_setting("fault", "\n".join(json.dumps(dump(one)) for one in self._faults))

    def with_schema(self, schema: Schema | Path | str) -> Self:
        """Have events be read under another schema.

        Args:
            schema: A published revision such as ``2025-12-09``, ``auto``, or what
                :func:`load_schema` takes; files are read and compiled here.

        Raises:
            SchemaError: There is no such schema.
        """
        if schema == "auto":
            return self.with_setting("schema", schema)
        files = load_schema(schema).files
        self.with_copy_into_container(files.SerializeToString(), _SCHEMA)
        return self.with_setting("schema", _SCHEMA)

    def with_tls(self, *names: str) -> Self:
        """Speak TLS; :meth:`get_root_certificate` is what clients need.

        Args:
            names: Names that the certificate is for, besides loopback and the aliases in its
                network.

        Raises:
            ValueError: One is no name.
        """
        self._tls_names = checked_names("names", names)
        return self.with_setting("tls", value=True)

    def with_jwt_key(self, key: bytes, algorithm: str = "HS256") -> Self:
        """Take only tokens that are signed with a key, and issue such.

        Args:
            key: The secret of HS256, or the private key as PEM.
            algorithm: How it signs: HS256, RS256 or ES256.
        """
        self.with_copy_into_container(key, _KEY)
        return self.with_setting("jwt-key", _KEY).with_setting("jwt-algorithm", algorithm)

    def _configure(self) -> None:
        if self._network is not None and not self._network_aliases:
            self.with_network_aliases(ALIAS)
        names = [*(self._network_aliases or ()), self.get_docker_client().host()]
        names = [name for name in names if not is_ip(name)]
        self.env.setdefault("TOGGLE_MOCK_HTTP_ALLOWED_HOST", " ".join(names))
        if self._tls_names is not None:
            names += self._tls_names
            self.env.setdefault("TOGGLE_MOCK_TLS_NAME", " ".join(dict.fromkeys(names)))

    def start(self) -> Self:
        """Start it, and wait until it answers calls.

        Raises:
            TimeoutError: It does not in time; a note has its log.
            ContainerStartException: It has ended, or there is no such image.
        """
        try:
            return super().start()
        except APIError as error:
            if self._has_image():
                raise
            raise ContainerStartException(
                f"there is no image {self.image}, here or where it is pulled from: "
                f"build it with `docker build --tag {self.image} .`, see docs/container.md"
            ) from error

    def _has_image(self) -> bool:
        try:
            self.get_docker_client().client.images.get(self.image)
        except ImageNotFound:
            return False
        return True

    def stop(self, force: bool = True, delete_volume: bool = True) -> None:
        """Stop and remove it."""
        toggle, self._toggle = self._toggle, None
        try:
            if toggle is not None:
                toggle.close()
        finally:
            super().stop(force, delete_volume)

    def __enter__(self) -> RemoteToggle:  # type: ignore[override] # what a test asks
        super().__enter__()
        try:
            return self.get_toggle()
        except BaseException:
            self.stop()
            raise

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        add_logs(exc_val, "the mock Toggle", self)
        super().__exit__(exc_type, exc_val, exc_tb)

    def get_url(self) -> str:
        """The URL of its HTTP API, from here: for ``RemoteToggle``, or a browser."""
        return f"http://{self._published(HTTP_PORT)}"

    def get_address(self) -> str:
        """``host:port`` for the target of a client that runs here."""
        return self._published(GRPC_PORT)

    def get_network_address(self) -> str:
        """``host:port`` for the target of a client in the same network.

        Raises:
            ValueError: It is in no network.
        """
        self.get_network()
        aliases = self._network_aliases or [ALIAS]
        return f"{aliases[0]}:{GRPC_PORT}"

    def get_network(self) -> Network:
        """The network that it is in.

        Raises:
            ValueError: It is in none.
        """
        if self._network is None:
            raise ValueError(
                "the mock is in no network: give it one, ToggleContainer().with_network(network)"
            )
        return self._network

    def get_toggle(self) -> RemoteToggle:
        """The mock, all of it: every Rodent's events, and faults that are everybody's.

        It is one and the same each time, and closed when the container stops.
        """
        if self._toggle is None:
            self._toggle = RemoteToggle(self.get_url(), whole=True, address=self.get_address())
        return self._toggle

    def session(self, rid: str | None = None, sub: str | None = None) -> RemoteToggle:
        """A part of the mock for one of several tests that share the container; close it.

        Args:
            rid: The Rodent that it is about; None for all of its organization.
            sub: The organization; if neither is given, one of its own.
        """
        return RemoteToggle(self.get_url(), rid=rid, sub=sub, address=self.get_address())

    def get_root_certificate(self) -> bytes | None:
        """The root certificate as PEM, if it speaks TLS, else None."""
        return self.get_toggle().root_certificate

    def _published(self, port: int) -> str:
        return str(Address(self.get_container_host_ip(), self.get_exposed_port(port)))
