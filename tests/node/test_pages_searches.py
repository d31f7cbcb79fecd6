"""The results of a search: an address that says nothing, "back" that works, and nothing kept for anybody else."""

import re
from functools import partial

import pytest

from carnet_node.core.commands.customers import AddCustomer, add_customer
from carnet_node.core.desk_limits import SEARCHES_KEPT_MAX
from carnet_node.core.saving.desk import save
from carnet_node.core.showing.searching import is_whole_plate
from carnet_node.entrypoints.pages.remembered import Remembered
from carnet_protocol.ids import record_text
from support.browsing import Visitor
from support.staffed import Site, hire_with_password

TEXT = "王小明"
UNKNOWN = "浙A55K55"


def found_at(desk: Visitor) -> str:
    """The address of the results of a search."""
    return desk.submit(desk.open("/"), "/search", {"text": TEXT}).headers["location"]


def test_results_are_shown_again_by_their_address(desk: Visitor):
    """Going back is a GET; it names the text on the page and not in the address."""
    address = found_at(desk)

    pages = [desk.open(address), desk.open(address)]

    assert all(TEXT in page for page in pages)
    assert address.removeprefix("/search/").isalnum()


def test_results_belong_to_the_session_that_searched(site: Site, desk: Visitor):
    """A colleague's browser is told that there is nothing."""
    address = found_at(desk)
    colleague = desk.as_session(hire_with_password(site, "C02", "advisor").token)

    answered = colleague.ask("GET", address)

    assert (answered.status_code, TEXT in answered.text) == (410, False)


def test_a_locked_screen_has_forgotten_what_was_searched_for(desk: Visitor):
    """Who unlocks it is told to search again."""
    address = found_at(desk)
    desk.submit(desk.open("/"), "/lock", {})
    assert desk.api is not None

    kept = desk.api.state.pages.searches.text_of(desk.cookies["carnet_session"], address.removeprefix("/search/"))

    assert kept is None


def test_the_oldest_search_gives_way():
    """What is kept is bounded over all browsers."""
    searches = Remembered(SEARCHES_KEPT_MAX)

    for number in range(SEARCHES_KEPT_MAX + 1):
        searches.keep("session", str(number), TEXT)

    assert (searches.text_of("session", "0"), searches.text_of("session", "1")) == (None, TEXT)


def test_one_session_is_forgotten_and_no_other():
    """Somebody who logs out takes their own searches along."""
    searches = Remembered(SEARCHES_KEPT_MAX)
    searches.keep("mine", "a", TEXT)
    searches.keep("theirs", "b", TEXT)

    searches.forget("mine")

    assert (searches.text_of("mine", "a"), searches.text_of("theirs", "b")) == (None, TEXT)


def test_the_check_in_of_an_unknown_plate_leads_back_to_the_results(desk: Visitor):
    """A mistyped plate is seen there, with the words that nothing was found."""
    begun = desk.open(desk.submit(desk.open("/"), "/search", {"text": UNKNOWN}).headers["location"])

    back = re.findall(r'href="(/search/\w+)"', begun)

    assert len(back) == 1
    assert UNKNOWN in desk.open(back[0])


def test_part_of_a_plate_leads_to_results(desk: Visitor):
    """Only a whole plate is sure enough to begin a check-in."""
    address = desk.submit(desk.open("/"), "/search", {"text": UNKNOWN[:-1]}).headers["location"]

    assert address.startswith("/search/")


def test_a_plate_that_somebody_is_called_by_leads_to_results(site: Site, desk: Visitor):
    """Whatever is found comes first; a check-in is begun from there."""
    save(site.node, partial(add_customer, AddCustomer({"party_kind": "company", "company_name": UNKNOWN})))

    address = desk.submit(desk.open("/"), "/search", {"text": UNKNOWN}).headers["location"]

    assert address.startswith("/search/")


def test_the_one_customer_who_was_found_is_checked_in_by_alt_2(site: Site, desk: Visitor):
    """The screen of results is about them, as their own page is."""
    command = AddCustomer({"party_kind": "person", "full_name": TEXT})
    customer = record_text(save(site.node, partial(add_customer, command)).records[0])

    assert f'<a href="/visits/new?customer={customer}" data-digit="2"' in desk.search(TEXT).text


@pytest.mark.parametrize(
    ("text", "is_whole"),
    [
        pytest.param("浙A55K55", True, id="seven characters"),
        pytest.param("浙 ad·12345", True, id="eight, as typed"),
        pytest.param("浙A55K5", False, id="six"),
        pytest.param("浙AD123456", False, id="nine"),
        pytest.param("A55K555", False, id="without its province"),
        pytest.param("王Xiaomin", False, id="a name"),
    ],
)
def test_a_whole_plate_is_a_province_a_letter_and_five_or_six_more(text: str, is_whole: bool):
    """Separators and width do not count."""
    assert is_whole_plate(text) is is_whole
