"""The results of a search: an address that says nothing, "back" that works, and nothing kept for anybody else."""

from carnet_node.core.desk_limits import SEARCHES_KEPT_MAX
from carnet_node.entrypoints.pages.searches import Searches
from support.browsing import Visitor
from support.staffed import Site, hire_with_password

TEXT = "王小明"


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
    searches = Searches()

    for number in range(SEARCHES_KEPT_MAX + 1):
        searches.keep("session", str(number), TEXT)

    assert (searches.text_of("session", "0"), searches.text_of("session", "1")) == (None, TEXT)


def test_one_session_is_forgotten_and_no_other():
    """Somebody who logs out takes their own searches along."""
    searches = Searches()
    searches.keep("mine", "a", TEXT)
    searches.keep("theirs", "b", TEXT)

    searches.forget("mine")

    assert (searches.text_of("mine", "a"), searches.text_of("theirs", "b")) == (None, TEXT)
