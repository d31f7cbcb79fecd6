"""What a steward's decision can meet: each outcome has a name and the three sentences.

Decides the words. Every one of them leaves everything as it was; a decision that would have no effect, or the opposite
of what was meant, is not written at all.
"""

from carnet_hub.core.failures import HubFailure
from carnet_master.errors import NotAModel, UnknownSql, UnsignedModel, UntrainedLevel, UnusableModel
from carnet_protocol.ids import record_text

_UNCHANGED = "Nothing was changed; no dealer's record is ever touched by a merge."


class MasterRefusal(HubFailure):
    """A decision about who is who that was not made."""

    def __init__(self, what: str, next_step: str) -> None:
        super().__init__(what, _UNCHANGED, next_step)


class UnknownCustomer(MasterRefusal):
    """No customer, no cluster and no former golden id."""

    def __init__(self, text: str) -> None:
        super().__init__(f"There is no customer and no golden record {text[:40]}.", "Look it up with `master find`.")


class UnknownDecision(MasterRefusal):
    """No decision with this id, or one that was taken back."""

    def __init__(self, text: str) -> None:
        super().__init__(f"No decision {text[:40]} stands.", "Look it up with `master history`.")


class AlreadyOne(MasterRefusal):
    """A merge of what is merged."""

    def __init__(self, home: bytes) -> None:
        super().__init__(f"They are one customer already: {record_text(home)}.", "There is nothing left to do.")


class NotOne(MasterRefusal):
    """An unmerge of what is apart."""

    def __init__(self) -> None:
        super().__init__(
            "They are two customers already.", "To rule out that they are ever joined, use `master reject`."
        )


class ToldApart(MasterRefusal):
    """A merge that contradicts an earlier word of a steward."""

    def __init__(self, pair: tuple[bytes, bytes], decision: bytes, by: str) -> None:
        one, other = (record_text(record) for record in pair)
        who = f" by {by}" if by else ""
        super().__init__(
            f"{one} and {other} were told apart{who}.",
            f"Take that back with `master unmerge --decision {record_text(decision)}` first, if it was wrong.",
        )


class KeptApart(MasterRefusal):
    """A merge that a guard would stop."""

    _WORDS = {  # noqa: RUF012  (words, never changed)
        "party_kind": (
            "One is a person and the other a company.",
            "Correct the kind at the dealer, or note a relation.",
        ),
        "size": ("The customer would have more records than one may have.", "Look with `master show` who is in it."),
        "not_same": ("Somebody among them was told apart from somebody else.", "Look with `master history` who."),
        "identifiers": ("They have two valid documents that differ.", "Look at both documents first."),
    }

    def __init__(self, why: str) -> None:
        super().__init__(*self._WORDS.get(why, (f"A guard stops it: {why}.", "Look with `master explain`.")))


class NotWaiting(MasterRefusal):
    """An answer to a question that nobody asked."""

    def __init__(self) -> None:
        super().__init__(
            "This pair does not wait for a decision.", "Look with `master queue`, or use merge and unmerge."
        )


class NotForAll(MasterRefusal):
    """A cause that must be looked at one by one."""

    def __init__(self, cause: str, allowed: str) -> None:
        super().__init__(
            f"Proposals because of {cause[:40]} are decided one by one.",
            f"Only these are confirmed together: {allowed}.",
        )


class ModelRefused(HubFailure):
    """A matching model that cannot be used.

    Attributes:
        what: the rule it breaks, and where.
    """

    _WORDS = {  # noqa: RUF012  (words, never changed)
        NotAModel: ("The file is no matching model for this program", "Train it again with this version of Carnet."),
        UntrainedLevel: ("A level of the model was never trained", "Train it on records that have this level."),
        UnknownSql: (
            "A condition of the model is not understood",
            "Use only conditions that `docs/matching.md` lists; nothing is guessed.",
        ),
        UnsignedModel: (
            "The model has no valid signature of this hub",
            "Look at it with `master model check FILE`, then `master model sign FILE`.",
        ),
    }

    def __init__(self, error: UnusableModel) -> None:
        what, next_step = self._WORDS.get(type(error), ("The model cannot be used", "Train it again."))
        super().__init__(
            f"{what}: {error.detail}.", "The model in use stays, and nobody was linked or taken apart.", next_step
        )


class ModelInUse(HubFailure):
    """An activation of what is active."""

    def __init__(self, model_id: bytes) -> None:
        super().__init__(
            f"The model {model_id.hex()[:8]} is in use already.", "Nothing was changed.", "There is nothing left to do."
        )


class NoModelInUse(HubFailure):
    """A retirement of nothing."""

    def __init__(self, party_kind: str) -> None:
        super().__init__(
            f"For the kind of party {party_kind} the model that comes with the program is in use.",
            "Nothing was changed.",
            "There is nothing left to do. `master model list` shows what is in use.",
        )


class MatcherFails(HubFailure):
    """A sweep that the matcher fails on too often for it to be the customers' fault."""

    def __init__(self, most: int) -> None:
        super().__init__(
            f"The matcher failed on more than {most} customers.",
            "What it decided about others stands. Nobody on whom it failed was linked or taken apart.",
            "Look at `customer_unweighed` in the log of this command; the same call goes on where it stopped.",
        )
