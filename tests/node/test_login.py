"""Who gets a session: passwords, start codes, and the waiting after wrong ones."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from carnet_node.adapters.passwords import Argon2Passwords
from carnet_node.core.desk_limits import (
    FAILURES_KEPT_MAX,
    FREE_ATTEMPTS,
    LOCKOUT_FIRST_MS,
    LOCKOUT_MAX_MS,
    PASSWORD_CHARS_MAX,
    START_CODE_MS,
)
from carnet_node.core.local_facts import LoginFailures
from carnet_node.core.log.authoring import commit
from carnet_node.core.refusals import ProblemCode
from carnet_node.core.staff.browser_sessions import present_session
from carnet_node.core.staff.login import (
    LoginRefused,
    begin_with_code,
    change_password,
    log_in,
    name_hash_of,
    waiting_ms,
)
from carnet_node.core.staff.staff import add_member, issue_start_code, let_leave, list_staff
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import STAFF
from support.desk import problems_of
from support.node_builder import rows_of, text_of
from support.staffed import ADMIN_NO, PASSWORD, Site, TestHasher, build_site, hire_with_password

WRONG = [("password", ProblemCode.WRONG_LOGIN)]
WRONG_PRESENT = [("present", ProblemCode.WRONG_LOGIN)]
WRONG_CODE = [("code", ProblemCode.WRONG_LOGIN)]
WAIT = [("password", ProblemCode.WAIT)]


def hired(site: Site) -> RecordId:
    """The person A07."""
    return next(one.view.id for one in list_staff(site.node) if one.view.values["staff_no"] == "A07")


def fails(site: Site, staff_no: str, times: int) -> None:
    """Type wrong passwords."""
    for _ in range(times):
        with pytest.raises(LoginRefused):
            log_in(site.node, site.hasher, staff_no, "wrong password")


@pytest.mark.parametrize("typed", [ADMIN_NO, " b01 ", "Ｂ０１"])
def test_the_right_password_opens_a_session(site: Site, typed: str):
    """The number may be typed in lower case or full width."""
    opened = log_in(site.node, site.hasher, typed, PASSWORD)

    assert opened.staff == site.admin
    assert present_session(site.node, opened.token) is not None


@pytest.mark.parametrize(
    ("staff_no", "password"),
    [
        (ADMIN_NO, "wrong password"),
        (ADMIN_NO, ""),
        ("Z99", PASSWORD),
        ("", ""),
        (ADMIN_NO, PASSWORD * 20),
        ("\ud800", "\udfff"),
    ],
    ids=["wrong password", "no password", "unknown number", "nothing", "very long", "half characters"],
)
def test_nothing_says_what_was_wrong(site: Site, staff_no: str, password: str):
    """Number and password are refused together, whichever was wrong."""
    assert problems_of(lambda: log_in(site.node, site.hasher, staff_no, password)) == WRONG


@pytest.mark.parametrize("staff_no", [ADMIN_NO, "Z99"], ids=["known", "unknown"])
def test_a_wrong_login_costs_one_slow_hash(site: Site, staff_no: str):
    """An unknown number takes as long as a known one."""
    before = site.hasher.verified

    fails(site, staff_no, 1)

    assert site.hasher.verified == before + 1


@pytest.mark.parametrize("staff_no", [ADMIN_NO, "Z99"], ids=["known", "unknown"])
def test_many_wrong_passwords_make_everybody_wait(site: Site, staff_no: str):
    """After the free attempts not even the right password is judged, and no slow hash is spent."""
    fails(site, staff_no, FREE_ATTEMPTS)
    before = site.hasher.verified

    with pytest.raises(LoginRefused) as refused:
        log_in(site.node, site.hasher, staff_no, PASSWORD)

    assert (refused.value.problems[0].code, refused.value.wait_ms) == (ProblemCode.WAIT, LOCKOUT_FIRST_MS)
    assert site.hasher.verified == before


def test_the_wait_ends(site: Site):
    """After the waiting time the right password works, and as many free attempts are left as at first."""
    fails(site, ADMIN_NO, FREE_ATTEMPTS)
    site.pass_ms(LOCKOUT_FIRST_MS)
    log_in(site.node, site.hasher, ADMIN_NO, PASSWORD)
    before = site.hasher.verified

    fails(site, ADMIN_NO, FREE_ATTEMPTS)

    assert site.hasher.verified == before + FREE_ATTEMPTS


@pytest.mark.parametrize(
    ("count", "wait_ms"),
    [
        (0, 0),
        (FREE_ATTEMPTS - 1, 0),
        (FREE_ATTEMPTS, LOCKOUT_FIRST_MS),
        (FREE_ATTEMPTS + 1, 2 * LOCKOUT_FIRST_MS),
        (FREE_ATTEMPTS + 4, 16 * LOCKOUT_FIRST_MS),
        (FREE_ATTEMPTS + 5, LOCKOUT_MAX_MS),
        (10**6, LOCKOUT_MAX_MS),
    ],
)
def test_the_wait_doubles_up_to_a_bound(count: int, wait_ms: int):
    """Each further wrong password doubles the wait."""
    assert waiting_ms(count) == wait_ms


def test_wrong_passwords_of_one_person_stop_nobody_else(site: Site):
    """A colleague logs in while another number is locked."""
    hire_with_password(site, "A07", "advisor")
    fails(site, ADMIN_NO, FREE_ATTEMPTS)

    assert log_in(site.node, site.hasher, "A07", PASSWORD).token


def test_inventing_names_does_not_end_the_wait_for_a_person(site: Site, tmp_path: Path):
    """More made-up names than are remembered push out each other, and never a colleague's count."""
    fails(site, ADMIN_NO, FREE_ATTEMPTS)
    now_ms = site.node.clock.now_ms() + 1
    with site.node.store.write() as tx:
        for number in range(FAILURES_KEPT_MAX):
            invented = LoginFailures(name_hash_of(f"X{number}", is_known=False), 1, now_ms)
            tx.local.put_login_failures(invented, FAILURES_KEPT_MAX)

    fails(site, "Z99", 1)

    assert problems_of(lambda: log_in(site.node, site.hasher, ADMIN_NO, PASSWORD)) == WAIT
    assert len(rows_of(tmp_path)["login_failure"]) == FAILURES_KEPT_MAX + 1


