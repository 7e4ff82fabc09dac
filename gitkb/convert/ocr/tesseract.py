"""Reads pictures with Tesseract, where it is installed.

Invariant: what the library is told are names of languages from a table here, pixels, and nothing of the document. It looks for
its data where its own build says.
"""

import ctypes
from collections.abc import Sequence
from contextlib import suppress
from itertools import count, takewhile
from typing import TYPE_CHECKING, Any

from gitkb.convert.ocr.pieces import Piece
from gitkb.errors import ConversionError

if TYPE_CHECKING:
    from PIL.Image import Image

_LIBRARIES = ("libtesseract.so.5", "libtesseract.5.dylib", "libtesseract-5.dll", "/opt/homebrew/lib/libtesseract.5.dylib")
_DATA = dict(
    pair.split(":")
    for pair in (
        "ar:ara be:bel bg:bul bn:ben cs:ces da:dan de:deu el:ell en:eng es:spa fa:fas fi:fin fr:fra gu:guj he:heb hi:hin hu:hun "
        "hy:hye it:ita ja:jpn ka:kat kk:kaz km:khm kn:kan ko:kor ky:kir la:lat lo:lao mk:mkd ml:mal mn:mon mr:mar my:mya ne:nep "
        "nl:nld no:nor pa:pan pl:pol pt:por ro:ron ru:rus sa:san si:sin sk:slk sl:slv sr:srp sv:swe ta:tam te:tel tg:tgk th:tha "
        "tr:tur uk:ukr ur:urd vi:vie yi:yid zh:chi_sim"
    ).split()
)
"""What Tesseract's data is called for a language of two letters; one of three letters is called as it is."""
_LINE, _WORD = 4, 5
"""What the first column of Tesseract's table calls lines and words."""
_WIDE = 1.2
_MISSING = "Install Tesseract 5 and its data for {}; on Debian: apt install tesseract-ocr {}."


class Tesseract:
    """Tesseract with the data of some languages."""

    side = 3_300

    def __init__(self, languages: Sequence[str]) -> None:
        """Raises `ConversionError` where the library or the data of a language is not installed."""
        data = [_DATA.get(language, language) for language in languages]
        hint = _MISSING.format(", ".join(languages), " ".join(f"tesseract-ocr-{each.replace('_', '-')}" for each in data))
        self._library = _library(hint)
        self._handle = self._library.TessBaseAPICreate()
        failed = self._library.TessBaseAPIInit3(self._handle, None, "+".join(data).encode()) != 0
        if failed or not self._loaded().issuperset(data):
            raise ConversionError(f"it needs OCR for {', '.join(languages)}, whose data is not installed here.", hint)
        self.name = f"tesseract {self._library.TessVersion().decode('ascii', 'replace')}"

    def _loaded(self) -> set[str]:
        """The data that was found: Tesseract leaves out what is missing, and says so to the terminal."""
        names = self._library.TessBaseAPIGetLoadedLanguagesAsVector(self._handle)
        return {name.decode("ascii", "replace") for name in takewhile(bool, (names[number] for number in count()))}

    def read(self, picture: "Image") -> list[Piece]:
        """The lines of words in a picture."""
        data = picture.convert("L").tobytes()
        self._library.TessBaseAPISetImage(self._handle, data, picture.width, picture.height, 1, picture.width)
        address = self._library.TessBaseAPIGetTsvText(self._handle, 0)
        if not address:
            return []
        try:
            table = ctypes.string_at(address).decode("utf-8", "replace")
        finally:
            self._library.TessDeleteText(address)
            self._library.TessBaseAPIClear(self._handle)
        return list(_pieces(table))


def _pieces(table: str) -> list[Piece]:
    """The lines in Tesseract's table of tab-separated values, each with its box; one is parted where a blank is wide."""
    found: list[Piece] = []
    top = bottom = height = 0.0
    words: list[str] = []
    x0 = x1 = 0.0

    def close() -> None:
        if words:
            found.append(Piece(((x0, top), (x1, top), (x1, bottom), (x0, bottom)), " ".join(words)))
            words.clear()

    for line in table.split("\n"):
        fields = line.split("\t")
        if len(fields) < 12 or not fields[0].isdigit():
            continue
        left, own_top, width, own_height = map(float, fields[6:10])
        if int(fields[0]) == _LINE:
            close()
            top, bottom, height = own_top, own_top + own_height, own_height
        elif int(fields[0]) == _WORD and (word := fields[11].strip()):
            if words and left - x1 > _WIDE * height:
                close()
            x0 = x0 if words else left
            words.append(word)
            x1 = left + width
    close()
    return found


def _library(hint: str) -> Any:
    """The library with the signatures of what is called; one thread, as each worker has a core of its own."""
    for name in _LIBRARIES:
        with suppress(OSError):
            library: Any = ctypes.CDLL(name)
            break
    else:
        raise ConversionError("it needs OCR by Tesseract, which is not installed here.", hint)
    pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
    for function, result, arguments in (
        ("TessVersion", text, []),
        ("TessBaseAPICreate", pointer, []),
        ("TessBaseAPIInit3", number, [pointer, text, text]),
        ("TessBaseAPIGetLoadedLanguagesAsVector", ctypes.POINTER(text), [pointer]),
        ("TessBaseAPISetImage", None, [pointer, text, number, number, number, number]),
        ("TessBaseAPIGetTsvText", pointer, [pointer, number]),
        ("TessBaseAPIClear", None, [pointer]),
        ("TessDeleteText", None, [pointer]),
    ):
        getattr(library, function).restype = result
        getattr(library, function).argtypes = arguments
    with suppress(OSError):
        ctypes.CDLL("libgomp.so.1").omp_set_num_threads(1)
    return library
