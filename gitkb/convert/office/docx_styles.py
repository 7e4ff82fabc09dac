"""Styles and numbers of Word documents: which paragraph is a heading, of which list it is an item, what Word prints before it.

Invariant: styles inherit: one that is based on "heading 2" makes headings of the second level, whatever its name. Numbers are
counted in text order, as Word does: deeper levels start again, and a list continues after other paragraphs.
"""

import re
from typing import TYPE_CHECKING

from msgspec import Struct, field

if TYPE_CHECKING:
    from lxml import etree

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_HEADING = re.compile(
    r"(?:heading|überschrift|titre|título|titolo|kop|rubrik|overskrift|otsikko|nagłówek|nadpis|címsor|заголовок|見出し|标题|標題|제목)"
    r"\s*([1-9])$",
    re.IGNORECASE,
)
_MONOSPACED = re.compile(r"courier|consolas|menlo|monaco|mono\b|monospace|lucida console|source code|fixedsys", re.IGNORECASE)
_CODE = re.compile(r"(?:code|source code|source|html preformatted|preformatted text|macro|code block|listing)$", re.IGNORECASE)
_CONTENTS = re.compile(r"(?:toc|verzeichnis|inhaltsverzeichnis|tm) ?\d$|table of figures$", re.IGNORECASE)
_MAX_CHAIN = 20
_LEVELS = 9


def value(element: "etree._Element | None", name: str) -> str | None:
    """The `w:val` of a child; '' where it states none, None where there is no such child."""
    found = element.find(f"{W}{name}") if element is not None else None
    return None if found is None else str(found.get(f"{W}val") or "")


def is_on(element: "etree._Element | None", name: str) -> bool:
    """Whether a property that is on or off is there and on."""
    return value(element, name) not in (None, "0", "false", "off")


class _Style(Struct, frozen=True):
    name: str
    parent: str
    outline: int | None
    number: str | None
    level: int | None
    size: int | None
    monospaced: bool | None


class Label(Struct, frozen=True):
    """What stands before a list item or a numbered heading: a bullet ('') or a number; `depth` counts from 0."""

    text: str
    depth: int


class Styles:
    """The paragraph styles of a document; built once from `styles.xml`, which may be missing."""

    def __init__(self, root: "etree._Element | None") -> None:
        self._styles: dict[str, _Style] = {}
        self.default = ""
        self.default_size = 20
        if root is None:
            return
        for element in root.iterfind(f"{W}style"):
            if str(element.get(f"{W}type") or "paragraph") == "paragraph":
                self._styles[str(element.get(f"{W}styleId"))] = _style(element)
                if str(element.get(f"{W}default") or "0") in ("1", "true"):
                    self.default = str(element.get(f"{W}styleId"))
        self.default_size = _whole(value(root.find(f"{W}docDefaults/{W}rPrDefault/{W}rPr"), "sz")) or 20

    def name(self, style: str) -> str:
        """The name of a style; for one that the document does not define, its id, which Word's own are called by."""
        return self._styles[style].name if style in self._styles else style

    def heading(self, properties: "etree._Element | None", style: str) -> int:
        """The level of a heading from 1 to 9, 0 for any other paragraph."""
        own = _whole(value(properties, "outlineLvl"))
        if own is not None:
            return own + 1 if own < _LEVELS else 0
        if self.name(style).lower() == "heading":
            return 1
        if style not in self._styles and (found := _HEADING.match(style)):
            return int(found[1])
        for one in self._chain(style):
            if found := _HEADING.match(one.name):
                return int(found[1])
            if one.outline is not None:
                return one.outline + 1 if one.outline < _LEVELS else 0
        return 0

    def is_code(self, style: str) -> bool:
        """Whether a style is one for code, by its name or that of one it is based on."""
        return any(_CODE.match(one.name) for one in self._chain(style))

    def is_title(self, style: str) -> bool:
        """Whether a style is that of the document's title."""
        return self.name(style).lower() == "title" or any(one.name.lower() in ("title", "titel") for one in self._chain(style))

    def is_contents(self, style: str) -> bool:
        """Whether a style is that of a line in a table of contents."""
        return bool(_CONTENTS.match(self.name(style)))

    def is_monospaced(self, style: str) -> bool:
        """Whether text of a style is printed in a font of even widths."""
        return next((one.monospaced for one in self._chain(style or self.default) if one.monospaced is not None), False)

    def size(self, style: str) -> int:
        """The size of a style's text in half points."""
        return next((one.size for one in self._chain(style or self.default) if one.size is not None), self.default_size)

    def numbering(self, style: str) -> tuple[str | None, int | None]:
        """The list of which a style makes its paragraphs items, and the level; None where it says nothing."""
        chain = self._chain(style)
        number = next((one.number for one in chain if one.number is not None), None)
        return number, next((one.level for one in chain if one.level is not None), None)

    def _chain(self, style: str) -> list[_Style]:
        found: list[_Style] = []
        while style in self._styles and len(found) < _MAX_CHAIN:
            found.append(self._styles[style])
            style = found[-1].parent
        return found


def _style(element: "etree._Element") -> _Style:
    paragraph, run = element.find(f"{W}pPr"), element.find(f"{W}rPr")
    numbers = paragraph.find(f"{W}numPr") if paragraph is not None else None
    font = run.find(f"{W}rFonts") if run is not None else None
    face = str(font.get(f"{W}ascii") or "") if font is not None else ""
    return _Style(
        name=(value(element, "name") or "").strip(),
        parent=value(element, "basedOn") or "",
        outline=_whole(value(paragraph, "outlineLvl")),
        number=value(numbers, "numId"),
        level=_whole(value(numbers, "ilvl")),
        size=_whole(value(run, "sz")),
        monospaced=bool(_MONOSPACED.search(face)) if face else None,
    )


