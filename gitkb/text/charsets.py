"""Names of character encodings, as servers and records have them.

Invariant: a name is known where this Python turns bytes into text by it; looking one up reads no file but Python's own codecs.
"""

import re

_NAME = re.compile(r"[A-Za-z0-9._:-]{1,40}")


def known_charset(name: str) -> str:
    """The name as it is where it names an encoding of text, "" for any other."""
    if not _NAME.fullmatch(name):
        return ""
    try:
        bytes(4).decode(name, "ignore")  # there are codecs that make no text, like base64
    except (LookupError, UnicodeError):
        return ""
    return name
