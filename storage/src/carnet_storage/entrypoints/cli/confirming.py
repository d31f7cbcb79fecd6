"""Commands that cannot be taken back ask first: the one question, and who need not be asked.

Decides that a person at a terminal is asked, that a program says `--yes`, and that nobody who can do neither gets
through: a job of the night must not begin a new history because a line of a script was copied. What cannot be taken
back, and why, is the command's to say.
"""

import sys
from typing import Annotated

import typer

from carnet_storage.core.failures import NotConfirmed

Yes = Annotated[bool, typer.Option("--yes", help="do not ask: this is meant")]


def require_consent(consequence: str, *, is_agreed: bool, as_json: bool) -> None:
    """Go on only if somebody has said that it is meant.

    Args:
        consequence: what cannot be taken back, in whole sentences.
        is_agreed: `--yes` was given.
        as_json: a program reads the answer, so there is nobody to ask.

    Raises:
        NotConfirmed: nobody can be asked, or the answer was no.
    """
    if is_agreed:
        return
    if as_json or not sys.stdin.isatty():
        raise NotConfirmed(consequence)
    typer.echo(consequence, err=True)
    if not typer.confirm("Go on?", default=False, err=True):
        raise NotConfirmed(consequence)
