"""Being let in over a line: the steps that `enrol` and `enrol --recover` share. Holds no rule."""

from dataclasses import dataclass

import anyio

from carnet_node.adapters.joining import finish_enrolment, pending_enrolment
from carnet_node.bootstrap import Installation
from carnet_node.core.failures import HubUnreachable, NoHubThere
from carnet_node.core.line.enrolment import PendingEnrolment
from carnet_protocol.enrolment import EnrolCode
from carnet_protocol.messages import EnrolAnswer


@dataclass(frozen=True, slots=True)
class Door:
    """Where a machine asks to be let in, and with what.

    Attributes:
        url: of the hub, checked.
        name: what people call the machine.
    """

    code: EnrolCode
    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Entered:
    """A machine that has become a node.

    Attributes:
        passphrase: shown once and kept nowhere.
    """

    site_code: str
    site_name: str
    passphrase: str

    def lines(self) -> list[str]:
        """For a terminal."""
        return [
            f"This machine now belongs to {self.site_code} {self.site_name}.",
            f"Recovery passphrase: {self.passphrase}",
            "Print it and lock it away now: it is shown once and kept nowhere. With it and a backup, secret values",
            "can be read again when this machine is lost.",
        ]


def enter(installation: Installation, door: Door) -> Entered:
    """Ask the hub and take its answer.

    Raises:
        NoHubThere: nothing answers; the code is as good as before.
        See `adapters.joining` for the rest.
    """
    try:
        pending, answer = anyio.run(_ask, installation, door)
    except HubUnreachable as failure:
        raise NoHubThere(door.url) from failure
    return taken(installation, door.code, pending, answer, door.url)


def taken(
    installation: Installation, code: EnrolCode, pending: PendingEnrolment, answer: bytes, url: str | None
) -> Entered:
    """Take an answer, however it came."""
    welcome: EnrolAnswer
    welcome, passphrase = finish_enrolment(installation.joining(), code, pending, answer, url)
    return Entered(welcome.site_code, welcome.site_name, passphrase)


async def _ask(installation: Installation, door: Door) -> tuple[PendingEnrolment, bytes]:
    """Fetch the card, make the request, bring the answer."""
    async with installation.hub_client(door.url) as link:
        card = await link.card()
        pending = pending_enrolment(installation.joining(), door.code, card, door.name)
        return pending, await link.enrol(pending.request_message)
