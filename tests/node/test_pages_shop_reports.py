"""Documents and reports at the pages: asked, shown, kept under a name, taken out."""

import io
import re

import httpx
import openpyxl
import pytest

from carnet_node.adapters.system import run_blocking
from carnet_node.core.commands.drafting import draft_new
from carnet_node.core.local_facts import Access
from carnet_node.core.saving.desk import save
from carnet_node.core.staff.access_log import accesses_of
from carnet_node.entrypoints.pages.bars import bars_of
from carnet_node.entrypoints.web.desk import Desk
from carnet_node.entrypoints.web.guards import LOOPBACK_NAMES
from carnet_protocol.kinds import VISIT
from carnet_protocol.registry import Value
from support.browsing import Visitor
from support.node_builder import START_MS
from support.shared_api import shared_api
from support.staffed import Site, hire_with_password


@pytest.fixture
def desk(site: Site) -> Visitor:
    """The administrator's browser, in English."""
    return at_desk(site, site.session.token).in_english()


def at_desk(site: Site, token: str) -> Visitor:
    """Somebody's browser at the node of a site."""
    made = Desk(site.node, run_blocking, hasher=site.hasher)
    return Visitor(site.node, shared_api(made, hosts=LOOPBACK_NAMES, token="for programs")).with_session(token)


def ordered(site: Site, **values: Value) -> None:
    """An order that was opened just now."""
    said = {"status": "open", "opened_at": START_MS, "advisor_code": "A1", **values}
    save(site.as_admin, lambda new_id: (draft_new(VISIT, new_id(), said),))


def sheet_of(answered: httpx.Response) -> list[tuple[object, ...]]:
    """Rows of the one sheet of a workbook."""
    return list(openpyxl.load_workbook(io.BytesIO(answered.content)).worksheets[0].values)


def rows_of(html: str) -> list[list[str]]:
    """The texts of the body of the first table of a page."""
    body = re.search(r"<tbody>(.*?)</tbody>", html, re.DOTALL)
    assert body is not None
    rows = re.findall(r"<tr.*?</tr>", body[1], re.DOTALL)
    return [[re.sub(r"<.*?>", "", cell).strip() for cell in re.findall(r"<t[dh].*?</t[dh]>", row)] for row in rows]


def ask(desk: Visitor, **typed: str) -> str:
    """Where the answer to a question stands."""
    answered = desk.submit(desk.open("/documents"), "/documents", typed)
    assert answered.status_code == 303, answered.text
    return str(answered.headers["location"])


def test_a_question_shows_what_it_finds_at_an_address_that_says_nothing(desk: Visitor, site: Site):
    """Neither word nor amount stands in the address; the form holds what was asked, in yuan."""
    ordered(site, customer_note="squeals", customer_fen=12_345)
    ordered(site, customer_note="rattles")

    address = ask(desk, text="squeals", least_fen="123.45")
    html = desk.open(address)

    assert re.fullmatch(r"/documents/[0-9a-f]{32}", address)
    assert [row[-1] for row in rows_of(html)] == ["123.45"]
    assert 'value="squeals"' in html
    assert 'name="least_fen" type="text" value="123.45"' in html


def test_a_question_that_makes_no_sense_comes_back(desk: Visitor):
    """With every field that is wrong, and what was typed."""
    answered = desk.submit(
        desk.open("/documents"), "/documents", {"first": "2026-02-30", "least_fen": "1e3", "text": "kept"}
    )

    assert answered.status_code == 422
    assert all(f'id="f-{name}-problem"' in answered.text for name in ("first", "least_fen"))
    assert 'value="kept"' in answered.text


def test_a_part_of_a_plate_that_names_no_car_comes_back_with_its_field(desk: Visitor):
    """Before it is asked, and not as an answer without documents."""
    refused = desk.submit(desk.open("/documents"), "/documents", {"plate": "9999"})

    assert refused.status_code == 422
    assert "Type the whole plate, or at least its last four characters." in refused.text


def test_a_name_that_finds_nothing_says_how_names_are_found(desk: Visitor):
    """A given name alone finds nobody, here as in the search box."""
    named, other = desk.open(ask(desk, customer="小明")), desk.open(ask(desk, text="squeals"))

    hint = "A name is found by its beginning, its pinyin or the initials of that."
    assert (hint in named, hint in other) == (True, False)


