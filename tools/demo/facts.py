"""What the demo found out for itself: a table of claims, each true or false, each with what was seen.

A claim that nobody checked cannot be in the table: `check` takes what was seen and what it must be.
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Fact:
    """One claim and what was seen."""

    claim: str
    seen: str
    is_true: bool


@dataclass
class Facts:
    """The table, filled step by step."""

    rows: list[Fact] = field(default_factory=list)

    def check(self, claim: str, seen: Any, expected: Any) -> None:
        """A claim that holds if `seen` equals `expected`."""
        self.holds(claim, seen if seen == expected else f"{seen}, expected {expected}", is_true=seen == expected)

    def holds(self, claim: str, seen: Any, *, is_true: bool) -> None:
        """A claim that was decided elsewhere, with what was seen."""
        self.rows.append(Fact(claim, str(seen), is_true))
        print(f"   {'ok ' if is_true else 'NO '} {claim}: {seen}", flush=True)

    @property
    def are_all_true(self) -> bool:
        """Whether every claim held, and there was at least one."""
        return bool(self.rows) and all(fact.is_true for fact in self.rows)

    def table(self) -> str:
        """The table for the end of the demo."""
        lines = ["", "What was checked", "================"]
        lines += [
            f"{number:3}. {'true ' if fact.is_true else 'FALSE'}  {fact.claim}" for number, fact in self._numbered()
        ]
        wrong = sum(not fact.is_true for fact in self.rows)
        lines.append(f"{len(self.rows)} facts, {wrong} false")
        return "\n".join(lines)

    def _numbered(self) -> enumerate[Fact]:
        return enumerate(self.rows, start=1)
