"""The pytest plugin in a foreign project."""

import pytest
from support import plugins

from toggle_mock.recording.files import load

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("plain_pytest")]


@pytest.fixture
def plain_pytest(pytester, monkeypatch):
    """A project with nothing but what the plugin brings, whose tests run as they are written."""
    monkeypatch.setenv("PYTEST_ADDOPTS", plugins.only("pytest-asyncio", "pytest-xdist"))
    pytester.makeini("[pytest]\n")


def test_the_first_test_of_a_newcomer_passes(pytester):
    pytester.makepyfile(
        """
        from rodent_events import EVENT_LEVEL_INFO, StorageTransferPayload

        def test_a_transfer_is_reported(event_bus, toggle_server):
            payload = StorageTransferPayload(source="tank/a@1", destination="backup/a")
            event_bus.emit_storage_transfer(EVENT_LEVEL_INFO, payload, {"transfer_id": "t1"})
            (event,) = toggle_server.wait_for(StorageTransferPayload(source="tank/a@1"))
            assert event.metadata == {"transfer_id": "t1"}
        """
    )
    pytester.runpytest_subprocess("-W", "error", "-p", "no:asyncio").assert_outcomes(passed=1)


def test_the_server_is_cleared_between_tests(pytester):
    pytester.makepyfile(
        """
        import pytest
        from rodent_events import StoragePoolPayload

        addresses = set()

        @pytest.mark.parametrize("number", range(3))
        def test_alone(event_bus, toggle_server, number):
            assert len(toggle_server.events) == 0
            event_bus.emit(StoragePoolPayload(pool_name=str(number)))
            (event,) = toggle_server.wait_for()
            assert event.payload.pool_name == str(number)
            addresses.add(toggle_server.address)
            assert len(addresses) == 1
        """
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=3)


def test_an_agent_of_the_whole_run_is_seen_by_each_test_alone(pytester):
    pytester.makepyfile(
        """
        import pytest
        from rodent_events import EventBus, StoragePoolPayload
        from toggle_mock import SimulatedRodent

        @pytest.fixture(scope="session")
        def bus(toggle_server_session, tmp_path_factory):
            toggle, folder = toggle_server_session, tmp_path_factory.mktemp("events")
            with EventBus(
                target=toggle.address, jwt=toggle.jwt(rid="agent"), events_dir=folder,
                batch_timeout=0.05,
            ) as bus:
                yield bus

        @pytest.fixture(scope="session")
        def rodent(toggle_server_session):
            toggle = toggle_server_session
            with SimulatedRodent(toggle.address, toggle.jwt(rid="agent")) as rodent:
                rodent.wait_connected()
                yield rodent

        @pytest.mark.parametrize("number", range(3))
        def test_alone(bus, rodent, toggle_server, number):
            bus.emit(StoragePoolPayload(pool_name=f"p{number}"))
            toggle_server.wait_for(f"pool_name:p{number}")
            toggle_server.assert_only("payload:pool", count=1)
            assert len(toggle_server.rodents["agent"].calls) == 1
            assert toggle_server.rodents["agent"].command("system.status").success

        def test_a_client_of_an_earlier_test(toggle_server):
            toggle_server.kept = SimulatedRodent(toggle_server.address, toggle_server.jwt())
            toggle_server.kept.start()
            toggle_server.rodents["rodent-1"].wait_connected()

        def test_is_not_connected_any_more(toggle_server):
            assert [rodent.rid for rodent in toggle_server.rodents.connected] == ["agent"]
            toggle_server.kept.stop()
        """
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=5)


FAILING = """
    import pytest
    from rodent_events import StoragePoolPayload

    @pytest.fixture
    def broken(event_bus, toggle_server):
        event_bus.emit(StoragePoolPayload(pool_name="setup"))
        toggle_server.wait_for()
        raise RuntimeError("the agent did not say ready")

    @pytest.fixture
    def broken_at_its_end(event_bus, toggle_server):
        yield
        event_bus.emit(StoragePoolPayload(pool_name="teardown"))
        toggle_server.wait_for()
        raise RuntimeError("the agent did not end")

    def test_setup(broken):
        pass

    def test_teardown(broken_at_its_end):
        pass

    def test_of_two(make_toggle_server):
        one, other = make_toggle_server(), make_toggle_server()
        assert one is other

    @pytest.mark.toggle(heartbeat=-1)
    def test_options(toggle_server):
        pass

    def test_passes(toggle_server):
        pass
"""


