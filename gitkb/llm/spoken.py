"""Separates what a model says to a person from what it thinks and from tool calls that it writes as text.

Invariant: thinking and calls are never part of what is shown, in whatever pieces the text comes, also where a mark is never
closed. Text is held back only while it may still be one of them. A mark counts at the beginning of a line only, so an answer may
speak of marks. What cannot be read as a call, but is plainly meant as one, is a call without a name: whoever makes calls says
what is wrong with it.
"""

import ast
import json
import re
from collections.abc import Collection
from typing import Any

from gitkb.llm.requests import ToolCall

_THINKING = {"<think>": "</think>", "<thinking>": "</thinking>", "<reasoning>": "</reasoning>", "[THINK]": "[/THINK]"}
_CALLS = ("<tool_call>", "<|tool_call", "[TOOL_CALLS]", "<function=", "<function_call>", "<|python_tag|>", "functions.")
_CHANNELS = ("<|channel|>", "<|start|>", "<|message|>")
_MARKS = (*_THINKING, *_CALLS, *_CHANNELS)
_MAY_BE_CALLS = ("{", "[{", "```")
"""With these an answer may begin that is a call, and no marks; only where there are tools."""
_FENCED_CALLS = ("```json", "```tool")
_ENDS = tuple(_THINKING.values())
_LONGEST = 16


class Spoken:
    """One answer as it comes. `tools` are the names that may be called; `aloud`: this model is known to think first, without a
    mark at the beginning."""

    def __init__(self, tools: Collection[str] = (), *, aloud: bool = False) -> None:
        self.thought_aloud = False
        """Whether what was shown turned out to be thinking: its end came without a beginning."""
        self.only_thought = False
        """Whether the answer ended inside of its thinking."""
        self.calls: tuple[ToolCall, ...] = ()
        self._tools = frozenset(tools)
        self._held = ""
        self._closing = "</think>" if aloud else ""
        self._aloud = aloud
        self._whole = False
        self._begun = False
        self._before = "\n"
        self._marks = (*_MARKS, *_FENCED_CALLS) if tools else _MARKS
        self._whole_answers = (*_MAY_BE_CALLS, *(f"{name}(" for name in self._tools)) if tools else ()

    def feed(self, piece: str) -> str:
        """What may be shown of the text so far, and has not been shown yet."""
        self._held += piece
        shown = ""
        while (more := self._step()) is not None:
            shown += more
            self._before = more[-1:] or self._before
        return shown

    def _step(self) -> str | None:
        """Takes a step through what is held; None where more text must come."""
        if self._whole:
            return None
        if self._closing:
            _, closed, rest = self._held.partition(self._closing)
            if not closed:
                return None
            self._held, self._closing = rest.lstrip(), ""
            return ""
        return self._opening() if not self._begun else self._going_on()

    def _opening(self) -> str | None:
        """The beginning of the answer: it may be thinking, or a call."""
        start = self._held.lstrip()
        if not start or any(mark.startswith(start) for mark in (*self._marks, *self._whole_answers)):
            return None
        self._held = start
        if self._marked(start):
            return ""
        self._whole = start.startswith(self._whole_answers)
        self._begun = not self._whole
        return ""

    def _going_on(self) -> str | None:
        """The text goes on: up to the next mark, or to what may become one."""
        found = min((each for each in map(self._find, (*self._marks, *_ENDS)) if each[0] >= 0), default=None)
        if found is None:
            keep = self._unfinished()
            shown, self._held = self._held[: len(self._held) - keep], self._held[len(self._held) - keep :]
            return shown or None
        at, mark = found
        shown, rest = self._held[:at], self._held[at:]
        if mark in _ENDS:
            self.thought_aloud, self._begun = True, False
            self._held = rest[len(mark) :].lstrip()
            return ""
        self._held = rest
        self._marked(rest)
        return shown

    def _find(self, mark: str) -> tuple[int, str]:
        """Where a mark stands: at the beginning of a line; the end of thinking anywhere but in code."""
        at = self._held.find(mark)
        while at >= 0:
            before = self._held[at - 1] if at else self._before
            if before == "\n" or (mark in _ENDS and before not in ("`", '"', "'")):
                return at, mark
            at = self._held.find(mark, at + 1)
        return -1, mark

    def _unfinished(self) -> int:
        """How many characters at the end may be the beginning of a mark."""
        text = self._held
        for size in range(min(_LONGEST, len(text)), 0, -1):
            tail = text[-size:]
            if any(mark.startswith(tail) for mark in _ENDS):
                return size
            if (text[-size - 1] if size < len(text) else self._before) == "\n" and any(m.startswith(tail) for m in self._marks):
                return size
        return 0

    def _marked(self, start: str) -> bool:
        """Whether a text begins with a mark; what follows it is treated so from then on."""
        for mark, closing in _THINKING.items():
            if start.startswith(mark):
                self._closing, self._held = closing, start[len(mark) :]
                return True
        self._whole = start.startswith((*_CALLS, *_CHANNELS)) or (self._begun and start.startswith(self._marks))
        return self._whole

    def end(self) -> str:
        """The rest to be shown, when no more text comes; `calls` are complete then."""
        held, self._held = self._held, ""
        if self._closing:
            if self._aloud:
                return held  # this time it did not think
            self.only_thought = True
            return ""
        if not self._whole:
            return held if self._begun else held.lstrip()
        shown, self.calls = _read(held, self._tools)
        return shown


