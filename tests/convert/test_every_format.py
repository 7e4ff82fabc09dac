"""Every format: what a person would see in the document is in the Markdown, in order and as what it is."""

import base64
from pathlib import Path

import pytest

from gitkb.convert.converter import convert
from gitkb.errors import ConversionError
from gitkb.formats.settings import ConversionSettings
from gitkb.model.documents import Conversion
from tests.support import sample_files as samples

MAX = 64 * 1024**2


@pytest.fixture
def read(tmp_path: Path):
    def made(name: str, data: bytes) -> Conversion:
        file = tmp_path / "file"
        file.write_bytes(data)
        return convert(file, name, ConversionSettings(MAX))

    return made


def test_word_keeps_headings_lists_tables_and_pictures(read):
    body = [("Heading1", "The plan"), "We begin *early*.", ("item", "one"), ("item", "two"), [["Name", "Age"], ["Ann", "4"]]]
    found = read("plan.docx", samples.docx(body, "The plan of 2024", "Ann Author", samples.png()))
    assert found.title == "The plan"  # what the properties say stands nowhere in the text
    assert found.authors == ("Ann Author",)
    assert found.dates == {"created": "2024-03-01T08:00:00Z"}
    assert found.markdown == (
        "# The plan\n\nWe begin \\*early\\*.\n\n- one\n- two\n\n"
        "| Name | Age |\n| --- | --- |\n| Ann | 4 |\n\n![a red square](picture-1.png)\n"
    )
    assert [picture.name for picture in found.pictures] == ["picture-1.png"]


def test_word_formulas_keep_their_text(read):
    data = samples.docx(["Energy is FORMULA here."])
    formula = '<m:oMath xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"><m:r><m:t>E=mc</m:t></m:r></m:oMath>'
    import io
    import zipfile

    with zipfile.ZipFile(io.BytesIO(data)) as source:
        members: dict[str, str | bytes] = {name: source.read(name) for name in source.namelist()}
    text = members["word/document.xml"]
    assert isinstance(text, bytes)
    members["word/document.xml"] = text.replace(b"</w:body>", f"<w:p>{formula}</w:p></w:body>".encode())
    assert "E=mc" in read("x.docx", samples.archive(members)).markdown


def test_slides_have_anchors_titles_tables_and_notes(read):
    deck = samples.pptx(
        [("Goals", ["first", "second"], [["a", "b"], ["c", "d"]], "say hello"), ("Ways", ["third"], None, "")], "Goals and ways"
    )
    found = read("deck.pptx", deck)
    assert found.pages == 2
    assert found.markdown == (
        '<a name="slide-1"></a>\n\n## Goals\n\n- first\n- second\n\n| a | b |\n| --- | --- |\n| c | d |\n\n'
        "**Notes:**\n\nsay hello\n\n"
        '<a name="slide-2"></a>\n\n## Ways\n\nthird\n'
    )


def test_workbooks_show_used_cells_of_each_sheet(read):
    found = read("b.xlsx", samples.xlsx({"Sums": [["Item", "Count"], ["nut|bolt", 3.0], ["x", 0.25]], "Empty": []}))
    assert found.markdown == "## Sums\n\n| Item | Count |\n| --- | --- |\n| nut\\|bolt | 3 |\n| x | 0.25 |\n"


def test_a_workbook_whose_last_cell_is_far_away_stays_small(read, tmp_path):
    from openpyxl import Workbook

    book = Workbook()
    book.active["A1"] = "near"
    book.active["XFD1048576"] = "far"
    book.save(tmp_path / "far.xlsx")
    found = read("far.xlsx", (tmp_path / "far.xlsx").read_bytes())
    assert len(found.markdown) < 200
    assert "near" in found.markdown and "far" in found.markdown


def test_old_workbooks_look_like_new_ones(read):
    found = read("b.xls", samples.xls([["Item", "Count"], ["bolt", 3.0]]))
    assert found.markdown.endswith("| Item | Count |\n| --- | --- |\n| bolt | 3 |\n")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_csv_delimiters_are_found(read, delimiter):
    rows = [["name", "note"], ["Ann", '"a, b; c"' if delimiter != "|" else "x"], ["Bob", "y"]]
    found = read("t.csv", "\n".join(delimiter.join(row) for row in rows).encode())
    assert found.markdown.splitlines()[0] == "| name | note |"
    assert len(found.markdown.splitlines()) == 4


