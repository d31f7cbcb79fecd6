"""How a command asks who decides: a code of a steward, no name."""

from typing import Annotated, Final

import typer

STEWARD_VARIABLE: Final = "CARNET_HUB_STEWARD"

By = Annotated[str, typer.Option("--by", envvar=STEWARD_VARIABLE, help="your code as a steward; no name")]