def test_a_question_is_forgotten_with_the_session(desk: Visitor, site: Site):
    """Another session is not shown what somebody asked, at the same address."""
    address = ask(desk, text="secret")
    other = hire_with_password(site, "A07", "advisor")

    answered = at_desk(site, other.token).ask("GET", address)

    assert (answered.status_code, "secret" in answered.text) == (410, False)


def test_a_kept_question_is_opened_and_forgotten_by_its_name(desk: Visitor, site: Site):
    """It finds the same without what is personal."""
    ordered(site, status="draft")
    ordered(site)
    address = ask(desk, status="draft", text="nothing like it")

    desk.submit(desk.open(address), f"{address}/kept", {"name": "Drafts"})
    page = desk.open("/documents")
    opened = desk.submit(page, "/documents/kept/open", {"name": "Drafts"}).headers["location"]
    html = desk.open(opened)
    desk.submit(page, "/documents/kept/forget", {"name": "Drafts"})

    assert len(rows_of(html)) == 1
    assert "Drafts" in page
    assert "Drafts" not in desk.open("/documents")


@pytest.mark.parametrize(("personal", "plate"), [("", "***2345"), ("1", "沪A12345")], ids=["masked", "in full"])
def test_what_is_found_goes_into_a_workbook_and_is_noted(desk: Visitor, site: Site, personal: str, plate: str):
    """In the words of the page; masked unless it was asked for in full."""
    ordered(site, plate_at_visit="沪A12345", customer_fen=100)
    address = ask(desk, kind="visit")

    answered = desk.submit(desk.open(address), f"{address}/export", {"personal": personal})

    headers, row = sheet_of(answered)
    assert headers[1:4] == ("Number", "When", "State")
    assert (row[4], row[-1]) == (plate, 1)
    assert accesses_of(site.as_admin, site.admin)[0].access is Access.EXPORTED


def test_the_report_of_the_month_is_split_by_advisor(desk: Visitor, site: Site):
    """A row for each advisor, one for nobody, and the total below."""
    for advisor in ("A1", "A1", None):
        ordered(site, advisor_code=advisor)

    rows = rows_of(desk.open("/reports"))

    assert [row[:2] for row in rows] == [["no advisor", "1"], ["A1", "2"], ["All of it", "3"]]


def test_a_report_has_a_bar_for_each_day(desk: Visitor, site: Site):
    """September has thirty; the one with cars says how many."""
    ordered(site)

    html = desk.open("/reports?period=2026-09")

    assert html.count("<rect") == 2 * 30
    assert "<title>2026-09-21: 1</title>" in html


def test_a_report_goes_into_a_workbook(desk: Visitor, site: Site):
    """Columns in the words of the page, money in yuan, the total last."""
    ordered(site, status="settled", settled_at=START_MS, customer_fen=12_345)

    answered = desk.submit(desk.open("/reports?by=visit_kind"), "/reports/export", {})

    headers, group, total = sheet_of(answered)
    assert headers[:2] == ("Kind of visit", "Cars in")
    assert (group[0], total[0], total[headers.index("Customer pays")]) == ("not stated", "All of it", 123.45)


@pytest.mark.parametrize("period", ["2026-08", "2026-09-2"])
def test_the_workbook_of_a_report_is_named_by_its_period(desk: Visitor, site: Site, period: str):
    """Two of them lie beside each other in a folder, and the sheet says whose report and of when it is."""
    answered = desk.submit(desk.open(f"/reports?period={period}&by=visit_kind"), "/reports/export", {})

    code = site.as_admin.identity.site_code
    (sheet,) = openpyxl.load_workbook(io.BytesIO(answered.content)).sheetnames
    named = f'attachment; filename="{code}-shop_report-{period}-by-visit-kind.xlsx"'
    assert answered.headers["content-disposition"] == named
    assert sheet == f"{period} {code} Workshop report"[:31]


@pytest.mark.parametrize(
    ("language", "heading"), [("en", "Done, with a promised time"), ("zh-CN", "已完工且有承诺时间")], ids=["en", "zh"]
)
def test_a_report_says_that_a_promise_counts_when_work_is_done(desk: Visitor, site: Site, language: str, heading: str):
    """A car that was promised and is still in the shop is not among them."""
    ordered(site, promised_at=START_MS + 1)
    done = at_desk(site, site.session.token) if language == "zh-CN" else desk

    html = done.open("/reports")

    headers, *_ = sheet_of(done.submit(html, "/reports/export", {}))
    assert f">{heading}</th>" in html
    assert headers[2] == heading
    assert rows_of(html)[-1][1:4] == ["1", "0", "0"]


