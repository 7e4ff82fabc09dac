"""How documents would be made now: the compiler and a fingerprint of the settings, in the form in which records say how their
documents were made. Where the two differ a document is outdated.

Invariant: documents with equal bytes, converter and `Making` have equal digests (though a model may answer differently). Only
settings that the readers or the compiler are given count, and those at their defaults are left out, so that a record does not
change when an unused setting does.
"""

import hashlib
import json
from collections.abc import Mapping

from msgspec import Struct

from gitkb.formats.compiler_names import COMPILER, PICTURES
from gitkb.formats.settings import Settings

_DEFAULTS = Settings()


class Making(Struct, frozen=True):
    """`compiler` is its name as in digests, with its model; `settings` the fingerprint of what it is given, empty for the
    defaults."""

    compiler: str
    settings: str


def making(settings: Settings) -> Making:
    """How documents are made under these settings."""
    if settings.compiler == "llm":
        from gitkb.compile.llm.statements import compiler_of

        return Making(compiler_of(settings.model_for("digest")), _fingerprint(_asked(settings), _asked(_DEFAULTS)))
    return Making(COMPILER, _fingerprint(_read(settings), _read(_DEFAULTS)))


def _read(settings: Settings) -> dict[str, object]:
    """The settings that the readers and every compiler are given."""
    return {"language": settings.language, **settings.conversion.choices}


def _asked(settings: Settings) -> dict[str, object]:
    """The settings that a model is given besides the document."""
    return {
        **_read(settings),
        "entity_types": list(settings.entity_types),
        "llm.instructions": settings.llm.instructions.strip(),
        "glossary": [term.line for term in settings.glossary],
        **({"llm.pictures": f"{PICTURES} {settings.model_for('pictures')}"} if settings.describes_pictures else {}),
    }


def _fingerprint(values: Mapping[str, object], defaults: Mapping[str, object]) -> str:
    """Eight hex digits that stand for the values which are no defaults; empty if all are."""
    own = {key: value for key, value in values.items() if key not in defaults or value != defaults[key]}
    if not own:
        return ""
    return hashlib.sha256(json.dumps(own, ensure_ascii=False, sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()[:8]
