"""Customers over JSON: recorded, shown masked, changed on the heads that were read, and never overwritten unread."""

from pathlib import Path

import pytest

from support.api_node import PERSONAL, ApiNode, Json, wrong
from support.node_builder import build_node

PERSON = {"party_kind": "person", "full_name": "Test Person", "sex": "female"}
FORM = {
    "values": PERSON,
    "phones": [{"number": "138 0013 8000", "phone_kind": "mobile"}, {"number": "0731-5550101"}],
    "addresses": [{"street": "1 Sample Road", "from_on": "2026-01-01"}],
    "preference": {"channel": "sms", "from_hour": 9, "to_hour": 18},
    "consents": [{"purpose": "service", "statement": "granted", "stated_at": "2026-09-01T09:00:00+08:00"}],
}
NOWHERE = "01a0c450-6c00-7000-8000-000000000000"


@pytest.fixture
def desk(tmp_path: Path) -> ApiNode:
    """A node without records."""
    return ApiNode(build_node(tmp_path))


@pytest.fixture
def card(desk: ApiNode) -> Json:
    """A customer with two phones, an address, a preference and a statement, as its recorder sees it."""
    view: Json = desk.made("/api/customers", FORM)["view"]
    return view


def address(card: Json, *more: str) -> str:
    """Where the customer of a card stands."""
    return "/".join(["/api/customers", card["customer"]["id"], *more])


def parts_based_on(card: Json) -> dict[str, str]:
    """The heads of everything that goes with a customer."""
    parts = (*card["phones"], *card["addresses"], *card["preferences"])
    return {one["id"]: one["heads"] for one in parts}


def test_a_form_becomes_one_change_set(desk: ApiNode):
    """A customer and everything on the form are recorded together, and the answer says where."""
    answered = desk.ask("POST", "/api/customers", FORM)

    made = answered.json()
    assert (answered.status_code, made["changed"], made["kind"], made["set"]) == (201, True, "customer", 1)
    assert answered.headers["location"] == f"/api/customers/{made['id']}" == address(made["view"])
    assert [len(made["view"][name]) for name in ("phones", "addresses", "preferences", "consents")] == [2, 1, 1, 1]


def test_nobody_is_born_tomorrow(desk: ApiNode, card: Json):
    """Neither a new customer nor a change may have a birthday to come."""
    born = {"birth_on": "2199-12-31"}

    new = desk.refused("POST", "/api/customers", {"values": {**PERSON, **born}})
    changed = desk.refused("PATCH", address(card), {"changes": born, "based_on": card["customer"]["heads"]})

    assert wrong(new) == [("#/values/birth_on", "bad-date")]
    assert wrong(changed) == [("#/changes/birth_on", "bad-date")]


@pytest.mark.parametrize("name", ["\u200c", "\u200d\u200d", "\u3164", "\u115f", "\u2800"])
def test_a_name_that_shows_nothing_is_none(desk: ApiNode, name: str):
    """A program's name of invisible characters is as empty as one typed on a page."""
    answered = desk.refused("POST", "/api/customers", {"values": {**PERSON, "full_name": name}})

    assert wrong(answered) == [("#/values/full_name", "missing")]


def test_every_record_of_a_view_carries_its_heads(desk: ApiNode, card: Json):
    """Whatever can be changed from a view says which version was seen."""
    records = [card["customer"], *card["phones"], *card["addresses"], *card["preferences"], *card["consents"]]

    assert all(one["heads"] for one in records)
    assert len({one["heads"] for one in records}) == len(records)


def test_personal_values_are_masked_by_default(desk: ApiNode, card: Json):
    """A view shows the first character of a name and the last four digits of a number."""
    shown = desk.get(address(card))

    assert shown["customer"]["values"] == {"party_kind": "person", "full_name": "T**********", "sex": "f*****"}
    assert [one["values"]["number"] for one in shown["phones"]] == ["**********8000", "*******0101"]
    assert shown["addresses"][0]["values"]["street"] == "*************"


def test_personal_values_are_shown_to_who_asks(desk: ApiNode, card: Json):
    """With the header, names and numbers come in full."""
    shown = desk.get(address(card), headers=PERSONAL)

    assert shown["customer"]["values"]["full_name"] == "Test Person"
    assert shown["phones"][0]["values"]["number"] == "+8613800138000"


def test_an_edit_on_the_heads_that_were_read_replaces_the_value(desk: ApiNode, card: Json):
    """What changed is saved, and nothing is contested."""
    saved = desk.changed(address(card), {"based_on": card["customer"]["heads"], "changes": {"segment": "taxi"}})

    assert saved["changed"]
    assert saved["view"]["customer"]["values"]["segment"] == "taxi"
    assert "contests" not in saved["view"]["customer"]


def test_a_part_of_a_group_keeps_the_rest(desk: ApiNode, card: Json):
    """A change of one field of the name leaves the others as they were, although the view was masked."""
    desk.changed(address(card), {"based_on": card["customer"]["heads"], "changes": {"salutation": "Dr"}})

    values = desk.get(address(card), headers=PERSONAL)["customer"]["values"]
    assert (values["full_name"], values["salutation"], values["sex"]) == ("Test Person", "Dr", "female")


