"""What is compared of a whole record, and laws that hold for any text."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet_master.features import (
    FEATURE_VERSION,
    Features,
    RawAddress,
    RawCustomer,
    customer_features,
)
from carnet_master.folding import fold_text
from carnet_master.keys import blocking_values
from carnet_master.limits import CARS_MAX, KEYS_MAX, TEXT_CHARS_MAX
from carnet_master.surnames import READINGS, surname_pinyin

FULL = RawCustomer(
    party_kind="person",
    full_name="張曉明先生",
    id_type="resident_id",
    id_no="44010119900307801x",
    birth_on="1990-03-07",
    birth_calendar="solar",
    wechats=(" Zhang_XM ",),
    phones=("139 1234 0001",),
    addresses=(RawAddress("张杨路500号3号楼1201室", "310115", "310100"),),
    vins=("lsvfv6183c2123456",),
    plates=("京Ａ·12345",),
)


def test_a_whole_record_is_read():
    """Every feature of an ordinary person, as one value."""
    assert customer_features(FULL) == Features(
        party="person",
        name_form="full",
        name="张晓明",
        surname="张",
        given1="晓",
        given2="明",
        name_pinyin="zhang xiaoming",
        surname_pinyin="zhang",
        given_pinyin="xiaoming",
        sex="male",
        resident_id="44010119900307801X",
        id_head="44010119900307",
        id_tail="19900307801X",
        birth="19900307",
        birth_year="1990",
        phones=("+8613912340001",),
        wechats=("zhang_xm",),
        vins=("LSVFV6183C2123456",),
        plates=("京A12345",),
        districts=("310115",),
        places=("310115:张杨路",),
        doors=("310115:张杨路:500-3-1201", ":张杨路:500-3-1201"),
        version=FEATURE_VERSION,
    )


def test_an_empty_record_has_no_features():
    """A record of nothing is a person of whom nothing is known."""
    assert customer_features(RawCustomer()) == Features("person", "none")


def test_an_identity_number_typed_as_a_telephone_identifies():
    """The number on the card is used wherever it was typed, and its sex and birthday with it."""
    found = customer_features(RawCustomer(full_name="张晓明", phones=("44010119900307801X",)))

    assert (found.resident_id, found.birth, found.sex, found.phones) == ("44010119900307801X", "19900307", "male", ())


def test_two_identity_numbers_typed_as_telephones_identify_nobody():
    """Whose of the two it is cannot be known."""
    found = customer_features(RawCustomer(phones=("44010119900307801X", "440101199003078028")))

    assert found.resident_id is None


def test_the_card_says_the_sex():
    """A valid number beats the box beside the name, and the box beats a title."""
    card = replace(FULL, sex="female")
    box = RawCustomer(full_name="张女士", sex="male")

    assert (customer_features(card).sex, customer_features(box).sex) == ("male", "male")


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(RawCustomer(party_kind="person", full_name="安达出租汽车有限公司"), id="in a person's field"),
        pytest.param(RawCustomer(party_kind="company", company_name="安达出租汽车有限公司"), id="in its own field"),
        pytest.param(RawCustomer(company_name="安达出租汽车有限公司", id_no="44010119900307801X"), id="with a card"),
        pytest.param(
            RawCustomer(party_kind="company", full_name="张晓明", company_name="安达出租汽车有限公司"),
            id="with a contact",
        ),
    ],
)
def test_a_company_has_no_features_of_a_person(raw: RawCustomer):
    """A company's name makes a company, and of a person's fields nothing is compared."""
    found = customer_features(raw)

    assert (found.party, found.company, found.name, found.sex, found.resident_id, found.birth) == (
        "company",
        "安达出租汽车",
        None,
        None,
        None,
        None,
    )


def test_a_person_who_works_for_a_company_stays_a_person():
    """A company's name beside a person's name is where they work."""
    found = customer_features(RawCustomer(full_name="张晓明", company_name="安达出租汽车有限公司"))

    assert (found.party, found.name, found.company) == ("person", "张晓明", None)


def test_a_fleet_has_no_cars():
    """A record with more cars than a family tells nobody apart by them."""
    cars = tuple(f"LSVFV6183C2{number:06}" for number in range(CARS_MAX + 1))

    assert len(customer_features(RawCustomer(vins=cars[:-1])).vins) == CARS_MAX
    assert customer_features(RawCustomer(vins=cars)).vins == ()


@pytest.mark.parametrize("typed", ["无", "同手机号", "", "  ", "N/A"])
def test_words_for_no_wechat_are_none(typed: str):
    """What desks type into an unwanted field is nobody's name."""
    assert customer_features(RawCustomer(wechats=(typed,))).wechats == ()


