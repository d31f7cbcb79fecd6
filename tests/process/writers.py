"""Front desks that record without a pause, over the JSON API of a served node, until the line breaks.

Decides what is asked for: new customers, changes of them, orders that are opened and voided. Every request carries an
`Idempotency-Key`; one whose answer was lost is asked again under its key after the restart, as the guide tells
programs to.
"""

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from process.ledger import Held, Item, Ledger
from support.programs import Service

FULL: Final = {"Carnet-Personal": "true"}
_PAGE_ROWS: Final = 500
_TIMEOUT_S: Final = 20
_DESKS_OWN_MAX: Final = 40
"""Documents one desk goes on changing; older ones rest."""


class WronglyRefused(Exception):
    """The node turned a valid request away."""


@dataclass(frozen=True, slots=True)
class Request:
    """One save, as it is sent and, if need be, sent again."""

    key: str
    method: str
    path: str
    body: dict[str, Any]
    item: Item
    sort: str


@dataclass
class FrontDesk:
    """One person at one desk.

    Attributes:
        name: stands in every tag, so it is unique in a world.
        service: the node it stands at.
        vehicle: record id of a car that orders are opened for.
        pending: the request whose answer never came.
    """

    name: str
    service: Service
    vehicle: str
    ledger: Ledger
    rng: random.Random
    own: list[Item] = field(default_factory=list)
    pending: Request | None = None
    sent: int = 0

    async def work(self, requests_max: int) -> None:
        """Record until the line breaks or enough was recorded.

        Raises:
            WronglyRefused: a valid request was turned away.
        """
        async with client_of(self.service) as client:
            for _ in range(requests_max):
                if not await self._send(client, self._next()):
                    return

    async def ask_again(self) -> str | None:
        """Send the request whose answer was lost; how it came out, or None when there was none."""
        request, self.pending = self.pending, None
        if request is None:
            return None
        async with client_of(self.service) as client:
            if not await self._send(client, request):
                raise WronglyRefused(f"{request.sort}: not answered by a node that is up")
        return "answered again"

    async def look_again(self) -> None:
        """The node was restored: read its documents anew, forget those that are gone and what had no answer.

        A key of a request is no longer known where the disk it lay on is lost, so nothing is asked again.
        """
        self.pending = None
        rows: dict[tuple[str, str], tuple[str, str]] = {}
        async with client_of(self.service) as client:
            for sort, path in (("customer", "customers"), ("visit", "visits")):
                async for row in _rows(client, path):
                    rows[sort, _held(sort, row).tag] = (row["id"], row["heads"])
        self.own = [item for item in self.own if (item.sort, item.tag) in rows]
        for item in self.own:
            item.record, item.heads = rows[item.sort, item.tag]

    def _next(self) -> Request:
        self.sent += 1
        drawn = self.rng.random()
        customers = [item for item in self.own if item.sort == "customer"]
        orders = [item for item in self.own if item.sort == "visit" and item.state == "open"]
        if drawn < 0.35 and customers:
            return self._edit(self.rng.choice(customers))
        if drawn < 0.45 and orders:
            return self._void(self.rng.choice(orders))
        return self._open_order() if drawn < 0.6 else self._insert()

    def _insert(self) -> Request:
        item = self._new("customer", "v1")
        values = {"party_kind": "person", "full_name": f"{item.tag} v1"}
        return self._request("POST", "/api/customers", {"values": values, "phones": [_PHONE]}, item, "insert")

    def _open_order(self) -> Request:
        item = self._new("visit", "open")
        values = {"advisor_code": item.tag, "is_odometer_unknown": True}
        return self._request(
            "POST", "/api/visits", {"vehicle_id": self.vehicle, "values": values}, item, "insert order"
        )

    def _edit(self, item: Item) -> Request:
        assert item.state is not None
        version = f"v{int(item.state[1:]) + 1}"
        self.ledger.ask(item, version)
        body = {"based_on": item.heads, "changes": {"full_name": f"{item.tag} {version}"}}
        return self._request("PATCH", f"/api/customers/{item.record}", body, item, "edit")

    def _void(self, item: Item) -> Request:
        self.ledger.ask(item, "void")
        body = {"based_on": item.heads, "void_reason": "probe"}
        return self._request("POST", f"/api/visits/{item.record}/void", body, item, "void")

    def _new(self, sort: str, state: str) -> Item:
        item = self.ledger.new(sort, f"{self.name}-{self.sent}")
        self.ledger.ask(item, state)
        return item

    def _request(self, method: str, path: str, body: dict[str, Any], item: Item, sort: str) -> Request:
        return Request(f"{self.name}/{self.sent}", method, path, body, item, sort)

    async def _send(self, client: httpx.AsyncClient, request: Request) -> bool:
        """Send one request and note the answer; False when none came."""
        self.pending = request
        headers = {"Idempotency-Key": request.key, **FULL}
        try:
            answer = await client.request(request.method, request.path, json=request.body, headers=headers)
        except httpx.TransportError:
            return False
        self.pending = None
        if answer.is_success:
            self._note(request, answer.json())
        elif answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            self.ledger.refuse(request.item)
        elif answer.json().get("code") == "answer-gone":
            await self._read_again(client, request)
        else:
            raise WronglyRefused(f"{request.sort}: {answer.status_code} {answer.text}")
        return True

    def _note(self, request: Request, answer: dict[str, Any]) -> None:
        item = request.item
        view = answer["view"][item.sort]
        item.record, item.heads = view["id"], view["heads"]
        self._acknowledge(request, answer["nonce"])

    def _acknowledge(self, request: Request, nonce: str | None) -> None:
        item = request.item
        self.ledger.acknowledge(item, request.sort, nonce)
        if item not in self.own:
            self.own = [*self.own[1 - _DESKS_OWN_MAX :], item]

    async def _read_again(self, client: httpx.AsyncClient, request: Request) -> None:
        """The save happened and its answer is gone: find the document by its tag."""
        async for row in _rows(client, "customers" if request.item.sort == "customer" else "visits"):
            if _held(request.item.sort, row).tag == request.item.tag:
                request.item.record, request.item.heads = row["id"], row["heads"]
                self._acknowledge(request, None)
                return
        raise WronglyRefused(f"{request.sort}: answered as carried out, and it is not there")


