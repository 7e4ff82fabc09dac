"""What a library's error means to the person whose file it is about: one clause in plain words.

Invariant: nothing of a library's own wording, names or positions comes out; the error itself stays as the cause of the one that
is raised. What is not known is said in general words, never passed on.
"""

import re

from gitkb.errors import ConversionError

_MEANINGS = tuple(
    (re.compile(pattern, re.IGNORECASE), meaning)
    for meaning, pattern in (
        (
            "a part of it grows without end when it is read (entities in entities)",
            r"amplification|entity reference loop|too many entit",
        ),
        ("a part of it refers to an entity that it does not have", r"entity"),
        ("it is nested too deeply", r"excessive depth|nested too|recursion"),
        (
            "it is cut off, or no zip archive inside",
            r"not a zip|central directory|truncated file header|start disk|corrupt zip64",
        ),
        ("its parts overlap, as in a zip bomb", r"overlapped entries"),
        ("the checksum of a part is wrong", r"bad crc|incorrect data check"),
        ("a part that it needs is missing", r"no item named|no relationship|not find|no such (?:part|member)|KeyError"),
        ("it is packed in a way that documents do not use", r"compression (?:type|method)|not implemented"),
        (
            "a part of it is cut off",
            r"premature end|unclosed|no element found|document is empty|EOFError|end of (?:file|data)|couldn't find end",
        ),
        (
            "a part of it cannot be unpacked",
            r"^BadZipFile|bad magic number|bad offset|zlib|decompress|invalid (?:stored|block|distance|code)",
        ),
        (
            "a part of it is no well-formed XML",
            r"XML|ParseError|ExpatError|token|mismatched tag|character number|encoding|PCDATA|namespace",
        ),
        (
            "its records are cut off or contradict each other",
            r"struct\.error|^error: unpack|requires a buffer|CompDocError|XLRDError|AssertionError",
        ),
    )
)
_AGAIN = "Save it again from the program that made it, or fetch it once more."


def fault(error: BaseException) -> str:
    """A clause that says what is wrong with the file over which a library stumbled."""
    told = f"{type(error).__name__}: {error}"
    return next((meaning for pattern, meaning in _MEANINGS if pattern.search(told)), "its content contradicts itself")


def damaged(error: BaseException) -> ConversionError:
    """The error for a file whose inside cannot be read."""
    return damaged_as(fault(error))


def damaged_as(what: str) -> ConversionError:
    """The error for a file of which it is known what is wrong."""
    return ConversionError(f"the file is damaged: {what}.", _AGAIN)
