"""How documents are made now, in the words in which records say how they were made: the compiler, and the settings of reader and
compiler.

Invariant: two documents of equal bytes, converter and `Making` have equal digests (a model's own moods aside). Only settings
that the readers or the compiler are told count, and those at their defaults leave no trace, so a record does not change when an
unused one does. Pure.
"""

import hashlib
import json
from collections.abc import Mapping

from msgspec import Struct

from gitkb.compile.compiler_names import COMPILER
from gitkb.formats.settings import Settings

_DEFAULTS = Settings()


class Making(Struct, frozen=True):
    """`compiler` as digests name it, with its model; `settings` the fingerprint of what it is given, empty for the defaults."""

    compiler: str
    settings: str


def making(settings: Settings) -> Making:
    """How documents are made under these settings."""
    if settings.compiler == "llm":
        from gitkb.compile.llm.statements import compiler_of

        return Making(compiler_of(settings.model), _fingerprint(_asked(settings), _asked(_DEFAULTS)))
    return Making(COMPILER, _fingerprint(_read(settings), _read(_DEFAULTS)))


def _read(settings: Settings) -> dict[str, object]:
    """What the readers and every compiler are told."""
    return {"language": settings.language, **settings.conversion.choices}


def _asked(settings: Settings) -> dict[str, object]:
    """What a model is told besides the document."""
    return {
        **_read(settings),
        "entity_types": list(settings.entity_types),
        "llm.instructions": settings.llm.instructions.strip(),
    }


def _fingerprint(values: Mapping[str, object], defaults: Mapping[str, object]) -> str:
    """Eight hex digits of the values that are no defaults, empty where all are."""
    own = {key: value for key, value in values.items() if key not in defaults or value != defaults[key]}
    if not own:
        return ""
    return hashlib.sha256(json.dumps(own, ensure_ascii=False, sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()[:8]
