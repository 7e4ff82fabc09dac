"""Bad texts: web pages, Markdown, reStructuredText, notebooks, tables and plain text."""

import json
from collections.abc import Iterator
from pathlib import Path

from tests.bad import words
from tests.bad.case import Case, Write, added, either, failed, flipped, noise, truncated
from tests.support import sample_files as samples

LIMITS = r"took longer|memory|nested|crashed|more than|damaged|cannot be read|longer than"
TEXTUAL = {"html": words.html, "md": words.md, "rst": words.rst, "csv": words.csv}
LAST = "smithy of the old town"
MEGABYTE = 1024**2


def cases() -> Iterator[Case]:
    for kind, whole in TEXTUAL.items():
        yield from _cut_texts(kind, whole())
        yield from flipped(kind, f"flip.{kind}", whole(), words.WORDS)
        yield from _encodings(kind, whole())
        yield from _large(kind)
    yield from truncated("ipynb", "cut.ipynb", words.ipynb(), words.WORDS)
    yield from flipped("ipynb", "flip.ipynb", words.ipynb(), words.WORDS)
    yield from _empty()
    yield from _web()
    yield from _markdown()
    yield from _structured()
    yield from _notebooks()
    yield from _tables()
    yield from _baits()


def _cut_texts(kind: str, whole: bytes) -> Iterator[Case]:
    """Text that ends too early says what it says: nothing in it tells that more should follow."""
    for percent in (25, 50, 75, 99):
        part = whole[: len(whole) * percent // 100]
        kept = [text for text in words.sentences() if text.encode() in part]
        yield added(f"{kind}/cut-{percent}-percent.{kind}", part, *kept)


def _encodings(kind: str, whole: bytes) -> Iterator[Case]:
    text = whole.decode().replace("old town", "Örtchen")
    last = "smithy of the Örtchen"
    for name, codec in (("utf-16-le", "utf-16-le"), ("utf-16-be", "utf-16-be"), ("latin-1", "cp1252")):
        yield added(f"{kind}/{name}-without-mark.{kind}", text.encode(codec), last)
    yield added(f"{kind}/utf-16-odd.{kind}", b"\xff\xfe" + text.encode("utf-16-le") + b"x", last)
    yield added(f"{kind}/utf-32-with-mark.{kind}", b"\xff\xfe\0\0" + text.encode("utf-32-le"), last)
    yield added(f"{kind}/utf-8-cut-in-a-letter.{kind}", (text + "ö").encode()[:-1], last)
    yield added(f"{kind}/utf-8-one-bad-byte.{kind}", text.encode().replace(b"lantern", b"lant\xffern", 1), last)
    yield added(f"{kind}/surrogates.{kind}", text.replace("lantern", "lan\udc80tern", 1).encode("utf-8", "surrogatepass"), last)
    yield added(f"{kind}/a-nul.{kind}", text.encode().replace(b"lantern", b"lan\0tern", 1), last)
    yield failed(f"{kind}/noise.{kind}", noise(20_000, kind), "binary data")
    yield failed(f"{kind}/zeros.{kind}", bytes(20_000), "binary|empty|no text|zero")
    yield failed(f"{kind}/a-program.{kind}", b"\x7fELF" + noise(5_000, "elf"), "it is a program")
    if kind != "html":
        yield failed(f"{kind}/a-pdf.{kind}", words.pdf(), "it is a PDF document")
        yield failed(f"{kind}/an-archive.{kind}", samples.archive({"a.txt": "words"}), "it is a zip archive")


def _large(kind: str) -> Iterator[Case]:
    yield either(
        f"{kind}/50-mb-on-a-line.{kind}", _repeated(f"Words of a {kind} on a very long line. ", 50 * MEGABYTE), LIMITS, slow=True
    )
    yield either(f"{kind}/50-mb-without-a-blank.{kind}", _repeated(f"long{kind}word", 50 * MEGABYTE), LIMITS, slow=True)
    yield either(
        f"{kind}/5-mb-on-a-line.{kind}",
        _repeated(f"Words of a {kind} on a very long line. ", 5 * MEGABYTE),
        LIMITS,
        "very long line",
    )


def _repeated(text: str, size: int) -> Write:
    def write(file: Path) -> None:
        file.write_bytes(text.encode() * (size // len(text.encode())))

    return write


def _empty() -> Iterator[Case]:
    empty = r"empty|no text|binary"
    for ending in ("pdf", "docx", "xlsx", "pptx", "epub", "html", "md", "rst", "ipynb", "csv", "xls", "txt", "tsv"):
        yield failed(f"empty/nothing.{ending}", b"", "the file is empty")
        yield failed(f"empty/blanks.{ending}", b" \t\r\n" * 500, "the file is empty")
    for name, text in (
        ("mark", "\ufeff"),
        ("no-break", "\u00a0 \u3000\n"),
        ("zero-width", "\u200b\u200d\u2060\n" * 9),
        ("signs", "--- *** ...\n" * 9),
    ):
        for ending in ("md", "txt", "html"):
            yield failed(f"empty/{name}.{ending}", text.encode(), empty)


def _web() -> Iterator[Case]:
    script = (
        "<html><head><script>var a = 'words';</script></head><body><script>render()</script><noscript></noscript></body></html>"
    )
    yield failed("html/script-only.html", script.encode(), "no text")
    yield failed("html/script-never-closed.html", b"<html><body><script>var words = 1;", "no text")
    yield failed(
        "html/frames-only.html",
        b'<html><frameset><frame src="a.html"><frame src="file:///etc/passwd"></frameset></html>',
        "no text",
    )
    yield failed(
        "html/hidden-only.html", b'<html><body><p hidden>words</p><p style="display:none">words</p></body></html>', "no text"
    )
    yield either(
        "html/comment-never-closed.html", b"<html><body><p>The first words.</p><!-- " + words.html(), "no text", "first words"
    )
    open_title = words.html().replace(b"</title>", b"")
    yield added("html/title-never-closed.html", open_title, LAST)
    in_form = words.html().replace(b"<body>", b'<body><form action="/">').replace(b"</body>", b"</form></body>")
    yield added("html/page-in-a-form.html", in_form, LAST)
    for tag, count in (
        ("div", 50_000),
        ("blockquote", 3_000),
        ("table><tr><td", 2_000),
        ("ul><li", 5_000),
        ("b", 100_000),
        ("span", 150),
    ):
        name = tag.partition(">")[0]
        yield either(
            f"html/{name}-{count}-deep.html",
            b"<html><body>" + f"<{tag}>".encode() * count + b"innermost words",
            LIMITS,
            "innermost",
        )
    laughs = '<!DOCTYPE html [<!ENTITY a "ha ha ha ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY x SYSTEM "file:///etc/passwd">]>'
    yield added(
        "html/entities.html",
        f"{laughs}<html><body><p>Some words. &b;&x;</p></body></html>".encode(),
        "Some words.",
        absent=("ha ha", "root:x"),
    )
    outside = (
        '<html><head><base href="file:///etc/"><link rel="import" href="file:///etc/passwd"><meta http-equiv="refresh" content="0;url=http://127.0.0.1:9"></head>'
        '<body><p>Some words.</p><img src="file:///etc/passwd"><img src="../../../../etc/passwd"><iframe src="/etc/passwd"></iframe>'
        '<object data="file:///etc/passwd"></object><a href="javascript:alert(1)">press</a></body></html>'
    )
    yield added(
        "html/leads-outside.html", outside.encode(), "Some words.", absent=("root:x", "file:", "javascript:", "127.0.0.1")
    )
    yield added("html/wrong-charset.html", words.html().replace(b"<head>", b'<head><meta charset="utf-16">'), LAST)
    yield added("html/unknown-charset.html", words.html().replace(b"<head>", b'<head><meta charset="x-no-such">'), LAST)
    yield added(
        "html/codec-that-is-none.html", words.html().replace(b"<head>", b'<head><meta charset="zlib_codec">') + b"\xff", LAST
    )
    yield either(
        "html/100000-attributes.html",
        b"<html><body><p " + b" ".join(b"a%d=1" % n for n in range(100_000)) + b">Some words.</p>",
        LIMITS,
        "Some words",
    )
    yield either(
        "html/span-of-a-billion.html",
        b'<html><body><table><tr><td colspan="1000000000" rowspan="1000000000">wide words<td>a<tr><td>b</table>',
        LIMITS,
        "wide words",
    )
    many = (
        b"<table>"
        + b"<tr>"
        + b'<td colspan="200" rowspan="2000">x</td>' * 50
        + b"</tr>"
        + b"<tr><td>y</td></tr>" * 3_000
        + b"</table>"
    )
    yield either("html/spans-upon-spans.html", b"<html><body><p>Some words.</p>" + many, LIMITS, "Some words", slow=True)
    yield either("html/a-million-headings.html", _repeated("<h2>word</h2>\n", 14_000_000), LIMITS, "word", slow=True)
    yield either("html/a-million-links.html", _repeated('<a href="a.html">word</a> ', 26_000_000), LIMITS, "word", slow=True)
    yield either(
        "html/100000-tags-never-closed.html", b"<html><body><p>Some words.</p>" + b"<i><b><font>" * 33_000, LIMITS, "Some words"
    )
    yield either(
        "html/links-to-ids.html",
        ("<html><body>" + "".join(f'<h2 id="i{n}">Part {n}</h2><p><a href="#i{n}">to {n}</a>' for n in range(20_000))).encode(),
        LIMITS,
        "Part 19999",
        slow=True,
    )
    picture = b"<html><body><p>Some words.</p><img src='data:image/png;base64," + b"A" * 30_000_000 + b"'></body></html>"
    yield either("html/picture-of-30-mb.html", picture, LIMITS, "Some words", slow=True)


def _markdown() -> Iterator[Case]:
    yield failed("md/front-matter-only.md", b"---\ntitle: words\n---\n\n", "no text")
    aliases = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n" + "".join(f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
    yield added(
        "md/laughing-front-matter.md",
        f"---\n{aliases}authors: *a11\ntitle: T\n---\nSome words here.\n".encode(),
        "Some words here",
        absent=("x, x, x, x",),
    )
    yield added(
        "md/deep-front-matter.md", b"---\na: " + b"[" * 20_000 + b"\n---\nSome words here.\n", "Some words here", slow=True
    )
    yield added(
        "md/front-matter-runs.md",
        b"---\na: !!python/object/apply:os.system ['touch /tmp/gitkb-ran']\n---\nSome words here.\n",
        "Some words here",
    )
    yield added(
        "md/front-matter-numbers.md",
        b"---\ntitle: " + b"9" * 60_000 + b"\ndate: 2024-99-99\n---\nSome words here.\n",
        "Some words here",
    )
    yield added(
        "md/front-matter-circle.md", b"---\nauthors: &a [*a, *a]\nx: &b {y: *b}\n---\nSome words here.\n", "Some words here"
    )
    yield added("md/json-front-matter.md", b"{\n" + b'"a":[' * 50_000 + b"\n\nSome words here.\n", "Some words here")
    outside = b"Some words. ![a](file:///etc/passwd) ![b](../../../../etc/passwd) ![c](/etc/passwd) [d](javascript:alert(1)) <img src=file:///etc/passwd> ![e](http://127.0.0.1:9/x.png)\n"
    yield added("md/leads-outside.md", outside, "Some words.", absent=("root:x", "javascript:"))
    yield added("md/script-never-closed.md", b"First words here.\n\n<script>\n\nvar a = 1;\n", "First words", absent=("<script",))
    yield either("md/a-million-headings.md", _repeated("# a\n\n", 5_000_000), LIMITS, "# a", slow=True)
    yield either("md/a-million-links.md", _repeated("[a](b.md) ", 10_000_000), LIMITS, "[a]", slow=True)
    yield either(
        "md/100000-footnotes.md",
        (
            "\n".join(f"Words[^{n}]." for n in range(100_000)) + "\n\n" + "\n".join(f"[^{n}]: Note {n}." for n in range(100_000))
        ).encode(),
        LIMITS,
        "Note 99999",
        slow=True,
    )
    yield either(
        "md/100000-definitions.md",
        ("Some words.\n\n" + "\n".join(f"[a{n}]: b{n}.md" for n in range(100_000))).encode(),
        LIMITS,
        "Some words",
        slow=True,
    )
    yield either("md/quotes-5000-deep.md", b"> " * 5_000 + b"innermost words", LIMITS, "innermost")
    yield either("md/items-3000-deep.md", b"\n".join(b"  " * n + b"- word" for n in range(3_000)), LIMITS, "word", slow=True)
    yield either(
        "md/table-of-10000-columns.md",
        b"Some words.\n\n" + b"|a" * 10_000 + b"|\n" + b"|-" * 10_000 + b"|\n" + (b"|b" * 10_000 + b"|\n") * 20,
        LIMITS,
        "Some words",
    )
    yield either("md/one-word-of-10-mb.md", _repeated("a", 10 * MEGABYTE), LIMITS, slow=True)
    yield either("md/100000-pictures.md", b"Some words.\n\n" + b"![a](b.png)\n" * 100_000, LIMITS, "Some words", slow=True)
    yield either("md/accents-upon-accents.md", ("Some words. a" + "\u0301" * 2_000_000).encode(), LIMITS, "Some words")
    yield added("md/right-to-left.md", "Some words. \u202etxt.exe\u202c and \u2066more\u2069.\n".encode(), "Some words")


def _structured() -> Iterator[Case]:
    lead = "Title\n=====\n\nSome words here.\n\n"
    for name, text in (
        ("include", ".. include:: /etc/passwd\n"),
        ("raw-file", ".. raw:: html\n   :file: /etc/passwd\n"),
        ("raw-address", ".. raw:: html\n   :url: http://127.0.0.1:9/\n"),
        ("table-file", ".. csv-table:: t\n   :file: /etc/passwd\n"),
        ("table-address", ".. csv-table:: t\n   :url: http://127.0.0.1:9/\n"),
        ("literal-include", ".. literalinclude:: /etc/passwd\n"),
        ("code-include", ".. include:: /etc/passwd\n   :code: python\n"),
        ("figure", ".. figure:: file:///etc/passwd\n\n.. image:: ../../../etc/passwd\n"),
        ("role-raw", ".. role:: raw-html(raw)\n   :format: html\n\n:raw-html:`<script>alert(1)</script>`\n"),
    ):
        yield added(
            f"rst/{name}.rst",
            (lead + text + "\nLast words there.\n").encode(),
            "Some words",
            "Last words",
            absent=("root:x", "<script>alert(1)<", "127.0.0.1"),
        )
    laughs = ".. |a0| replace:: ha ha ha ha\n" + "".join(f".. |a{n}| replace:: {f'|a{n - 1}| ' * 10}\n" for n in range(1, 12))
    yield either("rst/laughs.rst", f"{lead}|a11|\n\n{laughs}".encode(), LIMITS, "Some words")
    yield either(
        "rst/items-400-deep.rst", lead.encode() + b"\n\n".join(b"  " * n + b"- deep" for n in range(400)), LIMITS, "deep"
    )
    yield either(
        "rst/quotes-2000-deep.rst",
        lead.encode() + b"\n\n".join(b" " * n + b"deep" for n in range(2_000)),
        LIMITS,
        "deep",
        slow=True,
    )
    yield either(
        "rst/10000-footnotes.rst",
        (
            lead
            + " ".join(f"[{n}]_" for n in range(1, 10_000))
            + "\n\n"
            + "\n".join(f".. [{n}] Note {n}." for n in range(1, 10_000))
        ).encode(),
        LIMITS,
        "Note 9999",
        slow=True,
    )
    yield either(
        "rst/broken-table.rst",
        (lead + "+---+---+\n| a | b |\n+---+\n| c |\n\nLast words there.\n").encode(),
        LIMITS,
        "Some words",
        "Last words",
    )
    yield either(
        "rst/line-of-200000.rst",
        (lead + "word " * 40_000 + "\n\nLast words there.\n").encode(),
        LIMITS,
        "Some words",
        "Last words",
    )
    yield either(
        "rst/unknown-everything.rst",
        (lead + ".. nonsense:: a\n   :b: c\n\n   inner words\n\n:rubbish:`role words`\n").encode(),
        LIMITS,
        "inner words",
        "role words",
    )
    yield either(
        "rst/100000-targets.rst",
        (lead + "\n".join(f".. _t{n}: http://example.org/{n}" for n in range(100_000))).encode(),
        LIMITS,
        "Some words",
        slow=True,
    )
    yield either(
        "rst/wide-underline.rst", (lead + "Part\n" + "-" * 1_000_000 + "\n\nLast words there.\n").encode(), LIMITS, "Some words"
    )


def _notebooks() -> Iterator[Case]:
    cell = {"cell_type": "markdown", "source": ["Some words ", "here."]}
    code = {"cell_type": "code", "input": ["print('old words')"], "outputs": [], "language": "python"}
    yield added("ipynb/version-3.ipynb", samples.notebook([cell, code], version=3), "Some words here", "old words")
    yield added(
        "ipynb/version-2.ipynb",
        json.dumps({"nbformat": 2, "metadata": {}, "worksheets": [{"cells": [cell, code]}]}).encode(),
        "Some words here",
        "old words",
    )
    yield either(
        "ipynb/version-1.ipynb",
        json.dumps(
            {
                "nbformat": 1,
                "cells": [{"cell_type": "text", "text": "Some words here."}, {"cell_type": "code", "code": "old = 1"}],
            }
        ).encode(),
        "version|no text|format",
        "Some words here",
    )
    yield failed("ipynb/version-9.ipynb", json.dumps({"nbformat": 9, "content": [cell]}).encode(), "no cells|version")
    yield either(
        "ipynb/worksheets-are-numbers.ipynb",
        b'{"nbformat": 3, "worksheets": [1, {"cells": 5}, {"cells": {"a": 1}}, {"cells": "text"}]}',
        "no cells|no text|damaged",
    )
    yield failed("ipynb/cells-are-numbers.ipynb", b'{"nbformat": 4, "cells": [1, 2, "x", null, [[]]]}', "no text|no cells")
    odd = [
        {"cell_type": 5, "source": 7},
        {"cell_type": "code", "source": {"a": 1}, "outputs": 9},
        {
            "cell_type": "code",
            "source": "x = 1",
            "outputs": [3, {"data": 4}, {"data": {"image/png": 5}}, {"output_type": "error", "ename": [1]}],
        },
    ]
    yield either(
        "ipynb/wrong-types.ipynb",
        json.dumps({"nbformat": 4, "metadata": [], "cells": [*odd, cell]}).encode(),
        "damaged",
        "Some words here",
    )
    yield failed(
        "ipynb/deep.ipynb", b'{"nbformat": 4, "cells": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested|damaged|no text"
    )
    yield either(
        "ipynb/number-of-100000-digits.ipynb",
        b'{"nbformat": 4, "x": ' + b"9" * 100_000 + b', "cells": [{"cell_type": "markdown", "source": "Some words here."}]}',
        "damaged",
        "Some words here",
    )
    yield failed("ipynb/other-json.ipynb", b'{"a": [1, 2, 3]}', "no cells|no notebook")
    yield failed("ipynb/a-list.ipynb", b"[1, 2, 3]", "plain text|no notebook")
    huge = {"cell_type": "code", "source": "x", "outputs": [{"output_type": "stream", "text": "line of output\n" * 2_000_000}]}
    yield added("ipynb/output-of-30-mb.ipynb", samples.notebook([cell, huge]), "Some words here", "more lines", slow=True)
    picture = {
        "cell_type": "code",
        "source": "x",
        "outputs": [{"output_type": "display_data", "data": {"image/png": "A" * 40_000_000}}],
    }
    yield added("ipynb/picture-of-40-mb.ipynb", samples.notebook([cell, picture]), "Some words here", slow=True)
    outside = {
        "cell_type": "markdown",
        "source": "Some words. ![a](file:///etc/passwd) ![b](../../../etc/passwd) <script>x()</script>",
        "attachments": {"a": {"image/png": "!!"}},
    }
    yield added("ipynb/leads-outside.ipynb", samples.notebook([outside]), "Some words.", absent=("root:x", "<script"))
    yield either("ipynb/100000-cells.ipynb", samples.notebook([cell] * 100_000), LIMITS, "left out", slow=True)
    yield added(
        "ipynb/surrogates-and-nul.ipynb",
        samples.notebook([{"cell_type": "markdown", "source": "wo\udc80rd\u0000s here"}]),
        "words here",
    )


def _tables() -> Iterator[Case]:
    yield added(
        "csv/quote-never-closed.csv",
        b'name,text\nfirst,"words\n' + b"".join(b"row%d,words\n" % n for n in range(200)),
        "first",
        "row0 |",
        "row199",
    )
    yield added("csv/field-of-300-kb.csv", b"name,text\nfirst," + b"words " * 50_000 + b"\nlast,row\n", "first", "| last | row |")
    yield either("csv/100000-columns.csv", b"a," * 100_000 + b"\n" + b"b," * 100_000 + b"\n", LIMITS, "a", slow=True)
    yield either("csv/a-million-rows.csv", b"name,number\n" + b"word,1\n" * 1_000_000, LIMITS, "left out", slow=True)
    yield added("csv/ragged.csv", b"a,b\n1\n1,2,3,4,5\n\n,,\nlast,row\n", "| last | row |")
    yield failed("csv/commas-only.csv", b",,,\n" * 500, "no text")
    yield added("csv/one-column.csv", b"words\nmore words\nlast words\n", "last words")
    yield added(
        "csv/quotes-in-the-middle.csv",
        b'name,text\nfirst,say "yes" now\nlast,5" pipe\nend,row\n',
        "first",
        "pipe",
        "| end | row |",
    )
    yield added("csv/formulas.csv", b"name,text\nfirst,=cmd|' /C calc'!A0\nlast,row\n", "first", "| last | row |")
    yield either("tsv/quote-never-closed.tsv", b'name\ttext\nfirst\t"words\nlast\trow\n', LIMITS, "first", "| last | row |")


BAITS = (
    "[", "![", "](", "[](", "*", "_", "_a ", "**a ", "(", "`", "``a`", "<", "<a", "<a ", '<a href="', "<!--", "<?xml ", "<script>", "&", "&#",
    "|", "|-", " ", "\t", "1", "1. ", ".", ". ", "…", "a.", "-", "- a\n", "# ", "# a\n", "=\n", "~", "{{", "{#", "\\", "\\\n", "\n", ">", "[^", "[^a]: ",
    "[[", ":", "..", ".. |a| ", '"', "“", ",", "a,", "a@", "$", "\u0301", "中", "。", "http://", "A.B.", "X is a Y. ", "a-\n", "a\n=\n", "---\n", "o ",
)  # fmt: skip


def _baits() -> Iterator[Case]:
    """What regular expressions get caught in: one thing, again and again."""
    for number, bait in enumerate(BAITS):
        for ending in ("md", "txt", "html", "csv", "rst"):
            start = "<html><body><p>The first words.</p><p>" if ending == "html" else "The first words.\n\n"
            size = 100_000 if ending == "rst" else 1_000_000
            text = f"{start}{bait * (size // len(bait))}\n\nNumber {number}, {ending}."
            slow = number % 8 != 0 or ending not in ("md", "html")
            yield either(f"baits-{ending}/{number:02}.{ending}", text.encode(), LIMITS, "first words", slow=slow)
