"""Under which keys records meet, and what a key gives away."""

from dataclasses import replace

import pytest

from carnet_master.features import Features, RawAddress, RawCustomer, customer_features
from carnet_master.keys import (
    KEY_BYTES,
    Block,
    blocking_keys,
    blocking_values,
    identifier_tokens,
    without_generic,
)
from carnet_master.limits import CARS_MAX, KEY_SECRET_BYTES_MIN, KEYS_MAX

SECRET = bytes(range(32))
VALID_ID = "440101199003078010"
FULL = RawCustomer(
    party_kind="person",
    full_name="王晓明",
    id_type="resident_id",
    id_no="44010119900307801X",
    birth_on="1990-03-07",
    phones=("13912340001",),
    wechats=("Wang_xm",),
    vins=("LSVFV6183C2123456",),
    plates=("京A12345",),
    addresses=(RawAddress("张杨路500号3号楼1201室", "310115"),),
)


def blocks_shared(one: RawCustomer, other: RawCustomer) -> set[Block]:
    """The rules by which two records meet."""
    first, second = (set(blocking_values(customer_features(raw))) for raw in (one, other))
    return {value.block for value in first & second}


def keys_of(raw: RawCustomer, secret: bytes = SECRET) -> tuple[bytes, ...]:
    return blocking_keys(customer_features(raw), secret)


def test_an_ordinary_customer_has_a_key_of_every_rule_that_applies():
    """Each thing known of a person makes the keys of its rules, and none of a company's."""
    found = {value.block for value in blocking_values(customer_features(FULL))}

    assert found == set(Block) - {Block.COMPANY, Block.ORGANISATION}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param(
            {"full_name": "王小明"}, {Block.PHONE, Block.PHONE_TAIL, Block.PHONE_HEAD, Block.BIRTH}, id="homophone"
        ),
        pytest.param({"full_name": "王总"}, {Block.PHONE}, id="title only"),
        pytest.param({"phones": ("13912350001",)}, {Block.PHONE_TAIL, Block.BIRTH}, id="slip in a telephone"),
        pytest.param({"phones": ("13912340010",)}, {Block.PHONE_HEAD, Block.BIRTH}, id="slip at a telephone's end"),
        pytest.param(
            {"birth_on": "1990-01-01"}, {Block.PHONE, Block.PHONE_TAIL, Block.PHONE_HEAD}, id="birthday unknown"
        ),
    ],
)
def test_a_slip_leaves_another_way_to_meet(change: dict[str, object], expected: set[Block]):
    """Two records of one person still meet when one of the values was typed otherwise."""
    one = RawCustomer(full_name="王晓明", phones=("13912340001",), birth_on="1990-03-07")

    assert blocks_shared(one, replace(one, **change)) == expected  # type: ignore[arg-type]


def test_a_mistyped_identity_number_meets_by_its_parts():
    """A slip in the county leaves the end, a slip at the end leaves county and birth with the surname."""
    one = RawCustomer(full_name="王晓明", id_no="44010119900307801X")
    county = replace(one, id_no="44010219900307801X")
    end = replace(one, id_no="440101199003078011")

    assert blocks_shared(one, county) == {Block.IDENTITY_TAIL}
    assert blocks_shared(one, end) == {Block.IDENTITY_HEAD}


def test_a_mistyped_vin_meets_by_surname_and_end():
    """The six last characters and the surname bring a car's two spellings together."""
    one = RawCustomer(full_name="王晓明", vins=("LSVFV6183C2123456",))
    other = RawCustomer(full_name="王小明", vins=("LSVFV6133C2123456",))

    assert blocks_shared(one, other) == {Block.VIN_TAIL}


def test_an_address_meets_a_plate():
    """A province is known by the address on one side and by the plate on the other."""
    one = RawCustomer(full_name="王晓明", addresses=(RawAddress("张杨路", "310115"),))
    other = RawCustomer(full_name="王晓明", plates=("沪A12345",))

    assert blocks_shared(one, other) == {Block.PROVINCE}


