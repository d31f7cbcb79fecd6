"""Recall lists that a hub of the tests has made, as a node is told of them.

made(world)
who(world, ListKind.REMEDIED)
"""

from carnet_hub.core.campaigns.offline_lists import MadeLists, make_lists
from carnet_hub.core.exchange.list_telling import signed_manifest
from carnet_protocol.recall_lists import ListEntry, ListKind, RecallManifest, read_manifest
from carnet_protocol.segments import decode_segment
from support.recall_world import RecallWorld


def made(world: RecallWorld, campaign_no: str | None = None) -> MadeLists:
    """The lists are made."""
    app = world.hub.app
    return make_lists(app.hub, app.segments, app.lists, campaign_no=campaign_no)


def told(world: RecallWorld, since: int = 0) -> RecallManifest:
    """What a node reads."""
    app = world.hub.app
    return read_manifest(signed_manifest(app.hub, app.lists, since), app.hub.public_key, app.hub.hub_id)


def content(world: RecallWorld, name: bytes) -> bytes:
    """A file that a node fetches."""
    app = world.hub.app
    found = app.segments.get(name) or app.lists.get(name)
    assert found is not None
    return found


def entry(manifest: RecallManifest, kind: ListKind) -> ListEntry:
    """The only list of a kind."""
    (found,) = [one for one in manifest.entries if one.kind == kind]
    return found


def who(world: RecallWorld, kind: ListKind) -> set[str]:
    """Who is on a list that a node has fetched whole."""
    return {vin for one in entry(told(world), kind).segments for vin in decode_segment(content(world, one.sha256))}
