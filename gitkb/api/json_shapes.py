"""What results are for programs: plain data, ready for JSON.

Invariant: a program sees the same shape from every interface. Fields are only ever added.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gitkb.model.rows import Shown


def shown(found: Shown) -> dict[str, object]:
    """A document or page, with the record of a document."""
    from gitkb.formats.records import encode

    record = json.loads(encode(found.record)) if found.record is not None else None
    return {"path": found.path, "text": found.text, "record": record}
