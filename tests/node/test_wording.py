"""Whatever goes wrong, a person reads what happened, what is safe and what to do next."""

import pytest

from carnet_node.core.failures import HubRefused, HubUnreachable, KeysUnreadable, NodeFailure, NotEnrolled
from carnet_node.core.refusals import CommandRefused, Problem, ProblemCode
from carnet_node.core.store_failures import DiskFull, StoreBusy
from carnet_node.entrypoints.wording import Exit, explain_failure
from carnet_protocol.errors import BadValue, Malformed, NotAllowed
from carnet_protocol.reasons import Reason, explain


def leaves(kind: type[NodeFailure]) -> list[type[NodeFailure]]:
    """Every failure below a kind that is raised; unreadable keys are, and have a kind below them."""
    below = kind.__subclasses__()
    found = [leaf for one in below for leaf in (leaves(one) or [one])]
    return [*found, kind] if kind is KeysUnreadable else found


def made(kind: type[NodeFailure]) -> NodeFailure:
    """A failure of a kind."""
    return kind("signing.key", "missing") if issubclass(kind, KeysUnreadable) else kind("detail")


@pytest.mark.parametrize("kind", leaves(NodeFailure), ids=lambda kind: kind.__name__)
def test_every_failure_of_the_node_has_its_three_sentences(kind: type[NodeFailure]):
    """No failure is told as "something unexpected"."""
    told = explain_failure(made(kind))

    assert told.code != "internal"
    assert all(sentence.rstrip().endswith((".", ")", ".)")) for sentence in (told.what, told.safe, told.next))


@pytest.mark.parametrize("reason", list(Reason))
def test_every_refusal_brings_its_own_sentences(reason: Reason):
    """A refusal of the protocol is told with the words of its reason."""
    told = explain_failure(Malformed(reason, "here"))

    assert (told.code, "(here)" in told.what, bool(told.safe), bool(told.next)) == (reason.value, True, True, True)


@pytest.mark.parametrize(
    ("failure", "exit_code", "status"),
    [
        (HubUnreachable("no line"), Exit.BUSY, 503),
        (StoreBusy("locked"), Exit.BUSY, 503),
        (Malformed(Reason.BUSY), Exit.BUSY, 503),
        (NotEnrolled("no identity"), Exit.REFUSED, 409),
        (HubRefused(Reason.SUSPENDED_NODE, "", 403), Exit.REFUSED, 409),
        (BadValue(Reason.BAD_FIELD, "number", "too long"), Exit.REFUSED, 422),
        (BadValue(Reason.NOT_FOUND, "kind"), Exit.REFUSED, 404),
        (RuntimeError("bug"), Exit.REFUSED, 500),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_a_failure_has_one_exit_code_and_one_status(failure: Exception, exit_code: Exit, status: int):
    """Trying again helps with code 3 and status 503, and with nothing else."""
    told = explain_failure(failure)

    assert (told.exit_code, int(told.status)) == (exit_code, status)


@pytest.mark.parametrize("reason", [Reason.FOREIGN_RECORD, Reason.HUB_ONLY, Reason.TOO_MANY_HEADS])
def test_what_this_machine_refused_is_not_told_to_be_kept(reason: Reason):
    """Nothing was saved, so nobody reads that the work is kept here or parked at the hub, as when the hub refuses."""
    here, there = explain_failure(NotAllowed(reason)), explain_failure(HubRefused(reason, "", 403))

    assert (here.safe, there.safe) == ("Nothing was changed.", explain(reason).safe)


def test_a_form_is_told_with_every_problem():
    """Each mistake has its field, and nothing was saved."""
    refused = CommandRefused(
        [
            Problem("full_name", ProblemCode.MISSING, "A person needs a name.", "Fill it in."),
            Problem("phones[0].number", ProblemCode.BAD_PHONE, "It has too few digits.", "Type it again."),
        ]
    )

    told = explain_failure(refused)

    assert told.lines() == [
        "full_name: A person needs a name. Fill it in.",
        "phones[0].number: It has too few digits. Type it again.",
        "Nothing was saved; what you entered is still on the screen.",
    ]


def test_a_bug_is_told_without_its_text():
    """What an unexpected exception says may hold a row, so only its type is shown."""
    told = explain_failure(RuntimeError("Zhang Wei 13800138000"))

    assert ("RuntimeError" in told.what, "Zhang" in str(told.as_dict())) == (True, False)


def test_a_full_disk_is_called_by_its_name():
    """A full disk is told as that, although it is also one of the ways in which a database is of no use."""
    told = explain_failure(DiskFull("database or disk is full"))

    assert (told.code, told.what, told.status) == ("disk-full", "There is no room left on the disk.", 507)
