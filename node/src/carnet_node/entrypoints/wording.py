"""What a person reads when something did not work: what happened, what is safe, what to do next.

Decides the sentences, the exit code of a command and the status of a JSON answer for every failure of the node. A
refusal carries a code from the protocol's catalogue and brings its own sentences; the node's own failures get theirs
here. No sentence holds a personal value. Decides nothing about the failure itself.
"""

from dataclasses import dataclass
from enum import IntEnum
from http import HTTPStatus
from typing import Final

from carnet_node.core.failures import (
    AlreadyEnrolled,
    AnotherSender,
    DatabaseGone,
    ForeignKeys,
    HighWaterUnreadable,
    HubUnreachable,
    KeysUnreadable,
    NodeFailure,
    NoHubThere,
    NotEnrolled,
    NotInitialised,
    WrongPassphrase,
)
from carnet_node.core.log.idempotency import AnswerGone, KeyReused
from carnet_node.core.refusals import CommandRefused, Problem
from carnet_node.core.store_failures import DiskFull, Rejoining, StoreBroken, StoreBusy, WritingStopped
from carnet_protocol.errors import BadValue, NotAllowed, Refused
from carnet_protocol.reasons import Reason, explain
from carnet_storage.core.failures import StorageFailure


class Exit(IntEnum):
    """Exit codes of every command."""

    OK = 0
    REFUSED = 1
    USAGE = 2
    BUSY = 3
    """Unreachable or busy: the same command may work in a moment."""


@dataclass(frozen=True, slots=True)
class Explained:
    """A failure as people and programs get it.

    Attributes:
        code: for programs; never changes.
        field: the form field a value belongs to, None when none does.
        problems: every mistake of a form, each with its field.
    """

    code: str
    what: str
    safe: str
    next: str
    exit_code: Exit
    status: HTTPStatus
    field: str | None = None
    problems: tuple[Problem, ...] = ()

    def as_dict(self) -> dict[str, object]:
        """For `--json` and problem documents; without field and problems when there are none."""
        told: dict[str, object] = {"code": self.code, "what": self.what, "safe": self.safe, "next": self.next}
        if self.field is not None:
            told["field"] = self.field
        if self.problems:
            told["problems"] = [
                {"field": one.field, "code": one.code.value, "what": one.what, "next": one.next}
                for one in self.problems
            ]
        return told

    def lines(self) -> list[str]:
        """For a terminal: what happened, what is safe, what to do next."""
        if not self.problems:
            return [self.what, self.safe, self.next]
        return [f"{one.field}: {one.what} {one.next}" for one in self.problems] + [self.safe]


FAILURES: Final = (Refused, NodeFailure, StorageFailure)
"""What refused, or cannot work, for a reason people can act on; anything else is a fault of this program."""

_KEPT: Final = "Everything recorded here is kept; nothing was lost."
_UNCHANGED: Final = "Nothing was changed."


def explain_failure(error: Exception) -> Explained:
    """The sentences for one of `FAILURES`."""
    if isinstance(error, Refused):
        return _explain_refusal(error)
    if isinstance(error, StorageFailure):
        status = HTTPStatus.INTERNAL_SERVER_ERROR
        return Explained(error.code, error.what, error.safe, error.next, Exit.REFUSED, status)
    for kind, (code, what, safe, then, exit_code, status) in _TEXTS.items():
        if isinstance(error, kind):
            return Explained(code, _with_detail(what, error), safe, _next_step(then, error), exit_code, status)
    return Explained(
        "internal",
        f"Something unexpected went wrong ({type(error).__name__}).",
        _KEPT,
        "Run `carnet-node doctor`; if it repeats, send its output to the maintainers.",
        Exit.REFUSED,
        HTTPStatus.INTERNAL_SERVER_ERROR,
    )


