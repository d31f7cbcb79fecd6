"""The forms of the regulator API: what its description says, and what is answered in them.

Holds no rules; docs/spec/regulator-api.md says what the values mean.
"""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from carnet_hub.core.limits import POSITION_MAX
from carnet_hub.core.regulator_limits import CASE_CHARS_MAX, NAMED_VINS_MAX, VIN_CHARS_TYPED_MAX
from carnet_protocol.limits import CODE_CHARS_MAX

Count = Annotated[int, Field(ge=0)]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Problem(_Shape):
    """Why a request was not answered (RFC 9457)."""

    type: str
    title: str
    status: int
    code: str
    what: str
    safe: str
    next: str
    retry: bool


class CampaignRow(_Shape):
    """A campaign as a list shows it."""

    campaign_no: str
    title: str
    state: str
    hazard_level: str
    plan_version: Count
    member_count: Count
    published_at: str | None


class CampaignList(_Shape):
    """Every campaign that the token covers."""

    hub_epoch: str
    log_position: Count
    campaigns: list[CampaignRow]


class WorkItem(_Shape):
    """One thing that is done on a car, and what has to be fitted."""

    item_no: Count
    label: str
    part_no: str
    software_version: str
    is_required: bool


class Work(_Shape):
    """What is done on a car, and what evidence is owed; nothing where the plan says nothing."""

    evidence: list[str] = []
    items: list[WorkItem] = []


class PlanVersion(_Shape):
    """A version of the plan: its document is found by its hash."""

    version: Count
    sha256: Sha256


class Event(_Shape):
    """Something that happened, and the signed change set that says so."""

    event: str
    happened_on: str
    file_reference: str
    plan_version: int | None
    plan_sha256: Sha256 | None
    noted_at: str
    retracted: str
    reason: str
    explanation: str
    withdrawn_reasons: list[str]
    withdrawn_count: int
    set_hash: Sha256 | None
    node_id: str | None
    log_position: int | None


class Related(_Shape):
    """Numbers of other campaigns that the token covers: what this one replaces, is replaced by, is a part of, has."""

    supersedes: list[str]
    superseded_by: list[str]
    parent: list[str]
    parts: list[str]


class CampaignView(_Shape):
    """One campaign."""

    campaign: dict[str, Any]
    related: Related
    stage: str
    work: Work
    plans: list[PlanVersion]
    events: list[Event]
    log_position: Count


class PlanSignature(_Shape):
    """The signed change set that names a plan by its hash."""

    sha256: Sha256
    version: Count
    event: str
    node_id: str
    log_position: Count
    set_hash: Sha256
    signing_key: Sha256
    cose_sign1: str


class ProgressRecord(_Shape):
    """How far a campaign has come; further fields as `recalls progress --json`."""

    model_config = ConfigDict(extra="allow")

    log_position: Count
    members: Count
    completed: Count
    open: Count
    removed: Count
    states: dict[str, Count]


class Day(_Shape):
    """Completions whose work was done on a day, and up to it."""

    day: str
    completed: Count
    cumulative: Count


class Site(_Shape):
    """Completions of one site."""

    site_code: str
    province_code: str
    completed: Count


class Province(_Shape):
    """Completions in one province; empty where nobody has said it."""

    province_code: str
    completed: Count


class ProgressOverTime(_Shape):
    """How far a campaign has come, and how."""

    record: ProgressRecord
    days: list[Day]
    sites: list[Site]
    provinces: list[Province]


class VehicleQuestion(_Shape):
    """A vehicle number as somebody typed it; in the body, so that it stands in no address and no log of one."""

    vin: Annotated[str, Field(min_length=1, max_length=VIN_CHARS_TYPED_MAX)]


class VehicleCitation(_Shape):
    """A signed set of the log."""

    set_hash: Sha256 | None
    node_id: str | None
    log_position: int | None


class VehicleCompletion(_Shape):
    """A reported completion, what became of it, where it stands, and where it was taken back."""

    fate: str
    method: str | None
    done_on: str
    set_hash: Sha256 | None
    node_id: str | None
    log_position: int | None
    retracted_by: VehicleCitation | None


class VehicleRecall(_Shape):
    """The state of a vehicle in one campaign."""

    campaign_no: str
    title: str | None
    hazard_level: str | None
    campaign_state: str
    state: str | None
    came_back: bool
    completions: list[VehicleCompletion]


class Vehicle(_Shape):
    """A vehicle's recalls; nothing of its owner."""

    vin: str
    as_of: str
    problems: list[str]
    suggestion: str | None
    log_position: Count
    recalls: list[VehicleRecall]


class Change(_Shape):
    """One record that an entry of the log has changed."""

    position: Annotated[int, Field(ge=0, le=POSITION_MAX)]
    at: str
    what: str
    campaign_no: str
    vin: str


class Changes(_Shape):
    """A page of changes; the next one begins behind `log_position`."""

    hub_epoch: str
    after: Count
    log_position: Count
    is_complete: bool
    changes: list[Change]


class ExportFile(_Shape):
    """A file that can be downloaded."""

    name: str
    sha256: Sha256
    size_bytes: Count
    rows: Count


class Export(_Shape):
    """A signed report that can be downloaded; `manifest` is the SHA-256 of its manifest."""

    manifest: Sha256
    campaign_no: str
    profile: str | None
    as_of: str | None
    restates: str | None
    created_at: str | None
    log_position: Count
    archive: str
    files: list[ExportFile]


class ExportList(_Shape):
    """Every published report of the campaigns that the token covers."""

    exports: list[Export]


class NamedRequest(_Shape):
    """A request for the owners of some vehicles of one campaign."""

    campaign_no: Annotated[str, Field(min_length=1, max_length=CODE_CHARS_MAX)]
    case_no: Annotated[str, Field(max_length=CASE_CHARS_MAX)]
    vins: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=VIN_CHARS_TYPED_MAX)]],
        Field(min_length=1, max_length=NAMED_VINS_MAX),
    ]


class NamedExport(_Shape):
    """A request and where it stands; no vehicle and no person."""

    request_id: str
    asked_by: str
    campaign_no: str
    case_no: str
    vehicles: Count
    step: str
    asked_at: str
    decided_by: str
    decided_at: str | None
    read_at: str | None


class NamedExports(_Shape):
    """Requests, oldest first."""

    requests: list[NamedExport]


class NamedRelease(NamedExport):
    """A request as it is shown to whoever may release it: with the vehicles that it asks for."""

    vins: list[str]


class NamedToRelease(_Shape):
    """Requests that wait to be released, oldest first."""

    requests: list[NamedRelease]


class Contact(_Shape):
    """A telephone or an address, with its day and how far it can be trusted; further fields as they are on file."""

    model_config = ConfigDict(extra="allow")

    as_of: str
    confidence: str


class Owner(_Shape):
    """What is known of the owner of one vehicle."""

    vin: str
    state: str
    known: str
    name: str
    first_sale_owner: str
    phone: Contact | None
    address: Contact | None


class NamedOwners(NamedExport):
    """A request that is read, with the owners: this once."""

    owners: list[Owner]
