"""Edits or makes one page for somebody who has no worktree to edit in, such as an agent: one commit on a branch.

Invariant: the front matter of a page stays to the byte, so who generated and who approved it is not for the editor to say. What
is new has no HTML and no link that leads nowhere. The converted text and the summary of a document, indexes and whatever is
outside of wiki/ are refused: a page that is cited must say what its document says.
"""

import re
from datetime import UTC, datetime
from functools import partial

from msgspec import Struct

from gitkb.branch.commit_messages import edit_message
from gitkb.commands.answer.page_reader import Pages
from gitkb.commands.answer.saved_answer import has_html
from gitkb.commands.change import ChangeContext
from gitkb.commands.inspect.find import find_page
from gitkb.errors import NotFound, UsageError
from gitkb.formats.topic_rows import shortened
from gitkb.model.documents import Tree
from gitkb.model.results import EditSummary
from gitkb.store.transaction.publish import Transaction
from gitkb.store.values import PlannedCommit
from gitkb.text.markdown import frontmatter
from gitkb.text.markdown.links import escape, is_external, links, one_line, resolve
from gitkb.text.markdown.prose import passages, plain
from gitkb.text.names.slugs import document_segment

MAX_BYTES = 1024 * 1024
_DOCUMENTS = ("wiki/sources/", "wiki/summaries/")
_INDEX = re.compile(r"index(?:--.*)?\.md")
_TYPES = {"concepts": "Concept", "entities": "Entity", "explorations": "Exploration"}
_TITLE = re.compile(r"\A\s*# +(\S.*)\n?")


class PageEdit(Struct, frozen=True):
    """One passage of a page, `old`, is to become `new`; without `old` a new page of this text is made, which `by` wrote."""

    page: str
    new: str
    old: str = ""
    by: str = ""


def edit(context: ChangeContext, wanted: PageEdit) -> EditSummary:
    """Commits the edit. `NotFound` for a page or passage that does not exist; `UsageError` for what may not be written."""
    if len(wanted.new.encode("utf-8", "replace")) > MAX_BYTES:
        raise UsageError(f"A page may have {MAX_BYTES // 1024:,} KiB.", "Write several pages, or add it as a document.")
    if has_html(wanted.new):
        raise UsageError("The new text has HTML in it.", "Write Markdown; put tags that are meant as words into `code`.")
    with context.change("edit a page") as change:
        path, new = change.transact(partial(_transact, wanted=wanted))
    return EditSummary(change.branch, change.commit, path, new)


def _transact(transaction: Transaction, wanted: PageEdit) -> tuple[str, bool]:
    tip = transaction.tip
    if wanted.old:
        path, _ = find_page(tip, wanted.page)
        _refuse_foreign(path)
        content = _replaced(path, tip.read(path) or b"", wanted)
    else:
        path = _new_path(tip, wanted.page)
        content = _new_page(path, wanted)
    _refuse_dead_links(tip, path, content, wanted.new)
    transaction.publish([PlannedCommit(edit_message([path]), {path: content})], path)
    return path, not wanted.old


def _refuse_foreign(path: str) -> None:
    if path.startswith(_DOCUMENTS):
        raise UsageError(f"{path} is what a document says, so it is not edited.", "Write a page about it, or add a document.")
    if _INDEX.fullmatch(path.rpartition("/")[2]):
        raise UsageError(f"{path} is made from the pages that it lists.", "Edit one of those.")


def _replaced(path: str, content: bytes, wanted: PageEdit) -> bytes:
    """The page with the passage replaced; line ends stay as they are."""
    text = content.decode("utf-8", "surrogateescape")
    header, body = frontmatter.cut(text)
    end = "\r\n" if "\r\n" in text else "\n"
    old, new = (_lines(each) for each in (wanted.old, wanted.new))
    count = body.count(old)
    if count != 1:
        how = "It is not there" if count == 0 else f"It stands there {count} times"
        raise NotFound(f"The passage must stand once in {path}. {how}.", "Read the page, and give the passage to the letter.")
    body = body.replace(old, new)
    whole = body if header is None else f"---\n{header}---\n{body}"
    if whole.rstrip("\n") == _lines(text).rstrip("\n"):
        raise UsageError("The new passage is the old one.", "Say in new_text what is to stand there.")
    return whole.replace("\n", end).encode("utf-8", "surrogateescape")


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _new_path(tip: Tree, page: str) -> str:
    """The path of a page that does not exist yet: below wiki/, in names that every file system can hold."""
    parts = page.strip().removeprefix("./").removeprefix("wiki/").removesuffix(".md").strip("/").split("/")
    if len(parts) < 2 or any(part in ("", ".", "..") or part.startswith(".") for part in parts):
        raise UsageError(f"{page!r} is no place for a new page.", "Name a folder and the page: concepts/check-valve")
    path = "/".join(["wiki", *map(document_segment, parts)]) + ".md"
    _refuse_foreign(path)
    if tip.blob(path) is not None:
        raise UsageError(f"{path} exists.", "Give the passage to replace as old_text.")
    return path


def _new_page(path: str, wanted: PageEdit) -> bytes:
    """A person's page, without a seal, that names who wrote it."""
    text = _lines(wanted.new).strip("\n")
    title = _TITLE.match(text)
    name = one_line(plain(title[1])) if title else path.rpartition("/")[2].removesuffix(".md").replace("-", " ")
    if not title:
        text = f"# {escape(name)}\n\n{text}"
    if not text.partition("\n")[2].strip():
        raise UsageError("The page would say nothing.", "Give its text as new_text.")
    described = next((plain(passage.text) for passage in passages(text.partition("\n")[2])), "")
    meta: dict[str, object] = {"type": _TYPES.get(path.split("/")[1], "Page"), "title": name}
    if described:
        meta["description"] = one_line(shortened(one_line(described)))
    stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    meta["generated"] = {"by": one_line(wanted.by), "at": frontmatter.Stamp(stamp)} if wanted.by else {"at": stamp}
    return frontmatter.join(meta, f"\n{text}\n").encode("utf-8", "replace")


def _refuse_dead_links(tip: Tree, path: str, content: bytes, new: str) -> None:
    """Raises `UsageError` where a link of the new text leads nowhere."""
    pages, written = Pages(tip), frontmatter.cut(content.decode("utf-8", "replace"))[1]
    wanted = [each.target for each in links(new) if not is_external(each.target) and each.target.strip() and not each.wiki]
    whole = {each.target for each in links(written)}
    dead = [target for target in dict.fromkeys(wanted) if target in whole and not _leads(pages, path, target)]
    if dead:
        known = "Links are relative to the page, such as ../sources/NAME.md#ANCHOR; read and links name what exists."
        raise UsageError(f"These links of {path} lead nowhere: {', '.join(dead[:5])}.", known)


def _leads(pages: Pages, path: str, target: str) -> bool:
    found = resolve(path, target)
    if found is None:
        return False
    if found[0] == path:
        return True
    return pages.has(*found) if found[0].endswith(".md") else pages.exists(found[0])
