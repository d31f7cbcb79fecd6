"""The pages for regulators and the public check: who sees what, in both languages, and what no page gives away."""

import re
import tomllib
from datetime import datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any

import httpx
import pytest

from carnet_hub.core.campaigns.dossiers import Grounds
from carnet_hub.core.campaigns.recalls import withdraw_campaign
from carnet_hub.core.count_rows import CountRow
from carnet_hub.core.outside.regulator_views import list_for
from carnet_hub.core.outside.regulators import Scope
from carnet_hub.core.regulator_limits import PUBLIC_AT_ONCE
from carnet_hub.core.sets.present import HUB_EPOCH
from support.outside import DONE, NUMBER, OPEN, OUTSIDE, OWNER_NAME, STRANGER, Outside, begin_outside
from support.recall_plans import NO_DEFECT
from support.site import log_in, see

PAGES = {
    "/regulator": None,
    "/regulator/login": None,
    "/regulator/logout": None,
    "/regulator/campaigns": Scope.CAMPAIGNS,
    "/regulator/campaigns/{campaign_no:path}": Scope.CAMPAIGNS,
    "/regulator/vehicle": Scope.VEHICLES,
    "/regulator/reports": Scope.EXPORTS,
    "/regulator/reports/{manifest}/{name}": Scope.EXPORTS,
    "/regulator/owners": Scope.OWNERS,
    "/regulator/owners/{request_id}/read": None,
    "/regulator/releases": Scope.RELEASE,
    "/regulator/releases/{request_id}": None,
    "/check": None,
    "/site.css": None,
}
"""Every page with the scope it asks for; None for one that needs no log-in, and for one that is only sent to."""


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Outside:
    """A served hub."""
    return begin_outside(tmp_path_factory.mktemp("outside"))


def address(outside: Outside, page: str) -> str:
    """A page's own address."""
    path = page.replace("{campaign_no:path}", NUMBER).replace("{manifest}", outside.manifest)
    return path.replace("{name}", "summary.csv")


def check(outside: Outside, typed: str, **more: Any) -> httpx.Response:
    """A public check, in English."""
    return outside.ask("POST", "/check?lang=en", data={"vin": typed}, **more)


def test_every_page_has_a_row(outside: Outside):
    """The table names each page, so a new one without a row is noticed."""
    assert {route.path for route in outside.routes if not route.path.startswith("/v1/")} == PAGES.keys()


@pytest.mark.parametrize("page", [page for page, scope in PAGES.items() if scope is not None])
def test_a_page_is_closed_without_a_log_in(outside: Outside, page: str):
    """Nobody sees a page without a log-in: a stranger is led to the form, a bent cookie is refused."""
    stranger = outside.ask("GET", address(outside, page))
    bent = see(outside, address(outside, page), "A" * 64)

    assert (stranger.status_code, stranger.headers["location"]) == (303, "/regulator/login")
    assert (bent.status_code, "登录已失效" in bent.text) == (401, True)


@pytest.mark.parametrize("page", [page for page, scope in PAGES.items() if scope is not None])
@pytest.mark.parametrize("scope", Scope)
def test_each_scope_at_each_page(outside: Outside, page: str, scope: Scope):
    """A log-in opens the pages of its token's scopes, and refuses the others in words."""
    cookie = log_in(outside, outside.token(f"only-{scope}", [scope]))

    assert see(outside, address(outside, page), cookie).status_code == (200 if PAGES[page] is scope else 403)


def test_a_wrong_token_says_so(outside: Outside):
    """A token that is none comes back to the form with three sentences, in the reader's language."""
    answered = outside.ask("POST", "/regulator/login?lang=en", data={"token": "crt1_wrong"})

    assert answered.status_code == 401
    assert "The token is not valid." in answered.text
    assert "set-cookie" not in answered.headers or "Max-Age=0" in answered.headers["set-cookie"]


def test_the_cookie_holds_no_token(outside: Outside):
    """A log-in leaves a strict, short cookie that scripts cannot read, and no part of the token is in it."""
    token = outside.token("cookie")

    answered = outside.ask("POST", "/regulator/login", data={"token": token})

    kept = answered.headers["set-cookie"]
    assert all(word in kept for word in ("HttpOnly", "SameSite=strict", "Max-Age=1800", "Path=/regulator"))
    assert token[-20:] not in kept


