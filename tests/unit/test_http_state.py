"""What clients of the HTTP API refer to by an id."""

import pytest

from toggle_mock import ToggleServer
from toggle_mock.errors import UnknownIdError
from toggle_mock.faults.active import ActiveFault
from toggle_mock.faults.spec import Outage
from toggle_mock.http_api.fault_ids import AskedFault
from toggle_mock.http_api.named import Named
from toggle_mock.http_api.state import Api


class Fault(ActiveFault):
    """One that is in force nowhere."""

    spec = Outage()

    def heal(self) -> None:
        """There is nothing to end."""


def test_things_are_found_by_name_and_those_that_are_gone_are_told():
    things: Named[str] = Named("thing", "make one")
    things.add("a", "first")
    assert things["a"] == "first"
    assert things.items() == [("a", "first")]
    assert things.pop("a") == "first"
    for gone in (things.pop, things.__getitem__):
        with pytest.raises(UnknownIdError, match="there is no thing 'a': make one"):
            gone("a")
    things.discard("a")


def test_of_too_many_faults_the_oldest_is_forgotten():
    api = Api(ToggleServer(), lambda: b"")
    names = [api.add_fault(AskedFault(Fault(), None)) for _ in range(1001)]
    assert list(api.faults_of(None)) == names[1:]


def test_a_session_has_its_own_faults():
    server = ToggleServer()
    api = Api(server, lambda: b"")
    session = api.sessions.add(server.session())
    faults = [Fault(), Fault()]
    other = api.add_fault(AskedFault(faults[0], None))
    mine = api.add_fault(AskedFault(faults[1], session))
    assert list(api.faults_of(session)) == [mine]
    with pytest.raises(UnknownIdError, match=f"there is no fault '{other}'"):
        api.take_fault(other, session)
    assert api.take_fault(mine, session) is faults[1]
    with pytest.raises(UnknownIdError, match="there is no session 'none'"):
        api.faults_of("none")
    api.forget_faults(None)
    assert api.faults_of(None) == {}
