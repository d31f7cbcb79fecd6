"""Rare states, by name: a run that never came into one has shown nothing about it.

Decides which states are rare enough to be counted, and how an account tells that a schedule was in one. Steps note
what only they can see (`Stage.reached`); the rest is read off the account at the end.
"""

from collections import Counter
from typing import Final

from simulation.authored import HUB_AUTHOR, Standing
from simulation.stage import Stage

RARE: Final[dict[str, str]] = {
    "committed, and nobody was told": "a node died between its commit and the answer",
    "a node died before its commit": "nothing of what it was doing may be left",
    "a hub worker died": "every worker of the hub reads its state from the database",
    "died with half a mark on disk": "the high-water file is replaced as a whole",
    "died between the mark and the message": "the mark is ahead of the line, never behind it",
    "disk full at a desk": "the desk is told, and nothing was written",
    "disk full while a page was applied": "the whole page comes again",
    "disk full at the hub": "the node sends again",
    "io error of a node": "as for a full disk",
    "io error of the hub": "as for a full disk",
    "a command line wrote between two steps of the service": "the link is read inside the transaction",
    "a command line met the service's lock": "it is told to try again",
    "a worker met another worker's lock": "the set comes again",
    "a worker took a set in between two reads of another": "a page is read in one snapshot",
    "a reader came between two steps of a node": "it sees all of a change set or nothing",
    "the regulator read between two steps of the hub": "it sees the state of one position",
    "late request taken": "a request arrived after its sender had given up",
    "one-way partition up mended": "answers came, requests did not",
    "one-way partition down mended": "requests came, answers did not",
    "bundle taken by the hub": "a stick instead of a line",
    "bundle taken by a node": "the answer of a stick",
    "no room in a register, said at once": "too many people wrote without reading",
    "parked, then folded": "what it waited for has come",
    "parked, then refused": "what it waited for never comes",
    "refused at once": "somebody wrote what is not theirs",
    "void op": "an illegal step, transparent to what builds on it",
    "op declared lost": "a stick was thrown away",
    "excluded": "a stolen key",
    "built on what was excluded": "the exclusion comes after others have read it",
    "erasure overtaken by a late set": "a set with erased values arrives after the erasure",
    "looked for erased values in every file": "databases, their logs and the marks of every machine",
    "a receipt of an erasure was held against the files": "a node signs for what it has erased, not for what it read",
    "a node is missing that never erased": "whoever has not spoken is listed",
    "erased at a desk": "own work loses values that the hub has erased",
    "written again under a new epoch": "same nonce, same ops, another place of the chain",
    "lost sight of a record": "a visit moved to another car",
    "two heads": "two desks wrote without knowing of each other",
    "settled": "somebody decided between several values",
    "clock years off": "a node whose clock is wrong by a year at least",
    "restored, and unsent work was lost": "it was on no other disk",
    "restored, and sent work comes back from the hub": "the hub is a node's second backup",
    "went on offline after a restore": "a new epoch before the hub was asked",
    "a desk waits until its node has rejoined": "no number is given twice knowingly",
    "three workers": "a hub of several processes",
    "a liar": "a node that does not keep to the rules",
    "written while suspended": "a key that is not welcome for a while",
    "evidence of a fork": "both bodies are kept",
    "a node was suspended": "what it sends is turned away for a while",
    "a suspended node asked in vain": "it reads nothing either",
    "a node was retired": "its keys sign nothing any more, and its sets stay",
    "a stolen key was revoked": "only the order of the log is trusted time",
    "a stolen key was revoked with sets behind it": "the state is as if they had never been",
    "a node changed its key": "the old key vouches for the new one",
    "a second change of keys has to wait": "the order of two changes is never in doubt",
    "restored to before a change of keys": "the database goes on with the key that lies beside it",
    "a data key came back through the hub": "a lost data key is not the end of what it encrypts",
    "a data key was refused to somebody": "another site's code, a used one, or a node that is turned away",
    "a clock stood still": "time is read and does not pass",
    "a night passed": "tokens, codes and challenges have run out",
    "the hub's clock was set back": "no entry of the log is older than the one before",
    "a replaced key was used by a thief": "only the present key goes on with a chain",
    "somebody was turned away": "a stopped or revoked node brings a set all the same",
    "an excluded save was confirmed": "honest work counts again, under another key",
    "hub restored behind what it had confirmed": "its next positions have been told to others already",
    "a hub behind its mark stays shut": "nobody is served before `carnet-hub restored`",
    "a message of another history was turned away": "a position of a history that has ended means nothing",
    "acknowledged, and lost with both disks": "what was on no third disk is gone, and it is known what",
    "a copy was told that another one has taken over": "of two live copies one stops writing",
    "a superseded copy was made the one that goes on": "the dealer decides which copy is meant",
    "the hub was restored twice with little in between": "what came between is on the disks of nodes alone",
    "a line broke between offer and page after a restore": "what was offered is not back before a page says so",
    "an old image stays shut without `carnet-hub restored`": "its history has ended, whatever its positions say",
    "a stick came days after a newer hello": "how late it comes says nothing about a clock",
    "a car of an erased owner was written about": "the next owner is somebody else",
    "something late was erased by the hub's own order": "its author had not read what was ordered",
    "two bodies for one place": "two copies wrote without knowing of each other; both sets stand in the log",
}
"""Name and what it shows."""