def test_a_town_is_known_by_the_plate():
    """Two cars of one name in one town bring their records together."""
    one, other = (RawCustomer(full_name="王晓明", plates=(plate,)) for plate in ("沪A12345", "沪A54321"))

    assert blocks_shared(one, other) == {Block.PROVINCE, Block.PLATE_TOWN}


def test_a_branch_meets_its_company():
    """Two codes of one legal person share its organisation, and its name."""
    one = RawCustomer(company_name="上海安达出租汽车有限公司", credit_code="91310115MA1K3ABCX1")
    other = RawCustomer(company_name="上海安达出租汽车有限公司浦东分公司")

    assert blocks_shared(one, other) == {Block.COMPANY}


def test_nothing_known_makes_no_key():
    """A record with a name only, or with nothing, is compared with nobody."""
    assert keys_of(RawCustomer()) == keys_of(RawCustomer(full_name="王晓明")) == ()


def test_a_key_is_its_rule_and_a_hash():
    """A key has a fixed length, begins with the rule's letter, and holds nothing of the value."""
    features = customer_features(FULL)

    for value, key in zip(blocking_values(features), blocking_keys(features, SECRET), strict=True):
        assert (len(key), key[:1].decode()) == (KEY_BYTES, value.block.value)
        assert not any(value.value.encode()[at : at + 4] in key for at in range(len(value.value.encode()) - 3))


def test_another_secret_gives_other_keys():
    """An index is worth nothing without the secret it was made with."""
    assert not set(keys_of(FULL)) & set(keys_of(FULL, bytes(32)))


def test_another_version_of_the_features_gives_other_keys():
    """Records read by different rules never meet by accident."""
    features = customer_features(FULL)

    assert not set(blocking_keys(features, SECRET)) & set(blocking_keys(features._replace(version=2), SECRET))


@pytest.mark.parametrize("length", [0, KEY_SECRET_BYTES_MIN - 1, 65])
def test_a_secret_of_another_length_is_refused(length: int):
    """A short secret could be found by trying, and a long one cannot be a key."""
    with pytest.raises(ValueError, match="32 to 64 bytes"):
        keys_of(FULL, bytes(length))


def test_the_same_value_has_the_same_key_everywhere():
    """A key depends on rule, value, version and secret alone; this one is written down."""
    key, *_ = keys_of(RawCustomer(full_name="王晓明", phones=("13912340001",)))

    assert key.hex() == "50a9d3d3cbdf141632ef9a5b2fe2bd6f"


def test_a_generic_value_is_taken_out():
    """A telephone that too many share is left out of the comparison; the others stay."""
    features = customer_features(replace(FULL, phones=("13912340001", "13912340002")))
    shared = next(key for key in keys_of(FULL) if key[:1] == b"P")

    assert without_generic(features, {shared}, SECRET) == features._replace(phones=("+8613912340002",))


def test_only_what_differs_between_people_identifies_them():
    """An identity number or a credit code identifies; a passport does not speak against an identity card."""
    passport = customer_features(RawCustomer(full_name="王晓明", id_type="passport", id_no="E12345678"))
    identity = customer_features(FULL)

    assert identifier_tokens(passport, SECRET) == frozenset()
    assert identifier_tokens(identity, SECRET) == {key for key in keys_of(FULL) if key[:1] == b"R"}


def test_keys_are_bounded():
    """The fullest record that features allow stays within the bound."""
    full = Features(
        "person",
        "full",
        name="王晓明",
        name_pinyin="wang xiaoming",
        surname_pinyin="wang",
        phones=tuple(f"+86139{number:08}" for number in range(16)),
        vins=tuple(f"LSVFV6183C2{number:06}" for number in range(CARS_MAX)),
        plates=tuple(f"京A{number:05}" for number in range(CARS_MAX)),
        wechats=("a", "b", "c", "d"),
        districts=tuple(str(110101 + number) for number in range(8)),
        doors=tuple(f"110101:路:{number}-1" for number in range(32)),
    )

    assert len(blocking_values(full)) <= KEYS_MAX
    assert len(set(blocking_values(full))) == len(blocking_values(full))