@pytest.mark.parametrize(
    ("options", "files"),
    [
        ([], ["test_of_two", "test_setup", "test_teardown"]),
        (
            ["--toggle-record=all"],
            ["test_of_two", "test_passes", "test_setup", "test_teardown"],
        ),
        (["--toggle-record=none"], []),
    ],
)
def test_whichever_phase_fails_shows_what_was_recorded_and_where_it_is(pytester, options, files):
    pytester.makepyfile(FAILING)
    result = pytester.runpytest_subprocess("--basetemp=kept", *options)
    result.assert_outcomes(passed=2, failed=1, errors=3)
    result.stdout.no_fnmatch_line("*pytest_guard.py*")  # the traceback is of the test's own
    for name in ("setup", "teardown"):
        result.stdout.fnmatch_lines(
            ["*recorded by toggle_server*", "1 event, *", f"*pool_name={name} *", "1 call, *"]
        )
    result.stdout.fnmatch_lines(
        ["*recorded by make_toggle_server -*", "*recorded by make_toggle_server-2 -*"]
    )
    kept = sorted(pytester.path.glob("kept/*-recorded-[0-9]*/*.ndjson"))
    assert sorted({path.parent.name.partition("-")[0] for path in kept}) == files
    if not options:
        result.stdout.fnmatch_lines([f"all of it: *{kept[-1].relative_to(pytester.path)}"])
        assert len(load(kept[-1]).events) == 1


def test_options_may_be_overridden(pytester):
    pytester.makeconftest(
        """
        import pytest

        @pytest.fixture(scope="session")
        def toggle_server_options():
            return {"max_message_bytes": 1234}

        @pytest.fixture
        def event_bus_options():
            return {"enabled_levels": ["ERROR"], "batch_size": 3}
        """
    )
    pytester.makepyfile(
        """
        from rodent_events import EventClient

        def test_options(toggle_server, event_bus):
            with EventClient(target=toggle_server.address, jwt=toggle_server.jwt()) as client:
                assert client.send_batch(bytes([26, 127]) * 617).status.name != "RESOURCE_EXHAUSTED"
                assert client.send_batch(bytes(1235)).status.name == "RESOURCE_EXHAUSTED"
            assert event_bus.config.enabled_levels == {"ERROR"}
            assert event_bus.config.batch_size == 3
        """
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=1)


def test_a_test_may_make_more_servers_which_stop_after_it(pytester):
    pytester.makepyfile(
        """
        from rodent_events import EventBus, StoragePoolPayload

        servers = []

        def test_two(make_toggle_server, toggle_server, tmp_path):
            one, two = make_toggle_server(), make_toggle_server(max_message_bytes=10_000)
            assert len({one.address, two.address, toggle_server.address}) == 3
            with EventBus(target=two.address, jwt=two.jwt(), events_dir=tmp_path) as bus:
                bus.emit(StoragePoolPayload())
                assert bus.flush()
            assert (len(one.events), len(two.events)) == (0, 1)
            servers.extend((one, two))

        def test_they_have_stopped():
            import grpc
            for server in servers:
                with grpc.insecure_channel(server.address) as channel:
                    future = grpc.channel_ready_future(channel)
                    try:
                        future.result(timeout=0.2)
                    except grpc.FutureTimeoutError:
                        continue
                    raise AssertionError(server.address)
        """
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=2)


def test_tests_run_in_asyncio_and_in_parallel(pytester):
    pytester.makepyfile(
        """
        import pytest
        from rodent_events import StoragePoolPayload

        @pytest.mark.asyncio
        @pytest.mark.parametrize("number", range(6))
        async def test_async(event_bus, toggle_server, number):
            event_bus.emit(StoragePoolPayload(pool_name=str(number)))
            assert await event_bus.flush_async()
            assert [e.payload.pool_name for e in toggle_server.events] == [str(number)]
        """
    )
    pytester.runpytest_subprocess("-n", "2", "-p", "asyncio").assert_outcomes(passed=6)


