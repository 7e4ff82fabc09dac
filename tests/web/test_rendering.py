"""HTML of a page has nothing that runs, loads or leads astray, and marks a sentence where it stands."""

from html.parser import HTMLParser

import pytest

from gitkb.web.rendering import Citation, Links, marked, rendered

PAYLOADS = (
    "<script>alert(1)</script>",
    "<ScRiPt src=//evil.example/x.js></sCrIpT>",
    "<img src=x onerror=alert(1)>",
    "<img src=https://evil.example/x.png>",
    "![x](https://evil.example/x.png)",
    "![x](//evil.example/x.png)",
    "![x](data:image/svg+xml;base64,PHN2Zz4=)",
    "<svg><script>alert(1)</script></svg>",
    "<svg/onload=alert(1)>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table></mtext></math>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data=x></object><embed src=x>",
    "<form action=https://evil.example><input name=x></form>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href='java\nscript:alert(1)'>x</a>",
    "<a href='&#106;avascript:alert(1)'>x</a>",
    "<a href='vbscript:x'>x</a> <a href='file:///etc/passwd'>y</a>",
    "[x](javascript:alert(1)) [y](  JaVaScRiPt:alert(1)) [z](data:text/html,x)",
    "[x]: javascript:alert(1)\n\n[x]",
    "<base href=https://evil.example/>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<link rel=stylesheet href=https://evil.example/x.css>",
    "<style>@import 'https://evil.example/x.css'</style>",
    "<p style='background:url(https://evil.example/x)' onclick=alert(1) class=cite data-beside id=gk-beside>x</p>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<!-- --><img src=x onerror=alert(1)>-->",
    '```x"><script>alert(1)</script>\n</code></pre><script>alert(1)</script>\n```',
    "$\\href{javascript:alert(1)}{x}$ $\\text{<img src=x onerror=alert(1)>}$ $$\\unicode{<script>}$$",
    "\ue0100\ue011 \ue01099\ue011",
    "| <script>alert(1)</script> |\n|---|\n| <img src=x onerror=alert(1)> |",
    "[^1]\n\n[^1]: <script>alert(1)</script>",
)
ALLOWED_CLASSES = {"code", "lang", "scroll", "cite", "footnotes", "footnotes-list", "footnote-ref", "footnote-backref"}


class _Strict(HTMLParser):
    """Complains of every element and attribute that could run, load or send something."""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        assert tag not in {
            "script",
            "style",
            "iframe",
            "object",
            "embed",
            "form",
            "input",
            "base",
            "meta",
            "link",
            "svg",
            "button",
        }
        for name, value in attributes:
            assert not name.startswith("on") and name not in ("style", "srcdoc", "action", "formaction", "srcset"), (tag, name)
            assert not name.startswith("data-") or tag == "a", (tag, name)
            if name in ("href", "src"):
                assert (value or "").startswith(("/", "#")), value
            if name == "class":
                assert all(each in ALLOWED_CLASSES or each.startswith("hl-") for each in (value or "").split()), value
            assert name != "id" or not (value or "").startswith("gk-"), value


def html(text: str) -> str:
    links = Links(lambda path, anchor: f"/{path}" if path.startswith("wiki/") else "", lambda path: f"/file/{path}")
    return rendered("wiki/sources/x.md", text, 1, links).html


@pytest.mark.parametrize("payload", PAYLOADS)
def test_nothing_that_a_document_says_runs_or_loads_anything(payload: str) -> None:
    for text in (payload, f"# {payload}\n\n- {payload}\n", f"> {payload}\n\nwords {payload} words"):
        _Strict().feed(html(text))


def test_links_lead_within_the_wiki_and_out_of_it() -> None:
    links = Links(lambda path, anchor: f"/{path}#{anchor}" if path.startswith("wiki/") else "", lambda path: f"/file/{path}")
    made = rendered(
        "wiki/sources/x.md", "[a](y.md#z) [b](https://example.org/) [c](../../.git/config) ![d](p.png)", 1, links
    ).html
    assert (
        'href="/wiki/sources/y.md#z"' in made
        and 'href="https://example.org/"' in made
        and 'src="/file/wiki/sources/p.png"' in made
    )
    assert ".git" not in made


def test_each_link_into_a_text_cites_the_words_before_it() -> None:
    text = "- The valve holds eighteen bar. [p. 3](../sources/a.md#page-3) It is closed at night. "
    text += "[p. 4](../sources/a.md#page-4)[^a]\n\n"
    text += "[^a]: [A](../sources/a.md)\n"
    links = Links(lambda path, anchor: f"/{path}", lambda path: "", lambda found: f"?claim={found.key}")
    made = rendered("wiki/concepts/valve.md", text, 12, links, "12.2")
    first, second = made.citations["12.1"], made.citations["12.2"]
    assert first == Citation(12, 1, "The valve holds eighteen bar.", "wiki/sources/a.md", "page-3", "p. 3")
    assert second.text == "It is closed at night." and 'href="?claim=12.2" aria-current="true">p. 4</a>' in made.html
    assert "[^a]" not in made.html and "footnote" not in made.html


def test_a_sentence_is_marked_across_markup_and_whatever_its_spaces_are() -> None:
    page, exact = marked("<p>A <b>valve</b> is a\npart &amp; more, that closes.</p>", ("A valve is a part & more that closes.",))
    assert exact and page.count("<mark") == 5 and 'id="gk-mark"' in page
    assert marked("<p>Something else.</p>", ("A valve is a part.",)) == ("<p>Something else.</p>", False)
    page, exact = marked("<p>One. Two three four five six seven.</p>", ("missing words", "two three four five"))
    assert exact and "<mark" in page


def test_thousands_of_brackets_in_a_paragraph_are_words() -> None:
    made = html("[a](y.md)\n\n" + "![x](y.md) " * 3_000)
    assert made.count("<a ") == 1 and "<img" not in made and made.count("![x](y.md)") == 3_000
