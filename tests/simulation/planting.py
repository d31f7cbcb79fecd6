"""Plant a bug in the running process: the functions that it changes get other code, in place.

Decides how that is done without starting the program anew: the changed module is compiled beside the real one, and each
function whose code differs takes the new code. Everybody who holds the function, imported it or decorated it, runs the
bug from then on; so this belongs into a process of its own, which is gone afterwards.
"""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FunctionType, ModuleType

from simulation.bugs import Bug


class NotPlanted(Exception):
    """The text that a bug breaks is not there once, or it changes no function."""


def plant(bug: Bug, root: Path) -> None:
    """Plant a bug in this process.

    Args:
        root: of the repository; the sources are read there, not changed.

    Raises:
        NotPlanted: nothing was changed.
    """
    for one, code in changed_functions(bug, root):
        one.__code__ = code


def changed_functions(bug: Bug, root: Path) -> list[tuple[FunctionType, CodeType]]:
    """The functions of the running program that a bug changes, each with the code it would have.

    Raises:
        NotPlanted: the text that it breaks is not there once, or no function would change.
    """
    source = (root / bug.path).read_text(encoding="utf-8")
    if source.count(bug.right) != 1:
        raise NotPlanted(f"the text stands there {source.count(bug.right)} times")
    module = importlib.import_module(bug.path.partition("/src/")[2].removesuffix(".py").replace("/", "."))
    planted = ModuleType(module.__name__)
    planted.__dict__.update({name: value for name, value in module.__dict__.items() if name.startswith("__")})
    was = sys.modules[module.__name__]
    sys.modules[module.__name__] = planted
    try:
        exec(compile(source.replace(bug.right, bug.wrong), str(module.__file__), "exec"), planted.__dict__)  # noqa: S102
    finally:
        sys.modules[module.__name__] = was
    found = dict(_functions(planted))
    both = [(one, found[name].__code__) for name, one in _functions(module) if name in found]
    changed = [(one, code) for one, code in both if _parts(one.__code__) != _parts(code)]
    if not changed:
        raise NotPlanted("it changes no function")
    return changed


def _functions(module: ModuleType) -> Iterator[tuple[str, FunctionType]]:
    """Every function of a module by its name, those of its classes and those inside decorators as well."""
    for holder in (module, *(one for one in vars(module).values() if isinstance(one, type))):
        if getattr(holder, "__module__", module.__name__) != module.__name__:
            continue
        for value in vars(holder).values():
            bare = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
            bare = getattr(bare, "__wrapped__", bare)
            if isinstance(bare, FunctionType) and bare.__code__.co_filename == str(module.__file__):
                yield bare.__qualname__, bare


def _parts(code: CodeType) -> tuple[object, ...]:
    """What a function does, without where it stands."""
    consts = tuple(_parts(one) if isinstance(one, CodeType) else (type(one), one) for one in code.co_consts)
    return code.co_code, code.co_names, code.co_varnames, code.co_freevars, consts
