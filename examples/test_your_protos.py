"""A bookshop's protos and its service: nothing in them has to do with Rodents."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toggle_mock import load_schema
from toggle_mock.compat import assert_compatible
from toggle_mock.strategies import from_message, requests

BOOKSHOP = Path(__file__).parent / "bookshop"
SCHEMA = load_schema(BOOKSHOP / "proto")
Order, Receipt = (SCHEMA.message_class(f"bookshop.{name}") for name in ("Order", "Receipt"))


class Shop:
    """What is to be tested; with generated stubs it would be their servicer."""

    def place(self, order, _context):
        return self.place_many([order], _context)

    def place_many(self, orders, _context):
        placed = list(orders)
        copies = sum(line.copies for order in placed for line in order.lines)
        return Receipt(placed=len(placed), copies=copies)


@pytest.fixture(scope="module")
def channel():
    shop, codec = Shop(), (Order.FromString, Receipt.SerializeToString)
    methods = {
        "Place": grpc.unary_unary_rpc_method_handler(shop.place, *codec),
        "PlaceMany": grpc.stream_unary_rpc_method_handler(shop.place_many, *codec),
    }
    server = grpc.server(ThreadPoolExecutor(2))
    handler = grpc.method_handlers_generic_handler("bookshop.Orders", methods)
    server.add_generic_rpc_handlers([handler])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield channel
    server.stop(None).wait()


@given(from_message("bookshop.Order", schema=SCHEMA, json=True))
def test_an_order_makes_the_round_trip(order):
    assert Order.FromString(order.SerializeToString()) == order


COPIES = {"lines": st.lists(from_message("bookshop.Line", schema=SCHEMA), max_size=2)}


@given(call=requests("bookshop.Orders", schema=SCHEMA, overrides={"Place": COPIES}))
def test_each_order_is_on_the_receipt(channel, call):
    (receipt,) = call.send(channel)
    assert receipt.placed == len(call.messages)


def test_what_is_published_stays_understood():
    published, ours = BOOKSHOP / "published", BOOKSHOP / "proto"
    assert_compatible(published, ours, baseline=BOOKSHOP / "accepted.txt")
