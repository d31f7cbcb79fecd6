"""What `master` prints for people where a table alone would not do: explanations, counts, what a sweep has done.

Decides words and nothing else; programs read the rows of `master_rows`.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from carnet_hub.core.stewardship.master_views import Explanation
from carnet_hub.core.stewardship.policies import StatedPolicy
from carnet_hub.core.stewardship.sweeping import Swept
from carnet_hub.entrypoints.cli.output import cell_text, moment_text
from carnet_master.keys import Block
from carnet_protocol.ids import record_text

NOBODY: Final = (
    "Nobody was found. A name alone finds nobody, because too many share it: type a phone, VIN, plate or document,\n"
    "or beside the name the last four digits of a phone or the last six of a VIN."
)

_NO_WORD: Final = "null"
"""How a model calls the level of a comparison for which one side has nothing."""
_BAR_WIDTH: Final = 30
_LEVEL_WIDTH: Final = 28
_CONTACTS: Final = frozenset({Block.PHONE, Block.WECHAT, Block.VIN, Block.PLATE, Block.DOOR})
_WORD_OF_KEY: Final = {
    Block.IDENTITY: "document",
    Block.IDENTITY_HEAD: "surname and beginning of an identity number",
    Block.IDENTITY_TAIL: "end of an identity number",
    Block.PHONE: "telephone",
    Block.VIN: "VIN",
    Block.PLATE: "plate",
    Block.WECHAT: "WeChat",
    Block.BIRTH: "sound of the name and birthday",
    Block.DISTRICT: "name and district",
    Block.DOOR: "door",
    Block.PHONE_TAIL: "sound of the name and end of a telephone",
    Block.PHONE_HEAD: "sound of the name and beginning of a telephone",
    Block.PLATE_TOWN: "name and town on the plate",
    Block.PROVINCE: "name and province",
    Block.VIN_TAIL: "surname and end of a VIN",
    Block.COMPANY: "sound of a company's name",
    Block.ORGANISATION: "organisation",
}
_WORD_OF_COUNT: Final = {"clusters": "golden records by number of records", "decisions": "decisions, all ever made"}


def waterfall(found: Explanation) -> str:
    """Why, for people: each comparison as a bar on a running total, in bits."""
    lines = [f"{record_text(found.one)}  and  {record_text(found.other)}"]
    total = 0.0
    for ground in found.grounds:
        total += ground.bits
        bar = ("+" if ground.bits >= 0 else "-") * min(_BAR_WIDTH, round(abs(ground.bits)))
        level = "one side has nothing" if ground.level == _NO_WORD else ground.level[:_LEVEL_WIDTH]
        told = f"  {ground.comparison:<18} {level:<{_LEVEL_WIDTH}} {ground.bits:>+8.2f} {total:>+8.2f}  {bar}"
        lines.append(told.rstrip())
    weighed = found.verdict.weighed
    if weighed is not None:
        lines.append(f"  {'weight':<47} {weighed.weight:>+8.2f} bits, probability {weighed.probability:.6f}")
    else:
        lines.append("  no model weighs these two; documents and steward's words count")
    lines += _in_common(found)
    judgement = found.verdict.judgement
    lines.append(f"tier {judgement.tier.value}, cause {judgement.cause.value}; one customer: {cell_text(found.is_one)}")
    for one in found.decisions:
        state = "" if one.stands else ", taken back"
        lines.append(
            f"  {moment_text(one.at_ms)}  {one.effect} by {one.by or one.authority}: {one.cause or '-'}{state}"
        )
    return "\n".join(lines)


def stats_text(row: Mapping[str, Any]) -> str:
    """How the master stands; counts a line each, the largest first."""
    width = max(map(len, row))
    lines: list[str] = []
    for name, value in row.items():
        told = _WORD_OF_COUNT.get(name, name.replace("_", " "))
        lines += _counts(told, value) if isinstance(value, Mapping) else [f"{told:<{width}}  {cell_text(value)}"]
    return "\n".join(lines)


def mode_text(stated: StatedPolicy, *, is_new: bool) -> str:
    """What the matcher may link, who said so, and for whom a change counts."""
    policy = stated.policy
    said = f" {stated.by} said so at {moment_text(stated.at_ms)}." if stated.by else ""
    cars = "a car alone is contact enough" if policy.links_by_car else "a car alone is not contact enough"
    text = f"The matcher's mode is {policy.mode.value}; {cars}.{said}"
    return f"{text}\nIt counts for customers that arrive or change; `master weigh` weighs all now." if is_new else text


def swept_text(swept: Swept, weighed: int) -> str:
    """What a sweep has done, and on whom the matcher failed."""
    lines = [f"{weighed} customers weighed, {swept.decided} new decisions."]
    if swept.unweighed:
        lines += [
            f"The matcher failed on {len(swept.unweighed)} customers:",
            *(f"  {record_text(one)}" for one in swept.unweighed),
            "Nobody of them was linked or taken apart, and all others are weighed.",
            "Look at `customer_unweighed` in the log of this command; the next `master weigh` tries these again.",
        ]
    return "\n".join(lines)


def _in_common(found: Explanation) -> Iterator[str]:
    """By what two find each other, and why a contact among it may say nothing."""
    shared = [Block(letter) for letter in found.shared_keys]
    yield f"in common: {', '.join(_WORD_OF_KEY[one] for one in shared) or 'nothing by which customers find each other'}"
    contact = next((one for one in found.grounds if one.comparison == "contact"), None)
    if contact is not None and contact.level == _NO_WORD and not _CONTACTS.isdisjoint(shared):
        yield "  Too many names stand under it: it is a shop's or a firm's, and says nothing of these two."


def _counts(told: str, counts: Mapping[str, int]) -> Iterator[str]:
    yield told if counts else f"{told}: none"
    ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    width = max((len(name) for name, _ in ordered), default=0)
    yield from (f"  {name:<{width}}  {count}" for name, count in ordered)
