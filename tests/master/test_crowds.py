"""Whose a contact is: a family's, or nobody's because half the town stands under it."""

from collections.abc import Sequence

import pytest

from carnet_master.crowds import without_crowds
from carnet_master.features import Features, RawCustomer, customer_features
from carnet_master.limits import NAMES_AT_HOME_MAX

SHOP = "13912340001"
NAMES = ("王晓明", "李强", "陈静", "赵建国", "周婷", "吴磊", "郑爽", "孙丽")


def people(names: Sequence[str], **values: object) -> list[Features]:
    """Customers with the shop's telephone, one a name."""
    return [customer_features(RawCustomer(full_name=one, phones=(SHOP,), **values)) for one in names]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("count", "is_own"),
    [
        pytest.param(1, True, id="nobody else"),
        pytest.param(NAMES_AT_HOME_MAX, True, id="as many as a family has"),
        pytest.param(NAMES_AT_HOME_MAX + 1, False, id="one more"),
    ],
)
def test_a_telephone_under_too_many_names_is_nobodys(count: int, is_own: bool):
    """Six names under one telephone may be a family; with the seventh it says nothing any more."""
    first, *others = people(NAMES[:count])

    assert bool(without_crowds(first, others).phones) is is_own


@pytest.mark.parametrize(
    "others",
    [
        pytest.param(["王晓明"] * 40, id="one name on many records"),
        pytest.param(["王小明", "王晓铭", "王晓明"] * 9, id="one sound"),
        pytest.param([f"{one}总" for one in "李陈赵周吴郑孙钱"], id="titles"),
        pytest.param([""] * 20, id="no names"),
    ],
)
def test_only_whole_names_are_counted(others: list[str]):
    """However many records share a telephone, what counts is how many people's names they carry."""
    (own,) = people(["王晓明"])

    assert without_crowds(own, people(others)) == own


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"wechats": ("shop_01",)}, id="WeChat name"),
        pytest.param({"vins": ("LSVFV6183C2123456",)}, id="VIN"),
        pytest.param({"plates": ("沪A12345",)}, id="plate"),
    ],
)
def test_every_contact_is_counted_by_itself(values: dict[str, object]):
    """A contact of one's own speaks on beside a telephone that does not, and a crowded one of any kind is silent."""
    own = people(["王晓明"], **values)[0]

    crowded = without_crowds(own, people(NAMES, **values))
    beside = without_crowds(own, people(NAMES))

    (column,) = values
    assert (crowded.phones, getattr(crowded, column)) == ((), ())
    assert (beside.phones, bool(getattr(beside, column))) == ((), True)


def test_what_says_who_somebody_is_stays():
    """Name, birthday and number are no contacts: they are kept whoever shares them."""
    own = people(["王晓明"], birth_on="1990-03-07", id_no="44010119900307801X")[0]

    kept = without_crowds(own, people(NAMES))

    assert (kept.name, kept.birth, kept.resident_id) == (own.name, own.birth, own.resident_id)
