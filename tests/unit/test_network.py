"""Faults of the connection that overlap, without a socket."""

import asyncio
from typing import ClassVar

import msgspec
import pytest

from toggle_mock import ToggleServer
from toggle_mock.address import Address
from toggle_mock.errors import NoRelayError
from toggle_mock.faults import spec
from toggle_mock.faults.conditions import Age, Conditions, Delay, Effect
from toggle_mock.faults.connections import Network
from toggle_mock.faults.first_bytes import Speaks
from toggle_mock.faults.tcp_relay import Relay

ALL = None


class Host:
    """A server that only notes what becomes of it."""

    is_up = True

    def __init__(self):
        self.log = []
        self.due = None

    async def leave(self):
        self.is_up = False
        self.log.append("leave")

    async def come_back(self):
        self.is_up = True
        self.log.append("come back")

    def carry_out(self, work):
        if self.due is None:
            asyncio.run(work())
        else:
            self.due.append(work)


@pytest.fixture
def host():
    return Host()


@pytest.fixture
def relay():
    return Relay(Address())


@pytest.fixture
def network(host, relay):
    return Network(host, relay)


def test_conditions_heal_in_any_order(network, relay):
    first = network.add(spec.Latency(seconds=0.1), ALL)
    second = network.add(spec.Latency(seconds=0.2, jitter=0.1), ALL)
    assert [delay.seconds for delay in relay.conditions.delays] == [0.1, 0.2]
    first.heal()
    first.heal()
    assert relay.conditions == Conditions(delays=(Delay(0.2, jitter=0.1),))
    slow = network.add(spec.Bandwidth(bytes_per_second=10), ALL)
    fast = network.add(spec.SlowReads(bytes_per_second=1000), ALL)
    assert (relay.conditions.to_server, relay.conditions.to_client) == (10, 10)
    slow.heal()
    assert (relay.conditions.to_server, relay.conditions.to_client) == (1000, None)
    for fault in (fast, second):
        fault.heal()
    assert network.effect == Effect()
    assert relay.conditions == Conditions()


def test_outages_nest(network, host):
    with network.add(spec.Outage(), ALL):
        with network.add(spec.Outage(), ALL):
            assert host.log == ["leave"]
        assert not host.is_up
    assert host.log == ["leave", "come back"]


@pytest.mark.parametrize("kind", sorted({*spec.CONNECTION_FAULTS.values()} - {spec.Clock}, key=str))
def test_connections_are_everybodys_where_a_session_has_no_port_of_its_own(network, host, kind):
    fields = dict.fromkeys({*kind.__struct_fields__} - {"forget"}, 1)
    with pytest.raises(NoRelayError, match=r"everybody's: ask the server .* own_port=True"):
        network.add(kind(**fields), "mine")
    with pytest.raises(NoRelayError, match="relay=True"):
        Network(host, None).add(kind(**fields), "mine")
    assert (network.effect, host.log) == (Effect(), [])


def test_a_port_of_its_own_needs_a_relay_and_a_server_that_runs(host):
    with pytest.raises(NoRelayError, match="relay=True"):
        Network(host, None).open_port("mine")
    with pytest.raises(RuntimeError, match="start it first"):
        ToggleServer(relay=True).session(own_port=True)


def test_what_happens_once_leaves_nothing_to_heal(network, host):
    for once in (spec.Restart(), spec.Reset(), spec.Goaway(grace=2)):
        with network.add(once, ALL) as fault:
            assert network.effect == Effect()
            assert fault.remaining is None
    assert host.log == ["leave", "come back"]


def test_what_was_recorded_is_forgotten_while_nobody_listens(host, relay):
    network = Network(host, relay, lambda: host.log.append("forget"))
    network.add(spec.Restart(forget=True), ALL)
    assert host.log == ["leave", "forget", "come back"]
    with network.add(spec.Outage(), ALL):
        network.add(spec.Restart(forget=True), ALL)
    assert host.log[3:] == ["leave", "forget", "come back"]