def test_a_log_in_is_written_down(outside: Outside):
    """A log-in stands in the ledger, and one from the wrong network with its reason."""
    log_in(outside, outside.token("here"))
    log_in(outside, outside.token("there", networks=("203.0.113.0/24",)))

    assert outside.accesses[-2:] == [("log-in", "", "answered"), ("log-in", "", "wrong-address")]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_campaign_is_shown_in_both_languages(outside: Outside, lang: str):
    """The page of a campaign shows texts, progress, plots and events, without a word in the other language's place."""
    words = tomllib.loads(resources.files("carnet_hub").joinpath("data/site/words.toml").read_text(encoding="utf-8"))
    place = ["zh", "en"].index(lang)

    page = see(outside, f"/regulator/campaigns/{NUMBER}?lang={lang}", log_in(outside, outside.token("reader"))).text

    for name in ("progress", "over_time", "by_province", "plans", "events"):
        assert words["page"][name][place] in page
        assert words["page"][name][1 - place] not in page
    assert page.count("<svg") == 2


def test_no_page_shows_an_owner(outside: Outside):
    """No page of the site, and no public answer, holds the name of an owner."""
    cookie = log_in(outside, outside.token("reader"))

    pages = [see(outside, address(outside, page), cookie).text for page, scope in PAGES.items() if scope is not None]
    pages.append(check(outside, OPEN).text)

    assert not any(OWNER_NAME in page for page in pages)


def vehicle_page(outside: Outside, typed: str, *, mark: str | None = None, **more: Any) -> httpx.Response:
    """The answer to the form of one vehicle, sent with the mark of its own page or with another."""
    cookie = log_in(outside, outside.token("reader"))
    form = see(outside, "/regulator/vehicle?lang=en", cookie).text
    found = re.search('name="mark" value="([0-9a-f]{64})"', form)
    assert found is not None
    data = {"vin": typed, "mark": found[1] if mark is None else mark}
    headers = {"Cookie": f"carnet_regulator={cookie}", **more.pop("headers", {})}
    return outside.ask("POST", "/regulator/vehicle?lang=en", data=data, headers=headers)


def test_a_vehicle_is_looked_up_on_a_page(outside: Outside):
    """The form answers with the state of the vehicle and the completion that made it so."""
    page = vehicle_page(outside, DONE).text

    assert ">repaired" in page
    assert "counted" in page


def test_who_is_done_is_not_told_to_park_outside(tmp_path: Path):
    """The danger of a recall stands beside vehicles that are open, and beside no finished one."""
    outside = begin_outside(tmp_path, hazard_level="park_outside")

    shown = ["park outside" in vehicle_page(outside, vin).text for vin in (DONE, OPEN)]

    assert shown == [False, True]


def test_a_withdrawn_campaign_puts_nobody_in_danger(tmp_path: Path):
    """A campaign that was taken back stands with its state, and without the danger that it was published with."""
    outside = begin_outside(tmp_path, hazard_level="park_outside")
    withdraw_campaign(outside.recall.hub.app.hub, NUMBER, NO_DEFECT)

    page = vehicle_page(outside, OPEN).text

    assert ("withdrawn" in page, "park outside" in page) == (True, False)


@pytest.mark.parametrize(
    ("mark", "headers"),
    [
        pytest.param("0" * 64, {}, id="mark of another log-in"),
        pytest.param("", {}, id="no mark"),
        pytest.param(None, {"Sec-Fetch-Site": "cross-site"}, id="sent by another site"),
    ],
)
def test_a_form_of_another_site_is_refused(outside: Outside, mark: str | None, headers: dict[str, str]):
    """A form that did not come from a page of this log-in is refused in words."""
    answered = vehicle_page(outside, DONE, mark=mark, headers=headers)

    assert (answered.status_code, "out of date" in answered.text) == (403, True)


def test_an_open_recall_is_told_to_everybody(outside: Outside):
    """The public check names the campaign, the hazard and what to do, and needs neither log-in nor cookie."""
    answered = check(outside, OPEN)

    assert (answered.status_code, "set-cookie" in answered.headers) == (200, False)
    assert "This vehicle has an open recall." in answered.text
    assert NUMBER in answered.text


def test_unknown_and_unaffected_read_alike(outside: Outside):
    """A number nobody knows and a car that was repaired get the same answer but for the number."""
    answers = {check(outside, vin).text.replace(vin, "VIN") for vin in (DONE, STRANGER)}

    assert len(answers) == 1
    assert "No open recall is known as of this day." in answers.pop()


def test_the_public_check_leaves_no_line(outside: Outside):
    """A public check writes nothing down."""
    before = len(outside.accesses)

    check(outside, OPEN)

    assert len(outside.accesses) == before


