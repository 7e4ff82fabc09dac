"""Converts mailboxes (mbox): one section for each message, in the order of the file.

Invariant: the file is only read, and no lock is taken on it (Python's `mailbox` opens it for writing). What is left out is
counted in the text.
"""

import re
from pathlib import Path

from gitkb.convert.draft import Draft
from gitkb.convert.mail.email_message import message_of
from gitkb.convert.pictures import Gallery
from gitkb.formats.settings import ConversionSettings

MAX_MESSAGES = 5_000
_POSTMARK = re.compile(rb"(?:\A|(?<=\n\n)|(?<=\r\n\r\n))From [^\r\n]{0,500}\r?\n(?=>?[!-9;-~]{1,100}:|From )")
_GUARDED = re.compile(rb"(?m)^>(?=>*From )")


def read(file: Path, name: str, settings: ConversionSettings) -> Draft:
    """The draft of a mailbox."""
    gallery = Gallery()
    data = file.read_bytes()
    starts = [(found.start(), found.end()) for found in _POSTMARK.finditer(data)]
    ends = [start for start, _ in starts[1:]] + [len(data)]
    kept = list(zip(starts, ends, strict=True))[:MAX_MESSAGES]
    messages = [message_of(_GUARDED.sub(b"", data[begin:end]), 2, gallery) for (_, begin), end in kept]
    parts = [message.markdown for message in messages]
    if len(starts) > MAX_MESSAGES:
        parts.append(f"({len(starts) - MAX_MESSAGES:,} more messages of this mailbox are left out.)")
    return Draft(
        markdown="\n\n".join(parts),
        language=next((message.language for message in messages if message.language), ""),
        pictures=gallery.pictures,
        authors=tuple(message.author for message in messages),
    )
