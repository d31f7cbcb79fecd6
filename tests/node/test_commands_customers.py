"""What the desk may save about customers: inside, at the edge, outside."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet_node.core.commands.cleaning import phone_number, plate_number
from carnet_node.core.commands.customers import (
    AddCustomer,
    AddPart,
    EditCustomer,
    EditPart,
    add_customer,
    add_part,
    edit_customer,
    edit_part,
    remove_part,
    retract_consent,
)
from carnet_node.core.commands.drafting import Read
from carnet_node.core.heads import Head, Heads
from carnet_node.core.numbering import Today
from carnet_node.core.refusals import CommandRefused, ProblemCode
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import OpId
from carnet_protocol.kinds import ADDRESS, CONSENT, CONTACT_PREFERENCE, CUSTOMER, PHONE
from carnet_protocol.ops import Action
from support.desk import counted_ids, problems_of, read_of, record

TODAY = Today(date(2026, 11, 22))
WANG = {"party_kind": "person", "full_name": "王小明"}
MISTYPED, MISTYPED_CODE = "440101199003078011", "91310115MA1K35J21A"
"""Numbers of papers whose last character does not fit."""
NAME, NOTE = OpId(b"n" * 16), OpId(b"o" * 16)


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        pytest.param("13800138000", "+8613800138000", id="mobile"),
        pytest.param("１３８ ００１３ ８０００", "+8613800138000", id="full-width with spaces"),
        pytest.param("+86 138-0013-8000", "+8613800138000", id="with country code"),
        pytest.param("0086 138 0013 8000", "+8613800138000", id="with 0086"),
        pytest.param("8613800138000", "+8613800138000", id="with 86"),
        pytest.param("021-62345678", "02162345678", id="landline with area code"),
        pytest.param("6234567", "6234567", id="shortest"),
        pytest.param("+49 170 1234567", "+491701234567", id="foreign"),
        pytest.param("+123456789012345", "+123456789012345", id="longest"),
        pytest.param("623456", None, id="one digit too short"),
        pytest.param("+1234567890123456", None, id="one digit too long"),
        pytest.param("138001380oo", None, id="letters"),
        pytest.param("١٣٨٠٠١٣٨٠٠٠", None, id="digits of another script"),
        pytest.param("+0123456789", None, id="country code zero"),
        pytest.param("\u202d13800138000\u202c", "+8613800138000", id="marks of direction"),
    ],
)
def test_a_telephone_number_has_one_spelling(typed: str, stored: str | None):
    """Every way to type a number leads to one spelling, and what cannot be one is refused."""
    assert phone_number(typed) == stored


@pytest.mark.parametrize("typed", ["沪A12345", "沪a·12345", "沪Ａ-１２３４５", " 沪A 12345 "])
def test_a_plate_has_one_spelling(typed: str):
    """A plate is stored in upper case, half width and without separators."""
    assert plate_number(typed) == "沪A12345"


@pytest.mark.parametrize(
    ("born", "is_taken"),
    [
        pytest.param("2026-11-21", True, id="yesterday"),
        pytest.param("2026-11-22", True, id="today"),
        pytest.param("2026-11-23", False, id="tomorrow"),
        pytest.param("9999-12-31", False, id="the last day of calendars"),
    ],
)
def test_nobody_is_born_after_today(born: str, is_taken: bool):
    """A birthday of a new customer, and one that is changed, lies in the past or is the site's own day."""
    new = AddCustomer({**WANG, "birth_on": born}, today=TODAY)
    changed = EditCustomer(read_of(WANG), {"birth_on": born}, TODAY)

    if is_taken:
        assert add_customer(new, counted_ids())[0].values["birth_on"] == born
        assert edit_customer(changed)[0].values == {"birth_on": born}
    else:
        assert problems_of(lambda: add_customer(new, counted_ids())) == [("birth_on", ProblemCode.BAD_DATE)]
        assert problems_of(lambda: edit_customer(changed)) == [("birth_on", ProblemCode.BAD_DATE)]


