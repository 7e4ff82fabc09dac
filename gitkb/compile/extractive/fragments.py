"""Makes claims of list items, table rows, key-value lines and unfinished lines, by adding their context.

Invariant: `fragment_claim` returns one line of plain text that ends like a sentence, or "" if it cannot stand alone even with its
context. The context (the item above, the heading, the title, or the question that it answers) comes first, then the words as they
stand in the document. Which context is chosen depends on the document alone.
"""

import re

from gitkb.compile.extractive.claims import MAX_LENGTH, MIN_LENGTH, claim_text, is_mostly_figures, is_ordinary
from gitkb.compile.read_document import Reading, Sentence
from gitkb.text.headings.labels import label_kind
from gitkb.text.language.boilerplate import bare_heading, is_structural
from gitkb.text.language.context_dependent import is_leaning
from gitkb.text.language.detect import function_words
from gitkb.text.markdown.prose import CODE_CLOSE, CODE_OPEN, inline_text, plain

_CJK = ("ja", "zh", "ko")
_UNFIT = re.compile(
    r"https?:|www\.|\]\(|\[\[|\]\]|\*\*|^[*+>#]|[\ufffd\ufffe\uffff\x00-\x1f]|\{\{|\}\}|<[A-Za-z/!]|__|\S{80}|\S@\S+\.\w|^\W*$|"
    r"[;{}]\s*$|^(?:import|export) |\bSee also: "
)
_SAYS_NOTHING = frozenset(("todo", "tbd", "n/a", "none", "yes", "no", "ok", "none yet", "to do", "lorem ipsum"))
_QUESTION = ("?", "？")
# An item must not begin with these, whatever stands above it. Orders ("Click Save", "See the list") are fine in a list of steps.
_LEANING_ITEM = re.compile(
    r"(?:this|these|those|that|it|its|it's|they|them|their|he|she|his|her|there|then|thus|hence|therefore|however|but|so|also|same|"
    r"see|and|or|for example|e\.g\.|i\.e\.|the (?:above|following|former|latter|same)|which|who|whose|where|because)\b",
    re.I,
)
_WORD = re.compile(r"[^\W\d_][\w'’-]*")
_CODE = re.compile(f"{CODE_OPEN}[^{CODE_CLOSE}]*{CODE_CLOSE}")
_COMMANDS = re.compile(r"\\[A-Za-z@\\]{2,}")
"""Commands of a program's text, such as TeX's `\\openin`."""
_COUNTER = re.compile(
    r"(?:slide|page|sheet|folie|seite|tabelle|table|tabla|step|part|blatt|feuil|hoja)?\s*[\d.]+|sheet ?\d*|[\W\d_]+", re.I
)
_CODE_SIGN = re.compile(r"\(\$?[a-z_.]+ |\)\)|;;|[{};]|->|::|→")
_CODE_LIKE = re.compile(r"[<>{}=;➝→⇒]|\[\]")
_LONGEST_CONTEXT = 90
_SHORTEST_SENTENCE = 24
_LEAST_LETTERS, _LEAST_LETTERS_CJK = 12, 6
"""A quote needs so many letters to be found again (`gitkb/compile/grounding/quote.py`)."""
_SHORT_LEAD_WORDS = 2
_LEAST_WORDS = {"text": 4, "item": 2, "row": 1, "pair": 2, "list": 1}
_END = (".", "!", "?", "…", "。", "！", "？", ".”", ".)", '."')


def fragment_claim(sentence: Sentence, reading: Reading, title: str, *, only: bool = False) -> str:
    """A sentence that cannot stand alone together with its context, "" if it says nothing even so. `only`: the document has
    nothing better, so its title serves as the context of "This ..." and of an item that asks something."""
    text = plain(sentence.text).strip(" ,;")
    text = text[2:].lstrip() if text.startswith(("- ", "– ", "— ", "• ", "▸ ", "▪ ", "● ", "‣ ")) else text
    text = text[1:] if len(text) > 1 and text[0] == "–" and text[1].isalpha() else text
    if not _may_stand(sentence, text, reading.language, only=only):
        return ""
    if not only and _is_torn(sentence, reading.language):
        return ""
    asked = sentence.lead.endswith(_QUESTION)
    is_whole = not asked and sentence.kind in ("text", "item") and len(text) < MIN_LENGTH and text.endswith((".", "。"))
    if is_whole and claim_text(sentence.text, reading.language, leads=sentence.leads, least=_SHORTEST_SENTENCE):
        return text
    question, context = _context(sentence, reading, title)
    if question:
        whole = f"{question} {text}"
    elif not context or (sentence.kind != "list" and _is_said(context, text)):
        if (sentence.kind == "list" or len(text.split()) < _LEAST_WORDS["text"]) and not only:
            return ""
        whole = text
    else:
        is_pair = sentence.kind in ("row", "pair") or ": " in text[:60]
        colon = "：" if reading.language in ("ja", "zh") else ": "
        whole = f"{context}{' – ' if is_pair else colon}{text}"
    if len(whole) > MAX_LENGTH or not _is_balanced(whole):
        return ""
    whole = whole.rstrip(" ,;:")
    if whole.endswith(_END):
        return whole
    return f"{whole}{'。' if reading.language in ('ja', 'zh') else '.'}"


