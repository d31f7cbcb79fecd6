"""Logs without personal data.

Decides where log lines go (stderr) and what may not stand in them. A processor drops every key that is the name of a
personal or secret field in the registry, wherever it is nested, and cuts every text: names, phones, plates, addresses
and notes have no way into a log even when a programmer passes them by mistake. Exceptions are logged by type and
place, never by text. Ids of records, sets and nodes are public and stay.
"""

import logging
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from carnet_node.core.limits import LOG_CHARS_MAX, LOG_DEPTH_MAX, LOG_FRAMES_MAX
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.registry import Privacy, Registry

DROPPED: Final = "[dropped]"
_TAKEN_OUT_LATER: Final = frozenset({"_record", "_from_structlog", "exc_info"})
"""Keys of an event that the formatter and `name_exception` need whole, and take out before it is printed."""

_ALIASES: Final = frozenset(
    {"name", "phone", "plate", "address", "values", "fields", "query", "text", "passphrase", "code"}
)
"""Names of arguments that usually carry such values, beside the registry's own."""


def personal_names(registry: Registry) -> frozenset[str]:
    """Field and register names that are personal or secret, in any kind."""
    registers = [
        register for kind in registry.kinds for register in kind.registers if register.privacy is not Privacy.PUBLIC
    ]
    names = {one.name for register in registers for one in register.fields}
    return frozenset(names | {register.name for register in registers}) | _ALIASES


def drop_personal(names: frozenset[str]) -> Processor:
    """A processor that replaces the values of these keys, at any depth, by a mark.

    Args:
        names: keys to drop; the event's own text is kept.
    """

    def process(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        """The event without the values of those keys."""
        return {key: value if key in _TAKEN_OUT_LATER else _clean(key, value, names, 0) for key, value in event.items()}

    return process


def name_exception(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """A processor that keeps where an exception came from and drops what it said.

    The text of a foreign exception may hold the row it failed on; type, file, line and function never do.
    """
    given = event.pop("exc_info", None)
    error = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        event["exception"] = describe_exception(error)
    return event


def describe_exception(error: BaseException) -> str:
    """Type and places of an exception, the innermost first; never its text."""
    frames = traceback.extract_tb(error.__traceback__)[-LOG_FRAMES_MAX:]
    where = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
    return " < ".join([type(error).__qualname__, *reversed(where)])


def configure_logging(*, as_json: bool) -> None:
    """Send every log of the process, libraries included, through the same processors to stderr.

    Args:
        as_json: one JSON object a line, for machines; otherwise text for people.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        drop_personal(personal_names(REGISTRY)),
        name_exception,
    ]
    renderer: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if as_json
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for chatty in ("httpx", "httpcore", "uvicorn.access", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def _clean(key: str, value: object, names: frozenset[str], depth: int) -> object:
    """A value as it may be logged."""
    if key in names:
        return DROPPED
    if isinstance(value, Mapping):
        if depth >= LOG_DEPTH_MAX:
            return DROPPED
        return {str(inner): _clean(str(inner), one, names, depth + 1) for inner, one in value.items()}
    if isinstance(value, list | tuple):
        return DROPPED if depth >= LOG_DEPTH_MAX else [_clean("", one, names, depth + 1) for one in value]
    if isinstance(value, bytes):
        return value.hex()[:LOG_CHARS_MAX]
    if isinstance(value, str):
        return value if len(value) <= LOG_CHARS_MAX else value[:LOG_CHARS_MAX] + "..."
    # A view, a command or an exception would be printed with all that it holds.
    return value if value is None or isinstance(value, int | float) else f"<{type(value).__qualname__}>"
