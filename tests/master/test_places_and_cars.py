"""How addresses, companies, birthdays and cars are read for comparison."""

import pytest

from carnet_master.addresses import read_address
from carnet_master.birthdays import Birthday, read_birthday
from carnet_master.cars import meant_plate, read_plate, read_vin
from carnet_master.companies import Company, is_company_name, read_company

DISTRICT = "310115"


@pytest.mark.parametrize(
    ("street", "place", "door"),
    [
        pytest.param("张杨路500号3号楼1201室", "张杨路", "500-3-1201", id="road, house and room"),
        pytest.param("上海市浦东新区张杨路500号3号楼1201室", "张杨路", "500-3-1201", id="administration in front"),
        pytest.param("张杨路５００号３幢１２０１", "张杨路", "500-3-1201", id="full width, other words"),
        pytest.param("张杨路五百号三号楼一二〇一室", "张杨路", "500-3-1201", id="Chinese numerals"),
        pytest.param("張楊路500號3號樓1201室", "张杨路", "500-3-1201", id="traditional"),
        pytest.param("张杨路500弄3号0201室（后门）", "张杨路", "500-3-201", id="leading nought, remark"),
        pytest.param("阳光小区3栋2单元501", "阳光小区", "3-2-501", id="estate"),
        pytest.param("幸福里5号", "幸福里", "5", id="estate with one number"),
        pytest.param("清苑县张登镇大侯村12号", "大侯村", "12", id="village"),
        pytest.param("张杨路500号", "张杨路", None, id="a building, no door"),
        pytest.param("中山二路", "中山二路", None, id="a road with a number in its name"),
        pytest.param("车站旁边", None, None, id="no place"),
        pytest.param("", None, None, id="empty"),
    ],
)
def test_an_address_is_taken_apart(street: str, place: str | None, door: str | None):
    """Road or estate, and the numbers behind it in order, whatever stands between."""
    found = read_address(DISTRICT, street)

    assert found.place == place
    assert found.doors[:1] == (() if door is None else (f"{DISTRICT}:{place}:{door}",))


def test_a_door_of_three_numbers_needs_no_district():
    """House, unit and room are one home in the whole country, two numbers are not."""
    assert read_address("", "张杨路500号3号楼1201室").doors == (":张杨路:500-3-1201",)
    assert set(read_address("", "张杨路500号3号楼1201室").doors) < set(
        read_address(DISTRICT, "张杨路500号3-1201").doors
    )
    assert read_address(DISTRICT, "张杨路5号201").doors == (f"{DISTRICT}:张杨路:5-201",)


def test_an_estate_behind_a_road_has_a_door_of_its_own():
    """A desk that leaves the road out means the same home."""
    whole, short = (read_address(DISTRICT, street) for street in ("张杨路67号紫金府6栋2单元104室", "紫金府6-2-104"))

    assert set(short.doors) < set(whole.doors)


@pytest.mark.parametrize(
    ("district", "city", "expected"),
    [
        pytest.param("310115", "310100", "310115", id="district"),
        pytest.param("310115007000", "", "310115", id="twelve digits"),
        pytest.param("", "310100", "310100", id="city only"),
        pytest.param("浦东", "", None, id="a name"),
    ],
)
def test_the_district_is_its_code(district: str, city: str, expected: str | None):
    """Six digits, the city's when no district was named."""
    assert read_address(district, "", city_code=city).district == expected


@pytest.mark.parametrize(
    ("typed", "name", "branch"),
    [
        pytest.param("上海市安达出租汽车有限公司", "安达出租汽车", None, id="region and form"),
        pytest.param("安达出租汽车公司", "安达出租汽车", None, id="short form"),
        pytest.param("安达出租汽车（上海）有限责任公司", "安达出租汽车", None, id="region in brackets"),
        pytest.param("广东省广州市天河区安达出租汽车股份有限公司", "安达出租汽车", None, id="three levels of region"),
        pytest.param("安达出租汽车有限公司浦东分公司", "安达出租汽车", "浦东", id="branch"),
        pytest.param("安达出租汽车有限公司（浦东分公司）", "安达出租汽车", "浦东", id="branch in brackets"),
        pytest.param("安達出租汽車有限公司", "安达出租汽车", None, id="traditional"),
        pytest.param("家福超市管理有限公司", "家福超市管理", None, id="a word that ends like a city"),
        pytest.param("Anda Motors Co., Ltd.", "andamotors", None, id="in letters"),
    ],
)
def test_a_company_keeps_its_own_name(typed: str, name: str, branch: str | None):
    """Region, form and brackets are how it was typed; the branch is another part of it."""
    found = read_company(typed)

    assert isinstance(found, Company)
    assert (found.name, found.branch) == (name, branch)


