"""Hypothesis' entry point: ``st.from_type(Event)`` works wherever this distribution is installed.

Hypothesis calls it in every process that imports it. To import the messages then would cost each of
them gRPC's import too, so they are registered when somebody else imports them.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

_BASE, _EVENTS = "rodent_events.pb.base_pb2", "rodent_events.pb.events.event_messages_pb2"


def setup() -> None:
    """Register strategies for the messages, now or when they are imported."""
    for name in (_BASE, _EVENTS):
        module = sys.modules.get(name)
        if module is not None:
            _register(module)
        else:
            sys.meta_path.insert(0, _OnImport(name))


class _OnImport(MetaPathFinder):
    """Waits for one module, and registers its messages once it has run."""

    def __init__(self, name: str) -> None:
        self._name = name

    def find_spec(
        self,
        fullname: str,
        _path: Sequence[str] | None,
        _target: ModuleType | None = None,
        /,
    ) -> ModuleSpec | None:
        """The module's own spec, with a step behind its execution."""
        if fullname != self._name:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            loader, execute = spec.loader, spec.loader.exec_module

            def exec_module(module: ModuleType) -> None:
                execute(module)
                _register(module)

            loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def _register(module: ModuleType) -> None:
    from google.protobuf.message import Message  # noqa: PLC0415
    from hypothesis import strategies as st  # noqa: PLC0415

    for value in vars(module).values():
        if isinstance(value, type) and issubclass(value, Message):
            st.register_type_strategy(value, _strategy_of)


def _strategy_of(message_class: type[Any]) -> SearchStrategy[Any]:
    from rodent_events.pb.base_pb2 import EventBatch  # noqa: PLC0415
    from rodent_events.pb.events.event_messages_pb2 import Event  # noqa: PLC0415
    from toggle_mock.strategies import batches, events, from_message  # noqa: PLC0415

    if message_class is Event:
        return events()
    return batches() if message_class is EventBatch else from_message(message_class)