def _explain_refusal(error: Refused) -> Explained:
    text = explain(error.reason)
    if isinstance(error, CommandRefused):
        return Explained(
            error.reason.value,
            text.what,
            error.safe,
            error.problems[0].next,
            Exit.REFUSED,
            _STATUS.get(error.reason, HTTPStatus.UNPROCESSABLE_ENTITY),
            error.problems[0].field,
            error.problems,
        )
    is_value = isinstance(error, BadValue)
    what, then = text.what, text.next
    if is_value and error.reason is Reason.BAD_FIELD and error.detail:
        what, then = f"{error.detail}.", "Correct it and try again."
    elif error.detail:
        what = f"{text.what.rstrip('.')} ({error.detail})."
    field = error.field if isinstance(error, BadValue) else None
    status = _STATUS.get(error.reason, HTTPStatus.UNPROCESSABLE_ENTITY if is_value else HTTPStatus.CONFLICT)
    exit_code = Exit.BUSY if error.reason is Reason.BUSY else Exit.REFUSED
    # What somebody typed never went further than this machine, whatever the code means when a hub says it.
    safe = _UNCHANGED if is_value or isinstance(error, NotAllowed) else text.safe
    return Explained(error.reason.value, what, safe, then, exit_code, status, field)


def _with_detail(what: str, error: Exception) -> str:
    """The first sentence, with what exactly where it helps and is free of stored values."""
    match error:
        case WrongPassphrase():
            return what
        case KeysUnreadable():
            return f"{what} {error.file_name}: {error.detail}."
        case NotInitialised() | DatabaseGone():
            return f"{what} {error.folder}."
        case ForeignKeys():
            return f"{what} {error.site_code}."
        case NoHubThere():
            return f"{what} {error.url}."
        case DiskFull():
            return what
        case HubUnreachable() | StoreBroken():
            return f"{what.removesuffix('.')} ({error.detail})."
        case _:
            return what


def _next_step(then: str, error: Exception) -> str:
    """What to do, which for a key depends on what the key is for."""
    if not isinstance(error, KeysUnreadable) or isinstance(error, WrongPassphrase):
        return then
    if error.file_name.startswith(_LINE_KEYS):
        return _LOST_LINE_KEY
    return _LOST_DATA_KEY if error.file_name == "data.key" else then


_LINE_KEYS: Final = ("signing.", "exchange.")
_LOST_LINE_KEY: Final = (
    "Put it back with mode 600. If it is lost, go on in another folder: `carnet-node enrol --recover --from FOLDER`."
)
_LOST_DATA_KEY: Final = (
    "Put it back with mode 600. If it is lost or wrong, move it away, then run `carnet-node keys recover`."
)

_STATUS: Final[dict[Reason, HTTPStatus]] = {
    Reason.NOT_FOUND: HTTPStatus.NOT_FOUND,
    Reason.TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    Reason.FOREIGN_RECORD: HTTPStatus.FORBIDDEN,
    Reason.HUB_ONLY: HTTPStatus.FORBIDDEN,
    Reason.MALFORMED: HTTPStatus.BAD_REQUEST,
    Reason.BUSY: HTTPStatus.SERVICE_UNAVAILABLE,
    Reason.ILLEGAL_TRANSITION: HTTPStatus.CONFLICT,
}

