"""Numbers of workbooks and charts as their number format shows them: "$1,234.50", "7.5%", "0007", "12 kg".

Invariant: no digit is invented: a format that is not understood shows the number itself. A whole date is written as ISO 8601,
whatever its format, as the order of day and month in Excel's own depends on whose Excel it is; a format that shows only a part of
a date ("mmm yyyy") is followed. Names of months are English.
"""

import re
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from functools import lru_cache

from msgspec import Struct

_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"?|\\(?P<escaped>.)|_.(?P<space>)|\*.(?P<fill>)|\[(?P<bracket>[^\]]*)\]|(?P<ampm>AM/PM|A/P)'
    r"|(?P<general>General)|(?P<expo>[eE][+-])|(?P<digits>[0#?]+)|(?P<date>[yY]+|[mM]+|[dD]+|[hH]+|[sS]+)|(?P<other>.)",
    re.DOTALL | re.IGNORECASE,
)
_CONDITION = re.compile(r"(<=|>=|<>|<|>|=)\s*(-?\d+(?:\.\d+)?)$")
_MONTHS = "January February March April May June July August September October November December".split()
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_MAX_DIGITS = 30
_MAX_SCALES = 4
_PRECISE = Context(prec=400)


class _Token(Struct, frozen=True):
    kind: str
    text: str


class _Section(Struct, frozen=True):
    tokens: tuple[_Token, ...]
    condition: tuple[str, float] | None


def formatted(value: float, number_format: str) -> str:
    """A number as its format shows it."""
    if value != value or value in (float("inf"), float("-inf")):
        return ""
    if not number_format or number_format in ("General", "@") or abs(value) >= 1e250:
        return plain(value)
    sections = _sections(number_format)
    section, magnitude, signed = _chosen(sections, value)
    if section is None:
        return plain(value)
    text = _shown(section.tokens, magnitude)
    if text is None:
        return plain(value)
    return f"-{text}" if signed and re.search(r"[1-9]", text) else text


def plain(value: float) -> str:
    """A number as it is, without the noise of binary fractions."""
    if isinstance(value, int) or (value.is_integer() and abs(value) < 1e15):
        return str(int(value))
    return f"{value:.10g}" if abs(value) < 1e15 else f"{value:.15g}"


def exact(value: float) -> str:
    """A number with all its digits."""
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.15g}"


def date_text(value: date | time | timedelta, number_format: str) -> str:
    """A date, time or duration: ISO where the format shows all of it, else the part that the format shows."""
    tokens = _date_tokens(number_format)
    if isinstance(value, timedelta):
        return _duration(value)
    if isinstance(value, time):
        return value.isoformat("minutes" if not value.second and not value.microsecond else "seconds")
    letters = {token.text[0].lower() for token in tokens if token.kind == "date"}
    if isinstance(value, datetime) and letters and letters <= {"h", "s", "m"} and letters & {"h", "s"}:
        return value.time().isoformat("minutes" if not value.second else "seconds")
    if letters and not {"y", "m", "d"} <= letters and not letters & {"h", "s"}:
        return _date_parts(value, tokens)
    if isinstance(value, datetime) and value.time() != time(0):
        return value.isoformat(" ", "minutes" if not value.second else "seconds")
    return (value.date() if isinstance(value, datetime) else value).isoformat()


def _duration(value: timedelta) -> str:
    seconds = round(abs(value.total_seconds()))
    text = f"{seconds // 3600}:{seconds // 60 % 60:02d}" + (f":{seconds % 60:02d}" if seconds % 60 else "")
    return f"-{text}" if value < timedelta(0) else text


def _date_parts(value: date, tokens: tuple[_Token, ...]) -> str:
    shown = {
        "yy": f"{value.year:04d}", "yyyy": f"{value.year:04d}", "m": str(value.month), "mm": f"{value.month:02d}",
        "mmm": _MONTHS[value.month - 1][:3], "mmmm": _MONTHS[value.month - 1], "mmmmm": _MONTHS[value.month - 1][:3],
        "d": str(value.day), "dd": f"{value.day:02d}", "ddd": _DAYS[value.weekday()][:3], "dddd": _DAYS[value.weekday()],
    }  # fmt: skip
    return "".join(
        shown.get(t.text.lower(), t.text) if t.kind == "date" else t.text for t in tokens if t.kind != "bracket"
    ).strip()


def _date_tokens(number_format: str) -> tuple[_Token, ...]:
    sections = _sections(number_format)
    return sections[0].tokens if sections else ()


@lru_cache(maxsize=2_000)
def _sections(number_format: str) -> tuple[_Section, ...]:
    sections: list[_Section] = []
    tokens: list[_Token] = []
    condition: tuple[str, float] | None = None
    for found in _TOKEN.finditer(number_format[:500]):
        kind, text = str(found.lastgroup), found[found.lastgroup or 0] or ""
        if kind == "other" and text == ";":
            sections.append(_Section(tuple(tokens), condition))
            tokens, condition = [], None
        elif kind == "bracket":
            if matched := _CONDITION.match(text):
                condition = (matched[1], float(matched[2]))
            elif text.startswith("$"):
                tokens.append(_Token("quoted", text[1:].partition("-")[0]))
            elif text[:1].lower() in "hms" and set(text.lower()) <= set("hms"):
                tokens.append(_Token("elapsed", text))
        elif kind != "fill":
            tokens.append(_Token("quoted", " ") if kind == "space" else _Token(kind, text))
    sections.append(_Section(tuple(tokens), condition))
    return tuple(sections)


