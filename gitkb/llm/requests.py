"""What is asked of a model and what comes back, as data: requests, replies, conversations with tools, usage.

Invariant: a `Request` says all that its reply depends on (model, prompts, schema) and nothing else, so `key` names the reply on
every machine: no endpoint, no key, no document name, no state of the knowledge base. Nothing here speaks to a server, and
importing it is cheap.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from msgspec import Struct, field

from gitkb.model.usage import Usage


class Shown(Struct, frozen=True):
    """A picture that a model is shown: a JPEG in base64, and about how many tokens it takes. `key` names what it was made from,
    so that a question about it is the same one wherever it was scaled down."""

    key: str
    jpeg: str
    tokens: int


class Message(Struct, frozen=True):
    """One turn: `role` is "system", "user" or "assistant"."""

    role: str
    text: str
    pictures: tuple[Shown, ...] = ()

    @property
    def identity(self) -> tuple[str, ...]:
        """What of it a reply depends on."""
        return (self.role, self.text, *(picture.key for picture in self.pictures))


class Request(Struct, frozen=True):
    """One question with an answer in JSON. `purpose` ("digest", "reduce", "same", "overview", "picture") is for counting and for
    the name of the schema; `schema` is the JSON text of a JSON schema; `max_tokens` bounds the reply."""

    purpose: str
    model: str
    messages: tuple[Message, ...]
    schema: str
    max_tokens: int

    @property
    def key(self) -> str:
        """The SHA-256 (hex) of everything that the reply depends on."""
        turns = [message.identity for message in self.messages]
        parts = (self.purpose, self.model, turns, self.schema, self.max_tokens)
        return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def picture_tokens(self) -> int:
        """About how many tokens its pictures take."""
        return sum(picture.tokens for message in self.messages for picture in message.pictures)

    @property
    def size(self) -> int:
        """The characters of all messages and the schema, from which tokens are estimated."""
        return len(self.schema) + sum(len(message.text) for message in self.messages)


class Reply(Struct, frozen=True):
    """The answer to a request: JSON that fits its schema. Tokens as the server counted them (0 where it does not); `calls` is how
    many calls it took (2 where the first reply was no valid one), `cached` whether it was known already, so that nothing was
    asked or paid now. `cut` says why only a part of it came ("" where it is whole): what is missing is empty, and it is not
    kept."""

    text: str
    tokens_in: int = 0
    tokens_out: int = 0
    calls: int = 1
    cached: bool = False
    cut: str = ""


class Unanswered(Struct, frozen=True):
    """What a compiler still has to know: it is called again, with the replies to these. `more` are so many others like them,
    which come then."""

    requests: tuple[Request, ...]
    more: int = 0


def usage_of(replies: Sequence[Reply]) -> Usage:
    """What some replies cost now."""
    paid = [reply for reply in replies if not reply.cached]
    return Usage(
        calls=sum(reply.calls for reply in paid),
        cached=len(replies) - len(paid),
        tokens_in=sum(reply.tokens_in for reply in paid),
        tokens_out=sum(reply.tokens_out for reply in paid),
        uncounted=sum(reply.calls for reply in paid if not reply.tokens_in and not reply.tokens_out),
    )


class Replies(Protocol):
    """Where replies are kept, by the key of their request. Safe to use from several threads and processes."""

    def get(self, request: Request) -> Reply | None:
        """The known reply (with `cached`), None where there is none."""

    def put(self, request: Request, reply: Reply) -> None:
        """Keeps a reply, durably against the death of the process."""

    def keep(self, key: str, reply: Reply) -> None:
        """Keeps the reply to the request of that key, as `put` does."""


Unread = Mapping[str, Any]
"""What a server sent besides what is read here, which some want back as it came (the signature of a thought)."""


class ToolCall(Struct, frozen=True):
    """A call that the model wants made: `arguments` is the JSON text that it wrote, which may be no valid JSON."""

    id: str
    name: str
    arguments: str
    extra: Unread = field(default_factory=dict)


class Tool(Struct, frozen=True):
    """What the model may call; `parameters` is the JSON text of a JSON schema for an object."""

    name: str
    description: str
    parameters: str


class Turn(Struct, frozen=True):
    """One turn: `role` is "system", "user", "assistant" or "tool". An assistant's turn may hold `calls`; each is answered by a
    turn of role "tool" whose `call_id` is the call's. `cut` says why an answer ended before the model was done ("" if it was):
    "length" for the limit of its tokens, else the server's word."""

    role: str
    text: str
    calls: tuple[ToolCall, ...] = ()
    call_id: str = ""
    cut: str = ""
    extra: Unread = field(default_factory=dict)
