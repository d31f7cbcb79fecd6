"""Tests say what is true in one sentence, and none of them is empty.

A contract suite is inherited by every implementation of a port; one that overrides a test with nothing has left the
contract without anybody noticing. So no test may have an empty body, and no class may take a test away.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

SENTENCE = re.compile(r"[^a-z\s].*[.。]", re.DOTALL)
"""Begins with a capital, a digit, a quoted name or a Chinese character, and ends with a full stop."""

SECOND_SENTENCE = re.compile(r"(?<!e\.g)(?<!i\.e)[.!?。！？]\s*(?=[A-Z\u4e00-\u9fff])|\n\s*\n")


def faults_in(folder: Path) -> list[str]:
    """One line for each test below `folder` that lacks its sentence or its body, or was taken away."""
    faults = []
    for path in sorted(folder.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
        faults += [f"{path.relative_to(folder).as_posix()}:{fault}" for fault in _faults(tree)]
    return faults


def _faults(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name.startswith("test_"):
            if not _is_one_sentence(ast.get_docstring(node)):
                yield f"{node.lineno}: {node.name} needs a docstring of one sentence"
            if all(map(_does_nothing, node.body)):
                yield f"{node.lineno}: {node.name} is empty"
        elif isinstance(node, ast.ClassDef):
            yield from (f"{line}: {node.name} takes {name} away" for line, name in _removed(node))


def _is_one_sentence(docstring: str | None) -> bool:
    return docstring is not None and bool(SENTENCE.fullmatch(docstring)) and not SECOND_SENTENCE.search(docstring)


def _does_nothing(statement: ast.stmt) -> bool:
    match statement:
        case ast.Pass() | ast.Expr(value=ast.Constant()):
            return True
        case ast.Return(value=value):
            return value is None or isinstance(value, ast.Constant)
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id="pytest"), attr="skip" | "xfail"))):
            return True
        case _:
            return False


def _removed(scope: ast.ClassDef) -> Iterator[tuple[int, str]]:
    for statement in scope.body:
        targets = statement.targets if isinstance(statement, ast.Assign | ast.Delete) else []
        if isinstance(statement, ast.AnnAssign):
            targets = [statement.target]
        for target in targets:
            if isinstance(target, ast.Name) and target.id.startswith("test_"):
                yield statement.lineno, target.id


def planted(folder: Path, body: str) -> list[str]:
    """The faults of a folder with one test module."""
    (folder / "test_planted.py").write_text(body, encoding="utf-8")
    return faults_in(folder)


def test_every_test_says_one_sentence_and_has_a_body():
    """Each test of this repository has a docstring of one sentence and something to check."""
    assert faults_in(ROOT / "tests") == []


@pytest.mark.parametrize(
    "docstring",
    [
        pytest.param("", id="empty"),
        pytest.param("no capital letter.", id="no capital"),
        pytest.param("A claim without a full stop", id="no full stop"),
        pytest.param("One claim. And another.", id="two sentences"),
        pytest.param("A claim.\n\n    More about it.", id="two paragraphs"),
        pytest.param("一句话。两句话。", id="two Chinese sentences"),
    ],
)
def test_a_docstring_that_is_not_one_sentence_is_reported(tmp_path: Path, docstring: str):
    """A test whose docstring is missing, cut short or longer than a sentence is named with its line."""
    body = f'def test_x():\n    """{docstring}"""\n    assert 1\n'

    assert planted(tmp_path, body) == ["test_planted.py:1: test_x needs a docstring of one sentence"]


def test_a_test_without_any_docstring_is_reported(tmp_path: Path):
    """A test that says nothing about itself is named, async or in a class as well."""
    body = "class TestX:\n    async def test_x(self):\n        assert 1\n"

    assert planted(tmp_path, body) == ["test_planted.py:2: test_x needs a docstring of one sentence"]


@pytest.mark.parametrize(
    "docstring",
    [
        "A claim.",
        "Version 1.2 of carnet.toml is read, e.g. Chinese.",
        "`x` is kept\n    over two lines.",
        "400 lines pass.",
        "离线也能登记。",
    ],
)
def test_a_docstring_of_one_sentence_is_accepted(tmp_path: Path, docstring: str):
    """Numbers, quoted names, line breaks and Chinese do not make a sentence two."""
    assert planted(tmp_path, f'def test_x():\n    """{docstring}"""\n    assert 1\n') == []


@pytest.mark.parametrize(
    "statement", ["pass", "...", "return", "return None", "pytest.skip('later')", "pytest.xfail()"]
)
def test_an_empty_body_is_reported(tmp_path: Path, statement: str):
    """A contract test overridden by nothing, or by a bare skip, is named with its line."""
    body = f'class TestMemory(Contract):\n    def test_x(self):\n        """A claim."""\n        {statement}\n'

    assert planted(tmp_path, body) == ["test_planted.py:2: test_x is empty"]


@pytest.mark.parametrize("statement", ["test_x = None", "test_x: object = None", "del test_x"])
def test_a_test_taken_out_of_its_class_is_reported(tmp_path: Path, statement: str):
    """A class that replaces an inherited test by a value is named with its line."""
    body = f"class TestMemory(Contract):\n    {statement}\n"

    assert planted(tmp_path, body) == ["test_planted.py:2: TestMemory takes test_x away"]


def test_a_skip_with_a_condition_is_not_an_empty_body(tmp_path: Path):
    """A test may skip for a reason that it looks at."""
    body = 'def test_x():\n    """A claim."""\n    if not BROWSER:\n        pytest.skip()\n    assert 1\n'

    assert planted(tmp_path, body) == []