def _chosen(sections: tuple[_Section, ...], value: float) -> tuple[_Section | None, float, bool]:
    """The section that applies, the number that it shows, and whether a minus stands before it."""
    if any(section.condition for section in sections[:2]):
        for section in sections[:3]:
            if section.condition is None or _holds(section.condition, value):
                return section, abs(value), value < 0
        return None, value, False
    if value < 0 and len(sections) > 1:
        return sections[1], -value, False
    if value == 0 and len(sections) > 2:
        return sections[2], value, False
    return sections[0], abs(value), value < 0


def _holds(condition: tuple[str, float], value: float) -> bool:
    sign, limit = condition
    tests = {"<": value < limit, ">": value > limit, "<=": value <= limit, ">=": value >= limit, "=": value == limit}
    return tests.get(sign, value != limit)


def _shown(tokens: tuple[_Token, ...], value: float) -> str | None:
    """The number in one section's form; None for a form that is not understood."""
    if any(token.kind in ("date", "elapsed", "ampm") for token in tokens):
        return None
    if any(token.kind == "general" for token in tokens):
        return "".join(plain(value) if token.kind == "general" else _literal(token) for token in tokens).strip()
    places = [index for index, token in enumerate(tokens) if token.kind == "digits"]
    if not places:
        return "".join(_literal(token) for token in tokens).strip()
    if any(token == _Token("other", "/") for token in tokens[places[0] :]):
        return _fraction(tokens, places, value)
    first, last = places[0], places[-1]
    after = "".join(_literal(token) for token in tokens[last + 1 :])
    commas = min(_MAX_SCALES, len(after) - len(after.lstrip(",")))
    before = "".join(_literal(token) for token in tokens[:first])
    percents = min(_MAX_SCALES, sum(token == _Token("other", "%") for token in tokens))
    scaled = value * 100.0**percents / 1000.0**commas
    return (before + _digits(tokens[first : last + 1], scaled) + after[commas:]).strip()


def _literal(token: _Token) -> str:
    return "" if token.kind == "other" and token.text == "@" else token.text


def _digits(tokens: tuple[_Token, ...], value: float) -> str:
    """The digits between the first and the last place of a format, with its separators and whatever stands among them."""
    point = next((i for i, token in enumerate(tokens) if token == _Token("other", ".")), len(tokens))
    expo = next((i for i, token in enumerate(tokens) if token.kind == "expo"), len(tokens))
    whole, part = tokens[: min(point, expo)], tokens[point + 1 : expo] if point < expo else ()
    decimals = "".join(token.text for token in part if token.kind == "digits")[:_MAX_DIGITS]
    if expo < len(tokens):
        mantissa, power = f"{value:.{len(decimals)}E}".split("E")
        return f"{mantissa}E{'-' if power.startswith('-') else '+'}{power[1:].lstrip('0').rjust(2, '0')}"
    rounded = Decimal(repr(value)).quantize(Decimal(1).scaleb(-len(decimals)), ROUND_HALF_UP, _PRECISE)
    number, _, fraction = f"{rounded:f}".partition(".")
    optional = len(decimals) - len(decimals.rstrip("#?"))
    kept = len(decimals) - optional
    fraction = fraction[:kept] + fraction[kept:].rstrip("0")
    places = "".join(token.text for token in whole if token.kind == "digits")
    least = places.count("0")
    number = "" if number == "0" and not least else number.rjust(least, "0")
    if any(token == _Token("other", ",") for token in whole):
        number = f"{int(number or 0):,}" if len(number) > 3 and not number.startswith("0") else number
        return number + ("." + fraction if fraction else "")
    number = _interleaved(whole, number)
    return number + ("." + fraction if fraction else "")


def _interleaved(whole: tuple[_Token, ...], number: str) -> str:
    """Digits put among a format's literals, from the right: 00-00 shows 1234 as 12-34."""
    if all(token.kind == "digits" for token in whole):
        return number
    out: list[str] = []
    left = number
    for token in reversed(whole):
        if token.kind != "digits":
            out.append(token.text)
            continue
        out.append(left[-len(token.text) :])
        left = left[: -len(token.text)]
    return left + "".join(reversed(out))


def _fraction(tokens: tuple[_Token, ...], places: list[int], value: float) -> str | None:
    bar = next(i for i, token in enumerate(tokens) if token == _Token("other", "/"))
    below = "".join(token.text for token in tokens[bar + 1 :] if token.kind in ("digits", "other")).strip()
    whole_shown = sum(index < bar for index in places) > 1
    if len(below) > _MAX_SCALES:
        return None
    limit = int(below) if below.isdecimal() and int(below) else 10 ** min(3, max(1, len(below)))
    whole = int(value) if whole_shown else 0
    if below.isdecimal() and int(below):
        top, bottom = round((value - whole) * limit), limit
    else:
        near = Fraction(value - whole).limit_denominator(limit - 1 if limit > 1 else 1)
        top, bottom = near.numerator, near.denominator
    if whole_shown and bottom == top:
        whole, top = whole + 1, 0
    if not top:
        return str(whole)
    return (f"{whole} " if whole else "") + f"{top}/{bottom}"
