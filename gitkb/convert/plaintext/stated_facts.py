"""What a page of a foreign bundle of the Open Knowledge Format says of itself in its front matter, in words.

Invariant: a fact is one short line of plain text. These are claims of the source: nothing in gitkb trusts them, or takes their
approvals for its own. A page counts as one of a bundle where it has a type and something that only this format asks for.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from itertools import islice
from typing import Any

_FACTS = ("type", "status", "resource", "stale_after", "generated", "verified", "timestamp", "sources")
_OF_THE_FORMAT = frozenset({"resource", "stale_after", "generated", "verified", "timestamp", "sources"})
_MOST, _LONGEST = 20, 300


def stated_facts(values: Mapping[str, Any]) -> dict[str, str]:
    """The facts by their keys, in this order; none for a page that is not of such a bundle. Keys come in small letters."""
    if not _shown(values.get("type")) or not values.keys() & _OF_THE_FORMAT:
        return {}
    found = {key: "; ".join(islice(_entries(values.get(key)), _MOST)) for key in _FACTS}
    return {key: text[:_LONGEST] for key, text in found.items() if text}


def _entries(value: Any) -> Iterator[str]:
    """The entries of a list, or the one that stands without a list."""
    for each in value[:_MOST] if isinstance(value, list) else [value]:
        if isinstance(each, Mapping):
            parts = [_shown(each.get(key)) for key in ("title", "by", "resource", "author", "at", "last_modified")]
            if text := ", ".join(filter(None, parts)):
                yield text
        elif text := _shown(each):
            yield text


def _shown(value: Any) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return " ".join(str(value).split()) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
