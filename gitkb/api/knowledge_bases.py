"""`KnowledgeBases`: several knowledge bases, searched and asked together.

Invariant: only reads. What is found names its knowledge base; there is one ranking, in which words weigh what they weigh in all
of them together.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Self

from gitkb.api.knowledge_base import KnowledgeBase

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from gitkb.commands.answer.agent import AnswerModel
    from gitkb.commands.inspect.searched_pages import SearchedBase
    from gitkb.formats.user_settings import UserSettings
    from gitkb.model.answers import Answer, AnswerListener, Said
    from gitkb.model.listener import Listener
    from gitkb.model.rows import SearchHit
    from gitkb.model.web_access import WebAccess


class KnowledgeBases:
    """Knowledge bases by name, in the order in which they were given. Errors are those of `KnowledgeBase`, and name it."""

    def __init__(self, bases: Mapping[str, KnowledgeBase]) -> None:
        self.by_name = dict(bases)

    @classmethod
    def open(
        cls, paths: Sequence[Path | str], *, user: Callable[[], UserSettings] | None = None, web: WebAccess | None = None
    ) -> Self:
        """Those of these folders, each once, named after their folders; `NotAKnowledgeBase` names the first that is none."""
        found = [KnowledgeBase.open(path, user=user, web=web) for path in paths]
        by_folder = {base.folder.resolve(): base for base in found}
        return cls(dict(zip(names_of(list(by_folder)), by_folder.values(), strict=True)))

    def search(self, query: str, *, scope: str = "all", limit: int = 10) -> list[SearchHit]:
        """The pages of all that match best, the best first; arguments and errors as those of `KnowledgeBase.search`."""
        from gitkb.commands.inspect.searched_pages import searched_pages

        return searched_pages(self._searched(), query, scope=scope, limit=limit)

    @contextmanager
    def answering_model(self, name: str = "", listener: Listener | None = None) -> Iterator[AnswerModel | None]:
        """The model that answers: as the settings of the first knowledge base have it."""
        with next(iter(self.by_name.values())).answering_model(name, listener) as model:
            yield model

    def query(
        self,
        question: str,
        model: AnswerModel | None = None,
        listener: AnswerListener | None = None,
        *,
        history: Sequence[Said] = (),
    ) -> Answer:
        """An answer from all of them, which the listener hears as it comes; its links begin with the name of a knowledge base.
        Instructions for a model are those of the first. Otherwise as `KnowledgeBase.query`."""
        from gitkb.branch.tips import settings_at
        from gitkb.commands.answer.answer import Answering
        from gitkb.model.answers import AnswerListener

        bases = self._searched()
        own = settings_at(bases[0].tip).llm.instructions if model is not None else ""
        return Answering(bases, own)(question, model, listener or AnswerListener(), history)

    def _searched(self) -> list[SearchedBase]:
        from gitkb.commands.inspect.searched_pages import told_of

        found = []
        for name, base in self.by_name.items():
            with told_of(name):
                found.append(base.searched(name))
        return found


def names_of(folders: Sequence[Path]) -> list[str]:
    """A name for each folder: its own, with as many of those above it as tell it apart from the others ("team-wiki")."""
    parts = [
        [part.removesuffix(".git") or part for part in folder.parts if part != folder.anchor] or ["root"] for folder in folders
    ]
    names = [each[-1] for each in parts]
    for depth in range(2, max(map(len, parts), default=0) + 1):
        names = ["-".join(each[-depth:]) if names.count(name) > 1 else name for each, name in zip(parts, names, strict=True)]
    return [name if names.index(name) == at else f"{name}-{at + 1}" for at, name in enumerate(names)]
