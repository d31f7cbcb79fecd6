"""Bugs to plant: proof that the simulation can fail.

Decides which lines of the product are broken, one bug at a time. `tools/plant_bugs` plants them in a copy of the
sources and counts the schedules until one breaks; the table stands in README.md beside this. More of them stand in
`planted_more`, `planted_keys`, `planted_lost_keys`, `planted_histories` and `planted_returns`.
"""

from typing import Final

from simulation.bugs import HUB, NODE, Bug
from simulation.planted_histories import HISTORY_BUGS
from simulation.planted_keys import KEY_BUGS
from simulation.planted_lost_keys import LOST_KEY_BUGS
from simulation.planted_more import MORE_BUGS
from simulation.planted_returns import RETURN_BUGS

FOLDING_BUGS: Final = (
    Bug(
        "node: position of the outcome ignored, an accepted op counts as inside the base row",
        "I7",
        NODE + "log/overlay.py",
        "return one.fate in _FOLDABLE and 0 < one.position <= base.position",
        "return one.fate is Fate.FOLDED",
    ),
    Bug(
        "node: an op stays on top although the base row holds it",
        "I7",
        NODE + "log/overlay.py",
        "return one.fate in _FOLDABLE and 0 < one.position <= base.position",
        "return one.fate in _FOLDABLE and 0 < one.position < base.position",
    ),
    Bug(
        "node: P not stored",
        "I13",
        NODE + "line/inbox.py",
        "rows = [_base_row(row, page.position) for row in page.rows]",
        "rows = [_base_row(row, 0) for row in page.rows]",
    ),
    Bug(
        "node: a void op is not transparent",
        "I7",
        NODE + "log/overlay.py",
        "{one.write.op: _look_through(one.write, void_bases) for one in listed",
        "{one.write.op: one.write for one in listed",
        script=(
            "A1 step wrongly",
            "A1 open form x3",
            "A1 calm round",
            "A1 step visit x3",
        ),
    ),
    Bug(
        "node: a void op keeps its effect",
        "I13",
        NODE + "log/overlay.py",
        "return Fate.VOID if index in verdict.voids else Fate.FOLDED",
        "return Fate.FOLDED",
    ),
    Bug(
        "node: parked work is not shown",
        "I7",
        NODE + "log/overlay.py",
        "return Fate.PARKED if verdict.is_parked else Fate.VOID",
        "return Fate.VOID",
    ),
    Bug(
        "node: the first verdict wins, a release is not noticed",
        "I1",
        NODE + "line/inbox.py",
        "return known is None or stated.position > known.position",
        "return known is None",
    ),
    Bug(
        "node: an older page overwrites a newer row",
        "I5",
        NODE + "line/inbox.py",
        "if known is not None and (row.changed, row.position) < (known.changed, known.position):",
        "if known is not None and row.changed < 0:",
    ),
    Bug(
        "node: cursor advanced to the page's position, not to its last row",
        "I18",
        NODE + "line/inbox.py",
        "cursor=max(feed.cursor, page.cursor_to),",
        "cursor=max(feed.cursor, page.position << 20),",
    ),
    Bug(
        "node: settled values of a page dropped",
        "I6",
        NODE + "line/inbox.py",
        "if settled or (known is not None and not row.is_evicted):",
        "if settled and row.is_evicted:",
    ),
    Bug(
        "node: an eviction takes the new P along",
        "I7",
        NODE + "line/inbox.py",
        "row = replace(known, changed=row.changed, is_evicted=True)",
        "row = replace(known, changed=row.changed, is_evicted=True, position=row.position)",
        script=(
            "A1 calm round",
            "B1 calm round",
            "A1 calm round",
            "B1 calm round",
            "A1 move visit x3",
            "A1 push x2",
            "B1 edit several x3",
            "B1 calm round",
            "A1 pull x8",
        ),
    ),
    Bug(
        "node: an eviction is not stored",
        "I12",
        NODE + "line/inbox.py",
        "row = replace(known, changed=row.changed, is_evicted=True)",
        "row = replace(known, changed=row.changed)",
        script=(
            "A1 calm round",
            "B1 calm round",
            "A1 calm round",
            "A1 move visit x3",
            "A1 calm round x2",
        ),
    ),
    Bug(
        "node: the commit's short cut is taken for old reads too",
        "I7",
        NODE + "log/authoring.py",
        "return live.issuperset(write.based_on) and (before is None or before.mark is not Mark.REFUSED)",
        "return True or live",
        script=(
            "A1 step wrongly",
            "A1 open form x3",
            "A1 calm round",
            "A1 step visit x3",
        ),
    ),
    Bug(
        "node: records touched by a verdict are not folded again",
        "I7",
        NODE + "line/inbox.py",
        "touched |= stored.touched | set(news)",
        "touched |= set(news)",
    ),
    Bug(
        "hub: the page's position is read after its rows",
        "I13",
        HUB + "log/feed.py",
        "        position = snapshot.head().position\n        outcomes, is_complete",
        "        position = snapshot.head().position + 1\n        outcomes, is_complete",
    ),
    Bug(
        "hub: outcomes left out of a page that carries rows",
        "I1",
        HUB + "log/feed.py",
        "return [outcome_of(row) for row in found[: limits.PAGE_OUTCOMES_MAX]], is_complete",
        "return [outcome_of(row) for row in found[:1]], is_complete",
    ),
    Bug(
        "hub: mask forgotten",
        "I12",
        HUB + "sets/masking.py",
        "shown = withhold(entries, masked, Withheld.MASKED) if masked else entries",
        "shown = entries",
    ),
    Bug(
        "hub: a page's cursor skips a row",
        "I1",
        HUB + "log/feed.py",
        "return whole, whole[-1].place",
        "return whole[:-1] or whole, whole[-1].place",
    ),
    Bug(
        "hub: dedupe by nonce forgotten, a re-emitted set is folded again",
        "I5",
        HUB + "log/admission.py",
        "known = workspace.ledger.arrived(arrival.change_set.nonce)\n    if known is not None:",
        "known = workspace.ledger.arrived(arrival.change_set.nonce)\n    if known is None and known is not None:",
    ),
    Bug(
        "hub: a void op is not transparent",
        "I7",
        HUB + "sets/folding.py",
        "    return effective_based_on(read, void_bases)\n",
        "    return read\n",
    ),
    Bug(
        "hub: a set does not wait for what a void op was based on",
        "I8",
        HUB + "log/admission.py",
        "behind = effective_based_on(tuple(read), ledger.void_bases)",
        "behind = tuple(base for base in read if ledger.void_bases(base) is None)",
        script=(
            "A1 calm round",
            "B1 calm round",
            "hub courier writes x3",
            "A1 lean on courier",
            "A1 push",
            "A1 build on parked",
            "hub give up",
            "A1 push",
        ),
    ),
    Bug(
        "hub: an illegal step has its effect",
        "I13",
        HUB + "sets/folding.py",
        "return Reason.ILLEGAL_TRANSITION.value",
        "return None",
    ),
    Bug(
        "hub: settled values not kept",
        "I6",
        HUB + "sets/routing.py",
        "workspace.book.settle(row)",
        "workspace.book.settle(row) if row.register_no < 0 else None",
    ),
    Bug(
        "hub: the arrival of a base releases nobody",
        "I18",
        HUB + "exchange/ingest.py",
        "                rest += release_waiting(workspace, [arrival.change_set.nonce]).rest\n",
        "                pass\n",
    ),
    Bug(
        "hub: a site that works on a car for the first time does not get what is known of it",
        "I1",
        HUB + "sets/routing.py",
        "            _enter(workspace, author, vehicle, folding.changes.keys(), position)\n",
        "            pass\n",
    ),
    Bug(
        "hub: a site that loses sight of a record is not told",
        "I1",
        HUB + "sets/routing.py",
        "if move.left is not None and move.left != state.anchor:",
        "if move.left is not None and move.left is None:",
    ),
    Bug(
        "protocol: a write replaces every head of its register, read or not",
        "I7",
        "protocol/src/carnet_protocol/fold.py",
        "if entry.op not in read:\n            kept.append(entry)\n        elif entry.is_delete:\n            kept",
        "if not entry.op:\n            kept.append(entry)\n        elif entry.is_delete:\n            kept",
    ),
    Bug(
        "protocol: deletes always win",
        "I7",
        "protocol/src/carnet_protocol/state.py",
        "        elif not entry.is_buried:\n            return False\n    return has_delete",
        "        elif not entry.is_buried:\n            continue\n    return has_delete",
    ),
)

BUGS: Final = (*FOLDING_BUGS, *MORE_BUGS, *KEY_BUGS, *LOST_KEY_BUGS, *HISTORY_BUGS, *RETURN_BUGS)
