"""A recall campaign as its producer hands it over: texts, and a list of vehicles.

Decides whether texts and list can become a plan: every text is there, the number of distinct vehicles is the declared
one, and each line of the list was read. Does not decide who may publish it, nor how members are looked up.

Rules
1. No line is dropped silently. A line that is no valid VIN, or outside what the campaign declares, is reported with its
   number; the whole list is refused, or, when somebody says so, taken with these lines exactly as listed: producers do
   list numbers with a wrong check digit. Never so a number under which no desk can keep a car (15, 16 or 18 characters,
   an I, O or Q among 17): nobody could ever find it, and it may be another car's with a character lost.
2. Repeated lines count once and are reported by number. The declared count is the count of distinct vehicles; another
   number refuses the list, because a truncated file must never close a recall.
3. A long list is cut into segments by a hash of the VIN prefix, so that an added vehicle changes one segment.

    >>> shard_of("LSVAB2C34RA123456", 1)
    0
"""

import csv
import hashlib
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, fields
from typing import Final

from carnet_hub.core.campaigns.list_faults import ListFaults
from carnet_hub.core.campaigns.vin_scope import ANY_NUMBER, VinScope, parse_scope
from carnet_hub.core.counting.campaign_work import NO_WORK, CampaignWork
from carnet_hub.core.failures import FaultyLine, ListRefused, Unusable
from carnet_hub.core.limits import (
    LIST_LINE_CHARS_MAX,
    MEMBERS_MAX,
    SEGMENT_MEMBERS_TARGET,
    SEGMENTS_MAX,
)
from carnet_protocol.errors import BadValue
from carnet_protocol.ids import VIN_CHARS
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.limits import CODE_CHARS_MAX, UNREACHABLE_TRIES_MAX
from carnet_protocol.segments import MemberSet, decode_segment, segment_hash
from carnet_protocol.vin import VinPolicy, assess_vin, normalise_vin, vin_prefix

_CAMPAIGN_HEADERS: Final = frozenset({"CAMPAIGN", "CAMPAIGNNO", "RECALLNO", "召回编号", "召回活动编号"})
_OTHER_CAMPAIGN: Final = "other-campaign"
_OUTSIDE: Final = "outside-scope"
"""What is wrong with a line besides the problems of a VIN: it names another campaign, or is outside `vin_scope`."""

_OPTIONAL: Final = frozenset(
    {
        "hazard_level",
        "authority_no",
        "parent",
        "supersedes",
        "remedy_state",
        "interim_remedy",
        "unreachable_tries",
        "vin_scope",
    }
)
_FIELDS: Final = {"parent": "campaign_no", "supersedes": "campaign_no", "vin_scope": "scope"}
"""Under which field of a campaign a text is checked, where that has another name."""

_COMPARE_COUNT: Final = (
    "Ask the producer for the whole list, or correct member_count in the campaign file, and import again."
)

_HEADERS: Final = frozenset({"VIN", "VINCODE", "VINNO", "车辆识别代号", "车辆识别代码", "车架号"})


@dataclass(frozen=True, slots=True)
class CampaignTexts:
    """What the producer says about a campaign; all of it is public.

    Attributes:
        campaign_no: the authority's or the producer's number, at most 64 characters.
        defect, hazard, emergency_advice: the three texts that owners must be told.
        hazard_level: `normal`, `park_outside` or `do_not_drive`.
        member_count: distinct vehicles, as declared.
        authority_no: the number under which the authority keeps the campaign; may be empty.
        parent: number of the campaign that this one is a part of, as one country's slice of a world-wide recall.
        supersedes: number of the campaign whose remedy did not hold; a repair of that one does not close this one.
        remedy_state: `available`, `interim` or `not_yet`; no repair is booked for the last.
        unreachable_tries: failed attempts after which an owner is unreachable; 0 for the usual number.
        interim_remedy: what is done until the remedy is there; needed for `interim`.
        vin_scope: beginnings and ranges that hold every member, see `vin_scope`; may be empty.
    """

    campaign_no: str
    title: str
    producer: str
    scope: str
    defect: str
    hazard: str
    emergency_advice: str
    remedy: str
    hazard_level: str
    member_count: int
    authority_no: str = ""
    parent: str = ""
    supersedes: str = ""
    remedy_state: str = "available"
    interim_remedy: str = ""
    unreachable_tries: int = 0
    vin_scope: str = ""

    @property
    def declared(self) -> VinScope:
        """The numbers that the campaign says it is about."""
        return parse_scope(self.vin_scope)


@dataclass(frozen=True, slots=True)
class ListedLine:
    """One line of a member list: where it stood, and what it says.

    Attributes:
        campaign_no: the campaign it names; empty where the list names none.
    """

    file_name: str
    line: int
    text: str
    campaign_no: str = ""


