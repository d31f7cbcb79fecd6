"""How a command that did not work ends: three sentences for people, one JSON value for programs, an exit code.

Decides that every failure is told this way: a refusal, wrong usage, a setting, a file the system does not give, an
interruption, and a fault of this program, which is told by type and place and never by its text (a text may hold the
row it failed on). The sentences of refusals and of the node's own failures are in `wording`.
"""

import json
import sys
from dataclasses import replace
from typing import Any

import typer

from carnet_node.adapters.logging import describe_exception
from carnet_node.core.refusals import CommandRefused
from carnet_node.entrypoints.wording import FAILURES, Exit, Explained, explain_failure
from carnet_node.settings import SettingsWrong

INTERRUPTED = 130
"""As shells count an end by Ctrl-C: 128 and the number of the signal."""


def tell_failure(error: BaseException, *, as_json: bool) -> int:
    """Print what a command ended with.

    Args:
        error: what it raised.
        as_json: print one JSON value on stdout instead of sentences on stderr.

    Returns: the exit code.
    """
    if isinstance(error, typer.Exit):
        return int(error.exit_code)
    usage = _usage_of(error)
    if usage is not None and not as_json:
        usage.show()
        return int(Exit.USAGE)
    told, code = _explain(error)
    if as_json:
        print(json.dumps({"error": told}, ensure_ascii=False))
    else:
        print("\n".join(_lines(error, told)), file=sys.stderr)
    return code


def _explain(error: BaseException) -> tuple[dict[str, object], int]:
    """What programs get, and the exit code."""
    if isinstance(error, FAILURES):
        explained = _explained(error)
        return explained.as_dict(), int(explained.exit_code)
    if isinstance(error, KeyboardInterrupt | typer.Abort):
        safe = "Everything that was saved before is kept."
        return _sentences("interrupted", "Stopped.", safe, "The same command goes on where it was."), INTERRUPTED
    if isinstance(error, SettingsWrong):
        what = f"Settings outside their range: {error}."
        return _sentences("settings", what, "Nothing was changed.", "Correct them and try again."), int(Exit.USAGE)
    usage = _usage_of(error)
    if usage is not None:
        help_of = usage.ctx.command_path if usage.ctx is not None else "carnet-node"
        what, then = usage.format_message(), f"Run `{help_of} --help`."
        return _sentences("usage", what, "Nothing was changed.", then), int(Exit.USAGE)
    if isinstance(error, OSError):
        place = f" ({error.filename})" if error.filename is not None else ""
        what = f"The system said: {error.strerror or type(error).__name__}{place}."
        safe = "Everything that was saved before is kept."
        return _sentences("system", what, safe, "Look at the folder, its permissions and the disk."), int(Exit.REFUSED)
    what = f"Something unexpected went wrong: {describe_exception(error)}."
    then = "Run `carnet-node doctor`; if it repeats, send these lines to the maintainers."
    return _sentences("internal", what, "Everything that was saved before is kept.", then), int(Exit.REFUSED)


def _lines(error: BaseException, told: dict[str, object]) -> list[str]:
    if isinstance(error, FAILURES):
        return _explained(error).lines()
    return [str(told[name]) for name in ("what", "safe", "next")]


def _explained(error: Exception) -> Explained:
    """The sentences of a refusal; those of a form speak of its screen, which a command line has not."""
    explained = explain_failure(error)
    return replace(explained, safe="Nothing was changed.") if isinstance(error, CommandRefused) else explained


def _sentences(code: str, what: str, safe: str, then: str) -> dict[str, object]:
    return {"code": code, "what": what, "safe": safe, "next": then}


def _usage_of(error: BaseException) -> Any:
    """The error, if the command-line library refused the command; its class is not among the library's public names."""
    return error if hasattr(error, "show") and hasattr(error, "format_message") else None
