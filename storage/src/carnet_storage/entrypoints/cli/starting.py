"""How a program with many commands starts and ends.

Decides that only the module of the command that was asked for is loaded, the help page loads none, that nobody looks
for garbage among modules that have just been loaded, and that a reader who has seen enough of the output is no failure.
"""

import gc
import importlib
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

Commands = Mapping[str, tuple[str, str]]
"""Module and help by command, in the order of the help page."""


def lazy_group(package: str, commands: Commands) -> type[TyperGroup]:
    """A group that imports a command's module when the command is asked for.

    Args:
        package: of the modules; the command `x` is `x_app` in its module.
    """

    class LazyGroup(TyperGroup):
        """The commands of one program."""

        def list_commands(self, ctx: Any) -> list[str]:
            """All names; nothing is imported."""
            del ctx
            return list(commands)

        def get_command(self, ctx: Any, cmd_name: str) -> Any:
            """The command of a name; None when there is none."""
            if cmd_name not in commands:
                return super().get_command(ctx, cmd_name)
            module, help_text = commands[cmd_name]
            with loading():
                app: typer.Typer = getattr(importlib.import_module(f"{package}.{module}"), f"{cmd_name}_app")
            command = typer.main.get_command(app)
            command.name = cmd_name
            command.help = command.help or help_text
            return command

        def format_commands(self, ctx: Any, formatter: Any) -> None:
            """The list on the help page, without importing what it lists."""
            del ctx
            with formatter.section("Commands"):
                formatter.write_dl([(name, text) for name, (_, text) in commands.items()])

    return LazyGroup


@contextmanager
def loading() -> Iterator[None]:
    """Load modules without looking for garbage among what they make, meanwhile or at once afterwards: it stays.

    To freeze and thaw makes everything old without a look at it; otherwise the next small collections, which look at
    what is new, would go through all of it. Both together save a sixth of the time.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.freeze()
            gc.unfreeze()
            gc.enable()


def leave(code: int) -> NoReturn:
    """End the process with an exit code, and with everything written that somebody still reads."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)
