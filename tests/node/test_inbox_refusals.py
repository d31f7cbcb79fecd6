"""Pages and receipts that are authentic but not for this node, not in order, or damaged."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from carnet_node.core.line.inbox import apply_page
from carnet_node.core.log.authoring import commit
from carnet_node.core.node import Node
from carnet_node.core.store_failures import StoreBusy
from carnet_protocol.envelope import Purpose, seal_envelope
from carnet_protocol.errors import Malformed, NotAuthentic, OutOfOrder, Refused
from carnet_protocol.messages import HubSet, Page, SettledRow
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import Value
from support.exchange import answer, deliver, draft
from support.model_hub import ModelHub
from support.node_builder import (
    DEALER_B,
    HUB,
    build_node,
    close_node,
    rows_of,
)
from support.protocol import signer

RED: dict[str, Value] = {"color": "red"}
BLUE: dict[str, Value] = {"color": "blue"}


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """An enrolled node without data."""
    return build_node(tmp_path)


Change = Callable[[Page], Page]

NOT_BELIEVED = [
    pytest.param(lambda page: _with(page, node_id=bytes(16)), NotAuthentic, Reason.UNKNOWN_NODE, id="another node's"),
    pytest.param(lambda page: _with(page, dealer_id=DEALER_B), NotAuthentic, Reason.UNKNOWN_NODE, id="another site's"),
    pytest.param(
        lambda page: _with(page, hub_epoch=bytes(8)), OutOfOrder, Reason.HUB_EPOCH_CHANGED, id="another hub epoch"
    ),
    pytest.param(lambda page: _with(page, cursor_from=1), OutOfOrder, Reason.GAP, id="beyond the cursor"),
    pytest.param(
        lambda page: _with(page, rows=[_with(page.rows[0], entries=[[1]])]), Malformed, Reason.MALFORMED, id="no entry"
    ),
    pytest.param(
        lambda page: _with(page, rows=[_with(page.rows[0], kind=0)]), Malformed, Reason.MALFORMED, id="kind zero"
    ),
    pytest.param(
        lambda page: _with(page, rows=[*page.rows, _with(page.rows[0], settled=[_bad_settled()])]),
        Malformed,
        Reason.MALFORMED,
        id="a bad settled value in the second row",
    ),
    pytest.param(
        lambda page: _with(page, hub_sets=[_forged_hub_set()]), NotAuthentic, Reason.BAD_SIGNATURE, id="forged hub set"
    ),
]


def _with(frame: Any, **changes: Any) -> Any:
    return msgspec.structs.replace(frame, **changes)


def _bad_settled() -> Any:
    return SettledRow(0, ["no entry"], bytes(16))


def _forged_hub_set() -> HubSet:
    return HubSet(1, 1, seal_envelope(b"x", Purpose.CHANGESET, HUB, signer("somebody else")), b"")


@pytest.mark.parametrize(("change", "error", "reason"), NOT_BELIEVED)
def test_a_page_that_is_not_believed_changes_nothing(
    tmp_path: Path, hub: ModelHub, change: Change, error: type, reason: Reason
):
    """A page for somebody else, out of order or damaged leaves every table as it was."""
    node = build_node(tmp_path)
    hub.write(draft(RED), author=DEALER_B)
    page = change(hub.page(node))
    before = rows_of(tmp_path)

    with pytest.raises(Refused) as refused:
        apply_page(node, page)

    assert (type(refused.value), refused.value.reason) == (error, reason)
    assert rows_of(tmp_path) == before


@pytest.mark.parametrize(
    ("changes", "error", "reason"),
    [
        pytest.param({"node_id": bytes(16)}, NotAuthentic, Reason.UNKNOWN_NODE, id="another node's"),
        pytest.param({"nonce": bytes(14)}, NotAuthentic, Reason.UNKNOWN_NODE, id="a set never written here"),
        pytest.param({"set_hash": bytes(32)}, NotAuthentic, Reason.FORK, id="another set under this number"),
        pytest.param({"hub_epoch": bytes(8)}, OutOfOrder, Reason.HUB_EPOCH_CHANGED, id="another hub epoch"),
    ],
)
def test_a_receipt_that_does_not_fit_changes_nothing(
    tmp_path: Path, hub: ModelHub, changes: dict, error: type, reason: Reason
):
    """Of several receipts one that does not fit keeps all of them out."""
    node = build_node(tmp_path)
    commit(node, [draft(RED)])
    commit(node, [draft(BLUE, 2)])
    good, bad = deliver(node, hub)
    before = rows_of(tmp_path)

    with pytest.raises(Refused) as refused:
        answer(node, good, _with(bad, **changes))

    assert (type(refused.value), refused.value.reason) == (error, reason)
    assert rows_of(tmp_path) == before


def test_a_page_while_the_database_is_locked_can_be_applied_later(tmp_path: Path, hub: ModelHub):
    """A busy database loses nothing: the same page is applied at the next try."""
    node, other = build_node(tmp_path), build_node(tmp_path)
    hub.write(draft(RED), author=DEALER_B)
    page = hub.page(node)

    with other.store.write(), pytest.raises(StoreBusy):
        apply_page(node, page)

    assert apply_page(node, page).rows == 1
    close_node(other)
