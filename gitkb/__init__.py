"""gitkb turns a folder of documents into an interlinked Markdown wiki that lives in a git repository."""

__version__ = "0.1.0"
