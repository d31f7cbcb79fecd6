"""A change of any reading is a new version of the features: dictionaries are updated behind our back.

Keys and features lie in databases; records that were read differently would no longer meet. When a digest here changes,
raise `FEATURE_VERSION`, and put the new digest beside the new number.
"""

import hashlib
from collections.abc import Iterable

from carnet_master.features import FEATURE_VERSION, RawAddress, RawCustomer, customer_features
from carnet_master.folding import fold_text
from carnet_master.keys import blocking_keys
from carnet_master.phones import read_phones
from carnet_master.surnames import given_pinyin

CHARACTERS = [chr(code) for code in range(0x4E00, 0xA000)]
SECRET = bytes(range(32))

SCRIPT = {1: "7da6bde9b8525133"}
PINYIN = {1: "2d57550c3bc6bd89"}
PHONES = {1: "98eb85c8f745dd53"}
RECORDS = {1: "2ce10abeb23d8b59"}

SAMPLES = [
    RawCustomer(full_name="單曉明先生", phones=("139 1234 0001转2",), birth_on="1990-03-07", sex="male"),
    RawCustomer(full_name="阿里木·买买提", id_no="440101900307801", wechats=("Alim_1990",)),
    RawCustomer(full_name="Lü Wei", salutation="女士", birth_on="1988-06-15", birth_calendar="lunar"),
    RawCustomer(full_name="王总", plates=("京Ａ·12345",), vins=("lsvfv6i83c2123456",)),
    RawCustomer(
        full_name="欧阳明华", addresses=(RawAddress("上海市浦东新区张杨路五百号紫金府3栋2单元1201室", "310115"),)
    ),
    RawCustomer(company_name="上海市安達出租汽車有限公司（浦东分公司）", credit_code="91310115MA1K35J21R"),
]


def digest_of(values: Iterable[object]) -> str:
    """Sixteen hexadecimal digits over some values in their order."""
    return hashlib.sha256(repr(list(values)).encode()).hexdigest()[:16]


def test_the_script_of_this_version_is_as_it_was():
    """Every common character is written in its simplified form as when the version was declared."""
    assert digest_of(fold_text(one) for one in CHARACTERS) == SCRIPT[FEATURE_VERSION]


def test_the_readings_of_this_version_are_as_they_were():
    """Every common character is read as when the version was declared."""
    assert digest_of(given_pinyin(one) for one in CHARACTERS) == PINYIN[FEATURE_VERSION]


def test_the_telephones_of_this_version_are_as_they_were():
    """Landlines of every area code are numbers, or not, as when the version was declared."""
    areas = [f"0{area}" for area in (10, *range(20, 30), *range(310, 1000))]

    assert digest_of(read_phones([f"{area}-65123456", f"{area}-6512345"]) for area in areas) == PHONES[FEATURE_VERSION]


def test_the_records_of_this_version_are_read_as_they_were():
    """Records of every kind have the features and keys of when the version was declared."""
    read = [customer_features(one) for one in SAMPLES]

    assert digest_of((one, blocking_keys(one, SECRET)) for one in read) == RECORDS[FEATURE_VERSION]
