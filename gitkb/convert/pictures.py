"""Decides which pictures of a document are worth keeping, and names them.

Invariant: names are picture-1.png, picture-2.jpg, ... in order of first use, equal bytes share one name, and every kept picture
is a raster image that Pillow could open. Tiny, huge, damaged and unknown ones are skipped, never an error.
"""

import base64
import binascii
import hashlib
import io
import re
import warnings
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from gitkb.model.documents import Picture

if TYPE_CHECKING:
    from PIL import Image


MAX_PICTURES = 300
MAX_PICTURE_BYTES = 16 * 1024**2
MAX_TOTAL_BYTES = 96 * 1024**2
MAX_PIXELS = 40_000_000
MIN_SIDE = 24
_KEPT = {"PNG": ("png", "image/png"), "JPEG": ("jpg", "image/jpeg"), "GIF": ("gif", "image/gif"), "WEBP": ("webp", "image/webp")}
_REWRITTEN = frozenset({"BMP", "DIB", "TIFF", "PPM", "PCX", "TGA"})
_DATA_URI = re.compile(r"\s*data:image/[\w.+-]+((?:;[\w=.-]+)*),(.*)", re.DOTALL | re.IGNORECASE)


class Gallery:
    """Collects the pictures of one document, in order."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._pictures: list[Picture] = []
        self._size = 0

    @property
    def pictures(self) -> tuple[Picture, ...]:
        return tuple(self._pictures)

    def add(self, data: bytes) -> str:
        """The name under which the picture is kept, or '' where it is not worth keeping."""
        key = hashlib.sha256(data).hexdigest()
        if key not in self._names:
            self._names[key] = self._keep(data)
        return self._names[key]

    def add_data_uri(self, uri: str) -> str:
        """The name of a picture given as a data: URI, or ''."""
        found = _DATA_URI.match(uri)
        if not found or len(uri) > MAX_PICTURE_BYTES * 2:
            return ""
        raw = unquote_to_bytes(found[2])
        if ";base64" in found[1].lower():
            try:
                raw = base64.b64decode(re.sub(rb"\s+", b"", raw))
            except (binascii.Error, ValueError):
                return ""
        return self.add(raw)

    def _keep(self, data: bytes) -> str:
        if len(self._pictures) >= MAX_PICTURES or len(data) > MAX_PICTURE_BYTES or self._size + len(data) > MAX_TOTAL_BYTES:
            return ""
        checked = _checked(data)
        if checked is None:
            return ""
        kept, ending, media_type = checked
        self._size += len(kept)
        name = f"picture-{len(self._pictures) + 1}.{ending}"
        self._pictures.append(Picture(name, kept, media_type))
        return name


LEAST_SHOWN = 100
"""Pixels of the shorter side: smaller pictures are icons, which nobody needs to have described."""
_LEAST_CONTRAST = 12
_QUALITY = 82


def shown_to_model(data: bytes, side: int) -> tuple[bytes, int, int] | None:
    """A picture as a model is shown it: a JPEG of at most `side` pixels on its longer side, without what else its file says, with
    its width and height. None for icons, pictures of one colour, and what cannot be read."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with Image.open(io.BytesIO(data)) as image:
                if min(image.size) < LEAST_SHOWN or image.size[0] * image.size[1] > MAX_PIXELS:
                    return None
                image.draft("RGB", (side, side))
                return jpeg_of(ImageOps.exif_transpose(image), side)
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError, Warning, EOFError, KeyError):
        return None
    except (IndexError, TypeError, AttributeError, OverflowError, MemoryError):
        return None  # as below


def jpeg_of(image: "Image.Image", side: int) -> tuple[bytes, int, int] | None:
    """A picture as a JPEG on white of at most `side` pixels on its longer side, with its width and height; None for one of one
    colour."""
    from PIL import Image

    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        layer = image.convert("RGBA")
        layer.thumbnail((side, side))
        image = Image.new("RGBA", layer.size, "white")
        image.alpha_composite(layer)
    shown = image.convert("RGB")
    shown.thumbnail((side, side))
    levels = [level for level, count in enumerate(shown.convert("L").histogram()) if count]
    if levels[-1] - levels[0] < _LEAST_CONTRAST:
        return None
    out = io.BytesIO()
    shown.save(out, "JPEG", quality=_QUALITY)
    return out.getvalue(), *shown.size


def _checked(data: bytes) -> tuple[bytes, str, str] | None:
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with Image.open(io.BytesIO(data)) as image:
                kind = image.format or ""
                if min(image.size) < MIN_SIDE or image.size[0] * image.size[1] > MAX_PIXELS:
                    return None
                if kind in _REWRITTEN:
                    return _as_png(image)
                if kind in _KEPT:
                    image.verify()
                    return data, *_KEPT[kind]
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError, Warning, EOFError, KeyError):
        return None
    except (IndexError, TypeError, AttributeError, OverflowError, MemoryError):
        return None  # Pillow's plug-ins raise errors of many kinds on damaged data
    return None


def _as_png(image: "Image.Image") -> tuple[bytes, str, str]:
    out = io.BytesIO()
    converted = image if image.mode in ("1", "L", "P", "RGB", "RGBA") else image.convert("RGB")
    converted.save(out, "PNG")
    return out.getvalue(), "png", "image/png"
