"""Words that a stranger stumbled over: who advises is a name, a date is asked for in the reader's language."""

import re

import pytest

from carnet_node.core.commands.drafting import draft_new
from carnet_node.core.exchange.import_reasons import RowProblem
from carnet_node.core.saving.desk import save
from carnet_node.entrypoints.pages.formats import Clockface
from carnet_node.entrypoints.pages.languages import Language
from carnet_node.entrypoints.pages.rendering import Renderer
from carnet_protocol.kinds import STAFF
from carnet_protocol.registry import Value
from support.browsing import Visitor
from support.staffed import Site, hire_with_password

NEW = "/visits/new"
CHECK_IN = {"car.plate": "津B88K99", "sender_name": "李芳", "sender_phone": "13800138000", "odometer_in_km": "52300"}


def an_order(desk: Visitor, advisor: str) -> str:
    """The address of an order whose advisor has a number."""
    return desk.submit(desk.open(NEW), NEW, {**CHECK_IN, "advisor_code": advisor}).headers["location"]


@pytest.mark.parametrize("below", ["", "/print/reception", "/print/order"])
def test_the_advisor_is_named_on_the_order_and_its_sheets(site: Site, desk: Visitor, below: str):
    """A customer asks for a person, and not for a number."""
    hire_with_password(site, "C02", "advisor")

    page = desk.open(an_order(desk, "C02") + below)

    assert ("<dd>C02 Person C02</dd>" in page, "<dd>C02</dd>" in page) == (True, False)


@pytest.mark.parametrize("address", ["/", "/visits", "/board", "/board/list", "/reports?span=month&by=advisor"])
def test_an_advisor_is_called_by_number_and_name_on_every_list(site: Site, desk: Visitor, address: str):
    """Who reads a list of others' work knows colleagues by name."""
    hire_with_password(site, "C02", "advisor")
    an_order(desk, "C02")

    assert "C02 Person C02" in desk.open(address)


def test_a_found_document_names_its_advisor(site: Site, desk: Visitor):
    """The field of the question takes the number, and offers it with the name."""
    hire_with_password(site, "C02", "advisor")
    an_order(desk, "C02")

    form = desk.open("/documents")
    found = desk.open(desk.submit(form, "/documents", {"advisor_code": "C02"}).headers["location"])

    assert '<option value="C02">Person C02</option>' in form
    assert "<td>C02 Person C02</td>" in found


@pytest.mark.parametrize(("hired", "offered"), [(False, ["B01"]), (True, ["C02"])])
def test_who_can_advise_is_offered_also_where_there_is_an_administrator_alone(
    site: Site, desk: Visitor, hired: bool, offered: list[str]
):
    """A site of one person books cars too; where somebody advises, nobody else is offered."""
    if hired:
        hire_with_password(site, "C02", "advisor")

    form = desk.open("/appointments/new")

    choices = re.findall(r'<option value="([^"]+)"', form.partition('id="f-advisor_code"')[2].partition("</select>")[0])
    assert choices == offered


def test_a_number_that_two_people_have_stays_a_number(site: Site, desk: Visitor):
    """Machines of a site that were apart gave it twice, and a sheet that is printed anew names nobody wrong."""
    hire_with_password(site, "C02", "advisor")
    other: dict[str, Value] = {"staff_no": "C02", "full_name": "Another", "role": "advisor", "state": "active"}
    save(site.as_admin, lambda new_id: (draft_new(STAFF, new_id(), other),))

    sheet = desk.open(an_order(desk, "C02") + "/print/order")

    assert ("<dd>C02</dd>" in sheet, "Person C02" in sheet) == (True, False)


def test_a_sheet_begins_with_the_name_of_its_dealer(desk: Visitor):
    """The customer knows a name, and the code stands beside it; who printed it is a person too."""
    sheet = desk.open(an_order(desk, "Z99") + "/print/order")

    assert '<p>Shanghai one <span class="code">SHA01</span></p>' in sheet
    assert "by B01 Admin Example</span>" in sheet


def test_an_advisor_whom_nobody_knows_stays_a_number(desk: Visitor):
    """As a former system wrote it."""
    assert "<dd>Z99</dd>" in desk.open(an_order(desk, "Z99"))


def test_no_two_states_of_one_list_are_called_alike(site: Site):
    """The states of all kinds stand in one list: what was taken back says what it was."""
    page = Visitor(site.node).with_session(site.session.token).open("/documents")

    states = re.findall(r"<option[^>]*>([^<]+)</option>", page.partition('id="f-status"')[2].partition("</select>")[0])
    alike = sorted({one for one in states if states.count(one) > 1 and "撤回" in one})
    assert ("结算已撤回" in states, alike) == (True, [])


def test_a_chinese_page_has_the_colon_of_its_language(site: Site, desk: Visitor):
    """Between a label and what it is about too, where no sentence of the catalogue stands."""
    address = an_order(desk, "Z99")

    sheet = Visitor(site.node).with_session(site.session.token).open(address + "/print/reception")

    assert ("预计交车：<strong>" in sheet, "</strong>: " in sheet) == (True, False)


def test_a_chinese_form_asks_for_dates_in_chinese(site: Site):
    """No letters stand for year, month and day."""
    page = Visitor(site.node).with_session(site.session.token).open(NEW)

    assert ("YYYY" in page, "年-月-日 时:分" in page) == (False, True)


@pytest.mark.parametrize(("language", "said"), [("en", "1 unsaved form."), ("zh_CN", "未保存表单 1 份。")])
def test_one_form_is_one_form(language: str, said: str):
    """What a colleague takes over is counted in words that fit the number."""
    words = Renderer(Clockface(0), "/static").words(Language(language))

    assert words.many("%(num)s unsaved form.", "%(num)s unsaved forms.", 1) % {"num": 1} == said


def test_reasons_why_a_row_is_left_out_stand_apart():
    """Two columns, two reasons, and something between them."""
    words = Renderer(Clockface(0), "/static").words(Language.ZH)
    problems = [RowProblem("vin", "A detail without an end"), RowProblem("plate_no", "Another one")]

    assert " · " in words.left_out(problems, {})


@pytest.mark.parametrize("sheet", ["reception", "order"])
def test_a_sheet_has_the_keys_of_every_page(desk: Visitor, sheet: str):
    """The digits lead to the same screens as on the page of the order, and the lock and its keys are there."""
    order = an_order(desk, "C02")
    page, printed = desk.open(order), desk.open(f"{order}/print/{sheet}")

    screens = [re.findall(r'data-digit="(\d)"', html) for html in (page, printed)]
    assert screens[0] == screens[1] == list("1234567")
    assert ("data-lock" in printed, "/js/keys.js" in printed) == (True, True)
