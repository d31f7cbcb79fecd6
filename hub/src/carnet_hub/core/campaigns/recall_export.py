"""What a recall report needs from the hub, read in one snapshot: progress, and where the log says so.

Decides the moment a report stands for, that every judged completion is cited, and what a citation leads to. Does not
decide what the files say (`report`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from carnet_hub.core.campaigns.kept_counts import kept_sums
from carnet_hub.core.campaigns.recalls import Campaign, Counted, Watched, count_campaign
from carnet_hub.core.campaigns.report import Citation, ReportHead, campaign_values
from carnet_hub.core.counting.progress import Progress
from carnet_hub.core.hub import Hub
from carnet_hub.core.ports import RecordReads
from carnet_hub.core.sets.histories import history_at
from carnet_hub.core.sets.intake import find_signers
from carnet_hub.core.shelves import SegmentShelf
from carnet_protocol.envelope import Purpose, read_envelope, verify_envelope
from carnet_protocol.errors import NotAllowed
from carnet_protocol.ids import OpId, nonce_of
from carnet_protocol.reasons import Reason


@dataclass(frozen=True, slots=True)
class PreparedExport:
    """Everything an export is made of but the member list, which is read while it is written."""

    head: ReportHead
    campaign: Campaign
    progress: Progress
    citations: Mapping[OpId, Citation]


@dataclass(frozen=True, slots=True)
class CitedSet:
    """A change set as its author signed it; the personal values beside it stay where they are.

    Attributes:
        position: of the log entry that holds it.
        signing_key: raw 32-byte Ed25519 key that verifies `message`.
    """

    position: int
    node_id: bytes
    epoch: bytes
    seq: int
    set_hash: bytes
    signing_key: bytes
    message: bytes


@dataclass(frozen=True, slots=True)
class Described:
    """A campaign's public fields and totals, for screens and programs.

    Attributes:
        is_kept: the totals are the sums that are kept; otherwise they were counted anew.
    """

    values: dict[str, object]
    is_kept: bool


def prepare_export(
    hub: Hub, segments: SegmentShelf, campaign_no: str, *, created_ms: int | None = None
) -> PreparedExport:
    """Count a campaign and look its evidence up.

    Args:
        created_ms: date of the report; the hub's clock when left out.

    Raises:
        Unusable: no such campaign, or a segment is missing.
    """
    with hub.store.read() as snapshot:
        counted = count_campaign(hub, segments, snapshot, campaign_no)
        citations = cite(snapshot, [op for judged in counted.progress.judged for op in judged.report.cited])
    head = _head(hub, counted, hub.clock.now_ms() if created_ms is None else created_ms)
    return PreparedExport(head, counted.campaign, counted.progress, citations)


def describe_progress(hub: Hub, segments: SegmentShelf, campaign_no: str) -> Described:
    """How far a campaign has come as of now, by the sums that are kept as far as they can answer (`kept_counts`).

    Raises:
        Unusable: no such campaign, or a segment is missing.
    """
    with hub.store.read() as snapshot:
        found = kept_sums(hub, segments, snapshot, campaign_no)
    head = ReportHead(hub.hub_id, hub.hub_epoch, found.campaign.values, found.position, hub.clock.now_ms(), {})
    return Described(campaign_values(head, found.sums), found.is_kept)


def recount_progress(hub: Hub, segments: SegmentShelf, campaign_no: str, watched: Watched) -> Described:
    """As `describe_progress`, counted anew from every record.

    Args:
        watched: goes through the members, for somebody who waits.

    Raises:
        Unusable: no such campaign, or a segment is missing.
    """
    with hub.store.read() as snapshot:
        counted = count_campaign(hub, segments, snapshot, campaign_no, watched)
    return Described(campaign_values(_head(hub, counted, hub.clock.now_ms()), counted.progress.sums), is_kept=False)


def cite(snapshot: RecordReads, ops: Iterable[OpId]) -> dict[OpId, Citation]:
    """The log entry that decided the change set of each op."""
    by_nonce = {op: nonce_of(op) for op in ops}
    admissions = snapshot.admissions(set(by_nonce.values()))
    rows = snapshot.log_facts({one.decided_at for one in admissions.values()})
    found: dict[OpId, Citation] = {}
    for op, nonce in by_nonce.items():
        admission = admissions.get(nonce)
        if admission is not None:
            row = rows[admission.decided_at]
            found[op] = Citation(row.set_hash, row.node_id, row.position)
    return found


def cited_set(hub: Hub, op: OpId) -> CitedSet:
    """The signed set that an op stands in, for whoever checks a report's row.

    Raises:
        NotAllowed: NOT_FOUND, no change set with this op has arrived.
    """
    with hub.store.read() as snapshot:
        admission = snapshot.admissions([nonce_of(op)]).get(nonce_of(op))
        row = snapshot.log_rows([admission.stored_at]).get(admission.stored_at) if admission is not None else None
        if row is None or row.message is None:
            raise NotAllowed(Reason.NOT_FOUND, "no change set with this op has arrived")
        envelope = read_envelope(row.message)
        signer = find_signers(hub, snapshot, [envelope])[envelope.key_id]
    verify_envelope(envelope, signer.signing_key, Purpose.CHANGESET, hub.hub_id)
    return CitedSet(row.position, row.node_id, row.epoch, row.seq, row.set_hash, signer.signing_key, row.message)


def _head(hub: Hub, counted: Counted, created_ms: int) -> ReportHead:
    values = counted.campaign.values
    hub_epoch = history_at(hub, counted.position)
    return ReportHead(hub.hub_id, hub_epoch, values, counted.position, created_ms, counted.site_codes)