@pytest.mark.parametrize(
    ("born", "is_taken"),
    [
        pytest.param("1901-01-01", True, id="125 years"),
        pytest.param("1900-12-31", False, id="a birth year 126 years ago"),
    ],
)
def test_nobody_is_older_than_anybody_ever_was(born: str, is_taken: bool):
    """The year of birth decides, because a lunar birthday may lie in the year after."""
    new = AddCustomer({**WANG, "birth_on": born}, today=TODAY)

    if is_taken:
        assert add_customer(new, counted_ids())[0].values["birth_on"] == born
    else:
        assert problems_of(lambda: add_customer(new, counted_ids())) == [("birth_on", ProblemCode.BAD_DATE)]


def test_a_birthday_on_file_is_not_judged_again():
    """Whoever changes something else of a customer is not held up by an old mistake."""
    read = read_of({**WANG, "birth_on": "2199-12-31"})

    drafts = edit_customer(EditCustomer(read, {"note": "new"}, TODAY))

    assert drafts[0].values == {"note": "new"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"note": "new"}, [], id="something else"),
        pytest.param({"id_no": MISTYPED, "credit_code": MISTYPED_CODE, "note": "new"}, [], id="as it was"),
        pytest.param({"id_no": "440101199003078012"}, ["id_no"], id="another number"),
        pytest.param({"credit_code": "91310115MA1K35J21B"}, ["credit_code"], id="another code"),
        pytest.param({"id_no": None, "credit_code": None}, [], id="taken away"),
    ],
)
def test_the_number_of_a_paper_is_judged_when_it_changes(changes: dict, expected: list[str]):
    """What was imported with a slip holds nobody up, and no new slip is taken."""
    papers = {"id_type": "resident_id", "id_no": MISTYPED, "credit_code": MISTYPED_CODE}
    edit = EditCustomer(read_of({**WANG, **papers}), changes)

    if expected:
        assert problems_of(lambda: edit_customer(edit)) == [(one, ProblemCode.BAD_VALUE) for one in expected]
    else:
        assert edit_customer(edit)


def test_a_number_becomes_that_of_an_identity_card_only_if_it_can_be_one():
    """The kind of paper decides how its number is judged, also where the number stays."""
    edit = EditCustomer(read_of({**WANG, "id_type": "other", "id_no": MISTYPED}), {"id_type": "resident_id"})

    assert problems_of(lambda: edit_customer(edit)) == [("id_no", ProblemCode.BAD_VALUE)]


def test_a_new_customer_travels_with_everything_of_the_form():
    """Phones, addresses, preference and consent point at the new customer and come in the same drafts."""
    command = AddCustomer(
        WANG,
        phones=[{"number": "13800138000"}],
        addresses=[{"street": "Nanjing Road 1"}],
        preference={"do_not_contact": True},
        consents=[{"purpose": "service", "statement": "granted", "stated_at": 1}],
    )

    drafts = add_customer(command, counted_ids())

    assert drafts == (
        Draft(CUSTOMER, record(1), WANG),
        Draft(PHONE, record(2), {"customer_id": record(1), "number": "+8613800138000"}),
        Draft(ADDRESS, record(3), {"customer_id": record(1), "street": "Nanjing Road 1"}),
        Draft(CONTACT_PREFERENCE, record(4), {"customer_id": record(1), "do_not_contact": True}),
        Draft(
            CONSENT,
            record(5),
            {"customer_id": record(1), "purpose": "service", "statement": "granted", "stated_at": 1},
        ),
    )


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        pytest.param(AddCustomer({}), [("party_kind", ProblemCode.MISSING)], id="nothing"),
        pytest.param(AddCustomer({"party_kind": "person"}), [("full_name", ProblemCode.MISSING)], id="no name"),
        pytest.param(
            AddCustomer({"party_kind": "person", "full_name": " \u3000 "}),
            [("full_name", ProblemCode.MISSING)],
            id="name of spaces",
        ),
        pytest.param(
            AddCustomer({"party_kind": "company"}), [("company_name", ProblemCode.MISSING)], id="company without name"
        ),
        pytest.param(
            AddCustomer({**WANG, "birth_on": "1990-02-30"}), [("birth_on", ProblemCode.BAD_DATE)], id="no such day"
        ),
        pytest.param(AddCustomer({**WANG, "age": 3}), [("age", ProblemCode.UNKNOWN_FIELD)], id="no such field"),
        pytest.param(AddCustomer({**WANG, "segment": "rich"}), [("segment", ProblemCode.BAD_VALUE)], id="no such code"),
        pytest.param(
            AddCustomer(WANG, phones=[{"number": "13800138000"}, {"number": "123"}]),
            [("phones[1].number", ProblemCode.BAD_PHONE)],
            id="second phone",
        ),
        pytest.param(AddCustomer(WANG, addresses=[{}]), [("addresses[0].street", ProblemCode.MISSING)], id="no street"),
        pytest.param(
            AddCustomer(WANG, addresses=[{"street": "x", "from_on": "2026-02-02", "to_on": "2026-02-01"}]),
            [("addresses[0].to_on", ProblemCode.BAD_ORDER)],
            id="ends before it begins",
        ),
        pytest.param(
            AddCustomer(WANG, preference={"from_hour": 9}),
            [("preference[0].to_hour", ProblemCode.MISSING)],
            id="half window",
        ),
        pytest.param(
            AddCustomer({"party_kind": "person", "birth_on": "tomorrow"}),
            [("birth_on", ProblemCode.BAD_DATE), ("full_name", ProblemCode.MISSING)],
            id="two at once",
        ),
    ],
)
def test_a_customer_is_refused_with_every_problem_at_once(command: AddCustomer, expected: list):
    """A refusal names each field that has to be corrected."""
    assert problems_of(lambda: add_customer(command, counted_ids())) == expected


