"""What can go wrong at a node besides a refused input, split by who must act.

    NodeFailure
    ├── HubUnreachable      the network; trying again is harmless, nothing was lost
    ├── NoHubThere          the operator: nothing answered an enrolment; another address was meant, or the line is down
    ├── AnotherSender       another Carnet process on this machine is sending; wait for it
    ├── NotInitialised      the operator: another folder was meant, or `init` comes first
    ├── DatabaseGone        the operator: the keys are there and the database is not; restore it
    ├── NotEnrolled         the operator: enrol first
    ├── AlreadyEnrolled     the operator: this folder already belongs to a site
    ├── KeysUnreadable      the operator: a key file is missing, damaged or open to others
    │   └── WrongPassphrase     the passphrase is not that of the sheet printed last
    ├── ForeignKeys         the operator: the database belongs to other keys than those beside it
    └── HighWaterUnreadable the operator: the mark of what left this machine is damaged

A hub that answers with a refusal is a `carnet_protocol.errors.Refused` (`HubRefused`), as everywhere else. Facts
stand in attributes; the sentences a person reads are made in `entrypoints/wording`. None of them holds a personal
value.
"""

from typing import Final

from carnet_protocol.errors import Refused
from carnet_protocol.reasons import Reason


class NodeFailure(Exception):
    """Root of the tree; what was stored before is unchanged."""


class HubUnreachable(NodeFailure):
    """No usable answer came: no line, a time-out, a hub that is restarting. Sending again is harmless.

    Attributes:
        status: HTTP status of an answer that was no use; None when nothing came.
        retry_after_ms: how long the hub asked to wait; None when it said nothing.
        is_timeout: the request may have been too large for the line; send less the next time.
    """

    def __init__(
        self, detail: str, *, status: int | None = None, retry_after_ms: int | None = None, is_timeout: bool = False
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.status = status
        self.retry_after_ms = retry_after_ms
        self.is_timeout = is_timeout


class NoHubThere(NodeFailure):
    """No usable answer came to an enrolment. The code is as good as before.

    Attributes:
        url: where a hub was looked for.
    """

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.url = url


class HubRefused(Refused):
    """The hub understood and said no; nothing was changed there.

    Attributes:
        status: HTTP status of the answer.
    """

    def __init__(self, reason: Reason, detail: str, status: int) -> None:
        super().__init__(reason, detail)
        self.status = status


class AnotherSender(NodeFailure):
    """Another process holds the lock of whoever sends or exports."""


class NotInitialised(NodeFailure):
    """No node lives in this folder.

    Attributes:
        folder: as it was named.
    """

    def __init__(self, folder: str) -> None:
        super().__init__(folder)
        self.folder = folder


class DatabaseGone(NodeFailure):
    """The keys of a node lie in this folder, and its database does not.

    Attributes:
        folder: as it was named.
    """

    def __init__(self, folder: str) -> None:
        super().__init__(folder)
        self.folder = folder


class NotEnrolled(NodeFailure):
    """This folder has no identity yet."""


class AlreadyEnrolled(NodeFailure):
    """This folder has an identity, and keys that belong to it."""


NOT_READABLE: Final = "this program may not read it, or the disk cannot"
"""What is said of a file that is there and cannot be read."""


class KeysUnreadable(NodeFailure):
    """A key file is missing, has another size, or may be read by others.

    Attributes:
        file_name: which one, without its folder.
        detail: what is wrong with it.
    """

    def __init__(self, file_name: str, detail: str) -> None:
        super().__init__(f"{file_name}: {detail}")
        self.file_name = file_name
        self.detail = detail


class WrongPassphrase(KeysUnreadable):
    """The recovery passphrase that was typed does not open the wrapped data key, or that file is damaged."""


class ForeignKeys(NodeFailure):
    """The signing key of this database is not here, and was not replaced here: another machine's, or a newer one.

    Attributes:
        site_code: of the site the database belongs to.
    """

    def __init__(self, site_code: str) -> None:
        super().__init__(site_code)
        self.site_code = site_code


class HighWaterUnreadable(NodeFailure):
    """The file that says what left this machine exists and cannot be read."""
