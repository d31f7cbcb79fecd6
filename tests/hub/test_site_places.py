"""Where a site lies: its city says the province, codes are checked, and both can be put right later."""

from pathlib import Path

import pytest

from carnet_hub.adapters.profile_files import city_names, province_names
from carnet_hub.bootstrap import HubApp
from carnet_hub.core.counting.trends import province_name, read_sites
from carnet_hub.core.failures import Unusable
from carnet_hub.core.upkeep.dealers import Site, SiteDetails, SitePlace, add_site, place_of, place_site
from support.hub_apps import make_hub

HANGZHOU = SitePlace("33", "3301", "杭州市")


@pytest.fixture
def app(tmp_path: Path) -> HubApp:
    """A hub without sites."""
    return make_hub(tmp_path / "hub").app


def stated(*, province: str = "", city: str = "", city_name: str = "") -> SitePlace:
    """A place as an operator states it."""
    return place_of(province=province, city=city, city_name=city_name, provinces=province_names(), cities=city_names())


def counted_in(app: HubApp, site: Site) -> str:
    """The province in which reports count a site."""
    with app.hub.store.read() as snapshot:
        return read_sites(app.hub, snapshot)[site.dealer_id].province


@pytest.mark.parametrize("city", ["3301", "330100", " 3301 "])
def test_a_city_says_its_province(city: str):
    """Four digits, or six as the national table has them, are one city of one province."""
    assert stated(city=city, city_name="杭州市") == HANGZHOU


@pytest.mark.parametrize(
    ("city", "name"),
    [
        pytest.param("3301", "杭州市", id="a city"),
        pytest.param("430100", "长沙市", id="six digits"),
        pytest.param("3101", "上海市", id="a part of a municipality"),
        pytest.param("6532", "和田地区", id="a prefecture"),
    ],
)
def test_a_city_has_the_name_of_the_national_table(city: str, name: str):
    """Nobody has to type what the code says; what somebody typed counts."""
    assert (stated(city=city).city_name, stated(city=city, city_name="Elsewhere").city_name) == (name, "Elsewhere")


def test_a_city_that_the_table_lacks_needs_a_name():
    """The table may be older than a code: it is taken with a name, and refused without."""
    assert stated(city="3399", city_name="新城市") == SitePlace("33", "3399", "新城市")

    with pytest.raises(Unusable, match="The table of cities has no 3399") as refused:
        stated(city="3399")

    assert "--city-name" in refused.value.next


def test_every_city_lies_in_a_province():
    """Four digits each, in a province of the table of provinces, and with a name of its own tongue."""
    cities = city_names()

    assert {code[:2] for code in cities} == set(province_names()) - {"71", "81", "82"}
    assert [code for code, name in cities.items() if len(code) != 4 or name.isascii()] == []


@pytest.mark.parametrize(
    ("place", "what"),
    [
        pytest.param({"city": "abcd"}, "abcd is the code of no city.", id="letters"),
        pytest.param({"city": "330106"}, "330106 is the code of no city.", id="a district"),
        pytest.param({"city": "9901"}, "9901 is the code of no city.", id="a city nowhere"),
        pytest.param({"province": "ZZ"}, "ZZ is the code of no province.", id="no province"),
        pytest.param(
            {"province": "31", "city": "3301"}, "The city 3301 does not lie in the province 31.", id="elsewhere"
        ),
    ],
)
def test_a_code_that_is_none_is_refused(place: dict[str, str], what: str):
    """A mistyped code would count completions in no province, or in a wrong one."""
    with pytest.raises(Unusable) as refused:
        stated(**place)

    assert refused.value.what == what


def test_reports_count_a_site_where_its_city_lies(app: HubApp):
    """A site that was added with a city alone, also before the hub wrote its province down, has a province."""
    site = add_site(app.hub, SiteDetails("HZ01", "Site", place=SitePlace("", "3301", "杭州市")))

    assert counted_in(app, site) == "33"


def test_a_place_is_put_right_later(app: HubApp):
    """A site that was added without a place gets one, and keeps its name."""
    add_site(app.hub, SiteDetails("HZ01", "Site"))

    site = place_site(app.hub, "hz01", HANGZHOU)

    assert (counted_in(app, site), site.province_code, site.city_name, site.site_name) == ("33", "33", "杭州市", "Site")


def test_another_province_takes_the_former_city_away(app: HubApp):
    """A place is stated as a whole, so a site never stands in a province with a city of another one."""
    add_site(app.hub, SiteDetails("HZ01", "Site", place=HANGZHOU))

    site = place_site(app.hub, "HZ01", stated(province="31"))

    assert (counted_in(app, site), site.province_code, site.city_name) == ("31", "31", "")


def test_nothing_stated_changes_nothing(app: HubApp):
    """A command without a place is refused."""
    add_site(app.hub, SiteDetails("HZ01", "Site", place=HANGZHOU))

    with pytest.raises(Unusable):
        place_site(app.hub, "HZ01", stated())


def test_no_province_is_told_in_words():
    """Where nobody has said a province, people read that, and no dash."""
    assert [province_name(province_names(), "", language) for language in (0, 1)] == ["未注明", "not stated"]
