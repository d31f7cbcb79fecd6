"""Changes of keys as the contract tests make them: the folder before and after, and a stick there and back."""

from carnet_hub.core.exchange.bundling import pack_for, parts_for, take_bundle
from carnet_node.adapters.rotating import rotate
from carnet_node.bootstrap import Installation, open_installation
from carnet_node.core.line.bundling import pack_for_hub, take_from_hub
from carnet_node.core.log.rebuild import check_rebuild
from carnet_node.core.upkeep.doctor import verify_chain
from support.hub_apps import TestHub


def change_key(node: Installation) -> Installation:
    """Change the signing key; the folder as the next process finds it."""
    rotate(node.node(), node.keyring, node.signing_keys, node.entropy)
    return started_again(node)


def started_again(node: Installation) -> Installation:
    """The same folder, as the next process finds it."""
    node.store.close()
    return open_installation(node.settings)


def key_files(node: Installation) -> set[str]:
    """The signing keys in the folder, public ones left out."""
    found = {path.name for path in node.settings.keys_dir.iterdir() if path.name.startswith("signing")}
    return found - {"signing.former"}


def held_keys(node: Installation) -> set[bytes]:
    """Ids of every private key in the folder, whatever it may still do."""
    return {one.key_id for one in node.signing_keys.for_hellos()}


def is_whole(node: Installation) -> bool:
    """Whether log and tables verify."""
    _, problem = verify_chain(node.node(), *node.signing_keys.public())
    return problem is None and check_rebuild(node.node()).differences == ()


def stick_of(node: Installation) -> bytes:
    """What waits, on a stick."""
    return pack_for_hub(node.node(), software="test").plain


def answer_to(hub: TestHub, stick: bytes) -> bytes:
    """What the hub writes onto the stick that brought it this."""
    taken = take_bundle(hub.app.hub, stick)
    parts = [*taken.parts, *parts_for(hub.app.hub, hub.app.segments, taken.node, taken.since)]
    return pack_for(hub.app.hub, taken.node, parts)


def carry_stick(hub: TestHub, node: Installation) -> None:
    """A stick goes to the hub, and its answer comes back."""
    take_from_hub(node.node(), answer_to(hub, stick_of(node)))