def test_fixtures_are_listed_with_their_docs(pytester):
    listed = pytester.runpytest_subprocess("--fixtures")
    listed.stdout.fnmatch_lines(["toggle_server -- *", "*A running mock Toggle*"])


def test_the_plugin_loads_nothing_heavy(pytester):
    pytester.makepyfile(
        """
        import sys

        def test_nothing_is_loaded():
            assert not {"grpc", "rodent_events", "toggle_mock.server.server"} & sys.modules.keys()
        """
    )
    pytester.runpytest_subprocess("-p", "no:hypothesispytest").assert_outcomes(passed=1)


def test_faults_are_healed_and_late_calls_do_not_leak(pytester):
    pytester.makepyfile(
        """
        import grpc
        from rodent_events import EventBus, EventConfig, StoragePoolPayload

        left_behind = []

        def test_first(toggle_server, tmp_path):
            toggle_server.on_send_events.always(grpc.StatusCode.UNAVAILABLE)
            toggle_server.faults.latency(0.01)
            config = EventConfig(
                target=toggle_server.address, jwt=toggle_server.jwt(), events_dir=tmp_path,
                retry_backoff_base=0.01, retry_backoff_max=0.02, batch_timeout=0.01,
            )
            bus = EventBus(config).start()
            bus.emit(StoragePoolPayload(pool_name="late"))
            left_behind.append(bus)

        def test_second(toggle_server, event_bus):
            (bus,) = left_behind
            assert bus.flush(20)
            event_bus.emit(StoragePoolPayload(pool_name="mine"))
            toggle_server.wait_for("pool_name:mine")
            toggle_server.assert_only("pool_name:mine")
            assert len(toggle_server.calls) == 1
            bus.shutdown()
        """
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=2)


def test_the_simulated_rodent_is_connected_and_reports(pytester):
    pytester.makepyfile(
        """
        from rodent_events import StoragePoolPayload

        def test_it(rodent, toggle_server):
            seen = toggle_server.rodents["rodent-1"]
            assert seen.command("system.status").payload["status"] == "healthy"
            rodent.emit(StoragePoolPayload(pool_name="tank"))
            toggle_server.wait_for("payload:pool pool_name:tank")
        """
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=1)


def test_the_marker_gives_a_server_of_its_own(pytester):
    pytester.makepyfile(
        """
        import pytest
        from rodent_events import StoragePoolPayload

        addresses = []

        def test_shared(toggle_server):
            addresses.append(toggle_server.address)

        @pytest.mark.toggle(tls=True, max_message_bytes=1000)
        def test_own(toggle_server, event_bus, rodent):
            assert_it_works(toggle_server, event_bus)

        @pytest.mark.toggle(tls="mutual", max_message_bytes=1000)
        def test_own_that_demands_certificates(toggle_server, event_bus, rodent):
            assert_it_works(toggle_server, event_bus)

        def assert_it_works(toggle_server, event_bus):
            assert toggle_server.address not in addresses
            event_bus.emit(StoragePoolPayload(pool_name="tank"))
            event_bus.emit(StoragePoolPayload(pool_name="x" * 1000))
            event_bus.flush(timeout=30)
            toggle_server.assert_received("payload:pool", count=1)
            assert event_bus.get_stats()["quarantined"] == 1
        """
    )
    pytester.runpytest_subprocess("--strict-markers").assert_outcomes(passed=3)


def test_the_fixtures_of_tls_and_tokens_fit_the_server(pytester):
    pytester.makepyfile(
        """
        from rodent_events import EventBus, EventConfig, StoragePoolPayload

        def test_tls(tls_toggle_server, toggle_ca_file, tmp_path):
            config = EventConfig(
                target=tls_toggle_server.address, jwt=tls_toggle_server.jwt(),
                tls_ca_file=toggle_ca_file, events_dir=tmp_path, batch_timeout=0.01,
            )
            with EventBus(config) as bus:
                bus.emit(StoragePoolPayload(pool_name="secret"))
                tls_toggle_server.wait_for("pool_name:secret")

        def test_token(toggle_server, toggle_jwt):
            assert toggle_jwt(rid="r9").count(".") == 2
        """
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=2)


