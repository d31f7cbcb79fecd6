"""No log line of the node holds a personal value, whatever was passed to the logger."""

import io
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import structlog

from carnet_node.adapters.logging import DROPPED, configure_logging, drop_personal, personal_names
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.registry import Privacy

PERSONAL = sorted(
    {
        one.name
        for kind in REGISTRY.kinds
        for register in kind.registers
        if register.privacy is not Privacy.PUBLIC
        for one in register.fields
    }
)


@dataclass(frozen=True)
class Presented:
    """Something that holds a personal value, as views do."""

    full_name: str


PRESENTED = Presented("Zhang Wei")


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """Log lines as JSON, and the logging set-up as it was afterwards."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    configure_logging(as_json=True)
    written = io.StringIO()
    handler = root.handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(written)
    yield written
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.mark.parametrize("field", PERSONAL)
def test_every_personal_field_of_the_registry_is_dropped(lines: io.StringIO, field: str):
    """A value passed under the name of a personal or secret field does not reach the line."""
    structlog.get_logger().info("saved", **{field: "Zhang Wei 13800000000"})

    assert "Zhang" not in lines.getvalue()
    assert json.loads(lines.getvalue())[field] == DROPPED


def test_a_personal_field_is_dropped_at_any_depth():
    """Values inside mappings and lists are dropped too."""
    process = drop_personal(personal_names(REGISTRY))

    event = process(None, "info", {"event": "saved", "row": {"deep": [{"full_name": "Zhang Wei", "row_no": 3}]}})

    assert event == {"event": "saved", "row": {"deep": [{"full_name": DROPPED, "row_no": 3}]}}


def test_what_is_nested_too_deep_is_dropped_unread():
    """Beyond four levels nothing is looked at and nothing is kept."""
    process = drop_personal(personal_names(REGISTRY))

    event = process(None, "info", {"a": {"b": {"c": {"d": {"e": {"secret": "Zhang"}}}}}})

    assert event == {"a": {"b": {"c": {"d": {"e": DROPPED}}}}}


@pytest.mark.parametrize("value", [PRESENTED, {PRESENTED}, ValueError("Zhang Wei")], ids=["view", "set", "exception"])
def test_an_object_is_logged_by_its_type(lines: io.StringIO, value: object):
    """Whatever holds more than one value is never printed with what it holds."""
    structlog.get_logger().info("shown", what=value)

    assert json.loads(lines.getvalue())["what"] == f"<{type(value).__qualname__}>"


def test_public_facts_stay(lines: io.StringIO):
    """Ids, counts and reasons are what a log is for."""
    structlog.get_logger().info("pushed", sets=3, set_hash=b"\x01\x02", reason="gap")

    line = json.loads(lines.getvalue())
    assert (line["event"], line["sets"], line["set_hash"], line["reason"]) == ("pushed", 3, "0102", "gap")


def test_a_long_text_is_cut(lines: io.StringIO):
    """No text of more than 300 characters gets into a line whole."""
    structlog.get_logger().info("failed", detail="x" * 5000)

    assert json.loads(lines.getvalue())["detail"] == "x" * 300 + "..."


def test_libraries_go_through_the_same_processors(lines: io.StringIO):
    """A line of another library's logger comes out in the same form."""
    logging.getLogger("uvicorn.error").warning("started")

    assert json.loads(lines.getvalue())["event"] == "started"


def test_an_exception_is_logged_by_type_and_place(lines: io.StringIO):
    """What an exception says, which may be the row it failed on, does not reach the line."""
    try:
        int("Zhang Wei")
    except ValueError:
        structlog.get_logger().exception("import failed")

    line = json.loads(lines.getvalue())
    assert line["exception"].startswith("ValueError < test_logging.py:")
    assert "Zhang" not in lines.getvalue()


def test_an_exception_of_a_library_is_logged_by_type_and_place(lines: io.StringIO):
    """The web server's own errors leave the same trace as ours."""
    try:
        int("Zhang Wei")
    except ValueError:
        logging.getLogger("uvicorn.error").exception("failed")

    assert json.loads(lines.getvalue())["exception"].startswith("ValueError < test_logging.py:")
    assert "Zhang" not in lines.getvalue()


def test_requests_are_not_logged_with_their_addresses(lines: io.StringIO):
    """The HTTP libraries, whose lines hold whole addresses, are silent below warnings."""
    logging.getLogger("httpx").info("GET /v1/search?q=13800000000")

    assert lines.getvalue() == ""
