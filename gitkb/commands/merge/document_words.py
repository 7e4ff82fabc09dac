"""What one side of a merge says anew in a document that both sides changed: for whoever must choose between them.

Invariant: pure, but for reading the trees; the gravest changes first, each in one line.
"""

from gitkb.branch.stored_documents import record_of
from gitkb.commands.diff.text_changes import text_change
from gitkb.commands.diff.trees import document_text
from gitkb.commands.diff.wording import sentence
from gitkb.model.documents import Tree


def words_of(base: Tree, side: Tree, document: str) -> list[str]:
    """The changes that a side made to a document since the base; none where one of them does not have it."""
    before, after = record_of(base, document), record_of(side, document)
    if before is None or after is None:
        return []
    found = text_change(document_text(base, before), document_text(side, after), after.language)
    return [sentence(change) for change in found.changes]
