"""Whether two similar names mean the same thing: a small question with one definition each.

Invariant: the question about (a, b) is the question about (b, a), so its reply is known for both; it holds these two and
nothing else.
"""

from dataclasses import dataclass

from gitkb.compile.llm.prompts import QUOTED, fenced
from gitkb.compile.llm.prompts.same import RULES, SAME_SCHEMA
from gitkb.compile.llm.replied import reply_object
from gitkb.compile.llm.settings import ModelSettings
from gitkb.compile.requests import Message, Request
from gitkb.model import TopicKind
from gitkb.text.links import one_line

_LONGEST_NAME, _LONGEST_DEFINITION, _MOST_ALIASES = 100, 400, 6


@dataclass(frozen=True, slots=True)
class Named:
    """A topic as the question shows it; `definition` is what one document says of it, "" for nothing."""

    kind: TopicKind
    name: str
    aliases: tuple[str, ...]
    definition: str


def same_request(one: Named, other: Named, settings: ModelSettings) -> Request:
    """The question whether two names mean the same thing, in an order that does not depend on that of the arguments."""
    first, second = sorted((_entry(one), _entry(other)))
    mark, text = fenced(f"{first}\n\n{second}")
    user = f"{QUOTED.format(mark=mark)}\n\n{text}\n\nNow write the JSON object."
    return Request("same", settings.model, (Message("system", RULES), Message("user", user)), SAME_SCHEMA, settings.output_tokens)


def read_same(reply: str) -> bool:
    """What the reply says; False where it says nothing. Raises `ModelFailure` for what is no JSON object."""
    return reply_object(reply).get("same") is True


def _entry(named: Named) -> str:
    aliases = ", ".join(_bounded(alias, _LONGEST_NAME) for alias in sorted(named.aliases)[:_MOST_ALIASES])
    return "\n".join(
        (
            f"Name: {_bounded(named.name, _LONGEST_NAME)} ({named.kind})",
            f"Other names: {aliases or 'none'}",
            f"What a document says: {_bounded(named.definition, _LONGEST_DEFINITION) or 'nothing'}",
        )
    )


def _bounded(text: str, longest: int) -> str:
    line = one_line(text)
    return line if len(line) <= longest else f"{line[: longest - 1]}…"
