"""Strategies for the calls of any gRPC service."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from google.protobuf import message_factory
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import Message
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from toggle_mock.schema import Schema, load_schema
from toggle_mock.strategies.late import made_late
from toggle_mock.strategies.messages import Overrides, from_message

if TYPE_CHECKING:
    import grpc


@dataclass(frozen=True)
class Call:
    """A call of a service that was drawn, and not made yet."""

    method: MethodDescriptor
    """What is called."""
    messages: tuple[Message, ...]
    """What is sent: one message, or for a stream of the client's any number."""

    @property
    def path(self) -> str:
        """What gRPC calls the method, such as ``/shop.Orders/Place``."""
        return f"/{cast('Any', self.method).containing_service.full_name}/{self.method.name}"

    def send(
        self,
        channel: grpc.Channel,
        *,
        timeout: float = 10.0,
        metadata: Sequence[tuple[str, str]] = (),
    ) -> list[Message]:
        """Make the call.

        Args:
            channel: Leads to a server of the service.
            timeout: Seconds that the call may take.
            metadata: What goes along with it.

        Returns:
            The answers: one, or as many as the server's stream has.

        Raises:
            grpc.RpcError: The call ended with a status other than OK.
        """
        answer_class = message_factory.GetMessageClass(self.method.output_type)
        sides = (self.method.client_streaming, self.method.server_streaming)
        kind = "_".join("stream" if streaming else "unary" for streaming in sides)
        make = getattr(channel, kind)(
            self.path,
            request_serializer=lambda message: type(message).SerializeToString(message),
            response_deserializer=answer_class.FromString,
        )
        sent = iter(self.messages) if self.method.client_streaming else self.messages[0]
        answer = make(sent, timeout=timeout, metadata=tuple(metadata))
        return list(answer) if self.method.server_streaming else [answer]


def requests(
    service: ServiceDescriptor | str,
    *,
    schema: Schema | Path | str | None = None,
    methods: Collection[str] = (),
    overrides: Mapping[str, Overrides] | None = None,
    max_requests: int = 3,
    **options: Any,
) -> st.SearchStrategy[Call]:
    """Calls of a service, each method as likely as the others. Nothing is sent before ``send()``.

    Errors are raised when it is drawn from.

    Args:
        service: Its descriptor, as a generated module has it in
            ``DESCRIPTOR.services_by_name``, or its full name in ``schema``.
        schema: Where a name is looked up; see :func:`toggle_mock.load_schema`.
        methods: The names of the methods that are called; all if there are none.
        overrides: Strategies for fields of requests, by the name of the method; see
            :func:`from_message`.
        max_requests: The most messages of a stream of the client's.
        options: What else :func:`from_message` takes, for all requests.
    """

    def make() -> st.SearchStrategy[Call]:
        found = _service(service, schema)
        own = overrides or {}
        _check_names(found, [*methods, *own])
        wanted = methods or found.methods_by_name.keys()
        return st.one_of(
            [
                _calls(one, max_requests, overrides=own.get(one.name), **options)
                for one in found.methods
                if one.name in wanted
            ]
        )

    return made_late(f"requests({getattr(service, 'full_name', service)})", make)


def _calls(method: MethodDescriptor, most: int, **options: Any) -> st.SearchStrategy[Call]:
    one: st.SearchStrategy[Message] = from_message(method.input_type, **options)
    sent: st.SearchStrategy[Any] = (
        st.lists(one, max_size=most).map(tuple) if method.client_streaming else st.tuples(one)
    )
    return sent.map(partial(Call, method))


def _service(
    service: ServiceDescriptor | str, schema: Schema | Path | str | None
) -> ServiceDescriptor:
    if hasattr(service, "methods_by_name"):
        return cast("ServiceDescriptor", service)
    if not isinstance(service, str):
        raise InvalidArgument(
            "requests() takes a service's descriptor, or its full name with schema=, got "
            f"{service!r}"
        )
    if schema is None:
        raise InvalidArgument(f"requests({service!r}): a name needs schema=")
    loaded = load_schema(schema)
    known = {one.full_name: one for one in loaded.services}
    if service not in known:
        raise InvalidArgument(f"schema {loaded.name} has no service {_nearest(service, known)}")
    return known[service]


def _check_names(service: ServiceDescriptor, names: Collection[str]) -> None:
    if not service.methods:
        raise InvalidArgument(f"{service.full_name} has no methods")
    for name in names:
        if name not in service.methods_by_name:
            known = service.methods_by_name.keys()
            raise InvalidArgument(f"{service.full_name} has no method {_nearest(name, known)}")


def _nearest(name: str, known: Collection[str]) -> str:
    """A name that is not known, with what is."""
    near = difflib.get_close_matches(name, known, 1)
    hint = f"did you mean {near[0]}? " if near else ""
    return f"{name}; {hint}it has {', '.join(known) or 'none'}"
