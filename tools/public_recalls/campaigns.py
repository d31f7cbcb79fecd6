"""A published recall as a campaign of Carnet with made-up vehicles, and marked so wherever it is seen.

Decides the texts, the vehicles and the marks. Does not decide how they get into a hub (`__main__`): they are handed to
the product as a producer hands over a campaign.

Rules
1. Number, title and scope say that it is synthetic. No number stands where the authority's number belongs.
2. A vehicle's VIN begins with 0SY. No maker has a code that begins with 0, so it can be nobody's; its check digit is
   right. The same model and model year gives the same vehicles in every recall, so that one car has several.
3. The source has one text per language. Issue, risk and correction are cut at its own headings; what has no heading is
   derived and says so, and so is the emergency advice always.
4. A plan has one language. The English text is the plan's; the French one is a document of its own, and its SHA-256
   stands in the scope.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from itertools import cycle, islice
from typing import Final

from tools.public_recalls.source import Model, Recall

from carnet_protocol.vin import VIN_ALPHABET, YEAR_CODES, YEAR_FIRST, check_digit

MARK: Final = "SYNTHETIC-CA-"
"""How the number of every such campaign begins."""

TITLE_MARK: Final = "[SYNTHETIC 合成数据] "
MAKER_CODE: Final = "0SY"
MEMBERS_MAX: Final = 5_000
"""Made-up vehicles of one campaign: enough to fill every list, and 224 campaigns load in a minute."""

ATTRIBUTION: Final = (
    "Contains information licensed under the Open Government Licence – Canada "
    "(Transport Canada, Vehicle Recalls Database)."
)
DERIVED: Final = "[derived, not in the source] "
_ADVICE: Final = DERIVED + "Contact a dealer of the make before the next journey, and follow the corrective actions."
_MODELS_NAMED_MAX: Final = 6
_TEXT_BYTES_MAX: Final = 3_500
"""Below the 4 KiB of one text, with room for a mark."""

_CUT: Final = " [...]"
_FORM: Final = "carnet-public-recall-text-v1"
_HEADINGS: Final = re.compile(r"\s*\b(Issue|Safety Risk|Correct(?:ive Actions?|ion))\s*:\s*", re.IGNORECASE)
_ADVISING: Final = re.compile(r"[^.]*\b(?:recommends|advises|should not|do not|don't)\b[^.]*\.", re.IGNORECASE)
_STAY_PARKED: Final = re.compile(r"\b(?:should not|do not|not to) (?:drive|ride|operate)\b", re.IGNORECASE)
_OUTSIDE: Final = re.compile(r"\bpark\w*\b[^.]*\b(?:outdoors|outside|away from)\b", re.IGNORECASE)


def french_document(recall: Recall) -> bytes:
    """The French text as a document: JSON, UTF-8, keys in order, nothing between tokens."""
    said = {"form": _FORM, "language": "fr", "recall": recall.number, "source": ATTRIBUTION, "text": recall.french}
    return json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def plan_texts(recall: Recall, members_max: int) -> dict[str, object]:
    """What a producer's `campaign.json` says of this recall."""
    parts = _parts(recall.english)
    remedy = parts.get("correction") or DERIVED + "None is given."
    return {
        "campaign_no": MARK + recall.number,
        "title": _fitting(f"{TITLE_MARK}{recall.system}: {_named_models(recall)}"),
        "producer": recall.maker,
        "scope": _fitting(_scope(recall)),
        "defect": _fitting(parts.get("issue") or parts[""] or recall.english),
        "hazard": _fitting(parts.get("safety risk") or DERIVED + _last_sentence(parts[""])),
        "emergency_advice": _fitting(_advice(remedy)),
        "remedy": _fitting(remedy),
        "hazard_level": _hazard_level(remedy),
        "member_count": member_count(recall, members_max),
    }


def member_count(recall: Recall, members_max: int) -> int:
    """How many vehicles are made up for it: as many as were affected, up to a bound."""
    return min(recall.units, members_max)


def members(recall: Recall, members_max: int) -> Iterator[str]:
    """The made-up vehicles, spread over the models of the recall."""
    count = member_count(recall, members_max)
    for number, model in enumerate(islice(cycle(recall.models), count)):
        yield _vin(model, number // len(recall.models) + 1)


def _vin(model: Model, serial: int) -> str:
    digest = int.from_bytes(hashlib.sha256(f"{model.make}|{model.name}".encode()).digest()[:8], "big")
    described = "".join(VIN_ALPHABET[digest // len(VIN_ALPHABET) ** place % len(VIN_ALPHABET)] for place in range(5))
    year = YEAR_CODES[(model.year - YEAR_FIRST) % len(YEAR_CODES)]
    unchecked = f"{MAKER_CODE}{described}0{year}0{serial:06d}"
    return unchecked[:8] + check_digit(unchecked) + unchecked[9:]


def _parts(english: str) -> dict[str, str]:
    """The text by its headings; what stands before the first one under an empty name."""
    pieces = _HEADINGS.split(english)
    named = zip(pieces[1::2], pieces[2::2], strict=True)
    return {"": pieces[0].strip()} | {_part_of(heading): text.strip() for heading, text in named}


def _part_of(heading: str) -> str:
    """Which part a heading begins: the source has four words for the last one."""
    name = heading.lower()
    return "correction" if name.startswith("correct") else name


def _last_sentence(text: str) -> str:
    sentences = [one.strip() for one in re.split(r"(?<=[.!?])\s+", text) if one.strip()]
    return sentences[-1] if sentences else "None is given."


def _advice(remedy: str) -> str:
    """What owners should do until the repair: sentences of the correction that say so."""
    found = " ".join(" ".join(one.split()) for one in _ADVISING.findall(remedy))
    return DERIVED + found if found else _ADVICE


def _hazard_level(remedy: str) -> str:
    if _STAY_PARKED.search(remedy):
        return "do_not_drive"
    return "park_outside" if _OUTSIDE.search(remedy) else "normal"


def _named_models(recall: Recall) -> str:
    names = list(dict.fromkeys(f"{one.make} {one.name}" for one in recall.models))
    more = len(names) - _MODELS_NAMED_MAX
    return ", ".join(names[:_MODELS_NAMED_MAX]) + (f" and {more} more" if more > 0 else "")


def _scope(recall: Recall) -> str:
    years = sorted({one.year for one in recall.models})
    return (
        f"Synthetic: texts of Transport Canada's recall {recall.number}, vehicles made up (VIN {MAKER_CODE}...). "
        f"Model years {years[0]} to {years[-1]}; {recall.units} vehicles affected as published. "
        f"French text: SHA-256 {hashlib.sha256(french_document(recall)).hexdigest()}. {ATTRIBUTION}"
    )


def _fitting(text: str) -> str:
    """The text, cut where it would not fit a field."""
    held = text.encode()
    if len(held) <= _TEXT_BYTES_MAX:
        return text
    return held[:_TEXT_BYTES_MAX].decode(errors="ignore") + _CUT
