"""Which documents would be made otherwise today, and why: by a newer converter, another compiler or model, other settings.

Invariant: told from the records alone; nothing is converted. What a newer gitkb made is never outdated here. The settings of the
knowledge base are the rule, also for a document that was once added with others. Reads only.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterator

from gitkb.catalog.catalog import Catalog
from gitkb.catalog.made import Made, documents_made, makings
from gitkb.catalog.records import RECORDS
from gitkb.compile import LLM_COMPILER
from gitkb.compile.making import Making, making
from gitkb.config import Settings
from gitkb.convert.formats import CONVERTERS
from gitkb.events import Outdated, OutdatedReason
from gitkb.formats import made_by_newer
from gitkb.model import Tree

_MODEL = f"{LLM_COMPILER} "
_DEFAULTS = "defaults"


def outdated_at(catalog: Catalog, tip: Tree, settings: Settings, *, keep: bool) -> Outdated:
    """What is outdated at a tree; `keep` as in `Catalog.at`."""
    with catalog.at(tip, RECORDS, keep=keep) as db:
        return outdated(db, settings)


def outdated(db: sqlite3.Connection, settings: Settings) -> Outdated:
    """How many documents are outdated under these settings, and the reasons, most frequent first."""
    now, documents, counts = making(settings), 0, Counter[tuple[str, str, str]]()
    for made, count in makings(db):
        why = list(_reasons(made, now))
        documents += count if why else 0
        counts.update(dict.fromkeys(why, count))
    order = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return Outdated(documents, tuple(OutdatedReason(count, *why) for why, count in order))


def outdated_documents(db: sqlite3.Connection, settings: Settings) -> list[str]:
    """The names of the documents that are outdated under these settings, sorted."""
    now = making(settings)
    return sorted(name for made, _ in makings(db) if any(_reasons(made, now)) for name in documents_made(db, made))


def newer_documents(db: sqlite3.Connection, settings: Settings) -> list[str]:
    """The names of the documents that a newer gitkb made, sorted: this one would make them worse."""
    now = making(settings)
    return sorted(name for made, _ in makings(db) if _by_newer(made, now) for name in documents_made(db, made))


def _by_newer(made: Made, now: Making) -> bool:
    return made_by_newer(made.converter, _converter(made)) or made_by_newer(made.compiler, now.compiler)


def _converter(made: Made) -> str:
    """The converter of today for what was converted so, "" for none."""
    return CONVERTERS.get(made.converter.partition("/")[0], "")


def _reasons(made: Made, now: Making) -> Iterator[tuple[str, str, str]]:
    """(what differs, what it was, what it is now); settings are compared where the same compiler was given them."""
    if _by_newer(made, now):
        return
    converter = _converter(made)
    if converter != made.converter:
        yield "converter", made.converter or "unknown", converter or "none"
    if made.compiler != now.compiler:
        if made.compiler.startswith(_MODEL) and now.compiler.startswith(_MODEL):
            yield "model", made.compiler.removeprefix(_MODEL), now.compiler.removeprefix(_MODEL)
        else:
            yield "compiler", made.compiler or "unknown", now.compiler
    elif made.settings != now.settings:
        yield "settings", made.settings or _DEFAULTS, now.settings or _DEFAULTS
