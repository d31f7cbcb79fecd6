"""Whether the keys beside a hub's database are the ones its log was begun with.

Decides that a hub with another key does not start: it would sign receipts that no node believes, entries that its own
log could not verify, and seal values that neither key opens ever after. Reads the hub's own `hub_key` records; a
purpose without a record was never stated and is not compared. The data key has no public half: the database keeps a
value that derives from it, since `init`, or since the first opening by a program that compares it.
"""

from collections.abc import Mapping
from typing import Final

from carnet_hub.core.at_rest import plain_entries
from carnet_hub.core.hub import Hub
from carnet_hub.core.identities.parties import plain_features
from carnet_hub.core.master_rows import PartyRow
from carnet_hub.core.ports import Snapshot
from carnet_hub.core.shown import shown_values
from carnet_protocol.kinds import HUB_KEY
from carnet_protocol.registry import Registry

DATA_KEY_CHECK: Final = "data_key_check"
"""Setting: 16 bytes that derive from the data key and say nothing about it."""


def has_foreign_data_key(snapshot: Snapshot, check: bytes) -> bool:
    """Whether the database commits to another data key than the one behind `check`."""
    return snapshot.setting(DATA_KEY_CHECK) not in (None, check)


def commit_to_data_key(hub: Hub, check: bytes) -> None:
    """Let a database that commits to no data key yet commit to the one that lies here.

    Args:
        check: of the key behind the hub's box.

    Raises:
        HubFailure: a value that is stored was sealed with another key; nothing was written.
    """
    with hub.store.read() as snapshot:
        if snapshot.setting(DATA_KEY_CHECK) is not None:
            return
        _open_one_secret(hub, snapshot)
    with hub.store.write() as transaction:
        transaction.set_setting(DATA_KEY_CHECK, check)


def _open_one_secret(hub: Hub, snapshot: Snapshot) -> None:
    """Open the features of some customer, all of which are sealed; without any, what is sealed of the records."""
    for party in snapshot.scan(PartyRow):
        plain_features(hub.box, party)
        return
    for rules in hub.rules.values():
        for row in snapshot.records_of_kind(rules.number) if rules.secret else ():
            plain_entries(hub.box, row.kind, row.id, row.entries)


def foreign_keys(snapshot: Snapshot, registry: Registry, keys: Mapping[str, bytes]) -> list[str]:
    """The purposes for which another key was stated than the one that lies here.

    Args:
        keys: public keys by purpose (`sign`, `exchange`, `export`), raw 32 bytes each.
    """
    stated: dict[str, set[object]] = {}
    for row in snapshot.records_of_kind(HUB_KEY.number):
        values = shown_values(registry, row)
        if values.get("status") == "active":
            stated.setdefault(str(values.get("purpose")), set()).add(values.get("public_key"))
    return [purpose for purpose, key in keys.items() if purpose in stated and key not in stated[purpose]]
