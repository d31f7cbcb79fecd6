"""Both programs' HTTP interfaces as the fuzzer sees them: an application, its description, and who may be asking.

Decides what is sent besides what the description asks for. Random ids and heads would never get past the first look-up,
so real ones stand in for some of them; and the hub's bodies are messages, so valid ones are mangled.

Rules
- The node's forms may hold the values of any kind, right or wrong: the description names them all.
- Regulators ask with tokens of several scopes, by the description of their own API.
- The hub is asked without a token, with broken ones, and with that of a node and of a suspended node.
- A finding is any answer of 500 or more, except what is documented: the node's `sync` has no line here, so it says 503.
"""

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from hypothesis import strategies as st

from carnet_hub.adapters.compression import deflate
from carnet_hub.adapters.system import make_turn
from carnet_hub.core.outside.regulator_door import Door
from carnet_hub.core.outside.regulators import Scope
from carnet_hub.core.upkeep.dealers import suspend_site
from carnet_hub.entrypoints.http.app import create_api
from carnet_hub.entrypoints.http.regulator_api import describe_api
from carnet_hub.entrypoints.http.regulator_api import regulator_api as regulator_routes
from carnet_protocol.messages import encode_batch
from fuzz.mutants import mangled
from support.api_node import BEARER, PERSONAL, ApiNode
from support.authors import draft_of
from support.hub_apps import NodeVoice, TestHub, make_hub
from support.hub_http import bearer, card, headers
from support.node_builder import build_node
from support.outside import NUMBER, OPEN, Outside, begin_outside
from support.protocol import record
from support.vins import make_vins

UNAVAILABLE: Final = 503
_ALSO_CALLED: Final = ("part_id", "line", "job", "job_id", "customer_id", "vehicle_id", "plate", "reading", "link")
"""Under which names a request may give any id: most are wrong there, and that is of interest too."""

_SUBSTITUTED: Final = 0.7
"""Chance that an id or heads of a request are real ones."""


@dataclass
class Api:
    """One interface.

    Attributes:
        app: the ASGI application.
        description: its OpenAPI document, with what it leaves open filled in.
        host: the name it is asked under.
        callers: (role, headers) of everybody who may ask; who stands there twice asks twice as often.
        bodies: by media type, what a raw body may be.
        known: real ids and heads, by what they stand for.
    """

    app: Any
    description: dict[str, Any]
    host: str
    callers: list[tuple[str, dict[str, str]]]
    bodies: dict[str, st.SearchStrategy[bytes]] = field(default_factory=dict)
    known: dict[str, list[str]] = field(default_factory=dict)

    def substitute(self, case: Any, rng: random.Random) -> None:
        """Put real ids and heads in place of some random ones."""
        for name in case.path_parameters or {}:
            if name in self.known and rng.random() < _SUBSTITUTED:
                case.path_parameters[name] = rng.choice(self.known[name])
        if isinstance(case.body, dict):
            for name in list(case.body):
                if name in self.known and rng.random() < _SUBSTITUTED:
                    case.body[name] = rng.choice(self.known[name])

    def learn(self, answer: Any) -> None:
        """Remember ids and heads of an answer, newest last, a few of each."""
        for name, text in _named(answer):
            known = self.known.setdefault(name, [])
            known.append(text)
            del known[:-20]

    def is_finding(self, path: str, status: int) -> bool:
        """Whether an answer must not be."""
        return status >= 500 and not (path == "/api/sync" and status == UNAVAILABLE)


def node_api(folder: Path) -> Api:
    """A node with a customer, a car and an order."""
    desk = ApiNode(build_node(folder))
    person = {"values": {"party_kind": "person", "full_name": "Test person"}, "phones": [{"number": "13800138000"}]}
    customer = desk.made("/api/customers", person)
    car = desk.made("/api/vehicles", {"vin": make_vins(1)[0], "values": {"color": "white"}})
    order = desk.made("/api/visits", {"vehicle_id": car["id"], "values": {"odometer_in_km": 1200}})
    api = Api(
        desk.api,
        _with_kinds(desk.api.openapi()),
        "localhost",
        [
            *[("masked", BEARER), ("personal", {**BEARER, **PERSONAL})] * 4,
            ("keyed", {**BEARER, "Idempotency-Key": "fuzz"}),
            ("foreign page", {**BEARER, "Origin": "http://elsewhere.example"}),
            ("no token", {}),
        ],
        known={"customer": [customer["id"]], "vehicle": [car["id"]], "visit": [order["id"]]},
    )
    for answer in (customer, car, order):
        api.learn(answer)
    return api


def hub_api(folder: Path) -> Api:
    """A hub with a node of a site, a suspended one, and a published message of every sort to mangle."""
    hub = make_hub(folder)
    desk, suspended = hub.enrol("desk", "A001"), hub.enrol("other", "B001")
    callers: list[tuple[str, dict[str, str]]] = [
        *[("node", headers(hub, desk))] * 4,
        ("suspended node", headers(hub, suspended)),
        ("nobody", {}),
        ("broken token", bearer(bytes(40))),
        ("no token at all", {"Authorization": "Bearer not base64!"}),
    ]
    suspend_site(hub.app.hub, "B001")
    app = create_api(hub.app)
    bodies = {"application/cbor": _messages(hub, desk)}
    return Api(_RequestsOnly(app), _with_bodies(app.openapi()), "hub", callers, bodies)