@dataclass(frozen=True, slots=True)
class MemberList:
    """A list that was read to its end.

    Attributes:
        segments: canonical bytes, by ascending hash.
        count: distinct members.
        repeated: lines that named a vehicle again.
        faulty: lines that are no valid VIN; they are members all the same.
        faulty_count: how many of them there are; `faulty` holds the first ones.
    """

    segments: tuple[bytes, ...]
    count: int
    repeated: int
    faulty: tuple[FaultyLine, ...]
    faulty_count: int

    @property
    def hashes(self) -> tuple[bytes, ...]:
        """SHA-256 of each segment, ascending."""
        return tuple(segment_hash(segment) for segment in self.segments)


@dataclass(frozen=True, slots=True)
class CampaignPlan:
    """Texts, members and work that belong together, ready to be published."""

    texts: CampaignTexts
    members: MemberList
    work: CampaignWork = NO_WORK


def parse_texts(values: dict[str, object]) -> CampaignTexts:
    """The texts of a campaign from a parsed TOML or JSON file.

    Args:
        values: one entry per attribute of `CampaignTexts`; others are refused, because a misspelt name would be lost.

    Raises:
        Unusable: a text is missing, empty, too long or of another type, or a name is unknown.
    """
    known = {one.name for one in fields(CampaignTexts)}
    if unknown := sorted(values.keys() - known):
        raise Unusable(f"The campaign file has an unknown entry: {', '.join(unknown)}.", "Correct or remove it.")
    if missing := sorted(name for name in known - _OPTIONAL if _is_blank(values.get(name))):
        raise Unusable(f"The campaign file lacks: {', '.join(missing)}.", "Fill it in; owners must be told each text.")
    given = {"hazard_level": "normal", **{name: one for name, one in values.items() if not _is_blank(one)}}
    count = given.pop("member_count")
    if type(count) is not int or not 0 < count <= MEMBERS_MAX:
        raise Unusable("member_count is no number of vehicles.", f"Give a whole number from 1 to {MEMBERS_MAX}.")
    tries = given.pop("unreachable_tries", 0)
    if type(tries) is not int or not 0 <= tries <= UNREACHABLE_TRIES_MAX:
        raise Unusable("unreachable_tries is no number of attempts.", f"Give 1 to {UNREACHABLE_TRIES_MAX}, or nothing.")
    texts = {name: _checked_text(name, value) for name, value in given.items()}
    if not texts["campaign_no"].isprintable():
        raise Unusable("campaign_no cannot be used: it holds a line break or a control character.", "Correct it.")
    found = CampaignTexts(member_count=count, unreachable_tries=tries, **texts)
    if (found.remedy_state == "interim") != bool(found.interim_remedy):
        raise Unusable(
            "remedy_state and interim_remedy do not fit together.",
            "An interim remedy has a text, others have none.",
        )
    if found.campaign_no in (found.parent, found.supersedes):
        raise Unusable("The campaign names itself as its parent or predecessor.", "Name another one, or leave it out.")
    parse_scope(found.vin_scope)
    return found


def read_lines(file_name: str, text: Iterable[str]) -> Iterator[ListedLine]:
    """The entries of a list file, one per line, without empty lines and comments.

    Args:
        file_name: ending in `.csv` for a table: the column headed VIN (or 车辆识别代号, 车架号) counts, else the first.
        text: lines as read from the file.
    """
    if not file_name.lower().endswith(".csv"):
        for number, line in enumerate(text, start=1):
            entry = line.strip().lstrip("\ufeff").strip()
            if entry and not entry.startswith("#"):
                yield ListedLine(file_name, number, entry[:LIST_LINE_CHARS_MAX])
        return
    reader = csv.reader(text)
    try:
        yield from read_rows(file_name, ((reader.line_num, row) for row in reader))
    except csv.Error as error:
        raise Unusable(f"{file_name} is no table: {error}.", "Save it as CSV with one vehicle per line.") from error


def read_rows(source: str, rows: Iterable[tuple[int, Sequence[str]]]) -> Iterator[ListedLine]:
    """The entries of a table: of the column headed VIN (or 车辆识别代号, 车架号), else of the first.

    Args:
        source: name of the file, and of the sheet.
        rows: with their numbers; empty ones are left out.
    """
    column, named = 0, -1
    is_first = True
    for number, row in rows:
        cells = [cell.strip().lstrip("\ufeff").strip() for cell in row]
        if not any(cells):
            continue
        headers = _columns(cells, _HEADERS) if is_first else []
        if headers:
            column = headers[0]
            named = next(iter(_columns(cells, _CAMPAIGN_HEADERS)), -1)
        else:
            entry = cells[column] if column < len(cells) else ""
            campaign_no = cells[named] if 0 <= named < len(cells) else ""
            yield ListedLine(source, number, entry[:LIST_LINE_CHARS_MAX], campaign_no[:LIST_LINE_CHARS_MAX])
        is_first = False


