"""Owners for a case on the pages: asked for by form, downloaded once, and nothing personal in an address."""

import csv
import io
import re
import tomllib
from html import unescape
from importlib import resources

import httpx
import pytest

from carnet_hub.core.outside.named_exports import NamedExport, list_exports, release_export
from carnet_hub.core.outside.regulators import Scope
from support.outside import NUMBER, OPEN, OWNER_NAME, STRANGER, Outside, begin_outside
from support.site import log_in, see

OWNERS = "/regulator/owners"


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Outside:
    """A served hub."""
    return begin_outside(tmp_path_factory.mktemp("outside"))


@pytest.fixture
def cookie(outside: Outside) -> str:
    """The log-in of an officer who may ask."""
    return log_in(outside, outside.token("officer-1", [Scope.OWNERS]))


def send(outside: Outside, cookie: str, path: str, **fields: str) -> httpx.Response:
    """A form of the page, with the mark of the log-in."""
    found = re.search('name="mark" value="([0-9a-f]{64})"', see(outside, OWNERS, cookie).text)
    assert found is not None
    return see(outside, path, cookie, "POST", data={"mark": found[1], **fields})


def ask(outside: Outside, cookie: str, **fields: str) -> httpx.Response:
    """A request for one owner."""
    given = {"campaign_no": NUMBER, "case_no": "〔2026〕12", "vins": f" {OPEN.lower()} \r\n", **fields}
    return send(outside, cookie, f"{OWNERS}?lang=en", **given)


def last(outside: Outside) -> NamedExport:
    """The newest request."""
    return list_exports(outside.recall.hub.app.hub)[-1]


def read(outside: Outside, cookie: str, export: NamedExport, form: str) -> httpx.Response:
    """A download."""
    return send(outside, cookie, f"{OWNERS}/{export.request_id.hex()}/read?lang=en", form=form)


def test_a_request_is_asked_for_and_listed(outside: Outside, cookie: str):
    """The form leads back to the list, which shows the request with its case, and neither car nor person."""
    answered = ask(outside, cookie)

    page = see(outside, f"{OWNERS}?lang=en", cookie).text
    assert (answered.status_code, answered.headers["location"]) == (303, f"{OWNERS}?lang=en")
    assert "〔2026〕12" in page
    assert "waits for a release" in page
    assert not any(word in page for word in (OPEN, OWNER_NAME))


def test_owners_are_downloaded_once_as_a_table(outside: Outside, cookie: str):
    """A released request offers its download; the file names the owner, and the second attempt is refused in words."""
    ask(outside, cookie)
    release_export(outside.recall.hub.app.hub, last(outside).request_id, "op-2")
    offered = see(outside, f"{OWNERS}?lang=en", cookie).text

    got = read(outside, cookie, last(outside), "csv")
    again = read(outside, cookie, last(outside), "csv")

    (row,) = csv.DictReader(io.StringIO(got.content.decode("utf-8-sig")))
    assert f"{OWNERS}/{last(outside).request_id.hex()}/read" in offered
    assert (row["vin"], row["name"], row["phone_number"]) == (OPEN, OWNER_NAME, "")
    assert got.headers["content-disposition"].startswith("attachment")
    assert got.headers["cache-control"] == "no-store"
    assert (again.status_code, "No personal value was read." in again.text) == (409, True)


def test_owners_are_downloaded_as_the_api_gives_them(outside: Outside, cookie: str):
    """The other form of the file is the document of the API."""
    ask(outside, cookie)
    release_export(outside.recall.hub.app.hub, last(outside).request_id, "op-2")

    got = read(outside, cookie, last(outside), "json").json()

    assert [(one["vin"], one["name"]) for one in got["owners"]] == [(OPEN, OWNER_NAME)]


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        pytest.param({"case_no": " "}, 422, "There is no number of a case.", id="no case"),
        pytest.param({"vins": STRANGER}, 422, f"<p>{STRANGER}</p>", id="a car of no campaign"),
        pytest.param({"vins": " ,\n"}, 422, "This is no whole vehicle number", id="no car"),
        pytest.param({"campaign_no": "S9"}, 404, "There is nothing under this name.", id="no campaign"),
    ],
)
def test_what_cannot_be_asked_comes_back(
    outside: Outside, cookie: str, fields: dict[str, str], status: int, words: str
):
    """A refused form says why, keeps what was typed, stores nothing, and is written down as refused."""
    before = list_exports(outside.recall.hub.app.hub)

    answered = ask(outside, cookie, **{"case_no": "typed-7", **fields})

    assert (answered.status_code, words in answered.text) == (status, True)
    assert fields.get("case_no", "typed-7") in answered.text
    assert list_exports(outside.recall.hub.app.hub) == before
    assert outside.accesses[-1][2] in {"no-case-number", "not-found", "no-vehicle-number", "not-a-member"}