_TEXTS: Final[dict[type[NodeFailure], tuple[str, str, str, str, Exit, HTTPStatus]]] = {
    HubUnreachable: (
        "unreachable",
        "The hub cannot be reached.",
        _KEPT,
        "Go on working; the node sends by itself when the line is back.",
        Exit.BUSY,
        HTTPStatus.SERVICE_UNAVAILABLE,
    ),
    AnotherSender: (
        "another-sender",
        "Another Carnet process on this machine is sending right now.",
        _KEPT,
        "Nothing: it sends what waits. Try again in a moment if you need the result here.",
        Exit.BUSY,
        HTTPStatus.SERVICE_UNAVAILABLE,
    ),
    StoreBusy: (
        "busy",
        "Another Carnet process on this machine is writing at the moment.",
        _UNCHANGED,
        "Try again in a moment.",
        Exit.BUSY,
        HTTPStatus.SERVICE_UNAVAILABLE,
    ),
    DiskFull: (
        "disk-full",
        "There is no room left on the disk.",
        "Nothing was saved now; everything that was saved before is kept.",
        "Make room on this machine, then save again. What is on the screen need not be typed anew.",
        Exit.REFUSED,
        HTTPStatus.INSUFFICIENT_STORAGE,
    ),
    StoreBroken: (
        "store-broken",
        "The database cannot be used as it is.",
        "What was saved before is in the file and in its backup.",
        "Look at the disk. If the file itself is damaged, move it aside with its -wal and run `carnet-node restore`.",
        Exit.REFUSED,
        HTTPStatus.INTERNAL_SERVER_ERROR,
    ),
    WritingStopped: (
        "superseded-epoch",
        "Another copy of this node has taken over, so nothing can be saved here.",
        "What this copy recorded is kept here and can be handed over.",
        "Stop working on this machine and call the hub operator.",
        Exit.REFUSED,
        HTTPStatus.CONFLICT,
    ),
    NoHubThere: (
        "no-hub-there",
        "No hub answers at",
        "Nothing was changed, and the code is as good as before.",
        "Check the address and the line, then enter the same command again. Without a line, enrol by files.",
        Exit.BUSY,
        HTTPStatus.SERVICE_UNAVAILABLE,
    ),
    NotInitialised: (
        "not-initialised",
        "There is no node in",
        _UNCHANGED,
        "Name the right folder with --data or CARNET_NODE_DATA_DIR, or make a new node with `carnet-node init`.",
        Exit.REFUSED,
        HTTPStatus.INTERNAL_SERVER_ERROR,
    ),
    DatabaseGone: (
        "database-gone",
        "The keys of this node are there and its database is not: node.db is missing in",
        "The keys are untouched, and what the hub has accepted is safe there.",
        "Run `carnet-node restore`. Without a backup: `carnet-node enrol --recover --from hub` in an empty folder.",
        Exit.REFUSED,
        HTTPStatus.INTERNAL_SERVER_ERROR,
    ),
    Rejoining: (
        "rejoining",
        "This database was restored from a backup, and what was recorded after it is not back yet.",
        "The hub holds everything that had reached it; nothing is overwritten.",
        "Run `carnet-node sync` to fetch it, or `carnet-node rejoin --offline` to work before the line is back.",
        Exit.BUSY,
        HTTPStatus.SERVICE_UNAVAILABLE,
    ),
    NotEnrolled: (
        "not-enrolled",
        "This machine does not belong to a dealer site yet.",
        _UNCHANGED,
        "Run `carnet-node enrol --hub URL CODE` with the code from the hub operator.",
        Exit.REFUSED,
        HTTPStatus.CONFLICT,
    ),
    AlreadyEnrolled: (
        "already-enrolled",
        "This data folder already has keys or belongs to a dealer site.",
        _UNCHANGED,
        "Use the folder as it is, or name another with --data. A lost database comes back with `carnet-node restore`.",
        Exit.REFUSED,
        HTTPStatus.CONFLICT,
    ),
    WrongPassphrase: (  # before what it is a kind of: the first that fits is told
        "keys-unreadable",
        "This recovery passphrase does not open data.recovery, or that file is damaged.",
        "No key and no database was changed; there is no limit to the tries.",
        "Compare it with the sheet printed last before that backup. No sheet: a code of `dealers recovery-code`.",
        Exit.REFUSED,
        HTTPStatus.INTERNAL_SERVER_ERROR,
    ),
    KeysUnreadable: (
        "keys-unreadable",
        "A key of this node cannot be used.",
        "No key and no database was changed.",
        "Name the right file or copy, with mode 600. Without one: a code of `dealers recovery-code`.",
        Exit.REFUSED,
        HTTPStatus.INTERNAL_SERVER_ERROR,
    ),
    ForeignKeys: (
        "foreign-keys",
        "The database here was written with other keys than those beside it: site",
        "The database and the keys are untouched.",
        "If this machine had a newer signing.key, put it back. On a new machine, or if it is lost: `enrol --recover`.",
        Exit.REFUSED,
        HTTPStatus.INTERNAL_SERVER_ERROR,
    ),
    KeyReused: (
        "idempotency-key-reused",
        "The Idempotency-Key of this request belongs to another one.",
        "Nothing was saved for this request; what was saved for the first one stands.",
        "Send every new request under a key of its own.",
        Exit.REFUSED,
        HTTPStatus.UNPROCESSABLE_ENTITY,
    ),
    AnswerGone: (
        "answer-gone",
        "This request was carried out before, and its answer is not kept here.",
        "It was saved once and is not saved again.",
        "Read the record as it is now.",
        Exit.REFUSED,
        HTTPStatus.CONFLICT,
    ),
    HighWaterUnreadable: (
        "high-water-unreadable",
        "The file that says what has left this machine is damaged or cannot be written.",
        "Nothing was sent, and everything recorded here is kept.",
        "Look at the disk; call the hub operator before you remove the file.",
        Exit.REFUSED,
        HTTPStatus.INTERNAL_SERVER_ERROR,
    ),
}
