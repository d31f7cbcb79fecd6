"""Every field of every form that saves, with everything that people and programs type wrongly.

A form is filled with one text in all its fields at once: whatever comes of it, the node never fails, and a form that
is refused shows the text again with a sentence beside a field.
"""

import re
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Final

import pytest
from markupsafe import escape

from carnet_node.adapters.system import run_blocking
from carnet_node.adapters.uploads import put_upload
from carnet_node.core.commands.cleaning import is_seen
from carnet_node.core.commands.customers import AddCustomer, add_customer
from carnet_node.core.commands.drafting import Drafts, NewId, draft_new
from carnet_node.core.commands.lines import NewJob
from carnet_node.core.commands.vehicles import AddVehicle
from carnet_node.core.commands.visits import OpenVisit
from carnet_node.core.saving.desk import save, save_vehicle, save_visit
from carnet_node.core.saving.editing import new_owner_drafts
from carnet_node.entrypoints.web.desk import Desk as LocalDesk
from carnet_node.entrypoints.web.guards import LOOPBACK_NAMES
from carnet_protocol.ids import RecordId, record_text
from carnet_protocol.kinds import VEHICLE
from carnet_protocol.registry import Value
from carnet_protocol.vin import VinPolicy
from support.browsing import Fields, Visitor
from support.node_builder import build_node
from support.shared_api import shared_api
from support.staffed import Site, TestHasher, build_site, hire
from support.vins import make_vins

FORMS: Final = (
    "new customer",
    "customer",
    "check-in",
    "order",
    "work",
    "car",
    "staff",
    "more work",
    "step",
    "void",
    "number",
    "set-up",
    "log-in",
    "start code",
    "password",
    "departure",
    "mapping",
)
NOT_SHOWN_AGAIN: Final = ("password", "departure", "mapping")
"""Forms of passwords, which no page shows again, and of choices, which offer what can be chosen and nothing else."""

PUT_IN_BY_THE_PAGE: Final = (
    "token",
    "save_key",
    "address",
    "based_on",
    "reading_based_on",
    "was",
    "draft",
    "id",
    "known",
    "orders_seen",
    "job",
    "campaign_id",
    "to",
    "sheet",
    "kind",
    "source",
)
TEXTS: Final = {
    "empty": "",
    "blanks": " 　 ",
    "too long": "x" * 4200,
    "a word": "abc",
    "full-width digits": "１２３４",
    "a huge number": "9" * 30,
    "a negative number": "-1",
    "a fraction": "1.239",
    "emoji": "😀🚗",
    "markup": '"><script>alert(1)</script>',
    "SQL": "'; DROP TABLE customer; --",
    "a formula": '=HYPERLINK("http://evil.example","x")',
    "an impossible date": "2026-02-30",
    "an impossible moment": "2026-02-30 25:61",
    "a year beyond calendars": "99999-01-01 08:00",
    "a future date": "2199-12-31",
    "a VIN with letters none has": "LSVIO000Q00000000",
    "an 8-character plate": "沪AD12345",
    "invisible characters": "\u200b\u202e\ufeff",
    "a null and a line break": "a\x00b\r\nc",
}


SAME_IN_BOTH: Final = {"VIN", "YYYY", "MM", "DD", "HH", "A07", "km"}
"""Words of refusals that are the same in both languages: names, and how a date is written."""

_TOLD: Final = re.compile(r'<p class="problem"[^>]*>.*?</p>|<div class="notice alert".*?</div>', re.DOTALL)
_TAG: Final = re.compile(r"<[^>]*>")
_WORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9]+")


@dataclass
class Desk:
    """A browser at a site, another one at a site without people, and where the forms are.

    Attributes:
        forms: the page a form stands on and the address it goes to.
    """

    site: Site
    visitor: Visitor
    first: Visitor
    forms: dict[str, tuple[str, str]]
    opened: int = 0

    def open(self, form: str) -> tuple[Visitor, str, str]:
        """A form as somebody sees it: their browser, the page, and where it is sent to."""
        visitor = self.first if form == "set-up" else self.visitor
        at, address = self.forms[form] if form in self.forms else self.used_up(form)
        return visitor, visitor.open(at), address

    def used_up(self, form: str) -> tuple[str, str]:
        """A form that is gone once it was saved, of an order or a person of its own."""
        self.opened += 1
        if form == "departure":
            address = f"/staff/{record_text(hire(self.site, f'D{self.opened}', 'advisor'))}/leave"
            return address, address
        if form == "number":
            page = f"/vehicles/{record_text(save(self.site.as_admin, a_car_without_number).records[0])}"
            return page, f"{page}/number"
        page = f"/visits/{record_text(an_order(self.site))}"
        return page, page + {"more work": "/jobs", "step": "/step/complete", "void": "/void"}[form]


