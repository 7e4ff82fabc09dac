"""Collects one streamed answer: text as it comes, tool calls from their pieces, the count of tokens.

Invariant: what a reasoning model thinks aloud in `<think>` before its answer is not passed on. `heard` says whether anything
was, after which an answer cannot be asked for again.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from gitkb.compile.client.completion import counted
from gitkb.compile.client.conversation import ToolCall, Turn
from gitkb.compile.client.wire import Broken
from gitkb.compile.requests import Usage
from gitkb.errors import ModelFailure

_OPENING, _CLOSING = "<think>", "</think>"


class Listening:
    """Hears one answer."""

    def __init__(self, on_text: Callable[[str], None]) -> None:
        self.heard = False
        self._on_text = on_text
        self._text: list[str] = []
        self._held: str | None = ""
        self._thinking = False
        self._calls: dict[int, dict[str, str]] = {}
        self._finish = ""
        self.usage = Usage(calls=1)

    def hear(self, chunks: Iterator[Mapping[str, Any]]) -> Turn:
        """The whole turn; `Broken` where the stream ends before anything was said."""
        for chunk in chunks:
            if chunk.get("usage"):
                self.usage = counted(chunk["usage"])
            for choice in _mappings(chunk.get("choices")):
                self._choice(choice)
        self._release(self._held or "")
        if self._finish == "content_filter":
            raise ModelFailure("the model's server filtered the answer out.")
        if not self._finish and not self._text and not self._calls:
            raise Broken("the answer is empty")
        calls = tuple(
            ToolCall(call["id"] or f"call_{at}", call["name"], call["arguments"]) for at, call in sorted(self._calls.items())
        )
        return Turn("assistant", "".join(self._text), calls, cut=self._finish in ("", "length"))

    @property
    def said(self) -> str:
        """All that was heard, of which tokens are estimated where the server counts none."""
        return "".join((*self._text, *(call["arguments"] for call in self._calls.values())))

    def _choice(self, choice: Mapping[str, Any]) -> None:
        """One piece; a server that does not stream sends all of it as `message`."""
        said = next(_mappings([choice.get("delta"), choice.get("message")]), {})
        if isinstance(said.get("content"), str):
            self._pass_on(said["content"])
        for at, piece in enumerate(_mappings(said.get("tool_calls"))):
            self._call(piece, at)
        self._finish = str(choice.get("finish_reason") or self._finish)

    def _call(self, piece: Mapping[str, Any], at: int) -> None:
        index = piece.get("index")
        call = self._calls.setdefault(index if isinstance(index, int) else at, {"id": "", "name": "", "arguments": ""})
        function = next(_mappings([piece.get("function")]), {})
        call["id"] = call["id"] or str(piece.get("id") or "")
        call["name"] += str(function.get("name") or "")
        call["arguments"] += str(function.get("arguments") or "")
        self.heard = True

    def _pass_on(self, text: str) -> None:
        """Holds text back until it is plain that it is no thinking, and then passes everything on."""
        if self._held is None:
            self._release(text)
            return
        self._held += text
        start = self._held.lstrip()
        if self._thinking or start.startswith(_OPENING):
            self._thinking = True
            _, closed, rest = self._held.partition(_CLOSING)
            if closed:
                self._thinking, self._held = False, None
                self._release(rest.lstrip())
        elif not _OPENING.startswith(start):
            start, self._held = self._held, None
            self._release(start)

    def _release(self, text: str) -> None:
        if text:
            self.heard = True
            self._text.append(text)
            self._on_text(text)


def _mappings(values: Any) -> Iterator[Mapping[str, Any]]:
    """What in a list is an object, as far as a server keeps to the protocol."""
    return (each for each in values if isinstance(each, Mapping)) if isinstance(values, list) else iter(())
