"""Finds records that changed although nothing did from which they are made: somebody edited them.

Invariant: pure; says what differs, not who is right. What a model wrote can differ because it was asked again.
"""

from collections.abc import Mapping

from msgspec import Struct

from gitkb.formats.compiler_names import asked_a_model
from gitkb.model.documents import Record


class AlteredRecord(Struct, frozen=True):
    """A document whose record changed although neither its original nor what made it did. Where a model wrote it (`by_model`),
    the model may have been asked again."""

    document: str
    by_model: bool


def altered_records(before: Mapping[str, Record], after: Mapping[str, Record]) -> list[AlteredRecord]:
    """The documents of this kind that lead from some records to others, both by document, by name."""
    return [
        AlteredRecord(name, asked_a_model(new.compiler))
        for name, new in sorted(after.items())
        if (old := before.get(name)) is not None and old != new and _made_of(old) == _made_of(new)
    ]


def _made_of(record: Record) -> tuple[object, ...]:
    return (record.source, record.converter, record.compiler, record.settings)