def test_web_pages_lose_navigation_and_keep_content(read):
    page = """<!doctype html><html lang="de-DE"><head><title>Ofen | Site</title><meta name="author" content="A. B.">
      <meta name="description" content="Über Öfen."><meta property="article:published_time" content="2020-01-02"></head><body>
      <nav>Home</nav><script>alert(1)</script><main><h1 id="t">Ofen</h1><p>Ein Ofen
      heizt. <a href="#b">Mehr</a> <a href="javascript:alert(1)">x</a> <a href="other.html">Nachbar</a></p>
      <div hidden>weg</div><h2 id="b">Bau &amp; Art</h2><pre><code class="language-python">a  = 1</code></pre>
      <table><tr><th>k<th>v</tr><tr><td>a|b<td><ul><li>x<li>y</ul></tr></table>
      <div class="note"><p>Heiß!</p></div></main><footer>Impressum</footer></body></html>"""
    found = read("ofen.html", page.encode())
    assert (found.title, found.language, found.authors, found.description) == ("Ofen", "de", ("A. B.",), "Über Öfen.")
    assert found.dates == {"published": "2020-01-02"}
    assert found.markdown == (
        "# Ofen\n\nEin Ofen heizt. [Mehr](#bau--art) x [Nachbar](other.html)\n\n## Bau & Art\n\n```python\na  = 1\n```\n\n"
        "| k | v |\n| --- | --- |\n| a\\|b | - x<br>- y |\n\n> **Note:** Heiß!\n"
    )


def test_cells_that_span_rows_keep_the_columns_in_line(read):
    page = "<html><body><table><tr><th>a<th>b</tr><tr><td rowspan=2>x<td>1</tr><tr><td>2</tr></table></body></html>"
    assert read("t.html", page.encode()).markdown.endswith("| x | 1 |\n|  | 2 |\n")


def test_data_pictures_are_taken_out(read):
    uri = "data:image/png;base64," + base64.b64encode(samples.png()).decode()
    for name, text in (
        ("a.html", f'<html><body><p>See <img src="{uri}" alt="red"></p></body></html>'),
        ("a.md", f"See ![red]({uri})\n"),
    ):
        found = read(name, text.encode())
        assert found.markdown == "See ![red](picture-1.png)\n"
        assert found.pictures[0].data == samples.png()


def test_markdown_stays_as_it_is_but_for_front_matter(read):
    front = "---\ntitle: The title\ndate: 2020-02-03\nauthors: [A, B]\n---\n"
    text = front + "# One\n\nSome *text*\nof two lines.\n\n```py\nx = '<script>'  \n```\n"
    found = read("a.md", text.replace("\n", "\r\n").encode())
    assert found.markdown == "# One\n\nSome *text*\nof two lines.\n\n```py\nx = '<script>'\n```\n"
    assert (found.title, found.authors, found.dates) == ("The title", ("A", "B"), {"published": "2020-02-03"})


def test_markdown_loses_what_a_browser_would_run(read):
    text = (
        "Hi <script>alert(1)</script> there <b onclick='x()'>bold</b>\n\n<iframe src=x></iframe>\n\n[bad](javascript:alert) ok "
        '`<script>` <a href="javascript:x">y</a>\n'
    )
    assert read(
        "a.md", text.encode()
    ).markdown == "Hi  there <b>bold</b>\n\n[bad](javascript:alert) ok `<script>` <a>y</a>\n".replace(
        "[bad](javascript:alert)", "bad"
    )


@pytest.mark.parametrize(
    "front", ['+++\ntitle = "T"\n+++\n', "---\ntitle: T\n---\n", '{\n"title": "T"\n}\n', "---\ntitle: T\nbad: a: b\n---\n"]
)
def test_front_matter_of_every_kind_is_understood(read, front):
    found = read("a.md", (front + "Body text.\n").encode())
    assert (found.title, found.markdown) == ("T", "Body text.\n")


def test_restructured_text_knows_sphinx_and_the_unknown(read):
    text = """
Title
=====

See :ref:`the guide <guide>`, :doc:`other` and :weird:`thing`.

.. unknown-directive:: argument
   :option: 1

   Inner text.

.. code-block:: python

   x = 1

.. include:: /etc/passwd

.. note:: Mind this.

.. flat-table::

   * - a
     - b
   * - c
     - d
"""
    found = read("a.rst", text.encode())
    assert found.markdown == (
        "# Title\n\nSee the guide, [other](other.rst) and `thing`.\n\n**`argument`**\n\nInner text.\n\n```python\nx = 1\n```\n\n"
        "> **Note:** Mind this.\n\n| a | b |\n| --- | --- |\n| c | d |\n"
    )


