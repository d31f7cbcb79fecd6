"""Functions and modules stay short, and the table of exceptions only shrinks."""

from pathlib import Path

import pytest
from tools.check_sizes import FUNCTION_LINES_MAX, KNOWN, MODULE_LINES_MAX, oversized

ROOT = Path(__file__).parents[2]


def module_with(tmp_path: Path, source: str) -> Path:
    """A repository below `tmp_path` whose only module, `tools/planted.py`, has this source."""
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "planted.py").write_text(source, encoding="utf-8")
    return tmp_path


def function_of(lines: int, *, docstring_lines: int = 0, head: str = "def planted():") -> str:
    """Source of a function with `lines` lines of code, its `def` counted, and a docstring between them."""
    docstring = ["    '''" + "\n" * (docstring_lines - 1) + "'''"] if docstring_lines else []
    return "\n".join([head, *docstring, *["    x = 1"] * (lines - 1)]) + "\n"


def test_every_function_and_module_is_within_bounds():
    """No function or module of this repository is longer than the house style allows."""
    assert oversized(ROOT, KNOWN) == []


@pytest.mark.parametrize("head", ["def planted():", "async def planted():"])
def test_a_function_one_line_too_long_is_reported(tmp_path: Path, head: str):
    """A function of 61 lines is named with its length."""
    root = module_with(tmp_path, function_of(FUNCTION_LINES_MAX + 1, head=head))

    assert oversized(root, {}) == ["tools/planted.py::planted has 61 lines; at most 60 are allowed"]


def test_a_function_at_the_bound_passes_whatever_its_docstring(tmp_path: Path):
    """A function of 60 lines passes although its docstring makes it longer."""
    root = module_with(tmp_path, function_of(FUNCTION_LINES_MAX, docstring_lines=30))

    assert oversized(root, {}) == []


def test_a_method_in_a_nested_class_is_measured(tmp_path: Path):
    """A long method is found under its qualified name, below a class inside a condition."""
    method = function_of(FUNCTION_LINES_MAX + 1).replace("\n", "\n        ")
    root = module_with(tmp_path, f"if True:\n    class Outer:\n        {method}\n")

    assert oversized(root, {}) == ["tools/planted.py::Outer.planted has 61 lines; at most 60 are allowed"]


@pytest.mark.parametrize(("lines", "reported"), [(MODULE_LINES_MAX, False), (MODULE_LINES_MAX + 1, True)])
def test_a_module_is_reported_above_the_bound_only(tmp_path: Path, lines: int, reported: bool):
    """A module of 400 lines passes and one of 401 lines is named."""
    root = module_with(tmp_path, "x = 1\n" * lines)

    assert oversized(root, {}) == ["tools/planted.py has 401 lines; at most 400 are allowed"] * reported


def test_an_exception_holds_at_its_length_and_not_above(tmp_path: Path):
    """An entry of the table excuses exactly the length it names."""
    root = module_with(tmp_path, function_of(70))

    assert oversized(root, {"tools/planted.py::planted": 70}) == []
    assert oversized(root, {"tools/planted.py::planted": 69}) == [
        "tools/planted.py::planted has 70 lines; at most 69 are allowed"
    ]


@pytest.mark.parametrize(
    ("known", "breach"),
    [
        pytest.param(
            {"tools/planted.py::planted": 80},
            "tools/planted.py::planted has shrunk to 70 lines; write that number into KNOWN",
            id="shrunk",
        ),
        pytest.param(
            {"tools/planted.py::planted": 70, "tools/planted.py": 500},
            "tools/planted.py has 70 lines and needs no exception; take it out of KNOWN",
            id="short enough",
        ),
        pytest.param(
            {"tools/planted.py::planted": 70, "tools/gone.py": 500},
            "tools/gone.py is gone; take it out of KNOWN",
            id="gone",
        ),
    ],
)
def test_an_exception_that_is_too_generous_is_reported(tmp_path: Path, known: dict[str, int], breach: str):
    """An entry larger than its subject, or without one, has to be corrected."""
    root = module_with(tmp_path, function_of(70))

    assert oversized(root, known) == [breach]
