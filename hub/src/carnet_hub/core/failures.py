"""What can go wrong at the hub besides a refused input: somebody who operates it has to act.

    HubFailure
    ├── NotInitialised      no hub lives in this folder yet
    ├── DatabaseEmpty       its keys are there and its database is not
    ├── AlreadyInitialised  one does, and its keys must not be replaced
    ├── KeysUnreadable      a key file is missing, damaged or open to others
    ├── UnsafeBind          clear HTTP was asked for on an address others can reach
    ├── ListRefused         an import has lines that somebody must look at; nothing was stored
    ├── ExportDiffers       an export folder is not what was signed
    ├── AlreadyErased       orders before name all that an order to erase would name
    └── Unusable            a file or argument an operator gave cannot be used

A refused message or value is a `carnet_protocol.errors.Refused`, as everywhere. Each failure can say three sentences:
what happened, what is safe, what to do next. None of them holds a personal value.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FaultyLine:
    """One line of an imported list that was not taken.

    Attributes:
        file_name: without its folder.
        line: counted from 1.
        problem: a code, see `vin.VinProblem`.
        text: what stood there, at most 64 characters; member lists hold no personal data.
    """

    file_name: str
    line: int
    problem: str
    text: str


class HubFailure(Exception):
    """Root of the tree. What was stored before is unchanged.

    Attributes:
        what, safe, next: the three sentences.
    """

    def __init__(self, what: str, safe: str, next_step: str) -> None:
        super().__init__(what)
        self.what = what
        self.safe = safe
        self.next = next_step


class NotInitialised(HubFailure):
    """No hub lives in this folder yet."""

    def __init__(self, folder: str) -> None:
        super().__init__(
            f"There is no hub in {folder}.",
            "Nothing was changed.",
            "Run `carnet-hub init`, or name the right folder with --data.",
        )


class DatabaseEmpty(HubFailure):
    """The keys of a hub are there, and a database that has never heard of it."""

    def __init__(self, folder: str) -> None:
        super().__init__(
            f"The keys in {folder} belong to a hub, but the database is empty.",
            "The keys are untouched, and no dealer has been told anything.",
            "Name the right database, or restore it from the backup.",
        )


class AlreadyInitialised(HubFailure):
    """A hub lives here, and its keys must not be replaced."""

    def __init__(self, folder: str) -> None:
        super().__init__(
            f"A hub already lives in {folder}.",
            "Its keys and its log are untouched.",
            "Name another folder, or go on with this one.",
        )


class KeysUnreadable(HubFailure):
    """A key file is missing, has another size, or may be read by others.

    Attributes:
        file_name: which one, without its folder.
        detail: what is wrong with it.
    """

    def __init__(self, file_name: str, detail: str) -> None:
        super().__init__(
            f"The key file {file_name} cannot be used: {detail}.",
            "The hub has not started, and nothing was signed.",
            "Put the file back from the safe, owned by the hub's account with mode 600.",
        )
        self.file_name = file_name
        self.detail = detail


class UnsafeBind(HubFailure):
    """Clear HTTP was asked for on an address that others can reach."""

    def __init__(self, host: str) -> None:
        super().__init__(
            f"The hub would speak clear HTTP on {host}.",
            "It has not started.",
            "Give --tls-cert and --tls-key, or --behind-proxy when a proxy ends TLS here, or bind 127.0.0.1.",
        )


class ListRefused(HubFailure):
    """An imported list has lines that somebody must look at.

    Attributes:
        faulty: the lines, in order, at most as many as are worth reading at once.
        faulty_count: how many there are altogether.
    """

    def __init__(
        self,
        what: str,
        faulty: Sequence[FaultyLine] = (),
        faulty_count: int = 0,
        *,
        then: str = "Correct the list and give it again.",
    ) -> None:
        super().__init__(what, "Nothing was imported.", then)
        self.faulty = tuple(faulty)
        self.faulty_count = faulty_count or len(self.faulty)


class ExportDiffers(HubFailure):
    """An export folder is not what was signed.

    Attributes:
        file_name: the first file that differs.
    """

    def __init__(self, file_name: str, detail: str) -> None:
        super().__init__(
            f"{file_name}: {detail}.",
            "The hub's own records are not affected.",
            "Do not rely on this folder; ask for the export again.",
        )
        self.file_name = file_name


class AlreadyErased(HubFailure):
    """Every record of a customer is erased with the groups that were asked for.

    Attributes:
        orders: ids of the orders that name the customer.
    """

    def __init__(self, customer: str, orders: Sequence[str]) -> None:
        super().__init__(
            f"Customer {customer} is erased already, by order {', '.join(orders)}.",
            "No second order was written; what was erased stays erased, here and at every node that is told.",
            f"Nothing is left to do. `erasures show {orders[-1]}` says which nodes have carried it out.",
        )
        self.orders = tuple(orders)


class RetentionRuns(HubFailure):
    """What was to be purged has to stay for now.

    Attributes:
        verdict: why, as a report names it.
        class_id: what governs it.
        until: the day from which it may go, as far as is known; empty while nobody can say.
    """

    def __init__(self, customer: str, *, verdict: str, class_id: str, source: str, until: str) -> None:
        super().__init__(
            f"What is held of {customer} stays: {verdict.replace('_', ' ')} ({class_id}, {source})"
            + (f", at least until {until}." if until else "."),
            "Nothing was purged.",
            "Look with `retention report`. A person's own request is another ground: `erase --ground request`.",
        )
        self.verdict = verdict
        self.class_id = class_id
        self.until = until


class Unusable(HubFailure):
    """A file or argument an operator gave cannot be used."""

    def __init__(self, what: str, next_step: str) -> None:
        super().__init__(what, "Nothing was changed.", next_step)