def test_an_identity_number_in_a_telephone_field_is_called_by_its_name():
    """The refusal says what was typed there, without the number, and what to do."""
    with pytest.raises(CommandRefused) as refused:
        add_customer(AddCustomer(WANG, phones=[{"number": "44010119900307801x"}]), counted_ids())

    (problem,) = refused.value.problems
    assert (problem.field, problem.code) == ("phones[0].number", ProblemCode.BAD_PHONE)
    assert "identity card number" in problem.what
    assert "19900307" not in f"{refused.value} {problem}"


def test_a_refusal_says_what_is_safe_and_what_to_do():
    """Every problem carries what happened, what is safe and what to do next, and nothing that was typed."""
    with pytest.raises(CommandRefused) as refused:
        add_customer(AddCustomer(WANG, phones=[{"number": "call me"}]), counted_ids())

    (problem,) = refused.value.problems
    assert problem.what.endswith(".")
    assert problem.next.endswith(".")
    assert refused.value.safe.startswith("Nothing was saved")
    assert "call me" not in f"{refused.value} {problem}"


def test_an_edit_writes_only_the_registers_that_changed():
    """A changed note is based on the head of the note alone; unchanged fields are not written."""
    read = read_of({**WANG, "note": "old"}, Head(NAME, bytes([0, 1]), False), Head(NOTE, bytes([7]), False))

    drafts = edit_customer(EditCustomer(read, {"full_name": "王小明", "note": "new"}))

    assert drafts == (Draft(CUSTOMER, record(1), {"note": "new"}, (NOTE,)),)


def test_an_edit_of_one_field_takes_its_group_as_read():
    """A group travels as a whole: what was not changed stands in it as the author read it."""
    read = read_of({**WANG, "salutation": "先生"}, Head(NAME, bytes([0, 1]), False))

    drafts = edit_customer(EditCustomer(read, {"pinyin": "wang xiaoming"}))

    values = {"full_name": "王小明", "pinyin": "wang xiaoming", "salutation": "先生"}
    assert drafts == (Draft(CUSTOMER, record(1), values, (NAME,)),)


def test_an_edit_that_takes_a_value_away_states_nothing():
    """An emptied register is written with an explicit null, so that it replaces its head."""
    read = read_of({**WANG, "note": "old"}, Head(NOTE, bytes([7]), False))

    drafts = edit_customer(EditCustomer(read, {"note": "  "}))

    assert drafts == (Draft(CUSTOMER, record(1), {"note": None}, (NOTE,)),)


def test_an_edit_without_a_change_writes_nothing():
    """Saving a form as it was read makes no draft."""
    assert edit_customer(EditCustomer(read_of(WANG), dict(WANG))) == ()


