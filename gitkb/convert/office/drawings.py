"""What charts and diagrams (SmartArt) of Word, PowerPoint and Excel say: a table of the values, a list of the texts.

Invariant: only the values that the office program stored in the chart are shown; the workbook embedded in it is never opened.
Every kind of chart is read alike, also three-dimensional ones and those that libraries do not know.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from msgspec import Struct

from gitkb.convert.office.number_formats import exact, formatted
from gitkb.convert.tables import escape, table

if TYPE_CHECKING:
    from lxml import etree

_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
MAX_SERIES = 500
MAX_POINTS = 20_000
MAX_LEVEL = 8


class Chart(Struct, frozen=True):
    """A chart's title and its values: the first row names the series, the first cell of the others the category."""

    title: str
    rows: tuple[tuple[str, ...], ...]

    @property
    def markdown(self) -> str:
        title = f"**{escape(self.title)}**" if self.title else ""
        return "\n\n".join(part for part in (title, table([[escape(cell) for cell in row] for row in self.rows])) if part)


def chart(root: "etree._Element") -> Chart:
    """The chart of a `chartSpace` part, of the usual kind or of the newer one (waterfalls, tree maps)."""
    if root.find(".//{*}plotArea") is not None:
        series = [_series(element) for element in _first(root.iterfind(".//{*}plotArea//{*}ser"), MAX_SERIES)]
        title = _rich(root.find(".//{*}chart/{*}title"))
        axis = next((_rich(a.find("{*}title")) for name in ("catAx", "dateAx") for a in root.iterfind(f".//{{*}}{name}")), "")
    else:
        series = [_newer(root, element) for element in _first(root.iterfind(".//{*}plotAreaRegion/{*}series"), MAX_SERIES)]
        title, axis = _rich(root.find(".//{*}chart/{*}title")), ""
    series = [one for one in series if one.values or one.name]
    if not title and len(series) == 1 and not series[0].values:
        return Chart(series[0].name, ())
    return Chart(title, tuple(_rows(series, axis)))


class _Series(Struct, frozen=True):
    name: str
    categories: dict[int, str]
    values: dict[int, str]


def _series(element: "etree._Element") -> _Series:
    categories = _points(element.find("{*}cat"), levels=True) or _points(element.find("{*}xVal"), levels=True)
    values = _points(element.find("{*}val")) or _points(element.find("{*}yVal"))
    sizes = _points(element.find("{*}bubbleSize"))
    if sizes:
        values = {index: f"{text} ({sizes[index]})" if index in sizes else text for index, text in values.items()}
    name = element.find("{*}tx")
    return _Series(" ".join(_points(name).values()) or _rich(name) if name is not None else "", categories, values)


def _points(holder: "etree._Element | None", levels: bool = False) -> dict[int, str]:
    """The stored points by index; those of several levels are joined, the outermost first."""
    if holder is None:
        return {}
    if not levels or holder.find(".//{*}lvl") is None:
        found = {}
        code = holder.findtext(".//{*}formatCode") or ""
        for index, point in enumerate(_first(holder.iterfind(".//{*}pt"), MAX_POINTS)):
            found[_index(point, index)] = _number(point.findtext("{*}v") or "", str(point.get("formatCode") or code))
        if not found and (literal := holder.findtext("{*}v")):
            found[0] = literal
        return found
    joined: dict[int, str] = {}
    for level in list(holder.iterfind(".//{*}lvl"))[:MAX_LEVEL]:
        texts = {_index(point, 0): point.findtext("{*}v") or "" for point in _first(level.iterfind("{*}pt"), MAX_POINTS)}
        if not joined:
            joined = texts
            continue
        above = ""
        for index in sorted(joined):
            above = texts.get(index, above)
            joined[index] = f"{above} / {joined[index]}" if above else joined[index]
    return joined


def _newer(root: "etree._Element", element: "etree._Element") -> _Series:
    """A series of the newer kind names its data by an id."""
    link = element.find("{*}dataId")
    wanted = str(link.get("val") or "") if link is not None else ""
    data = next((d for d in root.iterfind(".//{*}chartData/{*}data") if str(d.get("id") or "") == wanted), None)
    if data is None:
        return _Series("", {}, {})
    name = element.findtext(".//{*}tx//{*}v") or ""
    words, numbers = data.find("{*}strDim"), data.find("{*}numDim")
    categories = _level_points(words)
    return _Series(name, categories, _level_points(numbers))


