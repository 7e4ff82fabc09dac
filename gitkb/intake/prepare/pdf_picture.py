"""Draws a page of a PDF with a place marked on it, in a process of its own: the bytes are a stranger's.

Invariant: what draws neither reaches the network nor starts a program nor writes a file, and is killed when it takes too long.
Words are found by their letters and digits alone, because a converted text differs from a page in spaces and hyphens.
"""

import json
import subprocess
import sys
import tempfile
import unicodedata
from io import BytesIO
from pathlib import Path
from typing import Any

from gitkb.errors import ConversionError, NotFound

SECONDS = 20.0
MEMORY = 1024**3
_WIDTH, _MARK = 1_100, (255, 214, 0)
_MOST_WORDS = 2_000
_NO_PDF, _NO_PAGE = 3, 4


def drawn(content: bytes, number: int, words: str = "") -> bytes:
    """A page of a PDF, from 1, as a JPEG. `NotFound` for what is no PDF or has no such page, `ConversionError` for the rest."""
    question = json.dumps({"page": number, "words": words[:_MOST_WORDS]}).encode() + b"\n"
    command = [sys.executable, "-P", "-m", "gitkb.intake.prepare.pdf_picture"]
    try:
        done = subprocess.run(command, input=question + content, capture_output=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise ConversionError(f"Page {number} takes longer than {SECONDS:.0f} s to draw.", "Open the original.") from error
    if done.returncode == 0:
        return done.stdout
    if done.returncode == _NO_PDF:
        raise NotFound("The original is no PDF that can be drawn.", "Open the original.")
    if done.returncode == _NO_PAGE:
        raise NotFound(f"The original has no page {number}.", "Open the original.")
    raise ConversionError(f"Page {number} cannot be drawn.", "Open the original.")


def main() -> int:
    """Answers one question on standard input: a line of JSON, then the bytes of the PDF."""
    from gitkb.intake.prepare.worker import confine, limit_memory

    asked = json.loads(sys.stdin.buffer.readline())
    content = sys.stdin.buffer.read()
    with tempfile.TemporaryDirectory() as folder:
        limit_memory(MEMORY)
        confine([Path(folder)])
        return _draw(content, int(asked["page"]), str(asked["words"]))


def _draw(content: bytes, number: int, words: str) -> int:
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError:
        return _NO_PDF
    if not 1 <= number <= len(document):
        return _NO_PAGE
    page = document[number - 1]
    scale = min(4.0, _WIDTH / max(page.get_width(), page.get_height() * 0.7, 1))
    picture = page.render(scale=scale).to_pil().convert("RGB")
    picture = _marked(picture, page, words, scale) if words else picture
    out = BytesIO()
    picture.save(out, "JPEG", quality=80)
    sys.stdout.buffer.write(out.getvalue())
    return 0


def _marked(picture: Any, page: Any, words: str, scale: float) -> Any:
    """The picture with yellow over the words."""
    from PIL import Image, ImageChops

    text = page.get_textpage()
    found = span(text.get_text_range(), words)
    mark = Image.new("RGB", picture.size, (255, 255, 255))
    for at in found:
        left, bottom, right, top = text.get_charbox(at, loose=True)
        box = page.get_height()
        corners = [round(value * scale) for value in (left - 0.5, box - top - 1, right + 0.5, box - bottom + 1)]
        if corners[0] < corners[2] and corners[1] < corners[3]:
            mark.paste(_MARK, (max(corners[0], 0), max(corners[1], 0), corners[2], corners[3]))
    return ImageChops.multiply(picture, mark)


def span(text: str, words: str) -> range:
    """The positions in a text at which the words stand, by letters and digits alone; as many of the first words as are there."""
    kept = [(char, at) for at, each in enumerate(text) for char in _bare(each)]
    hay, needle = "".join(char for char, _ in kept), _bare(words)
    for length in (len(needle), len(needle) * 2 // 3, len(needle) // 3):
        at = hay.find(needle[:length]) if length >= min(len(needle), 12) > 0 else -1
        if at >= 0:
            return range(kept[at][1], kept[at + length - 1][1] + 1)
    return range(0)


def _bare(text: str) -> str:
    return "".join(char for char in unicodedata.normalize("NFKC", text).casefold() if char.isalnum())


if __name__ == "__main__":
    sys.exit(main())
