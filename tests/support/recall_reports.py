"""Completion reports and report heads for tests, with meaningful defaults and no real vehicle."""

from carnet_hub.core.campaigns.report import Citation, ReportHead
from carnet_hub.core.counting.progress import NO_PROOF, CompletionReport, Proof
from carnet_protocol.ids import Nonce, OpId, RecordId, op_id

DEALER_A = b"dealer-a" + bytes(8)
DEALER_B = b"dealer-b" + bytes(8)
NOW_MS = 1_790_000_000_000

RETRACTIONS = 1_000_000
"""So far behind a completion's set is the one that takes it back."""


def op(number: int) -> OpId:
    """The op id of the only op of a numbered set."""
    return op_id(Nonce(number.to_bytes(14, "big")), 0)


def completion(
    vin: str,
    number: int = 1,
    *,
    dealer: bytes = DEALER_A,
    done_ms: int | None = NOW_MS,
    admitted_ms: int = NOW_MS + 1000,
    method: str | None = "repaired",
    is_retracted: bool = False,
    proof: Proof = NO_PROOF,
    is_seen: bool = True,
) -> CompletionReport:
    """A completion of `vin` by the set with this number."""
    return CompletionReport(
        RecordId(number.to_bytes(16, "big")),
        op(number),
        dealer,
        vin,
        b"visit" + number.to_bytes(11, "big"),
        done_ms,
        admitted_ms,
        method,
        op(number + RETRACTIONS) if is_retracted else None,
        proof,
        is_seen,
    )


def citation(number: int) -> Citation:
    """Where the set with this number stands in the log."""
    return Citation(number.to_bytes(32, "big"), b"node" + bytes(12), number)


def report_head(**changes: object) -> ReportHead:
    """The head of a report about campaign S2026M0001 at position 77."""
    values: dict[str, object] = {
        "hub_id": bytes(range(16)),
        "hub_epoch": bytes(8),
        "campaign": {
            "campaign_no": "S2026M0001",
            "title": "Brake hose",
            "producer": "Example Motor Co.",
            "hazard_level": "normal",
            "plan_version": 2,
            "published_at": NOW_MS,
            "segment_hashes": bytes(32),
        },
        "position": 77,
        "created_ms": NOW_MS,
        "site_codes": {DEALER_A: "A001", DEALER_B: "B001"},
    }
    return ReportHead(**{**values, **changes})  # type: ignore[arg-type]
