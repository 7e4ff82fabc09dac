"""Addresses of one run that led to a page which another address had led to: they become no document, and are told.

Invariant: nothing that a person named is left out of the results: each address has an outcome.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gitkb.ingest.plan import Item
from gitkb.model import Outcome, SourceFile


@dataclass(frozen=True, slots=True)
class Repeat:
    """`source` has the address as its path; `path` is the source path of the page, `first` the address that stands for it in
    this run. `error` says why this one could not be had, "" where it could."""

    source: SourceFile
    path: str
    first: str
    error: str = ""


def with_repeats(items: Sequence[Item], repeats: Sequence[Repeat]) -> list[Item]:
    """The items, behind each the addresses that led to its page as well."""
    by_path: dict[str, list[Repeat]] = {}
    for repeat in repeats:
        by_path.setdefault(repeat.path, []).append(repeat)
    return [each for item in items for each in (item, *(_item(item, repeat) for repeat in by_path.get(item.source.path, ())))]


def _item(item: Item, repeat: Repeat) -> Item:
    source = replace(repeat.source, page=None)  # it is called by its own address, and not by that of the page
    if repeat.error:
        return Item(source, item.document, outcome=Outcome.FAILED, reason=repeat.error)
    return Item(source, item.document, outcome=Outcome.SKIPPED, reason=f"same page as {repeat.first}")
