"""The staff page: who works here, start codes, and a departure with everything it moves."""

import re

import pytest

from carnet_node.core.desk_limits import REPORT_ROWS_MAX
from carnet_node.core.local_facts import Access, AccessEntry
from carnet_node.core.log.acting import acting_for
from carnet_node.core.saving.form_drafts import drafts_of, keep_draft
from carnet_node.core.showing.conflicts import list_conflicts
from carnet_node.core.staff.access_log import accesses_of, note_access, report_on
from carnet_node.core.staff.staff import list_staff
from carnet_protocol.ids import RecordId, record_text
from support.browsing import Fields, Visitor
from support.staffed import PASSWORD, Site, hire, hire_with_password


def start_code_in(page: str) -> str:
    """The start code that a page shows."""
    return page.split('class="startcode">')[1].split("<", maxsplit=1)[0]


def test_somebody_new_gets_a_start_code_that_is_shown_once(desk: Visitor):
    """The code stands in the answer to the form, lets its owner in, and is on no later page."""
    added = desk.submit(desk.open("/staff"), "/staff", {"staff_no": "A20", "full_name": "新同事", "role": "advisor"})
    code = start_code_in(added.text)

    newcomer = Visitor(desk.node, desk.api)
    typed = {"staff_no": "A20", "code": code.lower(), "password": PASSWORD, "password_again": PASSWORD}
    entered = newcomer.submit(newcomer.open("/start"), "/start", typed)

    assert entered.status_code == 303
    assert newcomer.ask("GET", "/").status_code == 200
    assert code not in desk.open("/staff")


def test_a_new_start_code_is_asked_about_first(site: Site, desk: Visitor):
    """The page says what ends; only its button ends it, and the code is in the answer."""
    colleague = hire_with_password(site, "A20", "advisor")
    address = f"/staff/{record_text(colleague.staff)}/code"

    question = desk.open(address)
    is_in_before = Visitor(site.node).with_session(colleague.token).ask("GET", "/").status_code
    told = desk.submit(question, address, {})

    assert ("The present password ends at once" in question, "This is you" in question) == (True, False)
    assert (is_in_before, len(start_code_in(told.text))) == (200, 11)
    assert Visitor(site.node).with_session(colleague.token).ask("GET", "/").status_code == 303


def test_who_gives_themselves_a_code_is_told_and_comes_in_again_with_it(site: Site, desk: Visitor):
    """The answer is the page on which the code is used, since its reader is logged out."""
    hire_with_password(site, "B02", "administrator")
    address = f"/staff/{record_text(site.admin)}/code"

    question = desk.open(address)
    told = desk.submit(question, address, {}).text
    chosen = dict.fromkeys(("password", "password_again"), "another long one")
    entered = desk.submit(told, "/start", {"code": start_code_in(told), **chosen})

    assert ("This is you" in question, "You are logged out." in told, "data-person" in told) == (True, True, False)
    assert (entered.status_code, desk.ask("GET", "/").status_code) == (303, 200)


@pytest.mark.parametrize("other", ["nobody else", "a manager", "an administrator without a password"])
def test_the_last_administrator_gets_no_code_from_themselves(site: Site, desk: Visitor, other: str):
    """Neither the question nor the button ends the last way in; both say what to do instead."""
    if other == "a manager":
        hire_with_password(site, "M02", "manager")
    elif other != "nobody else":
        hire(site, "B02", "administrator")
    address = f"/staff/{record_text(site.admin)}/code"

    question = desk.ask("GET", address)
    refused = desk.ask("POST", address, data={"token": Fields(desk.open("/staff")).forms["/staff"]["token"]})

    assert (question.status_code, refused.status_code) == (422, 422)
    assert all("Change your password instead." in one.text for one in (question, refused))
    assert desk.ask("GET", "/").status_code == 200


def test_a_number_that_is_taken_is_refused_with_the_form(site: Site, desk: Visitor):
    """A staff number belongs to one person for good."""
    hire_with_password(site, "A20", "advisor")

    refused = desk.submit(desk.open("/staff"), "/staff", {"staff_no": "A20", "full_name": "新同事", "role": "advisor"})

    assert refused.status_code == 422
    assert "old orders name it." in refused.text
    assert 'value="新同事"' in refused.text


def test_a_departure_ends_access_and_says_what_moved_and_what_was_seen(site: Site, desk: Visitor):
    """The colleague named takes over unsaved forms, and the report lists what was exported."""
    leaver = hire_with_password(site, "A20", "care_clerk")
    heir = hire_with_password(site, "A21", "advisor")
    keep_draft(site.node, leaver.staff, "check-in", {"sender_name": ("王",)})
    note_access(acting_for(site.node, leaver.staff), Access.EXPORTED, "customers", 214)
    address = f"/staff/{record_text(leaver.staff)}/leave"

    told = desk.submit(desk.open(address), address, {"successor": record_text(heir.staff)})

    assert "Person A20 has left" in told.text
    assert "Taken over by Person A21: 0 open orders, 1 unsaved form." in told.text
    assert "list of customers" in told.text
    assert "214" in told.text
    assert len(drafts_of(site.node, heir.staff)) == 1
    assert Visitor(site.node).with_session(leaver.token).ask("GET", "/").status_code == 303


