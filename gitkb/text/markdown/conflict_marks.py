"""Finds the marks that a merge leaves on a page between two versions of the same lines.

Invariant: pure. A page may speak of conflicts: a line that its projection has counts for nothing, and on a page without a
projection neither does a listing. A quote in a quote may also begin with seven signs, so such a line counts only behind a
`=======`.
"""

import re

_START = re.compile(rb"<{7}(?: .*)?")
_MIDDLE = b"=" * 7
_END = re.compile(rb">{7}(?: .*)?")
_FENCE = re.compile(rb" {0,3}(`{3,}|~{3,})")


def conflict_line(page: bytes, projection: bytes | None = None) -> int:
    """The number of the first line that is such a mark, 0 for none. `projection`: the page as gitkb made it, None for a page that
    a person made."""
    if b"<" * 7 not in page and b">" * 7 not in page:
        return 0
    known = frozenset((projection or b"").splitlines())
    fence, is_split = b"", False
    for number, line in enumerate(page.splitlines(), 1):
        found = _FENCE.match(line)
        if found and projection is None and (not fence or found[1].startswith(fence)):
            fence = b"" if fence else found[1]
        elif not fence and line not in known:
            if _START.fullmatch(line) or (is_split and _END.fullmatch(line)):
                return number
            is_split = is_split or line == _MIDDLE
    return 0
