"""Options of commands that record recalls done, and what a command says where its record closes nothing or lacks."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Annotated, Final

import typer

from carnet_node.core.node import Node
from carnet_node.core.recalls.recall_remarks import Remark, remark_on
from carnet_node.core.saving.editing import campaign_of, require_visit
from carnet_node.core.showing.undone_recalls import remarks_of
from carnet_node.entrypoints.cli.output import Row
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import COMPLETION_METHODS

RecallDone = Annotated[list[str] | None, typer.Option("--recall-done", help="number of a campaign carried out here")]
Evidence = Annotated[
    list[str] | None,
    typer.Option(
        "--evidence",
        help="what the campaign wants shown, as recall=1;technician_code=T3;part_no=...: also software_version, "
        "fitted_serial, odometer_km, photo_hash, signature_hash (SHA-256), items_done (first item 1, second 2, "
        "both 3), proof_level; recall is the place of its --recall-done, needed when there are several",
    ),
]
Method = Annotated[str, typer.Option("--method", help=", ".join(COMPLETION_METHODS))]

_KEPT: Final = "It is recorded all the same; where it is a mistake, take it back on the order's page."
_SENTENCES: Final = {
    Remark.WITHDRAWN: f"this recall was withdrawn, so the hub counts no work for it. {_KEPT}",
    Remark.NOT_LISTED: "no list that is here names this car, so the hub counts nothing unless its own list does. "
    f"Compare the number with the car. {_KEPT}",
    Remark.DONE_BEFORE: f"this recall was done on this car before, so the hub counts it once. {_KEPT}",
}


def named_campaigns(node: Node, numbers: list[str] | None) -> list[tuple[str, RecordId]]:
    """The campaigns that were named, each with its number.

    Raises:
        CommandRefused: no such campaign has arrived here.
    """
    return [(number, campaign_of(node, number)) for number in numbers or ()]


def remarks_on(node: Node, car: str, campaigns: Iterable[tuple[str, RecordId]]) -> list[Row]:
    """What is to be said of recalls that are about to be recorded on a car, by number.

    Args:
        car: VIN or frame number.
    """
    found = [(number, remark_on(node, car, campaign)) for number, campaign in campaigns]
    return [
        {"campaign_no": number, "remark": remark.value, "what": _SENTENCES[remark]}
        for number, remark in found
        if remark is not None
    ]


def open_remarks(node: Node, visit: RecordId) -> list[Row]:
    """What is to be said of recalls that an order leaves open on its car, or that nobody knows of."""
    return [asdict(one) for one in remarks_of(node, require_visit(node, visit))]
