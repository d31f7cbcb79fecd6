"""What every page has in common: its language, its strip, its policy, and what a write must prove."""

import re
from pathlib import Path

import pytest

from carnet_node.core.limits import FORM_FIELDS_MAX
from carnet_node.entrypoints.pages.forms import WAS, Typed
from support.browsing import ADDRESS, Fields, Visitor
from support.node_builder import build_node


@pytest.fixture
def visitor(tmp_path: Path) -> Visitor:
    """Somebody who is logged in at the pages of a node without records."""
    return Visitor(build_node(tmp_path)).logged_in()


def test_a_page_is_in_chinese_unless_somebody_chose_otherwise(visitor: Visitor):
    """A browser that prefers English still gets Chinese, because a desk is shared."""
    answered = visitor.ask("GET", "/", headers={"Accept-Language": "en"})

    assert '<html lang="zh-CN">' in answered.text
    assert "接车开单" in answered.text


def test_the_language_is_a_choice_that_stays(visitor: Visitor):
    """After English was chosen, the next page is in English."""
    visitor.submit(visitor.open("/"), "/language", {"language": "en"})

    assert "Check-in" in visitor.open("/")


def test_switching_the_language_comes_back_to_the_page(visitor: Visitor):
    """The answer leads to where the person was."""
    answered = visitor.submit(visitor.open("/"), "/language", {"language": "en", "address": "/sync"})

    assert (answered.status_code, answered.headers["location"]) == (303, "/sync")


@pytest.mark.parametrize("address", ["https://evil.example/", "//evil.example", "/\\evil.example", ""])
def test_switching_the_language_never_leads_to_another_site(visitor: Visitor, address: str):
    """An address that is no path of this site leads to the first page."""
    answered = visitor.submit(visitor.open("/"), "/language", {"language": "en", "address": address})

    assert answered.headers["location"] == "/"


def test_a_page_allows_nothing_inline_and_nothing_from_elsewhere(visitor: Visitor):
    """The policy names this origin alone, and a page has neither a script nor a style of its own."""
    answered = visitor.ask("GET", "/")

    policy = answered.headers["content-security-policy"]
    assert policy == "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    assert "style=" not in answered.text
    assert "<style" not in answered.text
    assert "onclick" not in answered.text
    assert answered.headers["referrer-policy"] == "no-referrer"


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(visitor: Visitor):
    """The cookie is HttpOnly and SameSite=Strict."""
    set_cookie = Visitor(visitor.node, visitor.api).ask("GET", "/login").headers["set-cookie"]

    assert set_cookie.startswith("carnet_session=")
    assert "HttpOnly" in set_cookie
    assert "SameSite=strict" in set_cookie


def test_a_form_without_the_token_is_turned_away(visitor: Visitor):
    """A write that does not prove its session changes nothing and says so as a page."""
    visitor.open("/")

    answered = visitor.ask("POST", "/language", data={"language": "en"})

    assert answered.status_code == 403
    assert answered.headers["content-type"].startswith("text/html")
    assert "carnet_language" not in answered.headers.get("set-cookie", "")


def test_the_token_of_another_session_is_turned_away(visitor: Visitor):
    """A token belongs to one session."""
    page = Visitor(visitor.node, visitor.api).open("/login")

    assert visitor.submit(page, "/language", {"language": "en"}).status_code == 403


def test_a_token_outlives_a_restart_of_the_node(visitor: Visitor):
    """A page that was open while the node was started anew can still be sent."""
    page = visitor.open("/")

    restarted = Visitor(visitor.node, cookies=visitor.cookies)

    assert restarted.submit(page, "/language", {"language": "en"}).status_code == 303


