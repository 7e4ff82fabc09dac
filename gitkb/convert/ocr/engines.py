"""Chooses who reads pictures: RapidOCR with the weights of its package, or Tesseract for scripts beyond it.

Invariant: the languages of the settings decide, and never what happens to be installed: an engine that is missing is an error
that says how to install it. So the same settings make the same text on every machine that makes any. Neither engine reaches the
network or starts a program.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Protocol

from gitkb.convert.ocr.pieces import Piece
from gitkb.errors import ConversionError

if TYPE_CHECKING:
    from PIL.Image import Image

INSTALL = "Install it with: pip install 'gitkb[ocr]'."
RAPID_LANGUAGES = frozenset(
    (
        "af az bs ca cs cy da de en es et eu fi fr ga gl hr hu id is it ja ku la lb lt lv mi ms mt nb nl nn no oc pl pt qu rm ro "
        "sk sl sq sv sw tl tr uz vi zh"
    ).split()
)
_LEAST_SURE, _UNSURE, _SURE = 0.5, 0.75, 0.9
_RAPID: dict[str, object] = {
    "Global.log_level": "critical",
    "EngineConfig.onnxruntime.intra_op_num_threads": 1,  # each worker has a core of its own
    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
}


class Engine(Protocol):
    """Somebody who reads pictures. `name` is its name and version, `side` how many pixels the longer side of a page needs."""

    name: str
    side: int

    def read(self, picture: "Image") -> list[Piece]:
        """The pieces of text in a picture (RGB), in no certain order."""


@lru_cache(maxsize=2)
def engine_for(languages: Sequence[str]) -> Engine:
    """The engine that reads these languages; for none, the one that reads Latin, Chinese and Japanese script.

    Raises `ConversionError` where it is not installed.
    """
    if set(languages) <= RAPID_LANGUAGES:
        return _Rapid()
    from gitkb.convert.ocr.tesseract import Tesseract

    return Tesseract(languages)


class _Rapid:
    side = 2_000

    def __init__(self) -> None:
        from importlib.metadata import version

        try:
            from rapidocr import RapidOCR

            self._turned: list[bool] = []
            self._reader = self._watched(RapidOCR(params=dict(_RAPID)))
            self.name = f"rapidocr {version('rapidocr')}"
        except ImportError as error:
            raise ConversionError("it needs OCR, which is not installed here.", INSTALL) from error

    def read(self, picture: "Image") -> list[Piece]:
        import numpy

        pixels = numpy.asarray(picture)[:, :, ::-1]
        found = self._reader(pixels)
        turned = sum(self._turned)
        if turned * 4 > len(self._turned) or _sureness(found) < _UNSURE:
            # It may stand on its head: lines that are seen to do so are read well, but in reversed order.
            other = self._reader(pixels[::-1, ::-1])
            found = other if (-sum(self._turned), _sureness(other)) > (-turned, _sureness(found)) else found
        if found.boxes is None or found.txts is None:
            return []
        pieces = zip(found.boxes.tolist(), found.txts, found.scores, strict=True)
        return [
            Piece(tuple((float(x), float(y)) for x, y in box), text)
            for box, text, score in pieces
            if score >= _LEAST_SURE and text.strip()
        ]

    def _watched(self, reader: Any) -> Any:
        reader.cls_and_rotate = partial(self._noticing, reader.cls_and_rotate)
        return reader

    def _noticing(self, turn: Callable[[Any], Any], pictures: Any) -> Any:
        """Turns the pictures of lines that stand on their head, and keeps which did."""
        lines, found = turn(pictures)
        self._turned = [bool("180" in label and score > _SURE) for label, score in found.cls_res or ()]
        return lines, found


def _sureness(found: Any) -> float:
    """How sure the engine is of what it read, 0..1."""
    texts = found.txts or ()
    letters = sum(map(len, texts))
    return (
        float(sum(score * len(text) for score, text in zip(found.scores or (), texts, strict=False))) / letters
        if letters
        else 0.0
    )