def a_car_without_number(new_id: NewId) -> Drafts:
    """A car of which only the model is known."""
    return (draft_new(VEHICLE, new_id(), {"model_name": "Example"}),)


def an_order(site: Site) -> RecordId:
    """An order with work, of a car that is known."""
    car = save_vehicle(site.as_admin, AddVehicle(make_vins(1)[0], VinPolicy.STRICT, {})).vehicle
    work = NewJob({"complaint": "异响"}, [{"labour_name": "工时"}], [{"part_no": "1", "quantity_hundredths": 100}])
    values: dict[str, Value] = {"is_odometer_unknown": True, "sender_name": "王小明"}
    return save_visit(site.as_admin, OpenVisit("", car, site.node.clock.now_ms(), None, values, [work])).visit


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """An administrator's browser at a site with a customer, a car and an order; nothing asks what was there before."""
    folder: Path = tmp_path_factory.mktemp("site")
    site = build_site(folder)
    person = AddCustomer({"party_kind": "person", "full_name": "王小明"}, [{"number": "13800138000"}])
    customer = save(site.as_admin, partial(add_customer, person)).records[0]
    car = save_vehicle(site.as_admin, AddVehicle(make_vins(1)[0], VinPolicy.STRICT, {})).vehicle
    save(site.as_admin, lambda _: new_owner_drafts(site.node, car, customer, "owner", {}))
    order = record_text(an_order(site))
    uploads = folder / "uploads"
    put_upload(uploads, BytesIO(b"a,b\n1,2\n"), "customers.csv")
    api = shared_api(
        LocalDesk(site.node, run_blocking, hasher=TestHasher(), uploads=uploads),
        hosts=LOOPBACK_NAMES,
        token="for programs",
    )
    own = {
        "new customer": "/customers/new",
        "customer": f"/customers/{record_text(customer)}/edit",
        "check-in": "/visits/new",
        "order": f"/visits/{order}/edit",
        "work": f"/visits/{order}/work",
        "car": f"/vehicles/{record_text(car)}/edit",
        "staff": "/staff",
        "set-up": "/set-up",
        "log-in": "/login",
        "start code": "/start",
        "password": "/password",
    }
    forms = {name: (address, address) for name, address in own.items()}
    forms["mapping"] = ("/exchange/import?kind=customers", "/exchange/import/mapping")
    return Desk(
        site,
        Visitor(site.node, api).with_session(site.session.token).in_english(),
        Visitor(build_node(tmp_path_factory.mktemp("first"))).in_english_at("/set-up"),
        forms,
    )


def typed_into(page: str, address: str, text: str) -> dict[str, str]:
    """Every field that a person or a script could fill in, with one text; boxes stay as they are."""
    fields = Fields(page).forms[address]
    return {name: text for name in fields if name.rpartition(".")[2] not in PUT_IN_BY_THE_PAGE}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in TEXTS.items()])
def test_no_text_fails_the_node_or_is_lost(desk: Desk, form: str, text: str):
    """It is saved, or the form comes back with what can be seen of it and a sentence beside a field."""
    visitor, page, address = desk.open(form)

    answered = visitor.submit(page, address, typed_into(page, address, text))

    assert answered.status_code in (200, 303, 422)
    if answered.status_code == 422:
        assert f'action="{address}"' in answered.text
        assert 'role="alert"' in answered.text
    if answered.status_code == 422 and form not in NOT_SHOWN_AGAIN:
        assert 'aria-invalid="true"' in answered.text
        seen = text.strip().replace("\r\n", "\n") if is_seen(text) else ""
        assert str(escape(seen)) in answered.text


@pytest.mark.parametrize("form", FORMS)
def test_a_refusal_on_a_chinese_page_is_chinese(desk: Desk, form: str):
    """Whatever was typed, no English word stands in the summary or beside a field."""
    left = set()
    visitor = desk.first if form == "set-up" else desk.visitor
    start = "/set-up" if form == "set-up" else "/staff"
    visitor.submit(visitor.open(start), "/language", {"language": "zh_CN"})
    for text in TEXTS.values():
        _, page, address = desk.open(form)
        answered = visitor.submit(page, address, typed_into(page, address, text))
        told = " ".join(_TOLD.findall(answered.text)) if answered.status_code == 422 else ""
        left |= {word for word in _WORD.findall(_TAG.sub(" ", told)) if word not in SAME_IN_BOTH}
    visitor.in_english_at(start)

    assert left == set()


@pytest.mark.parametrize("form", FORMS)
def test_markup_that_was_typed_never_becomes_part_of_a_page(desk: Desk, form: str):
    """A refused form shows it as text."""
    visitor, page, address = desk.open(form)

    answered = visitor.submit(page, address, typed_into(page, address, TEXTS["markup"]))

    assert "<script>alert" not in answered.text