def test_a_page_of_another_site_cannot_send_a_form(visitor: Visitor):
    """The origin is looked at before the token is."""
    page = visitor.open("/")
    fields = Fields(page).forms["/language"]

    answered = visitor.ask("POST", "/language", data=fields, headers={"Origin": "http://evil.example"})

    assert answered.status_code == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, 303, id="our page, which tells no referrer"),
        pytest.param({"Origin": "null"}, 403, id="a sandboxed page"),
        pytest.param({"Origin": "null", "Sec-Fetch-Site": "cross-site"}, 403, id="another site in a sandbox"),
        pytest.param({"Origin": "null", "Sec-Fetch-Site": "none"}, 403, id="no page at all"),
    ],
)
def test_an_untold_origin_is_ours_only_where_the_browser_says_so(
    visitor: Visitor, headers: dict[str, str], status: int
):
    """A form of a page without referrer arrives with the origin null."""
    fields = Fields(visitor.open("/")).forms["/language"]

    answered = visitor.ask("POST", "/language", data={**fields, "language": "en"}, headers=headers)

    assert answered.status_code == status


def test_a_form_means_nothing_to_the_json_api(visitor: Visitor):
    """Only JSON reaches the API, so no form of any page can."""
    answered = visitor.ask("POST", "/api/customers", data={"values": "{}"})

    assert answered.status_code in (401, 415)


def test_an_unknown_address_is_answered_with_a_page(visitor: Visitor):
    """What happened, what is safe and what to do next stand on a page with the way back."""
    answered = visitor.in_english().ask("GET", "/nowhere")

    assert answered.status_code == 404
    assert "There is no page under this address." in answered.text
    assert "Nothing was changed." in answered.text
    assert 'href="/"' in answered.text


def test_what_was_searched_for_is_escaped(visitor: Visitor):
    """Markup in a search text is shown as text."""
    answered = visitor.search('<script>alert(1)</script>" onfocus="x')

    assert answered.status_code == 200
    assert "<script>alert" not in answered.text
    assert '" onfocus="x' not in answered.text


def test_what_was_searched_for_never_stands_in_an_address(visitor: Visitor):
    """The search is a POST; its answer stands at a random name, and leads nowhere by an address with the text."""
    answered = visitor.search("13800138000")

    assert re.fullmatch(f"{re.escape(ADDRESS)}/search/[0-9a-f]{{32}}", str(answered.request.url))
    assert "search?" not in answered.text


@pytest.mark.parametrize("body", [pytest.param(b"\xff", id="no ASCII"), pytest.param(b"a=%ff", id="no UTF-8")])
def test_whoever_is_not_logged_in_is_sent_there_whatever_they_send(visitor: Visitor, body: bytes):
    """A form that cannot be read leads to the log-in like any other, and from there to the first page."""
    stranger = Visitor(visitor.node, visitor.api)

    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answered = stranger.ask("POST", "/search", content=body, headers=form)

    assert (answered.status_code, answered.headers["location"]) == (303, "/login")


def test_json_that_is_nested_too_deep_is_refused(visitor: Visitor):
    """What a script never sends is no fault of the program."""
    token = visitor.open("/").split('data-token="')[1].split('"', maxsplit=1)[0]
    headers = {"Carnet-Token": token, "Content-Type": "application/json"}

    answered = visitor.ask("POST", "/duplicates", content=b"[" * 100_000, headers=headers)

    assert answered.status_code == 400


def test_a_form_that_tells_nonsense_about_what_it_was_is_taken_as_typed():
    """What cannot be read says nothing: every field counts as changed."""
    typed = Typed({WAS: ("[" * 100_000,), "full_name": ("",)})

    assert typed.is_untouched("full_name") is False


def test_a_form_with_too_many_fields_is_refused(visitor: Visitor):
    """A form is bounded before anybody looks at it."""
    visitor.open("/")

    answered = visitor.ask("POST", "/search", data={f"f{number}": "" for number in range(FORM_FIELDS_MAX + 1)})

    assert answered.status_code == 400


def test_the_strip_says_what_nobody_can_know_yet(visitor: Visitor):
    """A node that never met its hub does not know its line, and counts what waits by document."""
    page = visitor.in_english().open("/")

    assert "Hub not contacted yet" in page
    assert "1 document waiting · never synced" in page
    assert "no data of other sites yet" in page


def test_files_may_be_kept_for_ever_under_their_version(visitor: Visitor):
    """Style and scripts have a digest in their address and are cached; pages are not."""
    page = visitor.open("/")
    style = page.split('rel="stylesheet" href="')[1].split('"')[0]

    answered = visitor.ask("GET", style)

    assert answered.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert visitor.ask("GET", "/").headers["cache-control"] == "no-store"