def test_a_letter_that_is_none_is_offered_not_mended(outside: Outside):
    """A number with an O where a zero fits is answered with the question whether that was meant, and claims nothing."""
    page = check(outside, STRANGER.replace("0", "O")).text

    assert "Did you mean" in page
    assert STRANGER in page
    assert "No open recall is known" not in page


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param("LSVAA4182E212345", id="16 characters"),
        pytest.param("", id="nothing"),
        pytest.param("<script>alert(1)</script>", id="markup"),
    ],
)
def test_what_is_no_number_is_refused_in_words(outside: Outside, typed: str):
    """What cannot be a vehicle number comes back on its form, harmless, with what to do."""
    answered = check(outside, typed)

    assert answered.status_code == 422
    assert "17 characters" in answered.text
    assert "<script" not in answered.text


def test_a_list_of_numbers_is_slowed_down(outside: Outside):
    """Beyond its pace an address is told in words to wait; another one is answered."""
    clock = outside.recall.hub.clock
    now_ms = clock.ms
    for _ in range(PUBLIC_AT_ONCE):
        clock.ms = now_ms - 1000
        check(outside, OPEN, address=OUTSIDE)
    clock.ms = now_ms - 1000

    refused, other = check(outside, OPEN, address=OUTSIDE), check(outside, OPEN, address="203.0.113.5")

    assert (refused.status_code, "Too many requests." in refused.text, other.status_code) == (429, True, 200)
    assert int(refused.headers["retry-after"]) > 0


@pytest.mark.parametrize("page", ["/check", "/regulator/login"])
def test_a_page_may_load_nothing_from_elsewhere(outside: Outside, page: str):
    """Every page forbids scripts, frames and foreign sources, holds none of them inline, and is not kept."""
    answered = outside.ask("GET", page)

    policy = answered.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert answered.headers["cache-control"] == "no-store"
    assert not re.search(r"<script|<style|\sstyle=|\son[a-z]+=|https?://", answered.text)


def test_every_word_is_used_and_there(outside: Outside):
    """Each word of the pages stands in a template, and each has a Chinese and an English form."""
    folder = resources.files("carnet_hub").joinpath("data/site")
    words = tomllib.loads(folder.joinpath("words.toml").read_text(encoding="utf-8"))
    templates = "".join(one.read_text(encoding="utf-8") for one in folder.iterdir() if one.name.endswith(".html"))

    unused = [name for name in words["page"] if not re.search(rf'\bw\.{name}\b|"{name}"', templates)]
    assert unused == []
    assert all(len(pair) == 2 and all(pair) for table in words.values() for pair in table.values())


def test_a_withdrawn_campaign_stops_nobody(tmp_path: Path):
    """A campaign that was taken back is no open recall to the public."""
    outside = begin_outside(tmp_path)

    withdraw_campaign(outside.recall.hub.app.hub, NUMBER, NO_DEFECT)

    assert "No open recall is known as of this day." in check(outside, OPEN).text


@pytest.mark.parametrize(("lang", "word", "wrong"), [("zh", "已撤回", "已移出计划"), ("en", "withdrawn", "published")])
def test_a_withdrawn_campaign_is_called_withdrawn(tmp_path: Path, lang: str, word: str, wrong: str):
    """List and page of a campaign that was taken back say so, and not that it was removed from a plan."""
    outside = begin_outside(tmp_path)
    withdraw_campaign(outside.recall.hub.app.hub, NUMBER, NO_DEFECT)
    cookie = log_in(outside, outside.token("reader"))

    listed, one = (see(outside, f"/regulator/campaigns{path}?lang={lang}", cookie).text for path in ("", f"/{NUMBER}"))

    headline = one[one.index('class="sub"') : one.index("</p>", one.index('class="sub"'))]
    assert (word in headline, wrong in headline) == (True, False)
    assert (f"<td>{word}</td>" in listed, f"<td>{wrong}</td>" in listed) == (True, False)


def test_a_missing_list_never_reads_as_nothing_open(tmp_path: Path):
    """While the hub does not know every member list, it says that it is busy rather than that nothing is open."""
    outside = begin_outside(tmp_path)
    with outside.recall.hub.app.hub.store.write() as transaction:
        (count,) = transaction.scan(CountRow)
        transaction.put([count._replace(is_whole=False)])

    answered = check(outside, OPEN)

    assert (answered.status_code, "The hub is busy." in answered.text) == (503, True)
    assert "No open recall is known" not in answered.text


