"""Formulas of Office documents (OMML) and web pages (MathML) to LaTeX, as GitHub, Obsidian and most Markdown programs show it.

Invariant: no character of a formula is lost. Elements that are not known give the LaTeX of what they hold, in order. Letters and
signs that LaTeX programs read as Unicode stay Unicode; only what has a meaning of its own in LaTeX is escaped.

Why not a library: the converters on offer read one of the two languages, were last changed years ago, or come with a whole suite.
"""

import re
import unicodedata
from collections.abc import Callable
from typing import TYPE_CHECKING

from bs4 import Tag

if TYPE_CHECKING:
    from lxml import etree

_ESCAPED = {"\\": r"\backslash ", "~": r"\sim ", "^": r"\hat{}"} | {c: "\\" + c for c in "{}%#&_$"}
_FUNCTIONS = frozenset(
    "arccos arcsin arctan arg cos cosh cot coth csc deg det dim exp gcd hom inf ker lg lim liminf limsup ln log max min Pr sec "
    "sin sinh sup tan tanh".split()
)
_LARGE = {
    "∑": r"\sum", "∏": r"\prod", "∐": r"\coprod", "∫": r"\int", "∬": r"\iint", "∭": r"\iiint", "∮": r"\oint",
    "⋃": r"\bigcup", "⋂": r"\bigcap", "⋁": r"\bigvee", "⋀": r"\bigwedge", "⨁": r"\bigoplus", "⨂": r"\bigotimes",
}  # fmt: skip
_ACCENTS = {
    "\u0300": "grave", "`": "grave", "\u0301": "acute", "´": "acute", "\u0302": "hat", "^": "hat", "ˆ": "hat", "\u0303": "tilde",
    "~": "tilde", "˜": "tilde", "\u0304": "bar", "\u0305": "overline", "¯": "overline", "‾": "overline", "_": "underline",
    "\u0306": "breve", "˘": "breve", "\u0307": "dot", "˙": "dot", "\u0308": "ddot", "¨": "ddot", "\u030a": "mathring",
    "\u030c": "check", "ˇ": "check", "\u20d6": "overleftarrow", "\u20d7": "vec", "→": "vec", "\u20db": "dddot",
    "⏞": "overbrace", "⏟": "underbrace", "\u0332": "underline",
}  # fmt: skip
_FENCES = {"{": r"\{", "}": r"\}", "‖": r"\|", "⟨": r"\langle ", "⟩": r"\rangle ", "〈": r"\langle ", "〉": r"\rangle ", "": "."}
_STYLES = (
    (0x1D400, 0x1D433, "mathbf"),
    (0x1D538, 0x1D56B, "mathbb"),
    (0x1D49C, 0x1D4CF, "mathcal"),
    (0x1D504, 0x1D537, "mathfrak"),
)
_WORD = re.compile(r"[^\W\d_]{2,}")


def from_omml(formula: "etree._Element") -> str:
    """The LaTeX of a formula of Word or PowerPoint (`m:oMath`), without delimiters; '' for an empty one."""
    return _tidy(_omml(formula))


def from_mathml(formula: Tag) -> str:
    """The LaTeX of a `math` element, without delimiters: what its author wrote as TeX, else what its elements say."""
    source = formula.find("annotation", encoding=re.compile("tex", re.IGNORECASE))
    tex = source.get_text() if isinstance(source, Tag) else str(formula.get("alttext") or "")
    return _tidy(tex) or _tidy(_mathml(formula))


def dollars(tex: str, display: bool = False, in_cell: bool = False) -> str:
    """LaTeX in the dollars in which Markdown holds formulas; nothing in it is read as markup or ends the formula or its cell."""
    tex = re.sub(r"(?<!\\)\$", r"\\$", re.sub(r"<(?=[A-Za-z/!?])", r"\\lt ", _tidy(tex).replace("](", "] (").replace("`", "'")))
    if in_cell:
        tex = tex.replace("\\|", r"\Vert ").replace("|", r"\vert ")
    return f"$${tex}$$" if display and tex else f"${tex}$" if tex else ""


def _tidy(tex: str) -> str:
    return " ".join(tex.split())


def _characters(text: str, upright: bool = False) -> str:
    """Text of a formula: what LaTeX would read as a command is escaped, styled letters get their command."""
    out = []
    for c in unicodedata.normalize("NFC", text):
        if c in _ESCAPED:
            out.append(_ESCAPED[c])
            continue
        style = next((name for first, last, name in _STYLES if first <= ord(c) <= last), "")
        plain = unicodedata.normalize("NFKC", c) if 0x1D400 <= ord(c) <= 0x1D7FF else c
        out.append(rf"\{style}{{{plain}}}" if style else _LARGE.get(c, plain) + " " * (c in _LARGE))
    joined = "".join(out)
    return rf"\mathrm{{{joined}}}" if upright and _WORD.fullmatch(joined) else joined


