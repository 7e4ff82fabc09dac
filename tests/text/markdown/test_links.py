"""Links lead where they say, and a document's text cannot become markup."""

import posixpath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from gitkb.text.markdown.links import Link, anchors, escape, heading_anchor, links, one_line, relative, resolve

MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])
SEGMENT = st.text(st.sampled_from("ab (c)<>%&\"'[]é本`*_!?:;|"), min_size=1, max_size=8).filter(lambda s: s.strip() == s)
PATH = st.lists(SEGMENT, min_size=1, max_size=4).map("/".join)
SHARP = st.text(st.sampled_from("ab 1.)(*_~`[]<>!#|\\&;:/@=+-^x$%\"'wé本"), max_size=24)


@given(PATH, PATH, SEGMENT)
def test_a_relative_link_leads_back_to_its_path(page: str, to: str, anchor: str) -> None:
    target = relative(page, f"{to}#{anchor}")
    assert resolve(page, target) == (to, anchor)
    tokens = MARKDOWN.parseInline(f"[x]({target})")[0].children
    assert tokens is not None
    assert [token.type for token in tokens] == ["link_open", "text", "link_close"]


@pytest.mark.parametrize(
    ("page", "to", "link"),
    [
        ("wiki/concepts/wal.md", "wiki/sources/papers/aries.md#page-97", "../sources/papers/aries.md#page-97"),
        ("wiki/concepts/wal.md", "wiki/concepts/crash.md", "crash.md"),
        ("wiki/index.md", "wiki/concepts/index.md", "concepts/index.md"),
        ("wiki/a.md", "wiki/a.md#part", "#part"),
        ("wiki/a.md", "raw/a b (1).pdf", "../raw/a%20b%20%281%29.pdf"),
        ("wiki/a.md", "wiki/größe/本.md", "größe/本.md"),
    ],
)
def test_links_are_short_and_readable(page: str, to: str, link: str) -> None:
    assert relative(page, to) == link


@pytest.mark.parametrize("target", ["https://example.org/a", "mailto:a@b.c", "//host/x", "javascript:x()", "../../../etc/passwd"])
def test_a_link_that_leaves_the_repository_resolves_to_nothing(target: str) -> None:
    assert resolve("wiki/concepts/a.md", target) is None


def test_links_in_code_are_none_and_all_other_shapes_are_found() -> None:
    text = """# [A](a.md)

One [two](b.md#x "title") and ![pic](p%20q.png)
then [three][r], [[Wiki page|shown]] and <https://example.org>.

    [no](code.md)

`[no](span.md)`

```
[no](fence.md)
```

| [cell](c.md) |
|---|
| x |

[r]: d.md

[^1]: See [note](n.md).
[^2]: [other](o.md)
"""
    assert links(text) == [
        Link("a.md", "A", 1),
        Link("b.md#x", "two", 3),
        Link("p%20q.png", "pic", 3, image=True),
        Link("d.md", "three", 4),
        Link("Wiki page", "shown", 4, wiki=True),
        Link("https://example.org", "https://example.org", 4),
        Link("c.md", "cell", 14),
        Link("n.md", "note", 20),
        Link("o.md", "other", 21),
    ]


def test_an_escaped_wikilink_is_none() -> None:
    assert links("\\[\\[x\\]\\] and \\[[y]] and [[z]]") == [Link("z", "z", 1, wiki=True)]
    assert links(escape("[[x]] [y](z)")) == []


def test_anchors_are_those_of_headings_and_names() -> None:
    text = '<a name="page-1"></a>\n\n# The `Vec<T>` type & more\n\n## Part\n\n## Part\n\nx <a id="here"></a>\n\n```\n# no\n```\n'
    assert anchors(text) == {"page-1", "the-vect-type--more", "part", "part-1", "here"}
    assert heading_anchor("Größe, 2. Teil") == "größe-2-teil"


def words(markdown: str) -> str:
    """What a reader sees of a text that must be nothing but words."""
    tokens = MARKDOWN.parse(markdown)
    inline = [token for token in tokens if token.type == "inline"]
    assert len(inline) <= 1, markdown
    assert not {token.type for token in tokens} - ALLOWED, (markdown, [token.type for token in tokens])
    children = inline[0].children or [] if inline else []
    assert not {token.type for token in children} - {"text", "link_open", "link_close"}, markdown
    return "".join(token.content for token in children)


ALLOWED = {f"{name}_{end}" for name in ("paragraph", "heading", "bullet_list", "list_item") for end in ("open", "close")} | {
    "inline"
}


@given(SHARP)
@example("javascript:alert(1) <javascript:alert(1)>")
@example("[x](javascript:alert(1))")
@example("1. a")
@example("12) a")
@example("# a #")
@example("a ==")
@example("===")
@example("- - -")
@example("+ a")
@example("*a*")
@example("__init__")
@example("&lt;b&gt; &#60;")
@example("[^x]: note")
@example("a\\")
@example("<b")
@example("[a] [b]: c")
def test_an_escaped_text_is_nothing_but_itself(text: str) -> None:
    plain = one_line(text)
    assert words(escape(text)) == plain
    assert words(f"- {escape(text)}") == plain
    assert words(f"# {escape(text)}") == plain
    assert words(f"[{escape(text)}](x.md)") == plain or not plain
    assert words(f"- {escape(text)} [p. 1](x.md)") == f"{plain} p. 1".strip()


@pytest.mark.parametrize(
    "text",
    [
        "The snake_case name of an_identifier, 2 * 3 and a < b.",
        "C++ & C# cost $5 (100 %): see list[0] there!",
        'Note: x = y; it\'s 1.5 -- or "so".',
        "10.5 is a number",
        "a\\b is a path",
    ],
)
def test_what_means_nothing_is_left_as_it_is(text: str) -> None:
    assert escape(text) == text


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("see https://example.org or www.example.org", "see https\\://example.org or www\\.example.org"),
        ("write to me@example.org", "write to me\\@example.org"),
        ("a #tag", "a \\#tag"),
        ("a $5 and $6, $HOME/$USER", "a \\$5 and \\$6, \\$HOME/\\$USER"),
        ("a $`x`$ b", "a \\$\\`x\\`\\$ b"),
        ("two\nlines\tand \u202etext\x00", "two lines and text"),
    ],
)
def test_what_some_renderers_would_turn_into_markup_is_escaped(text: str, escaped: str) -> None:
    assert escape(text) == escaped


def test_a_page_in_the_root_links_into_folders() -> None:
    assert relative("README.md", "wiki/index.md") == posixpath.join("wiki", "index.md")


def test_a_formula_stays_one() -> None:
    text = "a path $P_n$ has $n-1$ edges, $\\alpha$ of *them*"
    assert escape(text) == "a path $P_n$ has $n-1$ edges, $\\alpha$ of \\*them\\*"


def test_an_anchor_keeps_the_blank_behind_a_sign_that_is_dropped() -> None:
    assert anchors("# § 5 Keys\n") == {"-5-keys"}


def test_a_footnote_defined_in_an_item_is_no_link() -> None:
    assert [link.target for link in links("See [[^1]: here.\n- [^1]:[\n")] == []