def test_an_edit_may_not_take_the_name_away():
    """What a new customer needs, an edited one needs too."""
    read = read_of(WANG, Head(NAME, bytes([0, 1]), False))

    assert problems_of(lambda: edit_customer(EditCustomer(read, {"full_name": ""}))) == [
        ("full_name", ProblemCode.MISSING)
    ]


def test_a_part_stays_with_its_customer():
    """A phone cannot be moved to another customer."""
    read = read_of({"customer_id": record(9), "number": "+8613800138000"})

    assert problems_of(lambda: edit_part(EditPart(PHONE, read, {"customer_id": record(8)}))) == [
        ("customer_id", ProblemCode.LOCKED)
    ]


def test_a_removed_phone_is_a_delete_based_on_everything_read():
    """A delete writes no field and names every entry its author saw."""
    read = read_of({}, Head(NAME, bytes([1]), False), Head(NOTE, bytes([2]), False))

    assert remove_part(PHONE, read) == (Draft(PHONE, record(1), {}, (NAME, NOTE), Action.DELETE),)


def test_a_consent_is_never_edited_or_deleted():
    """A statement is a fact: it can be retracted, and nothing else."""
    read = read_of({"customer_id": record(9), "statement": "granted"})

    assert problems_of(lambda: edit_part(EditPart(CONSENT, read, {"statement": "withdrawn"})))[0] == (
        "id",
        ProblemCode.LOCKED,
    )
    assert problems_of(lambda: remove_part(CONSENT, read)) == [("id", ProblemCode.LOCKED)]


def test_a_consent_is_retracted_with_a_reason():
    """A retraction writes the reason, based on the head that was read."""
    read = read_of({"statement": "granted"}, Head(NAME, bytes([0]), False))

    drafts = retract_consent(read, "wrong_record")

    assert drafts == (Draft(CONSENT, record(1), {"retracted": "wrong_record"}, ()),)


@pytest.mark.parametrize(
    ("values", "reason", "expected"),
    [
        pytest.param({}, "  ", ("retracted", ProblemCode.MISSING), id="no reason"),
        pytest.param({}, "felt like it", ("retracted", ProblemCode.BAD_VALUE), id="free text"),
        pytest.param({"retracted": "duplicate"}, "other", ("retracted", ProblemCode.ALREADY_THERE), id="twice"),
    ],
)
def test_a_retraction_needs_a_reason_of_the_list_and_happens_once(values: dict, reason: str, expected: tuple):
    """A retraction without a reason of the closed list, or of a retracted fact, is refused."""
    assert problems_of(lambda: retract_consent(read_of(values), reason)) == [expected]


def test_a_consent_needs_purpose_answer_and_moment():
    """An incomplete statement is refused with everything it lacks."""
    command = AddPart(CONSENT, record(9), {})

    assert problems_of(lambda: add_part(command, counted_ids())) == [
        ("purpose", ProblemCode.MISSING),
        ("statement", ProblemCode.MISSING),
        ("stated_at", ProblemCode.MISSING),
    ]


def test_a_preference_that_was_read_is_edited_on_its_heads():
    """A wish of the customer replaces what the desk had before it, and nothing else."""
    read = Read(record(5), Heads((Head(NAME, bytes([1]), False),)), {"customer_id": record(9), "do_not_contact": False})
    wish = {"do_not_contact": True}

    edited = edit_part(EditPart(CONTACT_PREFERENCE, read, wish))

    assert edited == (Draft(CONTACT_PREFERENCE, record(5), wish, (NAME,)),)


def test_a_form_cannot_claim_another_customer():
    """The customer of a new phone is the one of the command, whatever the form says."""
    command = AddPart(PHONE, record(9), {"number": "13800138000", "customer_id": record(8)})

    (draft,) = add_part(command, counted_ids())

    assert draft.values["customer_id"] == record(9)


@given(st.text(max_size=40))
def test_a_number_in_normal_form_stays_as_it_is(text: str):
    """Cleaning twice changes nothing more, for telephone numbers and plates of any spelling."""
    number, plate = phone_number(text), plate_number(text)

    assert number is None or phone_number(number) == number
    assert plate is None or plate_number(plate) == plate