def test_the_report_adds_up_what_was_shown_and_names_each_list(site: Site, desk: Visitor):
    """Values shown one by one are a sum, a list that left is a line; who works here has such a page as well."""
    watched = hire_with_password(site, "A20", "care_clerk")
    acting = acting_for(site.node, watched.staff)
    for _ in range(3):
        note_access(acting, Access.SHOWN, "phone")
    note_access(acting, Access.EXPORTED, "customers, masked", 214)

    page = desk.open(f"/staff/{record_text(watched.staff)}/accesses")

    sums, lists = (rows_of(part) for part in page.split("Lists, one by one"))
    assert [row[:4] for row in sums] == [
        ["exported", "list of customers (masked)", "1", "214"],
        ["shown in full", "Phone", "3", "3"],
    ]
    assert [row[1:] for row in lists] == [["exported", "list of customers (masked)", "214"]]


def test_a_report_is_of_ninety_days(site: Site, desk: Visitor):
    """What lies further back is not in it."""
    watched = hire_with_password(site, "A20", "care_clerk")
    note_access(acting_for(site.node, watched.staff), Access.EXPORTED, "customers", 7)
    now_ms = site.node.clock.now_ms()

    inside = report_on(accesses_of(site.node, watched.staff), now_ms)
    site.pass_ms(90 * 24 * 3600 * 1000 + 1)
    outside = report_on(accesses_of(site.node, watched.staff), site.node.clock.now_ms())

    assert [one.row_count for one in inside.lists] == [7]
    assert (outside.sums, outside.lists) == ((), ())


def test_a_report_says_when_it_is_cut():
    """The newest lists stand in it, and that there are more."""
    many = [AccessEntry(None, Access.EXPORTED, "customers", 1, at_ms) for at_ms in range(REPORT_ROWS_MAX, -1, -1)]

    whole, cut = (report_on(entries, 0) for entries in (many[1:], many))

    assert (whole.is_cut, cut.is_cut) == (False, True)
    assert cut.lists == tuple(many[:REPORT_ROWS_MAX])
    assert cut.sums[0].times == REPORT_ROWS_MAX + 1


def rows_of(html: str) -> list[list[str]]:
    """Texts of the cells of a table, without its head."""
    rows = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in re.findall(r"<tr>(.*?)</tr>", html, re.DOTALL)]
    return [row for row in rows if row]


def test_nobody_is_asked_about_who_never_worked_here(desk: Visitor):
    """An id that no member of staff has is answered with a page of its own."""
    answered = desk.ask("GET", f"/staff/{record_text(RecordId(bytes(16)))}/leave")

    assert answered.status_code == 404
    assert "Nothing was changed." in answered.text


def test_another_role_is_set_from_the_list(site: Site, desk: Visitor):
    """A role is one choice and one click."""
    member = hire_with_password(site, "A20", "advisor")

    desk.submit(desk.open("/staff"), f"/staff/{record_text(member.staff)}/role", {"role": "manager"})

    roles = {one.view.id: one.view.values["role"] for one in list_staff(site.node)}
    assert roles[member.staff] == "manager"


def test_two_who_set_a_role_at_once_both_keep_their_word(site: Site, desk: Visitor):
    """The second one had not seen the first one's choice: the two stand beside each other."""
    member = hire_with_password(site, "A20", "advisor")
    address, page = f"/staff/{record_text(member.staff)}/role", desk.open("/staff")
    desk.submit(desk.open("/staff"), address, {"role": "manager"})

    desk.submit(page, address, {"role": "care_clerk"})

    (one,) = list_conflicts(site.node)
    assert one.shown is not None
    assert one.register == "role"
    assert {one.shown.values["role"], one.overruled.values["role"]} == {"manager", "care_clerk"}


@pytest.mark.parametrize("path", ["/staff", "/staff/accesses"])
def test_whoever_does_not_manage_staff_sees_no_list(site: Site, path: str):
    """An advisor gets neither the link nor the page."""
    advisor = Visitor(site.node).with_session(hire_with_password(site, "A20", "advisor").token)

    assert 'href="/staff"' not in advisor.open("/")
    assert advisor.ask("GET", path).status_code == 422


def test_ones_own_page_lists_what_was_typed_and_not_saved(site: Site, desk: Visitor):
    """A draft leads back to its form, or is given up."""
    keep_draft(site.node, site.admin, "customer", {"full_name": ("王",)})
    page = desk.open("/staff/me")

    given_up = desk.submit(page, "/drafts/customer/drop", {})

    assert 'href="/customers/new"' in page
    assert given_up.headers["location"] == "/staff/me"
    assert drafts_of(site.node, site.admin) == ()


def test_who_takes_over_is_named_where_nobody_is_a_manager(site: Site, desk: Visitor):
    """The first choice of the form is the person, and stands there once."""
    leaver = hire_with_password(site, "A20", "advisor")

    page = desk.open(f"/staff/{record_text(leaver.staff)}/leave")

    chosen = page.partition('<option value="">')[2].partition("</option>")[0]
    (admin,) = [one.view for one in list_staff(site.node) if one.view.id == site.admin]
    assert chosen.split(" ")[0] == admin.values["staff_no"]
    assert f'value="{record_text(site.admin)}"' not in page
