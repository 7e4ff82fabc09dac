"""What a model replied, as data one can work with: plain text in one line, bounded, of the types that the schema says.

Invariant: nothing that comes out holds a line break, a control or direction character, a tag, a link's target or picture, and no
shape of a reply raises anything but `ModelFailure` (where it is no JSON object at all). A page still escapes what it shows.
"""

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

from gitkb.compile.llm.readable import readable
from gitkb.errors import ModelFailure
from gitkb.text.links import one_line
from gitkb.text.prose import CODE_CLOSE, CODE_OPEN

_LONGEST_SENTENCE, _SHORTEST_SENTENCE, _SHORTEST_UNSPACED = 400, 20, 8
_MOST = 200
"""Items of one list that are looked at."""
_EMPHASIS = re.compile(r"(?<![\w*])(\*{1,3}|_{2,3})(?=\S)([^*]{1,300}?)(?<=\S)\1(?![\w*])")
_TICKS = re.compile(r"`+")
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]{1,20}://|\bwww\.|\bjavascript:|\bdata:[a-z]+/", re.I)
_ASIDE = re.compile(r"\s?(?:\((?:see )?https?://[^\s()]*\)|\[https?://[^\s\]]*\]|<https?://[^\s>]*>)")
_BULLET = re.compile(r"^(?:[-*•‣]\s+|\d{1,2}[.)]\s+)")
_ENDS = re.compile(r"[.!?。！？…｡][\"'”’»)\]」』）]*$")
_FRAGMENT = re.compile(r"(?:If|When|Although|Because|While|Unless|Wenn|Obwohl|Weil|Falls|Lorsque|Bien que|Si)\b[^,:;]*\.$")
"""A subordinate clause alone: what follows it was cut off."""
_LEADERS = re.compile(r"(?:\.\s){3}|\.{4}|(?:…\s?){2}")
_UNSPACED = re.compile("[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]")
_JOINERS = "\u200c\u200d"


def reply_object(text: str) -> Mapping[str, Any]:
    """The JSON object of a reply; raises `ModelFailure` where it is none."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelFailure(f"The model's reply is no valid JSON: {error}.", "Try again, or ask another model.") from error
    if not isinstance(data, dict):
        raise ModelFailure("The model's reply is no JSON object.", "Try again, or ask another model.")
    return data


def text_of(data: Any, key: str) -> str:
    """The text under a key as the model wrote it; "" where there is none."""
    value = data.get(key) if isinstance(data, dict) else None
    return value if isinstance(value, str) else ""


def objects_of(data: Any, key: str) -> Iterator[Mapping[str, Any]]:
    """The objects of a list, at most `_MOST`."""
    value = data.get(key) if isinstance(data, dict) else None
    yield from (item for item in (value[:_MOST] if isinstance(value, list) else ()) if isinstance(item, dict))


def texts_of(data: Any, key: str) -> Iterator[str]:
    """The texts of a list, at most `_MOST`."""
    value = data.get(key) if isinstance(data, dict) else None
    yield from (item for item in (value[:_MOST] if isinstance(value, list) else ()) if isinstance(item, str))


def numbers_of(data: Any, key: str, most: int) -> list[int]:
    """The whole numbers from 1 to `most` of a list, each once."""
    value = data.get(key) if isinstance(data, dict) else None
    listed = value[:_MOST] if isinstance(value, list) else ()
    whole = (item for item in listed if isinstance(item, int) and not isinstance(item, bool))
    return list(dict.fromkeys(item for item in whole if 1 <= item <= most))


def plain_words(text: str, longest: int) -> str:
    """The text without markup in one line; "" where it is longer, or holds an address."""
    text = one_line(readable(" ".join(text[: 4 * longest].split())))
    text = "".join(c for c in text if c in _JOINERS or unicodedata.category(c) not in ("Cf", "Cc", "Cs", "Co", "Cn"))
    text = _TICKS.sub("", _EMPHASIS.sub(r"\2", _BULLET.sub("", text))).replace(CODE_OPEN, "").replace(CODE_CLOSE, "")
    text = " ".join(_ASIDE.sub("", text).split())
    return text if len(text) <= longest and not _ADDRESS.search(text) else ""


def sentence(text: str) -> str:
    """One or more sentences of plain text with a full stop at the end; "" where the text is none, or too long."""
    text = plain_words(text, _LONGEST_SENTENCE)
    unspaced = _UNSPACED.search(text)
    if len(text) < (_SHORTEST_UNSPACED if unspaced else _SHORTEST_SENTENCE):
        return ""
    if _FRAGMENT.match(text) or _LEADERS.search(text):
        return ""
    return text if _ENDS.search(text) else f"{text}{'。' if unspaced else '.'}"


def passage_text(passage: str) -> str:
    """A passage of a document in one line, without the signs of Markdown around it."""
    text = _EMPHASIS.sub(r"\2", one_line(passage)).replace(CODE_OPEN, "").replace(CODE_CLOSE, "")
    return _TICKS.sub("", text).strip(" |*_>#")
