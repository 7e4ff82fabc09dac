"""gitkb turns a folder of documents into an interlinked Markdown wiki that lives in a git repository.

The library is one class: `from gitkb import KnowledgeBase`.
"""

__version__ = "0.1.0"
__all__ = ["KnowledgeBase", "__version__"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gitkb.api.knowledge_base import KnowledgeBase


def __getattr__(name: str) -> object:
    """Loads the library when it is first asked for: `gitkb --version` needs none of it."""
    if name == "KnowledgeBase":
        from gitkb.api.knowledge_base import KnowledgeBase

        return KnowledgeBase
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
