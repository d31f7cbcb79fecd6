"""The command line of a node that holds a recall of one car, received as a page from the hub."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from carnet_node.bootstrap import open_installation
from carnet_node.core.line.inbox import apply_page
from carnet_node.core.node import Node
from carnet_node.core.recalls.recall_set import store_segment
from carnet_node.settings import NodeSettings
from carnet_protocol.segments import encode_segment
from support.cli_node import CliNode, enrol_folder
from support.model_hub import ModelHub
from support.recall_lists import announce
from support.vins import make_vins

LISTED = make_vins(1)[0]
LIST = encode_segment([LISTED])
NUMBER = "R2026-1"


def node_in(folder: Path) -> Node:
    """The node whose data folder lies in `folder`."""
    return open_installation(NodeSettings(data_dir=folder / "data")).node()


def with_recall(folder: Path, capsys: pytest.CaptureFixture[str]) -> CliNode:
    """Enrol a node in `folder` and give it the recall."""
    enrol_folder(folder)
    announce(hub := ModelHub(), LIST, count=1)
    node = node_in(folder)
    with node.store.read() as tx:
        feed = tx.feed()
    assert feed is not None
    apply_page(node, replace(hub.page(node), hub_epoch=feed.hub_epoch))
    store_segment(node, LIST)
    return CliNode(folder, capsys)
