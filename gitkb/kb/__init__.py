"""The library's front door: a `KnowledgeBase` is what every command calls.

Invariant: reading methods take no lock and see one commit; writing methods recover from dead runs first and then work in
transactions. Nothing here prints or reads the environment.
"""

from gitkb.kb.reading import Reading
from gitkb.kb.sharing import Sharing
from gitkb.kb.writing import Writing

__all__ = ["KnowledgeBase"]


class KnowledgeBase(Reading, Writing, Sharing):
    """A knowledge base in a git repository, bare or with a worktree."""
