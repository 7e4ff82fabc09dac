"""What reads the pictures of one document: an engine for the languages of the settings, and the clock that it keeps going."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from gitkb.convert.ocr.engines import Engine, engine_for
from gitkb.convert.ocr.pieces import Piece
from gitkb.formats.settings import ConversionSettings

if TYPE_CHECKING:
    from PIL.Image import Image


class Sight(Struct, frozen=True):
    """Reads the pictures of one document. `beat` is told after each of them: the caller's clock may begin anew."""

    languages: Sequence[str]
    beat: Callable[[], None]

    @property
    def engine(self) -> Engine:
        """Who reads; `ConversionError` where it is not installed."""
        return engine_for(tuple(self.languages))

    def pieces(self, picture: "Image") -> list[Piece]:
        """What stands in a picture."""
        found = self.engine.read(picture.convert("RGB"))
        self.beat()
        return found


def sight_of(settings: ConversionSettings, beat: Callable[[], None]) -> Sight | None:
    """What reads pictures under these settings, None where they ask for none."""
    return Sight(settings.languages, beat) if settings.ocr != "off" else None
