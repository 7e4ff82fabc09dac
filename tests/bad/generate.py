"""All bad inputs, and how they are written into a folder."""

import itertools
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.bad import archives, office, pdfs, places, texts, words
from tests.bad.case import Case

NEIGHBOURS = ("0-first.md", "html/0-between.md", "pdf/0-between.md", "xlsx/0-between.md", "zz-last.md")
"""Good documents among the bad ones."""


def all_cases() -> list[Case]:
    """Every case, in the order of their modules; the same in each process."""
    families = (archives, office, pdfs, places, texts)
    cases = list(itertools.chain.from_iterable(family.cases() for family in families))
    paths = [case.path for case in cases]
    assert len(set(paths)) == len(paths), "two cases have one path"
    return cases


def write_all(folder: Path, cases: Iterable[Case]) -> None:
    """Writes all inputs below a folder, with good ones between them."""
    for case in cases:
        file = folder / case.path
        file.parent.mkdir(parents=True, exist_ok=True)
        case.write(file)
    for number, name in enumerate(NEIGHBOURS):
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(words.md() + f"\nNeighbour {number}.\n".encode())


def quick(cases: Sequence[Case]) -> list[Case]:
    """Those that cost little."""
    return [case for case in cases if not case.slow]
