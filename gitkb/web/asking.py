"""Questions and their answers: streamed while they come, with links to what they cite; saved where somebody wants that.

Invariant: a model is asked only where the settings of the knowledge base name one; without it the answer is the passages that fit
best. An answer that is saved is the one that the library gave, never what a browser sends.
"""

from __future__ import annotations

import json
import queue
import secrets
import threading
from typing import TYPE_CHECKING, Any

from markupsafe import Markup
from msgspec import Struct
from starlette.responses import StreamingResponse

from gitkb.errors import GitkbError, NotFound, UsageError
from gitkb.model.answers import Answer, AnswerListener, Chat
from gitkb.web.rendering import Links, rendered
from gitkb.web.view import environment
from gitkb.web.writing import text_of, words_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.datastructures import FormData
    from starlette.responses import Response

    from gitkb.web.view import View

_MOST_TALKS, _MOST_TURNS = 200, 40
_LONGEST = 4_000


class Talk(Struct):
    """A conversation that is kept while the server runs; only who opened it knows its id."""

    id: str
    user: str
    chat: Chat
    answers: list[Answer]


def page(view: View) -> Response:
    """The form for a question, and the conversation so far."""
    talk = _talk(view, view.query("talk", 60))
    shown = [(answer, _html(view, answer)) for answer in talk.answers] if talk else []
    return view.render(
        "ask.html", talk=talk.id if talk else "", shown=shown, question=view.query("q", _LONGEST), model=_model(view)
    )


def _model(view: View) -> str:
    """The model that answers, "" for none."""
    return view.interface.status(view.base, None, view.commit).model if not view.at else ""


def ask(view: View, form: FormData) -> Response:
    """Answers a question: as news line by line for a page that shows it come, else as a page."""
    question = text_of(form, "question", _LONGEST).strip()
    if not question:
        raise UsageError("There is no question.", "Write one.")
    talk = _talk(view, words_of(form, "talk")) or _new_talk(view)
    if "stream" in view.request.query_params:
        return StreamingResponse(_news(view, talk, question), media_type="application/x-ndjson")
    _answered(view, talk, question, AnswerListener())
    return view.done(view.to.to("/ask", talk=talk.id) + "#gk-last", "")


class _Heard(AnswerListener):
    def __init__(self, news: queue.SimpleQueue[dict[str, Any] | None]) -> None:
        self._news = news

    def text(self, piece: str) -> None:
        self._news.put({"text": piece})

    def step(self, what: str) -> None:
        self._news.put({"step": what})


def _news(view: View, talk: Talk, question: str) -> Iterator[str]:
    news: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()

    def work() -> None:
        try:
            answer = _answered(view, talk, question, _Heard(news))
            made = (
                environment()
                .get_template("answer.html")
                .render(view=view, to=view.to, answer=answer, body=_html(view, answer), talk=talk.id)
            )
            news.put({"html": made, "talk": talk.id})
        except GitkbError as error:
            news.put({"error": f"{error.message} {error.hint}".strip()})
        except Exception as error:  # the boundary of the thread: whoever asked is told
            news.put({"error": f"gitkb failed where it should not have: {type(error).__name__}: {error}."})
        news.put(None)

    threading.Thread(target=work, name="ask", daemon=True).start()
    while (each := news.get()) is not None:
        yield json.dumps(each) + "\n"


def _answered(view: View, talk: Talk, question: str, listener: AnswerListener) -> Answer:
    with view.base.answering_model() as model:
        answer = view.base.query(question, model, listener, at=view.rev, history=talk.chat.said[-_MOST_TURNS:])
    talk.chat = talk.chat.after(answer)
    talk.answers.append(answer)
    return answer


def _html(view: View, answer: Answer) -> Markup:
    return Markup(rendered("wiki/answer.md", answer.text, 1, Links(view.to.page, view.to.file)).html)


def _talk(view: View, name: str) -> Talk | None:
    found: Talk | None = view.interface.talks.get(name)
    return found if found is not None and found.user == view.who.form_token else None


def _new_talk(view: View) -> Talk:
    talks = view.interface.talks
    while len(talks) >= _MOST_TALKS:
        talks.pop(next(iter(talks)))
    made = Talk(secrets.token_urlsafe(12), view.who.form_token, Chat("web"), [])
    talks[made.id] = made
    return made


def save(view: View, form: FormData) -> Response:
    """Saves the last answer of a conversation, or all of it, as a page."""
    talk = _talk(view, words_of(form, "talk"))
    if talk is None or not talk.answers:
        raise NotFound("The conversation is not known any more.", "Ask again, then save the answer.")
    saved = view.base.save_answer(talk.chat if text_of(form, "all") else talk.answers[-1])
    return view.done(view.to.page(saved.path), "Saved." if saved.new else "It was saved already.")
