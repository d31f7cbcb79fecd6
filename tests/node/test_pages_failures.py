"""What goes wrong with a page is said on a page; a fault of ours has a number that stands in the log as well."""

import re

import pytest
import structlog

from support.browsing import Visitor

SECRET = "13800138000"


@pytest.mark.parametrize("query", ["sheet=x", "sheet=99", "sheet=", "kind=nonsense"])
def test_an_address_that_asks_for_what_no_page_has_is_told_so(desk: Visitor, query: str):
    """It is no fault of ours: a page, with what to do next."""
    answered = desk.ask("GET", f"/exchange/import?{query}")

    assert answered.status_code == 422
    assert "The address asks for something that this page does not have." in answered.text


@pytest.mark.parametrize("path", ["/staff/nobody/code", "/vehicles/x", "/customers?after=x", "/visits/1/print/order"])
def test_an_address_with_an_id_that_is_none_is_no_page(desk: Visitor, path: str):
    """Somebody mistyped an address and no field: the words speak of the address, and lead back."""
    answered = desk.ask("GET", path)

    assert answered.status_code == 404
    assert ("There is no page under this address." in answered.text, "record id" in answered.text) == (True, False)


def broken(desk: Visitor, path: str) -> Visitor:
    """The same browser, at a node with an address that fails."""

    async def fail() -> None:
        """As a bug would."""
        raise RuntimeError(SECRET)

    assert desk.api is not None
    desk.api.add_api_route(path, fail)
    return desk


@pytest.mark.parametrize("path", [pytest.param("/broken", id="page"), pytest.param("/healthz/broken", id="program")])
def test_a_fault_of_ours_stands_in_the_log_under_the_number_that_is_shown(desk: Visitor, path: str):
    """One line names the fault and the method, and carries the exception, of which the log keeps type and places."""
    with structlog.testing.capture_logs() as lines:
        answered = broken(desk, path).ask("GET", path)

    (line,) = [one for one in lines if one["event"] == "request failed"]
    assert answered.status_code == 500
    assert re.fullmatch("[0-9a-f]{8}", line["fault"])
    assert line["fault"] in answered.text
    assert (line["method"], line["exc_info"].args) == ("GET", (SECRET,))


def test_a_fault_of_ours_repeats_nothing_that_was_sent(desk: Visitor):
    """Neither the page nor the line in the log says what the exception said, nor what the address asked."""
    with structlog.testing.capture_logs() as lines:
        answered = broken(desk, "/broken").ask("GET", f"/broken?phone={SECRET}")

    assert SECRET not in answered.text
    assert SECRET not in str([{**one, "exc_info": None} for one in lines])