def test_an_edit_that_changes_nothing_writes_nothing(desk: ApiNode, card: Json):
    """Saving what is there already makes no change set."""
    saved = desk.changed(address(card), {"based_on": card["customer"]["heads"], "changes": {"party_kind": "person"}})

    assert (saved["changed"], "set" in saved) == (False, False)
    assert desk.get("/api/status")["waiting"]["sets"] == 1


def test_a_stale_edit_stands_beside_the_newer_value(desk: ApiNode, card: Json):
    """Two desks that read the same version and save different values both find theirs: one shown, one overruled."""
    read = card["customer"]["heads"]
    desk.changed(address(card), {"based_on": read, "changes": {"segment": "taxi"}})

    saved = desk.changed(address(card), {"based_on": read, "changes": {"segment": "private"}})

    (contest,) = saved["view"]["customer"]["contests"]
    assert contest["register"] == "segment"
    assert {contest["shown"]["values"]["segment"], contest["overruled"][0]["values"]["segment"]} == {"taxi", "private"}


def test_a_stale_edit_of_another_field_is_no_conflict(desk: ApiNode, card: Json):
    """Two desks that change different fields of one version do not meet."""
    read = card["customer"]["heads"]
    desk.changed(address(card), {"based_on": read, "changes": {"segment": "taxi"}})

    saved = desk.changed(address(card), {"based_on": read, "changes": {"salutation": "Dr"}})

    assert "contests" not in saved["view"]["customer"]
    assert saved["view"]["customer"]["values"]["segment"] == "taxi"


def test_a_part_of_a_group_that_somebody_changed_is_not_guessed(desk: ApiNode, card: Json):
    """The rest of the group would come from a version its author never read, so they are asked to look."""
    read = card["customer"]["heads"]
    desk.changed(address(card), {"based_on": read, "changes": {"full_name": "Other Person"}})

    refused = desk.refused("PATCH", address(card), {"based_on": read, "changes": {"salutation": "Dr"}})

    assert (refused["status"], wrong(refused)) == (409, [("#/changes/salutation", "changed")])
    shown = desk.get(address(card), headers=PERSONAL)["customer"]["values"]
    assert (shown["full_name"], shown.get("salutation")) == ("Other Person", None)


def test_a_whole_group_that_somebody_changed_is_kept_beside_theirs(desk: ApiNode, card: Json):
    """An author who states all of the name needs nothing from the other version."""
    read = card["customer"]["heads"]
    desk.changed(address(card), {"based_on": read, "changes": {"full_name": "Other Person"}})
    name = {"full_name": "Third Person", "pinyin": "third person", "salutation": None, "sex": "male"}

    saved = desk.changed(address(card), {"based_on": read, "changes": name})

    assert [one["register"] for one in saved["view"]["customer"]["contests"]] == ["name"]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"changes": {"segment": "taxi"}}, id="missing"),
        pytest.param({"based_on": None, "changes": {"segment": "taxi"}}, id="null"),
        pytest.param({"based_on": "", "changes": {"segment": "taxi"}}, id="empty"),
    ],
)
def test_a_save_without_the_heads_it_was_read_from_is_refused(desk: ApiNode, card: Json, body: Json):
    """The server never fills in what an author read; the problem says why it is needed."""
    refused = desk.refused("PATCH", address(card), body)

    assert (refused["status"], wrong(refused)) == (422, [("#/based_on", "missing")])
    assert "which version it was made from" in refused["what"]
    assert "segment" not in desk.get(address(card))["customer"]["values"]


def test_heads_that_no_view_gave_out_are_refused(desk: ApiNode, card: Json):
    """A made-up text is not taken for heads."""
    refused = desk.refused("PATCH", address(card), {"based_on": "made-up", "changes": {"segment": "taxi"}})

    assert (refused["status"], refused["code"]) == (400, "malformed")


def test_a_masked_value_that_comes_back_is_refused(desk: ApiNode, card: Json):
    """A form filled from a masked view cannot replace a name by its stars."""
    masked = card["customer"]["values"]["full_name"]
    refused = desk.refused(
        "PATCH", address(card), {"based_on": card["customer"]["heads"], "changes": {"full_name": masked}}
    )

    assert wrong(refused) == [("#/changes/full_name", "bad-value")]
    assert desk.get(address(card), headers=PERSONAL)["customer"]["values"]["full_name"] == "Test Person"


def test_customers_are_listed_page_by_page(desk: ApiNode):
    """Following `after` visits every customer once, in the order in which they were recorded."""
    made = [desk.made("/api/customers", {"values": PERSON})["id"] for _ in range(5)]

    first = desk.get("/api/customers?limit=3")
    second = desk.get(f"/api/customers?limit=3&after={first['after']}")

    assert sorted(made) == [one["id"] for one in (*first["records"], *second["records"])]
    assert (first["after"], second["after"]) == (first["records"][-1]["id"], None)