def test_a_start_code_lets_its_owner_choose_a_password(site: Site):
    """The code, typed back in lower case and with letters read for digits, opens the first session."""
    staff, code = add_member(site.as_admin, {"staff_no": "A07", "full_name": "Person", "role": "advisor"})
    typed = code.lower().replace("1", "l").replace("0", "o")

    opened = begin_with_code(site.node, site.hasher, "a07", typed, PASSWORD)

    assert opened.staff == staff
    assert log_in(site.node, site.hasher, "A07", PASSWORD).staff == staff


@pytest.mark.parametrize(
    "spoil",
    [
        lambda site, code: begin_with_code(site.node, site.hasher, "A07", code, PASSWORD),
        lambda site, _: site.pass_ms(START_CODE_MS),
        lambda site, _: issue_start_code(site.as_admin, hired(site)),
        lambda site, _: let_leave(site.as_admin, hired(site)),
    ],
    ids=["used", "too old", "replaced", "its owner left"],
)
def test_a_start_code_is_good_once(site: Site, spoil: Callable[[Site, str], object]):
    """A code that was used, is too old, was replaced or belongs to nobody here is as wrong as any other."""
    _, code = add_member(site.as_admin, {"staff_no": "A07", "full_name": "Person", "role": "advisor"})
    spoil(site, code)

    assert problems_of(lambda: begin_with_code(site.node, site.hasher, "A07", code, "another password")) == WRONG_CODE


def test_a_start_code_is_no_password(site: Site):
    """Until a password was chosen, logging in with the code fails."""
    _, code = add_member(site.as_admin, {"staff_no": "A07", "full_name": "Person", "role": "advisor"})

    assert problems_of(lambda: log_in(site.node, site.hasher, "A07", code)) == WRONG


def test_guessing_codes_is_slowed_down(site: Site):
    """Wrong codes count like wrong passwords."""
    add_member(site.as_admin, {"staff_no": "A07", "full_name": "Person", "role": "advisor"})

    for _ in range(FREE_ATTEMPTS):
        problems_of(lambda: begin_with_code(site.node, site.hasher, "A07", "00000-00000", PASSWORD))

    assert problems_of(lambda: begin_with_code(site.node, site.hasher, "A07", "00000-00000", PASSWORD)) == WAIT


@pytest.mark.parametrize("chosen", ["", "short", "x" * (PASSWORD_CHARS_MAX + 1), "A0700000", "\ud800" * 10])
def test_a_weak_password_uses_no_code_up(site: Site, chosen: str):
    """Too short, too long, the staff number or half characters are refused before the code is spent."""
    _, code = add_member(site.as_admin, {"staff_no": "A0700000", "full_name": "Person", "role": "advisor"})

    refused = problems_of(lambda: begin_with_code(site.node, site.hasher, "A0700000", code, chosen))

    assert refused == [("password", ProblemCode.WEAK_PASSWORD)]
    assert begin_with_code(site.node, site.hasher, "A0700000", code, PASSWORD).token


