"""What a fetched page becomes: its main part, with links that work elsewhere, and what it says about itself."""

from pathlib import Path

import pytest

from gitkb.convert.converter import convert
from gitkb.errors import ConversionError
from gitkb.formats.settings import ConversionSettings
from gitkb.model.documents import Conversion, WebPage

TEXT = " ".join(
    f"Write-ahead logging keeps record {n} of a change in the log before the page itself is written." for n in range(12)
)
AROUND = "".join(f'<div class="teaser-{n}"><a href="/s{n}">Story {n}: ten things you never knew</a></div>' for n in range(30))


def page(body: str, head: str = "") -> str:
    return f"<!doctype html><html lang=en><head><title>Logs | The Site</title>{head}</head><body>{body}</body></html>"


def converted(tmp_path: Path, html: str | bytes, charset: str = "", url: str = "https://h.example/guide/logs.html") -> Conversion:
    file = tmp_path / "page"
    file.write_bytes(html if isinstance(html, bytes) else html.encode())
    return convert(file, "logs.html", ConversionSettings(10**7), page=WebPage(url, url, charset))


def test_the_main_part_is_found_without_any_marks_of_it(tmp_path: Path) -> None:
    html = page(
        f"<div>{AROUND}</div><div class=x><div class=y><h1>Logs</h1><p>{TEXT}</p><p>{TEXT}</p></div></div><div>{AROUND}</div>"
    )
    text = converted(tmp_path, html).markdown
    assert text.startswith("# Logs\n") and "record 11" in text
    assert "Story" not in text


def test_of_a_page_with_countless_attributes_the_extractor_is_not_asked(tmp_path: Path) -> None:
    """Its parser would take minutes; so more of the page stays."""
    many = " ".join(f"a{n}=b" for n in range(100_000))
    text = converted(
        tmp_path, page(f"<div>{AROUND}</div><div class=y><h1>Logs</h1><p {many}>{TEXT}</p><p>{TEXT}</p></div>")
    ).markdown
    assert "record 11" in text and "Story" in text


def test_tables_code_and_lists_of_the_main_part_stay_as_they_are(tmp_path: Path) -> None:
    inside = (
        f"<h1>Logs</h1><p>{TEXT}</p><table><tr><th>LSN</th><th>Page</th></tr><tr><td>1</td><td>7</td></tr></table>"
        f'<pre class="language-c">int x = 1;\nint y;</pre><dl><dt>redo</dt><dd>Do it again.</dd></dl><p>{TEXT}</p>'
    )
    text = converted(tmp_path, page(f"<div>{AROUND}</div><div class=y>{inside}</div>")).markdown
    assert "| LSN | Page |" in text and "```c\nint x = 1;\nint y;\n```" in text and "Do it again." in text


def test_a_title_outside_of_the_main_part_is_kept(tmp_path: Path) -> None:
    html = page(
        f"<div class=a><h1>Logs</h1></div><div class=b><div>{AROUND}</div><div class=y><p>{TEXT}</p><p>{TEXT}</p></div></div>"
    )
    assert converted(tmp_path, html).markdown.startswith("# Logs\n")


def test_a_page_of_few_words_is_taken_whole(tmp_path: Path) -> None:
    assert "Just one line." in converted(tmp_path, page("<p>Just one line.</p>")).markdown


def test_links_and_pictures_get_whole_addresses_and_those_to_the_page_itself_its_headings(tmp_path: Path) -> None:
    html = page(
        '<main><h1>Logs</h1><p>See <a href="../other.html#a">other</a>, <a href="logs.html#redo">redo</a>, '
        f'<a href="#redo">here</a>, <a href="javascript:alert(1)">no</a>, <a href="mailto:ada@h.example">mail</a>. {TEXT}</p>'
        '<img src="/p/wal.png" alt="WAL"><img src="track.gif" width=1 height=1><img data-src="late.png" alt="late">'
        "<h2 id=redo>Redo</h2><p>Again.</p></main>"
    )
    text = converted(tmp_path, html).markdown
    assert "[other](https://h.example/other.html#a)" in text
    assert "[redo](#redo)" in text and "[here](#redo)" in text
    assert "![WAL](https://h.example/p/wal.png)" in text and "![late](https://h.example/guide/late.png)" in text
    assert "javascript" not in text and "track.gif" not in text and "[mail](mailto:ada@h.example)" in text


