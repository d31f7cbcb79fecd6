"""The way in at the pages: set-up, log-in, start code, lock screen, password, log-out."""

import re
from pathlib import Path

import pytest
from fastapi.routing import APIRoute

from carnet_node.core.desk_limits import SESSION_IDLE_MS
from carnet_node.core.log.acting import acting_for
from carnet_node.core.staff.staff import issue_start_code, let_leave
from carnet_node.entrypoints.pages.site import ROUTERS
from carnet_protocol.ids import record_text
from support.browsing import Fields, Visitor
from support.node_builder import TestClock, build_node
from support.staffed import PASSWORD, Site, hire_with_password

DOOR = {"/set-up", "/login", "/start", "/lock", "/locked", "/logout", "/language", "/strip"}
"""Addresses that need nobody; none of them shows a record."""

SAID_SAFE = {
    "/set-up": "Nothing was set up.",
    "/start": "the start code is as good as before",
    "/password": "the present password counts as before",
}

WORN_OUT = {"staff_no": "B01", "password": "something else"}


def twice(password: str) -> dict[str, str]:
    """A password as somebody chooses it."""
    return {"password": password, "password_again": password}


@pytest.fixture
def stranger(site: Site) -> Visitor:
    """A browser in which nobody is logged in."""
    return Visitor(site.node).in_english_at("/login")


def test_before_anybody_is_entered_every_page_leads_to_the_set_up(tmp_path: Path):
    """A new site begins with its first person."""
    visitor = Visitor(build_node(tmp_path))

    answered = visitor.ask("GET", "/")

    assert (answered.status_code, answered.headers["location"]) == (303, "/set-up")


def test_the_first_person_is_entered_and_logged_in(tmp_path: Path):
    """Set-up opens a session under another cookie and leads to the first page."""
    visitor = Visitor(build_node(tmp_path))
    page = visitor.open("/set-up")
    before = visitor.cookies["carnet_session"]

    answered = visitor.submit(page, "/set-up", {"staff_no": "A1", "full_name": "陈测试", **twice(PASSWORD)})

    assert (answered.status_code, answered.headers["location"]) == (303, "/")
    assert visitor.cookies["carnet_session"] != before
    assert "陈测试" in visitor.open("/")


def test_the_set_up_says_what_a_second_machine_does(tmp_path: Path):
    """Where people have not arrived, nobody is to be entered a second time."""
    page = Visitor(build_node(tmp_path)).in_english_at("/set-up").open("/set-up")

    assert "Does this site work at another machine already?" in page
    assert "Its people arrive with the first sync with the hub" in page


def test_a_machine_without_passwords_says_how_the_first_one_gets_in(site: Site):
    """The people have arrived and no password has: before the log-in, behind a refused one, no longer afterwards."""
    node = site.node
    with node.store.write() as tx:
        for one in tx.local.credentials():
            tx.local.drop_credential(one.staff)
    visitor = Visitor(node).in_english_at("/login")
    page = visitor.open("/login")
    refused = visitor.submit(page, "/login", {"staff_no": "B01", "password": PASSWORD}).text
    code = issue_start_code(node, site.admin)
    visitor.submit(visitor.open("/start"), "/start", {"staff_no": "B01", "code": code, **twice(PASSWORD)})

    after = Visitor(node).in_english_at("/login").open("/login")

    said = "Nobody has a password at this machine yet"
    assert (said in page, said in refused, said in after) == (True, True, False)
    assert "<code>carnet-node staff reset Staff number</code>" in page


def test_a_site_is_set_up_at_the_machine_itself(tmp_path: Path):
    """Another machine of the LAN is told where to go, and enters nobody."""
    visitor = Visitor(build_node(tmp_path), client="192.168.1.7")

    answered = visitor.ask("GET", "/set-up")

    assert answered.status_code == 403
    assert "localhost" in answered.text


def test_a_weak_password_is_refused_and_never_shown_again(tmp_path: Path):
    """What was typed beside it stays; a password is not sent back."""
    visitor = Visitor(build_node(tmp_path))
    page = visitor.open("/set-up")

    answered = visitor.submit(page, "/set-up", {"staff_no": "A1", "full_name": "陈测试", **twice("short77")})

    assert answered.status_code == 422
    assert 'value="陈测试"' in answered.text
    assert "short77" not in answered.text


