"""Whether a PDF is whole, and what to say of one that no reader opens.

Invariant: a file is only called cut off where what stands at its end cannot be the end of a PDF; what follows the end (blanks,
zeros, what a server added) is no damage.
"""

import mmap
import re
from pathlib import Path

from gitkb.errors import ConversionError

_TAIL = 4096
_OBJECT = re.compile(rb"\d+\s+\d+\s+obj\b")


def cut_off(file: Path) -> bool:
    """Whether the end of a PDF is missing: no mark of an end, or objects behind the last one."""
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if data.rfind(b"%%EOF", max(0, len(data) - _TAIL)) >= 0 or data.rfind(b"startxref", max(0, len(data) - _TAIL)) >= 0:
            return False
        last = data.rfind(b"%%EOF")
        return last < 0 or _OBJECT.search(data, last) is not None


def locked() -> ConversionError:
    """The error for a PDF that asks for a password."""
    return ConversionError("the PDF is protected by a password.", "Save it without a password, then add it again.")


def refused(what: str) -> ConversionError:
    """The error for a PDF that no reader opens."""
    return ConversionError(f"the PDF is damaged: {what}.", "Save it again from the program that made it, or fetch it once more.")