def test_a_failed_test_shows_what_was_recorded(pytester):
    pytester.makepyfile(
        """
        from rodent_events import StoragePoolPayload

        def test_fails(toggle_server, event_bus):
            for number in range(30):
                event_bus.emit(StoragePoolPayload(pool_name=f"p{number}"))
            toggle_server.wait_for(count=30)
            assert not "enough"

        def test_passes(toggle_server):
            pass
        """
    )
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*recorded by toggle_server*",
            "30 events, the last of them:",
            "*storage_pool*pool_name=p10 *",
            "*storage_pool*pool_name=p29 *",
            "1 call, the last of them:",
            "  SendEvents of rodent-1: OK",
        ]
    )
    result.stdout.no_fnmatch_line("*pool_name=p9 *")


SAME_TESTS = """
    import grpc
    import pytest
    from rodent_events import StoragePoolPayload
    from toggle_mock import NotReceivedError, fail, lose_answer

    def test_events(toggle_server, event_bus):
        assert toggle_server.calls == []
        event_bus.emit(StoragePoolPayload(pool_name="tank", size_bytes=7))
        (event,) = toggle_server.wait_for(StoragePoolPayload(pool_name="tank"))
        assert event.payload.size_bytes == 7
        assert len(toggle_server.events) == 1
        toggle_server.assert_only("payload:pool", count=1)
        with pytest.raises(NotReceivedError, match="pool_name: wanted 'x', got 'tank'"):
            toggle_server.wait_for("pool_name:x", timeout=0.01)

    def test_scripts(toggle_server, event_bus):
        script = toggle_server.on_send_events
        fault = script.returns(
            [fail(grpc.StatusCode.UNAVAILABLE, retry_after=0.01), lose_answer()],
            matching=StoragePoolPayload(pool_name="tank"),
        )
        assert fault.remaining == 2
        event_bus.emit(StoragePoolPayload(pool_name="tank"))
        assert event_bus.flush(30)
        assert fault.remaining == 0
        statuses = [call.status for call in toggle_server.calls]
        assert statuses == ["UNAVAILABLE", "UNAVAILABLE", "OK"]
        assert len(toggle_server.duplicates) == 1

    def test_nothing_is_left_of_the_others(toggle_server):
        assert toggle_server.calls == []
        toggle_server.assert_not_received(within=0.01)

    def test_blocks(toggle_server, event_bus):
        with toggle_server.faults.failing(grpc.StatusCode.UNAVAILABLE):
            event_bus.emit(StoragePoolPayload(pool_name="tank"))
            toggle_server.wait_for_call("SendEvents", status="UNAVAILABLE")
        toggle_server.wait_for("pool_name:tank", timeout=30)

    def test_rodents(toggle_server, rodent):
        seen = toggle_server.rodents["rodent-1"]
        reply = seen.command("system.status")
        assert seen.push_config("x", {}).success
        assert seen.connected
        assert list(toggle_server.rodents) == ["rodent-1"]

    async def test_asyncio(toggle_server, event_bus):
        event_bus.emit(StoragePoolPayload(pool_name="tank"))
        assert len(await toggle_server.aio.wait_for("pool_name:tank")) == 1

    @pytest.mark.toggle(deduplicate=True)
    def test_own(toggle_server):
        assert toggle_server.recording.deduplicate
"""


@pytest.mark.parametrize("workers", [0, 3])
def test_the_same_tests_here_and_elsewhere(pytester, workers):
    from toggle_mock import ToggleServer

    pytester.makeini("[pytest]\nasyncio_mode = auto\n")
    pytester.makepyfile(SAME_TESTS)
    pytester.runpytest_subprocess("-n", str(workers)).assert_outcomes(passed=7)
    with ToggleServer(http_port=0, relay=True) as elsewhere:
        result = pytester.runpytest_subprocess(
            "-n", str(workers), f"--toggle-address=http://{elsewhere.http_address}"
        )
        result.assert_outcomes(passed=6, skipped=1)
        assert len(elsewhere.calls) > 6


def test_an_address_without_a_toggle_is_an_error_that_says_so(pytester, free_port):
    pytester.makepyfile("def test_it(toggle_server): pass")
    result = pytester.runpytest_subprocess(f"--toggle-address=http://127.0.0.1:{free_port}")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*does not answer as a mock Toggle*"])