_YEAR_MS: Final = 365 * 24 * 3600 * 1000
_DESK_STEPS: Final = frozenset({"new", "edit", "edit shared", "save old form", "edit several", "delete", "step visit"})
_PAGE_STEPS: Final = frozenset({"pull", "late page", "round", "stick home"})


def rare_states(stage: Stage) -> Counter[str]:
    """The rare states a schedule was in, with how often."""
    found = Counter({name: times for name, times in stage.reached.items() if name in RARE})
    found.update(_disk_states(stage))
    for nonce, one in stage.archive.standing.items():
        found.update(_standing_states(stage, nonce, one))
    found["op declared lost"] += len(stage.archive.lost_at)
    found["erasure overtaken by a late set"] += _overtaken(stage)
    found["lost sight of a record"] += stage.count_hidden()
    found["two bodies for one place"] += stage.ledger.count_doubled()
    found["three workers"] += len(stage.world.workers) > 1
    found["clock years off"] += any(
        abs(one.clock.ms - stage.world.hub_clock.ms) > _YEAR_MS for one in stage.world.machines
    )
    found["erased at a desk"] += sum(_has_erased(stage, one.name) for one in stage.world.machines)
    found.update(_head_states(stage))
    return +found


def _disk_states(stage: Stage) -> Counter[str]:
    """What disks and workers did, by the step they did it in."""
    found: Counter[str] = Counter()
    for name, times in stage.reached.items():
        what, _, step = name.partition(" in: ")
        found["disk full at a desk"] += times * (what == "disk full of the node" and step in _DESK_STEPS)
        found["disk full while a page was applied"] += times * (what == "disk full of the node" and step in _PAGE_STEPS)
        found["disk full at the hub"] += times * (what == "disk full of the hub")
        found["io error of a node"] += times * (what == "io error of the node")
        found["io error of the hub"] += times * (what == "io error of the hub")
        found["a hub worker died"] += times * (what == "crash of the hub")
    return found


def _standing_states(stage: Stage, nonce: bytes, one: Standing) -> Counter[str]:
    """What became of a set."""
    archive = stage.archive
    ops = [op.op for op in archive.sets[nonce].ops]
    is_built_on = one.excluded_at is not None and any(
        op in other.based_on for op in ops for other in archive.ops.values() if other.op[:-2] != nonce
    )
    return Counter(
        {
            "parked, then folded": bool(one.parked_at and one.folded_at),
            "parked, then refused": bool(one.parked_at and one.refused_at),
            "refused at once": bool(one.refused_at and not one.parked_at),
            "void op": len(one.voids),
            "excluded": one.excluded_at is not None,
            "built on what was excluded": is_built_on,
            "written again under a new epoch": one.repeats,
        }
    )


def _overtaken(stage: Stage) -> int:
    """Sets with values of a record that had been erased when they arrived."""
    archive = stage.archive
    found = 0
    for nonce, one in archive.standing.items():
        made = archive.sets[nonce]
        arrived = one.parked_at or one.folded_at or one.refused_at or 0
        if made.author != HUB_AUTHOR:
            found += any(at < arrived for op in made.ops for at, _ in archive.erasures.get(op.record, ()))
    return found


def _has_erased(stage: Stage, name: str) -> bool:
    return any(op.record in stage.archive.erasures for made in stage.archive.sets_of(name) for op in made.ops)


def _head_states(stage: Stage) -> Counter[str]:
    with stage.world.hub.store.read() as snapshot:
        rows = [row for kind in stage.world.hub.registry.kinds for row in snapshot.records_of_kind(kind.number)]
        settled = [one for row in rows for one in snapshot.settled(row.kind, [row.id])]
    return Counter({"two heads": sum(row.contests > 0 for row in rows), "settled": len(settled)})
