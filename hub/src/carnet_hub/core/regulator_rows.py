"""What the hub keeps about who may look from outside, and who did, as plain rows.

No projections: the log says nothing of it, and no fold reads or clears it.
"""

from typing import NamedTuple


class RegulatorTokenRow(NamedTuple):
    """One token of a regulator.

    Attributes:
        token_id: 8 bytes; stands in front of the secret and in every access.
        name: code of the authority or of its officer, no name of a person.
        secret_hash: SHA-256 of the secret, which is kept nowhere.
        scopes, campaigns, networks: words with a space between them; no campaigns and no networks mean any.
        hub_epoch: the hub's history in which somebody last said that the token counts.
        revoked_ms: 0 while it stands.
    """

    token_id: bytes
    name: str
    secret_hash: bytes
    scopes: str
    campaigns: str
    networks: str
    hub_epoch: bytes
    created_ms: int
    expires_ms: int
    revoked_ms: int


class RegulatorAccessRow(NamedTuple):
    """One request of somebody whose token was known, revoked or not.

    Attributes:
        at_ms: the hub's clock, never behind its log.
        access_id: 8 random bytes.
        way: `api`, `page`, or `cli` of an operator, whose token id is empty.
        scope: what was asked for.
        subject: a campaign, a report, a request; a vehicle only as a keyed hash.
        outcome: `answered`, or why not.
        operator: code of who used the command line; empty for a token.
    """

    at_ms: int
    access_id: bytes
    token_id: bytes
    way: str
    scope: str
    subject: str
    outcome: str
    operator: str


class NamedExportRow(NamedTuple):
    """A request for the owners of some vehicles, and what became of it.

    Attributes:
        request_id: 16 bytes.
        asked_by: name of the token.
        vins: the vehicles as a JSON list, sealed; empty once nobody needs them.
        vehicles: how each of them stands in the ledger, with a space between; kept. Empty for what was over before
            requests kept it.
        decided_by, decided_ms: who released or refused it, and when; empty and 0 while nobody has.
        is_refused: 1 for a refusal.
        read_ms: when it was read; 0 while it was not.
    """

    request_id: bytes
    token_id: bytes
    asked_by: str
    campaign_no: str
    case_no: str
    vins: bytes
    vin_count: int
    asked_ms: int
    decided_by: str
    decided_ms: int
    is_refused: int
    read_ms: int
    vehicles: str


RegulatorRow = RegulatorTokenRow | RegulatorAccessRow | NamedExportRow