@pytest.mark.parametrize("first", ["/set-up", "/start", "/password"])
def test_two_passwords_that_differ_are_told_and_change_nothing(tmp_path: Path, site: Site, first: str):
    """What happened, that nothing came of it, and what to do; nobody is told that a password is on the screen."""
    if first == "/set-up":
        (tmp_path / "new").mkdir()
        visitor = Visitor(build_node(tmp_path / "new")).in_english_at("/set-up")
    else:
        visitor = Visitor(site.node).in_english_at("/login")
        if first == "/password":
            visitor.submit(visitor.open("/login"), "/login", {"staff_no": "B01", "password": PASSWORD})
    typed = {"staff_no": "A1", "full_name": "陈测试", "code": "ABCD-EFGH", "present": PASSWORD}

    refused = visitor.submit(
        visitor.open(first), first, {**typed, "password": PASSWORD, "password_again": f"{PASSWORD}x"}
    )

    assert refused.status_code == 422
    assert "The two passwords differ. Type both again." in refused.text
    assert SAID_SAFE[first] in refused.text
    assert "still on the screen" not in refused.text
    assert PASSWORD not in refused.text


def test_whoever_knows_the_password_is_let_in_and_back_to_the_page(stranger: Visitor):
    """After the log-in the page that was wanted is shown."""
    wanted = stranger.ask("GET", "/password").headers["location"]

    answered = stranger.submit(stranger.open(wanted), "/login", {"staff_no": "b01", "password": PASSWORD})

    assert wanted == "/login?to=/password"
    assert (answered.status_code, answered.headers["location"]) == (303, "/password")


@pytest.mark.parametrize("asked", ["vehicle", "draft"])
def test_whoever_logs_in_comes_back_to_the_form_that_was_begun(stranger: Visitor, asked: str):
    """The address says which check-in it is: without that another form would open, and the words would not be in it."""
    form = f"/visits/new?{asked}=01a0c450-6c00-7000-bb0e-a5ba0e5292f5"
    wanted = stranger.ask("GET", form).headers["location"]

    answered = stranger.submit(stranger.open(wanted), "/login", {"staff_no": "B01", "password": PASSWORD})

    assert answered.headers["location"] == form


def test_another_language_at_the_door_forgets_no_page(stranger: Visitor):
    """Whoever switches the language before the log-in still comes back to what was wanted."""
    wanted = stranger.ask("GET", "/visits/new?vehicle=1").headers["location"]

    answered = stranger.submit(stranger.open(wanted), "/language", {"language": "en"})

    assert (
        stranger.submit(
            stranger.open(answered.headers["location"]), "/login", {"staff_no": "B01", "password": PASSWORD}
        ).headers["location"]
        == "/visits/new?vehicle=1"
    )


def test_a_wrong_password_is_refused_without_saying_which_of_both_was_wrong(stranger: Visitor):
    """A name nobody has and a wrong password get the same words."""
    page = stranger.open("/login")

    wrong = stranger.submit(page, "/login", WORN_OUT)
    unknown = stranger.submit(page, "/login", {**WORN_OUT, "staff_no": "Z99"})

    said = "The staff number and the password do not belong together."
    assert [(one.status_code, said in one.text) for one in (wrong, unknown)] == [(422, True)] * 2


def test_a_log_in_from_another_site_is_turned_away(stranger: Visitor):
    """The form of a log-in carries a token too, so nobody logs somebody else in."""
    answered = stranger.ask("POST", "/login", data={"staff_no": "B01", "password": PASSWORD})

    assert answered.status_code == 403


@pytest.mark.parametrize("path", ["/", "/password"])
def test_no_page_is_shown_to_nobody(stranger: Visitor, path: str):
    """Without a session every page leads to the log-in, also on localhost."""
    answered = stranger.ask("GET", path)

    assert answered.status_code == 303
    assert answered.headers["location"].startswith("/login")


def test_a_locked_screen_shows_nothing_until_the_password_is_given(site: Site):
    """The lock keeps the page to come back to, and the same person opens it."""
    visitor = Visitor(site.node).with_session(site.session.token)
    locked = visitor.submit(visitor.open("/"), "/lock", {"address": "/sync"})

    turned_away = visitor.ask("GET", "/")
    opened = visitor.submit(visitor.open("/locked?to=/sync"), "/locked", {"password": PASSWORD})

    assert locked.headers["location"] == "/locked?to=/sync"
    assert turned_away.headers["location"] == "/locked"
    assert (opened.status_code, opened.headers["location"]) == (303, "/sync")


