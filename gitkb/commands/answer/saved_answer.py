"""Saves an answer: makes its page in wiki/explorations and the commit that adds it.

Invariant: the page has no HTML, no dead link and no picture from elsewhere, whatever the answer holds. It has no seal, so it is a
person's page from its first commit on. An existing page is never overwritten: the same answer is found again, another answer to
the same question gets a new name. The lock is held for the two commits only, never while a model or a person thinks.
"""

import re
from collections.abc import Sequence
from functools import partial

from msgspec import Struct, field

from gitkb.branch.commit_messages import exploration_message
from gitkb.commands.answer.citations import Citations
from gitkb.commands.answer.page_reader import Pages
from gitkb.commands.change import ChangeContext
from gitkb.errors import RepositoryError, UsageError
from gitkb.formats.records import label_of
from gitkb.formats.topic_rows import FOLDER, shortened
from gitkb.model.answers import Answer, Chat, Said, Saved
from gitkb.store.transaction.publish import Transaction
from gitkb.store.values import PlannedCommit
from gitkb.text.markdown import frontmatter
from gitkb.text.markdown.links import escape, is_external, one_line, relative
from gitkb.text.markdown.prose import passages, plain
from gitkb.text.markdown.retarget import paragraphs, retarget
from gitkb.text.names.slugs import document_segment

SEARCH = "gitkb-search/1"
"""Who "wrote" an answer that is passages."""
CUT = "*This answer was stopped before its end.*"
UNSUPPORTED = "*(not borne out by the place)*"
MAX_SOURCES = 20
_CODE = re.compile(r"(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)
_TAG = re.compile(r"(?<!\\)<(?=[A-Za-z/!?])(?!https?://[^\s<>]*>)")


class Exploration(Struct, frozen=True):
    """An answer to save, or several under one title. `by` wrote it at `commit`, for `tokens` tokens."""

    title: str
    said: Sequence[Said]
    by: str
    commit: str = ""
    tokens: int = 0


def exploration_of(said: Answer | Chat, title: str = "") -> Exploration:
    """Makes the `Exploration` of one answer or of a whole conversation, under a title or its (first) question. `UsageError` for
    an answer that was cut off; in a conversation it is marked."""
    if isinstance(said, Answer) and said.cut:
        raise UsageError("The answer was cut off, so it is not saved.", "Ask again, with more room: llm.max_output_tokens")
    if isinstance(said, Answer):
        tokens = said.usage.tokens_in + said.usage.tokens_out
        questions, by, commit = [Said(said.question, _marked(said))], said.model or SEARCH, said.commit
    else:
        names = dict.fromkeys(turn.model or SEARCH for turn in said.turns)
        questions = [Said(turn.question, f"{turn.answer}\n\n{CUT}" if turn.stopped else turn.answer) for turn in said.turns]
        tokens, by, commit = 0, ", ".join(names), said.turns[-1].commit
    return Exploration(one_line(shortened(one_line(title or questions[0].question))), questions, by, commit, tokens)


def _marked(answer: Answer) -> str:
    """The text of an answer with a mark behind each sentence that its places do not bear out."""
    text = answer.text
    for sentence in answer.unsupported:
        text = text.replace(sentence, f"{sentence} {UNSUPPORTED}", 1)
    return text


def page_name(title: str) -> str:
    """The file name (without ending) that a title asks for."""
    return document_segment(one_line(title))


def exploration_page(exploration: Exploration, path: str, pages: Pages) -> bytes:
    """The bytes of the page at `path`; `pages` are those of the tree that it is committed to."""
    links = _Links(path, Citations(pages))
    parts = [f"# {escape(exploration.title)}"]
    for said in exploration.said:
        if len(exploration.said) > 1:
            parts.append(f"## {escape(said.question)}")
        elif one_line(said.question) != exploration.title:
            parts.append(f"> {escape(said.question)}")
        parts.append(_without_html(retarget(said.answer.strip(), links.link, links.picture)))
    meta: dict[str, object] = {"type": "Exploration", "title": exploration.title}
    if description := _description(exploration):
        meta["description"] = description
    if links.documents:
        found = list(links.documents)[:MAX_SOURCES]
        meta["sources"] = [{"id": label_of(name), "resource": relative(path, f"wiki/sources/{name}.md")} for name in found]
    meta["generated"] = {"by": one_line(exploration.by)}
    return frontmatter.join(meta, "\n" + "\n\n".join(parts) + "\n").encode("utf-8", "replace")


class _Links(Struct):
    """Rewrites links that are relative to wiki/ so that they are relative to the page."""

    path: str
    citations: Citations
    documents: dict[str, None] = field(default_factory=dict)

    def link(self, target: str) -> str | None:
        if is_external(target):
            return target if target.lower().startswith(("http://", "https://", "mailto:")) else None
        place = self.citations.resolve(target) if target else None
        if place is None:
            return None
        path, anchor = place
        document = self.citations.pages.document_of(path)
        if document and self.citations.pages.exists(f"wiki/sources/{document}.md"):
            self.documents.setdefault(document)
        return relative(self.path, path + (f"#{anchor}" if anchor else ""))

    def picture(self, target: str) -> str | None:
        return None if is_external(target) else self.link(target)


def _description(exploration: Exploration) -> str:
    """The first words of the first answer that are no label."""
    answer = exploration.said[0].answer if exploration.said else ""
    texts = (plain(passage.text) for passage in passages(answer) if not passage.text.startswith("These are passages"))
    return one_line(shortened(one_line(next((text for text in texts if len(text) > 20), ""))))


def _without_html(markdown: str) -> str:
    """The text with every tag as words; code keeps its angles unless a reader of Markdown would take them for tags."""
    parts = (text if is_code else _escaped(text) for text, is_code in paragraphs(markdown))
    done = "".join(parts)
    return done.replace("<", "&lt;") if has_html(done) else done


def _escaped(text: str) -> str:
    parts: list[str] = []
    at = 0
    for code in _CODE.finditer(text):
        parts += [_TAG.sub(r"\\<", text[at : code.start()]), code[0]]
        at = code.end()
    return "".join([*parts, _TAG.sub(r"\\<", text[at:])])


def has_html(markdown: str) -> bool:
    """Whether a reader of Markdown would take some of the text for HTML."""
    from markdown_it import MarkdownIt

    tokens = MarkdownIt("commonmark").enable("table").parse(markdown)
    return any(each.type.startswith("html_") for token in tokens for each in (token, *(token.children or ())))


MOST_OF_A_NAME = 1_000


def save(context: ChangeContext, exploration: Exploration) -> Saved:
    """Commits an answer; returns the page that was made, or that stood there already with the same content."""
    with context.change("save an answer") as change:
        path, new = change.transact(partial(_transact, exploration=exploration))
    return Saved(path, change.branch, change.commit, new)


def _transact(transaction: Transaction, exploration: Exploration) -> tuple[str, bool]:
    tip = transaction.tip
    name = page_name(exploration.title)
    for number in range(1, MOST_OF_A_NAME):
        path = f"{FOLDER}/{name if number == 1 else f'{name}-{number}'}.md"
        content = exploration_page(exploration, path, Pages(tip))
        if tip.blob(path) is None:
            message = exploration_message(path, exploration.title, exploration.by, exploration.commit, exploration.tokens)
            transaction.publish([PlannedCommit(message, {path: content})], "answer")
            return path, True
        if tip.read(path) == content:
            return path, False
    raise RepositoryError(f"{FOLDER} has {MOST_OF_A_NAME:,} answers to this question.", "Delete some, or give it another title.")
