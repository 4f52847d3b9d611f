"""A Rodent under test in a container, whatever language it is written in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

import docker.models.networks
from testcontainers.core.container import DockerContainer
from testcontainers.core.waiting_utils import WaitStrategyTarget

from toggle_mock.assertions.failures import Came, digest
from toggle_mock.container.logs import add_logs
from toggle_mock.container.toggle import ToggleContainer
from toggle_mock.container.waiting import Waiting
from toggle_mock.toggle.toggle import Toggle

_CA_FILE = "/toggle-ca.pem"


class Connected(Waiting):
    """Waits until a Rodent is connected.

    Args:
        toggle: Where.
        rid: Its id.
    """

    def __init__(self, toggle: Toggle, rid: str) -> None:
        super().__init__(f"Rodent {rid} is connected")
        self._toggle, self._rid = toggle, rid

    def _problem(self, _container: WaitStrategyTarget) -> str | None:
        toggle = self._toggle
        if toggle.rodents[self._rid].connected:
            return None
        return f"what has come:\n{digest(Came(toggle.events, toggle.calls, toggle.refusals))}"


class RodentContainer(DockerContainer):
    """A Rodent under test, which is told by its environment where Toggle is.

    Args:
        image: Its image.
        options: Those of ``DockerContainer``.
    """

    def __init__(self, image: str, **options: Any) -> None:
        super().__init__(image, **options)
        self.rid: str | None = None
        """Its id, once it has a Toggle."""

    def with_toggle(
        self,
        container: ToggleContainer,
        *,
        rid: str = "rodent-1",
        sub: str | None = None,
        address_variable: str = "TOGGLE_ADDRESS",
        jwt_variable: str = "TOGGLE_JWT",
        ca_file_variable: str = "TOGGLE_CA_FILE",
    ) -> Self:
        """Let it report to a mock, in the network of that, and have its start wait until it does.

        Args:
            container: The mock, which runs, in a network.
            rid: The Rodent's id, in its token.
            sub: The organization's id.
            address_variable: What the agent's variable for ``host:port`` is called.
            jwt_variable: That for the token, which is valid for a day.
            ca_file_variable: That for the file of the root certificate, if the mock speaks TLS.

        Raises:
            ValueError: The mock is in no network.
            ContainerStartException: It does not run.
        """
        address = container.get_network_address()
        toggle = container.get_toggle()
        self.rid = rid
        self.with_network(container.get_network())
        self.with_env(address_variable, address)
        self.with_env(jwt_variable, toggle.jwt(rid=rid, sub=sub, expires_in=86_400))
        if toggle.root_certificate is not None:
            self.with_copy_into_container(toggle.root_certificate, _CA_FILE)
            self.with_env(ca_file_variable, _CA_FILE)
        return self.waiting_for(Connected(toggle, rid))

    @contextmanager
    def disconnected(self) -> Iterator[None]:
        """Take it off its network, as if a cable were pulled; on it again at the end.

        Nobody is told: connections that were open stay so for both sides, and nothing passes.
        """
        network, container = self._docker_network(), self.get_container_id()
        network.disconnect(container)
        try:
            yield
        finally:
            network.connect(container, aliases=self._network_aliases)

    def _docker_network(self) -> docker.models.networks.Network:
        if self._network is None:
            raise ValueError("this container is in no network: with_toggle or with_network")
        return self.get_docker_client().client.networks.get(self._network.name)

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        add_logs(exc_val, "the Rodent", self)
        super().__exit__(exc_type, exc_val, exc_tb)
