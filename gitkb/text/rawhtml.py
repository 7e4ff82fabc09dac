"""Raw HTML in Markdown that somebody else wrote: which tags may stand, and as what.

Invariant: what is kept is a whole, strictly written tag of a known harmless kind with known harmless attributes, a comment that
every parser ends at the same place, or an autolink of a known scheme. Any other "<" is text, whatever a lenient parser would
make of it: so there is nothing to know about how browsers mend broken tags. `href` and `src` are the caller's business.
"""

import re

SCHEMES = ("http", "https", "mailto", "ftp")
_TAGS = frozenset(
    "a abbr address article aside b bdi bdo big blockquote br caption center cite code col colgroup dd del details dfn div dl dt"
    " em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark nav ol p picture pre q rp rt ruby"
    " s samp section small span strike strong sub summary sup table tbody td tfoot th thead time tr tt u ul var wbr".split()
)
_ATTRIBUTES = frozenset(
    "abbr align alt border cellpadding cellspacing cite class colspan datetime dir height href id lang name open rel rowspan"
    " scope span src start title type valign width".split()
)
_VALUE = r"(?:\"[^\"<>]*\"|'[^'<>]*'|[^\s\"'=<>`/]+(?:/[^\s\"'=<>`/]+)*)"
_ATTRIBUTE = re.compile(rf"\s+([A-Za-z][\w:.-]*)(?:\s*=\s*{_VALUE})?")
_TAG = re.compile(
    rf"<(?P<end>/?)(?P<tag>[A-Za-z][A-Za-z0-9]*)(?P<inner>(?:\s+[A-Za-z][\w:.-]*(?:\s*=\s*{_VALUE})?)*)(?P<rest>\s*/?>)"
)
_COMMENT = re.compile(r"<!--(?!-?>)(?:(?!--)[^<>\n])*-->")
_BLOCK_COMMENT = re.compile(r"<!--(?!-?>)(?:(?!--).)*-->", re.DOTALL)
_AUTOLINK = re.compile(
    r"<(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]{1,31}):[^\s<>]*|[\w.!#$%&'*+/=?^`{|}~-]+@[A-Za-z0-9.-]+)>", re.ASCII
)


def kept(text: str, start: int) -> tuple[int, str] | None:
    """What the "<" at a place of a text begins and may stand: (where it ends, what stands there); None where it is only text."""
    if found := _TAG.match(text, start):
        return (found.end(), _cleaned(found)) if found["tag"].lower() in _TAGS else None
    comment = _BLOCK_COMMENT if start == 0 or text[start - 1] == "\n" else _COMMENT
    if found := comment.match(text, start):
        return found.end(), found[0]
    found = _AUTOLINK.match(text, start)
    if found and (found["scheme"] is None or found["scheme"].lower() in SCHEMES):
        return found.end(), found[0]
    return None


def _cleaned(found: re.Match[str]) -> str:
    """The tag without attributes that are not known, as it was where all are."""
    attributes = [one[0] for one in _ATTRIBUTE.finditer(found["inner"]) if one[1].lower() in _ATTRIBUTES]
    return f"<{found['end']}{found['tag']}{''.join(attributes)}{found['rest']}"
