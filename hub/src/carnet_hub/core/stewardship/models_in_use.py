"""The models that weigh at a moment: what a person activated, or else what comes with the program.

Decides which models are in use at a snapshot, and that nobody weighs with others. What may be activated, and by whom,
is decided in `models`; files are read and compiled by `master_ports.Models`.

Rules:
- The setting `ACTIVE` is read in every transaction that weighs somebody, so no process goes on with a model that a
  person has replaced, and several processes never weigh differently.
- A model in use that cannot be used any more (an update reads names otherwise, the file is damaged, its signature is
  not this hub's) weighs nobody: equal documents still count. Nothing takes its place by itself; the operator is told.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from carnet_hub.core.hub import Hub
from carnet_hub.core.master_rows import ModelRow
from carnet_hub.core.ports import Snapshot

ACTIVE: Final = "matching_models"
"""Setting: kind of party and model id, alternating; a kind that is left out uses the shipped model."""

POLICY: Final = "master_policy"
"""Setting: what the matcher may link, and whether a car alone is contact enough; none means the default."""


def active_models(snapshot: Snapshot) -> dict[str, bytes]:
    """The models that a person has activated and nobody has retired, by kind of party."""
    words = (snapshot.setting(ACTIVE) or b"").decode().split()
    return {kind: bytes.fromhex(model_id) for kind, model_id in zip(words[::2], words[1::2], strict=True)}


def weighing_now(hub: Hub, snapshot: Snapshot) -> Hub:
    """The same hub, weighing with the models that are in use at a snapshot."""
    active = active_models(snapshot)
    if not active:
        return hub
    weigher = hub.models.weigher(hub.weigher, active, lambda model_id: activated(snapshot, model_id))
    return replace(hub, weigher=weigher)


def files_in_use(hub: Hub) -> Mapping[str, bytes]:
    """The files of the models in use, by kind of party; of one that cannot be used there is none."""
    with hub.store.read() as snapshot:
        return weighing_now(hub, snapshot).weigher.files()


def unusable_models(hub: Hub, snapshot: Snapshot) -> frozenset[str]:
    """Kinds of party whose model a person has activated and nobody can use: there is none, or it breaks a rule.

    It is what weighs in this process; a process looks at a model when it comes into use.
    """
    active = active_models(snapshot)
    if not active:
        return frozenset()
    return frozenset(active) - weighing_now(hub, snapshot).weigher.files().keys()


def activated(snapshot: Snapshot, model_id: bytes) -> ModelRow | None:
    """The file and signature of a model that was ever activated; None when there is none."""
    return next((row for row in snapshot.scan(ModelRow) if row.model_id == model_id), None)
