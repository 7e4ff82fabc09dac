"""Every parser of gitkb's own, with what must hold for any input: only declared errors, round trips, idempotence.

`TARGETS` maps a name to a check that takes text; hypothesis feeds it in the suite, atheris in `benchmarks/fuzz.py`.
"""

import contextlib
import importlib.util
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType

from markdown_it import MarkdownIt

from gitkb.branch.commit_messages import document_message
from gitkb.catalog.search import query_syntax
from gitkb.cli.terminal import printable
from gitkb.commands.diff import wording
from gitkb.errors import ConfigError, FormatError, RepositoryError
from gitkb.formats import records
from gitkb.formats.settings import Settings, parse_settings
from gitkb.store.local.local_folder import decode_note
from gitkb.store.transaction.index_file import IndexFile
from gitkb.text.language import tokens
from gitkb.text.markdown import block_merge, frontmatter, links, passages, prose, retarget
from gitkb.text.markdown import frontmatter as plainyaml
from gitkb.text.names import proper_names, slugs
from gitkb.wiki import hand_edits
from gitkb.wiki.harmful_entries import harm
from tests.support.isolation import ROOT

Target = Callable[[str], None]
RECORD = ".gitkb/documents/a.json"
_PLAIN_TOKENS = {"text", "text_special", "softbreak"}
_SPLIT = "\x1d"


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def front_matter(text: str) -> None:
    with contextlib.suppress(FormatError):
        meta, body = frontmatter.split(text)
        try:
            page = frontmatter.join(meta, body)
        except TypeError:  # a kind of value that gitkb does not write, such as binary data
            return
        assert frontmatter.split(page) == (meta, body)


def yaml(text: str) -> None:
    with contextlib.suppress(ValueError):
        plainyaml.load(text)


def settings(text: str) -> None:
    with contextlib.suppress(ConfigError, FormatError):
        assert isinstance(parse_settings(text), Settings)


def record(text: str) -> None:
    with contextlib.suppress(FormatError):
        found = records.decode(_bytes(text), RECORD)
        assert all(records.owns("a", file) for file in found.files)
        assert records.decode(records.encode(found), RECORD) == found


def note(text: str) -> None:
    found = decode_note(_bytes(text))
    assert found is None or decode_note(found.encode()) == found


def link(text: str) -> None:
    links.links(text)
    links.anchors(text)
    links.named_anchors(text)
    links.heading_anchor(text)
    links.is_external(text)
    found = links.resolve("wiki/concepts/a.md", text)
    assert found is None or (not found[0].startswith("/") and ".." not in found[0].split("/"))


def one_line(text: str) -> None:
    line = links.one_line(text)
    assert links.one_line(line) == line and len(line.splitlines()) <= 1


def escaped(text: str) -> None:
    line = links.escape(text)
    assert len(line.splitlines()) <= 1
    for token in MarkdownIt("commonmark").parse(f"- [x](y) {line}\n"):
        inner = [child.type for child in token.children or ()][3:]
        assert set(inner) <= _PLAIN_TOKENS, inner


def slug(text: str) -> None:
    for made in (slugs.slug(text), slugs.document_segment(text), slugs.topic_key(text), slugs.topic_key(text, "de")):
        assert slugs.slug(made) == made and "--" not in made and "/" not in made and made not in ("", ".", "..")
        assert len(made.encode()) <= slugs.MAX_SEGMENT_BYTES + len("-page") and made.isprintable()
    assert records.safe_document(slugs.document_segment(text))


def page(text: str) -> None:
    with contextlib.suppress(FormatError):
        passages.read_page(text)
    passages.readable(map(passages.plain_line, text.split("\n")))


def block(text: str) -> None:
    found = block_merge.page_blocks(text)
    for one in block_merge.mark_notes(found, set()):
        block_merge.name_of(one)
        block_merge.kind_of(one.text)


def merged(text: str) -> None:
    base, ours, theirs = (*text.split(_SPLIT, 2), "", "")[:3]
    block_merge.merge(base, ours, theirs)
    assert block_merge.merge(base, base, theirs).text == theirs
    assert block_merge.merge(base, ours, base).text == ours


def token(text: str) -> None:
    normal = tokens.normalise(text)
    for language in ("", "en", "de"):
        tokens.analyse(normal, language)
    for word in tokens.words(normal):
        tokens.variants(word, ("en", "fr"))


def asked(text: str) -> None:
    wanted = query_syntax.parse(text, ("en", "de"))
    assert max(map(len, (wanted.terms, wanted.phrases, wanted.excluded))) <= query_syntax.MAX_TERMS
    assert not any(mark in one for term in wanted.terms for one in term.tokens for mark in '"*()^: ')


def rewritten(text: str) -> None:
    retarget.retarget(text, lambda target: target, lambda target: None)
    list(retarget.paragraphs(text))


def said(text: str) -> None:
    list(prose.passages(text))
    prose.inline_text(text)
    prose.plain(text)
    proper_names.entity_type_of(text)
    list(wording.marked(text, text[::-1], ("[", "]"), ("(", ")")))


def sealed(text: str) -> None:
    hand_edits.state(_bytes(text))
    hand_edits.author(_bytes(text))
    hand_edits.unsealed(text)


def index_file(text: str) -> None:
    with tempfile.TemporaryDirectory(prefix="gitkb-fuzz-") as folder:
        real = Path(folder) / "index"
        real.write_bytes(text.encode("latin-1", "ignore"))
        with contextlib.suppress(RepositoryError):
            found = IndexFile(real, Path(folder) / "draft")
            list(found.below("wiki"))
            found.entry("wiki/index.md")


def commit_message(text: str) -> None:
    lines = document_message("add", "docs/x", text, "0" * 64).splitlines()
    assert len(lines) == 5 and lines[1] == "" and all(line.isprintable() for line in lines)


def terminal(text: str) -> None:
    shown = printable(text)
    assert not any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 or c in "\u202e\u2066\u2028" for c in shown)
    assert shown.encode().decode() == shown


def name(text: str) -> None:
    harm(b"wiki/", _bytes(text), 0o100644, {_bytes(text)})


def review(text: str) -> None:
    shown = _review().code_span(text)
    assert len(shown.splitlines()) <= 1 and "@" not in shown and shown.count("<") == 2
    long = _review().shortened(text * 70)
    assert len(long) <= _review().MAX_COMMENT


@cache
def _review() -> ModuleType:
    file = ROOT / "hooks/ci/review.py"
    spec = importlib.util.spec_from_file_location("review", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules["review"] = module
    spec.loader.exec_module(module)
    return module


TARGETS: dict[str, Target] = {
    check.__name__: check
    for check in (
        *(front_matter, yaml, settings, record, note, link, one_line, escaped, slug, page, block, merged, token, asked),
        *(rewritten, said, sealed, index_file, commit_message, terminal, name, review),
    )
}