def _level_points(dimension: "etree._Element | None") -> dict[int, str]:
    if dimension is None:
        return {}
    out: dict[int, str] = {}
    for level in list(dimension.iterfind("{*}lvl"))[:MAX_LEVEL]:
        code = str(level.get("formatCode") or "")
        for index, point in enumerate(_first(level.iterfind("{*}pt"), MAX_POINTS)):
            text, number = _number("".join(point.itertext()), code), _index(point, index)
            out[number] = f"{text} / {out[number]}" if number in out else text
    return out


def _rows(series: list[_Series], axis: str) -> Iterator[tuple[str, ...]]:
    """One table where all series have the same categories, else one after the other in columns of their own."""
    categories = next((one.categories for one in series if one.categories), {})
    shared = all(one.categories in ({}, categories) for one in series)
    if not any(one.values for one in series):
        return
    yield (axis, *(one.name for one in series))
    if shared:
        for index in sorted(set().union(categories, *(one.values for one in series))):
            yield (categories.get(index, ""), *(one.values.get(index, "") for one in series))
        return
    for place, one in enumerate(series):
        before, after = [""] * place, [""] * (len(series) - place - 1)
        for index in sorted(set(one.categories) | set(one.values)):
            yield (one.categories.get(index, ""), *before, one.values.get(index, ""), *after)


def _number(text: str, code: str) -> str:
    text = " ".join(text.split())
    try:
        value = float(text)
    except ValueError:
        return text
    return exact(value) if code in ("", "General") or not _is_numeric(code) else formatted(value, code)


def _is_numeric(code: str) -> bool:
    return "0" in code or "#" in code


def _index(point: "etree._Element", default: int) -> int:
    text = str(point.get("idx") or "")
    return int(text) if text.isdecimal() and len(text) < 7 else default


def _rich(element: "etree._Element | None") -> str:
    """The text of a title: written by a person, or taken from a cell."""
    if element is None:
        return ""
    runs = "".join(text.text or "" for text in element.iterfind(".//{*}r/{*}t"))
    return " ".join((runs or " ".join(value.text or "" for value in element.iterfind(".//{*}v"))).split())


def choose_alternatives(root: "etree._Element") -> None:
    """Keeps, of two ways to say a thing, the newer one: shapes, formulas and charts of today's programs, which libraries drop."""
    for alternative in list(root.iter(f"{_MC}AlternateContent")):
        chosen = next((c for c in alternative.iterfind(f"{_MC}Choice") if len(c)), alternative.find(f"{_MC}Fallback"))
        parent = alternative.getparent()
        if parent is not None:
            at = parent.index(alternative)
            parent[at : at + 1] = list(chosen) if chosen is not None else []


def diagram(root: "etree._Element") -> list[tuple[int, str]]:
    """The texts of a diagram in order, each with its level from 0."""
    texts: dict[str, str] = {}
    for point in root.iterfind(".//{*}ptLst/{*}pt"):
        if str(point.get("type") or "node") in ("node", "asst", "doc"):
            paragraphs = ("".join(run.text or "" for run in p.iterfind(".//{*}t")) for p in point.iterfind("{*}t/{*}p"))
            texts[str(point.get("modelId"))] = " ".join(" ".join(paragraphs).split())
    below: dict[str, list[tuple[int, str]]] = {}
    has_parent = set()
    for link in root.iterfind(".//{*}cxnLst/{*}cxn"):
        if str(link.get("type") or "parOf") == "parOf":
            order = str(link.get("srcOrd") or "0")
            child = str(link.get("destId"))
            below.setdefault(str(link.get("srcId")), []).append((int(order) if order.isdecimal() else 0, child))
            has_parent.add(child)
    out: list[tuple[int, str]] = []
    seen: set[str] = set()
    pending = [(0, name) for name in reversed(list(texts)) if name not in has_parent]
    while pending:
        level, name = pending.pop()
        if name in seen or name not in texts:
            continue
        seen.add(name)
        if texts[name]:
            out.append((level, texts[name]))
        inner = min(level + 1, MAX_LEVEL) if texts[name] else level
        pending += [(inner, child) for _, child in sorted(below.get(name, []), reverse=True)]
    return out + [(0, texts[name]) for name in texts if name not in seen and texts[name]]


def diagram_markdown(items: list[tuple[int, str]]) -> str:
    """The texts of a diagram as a list."""
    return "\n".join("  " * level + f"- {escape(text)}" for level, text in items)


def _first(elements: Iterable["etree._Element"], limit: int) -> Iterator["etree._Element"]:
    return (element for _, element in zip(range(limit), elements, strict=False))