def is_monospaced(font: str) -> bool:
    """Whether a font has even widths, by its name."""
    return bool(_MONOSPACED.search(font))


class _Level(Struct):
    start: int = 1
    kind: str = "decimal"
    text: str = ""
    restart: bool = True
    decimal_only: bool = False


class _List(Struct):
    levels: dict[int, _Level] = field(default_factory=dict)
    style_link: str = ""
    counters: dict[int, int] = field(default_factory=dict)


class Numbering:
    """The lists of a document with their counters; `label` must be asked once for each item, in text order."""

    def __init__(self, root: "etree._Element | None", styles: Styles) -> None:
        self._styles = styles
        self._lists: dict[str, _List] = {}
        self._numbers: dict[str, tuple[str, dict[int, int]]] = {}
        self._by_style: dict[str, int] = {}
        self._overridden: set[tuple[str, int]] = set()
        if root is None:
            return
        for element in root.iterfind(f"{W}abstractNum"):
            self._lists[str(element.get(f"{W}abstractNumId"))] = self._list(element)
        for element in root.iterfind(f"{W}num"):
            starts = {
                _whole(str(one.get(f"{W}ilvl"))) or 0: _whole(value(one, "startOverride")) or 0
                for one in element.iterfind(f"{W}lvlOverride")
                if value(one, "startOverride") is not None
            }
            self._numbers[str(element.get(f"{W}numId"))] = (value(element, "abstractNumId") or "", starts)

    def _list(self, element: "etree._Element") -> _List:
        found = _List(style_link=value(element, "numStyleLink") or "")
        for level in element.iterfind(f"{W}lvl"):
            index = _whole(str(level.get(f"{W}ilvl"))) or 0
            found.levels[index] = _Level(
                start=_whole(value(level, "start")) or 0 if value(level, "start") is not None else 1,
                kind=value(level, "numFmt") or "decimal",
                text=value(level, "lvlText") if value(level, "lvlText") is not None else f"%{index + 1}.",  # type: ignore[arg-type]
                restart=value(level, "lvlRestart") != "0",
                decimal_only=is_on(level, "isLgl"),
            )
            if style := value(level, "pStyle"):
                self._by_style.setdefault(style, index)
        return found

    def label(self, properties: "etree._Element | None", style: str) -> Label | None:
        """What Word prints before this paragraph; None where it is no item of a list."""
        own = properties.find(f"{W}numPr") if properties is not None else None
        number, level = value(own, "numId"), _whole(value(own, "ilvl"))
        if number is None:
            number, styled = self._styles.numbering(style)
            level = level if level is not None else styled
            level = self._by_style.get(style, 0) if level is None else level
        if not number or number == "0" or number not in self._numbers:
            return None
        return self._next(number, min(level or 0, _LEVELS - 1))

    def _next(self, number: str, level: int) -> Label | None:
        name, starts = self._numbers[number]
        found = self._lists.get(name)
        if found is not None and not found.levels and found.style_link:
            linked, _ = self._styles.numbering(found.style_link)
            found = self._lists.get(self._numbers[linked][0]) if linked in self._numbers else None
        if found is None:
            return Label("", level)
        this = found.levels.get(level, _Level(kind="bullet"))
        if level in starts and (number, level) not in self._overridden:
            self._overridden.add((number, level))
            found.counters[level] = starts[level]
        else:
            found.counters[level] = found.counters[level] + 1 if level in found.counters else this.start
        for below in [other for other in found.counters if other > level]:
            if found.levels.get(below, this).restart:
                del found.counters[below]
        if this.kind == "bullet":
            return Label("", level)
        text = re.sub(r"%([1-9])", lambda match: self._counted(found, int(match[1]) - 1, this), this.text)
        return Label(" ".join(text.split()), level) if text.strip() else None

    def _counted(self, found: _List, level: int, shown: _Level) -> str:
        of = found.levels.get(level, shown)
        count = found.counters.setdefault(level, of.start)
        return numeral(count, "decimal" if shown.decimal_only else of.kind)


_CHINESE = "〇一二三四五六七八九十"
_ROMAN = tuple(
    zip(
        (1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1),
        "M CM D CD C XC L XL X IX V IV I".split(),
        strict=True,
    )
)


def numeral(count: int, kind: str) -> str:
    """A count in the kind of numerals that Word calls so; decimal for those that are not known."""
    if kind == "none":
        return ""
    if kind in ("lowerLetter", "upperLetter") and count > 0:
        letter = chr(ord("a") + (count - 1) % 26) * ((count - 1) // 26 + 1)
        return letter if kind == "lowerLetter" else letter.upper()
    if kind in ("lowerRoman", "upperRoman") and 0 < count < 4000:
        roman = "".join(sign * times for sign, times in _roman(count))
        return roman.lower() if kind == "lowerRoman" else roman
    if kind == "decimalZero":
        return f"{count:02d}"
    if kind.startswith(("chinese", "japanese", "ideographDigital", "taiwanese")) and 0 < count < 100:
        tens, ones = divmod(count, 10)
        return (_CHINESE[tens] * (tens > 1) + "十") * bool(tens) + _CHINESE[ones] * bool(ones)
    return str(count)


def _roman(count: int) -> list[tuple[str, int]]:
    out = []
    for worth, sign in _ROMAN:
        times, count = divmod(count, worth)
        out.append((sign, times))
    return out


def _whole(text: str | None) -> int | None:
    return int(text) if text is not None and re.fullmatch(r"\d{1,6}", text) else None
