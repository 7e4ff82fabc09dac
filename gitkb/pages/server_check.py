"""Asks a model's server two small questions, and says what the server can do.

Invariant: nothing of a knowledge base is sent, and nothing is kept: what was found out is shown and forgotten.
"""

import time
from collections.abc import Callable

from msgspec import Struct

from gitkb.errors import ModelFailure, ToolsUnsupported
from gitkb.formats.user_settings import UserSettings
from gitkb.llm.client import Client
from gitkb.llm.dialects import Format
from gitkb.llm.requests import Message, Reply, Request, Tool, Turn
from gitkb.pages.model_session import endpoint_of

_SCHEMA = (
    '{"type": "object", "properties": {"numbers": {"type": "array", "items": {"type": "integer"}}}, "required": ["numbers"],'
    ' "additionalProperties": false}'
)
_TOOL = Tool(
    "look_up", "Looks a word up.", '{"type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"]}'
)
_JSON = {Format.SCHEMA: "schemas", Format.OBJECT: "JSON mode", Format.TEXT: "neither schemas nor JSON mode: it is asked in words"}


class ServerReport(Struct, frozen=True):
    """What a server can do. `context` is what it tells of its tokens, 0 for nothing; `tokens_a_second` 0 where it does not
    count."""

    server: str
    model: str
    seconds: float
    tokens_a_second: float
    streams: bool
    json: str
    tools: str
    context: int


class _Nothing:
    def get(self, request: Request) -> Reply | None:
        return None

    def put(self, request: Request, reply: Reply) -> None:
        return None

    def keep(self, key: str, reply: Reply) -> None:
        return None


def check_server(user: UserSettings, model: str, say: Callable[[str], None]) -> ServerReport:
    """Asks the server; `ModelError` where it cannot be used, `ModelFailure` where it answers with nothing of use."""
    with Client(endpoint_of(user), _Nothing(), notify=say) as client:
        system = Message("system", "Answer with JSON only.")
        asked = Message("user", "Write the whole numbers from 1 to 20 as a list.")
        began = time.monotonic()
        client.ask([Request("numbers", model, (system, asked), _SCHEMA, 400)])
        seconds = time.monotonic() - began
        tokens, dialect = client.usage.tokens_out, client.dialect(model)
        return ServerReport(
            endpoint_of(user).shown,
            model,
            round(seconds, 2),
            round(tokens / seconds, 1) if seconds else 0.0,
            dialect.stream,
            _JSON[dialect.format],
            _tools(client, model),
            client.limit(model),
        )


def _tools(client: Client, model: str) -> str:
    turns = (Turn("system", "Use the tools."), Turn("user", "Look up the word durability with the tool look_up."))
    try:
        turn = client.converse(model, turns, (_TOOL,), lambda text: None, 400)
    except ToolsUnsupported:
        return "no"
    except ModelFailure as error:
        return f"not known: {error.message}"
    return "yes" if any(call.name == _TOOL.name for call in turn.calls) else "taken, but it called none"
