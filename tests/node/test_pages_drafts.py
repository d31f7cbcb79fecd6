"""What is typed and not saved: kept field by field, for one person and one form; and values shown on request."""

import re

import pytest

from carnet_node.core.commands.customers import AddCustomer, add_customer
from carnet_node.core.local_facts import Access
from carnet_node.core.saving.desk import save
from carnet_node.core.saving.form_drafts import draft_of, keep_draft
from carnet_node.core.showing.views import visit_view
from carnet_node.core.staff.access_log import accesses_of
from carnet_protocol.ids import parse_record_text, record_text
from support.browsing import Fields, Visitor
from support.staffed import Site, hire_with_password

FORM = "/drafts/check-in"
CHECK_IN = {"car.plate": "津B88K99", "sender_name": "李芳", "sender_phone": "13800138000", "odometer_in_km": "52300"}


@pytest.fixture
def desk(site: Site) -> Visitor:
    """The administrator's browser."""
    return Visitor(site.node).with_session(site.session.token)


def kept(site: Site) -> dict[str, tuple[str, ...]]:
    """What is kept of the administrator's check-in."""
    draft = draft_of(site.node, site.admin, "check-in")
    return {} if draft is None else dict(draft.fields)


def test_fields_that_arrive_one_by_one_become_one_draft(site: Site, desk: Visitor):
    """A later field joins the earlier ones; the same field is replaced."""
    page = desk.open("/")

    desk.send(page, FORM, {"fields": {"sender_name": "王", "plate": "津A"}, "based_on": ""})
    answered = desk.send(page, FORM, {"fields": {"sender_name": "王小明"}, "based_on": ""})

    assert kept(site) == {"was": ("",), "sender_name": ("王小明",), "plate": ("津A",)}
    assert answered.json() == {"at": "22:13"}


def test_what_the_page_put_in_is_no_draft(site: Site, desk: Visitor):
    """Token, save key and heads are made anew with the next page."""
    desk.send(desk.open("/"), FORM, {"fields": {"token": "t", "save_key": "k", "note": "n"}, "based_on": ""})

    assert kept(site) == {"was": ("",), "note": ("n",)}


def test_a_draft_keeps_the_heads_it_was_begun_over(site: Site, desk: Visitor):
    """What its author had read does not change while they type, whatever else was saved meanwhile."""
    page = desk.open("/")
    desk.send(page, FORM, {"fields": {"note": "a"}, "based_on": "first"})

    desk.send(page, FORM, {"fields": {"note": "b"}, "based_on": "second"})

    draft = draft_of(site.node, site.admin, "check-in")
    assert draft is not None
    assert draft.heads == "first"


def a_customer(site: Site) -> str:
    """The address of the form of a customer on file."""
    command = AddCustomer({"party_kind": "person", "full_name": "郑试"})
    saved = save(site.as_admin, lambda new_id: add_customer(command, new_id))
    return f"/customers/{record_text(saved.records[0])}/edit"


def sent_from(page: str, at: str, fields: dict[str, str]) -> dict[str, object]:
    """What the script of a page sends to the draft of its form."""
    form = Fields(page).forms[at]
    return {
        "fields": fields,
        "based_on": form["based_on"],
        "was": form["was"],
        "save_key": form["save_key"],
        "action": at,
    }


def test_words_that_come_behind_their_own_save_are_kept_no_more(site: Site, desk: Visitor):
    """Over the heads from before it they would contradict their author; the next page shows what was saved."""
    at = a_customer(site)
    page, draft = desk.open(at), f"customer-{at.split('/')[2]}"
    desk.submit(page, at, {"note": "calls on Mondays"})

    late = desk.send(page, f"/drafts/{draft}", sent_from(page, at, {"note": "calls on Mon"}))

    again = Fields(desk.open(at)).forms[at]
    assert (late.status_code, draft_of(site.node, site.admin, draft)) == (422, None)
    assert (again["note"], again["based_on"] == Fields(page).forms[at]["based_on"]) == ("calls on Mondays", False)


def test_the_next_page_of_a_form_that_was_saved_keeps_its_words(site: Site, desk: Visitor):
    """Each page saves under a key of its own."""
    at = a_customer(site)
    draft = f"customer-{at.split('/')[2]}"
    desk.submit(desk.open(at), at, {"note": "calls on Mondays"})

    page = desk.open(at)
    answered = desk.send(page, f"/drafts/{draft}", sent_from(page, at, {"note": "calls on Fridays"}))

    again = Fields(desk.open(at)).forms[at]
    assert (answered.status_code, again["note"]) == (200, "calls on Fridays")


def test_a_draft_belongs_to_one_person(site: Site, desk: Visitor):
    """A colleague's form is empty."""
    colleague = hire_with_password(site, "C02", "advisor")

    desk.send(desk.open("/"), FORM, {"fields": {"note": "n"}, "based_on": ""})

    assert draft_of(site.node, colleague.staff, "check-in") is None