def test_changing_the_password_ends_other_sessions(site: Site):
    """The old password and the other browsers are out at once."""
    opened = change_password(site.node, site.hasher, site.admin, present=PASSWORD, chosen="another sentence")

    assert present_session(site.node, site.session.token) is None
    assert present_session(site.node, opened.token) is not None
    assert problems_of(lambda: log_in(site.node, site.hasher, ADMIN_NO, PASSWORD)) == WRONG


def test_a_password_is_changed_only_by_who_knows_it(site: Site):
    """A browser left open is not enough."""
    refused = problems_of(
        lambda: change_password(site.node, site.hasher, site.admin, present="no", chosen="another sentence")
    )

    assert refused == WRONG_PRESENT
    assert present_session(site.node, site.session.token) is not None


def test_the_password_of_a_colleague_of_the_same_number_changes_nothing(site: Site):
    """Two machines without a line may have hired under one number; neither of the two changes the other's password."""
    view = next(one.view for one in list_staff(site.node))
    twin = commit(site.node, [Draft(STAFF, RecordId(b"\xff" * 16), {**view.values})])
    assert twin is not None

    refused = problems_of(
        lambda: change_password(
            site.node, site.hasher, RecordId(b"\xff" * 16), present=PASSWORD, chosen="another sentence"
        )
    )

    assert refused == WRONG_PRESENT


def test_the_operator_of_the_machine_gives_the_last_administrator_a_code(site: Site):
    """Whoever stands at the command line helps somebody who forgot the password; from the desk it is refused."""
    refused = problems_of(lambda: issue_start_code(site.as_admin, site.admin))

    issue_start_code(site.node, site.admin)

    assert refused == [("staff", ProblemCode.LOCKED)]
    assert [one.has_password for one in list_staff(site.node)] == [False]


def test_a_start_code_ends_password_and_sessions(site: Site):
    """Whoever is given a new code is out at once, and the old password opens nothing."""
    advisor = hire_with_password(site, "A07", "advisor")

    issue_start_code(site.as_admin, advisor.staff)

    assert present_session(site.node, advisor.token) is None
    assert problems_of(lambda: log_in(site.node, site.hasher, "A07", PASSWORD)) == WRONG


@dataclass
class SlowHasher(TestHasher):
    """While a password is verified, somebody does something else."""

    meanwhile: Callable[[], object] = str

    def verify(self, encoded: str, password: str) -> bool:
        """As before, after the interruption."""
        self.meanwhile()
        return super().verify(encoded, password)


@pytest.mark.parametrize("work", [issue_start_code, let_leave], ids=["reset", "left"])
def test_what_changes_while_a_password_is_verified_counts(site: Site, work: Callable[..., object]):
    """A password that was taken away in that tenth of a second opens no session."""
    advisor = hire_with_password(site, "A07", "advisor")
    hasher = SlowHasher(meanwhile=lambda: work(site.as_admin, advisor.staff))

    assert problems_of(lambda: log_in(site.node, hasher, "A07", PASSWORD)) == WRONG


def test_an_outdated_hash_is_renewed_at_login(site: Site):
    """When the parameters were raised, the next login stores the password under the new ones."""
    log_in(site.node, TestHasher(parameters="v2"), ADMIN_NO, PASSWORD)

    with site.node.store.read() as tx:
        credential = tx.local.credential(site.admin)

    assert credential is not None
    assert credential.password_hash == f"v2${PASSWORD}"


def test_no_code_and_no_password_lies_in_the_database(tmp_path: Path):
    """What is stored lets nobody in: codes and tokens only as hashes."""
    site = build_site(tmp_path)
    _, code = add_member(site.as_admin, {"staff_no": "A07", "full_name": "Person", "role": "advisor"})

    stored = text_of(rows_of(tmp_path))

    assert code not in stored
    assert code.replace("-", "") not in stored
    assert site.session.token not in stored


def test_argon2_knows_its_own_passwords():
    """A password verifies against its hash, another does not, and the hash of nobody belongs to no password."""
    hasher = Argon2Passwords()
    encoded = hasher.hash(PASSWORD)

    assert encoded.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert [hasher.verify(encoded, PASSWORD), hasher.verify(encoded, "no"), hasher.verify(hasher.nobody, "")] == [
        True,
        False,
        False,
    ]
    assert not hasher.is_outdated(encoded)


def test_an_unknown_hash_is_no_password():
    """What is no Argon2 hash is answered, not raised."""
    assert not Argon2Passwords().verify("", PASSWORD)
