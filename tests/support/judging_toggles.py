"""Bringing Toggles before the contract suite."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from msgspec import structs

from support.sown.toggle import sown
from support.sown.toggle_fault import ToggleFault
from toggle_mock import ToggleServer
from toggle_mock.address import Address
from toggle_mock.contract.cases import Case, all_cases
from toggle_mock.contract.runner import Suite
from toggle_mock.contract.settings import TOGGLE_FEATURES, ToggleContract, ToggleTimes
from toggle_mock.contract.toggle.catalogue import GROUPS
from toggle_mock.contract.toggle.rig import ToggleRig
from toggle_mock.tokens.tokens import Tokens

TOGGLE_CASES: dict[str, Case[ToggleRig]] = {case.id: case for case in all_cases(GROUPS)}

RIGHT = ToggleFault({})
"""No fault at all."""

RIGHT_WITH_TLS = ToggleFault({}, tls=True)
"""The same behind TLS, with tokens that a public key verifies."""

_FOREIGN = "org-of-another-toggle"

_PATIENT = ToggleTimes(
    answer=10.0,
    stored=10.0,
    heartbeat=0.1,
    idle=0.5,
    keepalive=0.15,
    shortest_keepalive=0.1,
    slack=20.0,
)

_IMPATIENT = {"answer": 0.3, "stored": 0.2, "idle": 3.5, "slack": 4.0}
"""Times of a Toggle of which is known that it will be waited for in vain."""

_REVOKE = """{python} -c '
import http.client, json, os
api = http.client.HTTPConnection("{api}")
api.request("POST", "/api/v1/tokens/revoke", json.dumps({{"rid": os.environ["RODENT_ID"]}}))
assert api.getresponse().status == 200'"""


@contextmanager
def toggle_suite(fault: ToggleFault = RIGHT) -> Iterator[Suite[ToggleRig]]:
    """The suite for a mock Toggle that runs until the end of the block."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="toggle-judged-")))
        tokens = Tokens(algorithm="ES256") if fault.tls else Tokens(key=secrets.token_hex(32))
        tokens.revoke(sub=_FOREIGN)
        stack.enter_context(sown(fault))
        server = stack.enter_context(_server(fault, tokens))
        contract = _contract(fault, server, folder)
        if fault.front is not None:
            port = Address.from_target(server.address).port
            front = stack.enter_context(fault.front(port, server.authority, folder))
            contract = structs.replace(contract, to=f"127.0.0.1:{front}")
        yield Suite(
            TOGGLE_CASES.values(),
            lambda case_id, folder, story: ToggleRig(contract, case_id, folder, story),
            contract.abilities,
            structs.asdict(contract.times),
        )


def _server(fault: ToggleFault, tokens: Tokens) -> ToggleServer:
    right: dict[str, Any] = {
        "tokens": tokens,
        "heartbeat": 0.1,
        "deduplicate": True,
        "http_port": 0,
        "ping_interval": 0.1,
        "tls": fault.tls and fault.front is None,
    }
    return ToggleServer(**(right | fault.options))


def _contract(fault: ToggleFault, server: ToggleServer, folder: Path) -> ToggleContract:
    key = folder / "key"
    key.write_bytes(server.tokens.private_key)
    ca = None
    if fault.tls:
        ca = folder / "ca.pem"
        ca.write_bytes(server.authority.root)
    features = [name for name in TOGGLE_FEATURES if name not in fault.without]
    is_right = fault in {RIGHT, RIGHT_WITH_TLS}
    return ToggleContract(
        to=server.address,
        jwt_key=str(key),
        jwt_algorithm=server.tokens.algorithm,
        foreign_jwt=server.tokens.issue(sub=_FOREIGN),
        revoke_command=_REVOKE.format(python=sys.executable, api=server.http_address),
        ca=ca and str(ca),
        observe=f"http://{server.http_address}",
        features=tuple(features),
        times=_PATIENT if is_right else structs.replace(_PATIENT, **_IMPATIENT),
    )