def regulator_api(folder: Path) -> Api:
    """A hub with a recall under way and a report that can be downloaded, asked by regulators of several sorts."""
    outside = begin_outside(folder)
    plan = outside.recall.campaign.values["plan_hash"]
    tokens = {"everything": outside.token("all"), "progress alone": outside.token("some", [Scope.PROGRESS])}
    callers = [(role, {"Authorization": f"Bearer {text}"}) for role, text in tokens.items()]
    return Api(
        _RequestsOnly(_Unhurried(outside)),
        _without_tokens(
            describe_api(regulator_routes(outside.recall.hub.app, Door(outside.recall.hub.app.hub, make_turn())))
        ),
        "hub",
        [callers[0]] * 4 + [callers[1], ("nobody", {}), ("broken token", {"Authorization": "Bearer crt1_x"})],
        known={
            "campaign_no": [NUMBER],
            "manifest": [outside.manifest],
            "name": ["summary.csv", "manifest.sig"],
            "sha256": [plan.hex() if isinstance(plan, bytes) else ""],
            "vin": [OPEN],
        },
    )


def _without_tokens(description: dict[str, Any]) -> dict[str, Any]:
    """A description that says nothing of tokens, so that those of the callers are sent and none is made up."""
    parts = {name: one for name, one in description["components"].items() if name != "securitySchemes"}
    return {**{name: one for name, one in description.items() if name != "security"}, "components": parts}


class _RequestsOnly:
    """The application without what goes on beside a server.

    That sleeps by the clock of the tests: it would run without a pause, tokens would be over in no time, and it would
    still be writing files when the fuzzer clears up.
    """

    def __init__(self, api: Any) -> None:
        self._api = api

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request, or begin and end a server that has none."""
        if scope["type"] == "lifespan":
            for step in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{step}.complete"})
            return
        await self._api(scope, receive, send)


class _Unhurried:
    """The application with a clock that moves a second with each request, so that nobody is asked to wait."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request a second after the one before."""
        if scope["type"] == "http":
            self._outside.recall.hub.clock.ms += 1000
        await self._outside.api(scope, receive, send)


APIS: Final[dict[str, Callable[[Path], Api]]] = {
    "node-api": node_api,
    "hub-api": hub_api,
    "regulator-api": regulator_api,
}


def _with_kinds(description: dict[str, Any]) -> dict[str, Any]:
    """Forms whose values may be those of any kind, as the registry describes them."""
    description = json.loads(json.dumps(description))
    schemas = description["components"]["schemas"]
    kinds = [{"$ref": f"#/components/schemas/{name}"} for name in schemas if name.startswith("values_of_")]
    for schema in schemas.values():
        for name in ("values", "changes"):
            if name in schema.get("properties", {}):
                schema["properties"][name] = {"anyOf": [*kinds, {"type": "object"}]}
    return description


def _with_bodies(description: dict[str, Any]) -> dict[str, Any]:
    """The three requests whose body the framework does not know."""
    for path in ("/v1/enrol", "/v1/hello", "/v1/push"):
        schema = {"schema": {"type": "string", "format": "binary"}}
        description["paths"][path]["post"]["requestBody"] = {"content": {"application/cbor": schema}, "required": True}
    return description


def _messages(hub: TestHub, desk: NodeVoice) -> st.SearchStrategy[bytes]:
    """Pushes, hellos and enrolments: valid, mangled, or nothing of the kind."""
    author = desk.author()
    made = [
        author.write(draft_of("customer", record(f"fuzz {number}"), {"party_kind": "person", "full_name": "测试"}))
        for number in range(3)
    ]
    batch = encode_batch([one.pushed for one in made])
    valid = [
        batch,
        deflate(batch),
        desk.hello(card(hub).challenge),
        desk.enrol_request("7B69F-2G5MT-SJCQK-N43BZ-BMM50-TRVMA-VECEG-6K4B7-RVHF8"),
    ]
    return st.one_of(st.sampled_from(valid), *map(mangled, valid), st.binary(max_size=300))


def _named(answer: Any, inside: str = "") -> Iterator[tuple[str, str]]:
    """Ids and heads in an answer, under the names that requests give them."""
    if isinstance(answer, list):
        for one in answer:
            yield from _named(one, inside)
    if not isinstance(answer, dict):
        return
    for name, value in answer.items():
        if name == "heads" and isinstance(value, str) and value:
            yield from ((given, value) for given in ("based_on", "visit_based_on", "reading_based_on"))
        elif name == "id" and isinstance(value, str):
            yield from ((given, value) for given in (inside, *_ALSO_CALLED) if given)
        else:
            yield from _named(value, name.removesuffix("s"))