def test_the_base_that_a_page_names_counts(tmp_path: Path) -> None:
    html = page(f'<main><p><a href="x.html">x</a> {TEXT}</p></main>', '<base href="https://cdn.example/v2/">')
    assert "[x](https://cdn.example/v2/x.html)" in converted(tmp_path, html).markdown


@pytest.mark.parametrize(
    ("head", "body", "dates"),
    [
        ('<meta property="article:published_time" content="2024-03-01T10:00:00Z">', "", {"published": "2024-03-01T10:00:00Z"}),
        (
            '<script type="application/ld+json">{"@graph":[{"@type":"BlogPosting","datePublished":"2023-02-01",'
            '"dateModified":"2023-05-06"}]}</script>',
            "",
            {"published": "2023-02-01", "modified": "2023-05-06"},
        ),
        ("", '<article><time datetime="2022-01-02">2 January</time> WORDS</article>', {"published": "2022-01-02"}),
        ('<script type="application/ld+json">{"@type":"Organization","datePublished":"1999-01-01"}</script>', "", {}),
        ('<script type="application/ld+json">{"datePublished": [[[</script>', "<p>Copyright 2001-01-01</p>", {}),
    ],
)
def test_the_dates_are_those_that_the_page_states(tmp_path: Path, head: str, body: str, dates: dict[str, str]) -> None:
    html = page(body.replace("WORDS", TEXT) or f"<main><p>{TEXT}</p></main>", head)
    assert dict(converted(tmp_path, html).dates) == dates


def test_title_and_authors_come_from_the_page(tmp_path: Path) -> None:
    ld = '<script type="application/ld+json">{"@type":"Article","author":[{"name":"Ada L."},"Bob\\u001b[2J"]}</script>'
    found = converted(tmp_path, page(f"<main><p>{TEXT}</p></main>", ld))
    assert found.title == "Logs" and found.authors == ("Ada L.", "Bob [2J")


@pytest.mark.parametrize(
    ("charset", "encoding", "word"),
    [
        ("iso-8859-1", "cp1252", "Größe – groß"),
        ("shift_jis", "shift_jis", "データベースの記録"),
        ("iso-2022-jp", "iso2022_jp", "データベースの記録"),
        ("windows-1251", "cp1251", "Журнал записи"),
        ("iso-8859-1", "utf-8", "Größe – groß"),
        ("no-such-thing", "utf-8", "Größe"),
    ],
)
def test_what_the_server_says_of_the_charset_counts(tmp_path: Path, charset: str, encoding: str, word: str) -> None:
    text = converted(tmp_path, page(f"<main><p>{word} {TEXT}</p></main>").encode(encoding), charset).markdown
    assert word in text


@pytest.mark.parametrize(
    "html",
    [
        "<html><body>" + "<div>" * 150 + "words" + "</div>" * 150,
        "<html><body><p>" + "<b>x " * 100,
        "<html><base href='//[x'><body><a href='http://[::1'>words and words</a><img src='http://['>",
        "<html><body><img srcset=', , ,'><p>words</p>",
        "<html><script type='application/ld+json'>" + "[" * 100_000 + "</script><body>words and words",
    ],
    ids=["deep", "unclosed", "addresses", "srcset", "json"],
)
def test_a_page_of_ill_will_is_a_document_or_an_error(tmp_path: Path, html: str) -> None:
    try:
        assert converted(tmp_path, html).markdown.strip()
    except ConversionError as error:
        assert error.message
