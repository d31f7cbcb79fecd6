"""When a session at the desk is open, locked or over."""

import pytest

from carnet_node.core.desk_limits import (
    SESSION_IDLE_MS,
    SESSION_MAX_MS,
    SESSION_TOUCH_MS,
    SESSIONS_PER_STAFF_MAX,
)
from carnet_node.core.log.authoring import commit
from carnet_node.core.log.rejoin import mark_restored
from carnet_node.core.showing.views import one_record
from carnet_node.core.staff.browser_sessions import lock_session, log_out, present_session, unlock_session
from carnet_node.core.staff.login import confirm_password, log_in
from carnet_node.core.staff.staff import let_leave
from carnet_protocol.changeset import Draft
from carnet_protocol.kinds import STAFF
from support.staffed import ADMIN_NO, PASSWORD, Site, hire_with_password


def state_of(site: Site, token: str) -> str:
    """What a request with this token meets."""
    session = present_session(site.node, token)
    return "over" if session is None else "locked" if session.is_locked else "open"


@pytest.mark.parametrize(
    ("quiet_ms", "state"),
    [(0, "open"), (SESSION_IDLE_MS - 1, "open"), (SESSION_IDLE_MS, "locked"), (SESSION_MAX_MS, "over"), (-1, "over")],
)
def test_a_quiet_session_is_locked_and_ends(site: Site, quiet_ms: int, state: str):
    """Ten minutes without a request lock the screen, the working day or a clock set back ends the session."""
    site.pass_ms(quiet_ms)

    assert state_of(site, site.session.token) == state


def test_requests_keep_a_session_open(site: Site):
    """A session slides with every request, up to its end."""
    for _ in range(SESSION_MAX_MS // (SESSION_IDLE_MS // 2) - 1):
        site.pass_ms(SESSION_IDLE_MS // 2)
        assert state_of(site, site.session.token) == "open"

    site.pass_ms(SESSION_IDLE_MS // 2)

    assert state_of(site, site.session.token) == "over"


def test_busy_requests_write_once_a_minute(site: Site):
    """What was seen a moment ago is not written down again."""
    site.pass_ms(SESSION_TOUCH_MS - 1)
    present_session(site.node, site.session.token)

    with site.node.store.read() as tx:
        (session,) = tx.local.sessions_of(site.admin)

    assert session.seen_ms == session.opened_ms


def test_a_locked_screen_opens_for_its_owner(site: Site):
    """The password of the same person unlocks the session, under the same token."""
    lock_session(site.node, site.session.token)
    staff = confirm_password(site.node, site.hasher, ADMIN_NO, PASSWORD)

    assert state_of(site, site.session.token) == "locked"
    assert unlock_session(site.node, site.session.token, staff)
    assert state_of(site, site.session.token) == "open"


def test_a_locked_screen_opens_for_nobody_else(site: Site):
    """A colleague's password leaves it locked."""
    colleague = hire_with_password(site, "A07", "advisor").staff
    lock_session(site.node, site.session.token)

    assert not unlock_session(site.node, site.session.token, colleague)
    assert state_of(site, site.session.token) == "locked"


def test_logging_out_ends_a_session(site: Site):
    """The token means nothing any more, and cannot be unlocked."""
    log_out(site.node, site.session.token)

    assert state_of(site, site.session.token) == "over"
    assert not unlock_session(site.node, site.session.token, site.admin)


def test_an_invented_token_is_no_session(site: Site):
    """Tokens that were never given out meet nothing, odd characters included."""
    assert [state_of(site, token) for token in ("", "x", "\ud800", site.session.token + "x")] == ["over"] * 4


def test_a_departure_ends_sessions_at_once(site: Site):
    """Who has left is out with the next request."""
    advisor = hire_with_password(site, "A07", "advisor")

    let_leave(site.as_admin, advisor.staff)

    assert state_of(site, advisor.token) == "over"


def test_a_departure_that_arrives_ends_sessions_too(site: Site):
    """Written at another machine of the site, it counts as soon as it is here."""
    advisor = hire_with_password(site, "A07", "advisor")
    view = one_record(site.node, STAFF, advisor.staff)
    assert view is not None
    commit(site.node, [Draft(STAFF, advisor.staff, {"state": "left"}, view.heads.all())])

    assert state_of(site, advisor.token) == "over"


def test_a_restored_database_knows_no_sessions(site: Site):
    """After a backup was put in place everybody logs in again."""
    mark_restored(site.node)

    assert state_of(site, site.session.token) == "over"


def test_one_person_has_a_bounded_number_of_sessions(site: Site):
    """The oldest session gives way to a new one."""
    tokens = [site.session.token]
    for _ in range(SESSIONS_PER_STAFF_MAX):
        site.pass_ms(1)
        tokens.append(log_in(site.node, site.hasher, ADMIN_NO, PASSWORD).token)

    assert [state_of(site, token) for token in tokens] == ["over"] + ["open"] * SESSIONS_PER_STAFF_MAX
