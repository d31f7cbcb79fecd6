"""Failures in words: what happened, what is safe, what to do next, and the exit code that goes with it."""

from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from carnet_hub.core.failures import ExportDiffers, HubFailure, ListRefused
from carnet_hub.core.ports import StoreError
from carnet_hub.entrypoints.cli.exits import Exit
from carnet_protocol.errors import Refused
from carnet_protocol.reasons import explain


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
            f"{one['file']}:{one['line']}: {one['problem']}: {one['text']}" for one in self.facts.get("faulty", ())
        ]
        return [*faulty, self.what, self.safe, self.next]


def tell_failure(error: Exception) -> Told | None:
    """The words for a failure; None for a bug, which keeps its traceback."""
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
        case HubFailure():
            return _told(error, Exit.REFUSED)
        case Refused():
            text = explain(error.reason)
            return Told(error.reason.value, text.what, text.safe, text.next, Exit.REFUSED, {"detail": error.detail})
        case ValidationError():
            names = ", ".join(str(one["loc"][0]) for one in error.errors() if one["loc"])
            return Told(
                "settings",
                f"Settings are outside their range: {names}.",
                "Nothing was changed.",
                "Correct them.",
                Exit.USAGE,
            )
        case OSError():
            what = f"The system said: {error.strerror or type(error).__name__}."
            return Told(
                "system",
                what,
                "What was stored before is unchanged.",
                "Look at disk space and permissions.",
                Exit.REFUSED,
            )
        case _:
            return None


def _told(failure: HubFailure, exit_code: Exit, facts: dict[str, Any] | None = None) -> Told:
    name = type(failure).__name__
    code = "".join(f"-{char.lower()}" if char.isupper() else char for char in name).lstrip("-")
    return Told(code, failure.what, failure.safe, failure.next, exit_code, facts or {})
