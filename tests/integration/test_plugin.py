"""The pytest plugin in a foreign project."""

import pytest

pytestmark = pytest.mark.usefixtures("plain_pytest")


@pytest.fixture
def plain_pytest(pytester):
    """A project with nothing but what the plugin brings."""
    pytester.makeini("[pytest]\n")


def test_the_first_test_of_a_newcomer(pytester):
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
        def test_options(toggle_server, event_bus):
            assert dict(toggle_server._options)["grpc.max_receive_message_length"] == 1234
            assert event_bus.config.enabled_levels == {"ERROR"}
            assert event_bus.config.batch_size == 3
        """
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=1)


def test_more_servers(pytester):
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


def test_in_asyncio_and_in_parallel(pytester):
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
            assert not {"grpc", "rodent_events", "toggle_mock.server"} & sys.modules.keys()
        """
    )
    pytester.runpytest_subprocess("-p", "no:hypothesispytest").assert_outcomes(passed=1)