@pytest.mark.parametrize("typed", ["有限公司", "公司", "", "（）"])
def test_a_form_alone_is_no_company(typed: str):
    """What has no name of its own is not compared."""
    assert read_company(typed) is None


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("安达出租汽车有限公司", True),
        ("安达汽车维修部", True),
        ("第三人民医院", True),
        ("李大学", False),
        ("王晓明", False),
        ("欧阳公子", False),
        ("", False),
    ],
)
def test_a_company_in_a_persons_field_is_recognised(typed: str, expected: bool):
    """Words that no name ends with tell a company; a short one may be somebody's name."""
    assert is_company_name(typed) is expected


@pytest.mark.parametrize(
    ("typed", "calendar", "id_birth", "expected"),
    [
        pytest.param("1988-06-15", "", None, Birthday("19880615", None, "1988"), id="a day"),
        pytest.param("1990-01-01", "solar", None, Birthday(None, None, "1990"), id="the first of January"),
        pytest.param("1988-06-15", "lunar", None, Birthday(None, "19880615", None), id="lunar"),
        pytest.param(
            "1988-06-15", "lunar", "19880728", Birthday("19880728", "19880615", "1988"), id="lunar with a card"
        ),
        pytest.param("", "", "19900307", Birthday("19900307", None, "1990"), id="from the card"),
        pytest.param("1988-06-15", "", "19900307", Birthday("19880615", None, "1988"), id="typed beats the card"),
        pytest.param("1888-02-30", "", None, Birthday(), id="no such day"),
        pytest.param("0001-01-01", "", None, Birthday(), id="no such year"),
        pytest.param("15.6.1988", "", None, Birthday(), id="another form"),
        pytest.param("", "", None, Birthday(), id="empty"),
    ],
)
def test_a_birthday_is_worth_what_is_known(typed: str, calendar: str, id_birth: str | None, expected: Birthday):
    """A real day, a lunar day apart, a year alone, or nothing."""
    assert read_birthday(typed, calendar=calendar, id_birth=id_birth) == expected


def test_a_leap_month_is_another_month():
    """The sixth and the leap sixth month of a lunar year are told apart."""
    plain, leap = (read_birthday("1987-06-15", calendar="lunar", is_leap_month=leap) for leap in (False, True))

    assert (plain.lunar, leap.lunar) == ("19870615", "19870615L")


@pytest.mark.parametrize(
    ("typed", "plate"),
    [
        pytest.param("京A12345", "京A12345", id="as printed"),
        pytest.param("京Ａ·12345", "京A12345", id="full width and dot"),
        pytest.param("沪ad12345", "沪AD12345", id="eight characters, small letters"),
        pytest.param("粤BO1234", "粤B01234", id="an O that is a nought"),
        pytest.param("粤Z1234港", "粤Z1234港", id="for two places"),
        pytest.param("京A1234学", "京A1234学", id="driving school"),
        pytest.param("WJ01警1234", "WJ01警1234", id="police"),
        pytest.param("临京A1234", None, id="temporary"),
        pytest.param("京A00000", None, id="noughts"),
        pytest.param("未上牌", None, id="none yet"),
        pytest.param("", None, id="empty"),
    ],
)
def test_a_plate_has_one_spelling(typed: str, plate: str | None):
    """Separators, width and case are no difference; temporary and missing plates are none."""
    assert read_plate(typed) == plate


@pytest.mark.parametrize(
    ("typed", "vin"),
    [
        pytest.param("lsvfv6183c2-123456", "LSVFV6183C2123456", id="small letters and a dash"),
        pytest.param("LSVFV6183C212345", None, id="a character lost"),
        pytest.param("LSVFV6I83C212345O", "LSVFV6183C2123450", id="letters that are digits"),
        pytest.param("LSVFV6183C21234#6", None, id="a character that is none"),
        pytest.param("11111111111111111", None, id="placeholder"),
    ],
)
def test_a_vin_is_seventeen_characters_of_its_alphabet(typed: str, vin: str | None):
    """Spelling is mended; a lost character or a placeholder is no VIN."""
    assert read_vin(typed) == vin


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        pytest.param("沪AI2O45", "沪A12045", id="I and O"),
        pytest.param("沪a·o2345", "沪A02345", id="small, with a dot"),
        pytest.param("沪ADO2345", "沪AD02345", id="eight characters"),
        pytest.param("沪A12345", None, id="nothing doubtful"),
        pytest.param("沪O12345", None, id="the second character"),
        pytest.param("沪AQ2345", None, id="Q, which plates have"),
        pytest.param("OI12345", None, id="no province"),
        pytest.param("沪AO", None, id="no plate either way"),
    ],
)
def test_a_plate_with_a_letter_that_none_has_is_offered_mended(typed: str, meant: str | None):
    """Only behind the first two characters of a plate that a province gave out."""
    assert meant_plate(typed) == meant
