"""Which maker a VIN names, and which tables are refused."""

import csv
import io
from importlib import resources

import pytest

from carnet_protocol.errors import Malformed
from carnet_protocol.reasons import Reason
from carnet_protocol.wmi import WMI_TABLE_BYTES_MAX, Wmi, bundled_wmi_table, parse_wmi_table
from support.vins import make_vin, with_wrong_digit

HEADER = "wmi,maker,make,vehicle_type,source\n"


def row(label: str, *values: object):
    """One labelled row of a table of cases."""
    return pytest.param(*values, id=label)


def table(*lines: str) -> bytes:
    """A table of the given rows."""
    return (HEADER + "".join(f"{line}\n" for line in lines)).encode()


@pytest.fixture(scope="module")
def bundled():
    """The table that travels with the package, read once."""
    return bundled_wmi_table()


@pytest.mark.parametrize(
    ("wmi", "maker"),
    [
        row("Chinese list alone", "LSV", "SAIC Volkswagen"),
        row("both lists differ", "LSG", "SAIC General Motors"),
        row("both lists differ, other type", "LDY", "Zhongtong Coach"),
        row("American list alone", "L37", "HUZHOU DAIXI ZHENHUA TECHNOLOGY TRADE CO. LTD."),
        row("outside China", "102", "Camelot Motors"),
    ],
)
def test_a_maker_is_found_by_the_first_three_characters(bundled, wmi: str, maker: str):
    """The bundled table names the maker, and the Chinese list wins for Chinese codes."""
    found = bundled.maker_of(make_vin(wmi, 1))

    assert (found.code, found.maker) == (wmi, maker)


def test_a_row_of_the_chinese_list_is_not_mixed_with_the_american_one(bundled):
    """A coach maker does not inherit the vehicle type that the other list has under its code."""
    assert bundled.by_code["LDY"] == Wmi("LDY", "Zhongtong Coach", make="", vehicle_type="", source="vininfo")


@pytest.mark.parametrize(
    ("vin", "code"),
    [
        row("known small maker", make_vin("LA910E", 1), "LA910E"),
        row("another one, same first half", make_vin("LA9AKK", 1), "LA9AKK"),
        row("unknown second half", make_vin("LA9ZZZ", 1), None),
        row("unknown first half", make_vin("ZZZ", 1), None),
        row("wrong check digit", with_wrong_digit(make_vin("LSV", 1)), "LSV"),
        row("16 characters", make_vin("LSV", 1)[:-1], None),
        row("lower case", make_vin("LSV", 1).lower(), None),
        row("forbidden letter", make_vin("LSV", 1)[:-1] + "O", None),
        row("nothing", "", None),
    ],
)
def test_a_code_the_table_lacks_names_nobody(bundled, vin: str, code: str | None):
    """A small maker needs both halves of its code, and what is unknown or no VIN has no maker."""
    found = bundled.maker_of(vin)

    assert (found.code if found else None) == code


def test_three_characters_alone_never_name_a_small_maker(bundled):
    """Every code of three characters ends in something else than 9, and every longer one has the 9."""
    assert {(len(code), code[2] == "9") for code in bundled.by_code} == {(3, False), (6, True)}


def test_every_source_of_a_bundled_row_has_its_licence_named(bundled):
    """The licence file beside the table lists each source that a row comes from."""
    licences = resources.files("carnet_protocol").joinpath("data", "LICENSES.md").read_text(encoding="utf-8")
    sources = {maker.source for maker in bundled.by_code.values()}

    assert {source for source in sources if f"`{source}`" not in licences} == set()
    assert sources == {"vpic", "vininfo"}


def test_a_table_is_read_as_written():
    """Each column of a row, quoted or not, ends in the attribute of its name."""
    parsed = parse_wmi_table(table('LSV,"上汽大众, 上海",VW,Passenger Car,test', "LA910E,Small,,,test"))

    assert dict(parsed.by_code) == {
        "LSV": Wmi("LSV", "上汽大众, 上海", "VW", "Passenger Car", "test"),
        "LA910E": Wmi("LA910E", "Small", "", "", "test"),
    }


def test_an_empty_table_knows_nobody():
    """A table with nothing but its first line is well made."""
    assert dict(parse_wmi_table(HEADER.encode()).by_code) == {}


def test_a_table_cannot_be_changed_after_it_is_read():
    """The mapping inside a table refuses to be written."""
    parsed = parse_wmi_table(table("LSV,VW,,,test"))

    with pytest.raises(TypeError):
        parsed.by_code["LFV"] = parsed.by_code["LSV"]  # type: ignore[index]


@pytest.mark.parametrize(
    "content",
    [
        row("no bytes", b""),
        row("another first line", b"wmi,manufacturer\nLSV,VW\n"),
        row("not UTF-8", HEADER.encode() + b"LSV,\xff,,,test\n"),
        row("open quote", HEADER.encode() + b'LSV,"VW,,,test\n'),
        row("too few columns", table("LSV,VW,,test")),
        row("too many columns", table("LSV,VW,,,test,more")),
        row("empty line", table("LSV,VW,,,test", "")),
        row("code of two characters", table("LS,VW,,,test")),
        row("code of four characters", table("LSVX,VW,,,test")),
        row("empty code", table(",VW,,,test")),
        row("forbidden letter", table("LSO,VW,,,test")),
        row("lower case", table("lsv,VW,,,test")),
        row("three characters with the small maker's 9", table("LA9,VW,,,test")),
        row("six characters without it", table("LSV123,VW,,,test")),
        row("no maker", table("LSV, ,,,test")),
        row("code twice", table("LSV,VW,,,test", "LSV,VW,,,test")),
    ],
)
def test_a_table_with_a_fault_is_refused(content: bytes):
    """Any fault refuses the whole table as malformed."""
    with pytest.raises(Malformed) as refusal:
        parse_wmi_table(content)

    assert refusal.value.reason is Reason.MALFORMED


@pytest.mark.parametrize(
    ("surplus", "reason"),
    [row("one byte more than allowed", 1, Reason.TOO_LARGE), row("largest", 0, Reason.MALFORMED)],
)
def test_a_table_has_a_bound(surplus: int, reason: Reason):
    """More than 4 MiB are refused before a byte is looked at."""
    with pytest.raises(Malformed) as refusal:
        parse_wmi_table(b"\xff" * (WMI_TABLE_BYTES_MAX + surplus))

    assert refusal.value.reason is reason


def test_the_bundled_table_is_sorted_so_that_a_new_edition_is_a_readable_change():
    """Rows of the file stand in the order of their codes."""
    content = resources.files("carnet_protocol").joinpath("data", "wmi.csv").read_text(encoding="utf-8")
    codes = [line["wmi"] for line in csv.DictReader(io.StringIO(content))]

    assert codes == sorted(set(codes))
