"""A conversation with a model that may call tools, as data: what a caller and the client share.

Nothing here speaks to a server; importing it is cheap.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that the model wants made: `arguments` is the JSON text that it wrote, which may be no valid JSON."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Tool:
    """What the model may call; `parameters` is the JSON text of a JSON schema for an object."""

    name: str
    description: str
    parameters: str


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn: `role` is "system", "user", "assistant" or "tool". An assistant's turn may hold `calls`; each is answered by a
    turn of role "tool" whose `call_id` is the call's. `cut` says that an answer ended before the model was done."""

    role: str
    text: str
    calls: tuple[ToolCall, ...] = ()
    call_id: str = ""
    cut: bool = False
