"""Names that are, on some file system, that of git's own folder.

Invariant: pure. It knows what git's own checks know: letters of any case, Windows' short names, streams and trailing dots, and
the characters that HFS+ ignores, so that ".g\\u200cit" is ".git" there.
"""

import re

_GIT = re.compile(r"(?:\.git|git~[0-9]+) *[. ]*(?::.*)?", re.IGNORECASE | re.DOTALL)
_IGNORED = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")


def is_gits_own(name: str) -> bool:
    """Whether a file of this name would be git's own folder on some file system."""
    return bool(_GIT.fullmatch(_IGNORED.sub("", name)))
