"""Calls of any service, drawn: each method, streams, overrides, and mistakes."""

from collections import Counter

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
from support.schema_cases import compiled

from toggle_mock.strategies import requests

SCHEMA = compiled(
    "calls",
    """message Order { string isbn = 1; int32 copies = 2; } message Receipt {}
    service Orders {
      rpc Place(Order) returns (Receipt); rpc PlaceMany(stream Order) returns (Receipt);
      rpc Watch(Receipt) returns (stream Receipt);
    }
    service Nothing {}
    """,
)


def drawn(strategy, examples: int = 60) -> list:
    found = []

    @settings(max_examples=examples, database=None, derandomize=True, phases=[Phase.generate])
    @given(strategy)
    def collect(call):
        found.append(call)

    collect()
    return found


def test_each_method_is_called_with_what_it_takes():
    calls = drawn(requests("t.Orders", schema=SCHEMA, max_requests=2))
    sent = Counter((call.path, len(call.messages)) for call in calls)
    assert sent.keys() == {
        ("/t.Orders/Place", 1),
        ("/t.Orders/Watch", 1),
        *(("/t.Orders/PlaceMany", count) for count in range(3)),
    }
    for call in calls:
        assert {one.DESCRIPTOR for one in call.messages} <= {call.method.input_type}


def test_a_descriptor_of_a_generated_module_will_do():
    service = trace_service_pb2.DESCRIPTOR.services_by_name["TraceService"]
    (path,) = {call.path for call in drawn(requests(service), examples=5)}
    assert path == "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


def test_methods_and_fields_are_chosen():
    strategy = requests(
        "t.Orders",
        schema=SCHEMA,
        methods=["Place"],
        overrides={"Place": {"copies": st.just(5)}, "Watch": {}},
    )
    for call in drawn(strategy, examples=10):
        assert call.method.name == "Place"
        assert call.messages[0].copies == 5


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: requests(5), "takes a service's descriptor, or its full name with schema="),
        (lambda: requests("t.Orders"), "a name needs schema="),
        (lambda: requests("t.Order", schema=SCHEMA), "t.Order; did you mean t.Orders"),
        (lambda: requests("t.Nothing", schema=SCHEMA), "t.Nothing has no methods"),
        (
            lambda: requests("t.Orders", schema=SCHEMA, methods=["PlaceMeny"]),
            "has no method PlaceMeny; did you mean PlaceMany",
        ),
        (
            lambda: requests("t.Orders", schema=SCHEMA, overrides={"x": {}}),
            "has no method x; it has Place, PlaceMany, Watch",
        ),
    ],
)
def test_mistakes_are_told_when_it_is_drawn_from(make, problem):
    strategy = make()
    with pytest.raises(InvalidArgument, match=problem):
        drawn(strategy)
