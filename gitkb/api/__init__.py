"""The library: `KnowledgeBase`, which the command line and every other interface use, and nothing else.

It never prints and never reads the environment. Start with `knowledge_base.py`.

The types named here are those of results that an interface hands on, without knowing where they are made.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gitkb.commands.answer.agent import AnswerModel as AnswerModel
    from gitkb.commands.answer.chats import Chats as Chats
    from gitkb.formats.user_settings import UserSettings as UserSettings