def test_plain_text_paragraphs_are_joined_and_layout_is_kept(read):
    text = "A title\n=======\n\nThis is a line of\nprose here.\n\n    code = 1\n    more = 2\n\n- one\n- two\n  more\n"
    assert read("README", text.encode()).markdown == (
        "# A title\n\nThis is a line of prose here.\n\n```\ncode = 1\nmore = 2\n```\n\n- one\n- two more\n"
    )


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8-sig", "Größe und Maß"),
        ("utf-16", "Größe und Maß"),
        ("utf-16-le", "Plain words here"),
        ("latin-1", "Die Größe der Tür ändert sich, wenn man sie öffnet; das weiß jeder."),
        ("shift_jis", "これは日本語の文章です。データベースについて説明します。"),
        ("gb18030", "这是一个关于数据库的中文文档。我们在这里描述它的结构。"),
    ],
)
def test_text_in_any_encoding_is_read(read, encoding, text):
    assert read("a.txt", text.encode(encoding)).markdown.strip() == text


def test_books_follow_the_spine(read):
    chapters = [
        ("two.xhtml", '<h1>Second</h1><p>See <a href="one.xhtml">first</a>.</p><img src="red.png" alt="red"/>'),
        ("one.xhtml", "<h1>First</h1><p>Text.</p>"),
    ]
    found = read("b.epub", samples.epub(chapters, "A book", "An Author", "fr", {"red.png": samples.png()}))
    assert (found.title, found.authors, found.language, found.dates) == (
        "A book",
        ("An Author",),
        "fr",
        {"published": "2021-05-04"},
    )
    assert found.markdown == "## Second\n\nSee [first](#first).\n\n![red](picture-1.png)\n\n## First\n\nText.\n"


@pytest.mark.parametrize("version", [3, 4])
def test_notebooks_of_both_formats_are_read(read, version):
    cells = [
        {"cell_type": "markdown", "source": ["# Note\n", "Words."]},
        {
            "cell_type": "code",
            ("input" if version == 3 else "source"): "print(1)",
            "outputs": [{"output_type": "stream", "text": ["1\n"]}],
        },
    ]
    found = read("n.ipynb", samples.notebook(cells, version))
    assert found.markdown == "# Note\nWords.\n\n```python\nprint(1)\n```\n\n```text\n1\n```\n"


def test_long_notebook_outputs_are_cut_and_say_so(read):
    cells = [{"cell_type": "code", "source": "x", "outputs": [{"output_type": "stream", "text": "line\n" * 500}]}]
    assert "... (460 more lines)" in read("n.ipynb", samples.notebook(cells)).markdown


def test_the_same_bytes_give_the_same_conversion(read):
    data = samples.docx([("Heading1", "A"), "b"], "t", "a", samples.png())
    assert read("a.docx", data) == read("a.docx", data)


def test_titles_that_programs_leave_are_not_taken(read):
    assert read("a.docx", samples.docx([("Heading1", "Real title"), "b"], "Microsoft Word - a.docx")).title == "Real title"


def test_files_above_the_limit_are_refused(tmp_path):
    file = tmp_path / "a.md"
    file.write_text("word " * 1000)
    with pytest.raises(ConversionError, match="limit"):
        convert(file, "a.md", ConversionSettings(100))


def test_no_clock_gets_into_a_text(read):
    text = "Title\n=====\n\nPrinted on |today|.\n\n.. |today| date:: %Y-%m-%d %H:%M\n"
    assert "20" not in read("a.rst", text.encode()).markdown


def test_one_document_leaves_no_trace_in_the_next(read):
    plain = b"Title\n=====\n\nSome `words` here.\n"
    before = read("a.rst", plain)
    read("b.rst", b".. default-role:: code\n\n.. role:: custom\n\nSome `words` and :custom:`more`.\n")
    assert read("a.rst", plain) == before


def test_tables_of_contents_of_definitions_become_lists(read):
    page = (
        '<html><body><h1>T</h1><div class="toc"><dl><dt><a href="a.html">A</a></dt>'
        '<dd><dl><dt><a href="b.html">B</a></dt></dl></dd>'
        '<dt><a href="c.html">C</a></dt></dl></div><p>Words.</p></body></html>'
    )
    assert read("t.html", page.encode()).markdown == "# T\n\n- [A](a.html)\n  - [B](b.html)\n- [C](c.html)\n\nWords.\n"


def test_only_safe_links_remain(read):
    links = (
        "https://a.example/x",
        "mailto:a@b.example",
        "x.md",
        "file:///etc/passwd",
        "data:text/html,x",
        "vbscript:x",
        " java\nscript:x",
    )
    page = "<html><body><p>" + " ".join(f'<a href="{link}">w</a>' for link in links) + "</p></body></html>"
    assert read("t.html", page.encode()).markdown == "[w](https://a.example/x) [w](mailto:a@b.example) [w](x.md) w w w w\n"