def _group(tex: str) -> str:
    return "{" + tex.strip() + "}"


def _base(tex: str) -> str:
    """What carries an index or a power: braces where it is more than one sign."""
    tex = tex.strip()
    return tex if len(tex) < 2 or re.fullmatch(r"\\[A-Za-z]+", tex) else _group(tex)


def _named(tex: str) -> str:
    """The name of a function as its command where LaTeX has one."""
    bare = re.sub(r"\\mathrm\{(\w+)\}", r"\1", tex).strip()
    return f"\\{bare}" if bare in _FUNCTIONS else rf"\operatorname{{{bare}}}" if _WORD.fullmatch(bare) else tex


def _fenced(opening: str, inner: str, closing: str) -> str:
    if opening == "(" and closing == ")":
        return rf"\left({inner}\right)"
    return rf"\left{_FENCES.get(opening, opening)}{inner}\right{_FENCES.get(closing, closing)}"


def _matrix(rows: list[list[str]], name: str = "matrix") -> str:
    body = r" \\ ".join(" & ".join(cell.strip() for cell in row) for row in rows)
    return rf"\begin{{{name}}}{body}\end{{{name}}}"


def _scripts(base: str, below: str, above: str) -> str:
    return base.rstrip() + (f"_{_group(below)}" if below.strip() else "") + (f"^{_group(above)}" if above.strip() else "")


def _local(element: "etree._Element") -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _child(element: "etree._Element", name: str) -> str:
    """The LaTeX of the first part of this name."""
    return next((_omml(child) for child in element if _local(child) == name), "")


def _value(element: "etree._Element", properties: str, name: str, default: str) -> str:
    """What the properties of an OMML element say; the default where they do not say it, '' where they say nothing."""
    found = element.find(f"{{*}}{properties}/{{*}}{name}")
    if found is None:
        return default
    return next((str(value) for key, value in found.attrib.items() if str(key).endswith("val")), "")


def _omml(element: "etree._Element") -> str:
    name = _local(element)
    if name in _OMML:
        return _OMML[name](element)
    if name == "t":
        return _characters(element.text or "")
    if name.endswith("Pr") or name in ("del", "instrText"):
        return ""
    return "".join(_omml(child) for child in element)


def _omml_run(run: "etree._Element") -> str:
    text = "".join(child.text or "" for child in run if _local(child) == "t")
    if run.find("{*}rPr/{*}nor") is not None:
        return rf"\text{{{text}}}" if _WORD.search(text) else _characters(text)
    style = run.find("{*}rPr/{*}sty")
    return _characters(text, upright=style is not None and "p" in style.attrib.values())


def _omml_fraction(el: "etree._Element") -> str:
    top, bottom = _child(el, "num"), _child(el, "den")
    kind = _value(el, "fPr", "type", "bar")
    if kind == "lin":
        return f"{_base(top)}/{_base(bottom)}"
    return rf"\binom{_group(top)}{_group(bottom)}" if kind == "noBar" else rf"\frac{_group(top)}{_group(bottom)}"


def _omml_delimiter(el: "etree._Element") -> str:
    between = _value(el, "dPr", "sepChr", "|")
    inner = between.join(_omml(child) for child in el if _local(child) == "e")
    opening, closing = _value(el, "dPr", "begChr", "("), _value(el, "dPr", "endChr", ")")
    if inner.startswith(r"\binom") and (opening, closing) == ("(", ")"):
        return inner
    return _fenced(opening, inner, closing)


def _omml_nary(el: "etree._Element") -> str:
    sign = _value(el, "naryPr", "chr", "∫")
    return _scripts(_LARGE.get(sign, sign), _child(el, "sub"), _child(el, "sup")) + " " + _child(el, "e")


def _omml_accent(el: "etree._Element") -> str:
    sign = _value(el, "accPr", "chr", "\u0302")
    return rf"\{_ACCENTS.get(sign, 'hat')}{_group(_child(el, 'e'))}"


def _omml_root(el: "etree._Element") -> str:
    degree = _child(el, "deg").strip()
    return r"\sqrt" + (f"[{degree}]" if degree else "") + _group(_child(el, "e"))


def _omml_matrix(el: "etree._Element") -> str:
    return _matrix([[_omml(cell) for cell in row if _local(cell) == "e"] for row in el if _local(row) == "mr"])


def _omml_lines(el: "etree._Element") -> str:
    return _matrix([[_omml(line)] for line in el if _local(line) == "e"], "aligned")


def _omml_brace(el: "etree._Element") -> str:
    sign = _value(el, "groupChrPr", "chr", "⏟")
    if sign in _ACCENTS:
        return rf"\{_ACCENTS[sign]}{_group(_child(el, 'e'))}"
    where = "overset" if _value(el, "groupChrPr", "pos", "bot") == "top" else "underset"
    return rf"\{where}{_group(_characters(sign))}{_group(_child(el, 'e'))}"


