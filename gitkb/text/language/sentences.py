"""Splits a paragraph of plain text into sentences, in languages with and without blanks.

Invariant: joined, the sentences are the paragraph, blanks at the seams aside; time is linear in its length whatever it holds.
A paragraph that has no end of a sentence comes back whole.
"""

import re

_END = re.compile(r"(?<![.!?…])[.!?…]+[\"'“”’»)\]\ue001]*(?=\s)|[。！？｡]+[」』）”’]*")
_NEXT_OPENS = re.compile(r"\s+[\"'“‘«(\[¿¡„\ue000]*(?:[^\W_a-z]|\ue000)", re.UNICODE)
_LAST_WORD = re.compile(r"([^\s(\[“\"„«]{1,24})$")
# A small letter after a full stop opens a sentence too ("... a database. pg_dump makes ..."), unless the
# stop may be an abbreviation's.
_LONG_WORD = re.compile(r"[^\W\d_]{4,}$")
_INITIALS = re.compile(r"(?:[^\W\d_]\.)+[^\W\d_]?\.?|[^\W\d_]\.|\d{1,3}\.")
_ABBREVIATIONS = frozenset(
    """e.g i.e etc. cf vs viz al approx resp fig figs eq eqs sec sect ch chap vol vols no nos pp ed eds est dept univ inc ltd
    corp co
    mr mrs ms dr prof st jr sr rev gen col capt lt jan feb mar apr jun jul aug sep sept oct nov dec incl excl ext min max avg ca
    z.b d.h u.a u.ä usw bzw evtl ggf vgl nr abs abb tab kap bd hrsg inkl sog z.t s.o s.u o.ä ff zzgl
    p.ex p ex env c.-à-d n° chap art éd av apr m mm mme mlle
    p.ej ej pág págs núm sr sra sres dña ud uds aprox tel
    ad es pag sig dott ecc dhr mevr bijv d.w.z o.a i.p.v m.b.t
    т.е т.д т.п др г гг стр рис табл см напр""".split()
)
# "etc." and "no." end sentences often enough that the next word's capital decides.
_MAY_END = frozenset(
    {"etc", "no", "usw", "ecc", "al", "inc", "ltd", "corp", "co", "m", "p", "es", "ex", "max", "min", "mar", "env", "ff"}
)


def split_sentences(text: str, language: str = "") -> list[str]:
    """The sentences of one paragraph, in order, stripped; `language` (ISO 639-1) decides what a capital letter says."""
    sentences: list[str] = []
    start = seen = depth = 0
    for match in _END.finditer(text):
        depth += text.count("\ue000", seen, match.start()) - text.count("\ue001", seen, match.start())
        seen = match.start()
        if _ends_sentence(text, start, match, language, in_code=depth > 0):
            sentences.append(text[start : match.end()].strip())
            start = seen = match.end()
            depth = 0
    sentences.append(text[start:].strip())
    return [sentence for sentence in sentences if sentence]


def _ends_sentence(text: str, start: int, match: re.Match[str], language: str, *, in_code: bool) -> bool:
    mark = match.group()
    if mark[0] in "。！？｡":
        return not text.startswith(("と", "」", "』", "）"), match.end())
    if in_code:
        return False
    if not _NEXT_OPENS.match(text, match.end()) and not _LONG_WORD.search(text, max(start, match.start() - 12), match.start()):
        return False
    if mark != ".":
        return True
    return not _is_abbreviation(text[max(start, match.start() - 26) : match.start()], language)


def _is_abbreviation(before: str, language: str) -> bool:
    found = _LAST_WORD.search(before)
    if found is None:
        return False
    word = found.group(1)
    folded = word.lower()
    if folded in _ABBREVIATIONS and folded not in _MAY_END:
        return True
    if _INITIALS.fullmatch(f"{word}."):
        # "version 3." ends a sentence where a word stands before the number; "3." alone numbers a list.
        # German ordinals do not end one.
        return not word[-1].isdigit() or language == "de" or not before[: found.start()].strip()
    return False
