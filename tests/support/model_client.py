"""A client, a question and a server on loopback, for the tests of how a model is asked."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from gitkb.llm.client import Client
from gitkb.llm.rate_limit import Patience
from gitkb.llm.requests import Message, Reply, Request
from gitkb.llm.wire import Endpoint
from tests.support.model_server import Asked, Made, ModelServer, serving

SCHEMA = json.dumps(
    {
        "type": "object",
        "properties": {"title": {"type": "string"}, "number": {"type": "integer"}},
        "required": ["title", "number"],
        "additionalProperties": False,
    }
)
GOOD = {"title": "Durability", "number": 1}
GOOD_TEXT = '{"title":"Durability","number":1}'


class Kept:
    """Replies in memory."""

    def __init__(self) -> None:
        self.known: dict[str, Reply] = {}

    def get(self, request: Request) -> Reply | None:
        reply = self.known.get(request.key)
        return reply and Reply(reply.text, reply.tokens_in, reply.tokens_out, reply.calls, cached=True)

    def put(self, request: Request, reply: Reply) -> None:
        self.keep(request.key, reply)

    def keep(self, key: str, reply: Reply) -> None:
        self.known[key] = reply


def question(text: str = "What is it?", **changes: Any) -> Request:
    settings: dict[str, Any] = {"purpose": "digest", "model": "test-model", "schema": SCHEMA, "max_tokens": 500} | changes
    return Request(messages=(Message("system", "You answer."), Message("user", text)), **settings)


@contextmanager
def asking(model: Callable[[Asked], Made], **settings: Any) -> Iterator[tuple[Client, ModelServer]]:
    """A client with settings of its own (`replies`, `endpoint`, `max_tokens`, `patience`) and the server that it asks."""
    endpoint = settings.pop("endpoint", {})
    replies = settings.pop("replies", None) or Kept()
    ours = {name: settings.pop(name) for name in ("max_tokens", "notify", "patience", "shared") if name in settings}
    ours.setdefault("patience", Patience(first=0.001, longest=0.01))
    with serving(model, **settings) as server:
        usual = {"base_url": server.base_url, "api_key": "sk-test", "timeout": 30.0}
        where = Endpoint(**(usual | endpoint))
        with Client(where, replies, **ours) as client:
            yield client, server