LEAKING = """
import pytest, rodent_events
from rodent_events import StoragePoolPayload

@pytest.fixture
def settings(toggle_server, tmp_path):
    return dict(
        target=toggle_server.address, jwt=toggle_server.jwt(), events_dir=tmp_path,
        batch_timeout=0.05,
    )

def test_leaves_it_running(settings):
    rodent_events.initialize(**settings)

def test_comes_next(settings, toggle_server):
    rodent_events.initialize(**settings)
    rodent_events.emit(StoragePoolPayload(pool_name="next"))
    toggle_server.assert_received("pool_name:next", count=1)
    rodent_events.shutdown()
"""


def test_a_test_that_leaves_the_bus_running_fails_and_the_next_does_not(pytester):
    pytester.makepyfile(LEAKING)
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["*the test has left the process-wide bus running*"])
    result.stdout.fnmatch_lines(["ERROR *::test_leaves_it_running*"])


def test_it_may_be_ended_without_a_word(pytester):
    pytester.makeini("[pytest]\ntoggle_leaked_bus = clean\n")
    pytester.makepyfile(LEAKING)
    pytester.runpytest_subprocess().assert_outcomes(passed=2)


def test_it_may_be_left_running(pytester):
    pytester.makeini("[pytest]\ntoggle_leaked_bus = ignore\n")
    pytester.makepyfile(LEAKING)
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*AlreadyInitializedError*"])


def test_another_word_for_that_is_refused(pytester):
    pytester.makeini("[pytest]\ntoggle_leaked_bus = cleen\n")
    result = pytester.runpytest_subprocess()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*toggle_leaked_bus is 'cleen': give one of fail, clean, ignore*"])


def test_a_bus_of_several_tests_runs_on(pytester):
    pytester.makepyfile(
        """
        import pytest, rodent_events
        from rodent_events import StoragePoolPayload
        from toggle_mock import ToggleServer

        @pytest.fixture(scope="module")
        def server():
            with ToggleServer() as server:
                yield server

        @pytest.fixture(scope="module")
        def agent(server, tmp_path_factory):
            rodent_events.initialize(
                target=server.address, jwt=server.jwt(), batch_timeout=0.05,
                events_dir=tmp_path_factory.mktemp("events"),
            )
            yield
            rodent_events.shutdown()

        @pytest.mark.parametrize("name", ["one", "two"])
        def test_it_emits(agent, server, name):
            rodent_events.emit(StoragePoolPayload(pool_name=name))
            server.assert_received(f"pool_name:{name}", count=1)
        """
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=2)


def test_the_global_bus_is_a_fixture_and_nothing_is_left_of_it(pytester):
    pytester.makepyfile(
        """
        import pytest, rodent_events
        from rodent_events import StoragePoolPayload

        def scrub(pool):  # the code under test
            rodent_events.emit(StoragePoolPayload(pool_name=pool))

        def test_without_a_bus():
            scrub("nobody's")

        def test_with_one(rodent_events_bus, toggle_server):
            scrub("tank")
            assert rodent_events_bus.flush()
            toggle_server.assert_only("pool_name:tank", count=1)

        @pytest.mark.xfail(strict=True, raises=ZeroDivisionError)
        def test_that_fails(rodent_events_bus, toggle_server):
            toggle_server.faults.hanging()
            scrub("lost")
            1 / 0

        def test_with_the_next(rodent_events_bus, toggle_server):
            assert rodent_events.is_initialized()
            scrub("dozer")
            assert rodent_events.flush()
            toggle_server.assert_only("pool_name:dozer", count=1)

        def test_none_is_left():
            assert not rodent_events.is_initialized()
        """
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=4, xfailed=1)


def test_an_option_that_a_marker_cannot_give_is_told_with_the_nearest(pytester):
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.toggle(dedupliate=True)
        def test_it(toggle_server):
            pass
        """
    )
    result = pytester.runpytest_inprocess("-p", "no:asyncio")
    result.assert_outcomes(errors=1)
    text = "*has dedupliate, which is no option of ToggleServer, did you mean deduplicate[?]"
    result.stdout.fnmatch_lines([text])