@pytest.mark.parametrize(
    ("path", "body"),
    [
        pytest.param(FORM, {"fields": ["a"], "based_on": ""}, id="no object"),
        pytest.param(FORM, {"fields": {"a": 1}, "based_on": ""}, id="no text"),
        pytest.param(FORM, {"fields": {}, "based_on": None}, id="no heads"),
        pytest.param(FORM, ["fields"], id="no object at all"),
        pytest.param(FORM, {"fields": {"jobs[9999].complaint": "x"}, "based_on": ""}, id="thousands of rows"),
        pytest.param("/duplicates", {"phones": ["1"] * 101, "names": [], "dismissed": []}, id="a hundred phones"),
        pytest.param("/drafts/王小明", {"fields": {}, "based_on": ""}, id="a name for a form"),
        pytest.param("/reveal", {"what": "customer"}, id="no field"),
        pytest.param("/reveal", {"what": f"customer/{'0' * 8}-0000-7000-8000-{'0' * 12}/full_name"}, id="nobody"),
    ],
)
def test_what_no_script_of_ours_sends_is_refused(desk: Visitor, path: str, body: object):
    """A malformed request changes nothing and is a problem document."""
    answered = desk.send(desk.open("/"), path, body)

    assert answered.status_code in (400, 404, 422)
    assert answered.headers["content-type"] == "application/problem+json"


def test_a_script_without_the_token_is_turned_away(site: Site, desk: Visitor):
    """The cookie alone keeps no draft."""
    answered = desk.ask("POST", FORM, json={"fields": {"note": "n"}, "based_on": ""})

    assert (answered.status_code, kept(site)) == (403, {})


def test_a_locked_screen_keeps_nothing_more(site: Site, desk: Visitor):
    """A script gets a problem document, and the page shows the lock screen."""
    page = desk.open("/")
    desk.submit(page, "/lock", {})

    assert desk.send(page, FORM, {"fields": {"note": "n"}, "based_on": ""}).status_code == 401


def test_a_masked_value_is_shown_on_request_and_the_asking_is_noted(site: Site, desk: Visitor):
    """The access log says who, what kind and when, and nothing of the value."""
    command = AddCustomer({"party_kind": "person", "full_name": "王小明"}, [{"number": "13800138000"}])
    saved = save(site.as_admin, lambda new_id: add_customer(command, new_id))
    phone = f"phone/{record_text(saved.records[1])}/number"

    answered = desk.send(desk.open("/"), "/reveal", {"what": phone})

    assert answered.json() == {"text": "138 0013 8000"}
    noted = accesses_of(site.node, site.admin)
    assert [(one.access, one.subject, one.row_count) for one in noted] == [(Access.SHOWN, "phone", 1)]


@pytest.mark.parametrize("address", ["/", "/staff/me"])
def test_every_unsaved_form_is_listed_with_its_number(site: Site, desk: Visitor, address: str):
    """A hand-over that was begun is named by its order, the dates of a car by its plate, and leads back to its form."""
    saved = desk.submit(desk.open("/visits/new"), "/visits/new", CHECK_IN).headers["location"]
    order = visit_view(site.node, parse_record_text(saved.rsplit("/", 1)[1]))
    assert order is not None
    assert order.vehicle is not None
    visit, car = record_text(order.visit.id), record_text(order.vehicle.id)
    for form, record in ((f"hand-over-{visit}", order.visit.id), (f"dates-{car}", order.vehicle.id)):
        keep_draft(site.node, site.admin, form, {"typed": ("1",)}, record=record)

    page = desk.in_english().open(address)

    told = dict(re.findall(r'<a href="([^"]+)">(?:Hand-over|Insurance and inspection) (?:<strong>)?([^<]+)<', page))
    assert told == {f"/visits/{visit}/hand-over": order.visit.values["ro_no"], f"/vehicles/{car}/dates": "津B88K99"}


def test_more_work_that_is_not_saved_stands_on_the_page_of_its_order(site: Site, desk: Visitor):
    """What was typed is kept for its author and offered again; saving it ends the draft."""
    address = desk.submit(desk.open("/visits/new"), "/visits/new", CHECK_IN).headers["location"]
    page, form = desk.open(address), f"jobs-{address.rsplit('/', 1)[1]}"
    desk.send(page, f"/drafts/{form}", {"fields": {"jobs[0].complaint": "smells of petrol"}, "based_on": "", "was": ""})

    shown = desk.open(address)
    listed = desk.open("/staff/me")
    desk.submit(shown, f"{address}/jobs", {})

    assert 'value="smells of petrol"' in shown
    assert f'href="{address}"' in listed
    assert draft_of(site.node, site.admin, form) is None
    assert "smells of petrol" in desk.open(address)


def test_home_says_that_nothing_waits_only_where_nothing_does(desk: Visitor):
    """A check-in that was begun waits for its author."""
    before = desk.open("/")
    desk.send(before, FORM, {"fields": CHECK_IN, "based_on": ""})

    after = desk.open("/")

    assert ("没有待办事项。" in before, "没有待办事项。" in after) == (True, False)
    assert "津B88K99" in after


def test_why_somebody_may_be_on_file_is_listed_as_chinese_is_written(site: Site):
    """Words in a row stand apart by a mark of their own language."""
    command = AddCustomer({"party_kind": "person", "full_name": "王小明"}, [{"number": "13800138000"}])
    save(site.as_admin, lambda new_id: add_customer(command, new_id))
    chinese = Visitor(site.node).with_session(site.session.token)
    fields = {"full_name": ("王小明",), "phones[0].number": ("13800138000",)}
    keep_draft(site.node, site.admin, "customer", fields)

    page = chinese.open("/customers/new")

    assert "电话相同、姓名相同" in page
