"""What can go wrong in the protocol, split by who must act.

    CarnetError
    ├── Refused                 the input is wrong; whoever sent it must act; nothing has changed
    │   ├── Malformed           bytes that are no message of this protocol
    │   ├── NotAuthentic        a signature, a proof or a commitment that does not hold
    │   ├── OutOfOrder          a link that does not continue the chain (gap, fork, superseded)
    │   ├── NotAllowed          a well-made change by somebody who may not make it
    │   └── BadValue            one field with a value outside the registry
    └── BrokenRule              a programmer called the protocol wrongly; a bug in our code

Every `Refused` carries a `Reason` (the code that travels and its text) and a short detail for a log, which never holds
a personal value. Malformed input surfaces as one of these leaves and never as a leaked `ValueError` or `KeyError`.
"""

from carnet_protocol.reasons import Reason


class CarnetError(Exception):
    """Root of the tree; catch a leaf instead."""


class Refused(CarnetError):
    """The input is wrong. Whoever raised this left every argument and every store unchanged.

    Attributes:
        reason: the code from the catalogue.
        detail: what exactly, for a log or a test; free of personal values.
    """

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason.value}: {detail}" if detail else reason.value)
        self.reason = reason
        self.detail = detail


class Malformed(Refused):
    """Bytes that are no message of this protocol."""


class NotAuthentic(Refused):
    """A signature, a proof or a commitment that does not hold."""


class OutOfOrder(Refused):
    """A link that does not continue the chain it names."""


class NotAllowed(Refused):
    """A well-made change by somebody who may not make it."""


class BadValue(Refused):
    """One field with a value outside the registry.

    Attributes:
        field: the registry name of the field, for a form to point at.
    """

    def __init__(self, reason: Reason, field: str, detail: str = "") -> None:
        super().__init__(reason, f"{field}: {detail}" if detail else field)
        self.field = field


class BrokenRule(CarnetError):
    """A programmer called the protocol wrongly. Never caught; it is a bug."""
