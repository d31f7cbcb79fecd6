"""A form that is sent again: saved once, told so in words for people, and never offered for a second save."""

import httpx
import pytest

from carnet_node.core.saving.form_drafts import drafts_of
from carnet_node.core.showing.views import list_records
from carnet_node.entrypoints.pages.forms import Typed, digests_as_sent, typed_since
from carnet_protocol.kinds import VISIT
from support.browsing import Fields, Visitor
from support.staffed import PASSWORD, Site

NEW = "/visits/new"
TYPED = {
    "car.plate": "津B88K99",
    "sender_name": "李芳",
    "sender_phone": "13800138000",
    "odometer_in_km": "52300",
    "jobs[0].complaint": "早上启动有异响",
}
MORE = {**TYPED, "jobs[0].complaint": "早上启动有异响，刹车尖叫"}


@pytest.fixture
def page(desk: Visitor) -> str:
    """The empty form of a check-in."""
    return desk.open(NEW)


def draft_in(page: str) -> str:
    """Where the scripts of a page send what is typed."""
    return page.split('data-draft="')[1].split('"', maxsplit=1)[0]


def orders(site: Site) -> int:
    """How many there are."""
    return len(list_records(site.node, VISIT, after=None, limit=9).records)


def test_more_words_under_one_key_make_no_second_order(site: Site, desk: Visitor, page: str):
    """The answer leads to the order that was saved and offers no form, so that nothing can be saved again by it."""
    first = desk.submit(page, NEW, TYPED)

    second = desk.submit(page, NEW, MORE)

    assert (second.status_code, orders(site)) == (409, 1)
    assert f'href="{first.headers["location"]}"' in second.text
    assert NEW not in Fields(second.text).forms


def test_what_was_typed_after_the_save_is_shown(desk: Visitor, page: str):
    """The later words stand on the page, under the name of their field; what was saved is not repeated."""
    desk.submit(page, NEW, TYPED)

    second = desk.submit(page, NEW, MORE)

    assert ("早上启动有异响，刹车尖叫" in second.text, "津B88K99" in second.text) == (True, False)


@pytest.mark.parametrize("again", [pytest.param(TYPED, id="same words"), pytest.param(MORE, id="more words")])
def test_what_was_kept_after_the_save_is_no_unsaved_work(site: Site, desk: Visitor, page: str, again: dict[str, str]):
    """Words that reached the node behind the save would come back as a check-in that nobody has saved."""
    desk.submit(page, NEW, TYPED)
    desk.send(page, draft_in(page), {"fields": {"car.plate": "津B88K99"}, "based_on": "", "was": ""})

    desk.submit(page, NEW, again)

    assert drafts_of(site.node, site.admin) == ()


def test_the_same_words_after_another_login_are_the_same_form(desk: Visitor, page: str):
    """The token of the session is no word of the form: whoever sends it again comes to what was saved."""
    first = desk.submit(page, NEW, TYPED)
    desk.submit(desk.open("/staff/me"), "/logout", {})
    desk.submit(desk.open("/login"), "/login", {"staff_no": "B01", "password": PASSWORD})
    token = Fields(desk.open("/staff/me")).forms["/logout"]["token"]

    second = desk.submit(page, NEW, {**TYPED, "token": token})

    assert second.headers["location"] == first.headers["location"]


def test_a_save_whose_answer_is_gone_is_not_offered_again(site: Site, desk: Visitor, page: str):
    """An erasure drops what saves were answered; the words are shown, and the form is not."""
    desk.submit(page, NEW, TYPED)
    with site.node.store.write() as tx:
        tx.drop_answers()

    second = desk.submit(page, NEW, TYPED)

    assert (second.status_code, orders(site), NEW in Fields(second.text).forms) == (409, 1, False)
    assert "津B88K99" in second.text


def test_a_form_without_a_key_comes_back_with_its_words(site: Site, desk: Visitor, page: str):
    """Nothing was saved, so the form is offered again, under a key of its own."""
    refused = desk.submit(page, NEW, {**TYPED, "save_key": ""})

    assert (refused.status_code, orders(site)) == (422, 0)
    assert Fields(refused.text).forms[NEW]["save_key"] != ""


@pytest.mark.parametrize(
    ("now", "since"),
    [
        pytest.param({"a": ("1",), "b": ("2", "3")}, {}, id="the same"),
        pytest.param({"a": ("1",), "b": ("2",)}, {"b": ("2",)}, id="one of several taken away"),
        pytest.param({"a": ("",), "b": ("2", "3")}, {"a": ("",)}, id="emptied"),
        pytest.param({"a": ("2",), "b": ("2", "3")}, {"a": ("2",)}, id="the text of another field"),
        pytest.param({"a": ("1",), "b": ("2", "3"), "token": ("t",)}, {}, id="what the page put in"),
    ],
)
def test_what_was_typed_since_is_told_field_by_field(
    now: dict[str, tuple[str, ...]], since: dict[str, tuple[str, ...]]
):
    """A text is known under its own name only."""
    sent = digests_as_sent(Typed({"a": ("1",), "b": ("2", "3")}))

    assert typed_since(Typed(now), sent) == since


def send_by_script(desk: Visitor, page: str, typed: dict[str, str]) -> httpx.Response:
    """The form as the page's script sends it."""
    return desk.ask("POST", NEW, data={**Fields(page).forms[NEW], **typed}, headers={"Carnet-Script": "1"})


def test_a_script_hears_where_what_it_saved_stands(site: Site, desk: Visitor, page: str):
    """It goes there itself, first or second time, so that its page stays when nobody is there to show the next one."""
    first, again = (send_by_script(desk, page, TYPED) for _ in range(2))

    assert (first.status_code, again.json(), orders(site)) == (200, first.json(), 1)
    assert desk.ask("GET", first.json()["go"]).status_code == 200


@pytest.mark.parametrize(("typed", "status"), [({"car.plate": ""}, 422), (MORE, 409)], ids=["refused", "other words"])
def test_whatever_is_no_save_is_a_page_for_a_script_too(desk: Visitor, page: str, typed: dict[str, str], status: int):
    """Nothing is said to be saved; a form sent without a script then gets the same page."""
    if status == 409:
        send_by_script(desk, page, TYPED)

    answered = send_by_script(desk, page, {**TYPED, **typed})

    assert (answered.status_code, answered.headers["content-type"]) == (status, "text/html; charset=utf-8")


def test_a_script_whose_session_is_over_hears_of_no_save(desk: Visitor, page: str):
    """It is led to the door like everybody."""
    desk.submit(desk.open("/staff/me"), "/logout", {})

    assert send_by_script(desk, page, TYPED).status_code == 303
