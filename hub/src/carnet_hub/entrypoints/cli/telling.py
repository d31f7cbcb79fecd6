"""Failures in words: what happened, what is safe, what to do next, and the exit code that goes with it."""

from dataclasses import dataclass, field
from typing import Any, Final

import typer
from pydantic import ValidationError

from carnet_hub.adapters.logging import places_of
from carnet_hub.core.failures import AlreadyErased, ExportDiffers, HubFailure, ListRefused, RetentionRuns
from carnet_hub.core.ports import StoreError
from carnet_hub.entrypoints.cli.exits import Exit
from carnet_protocol.errors import BadValue, Refused
from carnet_protocol.reasons import Reason, explain
from carnet_storage.core.failures import StorageFailure

_KEPT: Final = "What was stored before is unchanged."


@dataclass(frozen=True, slots=True)
class Told:
    """A failure as an operator reads it.

    Attributes:
        code: of the catalogue, or the failure's name in lower case with dashes.
        facts: more for programs, such as the faulty lines of a list.
    """

    code: str
    what: str
    safe: str
    next: str
    exit_code: int
    facts: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {"code": self.code, "what": self.what, "safe": self.safe, "next": self.next, **self.facts}

    def lines(self) -> list[str]:
        """For people; faulty lines come first, so that the sentences stand last on the screen."""
        faulty = [
            f"{one['file']}:{one['line']}: {one['problem']}: {one['text']}"
            if one["file"]
            else f"{one['problem']}: {one['text']}"
            for one in self.facts.get("faulty", ())
        ]
        return [*faulty, self.what, self.safe, self.next]


def tell_failure(error: BaseException) -> Told:
    """The words for whatever a command ended with; a fault of this program is told by type and place, never by text."""
    match error:
        case StoreError():
            return _told(error, Exit.BUSY)
        case ListRefused():
            faulty = [
                {"file": one.file_name, "line": one.line, "problem": one.problem, "text": one.text}
                for one in error.faulty
            ]
            return _told(error, Exit.REFUSED, {"faulty": faulty, "faulty_count": error.faulty_count})
        case ExportDiffers():
            return _told(error, Exit.REFUSED, {"file": error.file_name})
        case AlreadyErased():
            return _told(error, Exit.REFUSED, {"orders": list(error.orders)})
        case RetentionRuns():
            facts = {"class_id": error.class_id, "verdict": error.verdict, "until": error.until}
            return _told(error, Exit.REFUSED, facts)
        case HubFailure():
            return _told(error, Exit.REFUSED)
        case StorageFailure():
            return Told(error.code, error.what, error.safe, error.next, Exit.REFUSED)
        case Refused():
            return _told_refusal(error)
        case ValidationError():
            names = ", ".join(f"CARNET_HUB_{one['loc'][0]}".upper() for one in error.errors() if one["loc"])
            return Told(
                "settings",
                f"Settings are outside their range: {names}.",
                "Nothing was changed.",
                "Correct them and try again.",
                Exit.USAGE,
            )
        case KeyboardInterrupt() | typer.Abort():
            return Told("interrupted", "Stopped.", _KEPT, "Run the same command again.", Exit.INTERRUPTED)
        case OSError():
            place = f" ({error.filename})" if error.filename is not None else ""
            what = f"The system said: {error.strerror or type(error).__name__}{place}."
            return Told(
                "system",
                what,
                _KEPT,
                "Look at disk space and permissions.",
                Exit.REFUSED,
            )
        case _:
            return _told_usage(error) if hasattr(error, "format_message") else _told_fault(error)


def _told_refusal(error: Refused) -> Told:
    """A refusal at this command line: whatever the reason means to a node, nothing was changed here."""
    text = explain(error.reason)
    what, then = text.what, text.next
    if isinstance(error, BadValue) and error.reason is Reason.BAD_FIELD and error.detail:
        what, then = f"{error.detail}.", "Correct it and try again."
    elif error.detail:
        what = f"{text.what.rstrip('.')} ({error.detail})."
    return Told(error.reason.value, what, "Nothing was changed.", then, Exit.REFUSED, {"detail": error.detail})


def _told_usage(error: Any) -> Told:
    """Wrong usage; the class of such an error is not among the public names of the command-line library."""
    help_of = error.ctx.command_path if error.ctx is not None else "carnet-hub"
    return Told("usage", error.format_message(), "Nothing was changed.", f"Run `{help_of} --help`.", Exit.USAGE)


def _told_fault(error: BaseException) -> Told:
    where = " < ".join([type(error).__name__, *reversed(places_of(error))])
    what = f"Something unexpected went wrong: {where}."
    then = "Run `carnet-hub log verify`, and send these lines to the maintainers."
    return Told("internal", what, _KEPT, then, Exit.REFUSED)


def _told(failure: HubFailure, exit_code: Exit, facts: dict[str, Any] | None = None) -> Told:
    name = type(failure).__name__
    code = "".join(f"-{char.lower()}" if char.isupper() else char for char in name).lstrip("-")
    return Told(code, failure.what, failure.safe, failure.next, exit_code, facts or {})
