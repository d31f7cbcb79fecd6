"""The hub's log: what happened, to which node or set, and never about whom.

Decides where lines go (stderr), their form, and what may not stand in them: the value of any key that names a
personal or secret field of the registry is left out, at every depth; an object is logged by its type, because a row or
a view would print all that it holds; an exception by type and place, because its text may quote the row it failed on.
"""

import contextlib
import logging
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from carnet_hub.core.limits import LOG_CHARS_MAX, LOG_DEPTH_MAX, LOG_FRAMES_MAX
from carnet_protocol.ids import record_text
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.registry import Privacy

LEFT_OUT: Final = "[left out]"

_TAKEN_OUT_LATER: Final = frozenset({"event", "_record", "_from_structlog"})
"""Keys that stay as they are: the line's own words, and what the formatter needs whole and takes out itself."""

PERSONAL_KEYS: Final = frozenset(
    one.name
    for kind in REGISTRY.kinds
    for register in kind.registers
    if register.privacy is not Privacy.PUBLIC
    for one in register.fields
) | frozenset({"name", "phone", "plate", "address", "fields", "values", "opening", "body", "code", "secret", "token"})
"""Keys whose values no line may hold: the registry's personal and secret fields, and what usually carries them."""


class _ToStderr(logging.Handler):
    """Writes to whatever stderr is at that moment, so that nothing holds on to a stream that was closed."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line; a line that cannot be written is dropped, for work must not fail over its log."""
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(self.format(record) + "\n")


class LoggedAlarms:
    """`ports.Alarms` as error lines that an operator's monitoring can count."""

    def set_failed(self, nonce: bytes, error: Exception) -> None:
        """See `ports.Alarms`."""
        structlog.get_logger("carnet_hub").error("set_parked_internal", nonce=nonce.hex(), exc_info=error)

    def count_failed(self, position: int, error: Exception) -> None:
        """See `ports.Alarms`."""
        structlog.get_logger("carnet_hub").error("recall_count_failed", position=position, exc_info=error)

    def model_unusable(self, model_id: bytes, detail: str) -> None:
        """See `ports.Alarms`."""
        structlog.get_logger("carnet_hub").error("matching_model_unusable", model_id=model_id.hex(), detail=detail)

    def customer_unweighed(self, customer: bytes, error: Exception) -> None:
        """See `ports.Alarms`."""
        structlog.get_logger("carnet_hub").error("customer_unweighed", customer=record_text(customer), exc_info=error)

    def look_ups_unusual(self, dealer_id: bytes, count: int) -> None:
        """See `ports.Alarms`."""
        structlog.get_logger("carnet_hub").error("look_ups_unusual", dealer_id=record_text(dealer_id), count=count)


def leave_out_personal(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """A processor that keeps personal values out of a line, wherever in it they stand."""
    return {key: value if key in _TAKEN_OUT_LATER else _cleaned(key, value, 0) for key, value in event.items()}


def place_exception(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """A processor that turns an exception into its type and the lines it came through."""
    given = event.pop("exc_info", None)
    error = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
        event["at"] = places_of(error)
    return event


def places_of(error: BaseException) -> list[str]:
    """The lines an exception came through, the innermost last; never its text."""
    frames = traceback.extract_tb(error.__traceback__)[-LOG_FRAMES_MAX:]
    return [f"{Path(one.filename).stem}.{one.name}:{one.lineno}" for one in frames]


def configure_logging(*, as_json: bool) -> None:
    """Send every log of this process, libraries included, to stderr through the same processors.

    Args:
        as_json: one JSON object a line, for machines; otherwise text for people.
    """
    processors: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        place_exception,
        leave_out_personal,
    ]
    renderer: Processor = structlog.processors.JSONRenderer(ensure_ascii=False)
    if not as_json:
        renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    structlog.configure(
        processors=[*processors, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    handler = _ToStderr()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=processors,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for noisy in ("uvicorn.access", "httpx", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _cleaned(key: str, value: object, depth: int) -> object:
    if key in PERSONAL_KEYS or depth > LOG_DEPTH_MAX:
        return LEFT_OUT
    if isinstance(value, Mapping):
        return {str(name): _cleaned(str(name), one, depth + 1) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_cleaned("", one, depth + 1) for one in value]
    if isinstance(value, bytes):
        return value.hex()[:LOG_CHARS_MAX]
    if isinstance(value, str):
        return value[:LOG_CHARS_MAX]
    return value if value is None or isinstance(value, int | float) else f"<{type(value).__qualname__}>"
