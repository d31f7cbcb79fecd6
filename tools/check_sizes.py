"""Keep functions and modules short enough to be read at one go.

Decides when a function or a module is too long. It does not judge what the lines say.

Rules
1. A function has at most 60 lines from its `def` to its end, its docstring not counted.
2. A module has at most 400 lines, everything counted.
3. What is longer stands in `KNOWN` with its length, may never grow, and leaves the table as soon as it can: an entry
   larger than its subject fails too, so the table only shrinks.

    python -m tools.check_sizes
"""

import ast
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

FUNCTION_LINES_MAX: Final = 60
MODULE_LINES_MAX: Final = 400
SCANNED: Final = ("protocol/src", "storage/src", "master/src", "node/src", "hub/src", "tools", "tests")

KNOWN: Final[Mapping[str, int]] = MappingProxyType({})
"""`path` or `path::Class.function` -> its length today. Take entries out; put none in."""

_FUNCTION: Final = (ast.FunctionDef, ast.AsyncFunctionDef)


def main() -> int:
    """Print every breach below the working directory; 1 if there is one."""
    breaches = oversized(Path.cwd(), KNOWN)
    for breach in breaches:
        print(breach)
    return 1 if breaches else 0


def oversized(root: Path, known: Mapping[str, int]) -> list[str]:
    """One sentence for each function, module or table entry below `root` that breaks a rule.

    Args:
        root: the repository's top folder.
        known: lengths of what may stay longer for now.
    """
    lengths = dict(measure(root))
    limits = {name: FUNCTION_LINES_MAX if "::" in name else MODULE_LINES_MAX for name in lengths}
    long = [
        f"{name} has {lines} lines; at most {max(limits[name], known.get(name, 0))} are allowed"
        for name, lines in lengths.items()
        if lines > max(limits[name], known.get(name, 0))
    ]
    return long + [_stale(name, lengths.get(name), limits.get(name, 0)) for name in _shrunk(lengths, limits, known)]


def measure(root: Path) -> Iterator[tuple[str, int]]:
    """Every module and function in the scanned folders, as (name, lines)."""
    for folder in SCANNED:
        for path in sorted((root / folder).rglob("*.py")):
            source = path.read_text(encoding="utf-8")
            module = path.relative_to(root).as_posix()
            yield module, len(source.splitlines())
            yield from _functions(ast.parse(source, filename=module), f"{module}::")


def _functions(scope: ast.AST, prefix: str) -> Iterator[tuple[str, int]]:
    for child in ast.iter_child_nodes(scope):
        if not isinstance(child, (*_FUNCTION, ast.ClassDef)):
            yield from _functions(child, prefix)
            continue
        name = f"{prefix}{child.name}"
        if isinstance(child, _FUNCTION):
            yield name, _lines_without_docstring(child)
        yield from _functions(child, f"{name}.")


def _lines_without_docstring(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    lines = _span(function)
    return lines - _span(function.body[0]) if ast.get_docstring(function, clean=False) is not None else lines


def _span(statement: ast.stmt) -> int:
    return (statement.end_lineno or statement.lineno) - statement.lineno + 1


def _shrunk(lengths: Mapping[str, int], limits: Mapping[str, int], known: Mapping[str, int]) -> list[str]:
    return [name for name, allowed in known.items() if lengths.get(name, 0) < allowed or allowed <= limits.get(name, 0)]


def _stale(name: str, lines: int | None, limit: int) -> str:
    if lines is None:
        return f"{name} is gone; take it out of KNOWN"
    if lines <= limit:
        return f"{name} has {lines} lines and needs no exception; take it out of KNOWN"
    return f"{name} has shrunk to {lines} lines; write that number into KNOWN"


if __name__ == "__main__":
    sys.exit(main())
