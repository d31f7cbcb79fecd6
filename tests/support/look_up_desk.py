"""The desk of a dealer that looks another dealer's car up on its pages, with a hub in the same process."""

import httpx

from carnet_node.adapters.system import run_blocking
from carnet_node.bootstrap import Installation
from carnet_node.entrypoints.web.app import create_api
from carnet_node.entrypoints.web.desk import Desk
from carnet_node.entrypoints.web.guards import LOOPBACK_NAMES
from carnet_protocol.ids import record_text
from support.browsing import Visitor
from support.hub_apps import TestHub
from support.joined import transport_to
from support.staffed import TestHasher
from support.two_dealers import CAR, VIN

ASKED = {"way": "vin", "sought": VIN, "reason": "at_desk"}
FILE = f"/vehicles/{record_text(CAR)}"


class Door:
    """The hub's application as a link of one request: every request of a test has an event loop of its own."""

    def __init__(self, hub: TestHub, desk: Installation, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._transport = transport or transport_to(hub)
        self._desk = desk

    async def card(self) -> bytes:
        """See `LookUpLink`."""
        async with self._desk.hub_client("http://hub", self._transport) as link:
            return await link.card()

    async def look_up(self, message: bytes) -> bytes:
        """See `LookUpLink`."""
        async with self._desk.hub_client("http://hub", self._transport) as link:
            return await link.look_up(message)


def browser_of(away: Installation, door: Door) -> Visitor:
    """The administrator of the other dealer, in English."""
    desk = Desk(away.node(), run_blocking, away.sync_ports(door), hasher=TestHasher())  # type: ignore[arg-type]
    api = create_api(desk, hosts=LOOPBACK_NAMES, token="for programs")
    return Visitor(away.node(), api).logged_in().in_english()


def asked(browser: Visitor, **typed: str) -> str:
    """The page with the hub's answer."""
    answered = browser.submit(browser.open("/look-ups"), "/look-ups", {**ASKED, **typed})
    assert answered.status_code == 200, answered.text
    return answered.text


def row_of_car(browser: Visitor) -> str:
    """The car among those that were taken on."""
    taken = browser.open("/look-ups").split('id="taken"')[1]
    return taken.split("<tbody>")[1].split("</tr>")[0]


def section_of(page: str, named: str) -> str:
    """What an answer says of one car."""
    return page.split(f'aria-label="{named}"')[1].split("</section>", maxsplit=1)[0]
