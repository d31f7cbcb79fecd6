"""How telephone fields are read for comparison. The numbers are made up."""

import pytest

from carnet_master.phones import Phones, is_generic_phone, read_phones

MOBILE, OTHER = "+8613912340001", "+8613912340002"


@pytest.mark.parametrize(
    ("typed", "numbers"),
    [
        pytest.param("13912340001", (MOBILE,), id="mobile"),
        pytest.param("１３９ １２３４ ０００１", (MOBILE,), id="full width and spaces"),
        pytest.param("+86 139-1234-0001", (MOBILE,), id="country code"),
        pytest.param("0086 139 1234 0001", (MOBILE,), id="country code as dialled"),
        pytest.param("86-13912340001", (MOBILE,), id="country code without a plus"),
        pytest.param("013912340001", (MOBILE,), id="a nought in front, as dialled from afar"),
        pytest.param("13912340001转2", (MOBILE,), id="extension in Chinese"),
        pytest.param("13912340001轉2", (MOBILE,), id="extension in traditional script"),
        pytest.param("13912340001（妻）", (MOBILE,), id="remark"),
        pytest.param("19912340001", ("+8619912340001",), id="a range newer than a library may be"),
        pytest.param("021-65123456", ("+862165123456",), id="landline with area code"),
        pytest.param("(021)65123456-802", ("+862165123456",), id="landline with extension"),
        pytest.param("021 6512 3456 ext. 12", ("+862165123456",), id="landline with extension in English"),
        pytest.param("+1 650 253 2222", ("+16502532222",), id="abroad"),
        pytest.param("13912340001/13912340002", (MOBILE, OTHER), id="two with a stroke"),
        pytest.param("13912340002、13912340001", (MOBILE, OTHER), id="two with a comma, sorted"),
        pytest.param("13912340001 13912340002", (MOBILE, OTHER), id="two with a space"),
        pytest.param("010/65123456", ("+861065123456",), id="a stroke inside one number"),
        pytest.param("65123456", (), id="local number without its area"),
        pytest.param("138001380001", (), id="one digit too many"),
        pytest.param("1391234000", (), id="one digit too few"),
        pytest.param("13800138000", (), id="the operator's own number"),
        pytest.param("13900000000", (), id="noughts"),
        pytest.param("18812345678", (), id="a run of digits"),
        pytest.param("400-812-3456", (), id="service number"),
        pytest.param("95588", (), id="short number"),
        pytest.param("无", (), id="none"),
        pytest.param("", (), id="empty"),
    ],
)
def test_a_telephone_field_is_read(typed: str, numbers: tuple[str, ...]):
    """A field gives the numbers in it, in one spelling, and none that is nobody's."""
    assert read_phones([typed]) == Phones(numbers)


def test_an_identity_number_in_a_telephone_field_is_recognised():
    """Eighteen valid characters are a document and no telephone."""
    found = read_phones(["44010119900307801x", "13912340001"])

    assert [one.number for one in found.resident_ids] == ["44010119900307801X"]
    assert found.numbers == (MOBILE,)


def test_an_invalid_identity_number_in_a_telephone_field_is_nothing():
    """Eighteen digits with a wrong check digit are neither."""
    assert read_phones(["440101199003078011"]) == Phones()


def test_fifteen_digits_in_a_telephone_field_are_no_document():
    """An old identity number has no check digit, so in this field it may be anything."""
    assert read_phones(["440101900307801"]) == Phones()


def test_each_number_counts_once():
    """The same number typed in two ways is one."""
    assert read_phones(["13912340001", "+86 139 1234 0001"]) == Phones((MOBILE,))


@pytest.mark.parametrize(
    ("number", "is_generic"),
    [
        (MOBILE, False),
        ("+8613800138000", True),
        ("+8613911111111", True),
        ("+8613987654321", True),
        ("+864008123456", True),
        ("+862165123456", False),
    ],
)
def test_a_number_that_is_nobodys_is_known_by_its_look(number: str, is_generic: bool):
    """Placeholders, runs and service numbers are told from real numbers."""
    assert is_generic_phone(number) is is_generic
