"""Write the pages of the specification that are tables of the code: limits, errors, registry.

Decides how the bounds, the reason codes and the kinds are shown to a reader. The sentences are those of the code
itself; a test fails when a page is not current.

    python -m tools.make_spec_tables [FOLDER]
"""

import ast
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from carnet_protocol import errors, limits
from carnet_protocol.kinds import REGISTRY, SCHEMA_VERSION
from carnet_protocol.reasons import Reason, explain
from carnet_protocol.registry import ErasureGroup, Field, Kind, Register, ValueType

SPEC: Final = Path(__file__).resolve().parents[1] / "docs" / "spec"

_NOTE: Final = "*Written by `python -m tools.make_spec_tables`; change the code instead.*"


def main(folder: Path) -> int:
    """Write every page into `folder` and print its name; 0."""
    for name, make in PAGES.items():
        (folder / name).write_text(make(), encoding="utf-8")
        print(f"{folder.name}/{name}")
    return 0


def limits_page() -> str:
    """Every bound with the sentence beside it."""
    lines = [
        "# Limits",
        "",
        _NOTE,
        "",
        "A bound is part of the protocol: raising one is a schema change, because an older peer refuses what a newer",
        "one would send. What is over a bound is refused before work is spent on it.",
        "",
        "| Bound | Value | Why |",
        "|---|---|---|",
    ]
    lines += [f"| `{name}` | {value:,} | {_cell(why)} |" for name, value, why in _bounds()]
    return _page(lines)


def errors_page() -> str:
    """Every reason code with its three sentences."""
    lines = [
        "# Errors",
        "",
        _NOTE,
        "",
        "A reason code travels in receipts, push answers, problems over HTTP and `--json` output. A code is never",
        "renamed and never reused. Whoever refuses leaves everything as it was, unless the third column says more.",
        "",
        "| Code | What happened | What is safe | What to do next |",
        "|---|---|---|---|",
    ]
    for reason in Reason:
        text = explain(reason)
        lines.append(f"| `{reason.value}` | {_cell(text.what)} | {_cell(text.safe)} | {_cell(text.next)} |")
    lines += ["", "## Who must act", "", "```text", *_tree(), "```"]
    return _page(lines)


def registry_page() -> str:
    """Every kind: its registers, labels and types."""
    lines = [
        "# Registry",
        "",
        _NOTE,
        "",
        f"Schema version {SCHEMA_VERSION}. A label is register number * 8 + position. Numbers and labels stand in",
        "signed bytes: they are appended, never renumbered, never reused. How a resolver chooses is in",
        "[fold.md](fold.md).",
        "",
        "| Type | On the wire |",
        "|---|---|",
        *(f"| {one.value} | {_TYPES[one]} |" for one in ValueType),
        "",
        "| Erasure group | Number |",
        "|---|---|",
        *(f"| {group.name.lower()} | {int(group)} |" for group in ErasureGroup),
        "",
        "| Kind | Number | Written by | Received by | Belongs to |",
        "|---|---|---|---|---|",
        *(_summary(kind) for kind in REGISTRY.kinds),
    ]
    for kind in REGISTRY.kinds:
        lines += ["", *_kind_section(kind)]
    return _page(lines)


PAGES: Final[Mapping[str, Callable[[], str]]] = MappingProxyType(
    {"limits.md": limits_page, "errors.md": errors_page, "registry.md": registry_page}
)
"""File name -> what writes its text."""

_TYPES: Final[Mapping[ValueType, str]] = MappingProxyType(
    {
        ValueType.TEXT: "text up to 4096 bytes of UTF-8, without NUL",
        ValueType.CODE: "text: one of the list, or up to 64 characters if there is none",
        ValueType.INT: "integer within the bounds given, else 64 bits signed",
        ValueType.INSTANT: "integer, ms since 1970 UTC",
        ValueType.DATE: "text, YYYY-MM-DD",
        ValueType.BOOL: "true or false",
        ValueType.REF: "byte string of 16: a record id",
        ValueType.BYTES: "byte string up to 4096",
    }
)


def _bounds() -> Iterator[tuple[str, int, str]]:
    """Name, value and the string that stands below each constant of `limits`."""
    body = ast.parse(Path(limits.__file__).read_text(encoding="utf-8")).body
    pending: list[str] = []
    for node in body:
        match node:
            case ast.AnnAssign(target=ast.Name(id=name)):
                pending.append(name)
            case ast.Expr(value=ast.Constant(value=str() as why)) if pending:
                yield from ((name, getattr(limits, name), why) for name in pending)
                pending = []
            case _:
                continue


def _tree() -> list[str]:
    """The drawing at the top of `errors`."""
    lines = (errors.__doc__ or "").splitlines()
    return [line.strip("\n")[4:] for line in lines if line.startswith("    ")]


def _summary(kind: Kind) -> str:
    parent = f"`{kind.parent}`" if kind.parent else ""
    name = f"[`{kind.name}`](#{kind.name})"
    return f"| {name} | {kind.number} | {kind.writer.value} | {kind.audience.value} | {parent} |"


def _kind_section(kind: Kind) -> Iterator[str]:
    yield f"## {kind.name}"
    yield ""
    fact = " A fact: made once and retracted, never edited." if kind.is_fact else ""
    anchor = f" Its audience follows `{kind.anchor}`." if kind.anchor else ""
    yield f"Kind {kind.number}, written by {kind.writer.value}, received by {kind.audience.value}.{fact}{anchor}"
    yield ""
    yield "| Register | Resolver | Privacy | Label | Field | Type |"
    yield "|---|---|---|---|---|---|"
    for register in kind.registers:
        yield from _register_rows(register)


def _register_rows(register: Register) -> Iterator[str]:
    for label, one in zip(register.labels, register.fields, strict=True):
        is_first = label == register.labels[0]
        head = (
            f"{register.number} {register.name} | {register.resolver.value} | {_privacy(register)}"
            if is_first
            else "| |"
        )
        yield f"| {head} | {label} | `{one.name}` | {_type(one)} |"


def _privacy(register: Register) -> str:
    group = "" if register.group is None else f", {register.group.name.lower()}"
    return f"{register.privacy.value}{group}{', masked' if register.masked else ''}"


def _type(one: Field) -> str:
    if one.codes:
        return f"{one.type.value}: {', '.join(one.codes)}"
    if one.refers_to:
        return f"{one.type.value} to {one.refers_to}"
    if one.type is ValueType.INT:
        return f"{one.type.value}, {one.minimum:,} to {one.maximum:,}"
    return one.type.value


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _page(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    arguments = ArgumentParser(description=(__doc__ or "").splitlines()[0])
    arguments.add_argument("--folder", type=Path, default=SPEC, help="where to write (%(default)s)")
    sys.exit(main(arguments.parse_args().folder))
