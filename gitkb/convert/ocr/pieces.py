"""What an engine hands over: pieces of text with their place in a picture."""

from msgspec import Struct


class Piece(Struct, frozen=True):
    """A piece of text in a picture, and the corners of its box in pixels from the top left: clockwise, from its own top left."""

    corners: tuple[tuple[float, float], ...]
    text: str