_PHONE: Final = {"number": "13800138000", "phone_kind": "mobile"}


def client_of(service: Service) -> httpx.AsyncClient:
    """A program that may use the API of a served node."""
    return httpx.AsyncClient(base_url=service.url, timeout=_TIMEOUT_S, trust_env=False, headers=service.bearer)


async def held_by(service: Service) -> list[Held]:
    """Every customer and order that a served node shows."""
    async with client_of(service) as client:
        found = [_held("customer", row) async for row in _rows(client, "customers")]
        return found + [_held("visit", row) async for row in _rows(client, "visits")]


async def _rows(client: httpx.AsyncClient, path: str) -> Any:
    after: str | None = ""
    while after is not None:
        params = {"limit": _PAGE_ROWS} | ({"after": after} if after else {})
        answer = await client.get(f"/api/{path}", params=params, headers=FULL)
        answer.raise_for_status()
        page = answer.json()
        for row in page["records"]:
            yield row
        after = page["after"]


def _held(sort: str, row: dict[str, Any]) -> Held:
    values = row["values"]
    if sort == "visit":
        return Held(sort, values["advisor_code"], values["status"])
    tag, _, state = values["full_name"].rpartition(" ")
    return Held(sort, tag, state)


def counted(ledgers: Iterable[Ledger]) -> dict[str, int]:
    """Acknowledgements of several ledgers by sort of request."""
    total: dict[str, int] = {}
    for ledger in ledgers:
        for sort, count in ledger.counts.items():
            total[sort] = total.get(sort, 0) + count
    return total