_OMML: dict[str, Callable[["etree._Element"], str]] = {
    "r": _omml_run,
    "f": _omml_fraction,
    "sSup": lambda el: _scripts(_base(_child(el, "e")), "", _child(el, "sup")),
    "sSub": lambda el: _scripts(_base(_child(el, "e")), _child(el, "sub"), ""),
    "sSubSup": lambda el: _scripts(_base(_child(el, "e")), _child(el, "sub"), _child(el, "sup")),
    "sPre": lambda el: _scripts("{}", _child(el, "sub"), _child(el, "sup")) + _child(el, "e"),
    "rad": _omml_root,
    "d": _omml_delimiter,
    "nary": _omml_nary,
    "acc": _omml_accent,
    "bar": lambda el: rf"\{'underline' if _value(el, 'barPr', 'pos', 'bot') == 'bot' else 'overline'}{_group(_child(el, 'e'))}",
    "func": lambda el: f"{_named(_child(el, 'fName'))} {_child(el, 'e')}",
    "limLow": lambda el: f"{_limited(_child(el, 'e'))}_{_group(_child(el, 'lim'))}",
    "limUpp": lambda el: f"{_limited(_child(el, 'e'))}^{_group(_child(el, 'lim'))}",
    "m": _omml_matrix,
    "eqArr": _omml_lines,
    "groupChr": _omml_brace,
    "borderBox": lambda el: rf"\boxed{_group(_child(el, 'e'))}",
}


def _limited(tex: str) -> str:
    named = _named(tex)
    return named if named.startswith("\\") or len(named) < 2 else _group(named)


def _parts(tag: Tag) -> list[Tag]:
    return [child for child in tag.children if isinstance(child, Tag)]


def _mathml(tag: Tag) -> str:
    name = tag.name.rpartition(":")[2]
    parts = _parts(tag)
    if name == "mtable":
        return _mathml_table(tag)
    if name in _MATHML and len(parts) >= _NEEDED[name]:
        return _MATHML[name](tag, [_mathml(part) for part in parts])
    if name in ("annotation", "annotation-xml", "none", "mprescripts", "mphantom"):
        return ""
    if not parts:
        return _mathml_leaf(name, tag.get_text().strip())
    if name == "semantics":
        return _mathml(parts[0])
    return "".join(_mathml(part) for part in parts)


def _mathml_leaf(name: str, text: str) -> str:
    if name in ("mtext", "ms"):
        return rf"\text{{{text}}}" if text else r"\ "
    if name == "mspace":
        return r"\ "
    if name == "mi" and (text in _FUNCTIONS or _WORD.fullmatch(text)):
        return _named(text) + " "
    return _characters(text.strip("\u2061\u2062\u2063\u2064"))


def _mathml_over(tag: Tag, parts: list[str]) -> str:
    sign = _parts(tag)[1].get_text().strip()
    if sign in _ACCENTS:
        return rf"\{_ACCENTS[sign]}{_group(parts[0])}"
    return f"{_limited(parts[0])}^{_group(parts[1])}"


def _mathml_under(tag: Tag, parts: list[str]) -> str:
    sign = _parts(tag)[1].get_text().strip()
    if sign in ("_", "\u0332", "⏟"):
        return rf"\{_ACCENTS[sign]}{_group(parts[0])}"
    return f"{_limited(parts[0])}_{_group(parts[1])}"


def _mathml_table(tag: Tag) -> str:
    rows = [row for row in _parts(tag) if row.name.rpartition(":")[2] in ("mtr", "mlabeledtr")]
    return _matrix([[_mathml(cell) for cell in _parts(row)] for row in rows])


def _mathml_fenced(tag: Tag, parts: list[str]) -> str:
    inner = str(tag.get("separators", ","))[:1].strip().join(parts)
    return _fenced(str(tag.get("open", "(")), inner, str(tag.get("close", ")")))


_MATHML: dict[str, Callable[[Tag, list[str]], str]] = {
    "mfrac": lambda tag, p: rf"\frac{_group(p[0])}{_group(p[1])}",
    "msup": lambda tag, p: _scripts(_base(p[0]), "", p[1]),
    "msub": lambda tag, p: _scripts(_base(p[0]), p[1], ""),
    "msubsup": lambda tag, p: _scripts(_base(p[0]), p[1], p[2]),
    "msqrt": lambda tag, p: r"\sqrt" + _group("".join(p)),
    "mroot": lambda tag, p: rf"\sqrt[{p[1].strip()}]{_group(p[0])}",
    "mover": _mathml_over,
    "munder": _mathml_under,
    "munderover": lambda tag, p: _scripts(_limited(p[0]), p[1], p[2]),
    "mfenced": _mathml_fenced,
}
_NEEDED = {"msqrt": 1, "mfenced": 0, "msubsup": 3, "munderover": 3} | dict.fromkeys(
    ("mfrac", "msup", "msub", "mroot", "mover", "munder"), 2
)
