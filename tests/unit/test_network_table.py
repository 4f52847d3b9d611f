"""Each row of the table of networks in docs/delivery.md has tests, and these exist."""

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests/integration"

# The first column of the table, and the tests of its row.
ROWS = {
    "Toggle is down, or starts again": [
        "test_bus.py::test_a_server_that_is_back_ends_the_outage",
        "test_bus.py::test_an_outage_beyond_all_tries_loses_nothing",
        "test_faults.py::test_in_an_outage_nothing_listens_and_afterwards_nothing_is_missing",
        "test_hostile.py::test_a_server_that_comes_back_at_the_same_port",
    ],
    "its name is not known": [
        "test_names.py::test_a_name_that_is_not_known_is_told_and_looked_up_again",
    ],
    "its name moves to another address": ["test_names.py::test_a_server_that_moves_is_found"],
    "one of several addresses refuses connections": [
        "test_names.py::test_of_several_addresses_one_may_be_dead",
    ],
    "one of several addresses answers nothing": [
        "test_names.py::test_of_several_addresses_one_may_be_silent",
    ],
    "its name has an address of IPv6 alone": [
        "test_names.py::test_ipv6_alone",
        "test_addresses.py::test_an_address_of_ipv6",
    ],
    "nobody listens at a socket of this machine": [
        "test_addresses.py::test_a_socket_where_nobody_listens_is_an_outage_that_is_told_once",
    ],
    "a connection is cut amid a call, an answer is lost": [
        "test_network.py::test_a_connection_that_is_cut_amid_a_call_repeats_the_batch_as_it_was",
        "test_faults.py::test_a_batch_whose_answer_is_lost_is_sent_again_under_the_same_id",
    ],
    "Toggle tells it to go (GOAWAY), or does so once a connection is old": [
        "test_faults.py::test_an_agent_that_is_told_to_go_again_and_again_repeats_nothing",
    ],
    "the network swallows all": [
        "test_network.py::test_a_network_that_swallows_all_costs_time_only",
        "test_overlaps.py::test_a_bus_ends_in_a_partition",
    ],
    "a connection leads nowhere, as after a suspension": [
        "test_network.py::test_a_connection_that_leads_nowhere_is_left_after_one_try",
        "test_network.py::test_nor_does_a_connection_that_has_never_answered_hold_it_long",
        "test_network.py::test_a_connection_that_leads_nowhere_is_noticed_by_pings",
    ],
    "the process is stopped amid a call": [
        "test_clocks.py::test_an_agent_that_is_stopped_amid_a_call_goes_on",
    ],
    "the wall clock is set": [
        "test_clocks.py::test_a_clock_that_is_set_while_toggle_is_away",
        "test_clocks.py::test_a_clock_that_is_set_between_runs",
        "test_clocks.py::test_timeouts_are_kept_though_the_clock_is_set_amid_them",
        "test_clocks.py::test_pauses_between_tries_are_kept_though_the_clock_is_set_amid_them",
        "test_clocks.py::test_a_token_file_that_is_renewed_is_read_though_the_clock_is_set",
    ],
    "the network is slow": ["test_network.py::test_a_slow_network_repeats_nothing"],
    "Toggle answers later than `send_timeout`": [
        "test_bus.py::test_a_try_ends_at_its_deadline_and_is_repeated",
    ],
    "Toggle is overloaded: `RESOURCE_EXHAUSTED`, `UNAVAILABLE`": [
        "test_network.py::test_toggle_refuses_for_a_while",
        "test_bus.py::test_no_send_before_the_time_that_the_server_asks_for",
    ],
    "Toggle takes no message of this size": [
        "test_bus.py::test_a_batch_that_is_too_large_for_the_server_is_split",
    ],
    "Toggle refuses the token": [
        "test_bus.py::test_an_expired_token_is_asked_for_anew_within_one_retry",
        "test_bus.py::test_a_token_file_is_read_again_when_it_changes",
        "test_network.py::test_toggle_refuses_for_a_while",
    ],
    "Toggle refuses the node: `PERMISSION_DENIED` and its like": [
        "test_network.py::test_toggle_refuses_for_a_while",
    ],
    "what answers speaks no gRPC": ["test_hostile.py::test_ok_without_an_answer_is_retried"],
    "a proxy answers 413": [
        "test_proxies.py::test_a_batch_that_a_proxy_finds_too_large_is_halved",
        "test_proxies.py::test_an_event_that_a_proxy_finds_too_large_is_set_aside",
    ],
    "a proxy answers 429, 502, 503, 504, or a page": [
        "test_proxies.py::test_a_proxy_that_answers_itself_for_a_while_is_an_outage",
        "test_proxies.py::test_a_proxy_whose_toggle_is_away_is_an_outage",
    ],
    "a proxy answers 404": [
        "test_proxies.py::test_a_proxy_that_answers_itself_for_a_while_is_an_outage",
    ],
    "the proxy of the environment is away": [
        "test_proxies.py::test_a_proxy_of_the_environment_that_is_away_is_an_outage",
    ],
    "a connection is closed at an age, or after so many calls": [
        "test_proxies.py::test_connections_of_an_age_lose_and_repeat_nothing",
        "test_proxies.py::test_all_gets_through_once_and_in_order",
    ],
    "the handshake of TLS fails": [
        "test_tls.py::test_a_handshake_that_fails_is_an_outage_until_the_root_is_there",
        "test_tls.py::test_certificates_are_read_again_when_they_change",
    ],
}


def documented() -> list[str]:
    text = (ROOT / "docs/delivery.md").read_text()
    section = text.split("## Ways a network fails\n", 1)[1].split("\n## ", 1)[0]
    rows = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [row.split("|")[1].strip() for row in rows]


@cache
def names_in(file: str) -> set[str]:
    tree = ast.parse((TESTS / file).read_text())
    found = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    return {name for name in found if name.startswith("test_")}


def test_each_row_has_tests():
    assert documented() == list(ROWS)


@pytest.mark.parametrize("row", ROWS)
def test_the_tests_of_a_row_exist(row):
    assert ROWS[row]
    for test in ROWS[row]:
        file, name = test.split("::")
        assert name in names_in(file), test