@pytest.mark.parametrize("is_wrong", [False, True], ids=["as it is opened", "after a wrong password"])
def test_the_keyboard_of_a_locked_screen_is_in_the_password(site: Site, is_wrong: bool):
    """One types at once, before and after a mistake; the mistake is told beside the field."""
    visitor = Visitor(site.node).with_session(site.session.token)
    visitor.submit(visitor.open("/"), "/lock", {})
    page = visitor.open("/locked")

    shown = visitor.submit(page, "/locked", {"password": "no such password"}).text if is_wrong else page

    begun = [one.partition(">")[0] for one in shown.split("<input") if "data-autofocus" in one.partition(">")[0]]
    assert "data-focus" not in shown
    assert [('name="password"' in one, "f-password-problem" in one) for one in begun] == [(True, is_wrong)]


def test_a_quiet_desk_locks_itself(site: Site):
    """After ten minutes without a request the screen is locked."""
    visitor = Visitor(site.node).with_session(site.session.token)
    site.pass_ms(SESSION_IDLE_MS)

    assert visitor.ask("GET", "/").headers["location"] == "/locked"


def test_the_strip_does_not_keep_a_desk_awake(site: Site):
    """What a page asks by itself does not count as somebody's work."""
    visitor = Visitor(site.node).with_session(site.session.token)
    for _ in range(3):
        site.pass_ms(SESSION_IDLE_MS // 3 + 1)
        answered = visitor.ask("GET", "/strip")

    assert answered.status_code == 401


def test_whoever_leaves_is_out_at_once(site: Site):
    """The session of somebody who left opens no page any more."""
    opened = hire_with_password(site, "C02", "advisor")
    visitor = Visitor(site.node).with_session(opened.token)
    assert visitor.ask("GET", "/").status_code == 200

    let_leave(acting_for(site.node, site.admin), opened.staff)

    assert visitor.ask("GET", "/").headers["location"] == "/login"


def test_logging_out_ends_the_session(site: Site):
    """The cookie of a session that was ended opens nothing."""
    visitor = Visitor(site.node).with_session(site.session.token)

    visitor.submit(visitor.open("/"), "/lock", {})
    visitor.submit(visitor.open("/locked"), "/logout", {})

    assert visitor.ask("GET", "/").headers["location"] == "/login"


def test_a_password_change_ends_the_other_sessions(site: Site):
    """The browser in which it was changed goes on under a new session."""
    here = Visitor(site.node).with_session(site.session.token)

    answered = here.submit(here.open("/password"), "/password", {"present": PASSWORD, **twice("another long one")})

    assert answered.status_code == 303
    assert here.ask("GET", "/").status_code == 200
    assert here.as_session(site.session.token).ask("GET", "/").headers["location"] == "/login"


def test_a_start_code_lets_somebody_choose_a_password(site: Site):
    """A new colleague begins with the code of the administrator."""
    opened = hire_with_password(site, "C02", "advisor")
    assert isinstance(site.node.clock, TestClock)

    visitor = Visitor(site.node).with_session(opened.token)

    assert "Person C02" in visitor.open("/")


@pytest.mark.parametrize(
    ("page", "typed", "field"),
    [
        pytest.param("/login", WORN_OUT, "password", id="wrong password"),
        pytest.param("/start", {"staff_no": "B01", "code": "00000-00000", **twice(PASSWORD)}, "code", id="wrong code"),
        pytest.param("/start", {"staff_no": "B01", "code": "x", **twice("short")}, "password", id="weak password"),
        pytest.param("/start", {"staff_no": "B01", "password": PASSWORD}, "password", id="typed otherwise"),
    ],
)
def test_the_keyboard_is_in_the_field_that_was_wrong(stranger: Visitor, page: str, typed: dict[str, str], field: str):
    """The error is told there and aloud; nothing else takes the keyboard, so that one types on."""
    refused = stranger.submit(stranger.open(page), page, typed).text

    focused = [one.partition(">")[0] for one in refused.split("<input") if "data-autofocus" in one.partition(">")[0]]
    assert "data-focus" not in refused
    assert [f'name="{field}"' in one and f'aria-describedby="f-{field}-problem"' in one for one in focused] == [True]
    assert 'role="alert"' in refused


def test_the_lock_of_an_open_session_leads_on(site: Site):
    """Another window has opened it meanwhile: nobody gives their password twice."""
    visitor = Visitor(site.node).with_session(site.session.token)

    answered = visitor.ask("GET", "/locked?to=/sync")

    assert (answered.status_code, answered.headers["location"]) == (303, "/sync")


def test_a_locked_session_gets_nothing(site: Site):
    """Neither a page nor a file nor a value: at every address but those of the door, the answer is the door."""
    visitor = Visitor(site.node).with_session(site.session.token)
    page = visitor.open("/")
    visitor.submit(page, "/lock", {})
    sent = {"token": Fields(page).forms["/lock"]["token"]}
    asked = [
        (method, re.sub(r"{\w+}", record_text(site.admin), one.path))
        for router in ROUTERS
        for one in router.routes
        if isinstance(one, APIRoute) and one.path not in DOOR
        for method in one.methods or ()
    ]

    answers = {one: visitor.ask(one[0], one[1], data=sent if one[0] == "POST" else None) for one in asked}

    let_in = [one for one, answer in answers.items() if not answer.headers.get("location", "").startswith("/locked")]
    assert (let_in, len(asked) > 50) == ([], True)


def test_a_page_that_answers_a_form_says_where_it_stands(desk: Visitor):
    """Who comes back to it, or changes the language on it, comes to a page that can be opened."""
    page = desk.open("/customers/new")
    sent = {**Fields(page).forms["/customers/new"], "address": "/customers/new", "save_key": ""}

    answered = desk.ask("POST", "/customers/new", data=sent)
    failed = desk.submit(page, "/search", {"text": "", "token": "another", "address": "/customers/new"})

    assert 'data-address="/customers/new"' in answered.text
    assert 'data-address="/customers/new"' in failed.text
    assert "data-address" not in page


def test_a_password_that_is_typed_otherwise_the_second_time_sets_nothing_up(tmp_path: Path):
    """No slip of the finger locks a site; the sentence stands at the first field, as both are typed anew."""
    visitor = Visitor(build_node(tmp_path)).in_english_at("/set-up")
    typed = {"staff_no": "A1", "full_name": "陈测试", "password": PASSWORD, "password_again": f"{PASSWORD}."}

    refused = visitor.submit(visitor.open("/set-up"), "/set-up", typed)

    assert refused.status_code == 422
    assert "The two passwords differ." in refused.text.partition('id="f-password-problem"')[2]
    assert visitor.ask("GET", "/").headers["location"] == "/set-up"


def test_a_password_that_is_changed_is_typed_twice(site: Site):
    """Otherwise the present one stays."""
    visitor = Visitor(site.node).with_session(site.session.token)
    typed = {"present": PASSWORD, "password": "another long one", "password_again": "another long"}

    refused = visitor.submit(visitor.open("/password"), "/password", typed)
    changed = visitor.submit(visitor.open("/password"), "/password", {"present": PASSWORD, **twice("another long one")})

    assert (refused.status_code, changed.status_code) == (422, 303)


def test_a_wrong_present_password_is_told_at_its_own_field(site: Site):
    """And not at the new one."""
    visitor = Visitor(site.node).with_session(site.session.token).in_english()

    refused = visitor.submit(visitor.open("/password"), "/password", {"present": "wrong", **twice("another long one")})

    assert "This password is not right." in refused.text.partition('id="f-present-problem"')[2].partition("</p>")[0]


def test_the_lock_screen_speaks_of_the_password_alone(site: Site):
    """It asks for no number, so none can be wrong."""
    visitor = Visitor(site.node).with_session(site.session.token).in_english()
    visitor.submit(visitor.open("/"), "/lock", {})

    refused = visitor.submit(visitor.open("/locked"), "/locked", {"password": "wrong"})

    assert ("This password is not right." in refused.text, "staff number and the password" in refused.text) == (
        True,
        False,
    )


@pytest.mark.parametrize("page", ["/login", "/start"])
def test_what_is_typed_into_a_password_can_be_looked_at(stranger: Visitor, page: str):
    """Each field has its button, which a script makes work."""
    html = stranger.open(page)

    assert html.count("data-looks=") == html.count('type="password"') > 0
