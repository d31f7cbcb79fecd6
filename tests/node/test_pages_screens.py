"""The screens of the desk: the day, the file of a customer and a car, the customer form, the sync centre."""

from functools import partial

import pytest

from carnet_node.core.commands.customers import AddCustomer, EditCustomer, add_customer, edit_customer
from carnet_node.core.commands.vehicles import AddVehicle
from carnet_node.core.commands.visits import OpenVisit
from carnet_node.core.saving.desk import save, save_vehicle, save_visit
from carnet_node.core.saving.editing import new_owner_drafts, read_for_edit
from carnet_node.core.saving.form_drafts import draft_of
from carnet_node.core.showing.views import customer_card
from carnet_node.core.staff.access_log import accesses_of
from carnet_node.entrypoints.pages.plots import plot_of
from carnet_protocol.ids import RecordId, parse_record_text, record_text
from carnet_protocol.kinds import CUSTOMER
from carnet_protocol.vin import VinPolicy
from support.browsing import Fields, Visitor
from support.staffed import Site
from support.vins import make_vins

PERSON = {"party_kind": "person", "full_name": "王小明"}
NUMBER = "13800138000"


def a_customer(site: Site) -> RecordId:
    """A person with one phone."""
    command = AddCustomer(PERSON, [{"number": NUMBER, "phone_kind": "mobile"}], [{"street": "南京路 1 号"}])
    return save(site.as_admin, partial(add_customer, command)).records[0]


def a_car(site: Site, customer: RecordId) -> RecordId:
    """A car of that person."""
    saved = save_vehicle(site.as_admin, AddVehicle(make_vins(1)[0], VinPolicy.STRICT, {"model_name": "雅阁"}))
    save(site.as_admin, lambda _: new_owner_drafts(site.node, saved.vehicle, customer, "owner", {}))
    return saved.vehicle


def page_of(record: RecordId) -> str:
    """Where a customer's page is."""
    return f"/customers/{record_text(record)}"


def sets_of(site: Site) -> int:
    """How many change sets this node has made."""
    with site.node.store.read() as tx:
        chain = tx.chain()
    assert chain is not None
    return chain.seq


def test_the_day_shows_who_came_and_what_is_mine(site: Site, desk: Visitor):
    """An order of the person who looks stands under their work, and nowhere else."""
    customer = a_customer(site)
    order = OpenVisit(
        "",
        a_car(site, customer),
        site.node.clock.now_ms(),
        customer,
        {"is_odometer_unknown": True, "advisor_code": "B01"},
    )
    opened = save_visit(site.as_admin, order)

    page = desk.open("/")

    assert page.count(f'href="/visits/{record_text(opened.visit)}"') == 1


def test_a_search_finds_by_the_end_of_a_phone(site: Site, desk: Visitor):
    """The box takes what people say aloud."""
    customer = a_customer(site)

    answered = desk.search("８０００")

    assert f'href="{page_of(customer)}"' in answered.text


def test_two_customers_of_one_name_are_told_apart_by_a_masked_phone(site: Site, desk: Visitor):
    """A hit shows the end of a number, never all of it."""
    for _ in range(2):
        a_customer(site)

    answered = desk.search("王小明")

    assert answered.text.count("8000</span>") == 2
    assert NUMBER not in answered.text


def test_a_statement_that_was_a_mistake_is_taken_back_and_stays_readable(site: Site, desk: Visitor):
    """The button stands beside the statement, and goes with it."""
    address = page_of(a_customer(site))
    desk.submit(desk.open(address), f"{address}/consents", {"purpose": "marketing", "statement": "granted"})
    page = desk.open(address)
    button = next(one for one in Fields(page).forms if one.endswith("/retract"))

    answered = desk.submit(page, button, {})

    card = customer_card(site.node, parse_record_text(address.rsplit("/", 1)[1]))
    assert answered.status_code == 303
    assert card is not None
    assert [one.values["retracted"] for one in card.consents] == ["entered_in_error"]
    assert button not in desk.open(address)


def test_a_file_shows_personal_values_masked(site: Site, desk: Visitor):
    """Phone and address are shown in part, with a button that asks for the rest."""
    customer = a_customer(site)
    a_car(site, customer)

    page = desk.open(page_of(customer))

    assert NUMBER not in page
    assert "南京路" not in page
    assert page.count("data-reveal-button") == 2
    assert "雅阁" in page


def test_a_file_says_that_recalls_are_unknown_before_any_data(site: Site, desk: Visitor):
    """Without recall data nothing is ever clear."""
    customer = a_customer(site)
    a_car(site, customer)

    page = desk.open(page_of(customer))

    assert "Recalls unknown" in page
    assert "no recall data has arrived yet; this does not mean that there is none." in page


def test_a_car_has_a_page_with_its_owner(site: Site, desk: Visitor):
    """The card of the present owner stands beside the car."""
    customer = a_customer(site)
    vehicle = a_car(site, customer)

    assert f'href="{page_of(customer)}"' in desk.open(f"/vehicles/{record_text(vehicle)}")