def test_a_customer_goes_with_all_that_was_seen(desk: ApiNode, card: Json):
    """Taking a customer away names the heads of everything that goes."""
    body = {"based_on": card["customer"]["heads"], "parts_based_on": parts_based_on(card)}

    saved = desk.done(address(card, "remove"), body)

    assert (saved["changed"], saved["view"]) == (True, None)
    assert desk.refused("GET", address(card))["code"] == "not-found"


def test_a_phone_that_nobody_saw_keeps_its_customer(desk: ApiNode, card: Json):
    """A phone recorded since the view was read stops the removal, and is named."""
    added = desk.made(address(card, "phones"), {"values": {"number": "13900139000"}})
    body = {"based_on": card["customer"]["heads"], "parts_based_on": parts_based_on(card)}

    refused = desk.refused("POST", address(card, "remove"), body)

    assert (refused["status"], wrong(refused)) == (409, [(f"#/parts_based_on/{added['id']}", "changed")])
    assert desk.get(address(card))["customer"]["id"] == card["customer"]["id"]


def test_a_customer_edited_meanwhile_survives_its_removal(desk: ApiNode, card: Json):
    """An edit that the remover did not see keeps the record visible, with a mark."""
    desk.changed(address(card), {"based_on": card["customer"]["heads"], "changes": {"segment": "taxi"}})
    body = {"based_on": card["customer"]["heads"], "parts_based_on": parts_based_on(card)}

    desk.done(address(card, "remove"), body)

    assert desk.get(address(card))["customer"]["is_edit_after_delete"]


@pytest.mark.parametrize(
    ("part", "values"),
    [
        pytest.param("phones", {"number": "13900139000"}, id="phone"),
        pytest.param("addresses", {"street": "2 Sample Road"}, id="address"),
        pytest.param(
            "consents", {"purpose": "survey", "statement": "withdrawn", "stated_at": 1_790_000_000_000}, id="consent"
        ),
    ],
)
def test_a_part_is_added_to_a_customer(desk: ApiNode, card: Json, part: str, values: Json):
    """One more phone, address or statement appears on the card."""
    saved = desk.made(address(card, part), {"values": values})

    assert saved["id"] in {one["id"] for one in saved["view"][part]}
    assert len(saved["view"][part]) == len(card[part]) + 1


def test_a_second_preference_is_refused(desk: ApiNode, card: Json):
    """A customer has one preference, and it is changed where it stands."""
    refused = desk.refused("POST", address(card, "preferences"), {"values": {"channel": "phone"}})

    assert wrong(refused) == [("#/values", "already-there")]


def test_a_preference_is_changed(desk: ApiNode, card: Json):
    """What was read is replaced."""
    read = card["preferences"][0]

    saved = desk.changed(
        address(card, "preferences", read["id"]), {"based_on": read["heads"], "changes": {"do_not_contact": True}}
    )

    assert saved["view"]["preferences"][0]["values"]["do_not_contact"] is True


def test_a_phone_is_taken_away(desk: ApiNode, card: Json):
    """A phone that was read is gone, and the other one stays."""
    first, second = card["phones"]

    saved = desk.done(address(card, "phones", first["id"], "remove"), {"based_on": first["heads"]})

    assert [one["id"] for one in saved["view"]["phones"]] == [second["id"]]


def test_a_statement_is_retracted_and_stays_readable(desk: ApiNode, card: Json):
    """A statement recorded by mistake carries the reason from then on."""
    read = card["consents"][0]
    body = {"based_on": read["heads"], "reason": "entered_in_error"}

    saved = desk.done(address(card, "consents", read["id"], "retract"), body)

    assert saved["view"]["consents"][0]["values"]["retracted"] == "entered_in_error"


@pytest.mark.parametrize("verb", ["PATCH", "remove"])
def test_a_statement_is_neither_edited_nor_removed(desk: ApiNode, card: Json, verb: str):
    """What a customer said stays said."""
    read, path = card["consents"][0], address(card, "consents", card["consents"][0]["id"])
    body = {"based_on": read["heads"]}

    if verb == "PATCH":
        refused = desk.refused("PATCH", path, {**body, "changes": {"purpose": "survey"}})
    else:
        refused = desk.refused("POST", f"{path}/remove", body)

    assert [one["code"] for one in refused["errors"]] == ["locked"]


def test_a_phone_of_somebody_else_is_not_found_here(desk: ApiNode, card: Json):
    """An address names the customer a phone belongs to."""
    other = desk.made("/api/customers", {"values": PERSON})["view"]
    phone = card["phones"][0]

    refused = desk.refused(
        "PATCH", address(other, "phones", phone["id"]), {"based_on": phone["heads"], "changes": {"is_bad": True}}
    )

    assert (refused["status"], refused["code"]) == (404, "not-found")


def test_what_is_not_there_is_not_found(desk: ApiNode):
    """A view, an edit and a part of an unknown customer are answered alike."""
    path = f"/api/customers/{NOWHERE}"
    asked = [
        desk.refused("GET", path),
        desk.refused("PATCH", path, {"based_on": "kZ", "changes": {"segment": "taxi"}}),
        desk.refused("POST", f"{path}/phones", {"values": {"number": "13900139000"}}),
    ]

    assert [(one["status"], one["code"]) for one in asked] == [(404, "not-found")] * 3