def test_a_pay_type_has_its_money_and_no_counts(desk: Visitor, site: Site):
    """Cars are counted without a pay type; a nothing beside one would say that no car was paid for that way."""
    ordered(site, status="settled", settled_at=START_MS, customer_fen=12_345)

    html = desk.open("/reports?by=pay_type")

    _, *rows = sheet_of(desk.submit(html, "/reports/export", {}))
    nothing = "—"
    assert rows_of(html)[:2] == [
        ["without money", "1", "0", "0", nothing, nothing, nothing, "0", "0", "0"],
        ["Customer pays", nothing, nothing, nothing, "123.45", nothing, nothing, nothing, nothing, nothing],
    ]
    assert rows[0][1:] == (1, 0, 0, None, None, None, 0, 0, 0)
    assert rows[1][1:] == (None, None, None, 123.45, None, None, None, None, None)


def test_a_kept_report_moves_along(desk: Visitor):
    """Its name opens the same days of the present calendar; without a name nothing is kept."""
    page = desk.open("/reports?span=last_month&by=day")
    refused = desk.submit(page, "/reports/kept", {"name": " "})
    desk.submit(page, "/reports/kept", {"name": "Before"})
    kept = desk.open("/reports")
    opened = desk.submit(kept, "/reports/kept/open", {"name": "Before"}).headers["location"]
    desk.submit(kept, "/reports/kept/forget", {"name": "Before"})

    assert (refused.status_code, 'id="f-name-problem"' in refused.text) == (422, True)
    assert opened == "/reports?span=last_month&by=day"
    assert "2026-08-01" in desk.open(opened)
    assert "Before</button>" not in desk.open("/reports")


def test_a_period_that_is_none_is_refused_on_a_page(desk: Visitor):
    """At its field, with what was typed and the grouping; nothing is shown for another period instead."""
    answered = desk.ask("GET", "/reports?period=2026-13&by=day")

    assert answered.status_code == 422
    assert re.search(
        r'id="f-period" name="period" value="2026-13"[^>]* aria-describedby="f-period-problem"', answered.text
    )
    assert 'id="f-period-problem"' in answered.text
    assert '<option value="day" selected>' in answered.text
    assert "<table" not in answered.text


def test_the_examples_of_a_period_are_of_the_present_month(site: Site):
    """What is shown beside the field can be typed as it stands."""
    site.node.clock.ms += 31 * 24 * 3600 * 1000  # type: ignore[attr-defined]

    html = at_desk(site, hire_with_password(site, "A07", "advisor").token).open("/reports")

    assert "2026-10 · 2026-10-1 · 2026-10-2 · 2026-10-3</span>" in html


def test_whoever_takes_no_lists_away_sees_no_button(desk: Visitor, site: Site):
    """An advisor reads the report; the form would be refused too."""
    advisor = at_desk(site, hire_with_password(site, "A07", "advisor").token)
    page = advisor.open("/reports")

    token = page.split('name="token" value="')[1].split('"')[0]

    answered = advisor.ask("POST", "/reports/export", data={"token": token})

    assert "/reports/export" not in page
    assert (answered.status_code, answered.headers["content-type"]) == (422, "text/html; charset=utf-8")
    assert "/reports/export" in desk.open("/reports")


@pytest.mark.parametrize(
    ("values", "zero", "heights"),
    [
        pytest.param([0, 0], 0, [0, 0], id="nothing"),
        pytest.param([4, 2], 40, [40, 20], id="above"),
        pytest.param([-4, 4], 20, [20, 20], id="on both sides"),
        pytest.param([-4], 0, [40], id="below"),
    ],
)
def test_bars_stand_on_the_line_of_nothing(values: list[int], zero: int, heights: list[int]):
    """What is above ends at the line, what is below begins there, and nothing leaves the box."""
    plot = bars_of(values, width=100, height=40)

    assert (plot.zero, [bar.height for bar in plot.bars]) == (zero, heights)
    assert all((bar.y if bar.value < 0 else bar.y + bar.height) == zero for bar in plot.bars)