def read_members(
    lines: Iterable[ListedLine],
    declared_count: int,
    *,
    campaign_no: str = "",
    scope: VinScope = ANY_NUMBER,
    keeps_faulty: bool = False,
) -> MemberList:
    """The member list of a campaign, every line accounted for.

    Args:
        lines: from `read_lines` or `read_rows`.
        campaign_no: a line that names another one refuses the list: two campaigns in one file are two imports.
        declared_count: distinct vehicles the producer declared.
        scope: what the campaign says it is about.
        keeps_faulty: take lines that are no valid VIN, or outside the scope, exactly as listed instead of refusing the
            list; but for numbers under which no desk can keep a car.

    Raises:
        ListRefused: faulty lines, too many lines, or another count than declared; the first faulty lines are named.
    """
    shards = _shards_for(declared_count)
    sets = [MemberSet() for _ in range(shards)]
    faults = ListFaults()
    line_count = 0
    for line in lines:
        line_count += 1
        if line_count > MEMBERS_MAX:
            raise ListRefused(f"The list has more than {MEMBERS_MAX} lines.")
        vin, problem, is_hopeless = _judged(line, campaign_no, scope)
        if problem:
            faulty = FaultyLine(line.file_name, line.line, problem, line.text[:CODE_CHARS_MAX])
            faults.add(faulty, is_hopeless=is_hopeless)
        if not faults.hopeless_count:
            _take(sets[shard_of(vin, shards)], vin, line_count)
    faults.refuse_if_any(line_count, keeps_faulty=keeps_faulty)
    segments = _encoded(sets)
    count = sum(decode_segment(segment).count for segment in segments)
    if count != declared_count:
        what = _count_text(line_count, count, declared_count)
        raise ListRefused(what, faults.named, faults.count, then=_COMPARE_COUNT)
    return MemberList(tuple(segments), count, line_count - count, tuple(faults.named), faults.count)


def shard_of(vin: str, shards: int) -> int:
    """The segment a member belongs to, 0 to `shards` - 1: all VINs of one prefix stay together."""
    if shards == 1:
        return 0
    key = vin_prefix(vin) if len(vin) == VIN_CHARS else vin
    return int.from_bytes(hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()[:4], "big") % shards


def root_hash_of(hashes: Iterable[bytes]) -> bytes:
    """One hash over all segments of a plan: SHA-256 over a domain and the segment hashes, ascending."""
    return hashlib.sha256(b"carnet/segments/v1\x00" + b"".join(sorted(hashes))).digest()


def decode_text(data: bytes) -> str:
    """A list or text file as text: UTF-8 with or without a mark, else GB 18030, which Chinese Windows writes.

    Raises:
        Unusable: neither.
    """
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Unusable("The file is neither UTF-8 nor GB 18030 text.", "Save it as UTF-8.")


def _columns(cells: Sequence[str], names: Set[str]) -> list[int]:
    """The places of headers that are among some names, however they are written."""
    return [place for place, cell in enumerate(cells) if normalise_vin(cell).replace("_", "") in names]


def _judged(line: ListedLine, campaign_no: str, scope: VinScope) -> tuple[str, str, bool]:
    """The entry in normal form, its problems or an empty text, and whether it is taken in no case."""
    text = line.text[: CODE_CHARS_MAX * 4]
    assessment = assess_vin(text, VinPolicy.STRICT)
    if line.campaign_no and campaign_no and line.campaign_no != campaign_no:
        return assessment.vin, _OTHER_CAMPAIGN, True
    problems = [one.value for one in assessment.problems]
    if not scope.holds(assessment.vin):
        problems.append(_OUTSIDE)
    is_hopeless = bool(assessment.problems) and not assess_vin(text, VinPolicy.LENIENT).is_acceptable
    return assessment.vin, ", ".join(problems), is_hopeless


def _shards_for(count: int) -> int:
    """A power of two, so that a list that grows a little keeps its cut."""
    shards = 1
    while shards < SEGMENTS_MAX and shards * SEGMENT_MEMBERS_TARGET < count:
        shards *= 2
    return shards


def _take(members: MemberSet, vin: str, line: int) -> None:
    try:
        members.add(vin, line)
    except BadValue as refusal:
        raise ListRefused(f"The list cannot be stored: {refusal.detail}.") from refusal


def _encoded(sets: Iterable[MemberSet]) -> list[bytes]:
    """The segments, without those that hold nobody."""
    try:
        segments = [one.encode() for one in sets if one]
    except BadValue as refusal:
        raise ListRefused(f"The list cannot be stored: {refusal.detail}.") from refusal
    return sorted(segments, key=segment_hash)


def _count_text(line_count: int, count: int, declared_count: int) -> str:
    repeated = f", {line_count - count} of them repeated" if line_count != count else ""
    return f"The list has {line_count} lines{repeated}: {count} vehicles, but member_count says {declared_count}."


def _is_blank(value: object) -> bool:
    """Whether nothing was said: an owner who is told spaces was told nothing."""
    return value is None or (isinstance(value, str) and not value.strip())


def _checked_text(name: str, value: object) -> str:
    kind = REGISTRY["campaign"]
    field = _FIELDS.get(name, name)
    if not isinstance(value, str):
        raise Unusable(f"{name} is no text.", "Put it in quotation marks.")
    text = value.strip()
    try:
        kind.by_label[kind.labels[field]][1].check(text)
    except BadValue as refusal:
        raise Unusable(f"{name} cannot be used: {refusal.detail}.", "Correct it and import again.") from refusal
    return text