@pytest.mark.parametrize("fault", [spec.Restart(forget=True), spec.Clock(ahead=60)])
def test_what_all_sessions_have_is_the_servers_to_spoil(network, host, fault):
    with pytest.raises(ValueError, match="not a session"):
        network.add(fault, "a session")
    assert (network.effect, host.log) == (Effect(), [])


@pytest.mark.parametrize("shown", [True, False])
def test_clocks_add_up_and_who_shows_them_starts_anew(host, relay, shown):
    clocks = [0.0]

    def set_clock(ahead):
        clocks.append(ahead)
        return shown and clocks[-2] != ahead

    network = Network(host, relay, set_clock=set_clock)
    with network.add(spec.Clock(ahead=60), ALL):
        network.add(spec.Clock(ahead=-90), ALL).heal()
        network.add(spec.Reset(), ALL)
    assert clocks == [0, 60, -30, 60, 60, 0]
    assert host.log == ["leave", "come back"] * 4 * shown


def test_of_ages_the_least_holds(network, relay):
    with network.add(spec.MaxConnectionAge(seconds=5), ALL):
        with network.add(spec.MaxConnectionAge(seconds=7, grace=3), ALL):
            assert relay.conditions.age == Age(5, 3)
        assert relay.conditions.age == Age(5)
    assert relay.conditions.age == Age()


def test_no_frame_can_be_written_into_tls(host):
    network = Network(host, Relay("127.0.0.1", Speaks(tls=True)))
    network.add(spec.Reset(), ALL)
    for fault in (spec.Goaway(), spec.MaxConnectionAge(seconds=1)):
        with pytest.raises(NoRelayError, match=f"^{fault.kind} is a frame of HTTP/2"):
            network.add(fault, ALL)


def test_a_restart_that_is_carried_out_later_is_one(network, host):
    """In the loop's own thread, where an outcome may ask for it, nobody can wait for it."""
    host.due = []
    network.add(spec.Restart(), ALL)
    network.add(spec.Outage(), ALL).heal()
    assert host.log == []
    for work in host.due:
        asyncio.run(work())
    assert host.log == ["leave", "come back"]


def test_what_happens_to_the_server_itself_needs_no_relay(host):
    network = Network(host, None)
    do_without = {"outage", "restart", "clock"}
    for name, kind in spec.CONNECTION_FAULTS.items():
        needed = [field.name for field in msgspec.structs.fields(kind) if field.required]
        fault = kind(**dict.fromkeys(needed, 1))
        if name in do_without:
            network.add(fault, ALL).heal()
        else:
            with pytest.raises(NoRelayError, match="relay=True"):
                network.add(fault, ALL)
    assert network.effect == Effect()


def test_a_kind_of_fault_is_one_record(network, monkeypatch, tmp_path):
    """The record is what it takes to add one; data, schema, scenarios and network have it then."""
    from toggle_mock.cli.scenario import json_schema, needs_relay, read_scenario

    class Molasses(spec.ConnectionFault, frozen=True, kw_only=True):
        """All is slow."""

        kind: ClassVar[str] = "molasses"
        degrees: spec.Seconds

        @property
        def effect(self) -> Effect:
            return Effect(conditions=Conditions(to_client=100 - self.degrees))

    monkeypatch.setitem(spec.CONNECTION_FAULTS, Molasses.kind, Molasses)
    fault = spec.parse({"molasses": {"degrees": 20}})
    assert spec.parse(spec.dump(fault)) == fault
    with network.add(fault, ALL):
        assert network.effect.conditions.to_client == 80
    path = tmp_path / "scenario.yml"
    path.write_text("steps: [{at: 1, molasses: {degrees: 5}}]")
    assert needs_relay(read_scenario(path))
    assert "degrees" in json_schema()["$defs"]["Molasses"]["properties"]