_CHANNEL = re.compile(
    r"(?:<\|start\|>\w*)?(?P<to1>[^<]*)<\|channel\|>(?P<channel>\w+)(?P<to2>[^<]*)(?:<\|constrain\|>\w*)?<\|message\|>"
    r"(?P<text>.*?)(?=<\|(?:end|return|call|start|channel)\|>|\Z)",
    re.DOTALL,
)
_TO = re.compile(r"to=(?:functions\.)?([\w-]+)")
_TAGGED = re.compile(
    r"<(?:tool_call|\|tool_call\|?|function_call|\|python_tag\|)>?(.*?)(?:</(?:tool_call|function_call)>|<\|/?tool_call\|?>|\Z)",
    re.DOTALL,
)
_FUNCTION = re.compile(r"<function=([\w.-]+)>(.*?)(?:</function>|\Z)", re.DOTALL)
_PARAMETER = re.compile(r"<parameter=([\w-]+)>\s*(.*?)\s*(?:</parameter>|(?=<parameter=)|\Z)", re.DOTALL)
_NAMED = re.compile(r"\s*(?:functions\.)?([A-Za-z_][\w-]*)(?::\d+)?\s*(?:\[ARGS\]|\(|(?=\{))")
_FENCED = re.compile(r"```[\w-]*\n?(.*?)(?:```|\Z)", re.DOTALL)


def _read(text: str, tools: Collection[str]) -> tuple[str, tuple[ToolCall, ...]]:
    """What of a text is to be shown, and the calls that it makes."""
    if "<|message|>" in text or text.startswith(_CHANNELS):
        return _of_channels(text)
    for pattern in (_FUNCTION, _TAGGED):
        if text.startswith("<") and pattern.search(text):
            calls = [call for found in pattern.finditer(text) for call in _written(found, tools)]
            return "", _numbered(calls or [("", text)])
    if text.startswith("[TOOL_CALLS]"):
        parts = [part for part in text.split("[TOOL_CALLS]") if part.strip()]
        return "", _numbered([call for part in parts for call in _calls(part, tools)] or [("", text)])
    fenced = _FENCED.fullmatch(text.strip())
    calls = _calls(fenced[1] if fenced else text, tools)
    if calls and all(name in tools for name, _ in calls):
        return "", _numbered(calls)
    return ("", _numbered([("", text)])) if text.startswith("functions.") and tools else (text, ())


def _written(found: re.Match[str], tools: Collection[str]) -> list[tuple[str, str]]:
    if found.re is _TAGGED:
        inner = _FUNCTION.search(found[1])
        return _written(inner, tools) if inner else _calls(found[1], tools)
    parameters = dict(_PARAMETER.findall(found[2]))
    return [(found[1], json.dumps(parameters, ensure_ascii=False) if parameters else repaired(found[2]))]


def _of_channels(text: str) -> tuple[str, tuple[ToolCall, ...]]:
    said: list[str] = []
    calls: list[tuple[str, str]] = []
    for found in _CHANNEL.finditer(text):
        to = _TO.search(f"{found['to1']} {found['to2']}")
        if to:
            calls.append((to[1], repaired(found["text"])))
        elif found["channel"] == "final":
            said.append(found["text"].strip())
    return "" if calls else "\n\n".join(said), _numbered(calls)


def _calls(text: str, tools: Collection[str]) -> list[tuple[str, str]]:
    """The (name, arguments) in a text: JSON objects that name a tool, or `name({...})`."""
    value = _value(text.strip())
    if isinstance(value, dict):
        value = value.get("tool_calls", [value])
    if isinstance(value, list):
        return [call for each in value if isinstance(each, dict) and (call := _of_object(each))]
    named = _NAMED.match(text)
    if named is None or (named[1] not in tools and not text.lstrip().startswith("functions.")):
        return []
    arguments = repaired(text[named.end() :].strip().removesuffix(")"))
    return [(named[1], arguments)] if isinstance(_value(arguments), dict) else []


def _of_object(value: dict[str, Any]) -> tuple[str, str] | None:
    inner = value.get("function")
    if isinstance(inner, dict):
        return _of_object(inner)
    name = next((each for key in ("name", "tool", "function", "tool_name") if isinstance(each := value.get(key), str)), "")
    arguments: Any = next((value[key] for key in ("arguments", "parameters", "args", "input") if key in value), {})
    text = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
    return (name.removeprefix("functions."), repaired(text)) if name else None


def _numbered(calls: list[tuple[str, str]]) -> tuple[ToolCall, ...]:
    return tuple(ToolCall(f"call_{at}", name, arguments) for at, (name, arguments) in enumerate(calls))


def repaired(arguments: str) -> str:
    """Arguments as the JSON text of an object, where that can be made of them; the same text where it cannot."""
    value = _value(arguments.strip() or "{}")
    if isinstance(value, str):  # an object inside of a string
        value = _value(value)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else arguments


def _value(text: str) -> Any:
    """The value that a text means: JSON, JSON with small mistakes, or a literal of Python; None where it means none."""
    fenced = _FENCED.fullmatch(text)
    text = fenced[1].strip() if fenced else text
    for candidate in (text, re.sub(r",\s*(?=[}\]])", "", text), _closed(text)):
        try:
            return json.loads(candidate, strict=False)
        except (ValueError, RecursionError):
            continue
    try:
        return json.JSONDecoder(strict=False).raw_decode(text)[0]
    except (ValueError, RecursionError):
        pass
    try:
        return ast.literal_eval(text) if len(text) < 10_000 and text[:1] in "{[" else None
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None


def _closed(text: str) -> str:
    """The text with the quotes and brackets closed that it leaves open."""
    open_, quoted, escaped = "", False, False
    for character in text:
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = quoted
        elif character == '"':
            quoted = not quoted
        elif not quoted and character in "{[":
            open_ += "}" if character == "{" else "]"
        elif not quoted and open_ and character == open_[-1]:
            open_ = open_[:-1]
    return text + '"' * quoted + open_[::-1]