@pytest.mark.parametrize("kind", ["customers", "vehicles"])
def test_a_record_that_is_not_here_is_said_so(desk: Visitor, kind: str):
    """An id that nobody has is answered with a page of its own."""
    answered = desk.ask("GET", f"/{kind}/{'0' * 8}-0000-7000-8000-{'0' * 12}")

    assert answered.status_code == 404
    assert "Nothing was" in answered.text


def test_a_new_customer_is_one_change_set(site: Site, desk: Visitor):
    """The customer, a phone and an address are saved together, and the set names who did it."""
    page = desk.open("/customers/new")
    before = sets_of(site)

    answered = desk.submit(
        page,
        "/customers/new",
        {"party_kind": "person", "full_name": "李芳", "phones[0].number": NUMBER, "addresses[0].street": "和平路 2 号"},
    )

    assert answered.status_code == 303
    assert sets_of(site) == before + 1
    assert "李芳" in desk.open(answered.headers["location"])


def test_a_double_click_saves_once(site: Site, desk: Visitor):
    """The same form sent twice leads to the same customer."""
    page = desk.open("/customers/new")
    typed = {"party_kind": "person", "full_name": "李芳"}

    first, second = (desk.submit(page, "/customers/new", typed) for _ in range(2))

    assert first.headers["location"] == second.headers["location"]


def test_a_refused_form_comes_back_with_everything_typed(desk: Visitor):
    """What was typed stays, the mistake stands on top and at its field."""
    answered = desk.submit(
        desk.open("/customers/new"),
        "/customers/new",
        {"party_kind": "person", "full_name": "", "phones[0].number": "12", "note": "<b>水</b>"},
    )

    assert answered.status_code == 422
    assert "A person needs a name." in answered.text
    assert 'href="#f-phones-0-number"' in answered.text
    assert 'value="12"' in answered.text
    assert "&lt;b&gt;水&lt;/b&gt;" in answered.text
    assert "Nothing was saved; what you entered is still on the screen." in answered.text


def test_whoever_opens_the_form_of_a_customer_leaves_a_trace(site: Site, desk: Visitor):
    """The form shows numbers in full, so the asking is noted."""
    desk.open(f"{page_of(a_customer(site))}/edit")

    assert [one.subject for one in accesses_of(site.node, site.admin)] == ["customer form"]


def test_an_edit_writes_only_what_changed(site: Site, desk: Visitor):
    """A phone that was taken away and a new name are one set; a form without changes is none."""
    customer = a_customer(site)
    edit = f"{page_of(customer)}/edit"
    before = sets_of(site)

    desk.submit(desk.open(edit), edit, {})
    unchanged = sets_of(site)
    desk.submit(desk.open(edit), edit, {"full_name": "王晓明", "phones[0].gone": "1"})

    card = customer_card(site.node, customer)
    assert card is not None
    assert (card.customer.values["full_name"], card.phones) == ("王晓明", ())
    assert sets_of(site) == unchanged + 1
    assert unchanged == before


def test_a_nought_is_a_value_like_any_other(site: Site, desk: Visitor):
    """A window from midnight on is saved as it was typed."""
    command = AddCustomer(PERSON, [], [], {"channel": "phone"})
    customer = save(site.as_admin, partial(add_customer, command)).records[0]
    edit = f"{page_of(customer)}/edit"

    answered = desk.submit(desk.open(edit), edit, {"preferences[0].from_hour": "0", "preferences[0].to_hour": "8"})

    card = customer_card(site.node, customer)
    assert card is not None
    assert answered.status_code == 303
    assert [(one.values["from_hour"], one.values["to_hour"]) for one in card.preferences] == [(0, 8)]


def test_two_browsers_that_change_one_field_both_keep_their_value(site: Site, desk: Visitor):
    """The second save stands beside the first, and the file shows both with a way back."""
    customer = a_customer(site)
    edit = f"{page_of(customer)}/edit"
    mine = desk.open(edit)
    read = read_for_edit(site.node, CUSTOMER, customer, None)
    save(site.as_admin, lambda _: edit_customer(EditCustomer(read, {"segment": "taxi"})))

    desk.submit(mine, edit, {"segment": "company"})
    page = desk.open(page_of(customer))
    restored = desk.submit(page, "/conflicts/restore", {})

    assert "Two values for Segment" in page
    assert "Taxi" in page
    assert "Company" in page
    assert restored.status_code == 303
    assert "Two values" not in desk.open(page_of(customer))


def test_the_sync_centre_names_what_has_two_values_with_a_link(site: Site, desk: Visitor):
    """Whoever restores a value sees whose it is."""
    customer = a_customer(site)
    edit = f"{page_of(customer)}/edit"
    mine = desk.open(edit)
    read = read_for_edit(site.node, CUSTOMER, customer, None)
    save(site.as_admin, lambda _: edit_customer(EditCustomer(read, {"segment": "taxi"})))
    desk.submit(mine, edit, {"segment": "company"})

    page = desk.open("/sync")

    row = page.partition("Two values for one thing")[2].partition("</table>")[0]
    assert f'href="{page_of(customer)}"' in row