def test_a_process_of_a_former_history_answers_nobody(tmp_path: Path):
    """Once the hub was restored beside it, a process that knows nothing of it answers no regulator and no one else."""
    outside = begin_outside(tmp_path)
    token = outside.token("samr")
    with outside.recall.hub.app.hub.store.write() as transaction:
        transaction.set_setting(HUB_EPOCH, bytes(8))

    answers = [outside.ask("GET", "/v1/regulator/campaigns", token), check(outside, OPEN)]

    assert [one.status_code for one in answers] == [503, 503]


@pytest.mark.parametrize(
    ("scopes", "beginning", "menu"),
    [
        pytest.param([Scope.RELEASE], "releases", ["releases"], id="who releases"),
        pytest.param([Scope.EXPORTS, Scope.VEHICLES], "vehicle", ["vehicle", "reports"], id="two of them"),
        pytest.param(list(Scope), "campaigns", ["campaigns", "vehicle", "reports", "owners", "releases"], id="all"),
    ],
)
def test_a_log_in_begins_at_a_page_that_its_token_opens(
    outside: Outside, scopes: list[Scope], beginning: str, menu: list[str]
):
    """Whoever logs in is led to a page of the token's own, and the menu shows those pages and no other."""
    token = outside.token("officer", scopes)

    led = outside.ask("POST", "/regulator/login", data={"token": token}).headers["location"]
    page = see(outside, led, log_in(outside, token))

    assert (led, page.status_code) == (f"/regulator/{beginning}", 200)
    assert re.findall('<li><a href="/regulator/([a-z]+)"', page.text) == menu


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_token_for_programs_is_told_what_it_covers(outside: Outside, lang: str):
    """A token that opens no page begins at one that says what it covers; going back from a refusal leads there."""
    token = outside.token("program", [Scope.CHANGES], campaigns=(NUMBER,))

    led = outside.ask("POST", f"/regulator/login?lang={lang}", data={"token": token}).headers["location"]
    cookie = log_in(outside, token)
    home, refused = see(outside, led, cookie).text, see(outside, f"/regulator/vehicle?lang={lang}", cookie).text

    assert led == f"/regulator?lang={lang}"
    assert NUMBER in home
    assert ("变更跟踪" in home, "following changes" in home) == (lang == "zh", lang == "en")
    assert f'href="/regulator?lang={lang}"' in refused


def test_a_page_says_why_a_campaign_was_withdrawn(tmp_path: Path):
    """Beside the event stand its reason in the reader's language and the words that were given."""
    outside = begin_outside(tmp_path)
    grounds = Grounds("published_in_error", "The list was another one's.")
    withdraw_campaign(outside.recall.hub.app.hub, NUMBER, grounds)
    cookie = log_in(outside, outside.token("reader"))

    pages = [see(outside, f"/regulator/campaigns/{NUMBER}?lang={lang}", cookie).text for lang in ("zh", "en")]

    assert ["误发布" in pages[0], "published in error" in pages[1]] == [True, True]
    assert all("The list was another one&#39;s." in page for page in pages)


def test_a_page_says_that_rates_are_cut(tmp_path: Path):
    """A rate is the beginning of the exact one, and the page says so; 100 % is kept for a campaign that is done."""
    outside = begin_outside(tmp_path)
    cookie = log_in(outside, outside.token("reader"))

    pages = [see(outside, f"/regulator/campaigns/{NUMBER}?lang={lang}", cookie).text for lang in ("zh", "en")]

    assert ["不四舍五入" in pages[0], "never rounded up" in pages[1]] == [True, True]


@pytest.mark.parametrize(("lang", "heading"), [("zh", "发布时间（北京时间）"), ("en", "Published (Beijing time)")])
def test_a_moment_is_told_in_the_time_of_beijing(outside: Outside, lang: str, heading: str):
    """When a campaign was published reads as the day and minute in Beijing, and the heading says so."""
    cookie = log_in(outside, outside.token("clock", [Scope.CAMPAIGNS]))
    listed: Any = list_for(outside.recall.hub.app.hub, lambda _: True)
    published = datetime.fromisoformat(listed["campaigns"][0]["published_at"])
    told = (published + timedelta(hours=8)).strftime("%Y-%m-%d %H:%M")

    page = see(outside, f"/regulator/campaigns?lang={lang}", cookie).text

    assert (heading in page, f"<td>{told}</td>" in page, "UTC" in page) == (True, True, False)
