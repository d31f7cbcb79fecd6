"""A page that was the answer to a form, loaded anew: it leads back to its document, and never to an error."""

import pytest
from fastapi.routing import APIRoute

from carnet_node.entrypoints.pages.site import ROUTERS
from support.browsing import Visitor

NEW = "/visits/new"
CHECK_IN = {"car.plate": "津B88K99", "sender_name": "李芳", "sender_phone": "13800138000", "odometer_in_km": "52300"}
NOBODYS = "01a0c450-6c00-7000-9cba-6445a438b6d6"


def test_every_address_that_takes_forms_alone_leads_to_a_page(desk: Visitor):
    """Whatever is added later too: a redirect, to an address that pages stand at."""
    routes = [one for router in ROUTERS for one in router.routes if isinstance(one, APIRoute)]
    pages = {one.path for one in routes if "GET" in (one.methods or ())}
    sent_to = [one.path_format for one in routes if "POST" in (one.methods or ()) and one.path not in pages]

    asked = {one: desk.ask("GET", one.format_map(Nobodys())) for one in sent_to}
    led_to = {one: desk.ask("GET", answer.headers.get("location", one)) for one, answer in asked.items()}

    assert len(sent_to) > 40
    assert {one for one, answer in asked.items() if answer.status_code != 303} == set()
    assert {one for one, answer in led_to.items() if answer.status_code not in (200, 404, 410)} == set()


class Nobodys(dict[str, str]):
    """Every place of an address filled in with the id of nobody."""

    def __missing__(self, _: str) -> str:
        return NOBODYS


def test_a_refused_step_that_is_loaded_anew_shows_the_order(desk: Visitor):
    """F5 in the browser, or the address out of its history."""
    address = desk.submit(desk.open(NEW), NEW, CHECK_IN).headers["location"]
    refused = desk.submit(desk.open(address), f"{address}/step/complete", {"odometer_out_km": "1"})

    again = desk.ask("GET", f"{address}/step/complete")

    assert (refused.status_code, again.status_code, again.headers["location"]) == (422, 303, address)


@pytest.mark.parametrize(
    ("asked", "document"),
    [
        ("/visits/begin", "/visits"),
        ("/conflicts/restore", "/sync"),
        ("/sync/now", "/sync"),
        ("/exchange/export/customers", "/exchange"),
        ("/documents/kept/open", "/documents"),
        ("/search", "/"),
        (f"/customers/{NOBODYS}/consents", f"/customers/{NOBODYS}"),
    ],
)
def test_an_address_of_forms_leads_to_the_page_they_stand_on(desk: Visitor, asked: str, document: str):
    """The nearest page above, or the one whose forms go elsewhere."""
    assert desk.ask("GET", asked).headers["location"] == document


@pytest.mark.parametrize("asked", ["/visits/nothing", "/nothing", f"/visits/{NOBODYS}/nothing"])
def test_an_address_of_nothing_stays_an_error(desk: Visitor, asked: str):
    """Only forms have a document to go back to."""
    assert desk.ask("GET", asked).status_code == 404
