"""What can be wrong with a matching model. Whoever brought the file must act; the model in use goes on being used.

CarnetError
└── UnusableModel          the file cannot be used; nothing has changed
    ├── NotAModel          bytes that are no model: not canonical JSON, a part missing or out of bounds
    ├── UntrainedLevel     a level whose m or u nobody has estimated
    ├── UnknownSql         a condition with something the compiled scorer does not know
    └── UnsignedModel      no valid signature of the hub's key over this very model
"""

from carnet_protocol.errors import CarnetError


class UnusableModel(CarnetError):
    """A model that cannot be used.

    Attributes:
        detail: what exactly, for an operator; a model holds no personal value but names by their frequency, and none of
            those is told.
    """

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class NotAModel(UnusableModel):
    """Bytes that are no model: not canonical JSON, a part missing, of another type or out of bounds."""


class UntrainedLevel(UnusableModel):
    """A level whose m or u nobody has estimated: a pair in it would be weighed by a guess."""


class UnknownSql(UnusableModel):
    """A condition with something the compiled scorer does not know; it never guesses what was meant."""


class UnsignedModel(UnusableModel):
    """No valid signature of the expected key over this very model."""