def test_a_form_of_another_site_asks_and_reads_nothing(outside: Outside, cookie: str):
    """Without the mark of its log-in a form does nothing: the request is neither made nor spent."""
    ask(outside, cookie)
    made = last(outside)
    release_export(outside.recall.hub.app.hub, made.request_id, "op-2")
    forged = {"mark": "0" * 64, "campaign_no": NUMBER, "case_no": "forged", "vins": OPEN}

    asked = see(outside, OWNERS, cookie, "POST", data=forged)
    taken = see(outside, f"{OWNERS}/{made.request_id.hex()}/read", cookie, "POST", data=forged)

    assert (asked.status_code, taken.status_code) == (403, 403)
    assert last(outside).request_id == made.request_id
    assert OWNER_NAME in read(outside, cookie, made, "json").text


def test_requests_of_others_are_not_shown(outside: Outside, cookie: str):
    """Another officer sees neither the request nor its owners."""
    ask(outside, cookie, case_no="not-yours")
    other = log_in(outside, outside.token("officer-3", [Scope.OWNERS]))

    page = see(outside, OWNERS, other).text
    taken = read(outside, other, last(outside), "csv")

    assert "not-yours" not in page
    assert (taken.status_code, OWNER_NAME in taken.text) == (404, False)


def test_nobody_asks_without_a_log_in(outside: Outside):
    """Forms of somebody who is not logged in lead to the log-in."""
    sent = [outside.ask("POST", path, data={"campaign_no": NUMBER}) for path in (OWNERS, f"{OWNERS}/{'0' * 32}/read")]

    assert {(one.status_code, one.headers["location"]) for one in sent} == {(303, "/regulator/login")}


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_is_in_one_language(outside: Outside, cookie: str, lang: str):
    """Words of the other language do not stand in their place."""
    words = tomllib.loads(resources.files("carnet_hub").joinpath("data/site/words.toml").read_text(encoding="utf-8"))
    place = ["zh", "en"].index(lang)
    ask(outside, cookie)

    page = unescape(see(outside, f"{OWNERS}?lang={lang}", cookie).text)

    names = (
        "owners",
        "owners_note",
        "case_no",
        "case_hint",
        "case_vins_hint",
        "own_requests",
        "step",
        "downloaded_hint",
    )
    assert [name for name in names if words["page"][name][place] not in page] == []
    assert [name for name in names if words["page"][name][1 - place] in page] == []


RELEASES = "/regulator/releases?lang=en"


def released_by(outside: Outside, officer: str, export: NamedExport, page: str) -> httpx.Response:
    """The button of a page of releases, with the mark of the log-in."""
    mark = re.search('name="mark" value="([0-9a-f]{64})"', page)
    assert mark is not None
    path = f"/regulator/releases/{export.request_id.hex()}?lang=en"
    return see(outside, path, officer, "POST", data={"mark": mark[1]})


def test_a_second_officer_releases_on_a_page(outside: Outside, cookie: str):
    """What another officer asked for stands on the page with case and vehicle, and its button releases it."""
    ask(outside, cookie, case_no="case 77")
    officer = log_in(outside, outside.token("officer-2", [Scope.RELEASE]))
    page = see(outside, RELEASES, officer).text

    answered = released_by(outside, officer, last(outside), page)

    assert all(word in page for word in ("case 77", OPEN, "officer-1"))
    assert (answered.status_code, answered.headers["location"]) == (303, RELEASES)
    assert (last(outside).step.value, last(outside).decided_by) == ("released", "officer-2")
    assert "case 77" not in see(outside, RELEASES, officer).text


def test_the_page_of_releases_shows_nobody_their_own(outside: Outside, cookie: str):
    """A request of one's own name is neither shown nor released, whichever token brings it."""
    ask(outside, cookie, case_no="case 78")
    same = log_in(outside, outside.token("Officer-1", [Scope.RELEASE]))
    page = see(outside, RELEASES, same).text

    answered = released_by(outside, same, last(outside), page)

    assert "case 78" not in page
    assert (answered.status_code, last(outside).step.value) == (403, "asked")


def test_a_release_of_another_site_is_refused(outside: Outside, cookie: str):
    """A form that does not carry the mark of the log-in releases nothing."""
    ask(outside, cookie)
    officer = log_in(outside, outside.token("officer-2", [Scope.RELEASE]))
    path = f"/regulator/releases/{last(outside).request_id.hex()}"

    answered = see(outside, path, officer, "POST", data={"mark": "0" * 64})

    assert (answered.status_code, last(outside).step.value) == (403, "asked")
