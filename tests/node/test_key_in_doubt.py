"""A key in doubt is told wherever somebody looks, with what is safe and what to do next; how it ends is in contract."""

from pathlib import Path

import pytest

from carnet_node.adapters.system import run_blocking
from carnet_node.core.log.signing import keep_own_keys
from carnet_node.core.node import Node
from carnet_node.core.showing.status import KEY_IN_DOUBT, status_of
from carnet_node.core.upkeep.doctor import Grade, examine_node
from carnet_node.entrypoints.cli.service import status_lines
from carnet_node.entrypoints.presenting import status_json
from carnet_node.entrypoints.web.desk import Desk
from carnet_node.entrypoints.web.guards import LOOPBACK_NAMES
from support.browsing import Visitor
from support.node_builder import build_node
from support.shared_api import shared_api
from support.staffed import Site


def put_in_doubt(node: Node) -> Node:
    """As a database from before two changes of the key is found beside its keys."""
    with node.store.write() as tx:
        keep_own_keys(tx, [b"f" * 32, b"p" * 32], change=None, is_in_doubt=True)
    return node


def browser(site: Site) -> Visitor:
    """The administrator's, in Chinese."""
    api = shared_api(Desk(site.node, run_blocking, hasher=site.hasher), hosts=LOOPBACK_NAMES, token="for programs")
    return Visitor(site.node, api).with_session(site.session.token)


@pytest.mark.parametrize("is_in_doubt", [False, True])
def test_the_doctor_watches_a_key_in_doubt(tmp_path: Path, *, is_in_doubt: bool):
    """It is worth watching and not wrong: the next round ends it."""
    node = build_node(tmp_path)
    if is_in_doubt:
        put_in_doubt(node)

    finding = next(one for one in examine_node(node) if one.name == "signing key")

    assert (finding.grade, bool(finding.next)) == ((Grade.WATCH, True) if is_in_doubt else (Grade.FINE, False))


def test_status_tells_people_and_programs(tmp_path: Path):
    """Three sentences for people, a fact for programs."""
    found = status_of(put_in_doubt(build_node(tmp_path)))

    lines = status_lines(found, offset_minutes=480)

    assert lines[-3:] == [KEY_IN_DOUBT.what, KEY_IN_DOUBT.safe, KEY_IN_DOUBT.next]
    told = status_json(found)
    assert (told["is_key_in_doubt"], told["is_key_gone"]) == (True, False)


def test_the_sync_centre_tells_it_in_both_languages(site: Site):
    """What happened, what is safe and what to do next, in Chinese and in English."""
    put_in_doubt(site.node)
    desk = browser(site)

    chinese, english = desk.open("/sync"), desk.in_english().open("/sync")

    assert "数据库早于旁边的密钥" in chinese
    assert "本机记录全部保留，任何密钥都不会被移除。" in chinese
    assert "The database is older than the keys beside it" in english
    assert "carnet-node enrol --recover" in english