def test_what_somebody_left_alone_is_no_statement_of_theirs(site: Site, desk: Visitor):
    """A colleague's change of another field stands, although the older page was saved after it."""
    customer = a_customer(site)
    edit = f"{page_of(customer)}/edit"
    mine = desk.open(edit)
    read = read_for_edit(site.node, CUSTOMER, customer, None)
    save(site.as_admin, lambda _: edit_customer(EditCustomer(read, {"segment": "taxi"})))

    desk.submit(mine, edit, {"note": "周末来店"})

    card = customer_card(site.node, customer)
    assert card is not None
    assert (card.customer.values["segment"], card.customer.values["note"]) == ("taxi", "周末来店")
    assert card.customer.contests == ()


def test_two_cars_of_one_model_are_told_apart(site: Site, desk: Visitor):
    """Each tab says the plate before the model; the end of the VIN where there is no plate."""
    customer = a_customer(site)
    for vin, plate in zip(make_vins(2), ("津B88K99", ""), strict=True):
        saved = save_vehicle(site.as_admin, AddVehicle(vin, VinPolicy.STRICT, {"model_name": "大众帕萨特"}))
        form = f"/vehicles/{record_text(saved.vehicle)}/edit"
        tie = {"owner.customer_id": NUMBER, "owner.role": "owner", "plates[0].plate_no": plate}
        desk.submit(desk.open(form), form, tie)

    tabs = desk.open(page_of(customer)).partition('class="tabs"')[2].partition("</nav>")[0]

    assert "津B88K99 · 大众帕萨特</a>" in tabs
    assert f"{make_vins(2)[1][-6:]} · 大众帕萨特</a>" in tabs


def test_a_draft_is_shown_again_and_goes_with_the_save(site: Site, desk: Visitor):
    """What was typed and not saved stands in the form; after the save it is gone."""
    page = desk.open("/customers/new")
    desk.send(page, "/drafts/customer", {"fields": {"full_name": "未保存"}, "based_on": ""})

    again = desk.open("/customers/new")
    desk.submit(again, "/customers/new", {})

    assert 'value="未保存"' in again
    assert "Draft of" in again
    assert draft_of(site.node, site.admin, "customer") is None


def test_a_statement_of_the_customer_is_recorded(site: Site, desk: Visitor):
    """Agreeing is one click; the latest statement stands first."""
    customer = a_customer(site)
    page = desk.open(page_of(customer))

    desk.submit(page, f"{page_of(customer)}/consents", {"purpose": "marketing", "statement": "withdrawn"})

    card = customer_card(site.node, customer)
    assert card is not None
    assert [one.values["statement"] for one in card.consents] == ["withdrawn"]


def test_a_long_list_of_customers_is_noted(site: Site, desk: Visitor):
    """Whoever leafs through customers leaves a trace; names in the list are masked."""
    for _ in range(25):
        a_customer(site)

    page = desk.open("/customers")

    assert "王小明" not in page
    assert [(one.subject, one.row_count) for one in accesses_of(site.node, site.admin)] == [("customers", 25)]


def test_the_sync_centre_lists_what_waits_by_document(site: Site, desk: Visitor):
    """A customer with phone and address waits as one document."""
    customer = a_customer(site)

    page = desk.open("/sync")

    assert "Waiting to be sent" in page
    assert f'href="{page_of(customer)}"' in page


def test_a_sync_without_a_line_ends_with_a_sentence(desk: Visitor):
    """Syncing now always says how it ended, and that nothing was lost."""
    answered = desk.submit(desk.open("/sync"), "/sync/now", {})

    assert "The hub cannot be reached" in answered.text
    assert "Everything recorded here is kept; nothing was lost." in answered.text


def test_every_form_of_a_page_carries_its_token(site: Site, desk: Visitor):
    """No form is forgotten, on any page."""
    customer = a_customer(site)
    vehicle = a_car(site, customer)
    pages = ["/", "/customers", "/customers/new", page_of(customer), f"{page_of(customer)}/edit", "/sync", "/password"]
    pages.append(f"/vehicles/{record_text(vehicle)}")

    bare = [
        (path, action)
        for path in pages
        for action, form in Fields(desk.open(path)).forms.items()
        if "token" not in form
    ]

    assert bare == []


def test_a_plot_lies_in_its_box():
    """Readings go from left to right and upwards; a new instrument begins a line of its own."""
    plot = plot_of([(0, 100, False), (50, 200, False), (100, 5, True)], width=108, height=58)

    assert plot.lines == ("4,30 54,4", "104,54")
    assert all(0 <= point.x <= 108 and 0 <= point.y <= 58 for point in plot.points)
