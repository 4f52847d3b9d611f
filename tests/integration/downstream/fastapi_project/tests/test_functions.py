"""Tests of functions, which never start a bus: what they emit is nobody's."""

from pool_api.app import scrub, snapshot


async def test_a_function_alone():
    await scrub("left-behind")


def test_then_one_with_the_bus(client, toggle_server):
    snapshot("home")
    toggle_server.wait_for("dataset_name:home")
    toggle_server.assert_only("dataset_name:home", count=1)


def test_a_function_alone_after_it():
    snapshot("left-again")