@pytest.mark.parametrize("surname", sorted(READINGS))
def test_a_reading_of_a_surname_is_needed(surname: str):
    """Each row of the table differs from what the dictionary says."""
    from pypinyin import lazy_pinyin  # noqa: PLC0415

    assert "".join(lazy_pinyin(surname)) != surname_pinyin(surname)


TEXTS = st.text(max_size=40) | st.text("王小明总先生欧阳·曉123１２３Xx-()（） 公司路号省市区\ud800\u200b", max_size=40)
RAWS = st.builds(
    RawCustomer,
    party_kind=st.sampled_from(["", "person", "company"]) | TEXTS,
    full_name=TEXTS,
    pinyin=TEXTS,
    salutation=TEXTS,
    sex=TEXTS,
    id_type=st.sampled_from(["", "resident_id", "passport"]),
    id_no=TEXTS | st.text("0123456789X", min_size=15, max_size=18),
    birth_on=TEXTS | st.dates().map(str),
    birth_calendar=st.sampled_from(["", "solar", "lunar"]),
    birth_leap_month=st.booleans(),
    company_name=TEXTS,
    credit_code=TEXTS,
    wechats=st.tuples(TEXTS),
    phones=st.tuples(TEXTS, st.text("0123456789-+/转 ", max_size=30)),
    addresses=st.tuples(st.builds(RawAddress, TEXTS, TEXTS, TEXTS)),
    vins=st.tuples(TEXTS),
    plates=st.tuples(TEXTS),
)


@given(RAWS)
def test_any_text_is_read(raw: RawCustomer):
    """Whatever was typed gives features that can be stored, and keys within the bound."""
    found = customer_features(raw)

    assert json.loads(json.dumps(found._asdict()).encode()) is not None
    assert len(blocking_values(found)) <= KEYS_MAX


@given(RAWS)
def test_letters_are_ascii(raw: RawCustomer):
    """Pinyin and numbers are ASCII, so every engine compares them alike."""
    found = customer_features(raw)

    letters = (found.name_pinyin, found.surname_pinyin, found.given_pinyin, found.resident_id, found.birth)
    assert all(one.isascii() for one in (*letters, *found.phones, *found.vins) if one is not None)


@given(RAWS)
def test_reading_again_changes_nothing(raw: RawCustomer):
    """A record that was stored in the form it is compared in reads the same."""
    found = customer_features(raw)

    again = customer_features(
        replace(
            raw,
            full_name=found.name or "",
            phones=found.phones,
            wechats=found.wechats,
            vins=found.vins,
            plates=found.plates,
        )
    )

    if found.party == "person" and found.name_form in {"full", "whole"}:
        assert (again.name, again.phones, again.vins) == (found.name, found.phones, found.vins)
    assert (again.wechats, again.plates) == (found.wechats, found.plates)


@given(st.text())
def test_folding_twice_is_folding_once(text: str):
    """A folded text stays as it is, without upper case, and within its bound."""
    folded = fold_text(text)

    assert fold_text(folded) == folded
    assert len(folded) <= TEXT_CHARS_MAX


def test_a_short_command_does_not_load_the_dictionaries():
    """Importing what compares customers loads neither pinyin, variants nor the metadata of numbers."""
    program = "import sys, carnet_master.tiers, carnet_master.keys; print(*sys.modules)"

    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()

    assert {"pypinyin", "opencc", "phonenumbers", "stdnum"}.isdisjoint(loaded)