def fragment_score(sentence: Sentence, text: str) -> float:
    """How good a fragment is as a claim, 0..1: lower than nearly any whole sentence."""
    score = {"text": 0.3, "item": 0.38, "row": 0.34, "pair": 0.36, "list": 0.22}[sentence.kind]
    score += 0.06 if 50 <= len(text) <= 180 else 0
    score += 0.03 if any(map(str.isdigit, text)) else 0
    score += 0.1 if "? " in text and sentence.rank == 0 else 0
    return round(score, 4)


def _may_stand(sentence: Sentence, text: str, language: str, *, only: bool) -> bool:
    if not _is_fit(sentence, text, language, only=only) or (not only and _leans(sentence, text, language)):
        return False
    if language in _CJK:
        return sum(map(str.isalpha, text)) >= 4
    words = [word.lower() for word in _WORD.findall(text)]
    known = function_words(language)
    if not any(word not in known and len(word) > 1 for word in words):
        return False
    fewest = 1 if only or sentence.lead or any(map(str.isdigit, text)) else _LEAST_WORDS[sentence.kind]
    return len(words) >= fewest and sum(map(str.isalnum, text)) * 2 > len(text)


def _is_fit(sentence: Sentence, text: str, language: str, *, only: bool) -> bool:
    """Whether a text consists of words: enough of them to be found again, no markup, no code, no mere figures, no unclosed
    bracket."""
    least = _LEAST_LETTERS_CJK if language in _CJK else _LEAST_LETTERS
    if text.lower().rstrip(".!") in _SAYS_NOTHING:
        return False
    if sum(map(str.isalnum, sentence.quote or text)) < least or len(text) > MAX_LENGTH:
        return False
    if not is_ordinary(text) and _UNFIT.search(text):
        return False
    if sum(map(len, _COMMANDS.findall(text))) * 4 > len(text):
        return False
    ends = (":", "：") if only and sentence.kind == "item" else (*_QUESTION, ":", "：")
    if text.endswith(ends) or not _is_balanced(text) or (sentence.kind != "row" and is_mostly_figures(text)):
        return False
    if sentence.kind != "row" and _looks_like_code(text):
        return False
    return sum(len(match) for match in _CODE.findall(sentence.text)) * 3 <= len(text) * 2


def _looks_like_code(text: str) -> bool:
    """Whether a line is rather code than words: many signs, among them such as only code has."""
    return bool(_CODE_SIGN.search(text)) and sum(map("()[]{}$;=<>→➝|^_".count, text)) * 10 > len(text)


def _leans(sentence: Sentence, text: str, language: str) -> bool:
    if sentence.kind != "text" or not text.endswith((".", "。")):
        if language in ("en", "") and _LEANING_ITEM.match(text):
            return True
        return sentence.kind == "text" and text[0].islower() and not sentence.lead
    return not sentence.lead and (is_leaning(text, language) or text[0].islower())


def _is_balanced(text: str) -> bool:
    return text.count("(") == text.count(")") and text.count("[") == text.count("]") and text.count('"') % 2 == 0


def _is_torn(sentence: Sentence, language: str) -> bool:
    """Whether an item stands below one that can be no context: it tells of that, and not of what the heading names."""
    lead = _shown(sentence.lead)
    if not sentence.is_item or not lead or lead.endswith(_QUESTION) or label_kind(lead):
        return False
    return len(lead) > _LONGEST_CONTEXT or is_leaning(lead, language)


def _context(sentence: Sentence, reading: Reading, title: str) -> tuple[str, str]:
    """(the question that a sentence answers, or another context above it); at most one of them is not ""."""
    lead = _shown(sentence.lead)
    if lead.endswith(_QUESTION):
        return lead, ""
    lead = "" if label_kind(lead) else lead.rstrip(" :：.,;")
    if len(lead) > _LONGEST_CONTEXT or (lead and is_leaning(lead, reading.language)):
        lead = ""
    if lead and len(lead.split()) > _SHORT_LEAD_WORDS:
        return "", lead
    above = _heading(sentence.section, reading, title)
    if above.endswith(_QUESTION):
        return (above, "") if not lead else ("", lead)
    if lead and above and not _is_said(lead, above):
        return "", f"{above}, {lead}"
    return "", lead or above


def _heading(section: int, reading: Reading, title: str) -> str:
    """The nearest heading above that names something, else the title."""
    level = 7
    while section >= 0:
        heading = reading.headings[section]
        if heading.level < level:
            level = heading.level
            shown = _shown(heading.title)
            bare = bare_heading(shown)
            if (
                bare
                and not label_kind(shown)
                and not (_COUNTER.fullmatch(bare) or is_structural(shown) or "©" in shown)
                and len(shown) <= _LONGEST_CONTEXT
            ):
                return shown if shown.endswith(_QUESTION) else bare
        section -= 1
    return title if len(title) <= _LONGEST_CONTEXT and not _COUNTER.fullmatch(title) else ""


def _shown(text: str) -> str:
    return plain(inline_text(text)[0]) if text else ""


def _is_said(context: str, text: str) -> bool:
    """Whether a text has the words of a context already."""
    return context.lower().rstrip(":") in text.lower()
