"""Bugs to plant: proof that the simulation can fail.

Decides which lines of the product are broken, one bug at a time. `tools/plant_bugs` plants them in a copy of the
sources and counts the schedules until one breaks; the table stands in README.md beside this.
"""

from dataclasses import dataclass
from typing import Final

NODE: Final = "node/src/carnet_node/core/"
HUB: Final = "hub/src/carnet_hub/core/"


@dataclass(frozen=True, slots=True)
class Bug:
    """One bug.

    Attributes:
        name: what is wrong, for the table.
        path: of the module.
        right, wrong: text that stands there exactly once, and what takes its place.
    """

    name: str
    path: str
    right: str
    wrong: str


BUGS: Final = (
    Bug(
        "node: position of the outcome ignored, an accepted op counts as inside the base row",
        NODE + "overlay.py",
        "if one.fate is Fate.FOLDED and one.position <= inside:",
        "if one.fate is Fate.FOLDED:",
    ),
    Bug(
        "node: an op stays on top although the base row holds it",
        NODE + "overlay.py",
        "if one.fate is Fate.FOLDED and one.position <= inside:",
        "if one.fate is Fate.FOLDED and one.position < inside:",
    ),
    Bug(
        "node: P not stored",
        NODE + "inbox.py",
        "rows = [_base_row(row, page.position) for row in page.rows]",
        "rows = [_base_row(row, 0) for row in page.rows]",
    ),
    Bug(
        "node: a void op is not transparent",
        NODE + "overlay.py",
        "write = _look_through(one.write, void_bases)",
        "write = one.write",
    ),
    Bug(
        "node: a void op keeps its effect",
        NODE + "overlay.py",
        "return Fate.VOID if index in verdict.voids else Fate.FOLDED",
        "return Fate.FOLDED",
    ),
    Bug(
        "node: parked work is not shown",
        NODE + "overlay.py",
        "return Fate.PARKED if verdict.is_parked else Fate.VOID",
        "return Fate.VOID",
    ),
    Bug(
        "node: the first verdict wins, a release is not noticed",
        NODE + "inbox.py",
        "return known is None or stated.position > known.position",
        "return known is None",
    ),
    Bug(
        "node: an older page overwrites a newer row",
        NODE + "inbox.py",
        "if known is not None and (row.changed, row.position) < (known.changed, known.position):",
        "if known is not None and row.changed < 0:",
    ),
    Bug(
        "node: cursor advanced to the page's position, not to its last row",
        NODE + "inbox.py",
        "cursor=max(feed.cursor, page.cursor_to),",
        "cursor=max(feed.cursor, page.position << 20),",
    ),
    Bug(
        "node: settled values of a page dropped",
        NODE + "inbox.py",
        "if settled or (known is not None and not row.is_evicted):",
        "if settled and row.is_evicted:",
    ),
    Bug(
        "node: an eviction takes the new P along",
        NODE + "inbox.py",
        "row = replace(known, changed=row.changed, is_evicted=True)",
        "row = replace(known, changed=row.changed, is_evicted=True, position=row.position)",
    ),
    Bug(
        "node: an eviction is not stored",
        NODE + "inbox.py",
        "row = replace(known, changed=row.changed, is_evicted=True)",
        "row = replace(known, changed=row.changed)",
    ),
    Bug(
        "node: the commit's short cut is taken for old reads too",
        NODE + "authoring.py",
        "return live.issuperset(write.based_on) and (before is None or before.mark is not Mark.REFUSED)",
        "return True or live",
    ),
    Bug(
        "node: records touched by a verdict are not folded again",
        NODE + "inbox.py",
        "touched |= stored.touched | set(news)",
        "touched |= set(news)",
    ),
    Bug(
        "hub: the page's position is read after its rows",
        HUB + "feed.py",
        "        position = snapshot.head().position\n        outcomes, is_complete",
        "        position = snapshot.head().position + 1\n        outcomes, is_complete",
    ),
    Bug(
        "hub: outcomes left out of a page that carries rows",
        HUB + "feed.py",
        "return [outcome_of(row) for row in found[: limits.PAGE_OUTCOMES_MAX]], is_complete",
        "return [outcome_of(row) for row in found[:1]], is_complete",
    ),
    Bug(
        "hub: mask forgotten",
        HUB + "feed.py",
        "return withhold(entries, masked, Withheld.MASKED) if masked else entries",
        "return entries",
    ),
    Bug(
        "hub: a page's cursor skips a row",
        HUB + "feed.py",
        "horizon = min(horizon, feed[rows_max - 1].place)",
        "horizon = min(horizon, feed[rows_max].place)",
    ),
    Bug(
        "hub: dedupe by nonce forgotten, a re-emitted set is folded again",
        HUB + "admission.py",
        "known = workspace.ledger.arrived(arrival.change_set.nonce)\n    if known is not None:",
        "known = workspace.ledger.arrived(arrival.change_set.nonce)\n    if known is None and known is not None:",
    ),
    Bug(
        "hub: a void op is not transparent",
        HUB + "folding.py",
        "    return effective_based_on(read, void_bases)\n",
        "    return read\n",
    ),
    Bug(
        "hub: a set does not wait for what a void op was based on",
        HUB + "admission.py",
        "behind = effective_based_on(tuple(read), ledger.void_bases)",
        "behind = tuple(base for base in read if ledger.void_bases(base) is None)",
    ),
    Bug(
        "hub: an illegal step has its effect",
        HUB + "folding.py",
        "return Reason.ILLEGAL_TRANSITION.value",
        "return None",
    ),
    Bug(
        "hub: settled values not kept",
        HUB + "routing.py",
        "workspace.book.settle(row)",
        "workspace.book.settle(row) if row.register_no < 0 else None",
    ),
    Bug(
        "hub: the arrival of a base releases nobody",
        HUB + "ingest.py",
        "                release_waiting(workspace, [arrival.change_set.nonce])\n",
        "                pass\n",
    ),
    Bug(
        "hub: a site that works on a car for the first time does not get what is known of it",
        HUB + "routing.py",
        "_enter(workspace, dealer, vehicle, present, position)\n",
        "pass\n",
    ),
    Bug(
        "hub: a site that loses sight of a record is not told",
        HUB + "routing.py",
        "if move.left is not None and move.left != state.anchor:",
        "if move.left is not None and move.left is None:",
    ),
    Bug(
        "protocol: a write replaces every head of its register, read or not",
        "protocol/src/carnet_protocol/fold.py",
        "if entry.op not in read:\n            kept.append(entry)\n        elif entry.is_delete:\n            kept",
        "if not entry.op:\n            kept.append(entry)\n        elif entry.is_delete:\n            kept",
    ),
    Bug(
        "protocol: deletes always win",
        "protocol/src/carnet_protocol/state.py",
        "        elif not entry.is_buried:\n            return False\n    return has_delete",
        "        elif not entry.is_buried:\n            continue\n    return has_delete",
    ),
)
